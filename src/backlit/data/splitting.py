"""Splitting rows into training, validation and test parts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count

import numpy as np

from backlit.data.schema import Schema
from backlit.errors import DataError, SettingError

NAMES = ("training", "validation", "test")


@dataclass(frozen=True, eq=False)
class Part:
    """Rows that belong together.

    Args:
        x: the raw matrix (N, ...).
        y: the targets: int32 codes (N,), or float32 (N,) or (N, T).
        weights: of the rows (N,), float32, or None where all count the same.
        indices: the numbers of the rows in their source, from 0.
    """

    x: np.ndarray
    y: np.ndarray
    weights: np.ndarray | None
    indices: np.ndarray

    def __len__(self) -> int:
        """The number of rows."""
        return len(self.x)


@dataclass(frozen=True, eq=False)
class Parts:
    """Training, validation and test rows, the schema fitted on the training rows alone, and how they were parted.

    `duplicates` is the number of test rows whose inputs also occur among the training rows; `notes` say what was met
    in the validation and test rows that the training rows have not.
    """

    train: Part
    validation: Part
    test: Part
    schema: Schema
    description: str
    duplicates: int
    notes: tuple[str, ...] = ()


def check_fractions(fractions: Sequence[float]) -> tuple[float, float, float]:
    """The shares of training, validation and test.

    Raises:
        SettingError: they are not three numbers from 0 to 1 that add up to 1, the first above 0.
    """
    shares = tuple(float(share) for share in fractions)
    fits = len(shares) == 3 and all(0 <= share <= 1 for share in shares) and abs(sum(shares) - 1) < 1e-6
    if not fits or shares[0] == 0:
        raise SettingError(
            f"split {'/'.join(f'{share:g}' for share in shares)}: three shares from 0 to 1 are needed for training, "
            f"validation and test, which add up to 1, such as 0.7/0.15/0.15, the first above 0"
        )
    return shares[0], shares[1], shares[2]


def share_out(rows: int, fractions: Sequence[float]) -> np.ndarray:
    """The part of each of a run of rows, 0, 1 or 2: evenly spread, so any stretch holds the shares to about a row."""
    parts = np.zeros(rows, np.int8)
    left = np.arange(rows)
    remaining = 1.0
    for part in (1, 2):
        share = min(fractions[part] / remaining, 1.0) if remaining > 0 else 0.0
        steps = np.floor(np.arange(len(left) + 1) * share + 0.5)
        taken = np.diff(steps) > 0
        parts[left[taken]] = part
        left = left[~taken]
        remaining -= fractions[part]
    return parts


def share_sizes(rows: int, fractions: Sequence[float]) -> tuple[int, int]:
    """The numbers of validation and test rows that `share_out` gives."""
    validation = int(rows * fractions[1] + 0.5)
    remaining = 1 - fractions[1]
    return validation, int((rows - validation) * min(fractions[2] / remaining, 1.0) + 0.5) if remaining > 0 else 0


def reaches(sizes: Sequence[int], fractions: Sequence[float]) -> bool:
    """Whether validation and test have rows where they are to have some."""
    return all(size > 0 or share == 0 for size, share in zip(sizes, fractions[1:], strict=True))


def shuffle_rows(
    rows: int, fractions: Sequence[float], seed: int, codes: np.ndarray | None = None
) -> tuple[list[np.ndarray], int]:
    """The rows of each part, shuffled, and each class shared out alike where there are class codes.

    A class with fewer than 3 rows goes to training, which has a row of every class.

    Args:
        rows: their number N.
        fractions: of training, validation and test.
        seed: ≥ 0; the same on any machine.
        codes: class codes (N,), or None.

    Returns:
        Three arrays of row numbers, and how many classes went to training whole.

    Raises:
        DataError: there are too few rows for every part to have one.
    """
    random = np.random.Generator(np.random.PCG64(seed))
    order = random.permutation(rows)
    rare = order[:0]
    if codes is not None:
        sizes = np.bincount(codes)
        scarce = sizes[codes[order]] < 3
        rare, order = order[scarce], order[~scarce]
        order = order[np.argsort(codes[order], kind="stable")]
    parts = share_out(len(order), fractions)
    if codes is not None:
        kinds = codes[order]
        for code in np.setdiff1d(kinds, kinds[parts == 0]):
            parts[np.flatnonzero(kinds == code)[0]] = 0
    shares = [
        np.concatenate([order[parts == part], rare] if part == 0 else [order[parts == part]]) for part in range(3)
    ]
    check_sizes(shares, rows, fractions, codes is not None)
    return [random.permutation(share) for share in shares], len(np.unique(codes[rare])) if codes is not None else 0


def cut_rows(order: np.ndarray, fractions: Sequence[float], gap: int = 0) -> list[np.ndarray]:
    """The rows of each part in order of time: the oldest for training, the newest for the test.

    Before each later part, the last `gap` rows are left out.
    """
    validation, test = share_sizes(len(order), fractions)
    ends = [len(order) - validation - test, len(order) - test]
    shares = np.split(np.argsort(order, kind="stable"), ends)
    for place, later in ((0, validation + test), (1, test)):
        if gap and later:
            shares[place] = shares[place][:-gap]
    check_sizes(shares, len(order), fractions)
    return shares


def check_sizes(shares: Sequence[np.ndarray], rows: int, fractions: Sequence[float], by_class: bool = False) -> None:
    """Raise a `DataError` where a part that is to have rows has none."""
    lacking = [name for name, share, part in zip(NAMES, fractions, shares, strict=True) if share > 0 and not len(part)]
    if lacking:
        if by_class:
            repair = "more rows are needed, and 3 or more a class, as a smaller class goes to training whole"
        else:
            start = max(rows + 1, int(0.5 / min(share for share in fractions if share > 0)))
            least = next(n for n in count(start) if reaches(share_sizes(n, fractions), fractions))
            repair = f"at least {least:,} are needed"
        raise DataError(
            f"{rows} rows are too few to split {'/'.join(f'{share:g}' for share in fractions)}: none is left for "
            f"{' and '.join(lacking)}; {repair}"
        )


def count_duplicates(train: np.ndarray, test: np.ndarray) -> int:
    """The number of test rows that equal a training row."""
    seen = {hash(row.tobytes()) for row in train}
    return sum(hash(row.tobytes()) in seen for row in test)
