"""Sequences of unequal length: one array, with padding after the end of the shorter ones, and a mask of real steps.

In the data, padding is NaN in every feature of a step, or the token −1. `Padding` makes zeros of it and marks the real
steps; compositions hand the marks to the layers behind it (`Context.steps`), which leave padding out.
"""

from dataclasses import dataclass

import jax.numpy as jnp
import numpy as np

from backlit.errors import ShapeError
from backlit.layers.block import Context, Parameters, State
from backlit.layers.plan import Plan
from backlit.layers.preprocessing import Preprocessing
from backlit.shapes import Array, Shape


@dataclass(frozen=True)
class Padding(Preprocessing):
    """Padded steps become zeros, and the layers behind are told which steps are real.

    Shapes: x (B, T, F) with NaN in every feature of a padded step, or tokens (B, T) with −1 or NaN for padding.

    >>> Padding().mark(jnp.array([[3, 5, -1], [2, -1, -1]])).tolist()
    [[1.0, 1.0, 0.0], [1.0, 0.0, 0.0]]
    """

    def plan(self, input: Shape) -> Plan:
        """The shape stays."""
        if len(input) not in (1, 2):
            raise ShapeError("Padding takes sequences, of shape (T, F), or tokens, of shape (T,)")
        return Plan(input=input, output=input)

    def fit(self, x: np.ndarray) -> State:
        """Nothing is fitted."""
        return {}

    def apply(self, parameters: Parameters, state: State, x: Array, context: Context) -> tuple[Array, State]:
        """Zeros in place of padding."""
        if x.ndim == 2:
            return jnp.where(x >= 0, x, 0), {}
        return jnp.where(self.mark(x)[..., None] > 0, x, 0), {}

    def mark(self, x: Array) -> Array:
        """The real steps of padded sequences: (B, T), 1 where real."""
        real = x >= 0 if x.ndim == 2 else ~jnp.isnan(x).all(-1)
        return real.astype(jnp.float32)
