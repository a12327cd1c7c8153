"""Sentinels: numbers that stand for no number, as −999 for a missing value or for steps behind the end of a sequence.

Such a value is the least or the greatest of its feature, is there several times, exactly, and lies far from all others:
further than these lie from each other, or, for numbers that are usual as codes (−1, 99, −999), a quarter as far, or as
the only negative value and the most frequent by far. To a network it is a number; where it makes the feature's
deviation, what the others say becomes small.
"""

from typing import Any, NamedTuple

import numpy as np

from backlit.doctor.finding import Finding, Level, Remedy, Unpadded
from backlit.doctor.limits import LIMITS
from backlit.doctor.table import drawn
from backlit.training import Run

SHOWN = 5
LIMITS_OF_TYPES = (32767, 32768, 65535, 2147483647, 2147483648)


class Sentinel(NamedTuple):
    """A value of a feature: its share, how far it lies from the others' mean in their deviations, and their deviation
    as a share of the whole's."""

    feature: int
    value: float
    share: float
    times: int
    away: float
    scale: float


def examine_sentinels(run: Run) -> list[Finding]:
    """Values that stand for missing ones, or for padding."""
    schema, x = run.parts.schema, run.parts.train.x
    if x.dtype != np.float32 or len(x) < LIMITS["sentinel rows"] or x.ndim > 3:
        return []
    x = x[np.sort(drawn(len(x), max(LIMITS["data pairs"], LIMITS["sentinel numbers"] // max(x[0].size, 1))))]
    steps, x = x.ndim == 3, x.reshape(-1, x.shape[-1])
    features = schema.features
    found = [one for one in sentinels_of(x) if not features or not features[one.feature].categories]
    if not found:
        return []
    groups: dict[tuple[float, Level], list[Sentinel]] = {}
    for one in found:
        groups.setdefault((one.value, level_of(one)), []).append(one)
    origins = {feature.name: column.origin for column in schema.columns for feature in column.features}
    says = [_finding(run, level, group, steps, origins) for (_, level), group in groups.items()]
    return sorted(says, key=lambda finding: finding.rank)[:SHOWN]


def sentinels_of(x: np.ndarray) -> list[Sentinel]:
    """The sentinels of features (N, F), NaN where missing."""
    finite = np.where(np.isnan(x), np.inf, x)
    low = finite.min(0)
    high = np.where(np.isnan(x), -np.inf, x).max(0)
    often = [(x == end).sum(0) >= LIMITS["sentinel times"] for end in (low, high)]
    ends = [np.where(finite > low, finite, np.inf).min(0), np.where(finite < high, finite, -np.inf).max(0)]
    with np.errstate(invalid="ignore"):
        inner = np.maximum(np.where(often[1], ends[1], high) - np.where(often[0], ends[0], low), 0)
        gaps = [often[0] & (ends[0] - low >= LIMITS["sentinel gap of codes"] * inner)]
        gaps.append(often[1] & (high - ends[1] >= LIMITS["sentinel gap of codes"] * inner))
    found: list[Sentinel] = []
    only = often[0] & (low < 0) & (ends[0] >= 0)
    for feature in np.flatnonzero(gaps[0] | gaps[1] | only):
        found += _of_feature(int(feature), x[:, feature])
    return found


def level_of(one: Sentinel) -> Level:
    """A suspicion where it makes most of the feature's deviation; 0 is a number more often than not."""
    return "suspicion" if one.scale < LIMITS["sentinel scale"] and one.value != 0 else "hint"


def is_code(value: float) -> bool:
    """Whether a number is usual for what has no number: −1, 0, nines as 99 or −999, the ends of a type."""
    if value in (-1, 0, -9):
        return True
    digits = str(int(abs(value))) if value == round(value) else ""
    return int(abs(value)) in LIMITS_OF_TYPES or (len(digits) > 1 and set(digits) <= {"9"})


def _of_feature(feature: int, column: np.ndarray) -> list[Sentinel]:
    values, counts = np.unique(column[~np.isnan(column)], return_counts=True)
    values = values.astype(np.float64)
    found = []
    rest = np.ones(len(values), bool)
    for _ in range(4):
        kept = np.flatnonzero(rest)
        if len(kept) <= LIMITS["sentinel distinct"]:
            break
        ends = [(values[kept[1]] - values[kept[0]], kept[0]), (values[kept[-1]] - values[kept[-2]], kept[-1])]
        gap, place = max(ends)
        inner = np.delete(kept, 0 if place == kept[0] else -1)
        asked = LIMITS["sentinel gap of codes" if is_code(values[place]) else "sentinel gap"]
        if counts[place] < LIMITS["sentinel times"] or gap < asked * np.ptp(values[inner]):
            place, others = kept[0], counts[kept[1:]]
            negative = values[place] < 0 <= values[kept[1]] and is_code(values[place])
            if not negative or counts[place] < max(LIMITS["sentinel often"] * others.max(), LIMITS["sentinel times"]):
                break
        rest[place] = False
        found.append(place)
    mean = np.average(values[rest], weights=counts[rest])
    deviation = np.sqrt(np.average(np.square(values[rest] - mean), weights=counts[rest]))
    whole = np.sqrt(np.average(np.square(values - np.average(values, weights=counts)), weights=counts))
    return [
        Sentinel(
            feature,
            float(values[place]),
            float(counts[place] / counts.sum()),
            int(counts[place]),
            float(abs(values[place] - mean) / max(deviation, 1e-30)),
            float(deviation / whole),
        )
        for place in found
    ]


def _finding(run: Run, level: Level, group: list[Sentinel], steps: bool, origins: dict[str, float]) -> Finding:
    own = [feature.name for feature in run.parts.schema.features]
    names = [f"feature {own[one.feature] if own else one.feature}" for one in group]
    worst = min(group, key=lambda one: one.scale)
    name = names[group.index(worst)]
    value = worst.value + (origins.get(own[worst.feature], 0.0) if own else 0.0)
    more = f"; so it is in {len(group) - 1} more features" if len(group) > 1 else ""
    words = f"leave {value:g} empty in a table, where it means a missing value, and gaps are filled and told"
    changes: dict[str, Any] = {}
    if steps:
        words = f"give sequences of unequal length without steps of {value:g}, or put NaN in all numbers of such a step"
        data = run.asked.get("data")
        apart = run.asked.get("validation") is not None or run.asked.get("test") is not None
        if isinstance(data, np.ndarray) and data.ndim == 3 and not apart and (data == value).all(-1).any():
            changes = {"data": Unpadded(value)}
    return Finding(
        fault="unnormalized inputs",
        level=level,
        where=name if len(group) == 1 else f"{len(group)} features with {value:g}",
        evidence=f"{value:g} is {worst.share:.1%} of the {'steps' if steps else 'values'} of {name} ({worst.times:,} "
        f"times), {worst.away:.3g} deviations from the mean of all others; these have {worst.scale:.2g} of the "
        f"feature's deviation{more}",
        cause=f"{value:g} seems to stand for no value, and the network takes it for a number"
        if worst.value
        else "0 lies apart from all other values: it may stand for no value, and the network takes it for a number",
        remedy=Remedy(words, changes, touches_data=True),
        confidence=0.75 if level == "suspicion" else 0.4,
        numbers={"value": value, "share": worst.share, "away": worst.away, "scale": worst.scale},
    )
