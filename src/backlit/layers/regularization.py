"""Dropout: units omitted at random while training, so that none relies on another."""

from dataclasses import dataclass

import jax
import jax.numpy as jnp

from backlit.layers.block import Block, Context, Parameters, State
from backlit.layers.plan import Plan
from backlit.layers.settings import keep_number
from backlit.shapes import Array, Shape


@dataclass(frozen=True)
class Dropout(Block):
    """Omit each unit of each example with probability `rate`: y = x·m / (1 − rate), m ~ Bernoulli(1 − rate).

    The factor 1 / (1 − rate) is applied while training, so that E[y] = x, and y = x at test time. That is the same as
    scaling the weights by 1 − rate at test time, as the first description has it.

    Args:
        rate: the probability of omission, in [0, 1); an array where it differs between the members of a population.

    Source: Srivastava et al. 2014, JMLR 15.
    """

    rate: float | Array = 0.5

    def __post_init__(self) -> None:
        keep_number(self, "rate", "of at least 0 and below 1", lambda rate: 0 <= rate < 1)

    def plan(self, input: Shape) -> Plan:
        """The shape stays."""
        return Plan(input=input, output=input, linear=True)

    def apply(self, parameters: Parameters, state: State, x: Array, context: Context) -> tuple[Array, State]:
        """Drop while training with a random key; pass through otherwise."""
        if not context.training or context.key is None or (isinstance(self.rate, float) and self.rate == 0):
            return x, {}
        kept = jax.random.bernoulli(context.key, 1 - self.rate, x.shape)
        return jnp.where(kept, x * (1 / (1 - self.rate)), 0), {}
