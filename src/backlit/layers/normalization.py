"""Normalization: numbers brought to mean 0 and variance 1, then scaled and shifted by trained parameters.

- BatchNorm: over the batch and its positions, for each feature.
- LayerNorm: over the features, for each example and position; RMSNorm: the same, by the root mean square alone.
- GroupNorm: over the positions and a group of features, for each example.
"""

from dataclasses import dataclass, replace
from math import prod

import jax.numpy as jnp
from jax import lax

from backlit.errors import ShapeError
from backlit.functions.activations import floats, wide
from backlit.functions.initializers import Constant
from backlit.layers.block import Block, Context, Parameters, State, checked_steps
from backlit.layers.plan import EVERYTHING, POINT, Plan, Variable
from backlit.layers.settings import keep_number, keep_whole
from backlit.shapes import Array, Shape, write


@dataclass(frozen=True)
class BatchNorm(Block):
    """y = γ (x − μ) / √(σ² + ε) + β, per feature of the last axis.

    While training, μ and σ² are the batch's, over every axis but the last, padding left out whatever it holds, and the
    running statistics follow them: r ← m r + (1 − m) μ. At test time the running statistics stand in.

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
        features = input[-1:]
        state = {"mean": Variable(features, Constant(0.0)), "variance": Variable(features, Constant(1.0))}
        return replace(_plan(self, input, shift=True), state=state, linear=True)

    def apply(self, parameters: Parameters, state: State, x: Array, context: Context) -> tuple[Array, State]:
        """Normalize with the batch's statistics while training, else with the running ones; x keeps its precision."""
        kind, x, shift = floats(x).dtype, wide(x), parameters["shift"]
        if context.training:
            centered = _centered(x, _real(x, context), tuple(range(x.ndim - 1)))
            away, mean, excess, variance = centered[0], *(each.reshape(-1) for each in centered[1:])
            m = self.momentum
            state = {
                "mean": m * state["mean"] + (1 - m) * mean,
                "variance": m * state["variance"] + (1 - m) * lax.stop_gradient(variance),
            }
            factor = parameters["scale"] * lax.rsqrt(variance + self.epsilon)
            shift = shift - excess * factor
        else:
            away = x - state["mean"]
            factor = parameters["scale"] * lax.rsqrt(state["variance"] + self.epsilon)
        return (away * factor + shift).astype(kind), state


@dataclass(frozen=True)
class LayerNorm(Block):
    """y = γ (x − μ) / √(σ² + ε) + β, with μ and σ² over the last axis.

    Args:
        epsilon: ε, above 0.

    Source: Ba, Kiros and Hinton 2016, arXiv:1607.06450.
    """

    epsilon: float = 1e-5

    def __post_init__(self) -> None:
        keep_number(self, "epsilon", "above 0", lambda epsilon: epsilon > 0)

    def plan(self, input: Shape) -> Plan:
        """A scale and a shift per feature."""
        return _plan(self, input, shift=True)

    def apply(self, parameters: Parameters, state: State, x: Array, context: Context) -> tuple[Array, State]:
        """Normalize each position by its own features."""
        kind, x = floats(x).dtype, wide(x)
        centered = x - x.mean(-1, keepdims=True)  # used twice: the mean then sums its gradient over features once
        y = centered * lax.rsqrt(jnp.square(centered).mean(-1, keepdims=True) + self.epsilon)
        return (y * parameters["scale"] + parameters["shift"]).astype(kind), {}


@dataclass(frozen=True)
class RMSNorm(Block):
    """y = γ x / √(mean x² + ε), over the last axis.

    Args:
        epsilon: ε, above 0.

    Source: Zhang and Sennrich 2019, arXiv:1910.07467.
    """

    epsilon: float = 1e-6

    def __post_init__(self) -> None:
        keep_number(self, "epsilon", "above 0", lambda epsilon: epsilon > 0)

    def plan(self, input: Shape) -> Plan:
        """A scale per feature."""
        return _plan(self, input, shift=False)

    def apply(self, parameters: Parameters, state: State, x: Array, context: Context) -> tuple[Array, State]:
        """Divide each position by the root mean square of its features."""
        kind, x = floats(x).dtype, wide(x)
        y = x * lax.rsqrt(jnp.square(x).mean(-1, keepdims=True) + self.epsilon)
        return (y * parameters["scale"]).astype(kind), {}


