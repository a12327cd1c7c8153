"""The rows of an experiment, and how its results over several seeds are put: the mean, then the standard deviation."""

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np

from backlit.data import read
from backlit.training import Model

Values: TypeAlias = Sequence[float] | np.ndarray


def sample(source: str) -> tuple[np.ndarray, np.ndarray]:
    """The inputs (N, F) and the targets (N,) of a data set by name."""
    data = read(source)
    return np.asarray(data.inputs), data.targets


def percent(values: Values) -> str:
    """Shares as a sentence has them.

    >>> percent([0.8, 0.9])
    '85.0 % (± 7.1)'
    """
    return f"{100 * np.mean(values):.1f} % (± {100 * deviation(values):.1f})"


def spread(values: Values, digits: int = 3) -> str:
    """Numbers as a sentence has them.

    >>> spread([0.2, 0.4])
    '0.3 (± 0.14)'
    """
    return f"{np.mean(values):.{digits}g} (± {deviation(values):.2g})"


def deviation(values: Values) -> float:
    """The standard deviation over the seeds."""
    return float(np.std(values, ddof=1))


def scores(models: Sequence[Model], part: str = "test", score: str = "accuracy") -> np.ndarray:
    """One score of each model (M,)."""
    return np.asarray([model.scores[part][score] for model in models])


def middle(models: Sequence[Model], values: Values) -> Model:
    """The model whose value is the median one: of all seeds, the most usual."""
    return models[int(np.argsort(values, kind="stable")[len(models) // 2])]
