"""Layers of a user's own that are wrong in one way each."""

from abc import abstractmethod
from dataclasses import dataclass, replace
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax

import backlit as bl
from backlit.layers.block import Context, Parameters, State
from backlit.layers.plan import Plan
from backlit.shapes import Array, Shape


@dataclass(frozen=True)
class First:
    """An initializer: one number first, then zeros."""

    value: float

    def __call__(self, key: Array, shape: Shape, dtype: Any = jnp.float32) -> Array:
        return jnp.zeros(shape, dtype).at[0].set(self.value)


def shifted(plan: Plan, initializer: Any) -> Plan:
    """A plan whose biases start elsewhere."""
    bias = replace(plan.parameters["bias"], initializer=initializer)
    return replace(plan, parameters={**plan.parameters, "bias": bias})


@dataclass(frozen=True)
class BiasedDense(bl.Dense):
    """A Dense layer whose biases start at `start`."""

    start: float = -10.0

    def plan(self, input: Shape) -> Plan:
        return shifted(super().plan(input), bl.Constant(self.start))


@dataclass(frozen=True)
class BiasedConv(bl.Conv):
    """A Conv layer whose biases start at `start`."""

    start: float = -10.0

    def plan(self, input: Shape) -> Plan:
        return shifted(super().plan(input), bl.Constant(self.start))


@dataclass(frozen=True)
class SureDense(bl.Dense):
    """A Dense layer that is sure of its first unit at first."""

    start: float = 10.0

    def plan(self, input: Shape) -> Plan:
        return shifted(super().plan(input), First(self.start))


@dataclass(frozen=True)
class Plain(bl.Block):
    """What has no variables and keeps the shape."""

    def plan(self, input: Shape) -> Plan:
        return Plan(input=input, output=input)

    def apply(self, parameters: Parameters, state: State, x: Array, context: Context) -> tuple[Array, State]:
        return self.function(x, context), {}

    @abstractmethod
    def function(self, x: Array, context: Context) -> Array:
        """What it makes of its input."""


@dataclass(frozen=True)
class Stop(Plain):
    """No gradient passes."""

    def function(self, x: Array, context: Context) -> Array:
        return lax.stop_gradient(x)


@dataclass(frozen=True)
class Rounded(Plain):
    """Values are rounded to a step, so that no gradient passes, whatever they are."""

    def function(self, x: Array, context: Context) -> Array:
        return jnp.round(4 * x) / 4


@dataclass(frozen=True)
class Log(Plain):
    """The logarithm of what may be zero."""

    def function(self, x: Array, context: Context) -> Array:
        return jnp.log(x)


@dataclass(frozen=True)
class RootNormalized(Plain):
    """√|x − mean of the row|, which has no derivative at 0."""

    def function(self, x: Array, context: Context) -> Array:
        return jnp.sqrt(jnp.maximum(x - x.mean(-1, keepdims=True), 0))


@dataclass(frozen=True)
class HalfNormalized(Plain):
    """Each row is divided by its root mean square, squared in float16, where 256² is infinite."""

    scale: float = 1000.0

    def function(self, x: Array, context: Context) -> Array:
        low = (self.scale * x).astype(jnp.float16)
        return (low * lax.rsqrt(jnp.square(low).mean(-1, keepdims=True))).astype(jnp.float32)


@dataclass(frozen=True)
class BatchCentered(Plain):
    """Each feature is brought to mean 0 and deviation 1 over the batch, when the network is used, too."""

    def function(self, x: Array, context: Context) -> Array:
        return (x - x.mean(0)) / (x.std(0) + 1e-3)


@dataclass(frozen=True)
class BatchSoftmax(Plain):
    """Weights that sum to 1 over the batch, where the features were meant."""

    def function(self, x: Array, context: Context) -> Array:
        return len(x) * jax.nn.softmax(x, axis=0)


@dataclass(frozen=True)
class StaleBatchNorm(bl.BatchNorm):
    """Batch normalization that never updates its running statistics, which come from data of another scale."""

    def plan(self, input: Shape) -> Plan:
        plan = super().plan(input)
        stale = {"mean": bl.Constant(2.0), "variance": bl.Constant(0.1)}
        return replace(plan, state={name: replace(plan.state[name], initializer=stale[name]) for name in plan.state})

    def apply(self, parameters: Parameters, state: State, x: Array, context: Context) -> tuple[Array, State]:
        return super().apply(parameters, state, x, context)[0], state


@dataclass(frozen=True)
class UnscaledDropout(Plain):
    """Dropout without the factor 1 / (1 − rate): units are larger in use than in training."""

    rate: float = 0.8

    def function(self, x: Array, context: Context) -> Array:
        if not context.training or context.key is None:
            return x
        return jnp.where(jax.random.bernoulli(context.key, 1 - self.rate, x.shape), x, 0)
