"""Conversions of a column of values, one rule each: missing markers, numbers, dates, labels.

They accept values of any type, so a column read from a CSV file as text and the same column of a typed frame
come out equal.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np

from backlit.errors import DataError

if TYPE_CHECKING:
    import polars as pl

MISSING = ("", "na", "n/a", "nan", "null", "?")
CALENDAR = (
    "%Y-%m-%d",
    "%Y/%m/%d",
    "%d.%m.%Y",
    "%d/%m/%Y",
    "%m/%d/%Y",
    "%d-%m-%Y",
    "%d %b %Y",
    "%b %d, %Y",
    "%B %d, %Y",
    "%Y%m%d",
)
CLOCK = ("", " %H:%M", " %H:%M:%S%.f", "T%H:%M", "T%H:%M:%S%.f")
ZONED = ("%Y-%m-%d %H:%M:%S%.f%#z", "%Y-%m-%dT%H:%M:%S%.f%#z")
PLENTY = 1 << 16
DATE_FORMATS = tuple(day + time for day in CALENDAR for time in CLOCK) + ZONED


def clean(frame: pl.DataFrame) -> pl.DataFrame:
    """The frame with text stripped, categoricals as text, and every missing marker (see `MISSING`) and NaN as null."""
    import polars as pl
    from polars import selectors

    frame = frame.with_columns(selectors.by_dtype(pl.Categorical, pl.Enum).cast(pl.String))
    text = selectors.string().str.strip_chars()
    return frame.with_columns(
        selectors.float().fill_nan(None),
        pl.when(text.str.to_lowercase().is_in(list(MISSING))).then(None).otherwise(text).name.keep(),
    )


def numbers(column: pl.Series) -> pl.Series:
    """The values as float64; null where a value is missing or no number."""
    import polars as pl

    if column.dtype == pl.Duration:
        return column.dt.total_microseconds().cast(pl.Float64) / 1e6
    if column.dtype == pl.Time:
        return column.cast(pl.Int64).cast(pl.Float64) / 1e9
    if column.dtype.is_temporal() or column.dtype.is_nested() or column.dtype in (pl.Object, pl.Binary):
        return pl.Series(column.name, [None] * len(column), dtype=pl.Float64)
    return column.cast(pl.Float64, strict=False)


def truths(column: pl.Series) -> pl.Series:
    """The values as 1 for true and 0 for false, float64; null where a value is missing or neither."""
    import polars as pl

    meanings = {"True": 1.0, "1": 1.0, "False": 0.0, "0": 0.0}
    return labels(column).replace_strict(meanings, default=None, return_dtype=pl.Float64)


def single(column: pl.Series) -> np.ndarray:
    """Numbers as float32; NaN where missing, infinite where they are beyond its range."""
    with np.errstate(over="ignore"):
        return column.to_numpy().astype(np.float32)


def merging(numbers: np.ndarray) -> str:
    """What the cast of numbers (N,) to float32 merges, in words; '' where it keeps nine in ten, or `PLENTY`, apart.

    >>> merging(1.7e9 + np.arange(60))
    '60 different values become 1 in float32'
    >>> merging(np.arange(60.0))
    ''
    """
    distinct, kept = len(np.unique(numbers)), len(np.unique(numbers.astype(np.float32)))
    return f"{distinct:,} different values become {kept:,} in float32" if kept < min(0.9 * distinct, PLENTY) else ""


def dates(column: pl.Series, form: str = "") -> pl.Series:
    """The values as dates with time, in UTC where they name a zone; null where a value is missing or no date.

    Args:
        column: the values.
        form: how text writes them, one of `DATE_FORMATS`; default the first that reads all of them, if any.
    """
    import polars as pl

    if column.dtype == pl.String and (form := form or date_format(column) or ""):
        zone = "UTC" if form in ZONED else None
        column = column.str.to_datetime(form, strict=False, time_unit="us", time_zone=zone, ambiguous="null")
    if column.dtype not in (pl.Date, pl.Datetime):
        return pl.Series(column.name, [None] * len(column), dtype=pl.Datetime("us"))
    if getattr(column.dtype, "time_zone", None):
        column = column.dt.convert_time_zone("UTC").dt.replace_time_zone(None)
    return column.cast(pl.Datetime("us"))


def date_format(column: pl.Series) -> str | None:
    """The first of `DATE_FORMATS` that reads every value of a text column, or None."""
    present = column.drop_nulls()
    if not present.str.contains(r"\d").all():
        return None
    probe = present.head(20)
    fitting = (form for form in DATE_FORMATS if not dates(probe, form).has_nulls())
    return next((form for form in fitting if not dates(present, form).has_nulls()), None)


def order_of(column: pl.Series, setting: str) -> np.ndarray:
    """The order of the rows in time, as numbers, by a column of dates or numbers that a setting names.

    Raises:
        DataError: a value is neither.
    """
    times = dates(column).dt.timestamp("us")
    times = numbers(column) if times.null_count() == len(times) else times
    if times.has_nulls():
        row = int(times.is_null().arg_max() or 0)
        raise DataError(
            f"{setting} {column.name!r}: {column[row]!r} in row {row} (counted from 0) is no date and no number"
        )
    return times.to_numpy()


def labels(column: pl.Series) -> pl.Series:
    """The values as text: whole numbers without a fraction, truth values as True and False."""
    import polars as pl

    if column.dtype.is_float():
        whole = (column == column.round()) & (column.abs() < 2**53)
        text = column.cast(pl.String)
        return text.zip_with(~whole.fill_null(False), column.cast(pl.Int64, strict=False).cast(pl.String))
    if column.dtype == pl.Boolean:
        column = column.cast(pl.Int8).cast(pl.String).replace({"0": "False", "1": "True"})
    text = column.cast(pl.String)
    lowered = text.str.to_lowercase()
    return text.set(lowered == "true", "True").set(lowered == "false", "False")


def codes_of(column: pl.Series, vocabulary: Iterable[str]) -> np.ndarray:
    """The place of every label in a vocabulary, int32; −1 where it is not there or missing."""
    import polars as pl

    known = list(vocabulary)
    places = labels(column).replace_strict(known, list(range(len(known))), default=-1, return_dtype=pl.Int32)
    return places.fill_null(-1).to_numpy().astype(np.int32)


def series_of(name: str, values: np.ndarray) -> pl.Series:
    """A one-dimensional array as a clean column."""
    import polars as pl

    if values.dtype.kind == "S":
        values = values.astype(np.str_)
    if values.dtype.kind in "biuf":
        column = pl.Series(name, np.ascontiguousarray(values))
    else:
        present = [None if value is None or value != value else value for value in values.tolist()]
        column = pl.Series(name, present, strict=False)
    return clean(column.to_frame()).to_series()


def natural(label: str) -> tuple:
    """The sorting key that puts 2 before 10 and 'class2' before 'class10'.

    >>> sorted(["b", "10", "2", "a10", "a9", "-1"], key=natural)
    ['-1', '2', '10', 'a9', 'a10', 'b']
    """
    try:
        return (0, float(label), (), label)
    except ValueError:
        parts = re.split(r"([0-9]+)", label)
        return (1, 0.0, tuple((0, int(p), "") if p.isdecimal() else (1, 0, p) for p in parts if p), label)


def check_finite(values: np.ndarray, what: str) -> None:
    """Raise a `DataError` that names the first row of an array that holds an infinite value."""
    infinite = np.isinf(values)
    if infinite.any():
        row = int(np.argwhere(infinite)[0][0])
        raise DataError(
            f"{what} holds an infinite value, or one beyond the range of 32-bit floats, in row {row} (counted from 0), "
            f"and in {int(infinite.sum())} places in all: correct it, or mark it as missing"
        )
