"""Noise: inputs disturbed at random while training, so that what is learned does not hang on details."""

from dataclasses import dataclass

import jax

from backlit.functions.activations import floats
from backlit.layers.block import Block, Context, Parameters, State
from backlit.layers.plan import Plan
from backlit.layers.settings import keep_number
from backlit.shapes import Array, Shape


@dataclass(frozen=True)
class Noise(Block):
    """y = x + deviation · ε, with ε ~ N(0, 1) drawn anew for each number while training; y = x at test time.

    Args:
        deviation: of the noise, at least 0.

    Source: Bishop 1995, "Training with noise is equivalent to Tikhonov regularization".
    """

    deviation: float = 0.1

    def __post_init__(self) -> None:
        keep_number(self, "deviation", "of at least 0", lambda deviation: deviation >= 0)

    def plan(self, input: Shape) -> Plan:
        """The shape stays."""
        return Plan(input=input, output=input, linear=True)

    def apply(self, parameters: Parameters, state: State, x: Array, context: Context) -> tuple[Array, State]:
        """Add noise while training with a random key; pass through otherwise."""
        if not context.training or context.key is None:
            return x, {}
        x = floats(x)
        return x + self.deviation * jax.random.normal(context.key, x.shape, x.dtype), {}
