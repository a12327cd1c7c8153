"""What a network answers where the truth is known, row by row: what `predictions.csv` keeps of a run.

Of classes also how sure the network was, p of its answer, and what it gave the truth, p of the true class. Of numbers
the error of each row, √(mean over its targets of (y − f)²), in the units of the data.
"""

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from backlit.data import Part, Schema
from backlit.errors import FileError
from backlit.training.history import write
from backlit.training.model import Model
from backlit.writing import new_file

MOST = 10_000  # answers that are kept, evenly from all rows
MOST_CLASSES, MOST_TARGETS = 30, 20  # that have a column each
SURE, GIVEN = "p of the prediction", "p of the truth"


@dataclass(frozen=True, eq=False)
class ClassAnswers:
    """Answers that are classes.

    Attributes:
        part: 'test', 'validation', 'train', or what other data are called.
        rows: the number of each answer's row in its source, from 0 (N,).
        total: how many answers the part has; N of them are here.
        truth, predicted: codes of classes (N,).
        sure, given: the probabilities of the prediction and of the truth (N,), or None.
        chances: the probability of each class (N, K); None for many classes, or without probabilities.
        steps: the step of each answer in its row (N,), where every step has a class; else None.
    """

    part: str
    rows: np.ndarray
    total: int
    truth: np.ndarray
    predicted: np.ndarray
    sure: np.ndarray | None = None
    given: np.ndarray | None = None
    chances: np.ndarray | None = None
    steps: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def right(self) -> np.ndarray:
        """Whether each answer is the truth (N,)."""
        return self.truth == self.predicted

    def columns(self, schema: Schema) -> dict[str, Sequence[Any]]:
        """The answers as a table's columns, classes by name."""
        held: dict[str, Sequence[Any]] = {"row": self.rows.tolist()}
        if self.steps is not None:
            held["step"] = self.steps.tolist()
        held |= {"truth": schema.decode(self.truth), "prediction": schema.decode(self.predicted)}
        if self.chances is not None:
            return held | {f"p({name})": self.chances[:, k].tolist() for k, name in enumerate(schema.classes)}
        named = ((SURE, self.sure), (GIVEN, self.given))
        return held | {name: values.tolist() for name, values in named if values is not None}


@dataclass(frozen=True, eq=False)
class NumberAnswers:
    """Answers that are numbers.

    Attributes:
        part, rows, total: as for classes.
        errors: of each row (N,).
        truth, predicted: (N, T); None where they are many a row, as of images, and were read from a file.
    """

    part: str
    rows: np.ndarray
    total: int
    errors: np.ndarray
    truth: np.ndarray | None = None
    predicted: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.rows)

    def columns(self, schema: Schema) -> dict[str, Sequence[Any]]:
        """The answers as a table's columns; of many targets a row the error alone."""
        held: dict[str, Sequence[Any]] = {"row": self.rows.tolist()}
        for kind, values in (("truth", self.truth), ("prediction", self.predicted)):
            if values is not None and values.shape[1] <= MOST_TARGETS:
                held |= dict(zip(_titles(kind, schema, values.shape[1]), values.T.tolist(), strict=True))
        return held | {"error": self.errors.tolist()}


Answers: TypeAlias = ClassAnswers | NumberAnswers


