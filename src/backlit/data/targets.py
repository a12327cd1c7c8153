"""The target: which task it makes, and its values as numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from backlit.data import values
from backlit.errors import DataError, SettingError, nearest
from backlit.shapes import write

if TYPE_CHECKING:
    import polars as pl

TASKS = ("regression", "two classes", "many classes")
MOST_CLASSES = 20


@dataclass(frozen=True, eq=False)
class Target:
    """Targets as numbers.

    Args:
        values: int32 codes (N,), or float32 (N,), (N, T) or (N, ...), of the rows that have a target.
        task: one of `TASKS`.
        reason: why.
        classes: the names of the classes, in the order of their codes.
        present: for every row of the source, whether it has a target.
        notes: what is worth knowing.
    """

    values: np.ndarray
    task: str
    reason: str
    classes: tuple[str, ...]
    present: np.ndarray
    notes: tuple[str, ...] = ()


def infer(name: str, given: pl.Series | np.ndarray, task: str | None = None) -> Target:
    """The task that a target makes, and its values as numbers.

    Text, truth values and few different whole numbers are classes; fractions, and many different whole numbers,
    a regression. In a table, numbers that are all whole count as whole numbers however they are stored.

    Args:
        name: what reports call the target.
        given: a clean column, or an array (N,), (N, T) or (N, ...).
        task: one of `TASKS`, or None to infer it.

    Raises:
        DataError: all targets are missing, they are infinite, all of one class, or do not fit the task.
        SettingError: the task is unknown.
    """
    if task is not None and task not in TASKS:
        raise SettingError(f"no task {task!r}; {nearest(str(task), TASKS)}")
    if isinstance(given, np.ndarray) and given.ndim == 2 and given.shape[1] == 1:
        given = given[:, 0]
    if isinstance(given, np.ndarray) and given.ndim > 1:
        if task is None and given.ndim == 2 and given.dtype.kind == "i" and given.min() == -1:
            raise DataError(
                f"the target {name!r} of shape {given.shape} holds whole numbers from -1: give task='many classes' "
                f"where each step has a class, and -1 none that counts, or task='regression' where they are numbers"
            )
        if task in (None, "regression"):
            return several(name, given)
        if given.ndim == 2 and not is_one_hot(given):
            found = at_steps(name, given)
            steps, seen = tuple(map(str, range(int(found.max()) + 1))), np.any(found >= 0, axis=1)
            return Target(found[seen], task, "a class at each step, as asked", steps, seen)
        given = one_hot(name, given)
    if isinstance(given, np.ndarray) and (target := from_whole_numbers(given, task)):
        return target
    whole_floats = not isinstance(given, np.ndarray)
    column = values.series_of(name, given) if isinstance(given, np.ndarray) else given
    present = column.is_not_null().to_numpy()
    column = column.drop_nulls()
    if not len(column):
        raise DataError(f"the target {name!r} is missing in every row: name another column, or fill it in")
    read = values.numbers(column)
    as_numbers = None if read.has_nulls() else read
    if as_numbers is not None:
        values.check_finite(as_numbers.to_numpy(), f"the target {name!r}")
    distinct = column.n_unique()
    task, reason = (task, "as asked") if task else inferred(name, column, as_numbers, distinct, whole_floats)
    if task == "regression":
        if as_numbers is None:
            example = column.filter(read.is_null())[0]
            raise DataError(f"the target {name!r} holds {example!r} where a regression needs numbers")
        numbers = values.single(as_numbers)
        values.check_finite(numbers, f"the target {name!r}")
        merged = values.merging(as_numbers.to_numpy())
        notes = (f"the target {name!r}: {merged}; subtract an origin, such as its mean, first",) if merged else ()
        return Target(numbers, task, reason, (), present, notes)
    known = labels(column, as_numbers)
    classes = tuple(sorted(known.unique().to_list(), key=values.natural))
    if len(classes) < 2:
        raise DataError(
            f"the target {name!r} has one class, {classes[0]!r}: two at least are needed to learn to tell apart"
        )
    if task == "two classes" and len(classes) > 2:
        raise DataError(
            f"the target {name!r} has {len(classes)} classes: the task is 'many classes', not 'two classes'"
        )
    return Target(values.codes_of(known, classes), task, reason, classes, present)


def from_whole_numbers(given: np.ndarray, task: str | None) -> Target | None:
    """Whole numbers (N,) that are classes, without polars, which takes 40 MB; None: they are not, or not good ones."""
    if given.dtype.kind not in "iu" or task == "regression":
        return None
    numbers, codes = np.unique(given, return_inverse=True)
    most = 2 if task == "two classes" else MOST_CLASSES if task is None else len(numbers)
    if not 2 <= len(numbers) <= most:
        return None
    reason = "as asked" if task else f"{len(numbers)} different whole numbers"
    task = task or ("two classes" if len(numbers) == 2 else "many classes")
    names = tuple(map(str, numbers.tolist()))
    return Target(codes.astype(np.int32), task, reason, names, np.ones(len(given), bool))


def inferred(
    name: str, column: pl.Series, as_numbers: pl.Series | None, distinct: int, whole_floats: bool
) -> tuple[str, str]:
    """The task of a column without missing values, with the reason."""
    classes = "two classes" if distinct == 2 else "many classes"
    if as_numbers is None or str(column.dtype) == "Boolean":
        if distinct > max(MOST_CLASSES, len(column) / 2):
            raise DataError(
                f"the target {name!r} has {distinct} different texts in {len(column)} rows, too many for classes: "
                f"name another target, or give task='many classes'"
            )
        return classes, f"{distinct} different labels"
    whole = bool((as_numbers == as_numbers.round()).all()) and (whole_floats or not column.dtype.is_float())
    if whole and distinct <= MOST_CLASSES:
        return classes, f"{distinct} different whole numbers"
    return "regression", f"{distinct} different {'whole numbers' if whole else 'numbers with fractions'}"


def labels(column: pl.Series, as_numbers: pl.Series | None) -> pl.Series:
    """The class names of a target's values; numbers written as text, such as 1.0, are named as numbers, 1."""
    return values.labels(as_numbers if as_numbers is not None and str(column.dtype) == "String" else column)


