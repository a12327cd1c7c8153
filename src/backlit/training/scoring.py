"""Scores from sums: loss, and accuracy for classes, or rmse and r² for numbers.

Every row counts the same, whatever its weight in training.

accuracy = share of right classes; rmse = √(mean squared error); r² = 1 − Σ(y − f)² / Σ(y − ȳ)², the mean over targets.
"""

from math import log
from typing import Any, NamedTuple

import jax
import numpy as np

from backlit.functions.losses import CrossEntropy
from backlit.training.compilation import jit
from backlit.training.objective import Batch, Objective, Sums

CHUNK_ROWS = 1024
SCORED_ROWS = 256  # of a chunk that is scored by itself, once the run is over
CHUNK_STEPS = 16_384  # the most steps of sequences, or targets, that are scored at once
MOST_TARGETS = 20  # that are scored one by one


class Rows(NamedTuple):
    """Rows to be scored: inputs (N, ...), and targets as the objective has them (N,) or (N, T)."""

    x: np.ndarray
    y: np.ndarray


def in_chunks(x: np.ndarray, y: np.ndarray, rows: int | None = None) -> Batch:
    """Rows as chunks (chunks, rows, ...), padded with copies of the last row that count for nothing.

    Args:
        x, y: inputs (N, ...) and targets (N, ...).
        rows: of each chunk, so that one program serves any N; None: even chunks, which need the least padding.
    """
    steps = y.shape[1] if y.ndim > 1 else 1
    size = max(1, min(rows or min(CHUNK_ROWS, len(x)), CHUNK_STEPS // steps))
    count = -(-len(x) // size)
    if rows is None:
        size = -(-len(x) // count)
    places = np.arange(count * size)
    real: Any = (places < len(x)).astype(np.float32).reshape(count, size)
    index = np.minimum(places, len(x) - 1)

    def chunked(values: np.ndarray) -> Any:
        padded = values if len(values) == len(index) else values[index]
        return padded.reshape(count, size, *values.shape[1:])

    return Batch(chunked(x), chunked(y), real, real)


class Scorer:
    """Turns sums over a set of rows into scores in the units of the data.

    Args:
        objective: what was measured.
        scale: the scale of each target that the objective works on, (T,); None: the data's own units.
        names: of the targets.
        rows: the most that are scored at once.
    """

    def __init__(
        self,
        objective: Objective,
        scale: np.ndarray | None,
        names: tuple[str, ...] = (),
        rows: int = SCORED_ROWS,
    ) -> None:
        self.objective = objective
        self.scale = scale
        self.names = names
        self.rows = min(rows, SCORED_ROWS)
        self._measure = jit(objective.measure, objective.network)

    def share(self, other: "Scorer") -> None:
        """Use another's compiled function, of an objective that is the same in evaluation mode."""
        self._measure = other._measure

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of the scores."""
        return ("loss", "accuracy") if self.objective.classes else ("loss", "rmse", "r2")

    def measure(self, parameters: Any, state: Any, x: np.ndarray, y: np.ndarray) -> Sums:
        """The sums over rows, chunk by chunk."""
        chunks = in_chunks(x, y, self.rows)
        total: Sums | None = None
        for index in range(len(chunks.x)):
            with jax.ensure_compile_time_eval():  # inside a program of the user's, too, data are numbers
                here = self._measure(parameters, state, jax.tree.map(lambda a, i=index: a[i], chunks))
            here = jax.tree.map(lambda value: np.asarray(value, np.float64), here)
            total = here if total is None else jax.tree.map(np.add, total, here)
        assert total is not None
        return total

    def scores(self, sums: Sums, y: np.ndarray) -> dict[str, np.ndarray]:
        """Scores from sums, for one measurement or for a column of them (epochs, ...); y are the rows' targets."""
        errors, count = np.asarray(sums.errors, np.float64), np.asarray(sums.rows, np.float64)
        loss = np.asarray(sums.loss, np.float64) / count
        if self.objective.classes:
            return {"loss": loss, **bits(self.objective, loss, y), "accuracy": 1 - errors / count}
        scale = np.ones(1) if self.scale is None else self.scale
        targets = columns(y)
        spread = np.square(targets - targets.mean(0)).sum(0)
        rmse = np.sqrt((errors * np.square(scale)).mean(-1) / (count * len(targets) / len(y)))
        return {"loss": loss, "rmse": rmse, "r2": r_squared(errors, spread)}

    def score(self, parameters: Any, state: Any, x: np.ndarray, y: np.ndarray) -> dict[str, float]:
        """The scores over rows, of several targets also one by one."""
        sums = self.measure(parameters, state, x, y)
        scores = {name: float(value) for name, value in self.scores(sums, y).items()}
        if self.objective.classes:
            return scores
        return scores | each_target(self.names, np.asarray(sums.errors), y, self.scale)


def bits(objective: Objective, loss: Any, y: np.ndarray) -> dict[str, Any]:
    """The cross-entropy of the steps of sequences in bits, L / log 2; nothing for other losses and targets."""
    return {"bits": loss / log(2)} if y.ndim > 1 and isinstance(objective.loss, CrossEntropy) else {}


def columns(y: np.ndarray) -> np.ndarray:
    """Targets (N,) or (N, ..., T) as rows of T numbers; each pixel of an image is a row."""
    return np.asarray(y, np.float64).reshape(-1, y.shape[-1] if y.ndim > 1 else 1)


def each_target(
    names: tuple[str, ...], errors: np.ndarray, y: np.ndarray, scale: np.ndarray | None
) -> dict[str, float]:
    """rmse and r² of each of several targets with names, such as 'rmse pulse', in the units of the data.

    Args:
        names: of the targets; nothing is said of one, or of more than `MOST_TARGETS`.
        errors: Σ(y − f)², (T,).
        y: the targets as the objective has them, (N, T).
        scale: of each target; None: the data's own units.
    """
    targets = columns(y)
    if not 2 <= len(names) <= MOST_TARGETS or targets.shape[1] != len(names):
        return {}
    rmse = np.sqrt(errors / len(targets)) * (1 if scale is None else scale)
    spread = np.square(targets - targets.mean(0)).sum(0)
    scores = {}
    for place, name in enumerate(names):
        scores[f"rmse {name}"] = float(rmse[place])
        scores[f"r2 {name}"] = float(r_squared(errors[[place]], spread[[place]]))
    return scores


def r_squared(errors: np.ndarray, spread: np.ndarray) -> np.ndarray:
    """1 − Σ(y − f)² / Σ(y − ȳ)², the mean over targets; a target that never varies has 1 where it is met, else 0.

    Args:
        errors: Σ(y − f)², (..., T).
        spread: Σ(y − ȳ)², (T,).
    """
    ratio = np.where(spread > 0, errors / np.where(spread > 0, spread, 1), errors > 0)
    return 1 - ratio.mean(-1)
