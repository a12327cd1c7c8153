"""Labels: how unequal the classes are, and whether labels follow from the inputs at all.

If labels know nothing of the inputs, the nearest neighbors of a row have its class as often as chance has it:
Σ_k p_k², with a standard error that permuted labels tell. If they know something, so do the neighbors, or else one of
the reference models. Where neither is better than chance in a sample that would show a small effect, labels and inputs
do not belong together.

Labels that are exchanged in part leave another sign (`flipped`): errors are as frequent where a model is sure.
"""

from math import comb
from typing import NamedTuple

import numpy as np

from backlit.doctor.data.flipped import Flipped, find_flipped
from backlit.doctor.data.neighborhoods import Neighborhoods
from backlit.doctor.finding import Finding, Level, Remedy
from backlit.doctor.limits import LIMITS
from backlit.doctor.references import judge_references, linear_effect
from backlit.doctor.table import Table
from backlit.training import Run

PERMUTATIONS, SHOWN = 20, 10


class Agreement(NamedTuple):
    """How well neighbors agree with a row's label: the mean of the statistic, and its mean and deviation by chance."""

    value: float
    chance: float
    deviation: float

    @property
    def far(self) -> bool:
        """Whether it is no chance, on either side: parity has neighbors that all disagree."""
        return abs(self.value - self.chance) > LIMITS["data errors"] * self.deviation


def examine_labels(run: Run, table: Table | None, near: Neighborhoods | None) -> list[Finding]:
    """Unequal classes, labels at chance, labels that are contradicted."""
    found = _imbalance(run)
    if table is None or near is None:
        return found
    agreement = neighbor_agreement(near.neighbors[:, :5], near.y, table.classes)
    if not agreement.far:
        return [*found, *_at_chance(table, agreement, near.y)]
    return [*found, *(_contradicted(table, near) if table.classes else [])]


def neighbor_agreement(neighbors: np.ndarray, y: np.ndarray, classes: int) -> Agreement:
    """The share of neighbors (N, k) with a row's class, or the mean of (y − ȳ)·(y' − ȳ) for a neighbor's y'; and its
    mean and deviation over permuted labels.
    """
    if not classes:
        away = y - y.mean(0)
        y = away / np.where(away.std(0) > 0, away.std(0), 1)

    def value(labels: np.ndarray) -> float:
        if classes:
            return float((labels[neighbors] == labels[:, None]).mean())
        return float((labels[neighbors].mean(1) * labels).mean())

    random = np.random.default_rng(0)
    permuted = [value(random.permutation(y)) for _ in range(PERMUTATIONS)]
    return Agreement(value(y), float(np.mean(permuted)), float(np.std(permuted, ddof=1)))


def class_shares(run: Run) -> np.ndarray:
    """The share of each class among the training rows, or among their steps that count (K,)."""
    y = run.parts.train.y.reshape(-1)
    counts = np.bincount(y[y >= 0], minlength=len(run.parts.schema.classes))
    return counts / max(counts.sum(), 1)


def _imbalance(run: Run) -> list[Finding]:
    """Classes that are rare: a network that always answers the most frequent one is hard to beat."""
    schema = run.parts.schema
    if not schema.classes or schema.dtype == "int32":
        return []
    shares = class_shares(run)
    rarest, most = int(shares.argmin()), float(shares.max())
    even = 1 / len(shares)
    if most < LIMITS["labels majority"] and shares[rarest] > LIMITS["labels rare"] * even:
        return []
    balanced = run.settings.class_weight is not None or run.parts.train.y.ndim > 1
    level: Level = "suspicion" if most >= LIMITS["labels hopeless"] and not balanced else "hint"
    name = schema.classes[rarest]
    rows = round(shares[rarest] * run.parts.train.y.size)
    return [
        Finding(
            fault="class collapse / imbalance",
            level=level,
            where=f"class {name}",
            evidence=f"{shares[rarest]:.1%} of the training rows ({rows:,}) are {name}, and {most:.1%} are "
            f"{schema.classes[int(shares.argmax())]}, which always answered is right as often",
            cause="the mean loss is nearly that of the frequent class, and accuracy does not tell if rare ones are met",
            remedy=Remedy(
                "weigh the classes by class_weight='balanced', and judge by recall",
                {} if balanced else {"class_weight": "balanced"},
            ),
            confidence=0.7 if level == "suspicion" else 0.4,
            numbers={"rarest": float(shares[rarest]), "most frequent": most},
        )
    ]


