"""Preprocessing as layers: fitted on training data, then frozen; what they fitted is kept in their state.

A table reaches a network as a matrix of raw numbers (missing ones NaN, categories as codes). Impute, Standardize and
OneHot make features of it; images and plain arrays need Standardize alone. So preprocessing is saved, exported and
applied with the network, and never fitted on validation or test data.
"""

from abc import abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from math import prod

import jax.numpy as jnp
import numpy as np

from backlit.errors import SettingError, ShapeError
from backlit.functions.activations import floats
from backlit.functions.initializers import Constant
from backlit.layers.block import Block, Context, Parameters, State
from backlit.layers.plan import Plan, Variable
from backlit.layers.settings import keep_flag, keep_whole_numbers
from backlit.shapes import Array, Shape, write

CHUNK = 4096  # rows converted to float64 at once while fitting


class Preprocessing(Block):
    """A layer whose state is fitted on training data before training."""

    @abstractmethod
    def fit(self, x: np.ndarray) -> State:
        """The state for training data x (N, ...)."""


@dataclass(frozen=True)
class Impute(Preprocessing):
    """Missing values (NaN) become the training data's median of their feature: y = x where it is known, else median.

    Args:
        sequence: whether examples are sequences (T, F), with one median for each feature; steps in which everything is
            missing stay, as padding; default False.
    """

    sequence: bool = False

    def __post_init__(self) -> None:
        keep_flag(self, "sequence")

    def plan(self, input: Shape) -> Plan:
        """One fill value for each number of an example, or for each feature of a sequence."""
        if self.sequence and len(input) != 2:
            raise ShapeError(f"Impute(sequence=True) takes sequences, of shape (T, F), and its input is {write(input)}")
        filled = input[-1:] if self.sequence else input
        return Plan(input=input, output=input, state={"fill": Variable(filled, Constant(0.0))})

    def fit(self, x: np.ndarray) -> State:
        """The median of the known values of each feature, 0 where none is known."""
        shape = x.shape[2:] if self.sequence else x.shape[1:]
        columns = x.reshape(-1, *shape).reshape(-1, prod(shape)).T
        fill = [np.median(known) if len(known := column[~np.isnan(column)]) else 0.0 for column in columns]
        return {"fill": np.asarray(fill, np.float32).reshape(shape)}

    @property
    def streams(self) -> bool:
        """Without `sequence`, each step has a number of its own to fill in."""
        return self.sequence

    def apply(self, parameters: Parameters, state: State, x: Array, context: Context) -> tuple[Array, State]:
        """Fill."""
        x = floats(x)
        missing = jnp.isnan(x)
        if self.sequence:
            missing = missing & ~missing.all(-1, keepdims=True)
        return jnp.where(missing, state["fill"].astype(x.dtype), x), state


@dataclass(frozen=True)
class Standardize(Preprocessing):
    """y = (x − μ) / s, with μ and s the training data's mean and standard deviation, per feature of the last axis.

    A feature that never varies keeps s = 1. Integer inputs (pixels) become float32.

    Args:
        skip: indices of features that stay as they are (codes of categories).
    """

    skip: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        keep_whole_numbers(self, "skip")

    def plan(self, input: Shape) -> Plan:
        """A mean and a scale per feature of the last axis."""
        if not input:
            raise ShapeError("Standardize needs an axis of features, and its input is a single number; use shape (1,)")
        if max(self.skip, default=0) >= input[-1]:
            raise ShapeError(f"Standardize skips feature {max(self.skip)}, and its input has shape {write(input)}")
        features = input[-1:]
        return Plan(
            input=input,
            output=input,
            state={"mean": Variable(features, Constant(0.0)), "scale": Variable(features, Constant(1.0))},
            linear=True,
        )

    def fit(self, x: np.ndarray) -> State:
        """Mean and standard deviation over every axis but the last, NaN left out, in float64."""
        rows = x.reshape(-1, x.shape[-1])
        count = np.maximum(_total(rows, lambda chunk: ~np.isnan(chunk)), 1)
        mean = _total(rows, lambda chunk: chunk) / count
        deviation = np.sqrt(_total(rows, lambda chunk: np.square(chunk - mean)) / count)
        # What rounding alone can make of a feature that never varies.
        varies = deviation > count * np.abs(mean) * np.finfo(np.float64).eps
        scale = np.where(varies, deviation, 1.0)
        mean[list(self.skip)], scale[list(self.skip)] = 0.0, 1.0
        return {"mean": mean.astype(np.float32), "scale": scale.astype(np.float32)}

    def apply(self, parameters: Parameters, state: State, x: Array, context: Context) -> tuple[Array, State]:
        """Subtract the mean, divide by the scale."""
        x = floats(x)
        return (x - state["mean"].astype(x.dtype)) / state["scale"].astype(x.dtype), state


@dataclass(frozen=True)
class OneHot(Block):
    """Codes of categories become indicators: code c of k categories → e_c of length k; an unknown code (−1) → zeros.

    Shapes: (B, F), or (B, T, F) for sequences, whose steps stay padding (NaN) where everything is missing.

    Args:
        categories: for each feature of the last axis its number of categories, 0 for a number that stays as it is.

    >>> OneHot((0, 3)).plan((2,)).output
    (4,)
    """

    categories: tuple[int, ...]

    def __post_init__(self) -> None:
        keep_whole_numbers(self, "categories")
        if not self.categories:
            raise SettingError("OneHot takes a number of categories for each feature, such as (0, 3), not ()")

    def plan(self, input: Shape) -> Plan:
        """One feature a number, k features a category of k."""
        if input[-1:] != (len(self.categories),):
            raise ShapeError(
                f"OneHot knows {len(self.categories)} features, and its input has shape {write(input)}; "
                f"give it {len(self.categories)} numbers a row"
            )
        return Plan(input=input, output=(*input[:-1], sum(max(k, 1) for k in self.categories)))

    def apply(self, parameters: Parameters, state: State, x: Array, context: Context) -> tuple[Array, State]:
        """Compare each indicator's category with the code of its feature."""
        widths = [max(k, 1) for k in self.categories]
        source = np.repeat(np.arange(len(widths)), widths)
        category = np.concatenate([np.arange(width) for width in widths])
        spread = floats(x)[..., source]
        is_code = np.asarray(self.categories)[source] > 0
        if x.ndim > 2:
            is_code = is_code & ~jnp.isnan(spread).all(-1, keepdims=True)
        return jnp.where(is_code, (spread == category).astype(spread.dtype), spread), {}


def _total(rows: np.ndarray, of: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
    """The sum over rows of a function of them, NaN left out, in float64, a few rows at a time."""
    total = np.zeros(rows.shape[1])
    for start in range(0, len(rows), CHUNK):
        total += np.nansum(of(rows[start : start + CHUNK].astype(np.float64)), axis=0)
    return total
