"""Sequences of unequal length: the steps of all in one list, and where in it each sequence begins and how long it is.

Windows over a series are such sequences too: of one length, and overlapping. For a network they are one array
(N, T, F), padded behind the end of the shorter ones with NaN in every feature of a step.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from backlit.errors import DataError

if TYPE_CHECKING:
    import polars as pl


@dataclass(frozen=True, eq=False)
class Sequences:
    """N sequences in a common list of S steps.

    Args:
        steps: the steps, (S, F) float32, or a table of S rows.
        starts: the place of each sequence's first step (N,).
        lengths: how many steps it has, at least 1, (N,).

    >>> Sequences(np.arange(3.0)[:, None], np.array([0, 2]), np.array([2, 1])).pad()[..., 0].tolist()
    [[0.0, 1.0], [2.0, nan]]
    """

    steps: np.ndarray | pl.DataFrame
    starts: np.ndarray
    lengths: np.ndarray

    def __len__(self) -> int:
        """The number of sequences."""
        return len(self.starts)

    def __getitem__(self, chosen: Any) -> Sequences:
        """Some of the sequences, and only their steps."""
        starts, lengths = self.starts[chosen], self.lengths[chosen]
        edges = np.zeros(len(self.steps) + 1, np.int64)
        np.add.at(edges, starts, 1)
        np.add.at(edges, starts + lengths, -1)
        needed = edges.cumsum()[:-1] > 0
        return Sequences(self.steps[np.flatnonzero(needed)], (needed.cumsum() - 1)[starts], lengths)

    @property
    def longest(self) -> int:
        """The most steps of a sequence."""
        return int(self.lengths.max(initial=0))

    @property
    def shape(self) -> tuple[int, int, int]:
        """(N, T, F), of the sequences as one array."""
        return len(self), self.longest, self.steps.shape[1]

    def pad(self, numbers: np.ndarray | None = None, length: int = 0) -> np.ndarray:
        """The sequences as one array (N, T, F), float32, NaN behind the end of each.

        Args:
            numbers: of the steps (S, F); default the steps themselves.
            length: T; default the longest sequence's, which is the least.
        """
        numbers = np.asarray(self.steps) if numbers is None else numbers
        places = np.arange(max(length, self.longest))
        real = places < self.lengths[:, None]
        padded = np.full((*real.shape, numbers.shape[1]), np.nan, np.float32)
        padded[real] = numbers[(self.starts[:, None] + places)[real]]
        return padded

    def describe(self) -> str:
        """The number of sequences and their lengths, in words."""
        shortest, median = int(self.lengths.min()), float(np.median(self.lengths))
        if shortest == self.longest:
            return f"{len(self):,} sequences of {shortest:,} steps"
        return f"{len(self):,} sequences of {shortest:,} to {self.longest:,} steps (median {median:g})"


def nested(source: Any) -> list[np.ndarray] | np.ndarray | None:
    """The arrays of a list (or an array of objects) of arrays (T,) or (T, F), each as (T, F); in one array where all
    have one shape that is no (T, F) of numbers; None where the source is nothing of the kind.

    Arrays (H, W) of uint8 are images, and lists of one shape an array, not sequences.
    """
    listed = isinstance(source, list) or (isinstance(source, np.ndarray) and source.dtype == object)
    if not listed or not len(source) or not all(hasattr(item, "__len__") for item in source):
        return None
    try:
        arrays = [np.asarray(item) for item in source]
    except (ValueError, TypeError):
        return None
    plain = isinstance(source[0], list) or arrays[0].dtype == np.uint8 or arrays[0].ndim != 2
    if plain and len({array.shape for array in arrays}) == 1:
        return np.stack(arrays) if isinstance(source, np.ndarray) else None
    rank = arrays[0].ndim
    if rank not in (1, 2) or not all(array.ndim == rank and array.dtype.kind in "biuf" for array in arrays):
        return None
    return [array[:, None] if array.ndim == 1 else array for array in arrays]


def of_arrays(arrays: Sequence[np.ndarray], name: str, gaps: bool = False) -> Sequences:
    """Sequences from an array (T, F) each.

    Args:
        arrays: their numbers.
        name: what errors call them.
        gaps: whether some features of a step may be missing (NaN).

    Raises:
        DataError: one has no steps or other features than the first, or holds an infinite or a missing value.
    """
    lengths = np.array([len(array) for array in arrays])
    if not lengths.all():
        raise DataError(f"{name}: {which(np.argmin(lengths))} has no steps: leave it out, with its target")
    widths = np.array([array.shape[1] for array in arrays])
    if (other := np.flatnonzero(widths != widths[0])).size:
        raise DataError(
            f"{name}: {which(other[0])} has {widths[other[0]]} features where the first has {widths[0]}: "
            f"all need the same features"
        )
    if not widths[0]:
        raise DataError(f"{name}: the sequences have no features: one at least is needed")
    with np.errstate(over="ignore"):
        steps = np.concatenate(arrays).astype(np.float32)
    starts = np.concatenate([[0], lengths.cumsum()[:-1]])
    wrong = np.isinf(steps) if gaps else ~np.isfinite(steps)
    if wrong.any():
        place = int(np.argmax(wrong.any(1)))
        index = int(np.searchsorted(starts, place, "right")) - 1
        value = "a missing value" if np.isnan(steps[place]).any() else "a value that is infinite in 32 bits"
        raise DataError(
            f"{name}: {which(index)} has {value} in step {place - starts[index]}: fill it in, or correct it"
        )
    return Sequences(steps, starts, lengths)


def of_padded(array: np.ndarray, name: str, gaps: bool = False) -> Sequences:
    """Sequences from an array (N, T, F) with NaN in every feature of the steps behind the end of each.

    Raises:
        DataError: a value is missing before the end, or a sequence has no steps.
    """
    real = ~np.isnan(array).all(-1)
    lengths = np.where(real.any(1), real.shape[1] - np.argmax(real[:, ::-1], 1), 0)
    return of_arrays([row[:length] for row, length in zip(array, lengths, strict=True)], name, gaps)


def which(index: int | np.integer) -> str:
    """How errors name a sequence."""
    return f"sequence {int(index)} (counted from 0)"
