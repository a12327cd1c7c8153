"""A data set: inputs, targets and their schema, to be split into parts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from backlit.data import card, splitting, text
from backlit.data.columns import Column
from backlit.data.content import Inputs
from backlit.data.schema import Schema
from backlit.data.sequences import Sequences
from backlit.data.splitting import Part, Parts
from backlit.errors import DataError, SettingError

if TYPE_CHECKING:
    import polars as pl


@dataclass(frozen=True, eq=False)
class Dataset:
    """Inputs, targets and what is known about them; nothing is fitted yet.

    Args:
        name: of the source.
        inputs: an array (N, ...), a polars frame of typed columns without the target, or sequences.
        targets: int32 codes (N,), or float32 (N,) or (N, T).
        schema: what the inputs and the target are.
        weights: of the rows (N,), float32, or None.
        rows: the numbers of the rows in their source (N,).
        order: of the rows in time (N,), or None to shuffle them.
        ordered_by: the column that `order` comes from.
        weighted_by: the column that `weights` comes from.
        task_reason: why the task is what it is.
        validation: separate rows for validation, or None.
        test: separate rows for the test, or None.
        notes: what is worth knowing.
    """

    name: str
    inputs: Inputs
    targets: np.ndarray
    schema: Schema
    weights: np.ndarray | None
    rows: np.ndarray
    order: np.ndarray | None = None
    ordered_by: str = ""
    weighted_by: str = ""
    task_reason: str = ""
    validation: Dataset | None = None
    test: Dataset | None = None
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        """The number of rows, without separate parts."""
        return len(self.targets)

    def with_parts(self, validation: Any = None, test: Any = None) -> Dataset:
        """The data set with separate rows for validation, for the test, or both.

        Args:
            validation: any source that `read` takes, or a pair of a source and its targets, read as this data set is;
                or a `Dataset`; None to split them off.
            test: the same.

        Raises:
            DataError: a source has no target, or its columns, shape, targets or classes do not fit.
        """
        validation = self.validation if validation is None else self.like(validation)
        test = self.test if test is None else self.like(test)
        schema = self.schema
        if schema.kind == "sequence":  # all parts are padded to the longest of them
            parts: list[Any] = [part.inputs for part in (self, validation, test) if part is not None]
            longest = max(part.longest for part in parts)
            if schema.classes and self.targets.shape[1:] not in ((), (longest,)):
                raise DataError(
                    f"targets of shape {self.targets.shape} for sequences of up to {longest} steps, in all parts: a "
                    f"class a sequence is needed, or one a step as ({len(self)}, {longest}), −1 behind the ends"
                )
            schema = replace(schema, input_shape=(longest, *schema.input_shape[1:]))
        read = (("validation", validation), ("test", test))
        told = [f"{name}: {note}" for name, part in read if part for note in part.notes if note not in self.notes]
        return replace(self, validation=validation, test=test, schema=schema, notes=(*self.notes, *told))

    def like(self, source: Any) -> Dataset:
        """Another source, read as this one is: the same columns, task and classes."""
        if isinstance(source, Dataset):
            same: Any = self.schema.conform(source.inputs)
            return replace(source, inputs=same, targets=self.recode(source), schema=self.schema, order=None)
        if isinstance(source, tuple) and len(source) != 2:
            raise DataError(f"a separate part of {len(source)} things: a pair of inputs and targets is needed")
        content = self.schema.load(*source) if isinstance(source, tuple) else self.schema.load(source)
        found = content.targets if self.schema.kind in text.UNITS else self.schema.targets_of(content)
        if found is None:
            raise DataError(f"{content.name} has no target {self.schema.target[0]!r}, which a separate part needs")
        layout, frame = self.schema.layout, content.inputs
        weights = None
        if not isinstance(frame, np.ndarray | Sequences) and self.weighted_by in frame.columns:
            if layout is not None:
                frame = layout.examples(layout.arrange(frame), (), [self.weighted_by])
            weights = weights_of(frame, self.weighted_by, len(found))
        inputs: Any = self.schema.conform(content.inputs)
        notes = (*content.notes, *([layout.describe(inputs)] if layout else ()))
        return Dataset(
            content.name, inputs[: len(found)], found, self.schema, weights, np.arange(len(found)), notes=notes
        )

    def recode(self, other: Dataset) -> np.ndarray:
        """The targets of another data set, in the codes of this one."""
        if self.schema.kind in text.UNITS:
            return other.targets
        if other.schema.task == "regression" or self.schema.task == "regression":
            if other.schema.task != self.schema.task:
                raise DataError(f"{other.name} makes the task {other.schema.task!r}, {self.name} {self.schema.task!r}")
            if other.targets.shape[1:] != self.targets.shape[1:]:
                raise DataError(
                    f"{other.name} has targets of shape {other.targets.shape}, {self.name} {self.targets.shape}: "
                    f"a separate part needs the same number of targets"
                )
            return other.targets
        strange = sorted(set(other.schema.classes) - set(self.schema.classes))
        if strange:
            raise DataError(f"{other.name} has classes that {self.name} has not: {', '.join(strange[:5])}")
        places = np.array([self.schema.classes.index(name) for name in other.schema.classes], np.int32)
        return np.where(other.targets < 0, -1, places[other.targets])

    def split(self, fractions: Sequence[float] = (0.7, 0.15, 0.15), seed: int = 0) -> Parts:
        """Training, validation and test rows, with the schema fitted on the training rows alone.

        The rows are shuffled, every class shared out alike; or in order of time, where the data set has one; a
        separate part is used as it is, and its share goes to the others.

        Args:
            fractions: of training, validation and test; three numbers that add up to 1, default 0.7, 0.15, 0.15.
            seed: ≥ 0, default 0; the same rows on any machine.

        Raises:
            DataError: there are too few rows.
            SettingError: a fraction or the seed is out of range.
        """
        train, validation, test = splitting.check_fractions(fractions)
        if not isinstance(seed, int | np.integer) or seed < 0:
            raise SettingError(f"seed = {seed!r}, but a whole number ≥ 0 is needed")
        validation = 0.0 if self.validation is not None else validation
        test = 0.0 if self.test is not None else test
        total = train + validation + test
        shares = (train / total, validation / total, test / total)
        whole = 0
        if self.order is not None:
            overlap = self.schema.layout.overlap if self.schema.layout else 0
            rows = splitting.cut_rows(self.order, shares, overlap)
            how = f"in order of {self.ordered_by}"
            if self.schema.layout and self.schema.layout.window:
                how += ", each window in the part of the rows that it forecasts, which no other part has"
        else:
            codes = self.targets if self.schema.classes and self.targets.ndim == 1 else None
            rows, whole = splitting.shuffle_rows(len(self), shares, int(seed), codes)
            how = f"shuffled{'' if codes is None else ' and stratified by class'} (seed {seed})"
        separate = (None, self.validation, self.test)
        chosen = [self.take(share) if given is None else given for share, given in zip(rows, separate, strict=True)]
        schema = self.schema.fit(chosen[0].inputs)
        encoded = [dataset.part(schema) for dataset in chosen]
        training, *others = [part for part, _ in encoded]
        notes = schema.rounding(chosen[0].inputs)
        notes += [f"{name}: {note}" for name, (_, met) in zip(splitting.NAMES, encoded, strict=True) for note in met]
        duplicates = splitting.count_duplicates(training.x, others[1].x)
        sizes = f"{len(training):,} training, {len(others[0]):,} validation and {len(others[1]):,} test rows"
        apart = [name for name, given in zip(splitting.NAMES, separate, strict=True) if given is not None]
        said = [f"{sizes}, {how}"]
        if apart:
            said.append(f"the {' and '.join(apart)} rows are separate, used as given")
        if whole:
            said.append(f"classes with fewer than 3 rows, in training alone: {whole}")
        said.append(f"{duplicates:,} of {len(others[1]):,} test rows also occur in training")
        return Parts(training, others[0], others[1], schema, "; ".join(said), duplicates, tuple(notes))

    def take(self, rows: np.ndarray) -> Dataset:
        """Some rows of the data set, without separate parts."""
        return replace(
            self,
            inputs=self.inputs[rows],
            targets=self.targets[rows],
            weights=None if self.weights is None else self.weights[rows],
            rows=self.rows[rows],
            order=None,
            validation=None,
            test=None,
        )

    def part(self, schema: Schema) -> tuple[Part, list[str]]:
        """The rows encoded by a fitted schema, and what there is to report."""
        x, notes = schema.encode_inputs(self.inputs)
        targets = text.encode(self.targets, schema.classes)[0] if schema.kind in text.UNITS else self.targets
        return Part(x, targets, self.weights, self.rows), notes

    def card(self) -> card.Card:
        """What the data set holds, for a person to read."""
        schema = self.schema
        name = " and ".join(schema.target)
        rows = [
            ("rows", f"{len(self):,}"),
            ("inputs", card.describe_inputs(self.inputs, schema)),
            ("target", f"{name}: {card.describe_targets(self.targets, schema)}"),
            ("task", f"{schema.task} ({self.task_reason})"),
        ]
        rows += [
            (word, f"{len(part):,} separate rows")
            for word, part in (("validation", self.validation), ("test", self.test))
            if part
        ]
        if self.weights is not None:
            rows.append(("weights", f"{self.weights.min():g} to {self.weights.max():g}"))
        table: Any = self.inputs.steps if isinstance(self.inputs, Sequences) else self.inputs
        if isinstance(table, np.ndarray):
            return card.Card(self.name, tuple(rows), notes=self.notes)
        columns = tuple(card.describe_column(column, table[column.name]) for column in schema.columns)
        return card.Card(self.name, tuple(rows), columns, self.notes)


def weights_of(frame: pl.DataFrame | None, weights: Any, count: int) -> np.ndarray | None:
    """The weights of the rows, from a column or as given."""
    if weights is None:
        return None
    if isinstance(weights, str) and frame is not None:
        return check_weights(Column(weights, "number").typed(frame[weights]).to_numpy(), count)
    try:
        given = np.asarray(weights)
    except ValueError:
        raise DataError(f"ragged weights for {count} rows: one number a row is needed") from None
    return check_weights(given, count)


def check_weights(weights: np.ndarray, count: int) -> np.ndarray:
    """Weights of rows as float32 (N,).

    Raises:
        DataError: they are not one number ≥ 0 a row, or all are 0.
    """
    if weights.shape != (count,) or weights.dtype.kind not in "biuf":
        raise DataError(
            f"weights of shape {weights.shape}, {weights.dtype}, for {count} rows: one number a row is needed"
        )
    numbers = weights.astype(np.float32)
    wrong = ~(np.isfinite(numbers) & (numbers >= 0))
    if wrong.any():
        row = int(np.argmax(wrong))
        raise DataError(f"the weight of row {row} (counted from 0) is {numbers[row]}: a finite number ≥ 0 is needed")
    if not numbers.any():
        raise DataError("all weights are 0: at least one row has to count")
    return numbers
