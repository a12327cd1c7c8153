"""Reading a data set from any source."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from backlit.data import columns as columns_of
from backlit.data import targets, values
from backlit.data import text as texts
from backlit.data.content import Content
from backlit.data.dataset import Dataset, weights_of
from backlit.data.layout import Layout, layout_of
from backlit.data.loading import is_text, load
from backlit.data.schema import Schema
from backlit.data.sequences import Sequences
from backlit.errors import DataError, SettingError, nearest

if TYPE_CHECKING:
    import polars as pl

TARGET_NAMES = ("target", "label", "class", "y", "outcome")


class Examples(NamedTuple):
    """What a source holds, an example a row: inputs, targets if any, and of a table its other columns, as they hold
    for each example."""

    inputs: Any
    given: Any
    names: tuple[str, ...]
    frame: pl.DataFrame | None = None
    order: np.ndarray | None = None
    layout: Layout | None = None


def read(
    source: Any,
    target: str | Sequence[str] | None = None,
    *,
    y: Any = None,
    task: str | None = None,
    columns: Mapping[str, str] | None = None,
    weights: Any = None,
    order_by: str | None = None,
    sequence_by: str | None = None,
    step_by: str | None = None,
    window: int | None = None,
    horizon: int | Sequence[int] | None = None,
    text: str | None = None,
    reconstruct: bool = False,
) -> Dataset:
    """A data set from a file, a folder, a name, a frame, an array, or a list of sequences.

    Args:
        source: a path (CSV or TSV, gzipped or not, Parquet, .npz, .npy, .ts, IDX, a folder of IDX files or of images by
            class), the name of a bundled or toy set, a pandas, polars or pyarrow frame, an array (N, ...), or a list of
            arrays (T, F) or (T,) of unequal length: sequences, also as one array (N, T, F) with NaN behind their ends.
        target: the column to predict, or several columns of numbers, as a list or as 'a,b'; default the one named
            target, label, class, y or outcome, else the last.
        y: the targets of a source that has none, (N,), (N, T), or (N, ...) such as images.
        task: 'regression', 'two classes' or 'many classes'; default inferred from the target.
        columns: kinds for some columns of a table: 'number', 'boolean', 'category', 'date', 'id', 'constant', 'text' or
            'ignored'; default inferred.
        weights: of the rows: a column of the table, or numbers (N,) ≥ 0; default all the same.
        order_by: a column of times or numbers to split by; default the rows are shuffled. Of sequences, their first
            step counts; windows are made and split in its order, and have it as no input.
        sequence_by: the column of a table that tells sequences apart: the rows with one value are the steps of one
            sequence, which has one target.
        step_by: the column of times or numbers that orders the steps of a sequence; default as the rows stand.
        window: rows: every such stretch of a series, its target included, is an input, and a later value of the target
            what is to be predicted; the rows are in order of time, by `order_by` or as they stand.
        horizon: how many rows after the window's last that value is, default 1, or several numbers for as many targets.
        reconstruct: whether the inputs, as numbers, are the targets (an autoencoder); what the source has for targets
            is left out.
        text: read a file as text, its 'characters' or its 'bytes'; default characters for a .txt file that is no table.
            `window` is then how many of them an example has, default 128, and the next of each is to be predicted.

    Raises:
        DataError: the source cannot be found, read or used.
        SettingError: a kind or the task is unknown, or a name is no text.

    >>> read("iris").schema.classes
    ('setosa', 'versicolor', 'virginica')
    """
    if text is not None or (isinstance(source, str | os.PathLike) and os.path.isfile(source) and is_text(Path(source))):
        named = {"target": target, "y": y, "task": task, "columns": columns, "weights": weights, "order_by": order_by}
        named |= {"sequence_by": sequence_by, "step_by": step_by, "horizon": horizon}
        return of_text(source, text, window, {**named, "reconstruct": reconstruct or None})
    layout = layout_of(sequence_by, step_by, window, horizon, order_by)
    if reconstruct and y is not None:
        raise SettingError("reconstruct=True makes the inputs themselves the targets: leave y= out, or reconstruct")
    content = load(source, y)
    reconstructed: tuple[str, ...] = ()
    if reconstruct:
        content, reconstructed = reconstruction_of(content, target)
        target = None
    if layout and layout.window and isinstance(content.inputs, np.ndarray):
        content = series_of(content)
    notes = list(content.notes)
    weight_column = weights if isinstance(weights, str) else None
    if isinstance(content.inputs, np.ndarray | Sequences):
        if window is not None:
            raise DataError(f"window = {window!r} cuts one series, and {content.name} holds sequences: leave it out")
        named = {"target": target, "weights": weight_column, "order_by": order_by, "columns": columns}
        for setting, value in {**named, "sequence_by": sequence_by}.items():
            if value is not None:
                raise DataError(f"{setting} = {value!r} names columns, and {content.name} is an array: it has none")
        examples = Examples(content.inputs, content.targets, name_targets(content))
    else:
        check_column(content.inputs, weight_column, "weights")
        check_column(content.inputs, order_by, "order_by")
        examples = of_table(content, target, weight_column, order_by, layout, notes)
    inputs, given, names = examples.inputs, examples.given, examples.names
    if given is None:
        raise DataError(
            f"{content.name} has no targets: give them as y=, or images in a folder for each class, or "
            "reconstruct=True where the inputs themselves are to be learned"
        )
    if isinstance(given, np.ndarray) and given.ndim == 2 and given.shape[1] == 1:
        notes.append(f"targets of shape {given.shape} read as ({len(given)},)")
    found = targets.infer(" and ".join(names), given, task or content.task or None)
    notes.extend(found.notes)
    row_weights = weights_of(examples.frame, weights, len(found.present))
    kept = np.flatnonzero(found.present)
    dropped = len(found.present) - len(kept)
    if examples.frame is None:
        kind = "sequence" if isinstance(inputs, Sequences) else "array"
        dtype = "float32" if isinstance(inputs, Sequences) else str(inputs.dtype)
        matched = tuple(columns_of.Column(name, "number") for name in reconstructed)
        schema = Schema(kind, found.task, found.classes, names, matched, inputs.shape[1:], dtype)
    else:
        raw: Any = inputs.steps if isinstance(inputs, Sequences) else inputs
        typed, schema = infer_table(raw, columns or {}, Schema("table", found.task, found.classes, names))
        notes.extend(note for column in schema.used for note in column.ambiguity(raw[column.name]))
        inputs = typed
        if isinstance(examples.inputs, Sequences):
            inputs = replace(examples.inputs, steps=typed)
            shape = (inputs.longest, *schema.input_shape)
            schema = replace(schema, kind="sequence", input_shape=shape, layout=examples.layout)
    if dropped:
        notes.append(f"rows without a target, left out: {dropped:,}")
        inputs = inputs[kept]
    schema = replace(schema, target_shape=found.values.shape[1:], reconstructs=reconstruct)
    dataset = Dataset(
        name=content.name,
        inputs=inputs,
        targets=found.values,
        schema=schema,
        weights=None if row_weights is None else row_weights[kept],
        rows=kept,
        order=None if examples.order is None else examples.order[kept],
        ordered_by=order_by or ("time" if layout and layout.window else ""),
        weighted_by=weight_column or "",
        task_reason=found.reason if task or not content.task else "as the source says",
        notes=tuple(notes),
    )
    return dataset.with_parts(**content.parts)


def reconstruction_of(content: Content, target: str | Sequence[str] | None) -> tuple[Content, tuple[str, ...]]:
    """A source whose targets are its own inputs, as numbers, and the names of a table's columns among them.

    Raises:
        DataError: they are sequences, or a column that is no target holds no numbers, or has gaps.
    """
    inputs: Any = content.inputs
    if isinstance(inputs, Sequences):
        raise DataError(f"{content.name} holds sequences, and a reconstruction takes arrays, images or tables")
    if not isinstance(inputs, np.ndarray):
        left_out = (target,) if isinstance(target, str) else tuple(target or content.target)
        numbers = {name: values.numbers(inputs[name]) for name in inputs.columns if name not in left_out}
        for name, column in numbers.items():
            if column.has_nulls():
                raise DataError(
                    f"column {name!r} holds {inputs[name].filter(column.is_null())[0]!r}, and a reconstruction takes "
                    "complete columns of numbers: leave the column out of the table, or name it as the target"
                )
        inputs = np.stack([values.single(column) for column in numbers.values()], axis=1)
        again = tuple(f"{name} again" for name in numbers)
        return replace(content, inputs=inputs, targets=inputs, target=again), tuple(numbers)
    return replace(content, targets=inputs, target=("input",)), ()


def of_text(source: Any, unit: str | None, window: int | None, others: Mapping[str, Any]) -> Dataset:
    """The windows of a text, in order, each with what follows its characters."""
    for setting, value in others.items():
        if value is not None:
            raise DataError(f"{setting} = {value!r} is for tables and arrays, and {source} is read as text")
    unit = texts.check_unit(unit or "characters")
    if window is not None and (isinstance(window, bool) or not isinstance(window, int | np.integer) or window < 1):
        raise SettingError(f"window = {window!r}, but a whole number of at least 1 is needed")
    if not isinstance(source, str | os.PathLike):
        raise DataError(f"text = {unit!r} reads a file, and the data are no path")
    inputs, following = texts.read_text(Path(source)).cut(unit, int(window or texts.WINDOW))
    known = texts.vocabulary(inputs, unit)
    shape = inputs.shape[1:]
    schema = Schema(unit, "many classes", known, ("next",), (), shape, "int32", target_shape=shape)
    place = np.arange(len(inputs))
    reason = f"the next of its {unit} is to be told"
    return Dataset(Path(source).name, inputs, following, schema, None, place, place, "the text", task_reason=reason)


def of_table(
    content: Content,
    target: str | Sequence[str] | None,
    weight: str | None,
    order_by: str | None,
    layout: Layout | None,
    notes: list[str],
) -> Examples:
    """The examples that a table holds: its rows, or the sequences that a layout makes of them."""
    frame: Any = content.inputs
    whole = frame
    order: np.ndarray | None = None
    others = [weight] if weight else []
    names = name_targets(content)
    given: Any = content.targets
    if given is None:
        names = find_targets(frame, target, content, {*others, *(layout.apart if layout else ())}, notes)
    if frame.width == len(names) and given is None and not (layout and layout.window):
        only = f"one column, {names[0]!r}" if len(names) == 1 else "no columns but its targets"
        raise DataError(f"{content.name} has {only}: a target and at least one input are needed")
    if layout is None:
        if order_by is not None:
            order = values.order_of(frame[order_by], "order_by")
        if given is None:
            given, frame = targets.columns_of(frame, names), frame.drop(names)
        return Examples(frame.drop(others), given, names, whole, order)
    if given is not None:
        raise DataError("sequences and windows have their target in a column of the table: leave y= out")
    layout = replace(layout, forecast=names if layout.window else ())
    arranged = layout.arrange(frame)
    examples = layout.examples(arranged, names, others)
    arranged = arranged[: len(examples)]
    notes.append(layout.describe(arranged))
    steps: Any = arranged.steps
    if layout.window:
        order = np.arange(len(examples))
        left = {*layout.apart, *others}
        names = tuple(name for name in examples.columns if name not in others)
    else:
        if order_by is not None:
            order = values.order_of(steps[order_by], "order_by")[arranged.starts]
        left = {*layout.apart, *others, *names}
    inputs = replace(arranged, steps=steps.drop(left))
    return Examples(inputs, targets.columns_of(examples, names), names, examples, order, layout)


def series_of(content: Content) -> Content:
    """An array (T, F) or (T,) of a series as a table, with its own targets, if any, as a last column, y."""
    import polars as pl

    inputs: Any = content.inputs
    if inputs.ndim != 2 or (content.targets is not None and content.targets.ndim != 1):
        raise DataError(f"{content.name} has shape {inputs.shape}: windows are made of a series (T, F) or (T,)")
    columns = {f"column_{place}": inputs[:, place - 1] for place in range(1, inputs.shape[1] + 1)}
    if content.targets is None:
        return replace(content, inputs=pl.DataFrame(columns), notes=())
    return replace(content, inputs=pl.DataFrame({**columns, "y": content.targets}), targets=None, target=("y",))


def check_column(frame: pl.DataFrame, name: str | None, setting: str) -> None:
    """Raise a `DataError` where a named column is none of the table's, and a `SettingError` where it is no name."""
    if name is not None and not isinstance(name, str):
        raise SettingError(
            f"{setting}: {name!r}, but the name of a column is needed; {nearest(str(name), frame.columns)}"
        )
    if name is not None and name not in frame.columns:
        raise DataError(f"{setting}: no column {name!r}; {nearest(name, frame.columns)}")


