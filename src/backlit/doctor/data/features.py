"""Features that say nothing, or less than they could, and rows that are too few: no harm by themselves."""

import re

import numpy as np

from backlit.doctor.finding import Finding, Remedy
from backlit.doctor.limits import LIMITS
from backlit.doctor.table import Table
from backlit.training import Run

SHOWN = 5
NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?", re.IGNORECASE)


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


def examine_categories(run: Run) -> list[Finding]:
    """Columns that are categories for the sake of a few values that are no numbers: their order and size are lost."""
    found = []
    for column in run.parts.schema.columns:
        names = (column.categories or ()) if column.kind == "category" else ()
        others = [name for name in names if not NUMBER.fullmatch(name.strip())]
        numbers = len(names) - len(others)
        if numbers < LIMITS["features numbers"] or not 0 < len(others) <= LIMITS["features words"] * len(names):
            continue
        shown = ", ".join(map(repr, others[:SHOWN])) + (", …" if len(others) > SHOWN else "")
        found.append(
            Finding(
                fault="useless features",
                level="hint",
                where=f"feature {column.name}",
                evidence=f"it is read as a category: {numbers} of its {len(names)} values are numbers, and {shown} "
                f"{'is none' if len(others) == 1 else 'are none'}",
                cause="a category has neither order nor size: what is learned of one number says nothing of the next",
                remedy=Remedy(
                    f"leave {shown} empty in the source if it means a missing value, and it is read as numbers"
                ),
                numbers={"numbers": numbers, "others": len(others)},
            )
        )
    return found


def examine_rows(run: Run) -> list[Finding]:
    """Parts of a handful of rows, and classes of fewer."""
    parts, schema = run.parts, run.parts.schema
    rows, judged = len(parts.train), len(parts.validation) or len(parts.test)
    reasons = []
    if rows < LIMITS["rows few"]:
        reasons.append(_count(rows, "training row"))
    if schema.classes and schema.dtype != "int32":
        y = parts.train.y[parts.train.y >= 0]
        counts = np.bincount(y, minlength=len(schema.classes))
        if counts.min() < LIMITS["rows few a class"]:
            reasons.append(
                f"{_count(int(counts.min()), 'training row')} of class {schema.classes[int(counts.argmin())]}"
            )
    if 0 < judged < LIMITS["rows few judged"]:
        said = f"{_count(judged, 'row')} that judge{'s' if judged == 1 else ''}"
        if schema.classes:
            said += f", so that an accuracy has a standard error of up to {0.5 / judged**0.5:.0%}"
        reasons.append(said)
    if not reasons:
        return []
    return [
        Finding(
            fault="too few rows",
            level="hint",
            where="",
            evidence=f"there {'is' if reasons[0].startswith('1 ') else 'are'} {' and '.join(reasons)}",
            cause="scores of so few rows are chance in good part, whatever the network",
            remedy=Remedy("get more rows, or compare networks over several splits"),
            numbers={"training rows": rows, "judging rows": judged},
        )
    ]


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
