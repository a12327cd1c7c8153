"""Split shift: rows that judge the network and come from another distribution than those that it learns from.

Feature by feature, and for the target, the distribution functions of two parts are compared (Kolmogorov and Smirnov):
D = max |F₁ − F₂|, which by chance exceeds d with a probability of about 2 exp(−2 d² n₁n₂/(n₁ + n₂)). It is multiplied
by the number of features (Bonferroni). Rows of one source that were shuffled have no shift but by chance; rows in order
of time may well have one, and that is what such a split is for.
"""

from dataclasses import dataclass

import numpy as np

from backlit.data import Dataset
from backlit.doctor.finding import Finding, Level, Remedy
from backlit.doctor.limits import LIMITS
from backlit.doctor.table import FEW_CATEGORIES, Rows, Table, drawn
from backlit.training import Run


@dataclass(frozen=True)
class Shift:
    """The largest difference between two parts: D, its probability by chance among all features, and where it is."""

    distance: float
    chance: float
    column: int


def examine_split(run: Run, table: Table) -> list[Finding]:
    """Parts that differ from the training rows: one finding a part."""
    found = []
    separate = {"validation": run.dataset.validation, "test": run.dataset.test}
    for name, part in (("validation", table.validation), ("test", table.test)):
        if min(len(part), len(table.train)) < LIMITS["split rows"]:
            continue
        shift = shift_between(table.train, part, np.flatnonzero(table.categories <= FEW_CATEGORIES))
        if shift.chance >= LIMITS["split chance"]:
            continue
        certain = shift.chance < LIMITS["split certain"] and shift.distance >= LIMITS["split distance"]
        apart = separate[name] is not None
        level: Level = "suspicion" if certain and apart else "hint"
        columns = table.train.x.shape[1]
        place = table.names[table.feature[shift.column]] if shift.column < columns else "the target"
        ordered = run.dataset.order is not None and not apart
        given = run.asked.get(name) is not None and not isinstance(run.asked.get("data"), Dataset)
        words = "ask how the parts came about, and mix their rows before they are split"
        found.append(
            Finding(
                fault="split shift",
                level=level,
                where=f"{name} rows",
                evidence=f"the distribution functions of {place} differ by {shift.distance:.2f} between {len(part):,} "
                f"{name} and {len(table.train):,} training rows, by chance with a probability of {shift.chance:.1g} "
                f"among {columns:,} features",
                cause="rows in order of time change with it, and the later ones judge"
                if ordered
                else f"{name} rows come from another distribution than those that are learned from",
                remedy=Remedy(words, {name: None} if given and level == "suspicion" else {}, touches_data=True),
                confidence=0.8 if level == "suspicion" else 0.4,
                numbers={"distance": shift.distance, "chance": shift.chance},
            )
        )
    return found


def shift_between(first: Rows, second: Rows, columns: np.ndarray) -> Shift:
    """The feature, or the target (the column behind the last), whose distributions differ most surely.

    Args:
        first, second: rows of two parts.
        columns: that are compared. Many categories are not: those that training rows lack would all be one.
    """
    columns = columns[drawn(len(columns), LIMITS["split features"])]
    rows = (drawn(len(first), LIMITS["split sample"]), drawn(len(second), LIMITS["split sample"]))
    parts = [
        np.column_stack([part.x[np.ix_(chosen, columns)], part.y[chosen]])
        for part, chosen in zip((first, second), rows, strict=True)
    ]
    distances = ks_distances(parts[0], parts[1])
    sizes = [np.maximum((~np.isnan(part)).sum(0), 1) for part in parts]
    weight = sizes[0] * sizes[1] / (sizes[0] + sizes[1])
    chances = np.minimum(2 * np.exp(-2 * np.square(distances) * weight) * len(distances), 1.0)
    place = int(np.lexsort((-distances, chances))[0])
    column = int(columns[place]) if place < len(columns) else first.x.shape[1]
    return Shift(float(distances[place]), float(chances[place]), column)


def ks_distances(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """D = max_v |F₁(v) − F₂(v)| of each column of (N₁, F) and (N₂, F), what is missing left out; and at least the
    difference of the shares that are missing (F,)."""
    found = np.zeros(first.shape[1])
    for place, (left, right) in enumerate(zip(first.T, second.T, strict=True)):
        missing = abs(np.isnan(left).mean() - np.isnan(right).mean())
        left, right = np.sort(left[~np.isnan(left)]), np.sort(right[~np.isnan(right)])
        if len(left) and len(right):
            values = np.concatenate([left, right])
            below = [np.searchsorted(part, values, "right") / len(part) for part in (left, right)]
            found[place] = np.abs(below[0] - below[1]).max()
        found[place] = max(found[place], missing)
    return found
