"""Neighborhoods: of drawn training rows those that lie nearest, found once for all that is asked of them."""

from typing import NamedTuple

import numpy as np

from backlit.doctor.limits import LIMITS
from backlit.doctor.neighbors import nearest
from backlit.doctor.table import Table, design, drawn


class Neighborhoods(NamedTuple):
    """Rows and their nearest rows: the neighbors' places among them (N, k), nearest first; targets; and numbers in the
    source (N,)."""

    neighbors: np.ndarray
    y: np.ndarray
    numbers: np.ndarray

    def votes(self, classes: int) -> np.ndarray:
        """How many neighbors each row has of each class (N, K)."""
        rows = len(self.neighbors)
        places = np.arange(rows)[:, None] * classes + self.y[self.neighbors]
        return np.bincount(places.reshape(-1), minlength=rows * classes).reshape(rows, classes)


def neighborhoods_of(table: Table) -> Neighborhoods | None:
    """The neighborhoods of training rows; None where these are few, or no feature varies."""
    if len(table.train) < LIMITS["labels rows"]:
        return None
    x = design(table)[0]
    if not x.any():
        return None
    chosen = drawn(len(x), LIMITS["references fitted"])
    x = x[chosen]
    count = int(min(LIMITS["labels neighbors"], len(x) - 1))
    neighbors, _ = nearest(x, x, count, own=np.arange(len(x)))
    return Neighborhoods(neighbors, table.train.y[chosen], table.train.numbers[chosen])