def numbered(
    name: str, given: pl.Series | np.ndarray, task: str, classes: Sequence[str], shape: Sequence[int]
) -> np.ndarray:
    """The targets of another source as numbers, for a task, classes and a shape of one target that are known.

    Classes of fewer steps are padded with −1.

    Raises:
        DataError: a target is missing, is no number, or is no class that is known.
    """
    if shape and task != "regression":
        found = at_steps(name, np.asarray(given))
        if found.ndim != 2 or found.shape[1] > shape[0] or found.max() >= len(classes):
            raise DataError(
                f"targets of shape {found.shape}, up to {found.max()}, where a class below {len(classes)} is needed "
                f"for each of at most {shape[0]} steps"
            )
        return np.pad(found, ((0, 0), (0, shape[0] - found.shape[1])), constant_values=-1)
    if isinstance(given, np.ndarray) and given.ndim == 2 and given.shape[1] == 1:
        given = given[:, 0]
    if isinstance(given, np.ndarray) and given.ndim > 1 and task != "regression":
        given = one_hot(name, given)
    if isinstance(given, np.ndarray) and given.ndim > 1:
        numbers = several(name, given)
        if given.shape[1:] != tuple(shape) or not numbers.present.all():
            raise DataError(f"targets of shape {given.shape} where {needed(shape)} are needed")
        return numbers.values
    column = values.series_of(name, given) if isinstance(given, np.ndarray) else given
    if column.has_nulls():
        row = int(column.is_null().arg_max() or 0)
        raise DataError(
            f"the target {name!r} is missing in row {row} (counted from 0): fill it in, or leave the row out"
        )
    as_numbers = values.numbers(column)
    if task == "regression":
        if as_numbers.has_nulls():
            row = int(as_numbers.is_null().arg_max() or 0)
            raise DataError(
                f"the target {name!r} holds {column[row]!r} in row {row} (counted from 0) where a number is needed"
            )
        if shape:
            raise DataError(f"targets of shape ({len(column)},) where {needed(shape)} are needed")
        single = values.single(as_numbers)
        values.check_finite(single, f"the target {name!r}")
        return single
    known = labels(column, None if as_numbers.has_nulls() else as_numbers)
    codes = values.codes_of(known, classes)
    codes = np.where(codes < 0, values.codes_of(column, classes), codes).astype(np.int32)
    if (codes < 0).any():
        strange = sorted(known.filter(codes < 0).unique().to_list(), key=values.natural)
        raise DataError(
            f"the target {name!r} holds {', '.join(map(repr, strange[:5]))}, in {int((codes < 0).sum())} rows, "
            f"outside the classes {', '.join(classes[:10])}: was another target meant?"
        )
    return codes


