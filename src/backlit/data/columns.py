"""The columns of a table: what each holds, inferred from its values, and how it becomes numbers.

number    itself, less an origin where float32 needs one, NaN where missing
boolean   0 or 1, NaN where missing
category  its code in a vocabulary fitted on training rows; a missing value has the last code; −1 is unknown
date      days since 2000-01-01, and the sine and cosine of its place in the year, in the week, and in the day
id, constant, text, ignored     dropped, with the reason
"""

from __future__ import annotations

import math
import re
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from backlit.data import values
from backlit.data.records import known, listed, require
from backlit.errors import DataError, SettingError, nearest

if TYPE_CHECKING:
    import polars as pl

USED = ("number", "boolean", "category", "date")
KINDS = (*USED, "id", "constant", "text", "ignored")
ID_NAME = re.compile(
    r"(^|[ _.-])(id|ids|uuid|guid|index|idx|rowid|row|rownames|key)$|^(unnamed: ?\d+)?$", re.IGNORECASE
)
CAMEL_ID = re.compile(r"[a-z](Id|ID)$")
FEW = 20
DAY = 86_400_000_000


class Feature(NamedTuple):
    """One column of the encoded matrix; `categories` is the number of codes, 0 for a number."""

    name: str
    categories: int


@dataclass(frozen=True)
class Column:
    """A column of a table.

    Args:
        name: as the table names it.
        kind: one of `KINDS`.
        reason: why it has this kind.
        form: how its dates are written, where they are text.
        clock: whether its dates have a time of day.
        missing: whether values are missing, in the training rows once fitted.
        origin: subtracted from its numbers in float64, so that float32 can tell them apart; 0 where it can as they are.
        categories: the vocabulary, sorted; None before it is fitted.
    """

    name: str
    kind: str
    reason: str = ""
    form: str = ""
    clock: bool = False
    missing: bool = False
    origin: float = 0.0
    categories: tuple[str, ...] | None = None

    @property
    def used(self) -> bool:
        """Whether the column becomes part of the input."""
        return self.kind in USED

    @property
    def features(self) -> tuple[Feature, ...]:
        """The columns of the encoded matrix that it becomes."""
        if not self.used:
            return ()
        if self.kind == "date":
            cycles = ("year", "week", "day") if self.clock else ("year", "week")
            waves = [f"{self.name}.{cycle}_{wave}" for cycle in cycles for wave in ("sine", "cosine")]
            return tuple(Feature(name, 0) for name in (f"{self.name}.days", *waves))
        known = 0 if self.kind != "category" else len(self.categories or ()) + self.missing
        return (Feature(self.name, known),)

    def fit(self, column: pl.Series) -> Column:
        """The column with the vocabulary, the origin, and the mark for missing values, of these rows."""
        missing = column.has_nulls()
        if self.kind == "number":
            present = self.typed(column).drop_nulls().to_numpy()
            origin = np.median(np.unique(present)) if values.merging(present) else 0.0
            return replace(self, missing=missing, origin=float(origin))
        if self.kind != "category":
            return replace(self, missing=missing)
        known = sorted(values.labels(column).drop_nulls().unique().to_list(), key=values.natural)
        return replace(self, missing=missing, categories=tuple(known))

    def typed(self, column: pl.Series) -> pl.Series:
        """The values in the type of this kind: float64, text or a date; null where missing.

        Raises:
            DataError: a value is no number or no date where the kind needs one.
        """
        if self.kind == "category":
            return values.labels(column)
        if not self.used:
            return column
        if self.kind == "date":
            typed = values.dates(column, self.form)
        else:
            typed = values.truths(column) if self.kind == "boolean" else values.numbers(column)
        failed = (typed.is_null() & column.is_not_null()).arg_true()
        if len(failed):
            row = int(failed[0])
            nouns = {"number": "a number", "boolean": "true or false", "date": f"a date {self.form}".rstrip()}
            raise DataError(
                f"column {self.name!r}: {column[row]!r} in row {row} (counted from 0) where {nouns[self.kind]} is "
                f"needed; {len(failed)} of {len(column)} values cannot be read: correct them, leave them empty, or "
                f"train with the column read as a category"
            )
        return typed

    def encode(self, column: pl.Series) -> tuple[list[np.ndarray], list[str]]:
        """The encoded features of a column's values, float32 (N,) each, and what there is to report."""
        column = self.typed(column)
        notes = []
        if column.has_nulls() and not self.missing:
            how = "read as unknown" if self.kind == "category" else "filled in"
            notes.append(f"column {self.name!r}: {column.null_count()} missing values, none in training; {how}")
        if self.kind == "category":
            codes = values.codes_of(column, self.categories or ())
            unknown = column.filter((codes < 0) & column.is_not_null().to_numpy())
            if len(unknown):
                counts = unknown.value_counts(sort=True).head(5).rows()
                shown = ", ".join(f"{label!r} ({count})" for label, count in counts)
                notes.append(f"column {self.name!r}: {len(unknown)} values of categories not in training: {shown}")
            if self.missing:
                codes[column.is_null().to_numpy()] = len(self.categories or ())
            return [codes.astype(np.float32)], notes
        if self.kind == "date":
            return waves(column, self.clock), notes
        encoded = values.single(column - self.origin) if self.origin else values.single(column)
        values.check_finite(encoded, f"column {self.name!r}")
        return [encoded], notes

    def to_json(self) -> dict[str, Any]:
        """The column as what JSON can hold."""
        return {**asdict(self), "categories": None if self.categories is None else list(self.categories)}

    @classmethod
    def from_json(cls, held: Any, where: str) -> Column:
        """The column that `to_json` wrote.

        Raises:
            FileError: a part, at a place named by `where`, is missing, unknown or of another type.
        """
        fields = known(held, where, cls.__dataclass_fields__)
        kinds = {"name": str, "kind": str, "reason": str, "form": str, "clock": bool, "missing": bool, "origin": float}
        for name, kind in kinds.items():
            require(isinstance(fields[name], kind), f"{where}.{name}", fields[name])
        require(math.isfinite(fields["origin"]), f"{where}.origin", fields["origin"])
        require(fields["kind"] in KINDS, f"{where}.kind", fields["kind"])
        if fields["categories"] is not None:
            fields["categories"] = listed(fields["categories"], f"{where}.categories", str)
        return cls(**fields)

    def rounding(self, column: pl.Series) -> list[str]:
        """What there is to report where float32 merges different numbers of a typed column."""
        numbers = column.drop_nulls().to_numpy() if self.kind == "number" else np.empty(0)
        merged = values.merging(numbers)
        if not merged:
            return []
        left = values.merging(numbers - self.origin)
        still = f"; even so {left}" if left else ""
        return [f"column {self.name!r}: {merged}, so {self.origin:.15g} is subtracted first{still}"]

    def ambiguity(self, column: pl.Series) -> list[str]:
        """What there is to report where the dates of a column of text read as well with the month first."""
        if self.form[:5] not in ("%d/%m", "%d-%m"):
            return []
        monthly = f"%m{self.form[2]}%d{self.form[5:]}"
        if values.dates(column, monthly).null_count() > column.null_count():
            return []
        return [
            f"column {self.name!r}: the dates are read with the day first, but the month first fits them all too: "
            f"write them as year-month-day if that is meant"
        ]