@dataclass(frozen=True)
class GroupNorm(Block):
    """y = γ (x − μ) / √(σ² + ε) + β, with μ and σ² of each example over its positions and a group of features.

    Padded steps of a sequence are left out.

    Args:
        groups: how many equal groups of neighbors the features fall into, at least 1: 1 takes them all, as many as
            features normalizes each alone (instance normalization).
        epsilon: ε, above 0.

    Source: Wu and He 2018, arXiv:1803.08494.
    """

    groups: int
    epsilon: float = 1e-5

    def __post_init__(self) -> None:
        keep_whole(self, "groups")
        keep_number(self, "epsilon", "above 0", lambda epsilon: epsilon > 0)

    def plan(self, input: Shape) -> Plan:
        """A scale and a shift per feature."""
        plan = _plan(self, input, shift=True)
        if input[-1] % self.groups:
            raise ShapeError(
                f"GroupNorm makes {self.groups} equal groups of its features, and there are {input[-1]}; "
                f"give it a number of groups that divides {input[-1]}"
            )
        return replace(plan, reach=EVERYTHING if len(input) > 1 else POINT)

    @property
    def streams(self) -> bool:
        """The statistics are those of every step."""
        return False

    def apply(self, parameters: Parameters, state: State, x: Array, context: Context) -> tuple[Array, State]:
        """Normalize each group of each example."""
        kind, x = floats(x).dtype, wide(x)
        grouped = x.reshape(*x.shape[:-1], self.groups, -1)
        real = _real(x, replace(context, mask=None))
        axes = (*range(1, x.ndim - 1), -1)
        away, _, excess, variance = _centered(grouped, None if real is None else real[..., None], axes)
        y = ((away - excess) * lax.rsqrt(variance + self.epsilon)).reshape(x.shape)
        return (y * parameters["scale"] + parameters["shift"]).astype(kind), {}


def _plan(block: Block, input: Shape, shift: bool) -> Plan:
    if not input:
        kind = type(block).__name__
        raise ShapeError(f"{kind} needs an axis of features, and its input is a single number; use shape (1,)")
    parameters = {"scale": Variable(input[-1:], Constant(1.0))}
    if shift:
        parameters["shift"] = Variable(input[-1:], Constant(0.0))
    return Plan(input=input, output=input, parameters=parameters)


def _real(x: Array, context: Context) -> Array | None:
    """Which examples and steps are real, 1 or 0, with as many axes as x; None where all are."""
    if context.mask is not None and context.mask.shape != x.shape[:1]:
        raise ShapeError(
            f"the mask of real examples has shape {write(context.mask.shape)}, and there are {len(x)} examples"
        )
    real = None if context.mask is None else context.mask.reshape(-1, *[1] * (x.ndim - 1))
    if context.steps is None or x.ndim < 3:
        return real
    checked_steps(context.steps, x)
    steps = context.steps.reshape(*context.steps.shape, *[1] * (x.ndim - 2))
    return steps if real is None else real * steps


def _centered(x: Array, real: Array | None, axes: tuple[int, ...]) -> tuple[Array, Array, Array, Array]:
    """x − c, c, μ − c and σ², over these axes, which are kept, of what is real.

    c is the mean as a constant: μ − c is 0 and has the mean's derivative. σ² = mean (x − c)² − (μ − c)² for every c,
    so that all derivatives are right, and the gradient through σ² needs no sum over x for the mean.
    """

    def average(values: Array) -> Array:
        if real is None:
            return values.mean(axes, keepdims=True)
        whole = [axis for axis in axes if real.shape[axis] == 1]  # first, so that few numbers are multiplied
        count = jnp.maximum(real.sum(axes, keepdims=True), 1) * prod(x.shape[axis] for axis in whole)
        return (values.sum(whole, keepdims=True) * real).sum(axes, keepdims=True) / count

    x = x if real is None else jnp.where(real > 0, x, 0)  # what lies in the padding may not be finite
    mean = average(x)
    center = lax.stop_gradient(mean)
    away, excess = x - center, mean - center
    return away, center, excess, average(jnp.square(away)) - jnp.square(excess)