def columns_of(frame: pl.DataFrame, names: Sequence[str]) -> pl.Series | np.ndarray:
    """The targets in columns of a table: a column as it is, or several columns of numbers as (N, T), NaN where missing.

    Raises:
        DataError: one of several holds something that is no number.
    """
    if len(names) == 1:
        return frame[names[0]]
    columns = []
    for name in names:
        numbers = values.numbers(frame[name])
        if numbers.null_count() > frame[name].null_count():
            example = frame[name].filter(numbers.is_null() & frame[name].is_not_null())[0]
            raise DataError(f"the target {name!r} holds {example!r}: several targets have to be numbers, all of them")
        columns.append(values.single(numbers))
    return np.stack(columns, axis=1)


def needed(shape: Sequence[int]) -> str:
    """What the targets have to be, in words."""
    return f"{shape[0]} complete columns" if len(shape) == 1 else f"complete targets of shape {write(tuple(shape))}"


def several(name: str, given: np.ndarray) -> Target:
    """Several targets at once, (N, T) or (N, ...): a regression; rows with a missing one are not present."""
    try:
        numbers = given.astype(np.float32)
    except (ValueError, TypeError):
        raise DataError(f"targets of shape {given.shape} hold text where numbers are needed") from None
    values.check_finite(numbers, f"the target {name!r}")
    present = np.logical_not(np.isnan(numbers).any(axis=tuple(range(1, numbers.ndim))))
    if not present.any():
        raise DataError(f"the target {name!r} is missing in every row")
    return Target(numbers[present], "regression", f"{write(given.shape[1:])} targets at once", (), present)


def at_steps(name: str, given: np.ndarray) -> np.ndarray:
    """A class for each step of each sequence (N, T), int32, −1 where none counts."""
    if given.dtype.kind not in "biuf" or (given != np.round(given)).any() or given.min() < -1 or given.max() < 0:
        raise DataError(
            f"the target {name!r} of shape {given.shape}: classes of steps are whole numbers from 0, and −1 where none "
            f"counts"
        )
    return given.astype(np.int32)


def is_one_hot(given: np.ndarray) -> bool:
    """Whether it is (N, K), with a single one in every row, and zeros."""
    numbers = given.ndim == 2 and given.dtype.kind in "biuf"
    return numbers and bool(np.isin(given, (0, 1)).all() and (given.sum(axis=1) == 1).all())


def one_hot(name: str, given: np.ndarray) -> np.ndarray:
    """The place of the one in every row of ones and zeros (N, K)."""
    if not is_one_hot(given):
        raise DataError(f"the target {name!r} of shape {given.shape}: classes are needed as (N,), or one-hot as (N, K)")
    return given.argmax(axis=1)


def class_weights(
    y: np.ndarray, classes: Sequence[str] | int, how: str | Mapping[str, float] = "balanced"
) -> np.ndarray:
    """The weight of each class in the loss.

    'balanced': w_k = n / (K n_k), so that every class weighs the same in all; 0 for a class without a row.

    Args:
        y: class codes (N,).
        classes: the names of the classes, or their number K.
        how: 'balanced', or a weight ≥ 0 for some names; the others have 1.

    Returns:
        The weights (K,), float32.

    Raises:
        SettingError: the way is unknown, a name is unknown, or a weight is negative.

    Source: G. King, L. Zeng, Logistic Regression in Rare Events Data, Political Analysis 9 (2001).

    >>> class_weights(np.array([0, 0, 1]), 2).tolist()
    [0.75, 1.5]
    """
    names = [str(k) for k in range(classes)] if isinstance(classes, int) else list(classes)
    if isinstance(how, Mapping):
        for name, weight in how.items():
            if str(name) not in names:
                raise SettingError(f"class weights: no class {name!r}; {nearest(str(name), names)}")
            if not 0 <= weight < np.inf:
                raise SettingError(f"class weights: {weight} for {name!r}, but a finite number ≥ 0 is needed")
        given = {str(name): weight for name, weight in how.items()}
        return np.array([given.get(name, 1.0) for name in names], np.float32)
    if how != "balanced":
        raise SettingError(f"class weights: no way {how!r}; {nearest(str(how), ('balanced',))}")
    counts = np.bincount(y, minlength=len(names))
    return np.where(counts > 0, len(y) / (len(names) * np.maximum(counts, 1)), 0).astype(np.float32)
