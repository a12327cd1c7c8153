"""The schema: what the inputs and the target of a data set are, so that another source can be read the same way."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from backlit.data import images, sequences, targets, text
from backlit.data.columns import Column, Feature
from backlit.data.content import Content, Inputs
from backlit.data.layout import Layout
from backlit.data.loading import load
from backlit.data.records import known, listed, require
from backlit.data.sequences import Sequences
from backlit.errors import DataError, nearest

if TYPE_CHECKING:
    import polars as pl

DTYPES = ("float32", "uint8", "int32")


@dataclass(frozen=True)
class Schema:
    """What the inputs and the target are; JSON can hold it, and it never holds a row.

    Args:
        kind: 'table', 'array' or 'sequence'; of a text 'characters' or 'bytes'.
        task: 'regression', 'two classes' or 'many classes'.
        classes: their names, in the order of their codes; none for a regression.
        target: the name of the target, or of each.
        columns: of a table, without the target; of an array those that a table for it is read by, or none.
        input_shape: of one row of the raw matrix, without the batch axis; of a sequence (T, F), T the longest known.
        dtype: of the raw matrix: float32, uint8, or int32 of text.
        layout: how the rows of a table become sequences, or None.
        target_shape: of one example's target: (), (T,) for T targets, or that of an image.
        reconstructs: whether the target is the input itself, as numbers.
    """

    kind: str
    task: str
    classes: tuple[str, ...] = ()
    target: tuple[str, ...] = ("y",)
    columns: tuple[Column, ...] = ()
    input_shape: tuple[int, ...] = ()
    dtype: str = "float32"
    layout: Layout | None = None
    target_shape: tuple[int, ...] = ()
    reconstructs: bool = False

    @property
    def features(self) -> tuple[Feature, ...]:
        """The columns of a table's raw matrix: names, and numbers of categories (0 for a number)."""
        columns = () if self.kind == "array" else self.columns
        return tuple(feature for column in columns for feature in column.features)

    @property
    def used(self) -> tuple[Column, ...]:
        """The columns of a table that become part of the input."""
        return tuple(column for column in self.columns if column.used)

    @property
    def labels(self) -> np.ndarray:
        """The classes as values (K,), in the order of their codes: whole numbers or truth values where they read as
        such, else text.

        >>> Schema("array", "two classes", ("0", "1")).labels
        array([0, 1])
        """
        if set(self.classes) <= {"False", "True"}:
            return np.asarray([name == "True" for name in self.classes])
        if all(re.fullmatch(r"0|-?[1-9]\d{0,17}", name) for name in self.classes):
            return np.asarray([int(name) for name in self.classes])
        return np.asarray(self.classes)

    def fit(self, inputs: Inputs) -> Schema:
        """The schema with the vocabularies, origins and marks for missing values of these rows: the training rows."""
        inputs = inputs.steps if isinstance(inputs, Sequences) else inputs
        if self.kind in text.UNITS:
            return replace(self, classes=text.vocabulary(inputs, self.kind))
        if isinstance(inputs, np.ndarray):
            return self
        return replace(self, columns=tuple(column.fit(inputs[column.name]) for column in self.columns))

    def rounding(self, inputs: Inputs) -> list[str]:
        """What there is to report where float32 merges different numbers of typed training rows."""
        inputs = inputs.steps if isinstance(inputs, Sequences) else inputs
        if isinstance(inputs, np.ndarray):
            return []
        return [note for column in self.columns for note in column.rounding(inputs[column.name])]

    def encode(self, source: Any) -> tuple[np.ndarray, tuple[str, ...]]:
        """The raw matrix of a source, which needs no target.

        Columns are matched by name, in any order; an array given for a table is matched by position. Sequences may be
        longer than any before, and the matrix with them. Of a series every window is a row.

        Args:
            source: a path, the name of a data set, a frame, an array (N, ...), or a list of arrays.

        Returns:
            The raw matrix (N, *input_shape) of `dtype`, and what there is to report.

        Raises:
            DataError: a column is missing, a value is no number where one is needed, or the shape is another.
        """
        content = self.load(source)
        notes = list(content.notes)
        if content.parts:
            notes.append(
                f"{content.name} also holds separate {' and '.join(content.parts)} rows, which are not read here"
            )
        if content.skipped:
            raise DataError(
                f"{content.name}: {images.unreadable(content.skipped)}; an answer for each is asked: replace or remove "
                f"them"
            )
        try:
            encoded, more = self.encode_inputs(content.inputs)
        except DataError as error:
            raise DataError(f"{content.name}: {error}") from None
        return encoded, (*notes, *more)

    def load(self, source: Any, y: Any = None) -> Content:
        """What a source holds; the array (T, F) of a series, with targets (T,) if any, as the table that it stands for.

        Raises:
            DataError: the source cannot be found or read, the array has another number of columns, or there are
                targets where the inputs themselves are.
        """
        if self.reconstructs and y is not None:
            raise DataError("the network reconstructs its inputs, which are the targets: leave y out")
        if self.kind in text.UNITS and isinstance(source, str | os.PathLike) and os.path.isfile(source):
            whole: Any = text.read_text(Path(source))
            source = Content(whole.name, whole)
        content = load(source, y)
        if self.kind in text.UNITS:
            return text.windows(content, self.kind, self.input_shape[0])
        if self.layout is None or not self.layout.window or not isinstance(content.inputs, np.ndarray):
            return content
        columns = content.inputs.reshape(len(content.inputs), -1)
        if content.targets is not None:
            columns = np.column_stack([columns, content.targets])
        frame = self.frame_of(columns)
        if self.layout.step_by:
            frame = frame.with_row_index(self.layout.step_by)
        return replace(content, inputs=frame, targets=None)

    def name_examples(self, source: Any) -> pl.Series | None:
        """What tells the examples of a table apart; None: nothing does.

        It is the column of ids, what tells sequences apart, or the time of the last row of each window.
        """
        layout, frame = self.layout, self.load(source).inputs
        if isinstance(frame, np.ndarray | Sequences):
            return None
        if layout is None:
            ids = (column.name for column in self.columns if column.kind == "id" and column.name in frame.columns)
            return next((frame[name] for name in ids), None)
        return layout.names(layout.arrange(frame)) if layout.apart else None

    def conform(self, inputs: Inputs) -> Inputs:
        """Inputs in the form of this data's: an array of its shape, a table, or sequences.

        Raises:
            DataError: they cannot have it.
        """
        if self.kind in text.UNITS:
            return inputs
        if self.kind == "sequence":
            return self.sequences_of(inputs)
        if self.kind == "array":
            return self.encode_array(inputs)[0]
        if isinstance(inputs, Sequences):
            raise DataError(f"{inputs.describe()} where the shape {self.input_shape} is needed, as in training")
        return self.frame_of(inputs) if isinstance(inputs, np.ndarray) else inputs

    def encode_inputs(self, inputs: Inputs) -> tuple[np.ndarray, list[str]]:
        """The raw matrix of inputs, and what there is to report."""
        if self.kind in text.UNITS:
            return text.encode(inputs, self.classes)
        if self.kind == "array":
            return self.encode_array(inputs)
        held: Any = self.conform(inputs)
        if not isinstance(held, Sequences):
            return self.encode_table(held)
        steps: Any = held.steps
        numbers, notes = (steps, []) if isinstance(steps, np.ndarray) else self.encode_table(steps)
        return held.pad(numbers, self.input_shape[0]), notes

    def sequences_of(self, inputs: Inputs) -> Sequences:
        """Sequences with the features, or the columns, of this data's."""
        found: Any = inputs
        if isinstance(inputs, np.ndarray):
            if inputs.ndim == 2 and self.input_shape[1] == 1:
                inputs = inputs[..., None]
            if inputs.ndim != 3:
                raise DataError(f"inputs of shape {inputs.shape} where (N, T, {self.input_shape[1]}) is needed")
            found = sequences.of_padded(inputs, "the inputs")
        elif not isinstance(inputs, Sequences):
            if self.layout is None:
                raise DataError("a table where sequences are needed, as in training: give a list of arrays (T, F)")
            found = self.layout.arrange(inputs)
            found = replace(found, steps=found.steps.drop(self.layout.apart))
        if isinstance(found.steps, np.ndarray) and self.columns:
            return replace(found, steps=self.frame_of(found.steps))
        if not self.columns and found.shape[2] != self.input_shape[1]:
            raise DataError(f"sequences of {found.shape[2]} features where {self.input_shape[1]} are needed")
        return found

    def encode_table(self, frame: pl.DataFrame) -> tuple[np.ndarray, list[str]]:
        """The raw matrix (N, F) of a table's rows, float32, and what there is to report."""
        import polars as pl

        notes = []
        absent = [column for column in self.used if column.name not in frame.columns]
        needed = [column.name for column in absent if not column.missing]
        if needed:
            hints = nearest(needed[0], [name for name in frame.columns if name not in self.target])
            raise DataError(f"no column {', '.join(map(repr, needed))}, which the network was trained on; {hints}")
        if absent:
            notes.append(f"missing columns, filled as missing values: {', '.join(column.name for column in absent)}")
            frame = frame.with_columns(pl.lit(None, dtype=pl.String).alias(column.name) for column in absent)
        known = {column.name for column in self.columns}
        extra = [name for name in frame.columns if name not in known and name not in self.target]
        if extra:
            notes.append(f"columns not in training, ignored: {', '.join(extra)}")
        encoded = []
        for column in self.used:
            features, more = column.encode(frame[column.name])
            notes.extend(more)
            encoded.extend(features)
        return np.stack(encoded, axis=1), notes

    def encode_array(self, inputs: Inputs) -> tuple[np.ndarray, list[str]]:
        """The array (N, *input_shape) of an array, of sequences of one length, or of a table of as many numbers."""
        notes = []
        if isinstance(inputs, Sequences):
            if (inputs.lengths != inputs.longest).any():
                raise DataError(f"{inputs.describe()} where the shape {self.input_shape} is needed, as in training")
            inputs = inputs.pad()
        if not isinstance(inputs, np.ndarray):
            inputs = self.matrix_of(inputs)
        if self.dtype == "uint8" and inputs.ndim == 4 and inputs.shape[1:3] == self.input_shape[:2]:
            if inputs.dtype == np.uint8 and inputs.shape[3] != self.input_shape[2]:
                inputs = images.with_channels(inputs, self.input_shape[2])
                notes.append(f"images read with {self.input_shape[2]} channels, as in training")
        elif inputs.shape[1:] == self.input_shape[:-1] and self.input_shape[-1] == 1:
            inputs = inputs[..., None]
        if inputs.shape[1:] != self.input_shape:
            raise DataError(
                f"inputs of shape {inputs.shape} where (N, {', '.join(map(str, self.input_shape))}) is needed"
            )
        if self.dtype == "uint8" and inputs.dtype != np.uint8:
            low, high = inputs.min(), inputs.max()
            if low < 0 or high > 255 or (inputs != np.round(inputs)).any():
                raise DataError(
                    f"inputs from {low:g} to {high:g} where whole numbers from 0 to 255 are needed, as in training"
                )
        return inputs.astype(self.dtype, copy=False), notes

    def frame_of(self, inputs: np.ndarray) -> pl.DataFrame:
        """An array (N, F) as a table of the used columns, or of all, in their order."""
        import polars as pl

        names = [column.name for column in self.used]
        if inputs.shape[1:] == (len(self.columns),):
            names = [column.name for column in self.columns]
        if inputs.ndim != 2 or inputs.shape[1] != len(names):
            raise DataError(
                f"inputs of shape {inputs.shape} where the {len(names)} columns {', '.join(names[:10])} are needed"
            )
        return pl.DataFrame({name: np.ascontiguousarray(inputs[:, place]) for place, name in enumerate(names)})

    def matrix_of(self, frame: pl.DataFrame) -> np.ndarray:
        """The columns of a table that training had, by name, or all but the target, as an array of numbers."""
        columns = [Column(name, "number") for name in frame.columns if name not in self.target]
        if self.columns:
            absent = [column.name for column in self.columns if column.name not in frame.columns]
            if absent:
                hints = nearest(absent[0], frame.columns)
                raise DataError(f"no column {', '.join(map(repr, absent))}, which the network was trained on; {hints}")
            columns = list(self.columns)
        width = self.input_shape[0]
        if len(self.input_shape) != 1 or len(columns) != width:
            raise DataError(
                f"a table of {len(columns)} columns where an array (N, {', '.join(map(str, self.input_shape))}) "
                f"is needed"
            )
        found = [column.encode(frame[column.name])[0][0] for column in columns]
        gap = next(
            (column.name for column, numbers in zip(columns, found, strict=True) if np.isnan(numbers).any()), None
        )
        if gap is not None:
            raise DataError(f"column {gap!r} has missing values, and the network was trained without any: fill them in")
        return np.stack(found, axis=1)

    def targets_of(self, source: Any) -> np.ndarray | None:
        """The targets of a source: int32 codes (N,), or float32 (N,) or (N, T); None where it has none.

        Raises:
            DataError: a target is missing, is no number, or is outside the classes.
        """
        content = self.load(source)
        if self.kind in text.UNITS:
            return text.encode(content.targets, self.classes)[0]
        given: Any = self.encode_inputs(content.inputs)[0] if self.reconstructs else content.targets
        frame: Any = content.inputs
        if given is None and not isinstance(frame, np.ndarray | Sequences):
            names = (self.layout and self.layout.forecast) or self.target
            if not set(names) <= set(frame.columns):
                return None
            if self.layout is not None:
                frame = self.layout.examples(self.layout.arrange(frame), names)
                names = self.target
            given = targets.columns_of(frame, names)
        if given is None:
            return None
        shape = self.target_shape
        if shape and self.classes and self.kind == "sequence":
            shape = (max(self.sequences_of(content.inputs).longest, self.input_shape[0]),)
        return targets.numbered(self.target[0], given, self.task, self.classes, shape)

    def decode(self, codes: Sequence[int] | np.ndarray) -> list[str]:
        """The names of classes by their codes.

        >>> Schema("array", "two classes", ("no", "yes")).decode([1, 0])
        ['yes', 'no']
        """
        return [self.classes[int(code)] for code in codes]

    def to_json(self) -> dict[str, Any]:
        """The schema as what JSON can hold."""
        held = asdict(self)
        for name in ("classes", "target", "input_shape", "target_shape"):
            held[name] = list(held[name])
        held["layout"] = None if self.layout is None else self.layout.to_json()
        held["columns"] = [column.to_json() for column in self.columns]
        return held

    @classmethod
    def from_json(cls, held: Any) -> Schema:
        """The schema that `to_json` wrote.

        Raises:
            FileError: a part is missing, unknown or of another type.
        """
        fields = known(held, "schema", cls.__dataclass_fields__)
        held_columns = enumerate(listed(fields["columns"], "columns", dict))
        columns = tuple(Column.from_json(column, f"columns[{place}]") for place, column in held_columns)
        layout = None if fields["layout"] is None else Layout.from_json(fields["layout"])
        shape = listed(fields["input_shape"], "input_shape", int)
        of_target = listed(fields["target_shape"], "target_shape", int)
        require(all(size >= 1 for size in (*shape, *of_target)), "input_shape or target_shape", (shape, of_target))
        require(isinstance(fields["reconstructs"], bool), "reconstructs", fields["reconstructs"])
        require(fields["kind"] in ("table", "array", "sequence", *text.UNITS), "kind", fields["kind"])
        require(fields["task"] in targets.TASKS, "task", fields["task"])
        require(fields["dtype"] in DTYPES, "dtype", fields["dtype"])
        classes, target = (listed(fields[name], name, str) for name in ("classes", "target"))
        require(bool(target), "target", target)
        require((fields["task"] == "regression") == (not classes), "classes", classes)
        schema = cls(
            fields["kind"],
            fields["task"],
            classes,
            target,
            columns,
            shape,
            fields["dtype"],
            layout,
            of_target,
            fields["reconstructs"],
        )
        width = len(schema.features)
        require(schema.kind != "table" or shape == (width,), "input_shape", shape)
        require(schema.kind != "sequence" or (len(shape) == 2 and width in (0, shape[1])), "input_shape", shape)
        return schema
