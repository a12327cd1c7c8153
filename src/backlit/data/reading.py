"""Reading a data set from any source."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from backlit.data import columns as columns_of
from backlit.data import targets, values
from backlit.data.content import Content
from backlit.data.dataset import Dataset, weights_of
from backlit.data.loading import load
from backlit.data.schema import Schema
from backlit.errors import DataError, SettingError, nearest

if TYPE_CHECKING:
    import polars as pl

TARGET_NAMES = ("target", "label", "class", "y", "outcome")


def read(
    source: Any,
    target: str | None = None,
    *,
    y: Any = None,
    task: str | None = None,
    columns: Mapping[str, str] | None = None,
    weights: Any = None,
    order_by: str | None = None,
) -> Dataset:
    """A data set from a file, a folder, a name, a frame or an array.

    Args:
        source: a path (CSV or TSV, gzipped or not, Parquet, .npz, .npy, IDX, a folder of IDX files or of images by
            class), the name of a bundled or toy set, a pandas, polars or pyarrow frame, or an array (N, ...).
        target: the column to predict; default the one named target, label, class, y or outcome, else the last.
        y: the targets of a source that has none, (N,) or (N, T).
        task: 'regression', 'two classes' or 'many classes'; default inferred from the target.
        columns: kinds for some columns of a table: 'number', 'boolean', 'category', 'date', 'id', 'constant', 'text' or
            'ignored'; default inferred.
        weights: of the rows: a column of the table, or numbers (N,) ≥ 0; default all the same.
        order_by: a column of times or numbers to split by; default the rows are shuffled.

    Raises:
        DataError: the source cannot be found, read or used.
        SettingError: a kind or the task is unknown, or a name is no text.

    >>> read("iris").schema.classes
    ('setosa', 'versicolor', 'virginica')
    """
    content = load(source, y)
    notes = list(content.notes)
    weight_column = weights if isinstance(weights, str) else None
    inputs: Any = content.inputs
    given: Any = content.targets
    if isinstance(inputs, np.ndarray):
        named = {"target": target, "weights": weight_column, "order_by": order_by, "columns": columns}
        for setting, value in named.items():
            if value is not None:
                raise DataError(f"{setting} = {value!r} names columns, and {content.name} is an array: it has none")
        frame = None
    else:
        frame = inputs
        check_column(frame, weight_column, "weights")
        check_column(frame, order_by, "order_by")
        if given is None:
            name, given = find_target(frame, target, content, weight_column, notes)
            inputs = frame.drop(name)
            content = replace(content, target=(name,))
    if given is None:
        raise DataError(f"{content.name} has no targets: give them as y=, or images in a folder for each class")
    names = name_targets(content)
    if isinstance(given, np.ndarray) and given.ndim == 2 and given.shape[1] == 1:
        notes.append(f"targets of shape {given.shape} read as ({len(given)},)")
    found = targets.infer(" and ".join(names), given, task)
    notes.extend(found.notes)
    row_weights = weights_of(frame, weights, len(found.present))
    order = None if order_by is None or frame is None else order_of(frame[order_by])
    if weight_column:
        inputs = inputs.drop(weight_column)
    kept = np.flatnonzero(found.present)
    dropped = len(found.present) - len(kept)
    if frame is None:
        schema = Schema("array", found.task, found.classes, names, (), inputs.shape[1:], str(inputs.dtype))
    else:
        raw = inputs
        inputs, schema = infer_table(raw, columns or {}, Schema("table", found.task, found.classes, names))
        notes.extend(note for column in schema.used for note in column.ambiguity(raw[column.name]))
    if dropped:
        notes.append(f"rows without a target, left out: {dropped:,}")
        inputs = inputs[kept]
    dataset = Dataset(
        name=content.name,
        inputs=inputs,
        targets=found.values,
        schema=schema,
        weights=None if row_weights is None else row_weights[kept],
        rows=kept,
        order=None if order is None else order[kept],
        ordered_by=order_by or "",
        weighted_by=weight_column or "",
        task_reason=found.reason,
        notes=tuple(notes),
    )
    return dataset.with_parts(**content.parts)


def check_column(frame: pl.DataFrame, name: str | None, setting: str) -> None:
    """Raise a `DataError` where a named column is none of the table's, and a `SettingError` where it is no name."""
    if name is not None and not isinstance(name, str):
        raise SettingError(
            f"{setting}: {name!r}, but the name of a column is needed; {nearest(str(name), frame.columns)}"
        )
    if name is not None and name not in frame.columns:
        raise DataError(f"{setting}: no column {name!r}; {nearest(name, frame.columns)}")


def find_target(
    frame: pl.DataFrame, target: str | None, content: Content, taken: str | None, notes: list[str]
) -> tuple[str, pl.Series]:
    """The column to predict."""
    check_column(frame, target, "target")
    name = target or next(iter(content.target), None)
    if name is None:
        free = [column for column in frame.columns if column != taken]
        lowered = {column.lower(): column for column in reversed(free)}
        name = next((lowered[known] for known in TARGET_NAMES if known in lowered), free[-1] if free else None)
        if name is None:
            raise DataError(f"{content.name} has no column left for the target")
        notes.append(f"the target is taken to be {name!r}: name another with target=")
    if frame.width < 2:
        raise DataError(f"{content.name} has one column, {name!r}: a target and at least one input are needed")
    if name == taken:
        raise DataError(f"{name!r} cannot be the target and the weights at once")
    column = frame[name]
    if column.dtype.is_nested() or column.dtype.is_temporal():
        raise DataError(f"the target {name!r} holds {column.dtype}: labels or numbers are needed")
    return name, column


def name_targets(content: Content) -> tuple[str, ...]:
    """The names of the targets that a source keeps apart."""
    given = content.targets
    width = given.shape[1] if given is not None and given.ndim == 2 else 1
    if len(content.target) == width:
        return content.target
    return ("y",) if width == 1 else tuple(f"y{place}" for place in range(width))


def order_of(column: pl.Series) -> np.ndarray:
    """The order of the rows in time, as numbers."""
    times = values.dates(column).dt.timestamp("us")
    times = values.numbers(column) if times.null_count() == len(times) else times
    if times.has_nulls():
        row = int(times.is_null().arg_max() or 0)
        raise DataError(
            f"order_by {column.name!r}: {column[row]!r} in row {row} (counted from 0) is no date and no number"
        )
    return times.to_numpy()


def infer_table(frame: pl.DataFrame, kinds: Mapping[str, str], schema: Schema) -> tuple[pl.DataFrame, Schema]:
    """The typed columns of a table, and the schema with them."""
    if not isinstance(kinds, Mapping):
        raise SettingError(
            f"columns = {kinds!r}: kinds by name are needed, such as {{{frame.columns[0]!r}: 'category'}}"
        )
    for name in kinds:
        check_column(frame, name, "columns")
    found = tuple(columns_of.infer(frame[name], kinds.get(name)) for name in frame.columns)
    schema = replace(schema, columns=found)
    if not schema.used:
        reasons = "; ".join(f"{column.name}: {column.kind}, {column.reason}" for column in found)
        raise DataError(f"no column is left for the inputs ({reasons}): name the kinds of some with columns=")
    typed = frame.with_columns(column.typed(frame[column.name]) for column in found)
    return typed, replace(schema, input_shape=(len(schema.features),))