def _at_chance(table: Table, agreement: Agreement, y: np.ndarray) -> list[Finding]:
    """Labels of which neither neighbors nor reference models know anything; a hint where they may know a little."""
    if np.ptp(y, axis=0).max() == 0:
        return []
    effect = linear_effect(table)
    if effect > LIMITS["data errors"]:
        return []
    judged = judge_references(table, left_out=True)
    best = judged.models[judged.best]
    if judged.above_chance:
        return []
    errors = LIMITS["labels errors"]
    little = abs(agreement.value - agreement.chance) > errors * agreement.deviation
    little |= effect > errors or judged.exceeds_chance(errors)
    least = judged.chance.score + LIMITS["labels effect"] * (1 - max(judged.chance.score, 0))
    seen = best.score + errors * max(best.error, judged.chance.error) < least
    level: Level = "suspicion" if seen and not little and table.kind != "sequence" else "hint"
    words = "share of neighbors with its class" if table.classes else "correlation with its neighbors' mean"
    return [
        Finding(
            fault="shuffled / noisy labels",
            level=level,
            where="",
            evidence=f"on {judged.judged:,} {judged.held_out} the best of {len(judged.models)} reference models "
            f"({judged.best}) has {judged.measure} {best.score:.3f}, chance {max(judged.chance.score, 0):.3f}; a row's "
            f"{words} is {agreement.value:.3f}, by chance {agreement.chance:.3f} ± {agreement.deviation:.3f}",
            cause="nothing that was tried can tell the targets from the inputs: they may belong to other rows"
            if level == "suspicion"
            else "so few rows, a weak effect, or steps in their order, may hide what there is to learn",
            remedy=Remedy("compare some rows with their source: inputs and targets may have been ordered differently"),
            confidence=0.8 if level == "suspicion" else 0.3,
            numbers={"score": best.score, "chance": judged.chance.score, "agreement": agreement.value},
        )
    ]


def _contradicted(table: Table, near: Neighborhoods) -> list[Finding]:
    """Labels that all neighbors contradict; and such as seem to be exchanged at random."""
    y, count = near.y, near.neighbors.shape[1]
    votes = near.votes(table.classes)
    leading, most = votes.argmax(1), votes.max(1)
    wrong = (most >= LIMITS["labels certain"] * count) & (leading != y)
    noise = float((leading != y).mean())
    flipped = find_flipped(table, near)
    if flipped is not None:
        return [_flipped(flipped, near, np.flatnonzero(leading != y)[np.argsort(-most[leading != y], kind="stable")])]
    least = max(
        1, LIMITS["labels contradicted"] * len(y), LIMITS["labels like errors"] * len(y) * _errors(noise, count)
    )
    if wrong.sum() < least:
        return []
    order = np.flatnonzero(wrong)[np.argsort(-most[wrong], kind="stable")]
    return [
        Finding(
            fault="shuffled / noisy labels",
            level="hint",
            where="",
            evidence=f"{len(order):,} of {len(y):,} training rows have a label that nine of ten neighbors contradict "
            f"({_named(order, near)})",
            cause="some labels may be wrong, or the rows are exceptions",
            remedy=Remedy("look at these rows, and correct their labels or leave them out"),
            confidence=0.3,
            numbers={"contradicted": float(wrong.mean()), "noise": noise},
        )
    ]


def _flipped(flipped: Flipped, near: Neighborhoods, order: np.ndarray) -> Finding:
    """Labels exchanged at random, the rows that most neighbors contradict first; a hint where rows make up for them."""
    harms = flipped.lost >= LIMITS["flipped lost"]
    level: Level = "hint" if not harms else "fault" if flipped.sure else "suspicion"
    overlap = f"; two classes that overlap would have {flipped.overlap:.2f}" if flipped.overlap > 0.5 else ""
    return Finding(
        fault="shuffled / noisy labels",
        level=level,
        where="",
        evidence=f"the best of three models answers {1 - flipped.right:.0%} of {len(near.y):,} training rows, left out "
        "in turn, otherwise than their labels, and as often where it is sure: its certainty tells right from wrong "
        f"with an AUC of {flipped.certainty:.2f} ± {flipped.error:.2f}, where 0.5 is nothing{overlap}; so many errors "
        f"cost as much as {flipped.lost:.0%} of the rows; first {_named(order, near)}",
        cause="overlapping classes are mixed where they meet and pure elsewhere, and these are mixed everywhere alike: "
        "labels seem to be exchanged, or what decides is not among the features",
        remedy=Remedy("look at these rows, and correct their labels or leave them out"),
        confidence=0.8 if flipped.sure else 0.6,
        numbers={
            "right": flipped.right,
            "certainty": flipped.certainty,
            "overlap": flipped.overlap,
            "lost": flipped.lost,
        },
    )


def _named(order: np.ndarray, near: Neighborhoods) -> str:
    rows = ", ".join(f"{near.numbers[place]:,}" for place in order[:SHOWN]) + (", …" if len(order) > SHOWN else "")
    return f"rows {rows}, counted from 0"


def _errors(noise: float, count: int) -> float:
    """The share of rows that errors at random, as frequent as this, would put among neighbors who agree on another
    label: errors, with few errors among the neighbors. Overlapping classes put them where neighbors disagree."""
    most = count - int(np.ceil(LIMITS["labels certain"] * count))
    few = sum(comb(count, wrong) * noise**wrong * (1 - noise) ** (count - wrong) for wrong in range(most + 1))
    return noise * few