def infer(column: pl.Series, kind: str | None = None) -> Column:
    """What a clean column of values holds.

    Args:
        column: the values, as `values.clean` leaves them.
        kind: one of `KINDS`, or None to infer it.

    Raises:
        DataError: a value is no number or no date where `kind` needs one.
        SettingError: the kind is unknown.
    """
    name = column.name
    if kind is not None and kind not in KINDS:
        raise SettingError(f"column {name!r}: no kind {kind!r}; {nearest(str(kind), KINDS)}")
    form = ""
    if str(column.dtype) == "String" and kind in (None, "date"):
        wordy = values.numbers(column).null_count() > column.null_count()
        form = (values.date_format(column) or "") if wordy or kind else ""
    found = replace(inferred(column, form), form=form) if kind is None else Column(name, kind, "as asked", form)
    typed = found.typed(column)
    if found.kind in ("number", "boolean"):
        values.check_finite(values.single(typed), f"column {name!r}")
    clock = found.kind == "date" and bool((typed.dt.timestamp("us") % DAY != 0).any())
    return replace(found, missing=column.has_nulls(), clock=clock)


def inferred(column: pl.Series, form: str) -> Column:
    """The kind of a column, with the reason."""
    import polars as pl

    name, dtype = column.name, column.dtype
    if dtype.is_nested() or dtype in (pl.Object, pl.Binary):
        return Column(name, "ignored", "nested values")
    if column.n_unique() <= 1:
        return Column(name, "constant", "all missing" if column.has_nulls() else f"always {column[0]}")
    present = column.drop_nulls()
    distinct = present.n_unique()
    unique = distinct == len(column)
    if unique and (ID_NAME.search(name) or CAMEL_ID.search(name)) and not dtype.is_float():
        return Column(name, "id", "a different value in every row, and named as one")
    if dtype in (pl.Date, pl.Datetime) or form:
        return Column(name, "date", f"dates written {form}" if form else "dates")
    if dtype == pl.Boolean or (dtype == pl.String and set(present.unique().str.to_lowercase()) <= {"true", "false"}):
        return Column(name, "boolean", "true or false")
    if dtype != pl.String:
        return Column(name, "number", "numbers")
    unread = int(values.numbers(present).null_count())
    if not unread:
        return Column(name, "number", "numbers")
    if distinct > max(FEW, len(present) / 2):
        return Column(name, "text", f"free text: {distinct} different values in {len(present)} rows")
    some = f"; {unread} of {len(present)} values are no numbers" if unread < len(present) / 2 else ""
    return Column(name, "category", f"text with {distinct} different values{some}")


def waves(column: pl.Series, clock: bool) -> list[np.ndarray]:
    """Days since 2000-01-01, and the sine and cosine of the year's, the week's and (with a clock) the day's cycle."""
    import polars as pl

    days = column.dt.timestamp("us").cast(pl.Float64).to_numpy() / DAY - 10_957
    time = days - np.floor(days)
    year = (column.dt.ordinal_day().cast(pl.Float64).to_numpy() - 1 + time) / 365.25
    week = (column.dt.weekday().cast(pl.Float64).to_numpy() - 1 + time) / 7
    cycles = (year, week, time) if clock else (year, week)
    angles = [2 * math.pi * cycle for cycle in cycles]
    return [days.astype(np.float32)] + [wave(angle).astype(np.float32) for angle in angles for wave in (np.sin, np.cos)]
