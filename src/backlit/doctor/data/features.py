"""Features that say nothing, and rows that are too few: worth knowing, and no harm by themselves."""

import numpy as np

from backlit.doctor.finding import Finding, Remedy
from backlit.doctor.limits import LIMITS
from backlit.doctor.table import Table
from backlit.training import Run

SHOWN = 5


def examine_features(table: Table) -> list[Finding]:
    """Features that never vary, and exact copies of others; pixels and steps of sequences may well be either."""
    if table.kind not in ("table", "array") or len(table.train) < 2:
        return []
    found = []
    for places, word, cause in (
        (constant_features(table.train.x), "constant", "a feature that never varies tells no rows apart"),
        (copied_features(table.train.x), "an exact copy of another", "a copy adds parameters and no information"),
    ):
        if not len(places):
            continue
        names = ", ".join(table.names[place] for place in places[:SHOWN]) + (", …" if len(places) > SHOWN else "")
        found.append(
            Finding(
                fault="useless features",
                level="hint",
                where=table.names[places[0]] if len(places) == 1 else f"{len(places)} features, {word}",
                evidence=f"in {len(table.train):,} training rows {names} {'is' if len(places) == 1 else 'are'} {word}",
                cause=cause,
                remedy=Remedy("leave it out" if len(places) == 1 else "leave them out"),
                numbers={"features": len(places)},
            )
        )
    return found


def constant_features(x: np.ndarray) -> np.ndarray:
    """The numbers of columns with one value, or none at all."""
    same = (x == x[:1]).all(0) | np.isnan(x).all(0)
    return np.flatnonzero(same)


def copied_features(x: np.ndarray) -> np.ndarray:
    """The numbers of columns that equal an earlier one in every row and vary."""
    seen: dict[bytes, int] = {}
    first = np.array(
        [seen.setdefault(column.tobytes(), place) for place, column in enumerate(np.ascontiguousarray(x.T))]
    )
    copies = np.flatnonzero(first != np.arange(len(first)))
    return np.setdiff1d(copies, constant_features(x))


def examine_rows(run: Run) -> list[Finding]:
    """Parts of a handful of rows, and classes of fewer."""
    parts, schema = run.parts, run.parts.schema
    rows, judged = len(parts.train), len(parts.validation) or len(parts.test)
    reasons = []
    if rows < LIMITS["rows few"]:
        reasons.append(f"{rows} training rows")
    if schema.classes and schema.dtype != "int32":
        y = parts.train.y[parts.train.y >= 0]
        counts = np.bincount(y, minlength=len(schema.classes))
        if counts.min() < LIMITS["rows few a class"]:
            reasons.append(f"{counts.min()} training rows of class {schema.classes[int(counts.argmin())]}")
    if 0 < judged < LIMITS["rows few judged"]:
        reasons.append(f"{judged} rows that judge, so that an accuracy has a standard error of {0.5 / judged**0.5:.0%}")
    if not reasons:
        return []
    return [
        Finding(
            fault="too few rows",
            level="hint",
            where="",
            evidence=f"there are {' and '.join(reasons)}",
            cause="scores of so few rows are chance in good part, whatever the network",
            remedy=Remedy("get more rows, or compare networks over several splits"),
            numbers={"training rows": rows, "judging rows": judged},
        )
    ]
