"""Scores from sums: loss, and accuracy for classes, or rmse and r² for numbers.

Every row counts the same, whatever its weight in training.

accuracy = share of right classes; rmse = √(mean squared error); r² = 1 − Σ(y − f)² / Σ(y − ȳ)², the mean over targets.
"""

from typing import Any, NamedTuple

import jax
import numpy as np

from backlit.training.objective import Batch, Objective, Sums

CHUNK_ROWS = 1024


class Rows(NamedTuple):
    """Rows to be scored: inputs (N, ...), and targets as the objective has them (N,) or (N, T)."""

    x: np.ndarray
    y: np.ndarray


def in_chunks(x: np.ndarray, y: np.ndarray, even: bool = False) -> Batch:
    """Rows as chunks (chunks, rows, ...), padded with copies of the last row that count for nothing.

    Even chunks need the least padding; else they have one size for any number of rows, and a program compiled once.
    """
    size = min(CHUNK_ROWS, len(x))
    count = -(-len(x) // size)
    if even:
        size = -(-len(x) // count)
    rows = np.arange(count * size)
    real: Any = (rows < len(x)).astype(np.float32).reshape(count, size)
    index = np.minimum(rows, len(x) - 1)

    def chunked(values: np.ndarray) -> Any:
        padded = values if len(values) == len(index) else values[index]
        return padded.reshape(count, size, *values.shape[1:])

    return Batch(chunked(x), chunked(y), real, real)


class Scorer:
    """Turns sums over a set of rows into scores in the units of the data.

    Args:
        objective: what was measured.
        scale: the scale of each target that the objective works on, (T,); None: the data's own units.
    """

    def __init__(self, objective: Objective, scale: np.ndarray | None) -> None:
        self.objective = objective
        self.scale = scale
        self._measure = jax.jit(objective.measure)

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of the scores."""
        return ("loss", "accuracy") if self.objective.classes else ("loss", "rmse", "r2")

    def measure(self, parameters: Any, state: Any, x: np.ndarray, y: np.ndarray) -> Sums:
        """The sums over rows, chunk by chunk."""
        chunks = in_chunks(x, y)
        total: Sums | None = None
        for index in range(len(chunks.x)):
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
            return {"loss": loss, "accuracy": 1 - errors / count}
        scale = np.ones(1) if self.scale is None else self.scale
        targets = np.asarray(y, np.float64).reshape(len(y), -1)
        spread = np.square(targets - targets.mean(0)).sum(0)
        rmse = np.sqrt((errors * np.square(scale)).mean(-1) / count)
        return {"loss": loss, "rmse": rmse, "r2": r_squared(errors, spread)}


def r_squared(errors: np.ndarray, spread: np.ndarray) -> np.ndarray:
    """1 − Σ(y − f)² / Σ(y − ȳ)², the mean over targets; a target that never varies has 1 where it is met, else 0.

    Args:
        errors: Σ(y − f)², (..., T).
        spread: Σ(y − ȳ)², (T,).
    """
    ratio = np.where(spread > 0, errors / np.where(spread > 0, spread, 1), errors > 0)
    return 1 - ratio.mean(-1)
