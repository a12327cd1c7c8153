"""The data card: what a data set holds, for a person to read before training on it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from backlit.data.columns import Column
from backlit.data.content import Inputs
from backlit.data.schema import Schema
from backlit.data.sequences import Sequences
from backlit.data.text import UNITS

if TYPE_CHECKING:
    import polars as pl

HEADER = ("column", "kind", "missing", "values")


@dataclass(frozen=True)
class Card:
    """A data set described.

    Args:
        title: its name.
        rows: pairs of a word and what there is to say.
        columns: of a table, one row each under `HEADER`.
        notes: what is worth knowing besides.
    """

    title: str
    rows: tuple[tuple[str, str], ...]
    columns: tuple[tuple[str, str, str, str], ...] = ()
    notes: tuple[str, ...] = ()

    def __str__(self) -> str:
        """The card as plain text."""
        return "\n".join(self.lines())

    def lines(self) -> Iterator[str]:
        """The lines of the plain text."""
        yield self.title
        left = max(len(word) for word, _ in self.rows)
        yield from (f"  {word:<{left}}  {said}" for word, said in self.rows)
        if self.columns:
            table = (HEADER, *self.columns)
            widths = [max(len(row[place]) for row in table) for place in range(3)]
            yield ""
            for row in table:
                yield (
                    "  "
                    + "  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=False))
                    + "  "
                    + row[3]
                )
        if self.notes:
            yield ""
            yield from (f"  · {note}" for note in self.notes)


def describe_inputs(inputs: Inputs, schema: Schema) -> str:
    """One line about the inputs."""
    if isinstance(inputs, Sequences):
        windows = schema.layout and schema.layout.window
        made = f"{len(inputs):,} windows of {windows:,} rows" if windows else inputs.describe()
        return f"{made}, {describe_features(schema)}"
    if schema.kind in UNITS:
        return f"{len(inputs):,} windows of {schema.input_shape[0]} {schema.kind}"
    if isinstance(inputs, np.ndarray):
        shape = "×".join(map(str, schema.input_shape))
        return f"{shape} {schema.dtype}, {inputs.min():.4g} to {inputs.max():.4g}"
    return describe_features(schema)


def describe_features(schema: Schema) -> str:
    """How many columns are used and how many are not, or how many features sequences have that are no table's."""
    if not schema.columns:
        return f"{schema.input_shape[-1]} features"
    used = len(schema.used)
    dropped = len(schema.columns) - used
    return f"{used} columns" + (f", and {dropped} left out" if dropped else "")


def describe_targets(values: np.ndarray, schema: Schema) -> str:
    """One line about the targets."""
    if schema.kind in UNITS:
        return f"the next of {len(schema.classes)} {schema.kind}, at every step"
    if schema.classes:
        sizes = np.bincount(values[values >= 0], minlength=len(schema.classes))
        pairs = [f"{name} {size:,}" for name, size in zip(schema.classes, sizes, strict=True)]
        return ", ".join(pairs[:12]) + (f", … ({len(pairs)} classes)" if len(pairs) > 12 else "")
    columns = values[:, None] if values.ndim == 1 else values
    ranges = [describe_numbers(column) for column in columns.T]
    return ranges[0] if len(ranges) == 1 else "; ".join(f"{n} {r}" for n, r in zip(schema.target, ranges, strict=True))


def describe_numbers(numbers: np.ndarray) -> str:
    """The range and the mean of numbers."""
    return f"{numbers.min():.4g} to {numbers.max():.4g}, mean {numbers.mean():.4g}" if len(numbers) else "none"


def describe_column(column: Column, values: pl.Series) -> tuple[str, str, str, str]:
    """One row of the table of columns."""
    missing = f"{values.null_count():,}" if values.null_count() else ""
    present = values.drop_nulls()
    if not column.used:
        said = column.reason
    elif column.kind == "category":
        common = present.value_counts(sort=True).head(4).rows()
        said = f"{present.n_unique()}: " + ", ".join(f"{label} ({size})" for label, size in common)
        said += ", …" if present.n_unique() > 4 else ""
        said += f" [{column.reason.partition('; ')[2]}]" if "; " in column.reason else ""
    elif column.kind == "date":
        first, last = (str(day).replace(" 00:00:00", "") for day in (present.min(), present.max()))
        said = f"{first} to {last}"
    else:
        said = describe_numbers(present.to_numpy())
    return column.name, column.kind, missing, said
