"""The schema: what the inputs and the target of a data set are, so that another source can be read the same way."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from backlit.data import images, targets
from backlit.data.columns import KINDS, Column, Feature
from backlit.data.content import Inputs
from backlit.data.loading import load
from backlit.errors import DataError, FileError, nearest

if TYPE_CHECKING:
    import polars as pl

DTYPES = ("float32", "uint8")


@dataclass(frozen=True)
class Schema:
    """What the inputs and the target are; JSON can hold it, and it never holds a row.

    Args:
        kind: 'table' or 'array'.
        task: 'regression', 'two classes' or 'many classes'.
        classes: their names, in the order of their codes; none for a regression.
        target: the name of the target, or of each.
        columns: of a table, without the target.
        input_shape: of one row of the raw matrix, without the batch axis.
        dtype: of the raw matrix: float32 or uint8.
    """

    kind: str
    task: str
    classes: tuple[str, ...] = ()
    target: tuple[str, ...] = ("y",)
    columns: tuple[Column, ...] = ()
    input_shape: tuple[int, ...] = ()
    dtype: str = "float32"

    @property
    def features(self) -> tuple[Feature, ...]:
        """The columns of a table's raw matrix: names, and numbers of categories (0 for a number)."""
        return tuple(feature for column in self.columns for feature in column.features)

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
        if isinstance(inputs, np.ndarray):
            return self
        return replace(self, columns=tuple(column.fit(inputs[column.name]) for column in self.columns))

    def rounding(self, inputs: Inputs) -> list[str]:
        """What there is to report where float32 merges different numbers of typed training rows."""
        if isinstance(inputs, np.ndarray):
            return []
        return [note for column in self.columns for note in column.rounding(inputs[column.name])]

    def encode(self, source: Any) -> tuple[np.ndarray, tuple[str, ...]]:
        """The raw matrix of a source, which needs no target.

        Columns are matched by name, in any order; an array given for a table is matched by position.

        Args:
            source: a path, the name of a data set, a frame, or an array (N, ...).

        Returns:
            The raw matrix (N, *input_shape) of `dtype`, and what there is to report.

        Raises:
            DataError: a column is missing, a value is no number where one is needed, or the shape is another.
        """
        content = load(source)
        inputs = content.inputs
        notes = list(content.notes)
        if content.parts:
            notes.append(
                f"{content.name} also holds separate {' and '.join(content.parts)} rows, which are not read here"
            )
        if self.kind == "array":
            encoded, more = self.encode_array(inputs)
        else:
            encoded, more = self.encode_table(self.frame_of(inputs) if isinstance(inputs, np.ndarray) else inputs)
        return encoded, (*notes, *more)

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
        """The array (N, *input_shape) of an array, or of a table whose columns are as many numbers."""
        notes = []
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
        """An array (N, F) as a table of the used columns, in their order."""
        import polars as pl

        names = [column.name for column in self.used]
        if inputs.ndim != 2 or inputs.shape[1] != len(names):
            raise DataError(
                f"inputs of shape {inputs.shape} where the {len(names)} columns {', '.join(names[:10])} are needed"
            )
        return pl.DataFrame({name: np.ascontiguousarray(inputs[:, place]) for place, name in enumerate(names)})

    def matrix_of(self, frame: pl.DataFrame) -> np.ndarray:
        """The columns of a table, but the target, as an array of numbers."""
        columns = [Column(name, "number") for name in frame.columns if name not in self.target]
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
        content = load(source)
        given: Any = content.targets
        if not isinstance(content.inputs, np.ndarray) and given is None and self.target[0] in content.inputs.columns:
            given = content.inputs[self.target[0]]
        if given is None:
            return None
        return targets.numbered(self.target[0], given, self.task, self.classes, len(self.target))

    def decode(self, codes: Sequence[int] | np.ndarray) -> list[str]:
        """The names of classes by their codes.

        >>> Schema("array", "two classes", ("no", "yes")).decode([1, 0])
        ['yes', 'no']
        """
        return [self.classes[int(code)] for code in codes]

    def to_json(self) -> dict[str, Any]:
        """The schema as what JSON can hold."""
        held = asdict(self)
        for name in ("classes", "target", "input_shape"):
            held[name] = list(held[name])
        held["columns"] = [
            {**asdict(column), "categories": None if column.categories is None else list(column.categories)}
            for column in self.columns
        ]
        return held

    @classmethod
    def from_json(cls, held: Any) -> Schema:
        """The schema that `to_json` wrote.

        Raises:
            FileError: a part is missing, unknown or of another type.
        """
        fields = known(held, "schema", cls.__dataclass_fields__)
        columns = []
        for place, given in enumerate(listed(fields["columns"], "columns", dict)):
            where = f"columns[{place}]"
            column = known(given, where, Column.__dataclass_fields__)
            for name, kind in {
                "name": str,
                "kind": str,
                "reason": str,
                "form": str,
                "clock": bool,
                "missing": bool,
                "origin": float,
            }.items():
                require(isinstance(column[name], kind), f"{where}.{name}", column[name])
            require(math.isfinite(column["origin"]), f"{where}.origin", column["origin"])
            require(column["kind"] in KINDS, f"{where}.kind", column["kind"])
            categories = column["categories"]
            if categories is not None:
                column["categories"] = listed(categories, f"{where}.categories", str)
            columns.append(Column(**column))
        shape = listed(fields["input_shape"], "input_shape", int)
        require(all(size >= 1 for size in shape), "input_shape", shape)
        require(fields["kind"] in ("table", "array"), "kind", fields["kind"])
        require(fields["task"] in targets.TASKS, "task", fields["task"])
        require(fields["dtype"] in DTYPES, "dtype", fields["dtype"])
        classes, target = (listed(fields[name], name, str) for name in ("classes", "target"))
        require(bool(target), "target", target)
        require((fields["task"] == "regression") == (not classes), "classes", classes)
        schema = cls(fields["kind"], fields["task"], classes, target, tuple(columns), shape, fields["dtype"])
        width = len(schema.features)
        require(schema.kind == "array" or shape == (width,), "input_shape", shape)
        return schema


def known(held: Any, where: str, names: Any) -> dict[str, Any]:
    """A dict with exactly these names."""
    require(isinstance(held, dict) and set(held) == set(names), where, held)
    return dict(held)


def listed(held: Any, where: str, kind: type) -> tuple:
    """A list of one type, as a tuple."""
    require(isinstance(held, list) and all(type(item) is kind for item in held), where, held)
    return tuple(held)


def require(right: bool, where: str, held: Any) -> None:
    """Raise a `FileError` about a part of a schema that is not right."""
    if not right:
        raise FileError(f"the data schema is not one of Backlit's: {where} is {str(held)[:80]!r}")
