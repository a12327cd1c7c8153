"""Marks: copies of the target that have a spread in one class and none in the others.

The days in collections of those who defaulted, and 0 for everybody else: one value that all rows of a class have and no
other row, and that is much more frequent than any other value, as a value of a grid that is cut into classes is not.
Where a gap parts it from the other values, which a cause that is cut at 0 does not have, it counts as a copy does.
"""

import numpy as np

from backlit.doctor.limits import LIMITS
from backlit.doctor.table import Table

MISSING = float(np.finfo(np.float32).min / 4)  # as a value: below all others, and its mean with itself is finite


def value_marks(table: Table, exceptions: float = 0) -> np.ndarray:
    """Whether a value of each column marks a class: the rows of the class have it, others do not, and in each column
    the classes but one have such a value (F,).

    Args:
        table: the rows of all parts are looked at.
        exceptions: the share of the rows of the class, and of the others, that may be otherwise, for two classes.
    """
    found = np.zeros(table.train.x.shape[1], bool)
    x = np.concatenate([part.x for part in (table.train, table.validation, table.test)])
    y = np.concatenate([part.y for part in (table.train, table.validation, table.test)])
    if not table.classes:
        return found
    rows = np.bincount(y, minlength=table.classes)
    present = np.flatnonzero(rows)
    if len(present) < 2 or rows[present].min() < LIMITS["leakage marked"]:
        return found
    x = np.where(np.isnan(x), np.float32(MISSING), x)  # missing is a value, too
    least = 1 - exceptions
    usual = {code: np.median(x[y == code], 0) for code in present}
    constant = {code: (x[y == code] == usual[code]).mean(0) >= least for code in present}
    enough = sum(constant.values()) >= len(present) - 1
    for place in np.flatnonzero(enough):
        values, place_of, counts = np.unique(x[:, place], return_inverse=True, return_counts=True)
        tallies = np.bincount(place_of * table.classes + y, minlength=len(values) * table.classes)
        shares = tallies.reshape(len(values), table.classes) / np.maximum(rows, 1)
        codes = [code for code in present if constant[code][place]]
        at = [int(np.searchsorted(values, usual[code][place])) for code in codes]
        apart = all(np.delete(shares[where], code).max() <= exceptions for where, code in zip(at, codes, strict=True))
        usual_of_others = np.delete(counts, at).max(initial=0)
        found[place] = apart and counts[at].min() >= LIMITS["leakage mark"] * usual_of_others
    return found


def parted_marks(table: Table, marks: np.ndarray) -> np.ndarray:
    """Whether a gap parts the most frequent value of the columns (F,) that belong to marks from all other values: one
    much wider than those between the values behind it; a missing value is no neighbor of any.
    """
    found = np.zeros(len(table.feature), bool)
    for place in np.flatnonzero(marks[table.feature]):
        column = np.concatenate([part.x[:, place] for part in (table.train, table.validation, table.test)])
        values, counts = np.unique(column[~np.isnan(column)], return_counts=True)
        if len(values) < 2 or np.isnan(column).sum() >= counts.max():
            found[place] = True
            continue
        most = values[counts.argmax()]
        gaps = []
        for side in (values[values > most] - most, (most - values[values < most])[::-1]):
            nearest = side[: int(LIMITS["leakage beside"])]
            if len(nearest):
                gaps.append(nearest[0] * max(len(nearest) - 1, 1) / max(nearest[-1] - nearest[0], 1e-12 * nearest[0]))
        found[place] = min(gaps) >= LIMITS["leakage gap"]
    return found
