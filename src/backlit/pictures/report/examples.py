"""The worst answers of a network with what it was shown: pictures, a table's columns, sequences, passages of text."""

from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from io import BytesIO
from math import isqrt
from typing import TYPE_CHECKING, Any

import numpy as np

from backlit.alignment import number
from backlit.data import Part, Schema
from backlit.training.answers import Answers, ClassAnswers, NumberAnswers

if TYPE_CHECKING:
    from polars import DataFrame

MOST, PASSAGES = 12, 2
MOST_COLUMNS, MOST_SERIES, MOST_STEPS, MOST_TOKENS = 40, 4, 200, 400
LEAST_SQUARE = 36  # numbers that may be a picture's


@dataclass(frozen=True)
class Example:
    """One answer, as a report shows it and JSON holds it.

    Attributes:
        row: its number in the data.
        truth, prediction: as words; '' where they are no words.
        chance: the probability of the prediction, or None.
        given: the probability of the truth, or None.
        error: of numbers, or None.
        kind: what `shown` is: 'picture', 'columns', 'series' or 'passage'.
        shown: addresses of pictures by title; texts by column; numbers by feature; or the steps of a passage, each
            with the truth, the prediction and the truth's probability.
    """

    row: int
    truth: str
    prediction: str
    chance: float | None
    given: float | None
    error: float | None
    kind: str
    shown: Any


def worst_examples(schema: Schema, found: Answers, part: Part, frame: "DataFrame | None") -> tuple[Example, ...]:
    """The worst answers to rows, the worst first.

    Args:
        schema: of the network.
        found: its answers.
        part: the rows that were asked, encoded.
        frame: the same rows as a table, where they are one.
    """
    if isinstance(found, ClassAnswers) and found.steps is not None:
        return _passages(schema, found)
    places = {int(row): place for place, row in enumerate(part.indices)}
    show = Shower(schema, part.x, frame)
    examples = []
    for k in worst(found).tolist():
        place = places[int(found.rows[k])]
        if isinstance(found, ClassAnswers):
            truth, said = schema.decode([found.truth[k], found.predicted[k]])
            chance, given = (None if p is None else float(p[k]) for p in (found.sure, found.given))
            kind, shown = show(place)
            examples.append(Example(int(found.rows[k]), truth, said, chance, given, None, kind, shown))
        else:
            assert found.truth is not None
            assert found.predicted is not None
            kind, shown = show(place, found.predicted[k] if schema.reconstructs else None)
            words = ("", "") if schema.reconstructs else (_words(found.truth[k]), _words(found.predicted[k]))
            examples.append(Example(int(found.rows[k]), *words, None, None, float(found.errors[k]), kind, shown))
    return tuple(examples)


def worst(found: Answers) -> np.ndarray:
    """The places of the worst answers: the least probable truths, or the largest errors; wrong ones, where classes have
    no probabilities."""
    if isinstance(found, NumberAnswers):
        return np.argsort(-found.errors, kind="stable")[:MOST]
    if found.given is None:
        return np.flatnonzero(~found.right)[:MOST]
    order = np.lexsort((found.given, found.right))
    return order[: max(MOST // 2, min(MOST, int((~found.right).sum())))]


class Shower:
    """Shows what the network was shown of a row.

    Args:
        schema: of the network.
        x: the encoded rows (N, ...).
        frame: the rows as a table, or None.
    """

    def __init__(self, schema: Schema, x: np.ndarray, frame: "DataFrame | None") -> None:
        self.schema, self.x, self.frame = schema, x, frame
        self.shape = picture_shape(schema, x)
        whole = x.dtype == np.uint8 or not self.shape
        self.range = (0.0, 255.0) if whole else (float(np.min(x, initial=0)), float(np.max(x, initial=0)))

    def __call__(self, place: int, answer: np.ndarray | None = None) -> tuple[str, Any]:
        """The kind, and what is shown; `answer` is what the network made of the row, where it makes the row again."""
        row = self.x[place]
        if self.shape:
            pictures = {"input": row} | ({} if answer is None else {"answer": answer})
            return "picture", {name: self.picture(values) for name, values in pictures.items()}
        if self.schema.kind == "sequence":
            return "series", self.series(row)
        if self.frame is not None:
            held = self.frame.row(place, named=True)
        else:
            held = {str(k): value for k, value in enumerate(row.reshape(-1)[:MOST_COLUMNS].tolist())}
        return "columns", {name: _cell(value) for name, value in list(held.items())[:MOST_COLUMNS]}

    def picture(self, values: np.ndarray) -> str:
        """A PNG as an address that holds it."""
        from PIL import Image

        low, high = self.range
        shown = np.clip((values.reshape(self.shape).astype(np.float32) - low) * 255 / ((high - low) or 1), 0, 255)
        pixels = shown.round().astype(np.uint8)
        pixels = pixels[..., 0] if pixels.shape[-1] != 3 else pixels
        file = BytesIO()
        Image.fromarray(pixels).save(file, "PNG")
        return f"data:image/png;base64,{b64encode(file.getvalue()).decode()}"

    def series(self, row: np.ndarray) -> Mapping[str, list[float | None]]:
        """The first features of a sequence, thinned out where it is long."""
        real = row[~np.isnan(row).reshape(len(row), -1).all(-1)]
        steps = real[:: -(-len(real) // MOST_STEPS) or 1, :MOST_SERIES]
        names = [feature.name for feature in self.schema.features] or [f"feature {k}" for k in range(row.shape[1])]
        return {
            name: [None if np.isnan(value) else round(float(value), 6) for value in values]
            for name, values in zip(names, steps.T, strict=False)
        }


def picture_shape(schema: Schema, x: np.ndarray) -> tuple[int, int, int] | None:
    """(H, W, C) of rows that are pictures, or None; a row of unnamed numbers is one where they fill a square in which
    those one above the other are alike."""
    if x.ndim == 4:
        return x.shape[1:]
    if x.ndim != 2 or schema.kind != "array" or schema.columns or not len(x):
        return None
    side = isqrt(x.shape[1])
    if side * side != x.shape[1] or x.shape[1] < LEAST_SQUARE:
        return None
    square = x[:200].reshape(-1, side, side).astype(np.float32)
    near = np.abs(square[:, 1:] - square[:, :-1]).mean()
    far = np.abs(square[:, side // 2 :] - square[:, : side - side // 2]).mean()
    return (side, side, 1) if near < 0.8 * far else None


def _passages(schema: Schema, found: ClassAnswers) -> tuple[Example, ...]:
    """The rows with the most surprising steps, step by step."""
    surprise = np.where(found.right, 0.0, 1.0) if found.given is None else -np.log(np.maximum(found.given, 1e-9))
    rows, where = np.unique(found.rows, return_inverse=True)
    means = np.bincount(where, surprise) / np.bincount(where)
    examples = []
    for k in np.argsort(-means, kind="stable")[:PASSAGES]:
        at = np.flatnonzero(where == k)[:MOST_TOKENS]
        chances = [None] * len(at) if found.given is None else np.round(found.given[at], 4).tolist()
        steps = zip(schema.decode(found.truth[at]), schema.decode(found.predicted[at]), chances, strict=True)
        examples.append(Example(int(rows[k]), "", "", None, None, None, "passage", [list(step) for step in steps]))
    return tuple(examples)


def _words(values: np.ndarray) -> str:
    return ", ".join(number(float(value)) for value in values[:4]) + (", …" if len(values) > 4 else "")


def _cell(value: Any) -> str:
    if value is None:
        return "–"
    return f"{value:.6g}" if isinstance(value, float) else str(value)
