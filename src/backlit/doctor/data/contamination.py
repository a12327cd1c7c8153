"""Contamination: rows that judge the network, and that it was trained on.

Equal rows are counted by their bytes; nearly equal ones by the distance to the nearest training row. Some data repeat
themselves: rounded measurements, categories, truth tables. There, a training row has a twin among the other training
rows just as often as a judging row has one, and that share is what to compare with: the excess is tested against the
binomial distribution. Where all parts hold twins, the source itself repeats rows; that is no chance where the rows
agree in several features that hardly ever agree by themselves.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from backlit.data import Dataset, Part
from backlit.doctor.finding import Finding, Level, Remedy
from backlit.doctor.limits import LIMITS
from backlit.doctor.neighbors import nearest
from backlit.doctor.table import Table, design, drawn
from backlit.training import Run


@dataclass(frozen=True)
class Twins:
    """Rows with a twin among the training rows, of those looked at; and training rows with another as twin."""

    found: int
    judged: int
    within: int
    trained: int

    @property
    def share(self) -> float:
        """The share of judging rows with a twin."""
        return self.found / max(self.judged, 1)

    @property
    def usual(self) -> float:
        """The share that is usual in these data: a standard error above what was found within training, where twins
        come in pairs, and at least one row has one."""
        share = (self.within + 1) / (self.trained + 2)
        return float(min(share + np.sqrt(2 * share * (1 - share) / max(self.trained, 1)), 1.0))

    @property
    def chance(self) -> float:
        """The probability of so many twins, or more, where they are as usual as in training."""
        from scipy.special import bdtrc  # without scipy.stats, which takes half a second

        return float(bdtrc(self.found - 1, self.judged, self.usual))

    @property
    def proved(self) -> bool:
        """Whether there are more than chance has, and enough of them to matter."""
        excess = self.share - self.within / max(self.trained, 1)
        return excess >= LIMITS["contamination share"] and self.chance < LIMITS["data chance"]


def examine_contamination(run: Run, table: Table | None) -> list[Finding]:
    """Rows of validation and test that are in training, too: one finding a part."""
    parts = run.parts
    found = []
    designed = None if table is None else Designed(table)
    for name, part in (("validation", parts.validation), ("test", parts.test)):
        if not len(part) or not len(parts.train):
            continue
        equal = equal_rows(parts.train, part)
        near = None if designed is None or equal.proved else near_rows(designed, name)
        if equal.found or (near is not None and near.proved):
            found.append(_finding(run, table, name, equal, near))
    return found


def equal_rows(train: Part, judged: Part) -> Twins:
    """Rows that equal a training row in every input."""
    hashes = _hashes(train.x[drawn(len(train), LIMITS["contamination hashed"])])
    chosen = _hashes(judged.x[drawn(len(judged), LIMITS["data rows"])])
    _, place, counts = np.unique(hashes, return_inverse=True, return_counts=True)
    twins = int((counts[place] > 1).sum())
    return Twins(int(np.isin(chosen, hashes).sum()), len(chosen), twins, len(hashes))


class Designed:
    """A table as models take it, and how near training rows are to each other: made once for all parts."""

    def __init__(self, table: Table) -> None:
        """Args: table: the rows."""
        self.parts = dict(zip(("train", "validation", "test"), design(table), strict=True))

    @cached_property
    def within(self) -> np.ndarray:
        """The squared distances of drawn training rows to the nearest other one."""
        train = self.parts["train"]
        looked = drawn(len(train), LIMITS["data pairs"])
        place, _ = nearest(train[looked], train, 1, own=looked)
        return np.square(train[looked] - train[place[:, 0]]).sum(1)


def near_rows(designed: Designed, name: str) -> Twins | None:
    """Rows that lie a tenth as far from a training row as training rows usually lie from each other; None where that is
    nothing unusual, as with few features."""
    train, judged = designed.parts["train"], designed.parts[name]
    if len(train) < 3:
        return None
    within = designed.within
    limit = LIMITS["contamination distance"] ** 2 * np.median(within)
    if np.mean(within <= limit) > LIMITS["contamination usual"]:
        return None
    judged = judged[drawn(len(judged), LIMITS["data pairs"])]
    place, _ = nearest(judged, train, 1)
    away = np.square(judged - train[place[:, 0]]).sum(1)
    return Twins(int((away <= limit).sum()), len(judged), int((within <= limit).sum()), len(within))


def _finding(run: Run, table: Table | None, name: str, equal: Twins, near: Twins | None) -> Finding:
    twins, word = (equal, "equal") if equal.proved or near is None or not near.proved else (near, "nearly equal")
    level: Level = "fault" if twins.proved or _repeated(run, table, equal) else "hint"
    if run.parts.schema.layout is not None and run.parts.schema.layout.window:
        level = "hint"  # windows of a series repeat where the series does
    said = "is" if twins.found == 1 else "are"
    evidence = (
        f"{twins.found:,} of {twins.judged:,} {name} rows {said} {word} to training rows ({twins.share:.1%}); of the "
        f"training rows themselves {twins.within / max(twins.trained, 1):.1%} have such a twin"
    )
    given = run.asked.get(name) is not None
    apart = given and not isinstance(run.asked.get("data"), Dataset)
    words = f"leave the rows that training has out of the {name} rows"
    if level == "hint":
        cause = "the data repeat themselves, and a network is right about a row that it was trained on"
    elif twins.proved:
        cause = f"the {name} score is in part of rows that the network has learned by heart"
    else:
        cause = f"the source holds rows twice, and the split puts one in training and one in {name}"
        words = "remove repeated rows from the data before they are split"
    return Finding(
        fault="train/test contamination",
        level=level,
        where=f"{name} rows",
        evidence=evidence,
        cause=cause,
        remedy=Remedy(
            f"{words}, or split {name} rows off from the training data" if apart else words,
            {name: None} if apart and level == "fault" else {},
            touches_data=True,
        ),
        confidence=0.99 if level == "fault" else 0.5,
        numbers={"share": twins.share, "within training": twins.within / max(twins.trained, 1), "rows": twins.found},
    )


def _repeated(run: Run, table: Table | None, equal: Twins) -> bool:
    """Whether a relevant share of rows is twice in the source, which is no chance.

    Rows of few categories agree in all features by chance, and then other rows agree in all but one or two. Where the
    nearest different row differs in many features, or two features hardly ever agree by themselves, equality is none.
    """
    enough = equal.share >= LIMITS["contamination repeated"] and equal.found >= LIMITS["contamination rows"]
    if table is None or not enough or run.parts.schema.kind == "sequence":
        return False
    x = table.train.x[: int(LIMITS["references fitted"])]
    if x.shape[1] > LIMITS["references features"]:
        x = x[:, drawn(x.shape[1], LIMITS["references features"])]
    distinct = np.nan_to_num(np.unique(x, axis=0))
    if len(distinct) < LIMITS["contamination distinct"]:
        return False
    varied = 0
    for column in distinct.T:
        counts = np.unique(column, return_counts=True)[1]
        varied += bool(np.square(counts / len(column)).sum() < LIMITS["contamination agreement"])
    scaled = (distinct - distinct.mean(0)) / np.maximum(distinct.std(0), 1e-12)
    looked = drawn(len(distinct), LIMITS["data pairs"])
    place, _ = nearest(scaled[looked], scaled, 1, own=looked)
    differing = (distinct[looked] != distinct[place[:, 0]]).sum(1)
    return varied >= 2 or bool(np.median(differing) >= LIMITS["contamination differing"])


def _hashes(x: np.ndarray) -> np.ndarray:
    rows = np.ascontiguousarray(x.reshape(len(x), -1))
    return np.array([hash(row.tobytes()) for row in rows], np.int64)
