"""Normalization: each feature brought to mean 0 and variance 1, then scaled and shifted by trained parameters."""

from dataclasses import dataclass
from math import prod

import jax.numpy as jnp
from jax import lax

from backlit.errors import ShapeError
from backlit.functions.activations import floats
from backlit.functions.initializers import Constant
from backlit.layers.block import Block, Context, Parameters, State
from backlit.layers.plan import Plan, Variable
from backlit.layers.settings import keep_number
from backlit.shapes import Array, Shape


@dataclass(frozen=True)
class BatchNorm(Block):
    """y = γ (x − μ) / √(σ² + ε) + β, per feature of the last axis.

    While training, μ and σ² are the batch's, over every axis but the last, padding left out, and the running statistics
    follow them: r ← m r + (1 − m) μ. At test time the running statistics stand in.

    Args:
        momentum: m, how much of the running statistics stays at each step, in [0, 1).
        epsilon: ε, above 0.

    Source: Ioffe and Szegedy 2015, arXiv:1502.03167.
    """

    momentum: float = 0.9
    epsilon: float = 1e-5

    def __post_init__(self) -> None:
        keep_number(self, "momentum", "of at least 0 and below 1", lambda momentum: 0 <= momentum < 1)
        keep_number(self, "epsilon", "above 0", lambda epsilon: epsilon > 0)

    def plan(self, input: Shape) -> Plan:
        """A scale and a shift per feature are trained; a mean and a variance per feature are kept."""
        if not input:
            raise ShapeError("BatchNorm needs an axis of features, and its input is a single number; use shape (1,)")
        features = (input[-1],)
        return Plan(
            input=input,
            output=input,
            parameters={"scale": Variable(features, Constant(1.0)), "shift": Variable(features, Constant(0.0))},
            state={"mean": Variable(features, Constant(0.0)), "variance": Variable(features, Constant(1.0))},
            linear=True,
        )

    def apply(self, parameters: Parameters, state: State, x: Array, context: Context) -> tuple[Array, State]:
        """Normalize with the batch's statistics while training, else with the running ones; x keeps its precision."""
        x = floats(x)
        mean, variance = state["mean"], state["variance"]
        if context.training:
            mean, variance = _statistics(x, context.mask)
            m = self.momentum
            state = {
                "mean": m * state["mean"] + (1 - m) * lax.stop_gradient(mean),
                "variance": m * state["variance"] + (1 - m) * lax.stop_gradient(variance),
            }
        factor = parameters["scale"] * lax.rsqrt(variance + self.epsilon)
        return ((x - mean) * factor + parameters["shift"]).astype(x.dtype), state


def _statistics(x: Array, mask: Array | None) -> tuple[Array, Array]:
    axes = tuple(range(x.ndim - 1))
    if mask is None:
        mean = x.mean(axes)
        return mean, jnp.square(x - mean).mean(axes)
    real = mask.reshape(-1, *[1] * (x.ndim - 1))
    count = jnp.maximum(mask.sum(), 1) * prod(x.shape[1:-1])
    mean = (x * real).sum(axes) / count
    return mean, (jnp.square(x - mean) * real).sum(axes) / count
