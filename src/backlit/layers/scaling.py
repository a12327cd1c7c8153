"""The scale of the targets as a last, fitted, frozen layer, so that a network answers in the units of the data."""

from dataclasses import dataclass, replace

import jax.numpy as jnp
import numpy as np

from backlit.errors import ShapeError
from backlit.functions.activations import floats
from backlit.layers.block import Context, Parameters, State
from backlit.layers.plan import Plan
from backlit.layers.preprocessing import Preprocessing, Standardize
from backlit.layers.settings import keep_flag, keep_whole_numbers
from backlit.shapes import Array, Shape, write


@dataclass(frozen=True)
class Rescale(Preprocessing):
    """y = s z + μ, with μ and s the mean and standard deviation of the training targets, per target of the last axis.

    The network before it works on targets of mean 0 and deviation 1.

    Args:
        skip: indices of targets that stay as they are (classes among numbers).
        variances: whether the second half of the outputs are log-variances v, one a target, which become v + 2 log s.
    """

    skip: tuple[int, ...] = ()
    variances: bool = False

    def __post_init__(self) -> None:
        keep_whole_numbers(self, "skip")
        keep_flag(self, "variances")

    def plan(self, input: Shape) -> Plan:
        """A mean and a scale per target."""
        if not self.variances:
            return Standardize(self.skip).plan(input)
        if not input or input[-1] % 2:
            raise ShapeError(f"Rescale(variances=True) takes a mean and a log-variance a target, not {write(input)}")
        return replace(Standardize(self.skip).plan((*input[:-1], input[-1] // 2)), input=input, output=input)

    def fit(self, x: np.ndarray) -> State:
        """Mean and standard deviation of targets (N,) or (N, ..., T), over all axes but the last."""
        return Standardize(self.skip).fit(x[:, None] if x.ndim == 1 else x)

    def apply(self, parameters: Parameters, state: State, x: Array, context: Context) -> tuple[Array, State]:
        """Multiply by the scale, add the mean; log-variances by the scale alone."""
        x = floats(x)
        scale, mean = state["scale"].astype(x.dtype), state["mean"].astype(x.dtype)
        if not self.variances:
            return x * scale + mean, state
        means, variances = jnp.split(x, 2, axis=-1)
        return jnp.concatenate([means * scale + mean, variances + 2 * jnp.log(scale)], axis=-1), state