def answers(model: Model, part: Part, name: str) -> Answers:
    """What a network answers to rows, to at most 10,000 of them.

    Args:
        model: the network.
        part: the rows, with their targets.
        name: what the rows are called, such as 'test'.
    """
    classes = len(model.schema.classes)
    steps = part.y.shape[1] if classes and part.y.ndim > 1 else 1
    places = np.unique(np.linspace(0, len(part) - 1, min(len(part), max(1, MOST // steps))).astype(int))
    y, rows, share = part.y[places], part.indices[places], len(part) / len(places)
    found = model.predict_encoded(part.x[places])
    if not classes:
        truth = y.reshape(len(y), -1).astype(np.float64)
        predicted = found.reshape(truth.shape).astype(np.float64)
        errors = np.sqrt(np.square(truth - predicted).mean(1))
        return NumberAnswers(name, rows, len(part), errors, truth, predicted)
    known = np.nonzero(y >= 0)
    chances, truth = found[known], y[known]
    predicted = chances.argmax(-1)
    at, total = np.arange(len(truth)), round(len(truth) * share)
    steps_of = known[1] if y.ndim > 1 else None
    if model.loss.link is None:
        return ClassAnswers(name, rows[known[0]], total, truth, predicted, steps=steps_of)
    return ClassAnswers(
        part=name,
        rows=rows[known[0]],
        total=total,
        truth=truth,
        predicted=predicted,
        sure=chances[at, predicted],
        given=chances[at, truth],
        chances=chances if steps_of is None and classes <= MOST_CLASSES else None,
        steps=steps_of,
    )


def confusions(truth: np.ndarray, predicted: np.ndarray, classes: int) -> np.ndarray:
    """How many answers of each true class (rows) are of each class (columns), (K, K).

    Args:
        truth, predicted: codes of classes (N,), from 0.
        classes: K.
    """
    return np.bincount(truth * classes + predicted, minlength=classes**2).reshape(classes, classes)


def write_answers(path: str | Path, found: Answers, schema: Schema) -> None:
    """Write answers as CSV, a line an answer: the row's number in the data, the truth, the prediction, and the
    probabilities or the error."""
    columns = found.columns(schema)
    with new_file(path) as filling, open(filling, "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(columns)
        writer.writerows(zip(*map(_texts, columns.values()), strict=True))


def read_answers(path: str | Path, schema: Schema, part: str, total: int) -> Answers:
    """The answers that `write_answers` wrote.

    Args:
        path: the file.
        schema: of the network that gave them.
        part, total: what the rows are called, and how many there are in all.

    Raises:
        FileError: it cannot be read, or is not what was written for this network.
    """
    try:
        with open(path, newline="", encoding="utf-8") as file:
            header, *lines = csv.reader(file)
        columns = dict(zip(header, zip(*lines, strict=True) if lines else [()] * len(header), strict=True))
        rows = np.array(columns["row"], np.int64)
        if not schema.classes:
            return _read_numbers(columns, schema, part, rows, total)
        return _read_classes(columns, schema, part, rows, total)
    except OSError as error:
        raise FileError(f"cannot read {path}: {error.strerror}") from None
    except (KeyError, ValueError, TypeError, csv.Error) as error:
        raise FileError(f"{path} holds no predictions of this network: {error}") from None


def _read_numbers(columns: dict[str, Any], schema: Schema, part: str, rows: np.ndarray, total: int) -> NumberAnswers:
    errors = _numbers(columns["error"])
    width = (len(columns) - 2) // 2
    truth, predicted = (
        np.array([_numbers(columns[title]) for title in _titles(kind, schema, width)]).T if width else None
        for kind in ("truth", "prediction")
    )
    return NumberAnswers(part, rows, total, errors, truth, predicted)


def _read_classes(columns: dict[str, Any], schema: Schema, part: str, rows: np.ndarray, total: int) -> ClassAnswers:
    codes = {name: code for code, name in enumerate(schema.classes)}
    truth, predicted = (np.array([codes[name] for name in columns[kind]], int) for kind in ("truth", "prediction"))
    steps = np.array(columns["step"], np.int64) if "step" in columns else None
    at, titles = np.arange(len(rows)), [f"p({name})" for name in schema.classes]
    if titles[0] in columns:
        chances = np.array([_numbers(columns[title]) for title in titles]).T.reshape(len(rows), len(titles))
        sure, given = chances[at, predicted], chances[at, truth]
        return ClassAnswers(part, rows, total, truth, predicted, sure, given, chances, steps)
    sure, given = (_numbers(columns[title]) if title in columns else None for title in (SURE, GIVEN))
    return ClassAnswers(part, rows, total, truth, predicted, sure, given, None, steps)


def _titles(kind: str, schema: Schema, width: int) -> list[str]:
    """The names of the columns of the truth or the prediction of each target."""
    if width == 1:
        return [kind]
    names = schema.target if len(schema.target) == width else map(str, range(width))
    return [f"{kind} {name}" for name in names]


def _numbers(cells: Sequence[str]) -> np.ndarray:
    values = np.array(cells, np.float64)
    if not np.isfinite(values).all():
        raise ValueError("a number is missing")
    return values


def _texts(values: Sequence[Any]) -> Iterator[Any]:
    return (write(value) if isinstance(value, float) else value for value in values)