def find_targets(
    frame: pl.DataFrame, target: str | Sequence[str] | None, content: Content, taken: set[str], notes: list[str]
) -> tuple[str, ...]:
    """The columns to predict: as named, as the source knows them, or the first of the usual names, or the last."""
    asked = [target] if isinstance(target, str) else list(target) if isinstance(target, list | tuple) else target
    if isinstance(target, str) and target not in frame.columns and "," in target:
        asked = [name.strip() for name in target.split(",")]
    if asked is not None and not (isinstance(asked, list) and asked):
        raise SettingError(f"target: {target!r}, but the name of a column is needed, or a list of names")
    for name in asked or ():
        check_column(frame, name, "target")
    names = tuple(asked or content.target)
    if not names:
        free = [column for column in frame.columns if column not in taken]
        lowered = {column.lower(): column for column in reversed(free)}
        name = next((lowered[known] for known in TARGET_NAMES if known in lowered), free[-1] if free else None)
        if name is None:
            raise DataError(f"{content.name} has no column left for the target")
        notes.append(f"the target is taken to be {name!r}: name another with target=")
        names = (name,)
    if len(set(names)) < len(names):
        raise DataError(f"target: {', '.join(map(repr, names))} names a column twice")
    for name in names:
        if name in taken:
            raise DataError(f"{name!r} cannot be the target and the weights, or the id or the order, at once")
        column = frame[name]
        if column.dtype.is_nested() or column.dtype.is_temporal():
            raise DataError(f"the target {name!r} holds {column.dtype}: labels or numbers are needed")
    return names


def name_targets(content: Content) -> tuple[str, ...]:
    """The names of the targets that a source keeps apart."""
    given = content.targets
    width = given.shape[1] if given is not None and given.ndim == 2 else 1
    if len(content.target) == width:
        return content.target
    return ("y",) if width == 1 else tuple(f"y{place}" for place in range(width))


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
