"""The scale of the targets as a last, fitted, frozen layer, so that a network answers in the units of the data."""

from dataclasses import dataclass

import numpy as np

from backlit.layers.block import Context, Parameters, State
from backlit.layers.plan import Plan
from backlit.layers.preprocessing import Preprocessing, Standardize, as_floats
from backlit.shapes import Array, Shape


@dataclass(frozen=True)
class Rescale(Preprocessing):
    """y = s z + μ, with μ and s the mean and standard deviation of the training targets.

    The network before it works on targets of mean 0 and deviation 1.
    """

    def plan(self, input: Shape) -> Plan:
        """A mean and a scale per output."""
        return Standardize().plan(input)

    def fit(self, x: np.ndarray) -> State:
        """Mean and standard deviation of targets (N,) or (N, T)."""
        return Standardize().fit(x.reshape(len(x), -1))

    def apply(self, parameters: Parameters, state: State, x: Array, context: Context) -> tuple[Array, State]:
        """Multiply by the scale, add the mean."""
        x = as_floats(x)
        return x * state["scale"].astype(x.dtype) + state["mean"].astype(x.dtype), state
