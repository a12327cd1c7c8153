"""The rows of an experiment, and how its results over several seeds are put: the mean, then the standard deviation."""

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np

from backlit.data import read
from backlit.training import Model

Values: TypeAlias = Sequence[float] | np.ndarray

SPACE = "\u00a0"  # never at the end of a line


def sample(source: str) -> tuple[np.ndarray, np.ndarray]:
    """The inputs (N, F) and the targets (N,) of a data set by name."""
    data = read(source)
    return np.asarray(data.inputs), data.targets


def percent(shares: float | Values, digits: int = 1) -> str:
    """A share as a sentence has it, or those of several seeds.

    >>> percent(0.8, 0).replace(SPACE, " "), percent([0.8, 0.9]).replace(SPACE, " ")
    ('80 %', '85.0 % (± 7.1)')
    """
    said = f"{100 * np.mean(shares):.{digits}f}{SPACE}%"
    return said if np.ndim(shares) == 0 else f"{said} (± {100 * deviation(shares):.{digits}f})"


def signed(value: float) -> str:
    """A gain or a loss as a sentence has it.

    >>> signed(2.04), signed(-1)
    ('+2.0', '−1.0')
    """
    return f"{value:+.1f}".replace("-", "−")


def spread(values: Values, digits: int = 3) -> str:
    """Numbers as a sentence has them.

    >>> spread([0.2, 0.4])
    '0.3 (± 0.14)'
    """
    return f"{np.mean(values):.{digits}g} (± {deviation(values):.2g})"


def deviation(values: float | Values) -> float:
    """The standard deviation over the seeds."""
    return float(np.std(values, ddof=1))


def scores(models: Sequence[Model], part: str = "test", score: str = "accuracy") -> np.ndarray:
    """One score of each model (M,)."""
    return np.asarray([model.scores[part][score] for model in models])


def middle(models: Sequence[Model], values: Values) -> Model:
    """The model whose value is the median one: of all seeds, the most usual."""
    return models[int(np.argsort(values, kind="stable")[len(models) // 2])]
