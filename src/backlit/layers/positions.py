"""Positions: attention alone does not know the order of its steps, so each step is given a mark of its place.

    sinusoidal:  p[t, 2i] = sin(t · 10000^(−2i/F)),  p[t, 2i+1] = cos(t · 10000^(−2i/F))
    learned:     p[t] is trained

Source: Vaswani et al. 2017, arXiv:1706.03762.
"""

from dataclasses import dataclass

import jax.numpy as jnp
from jax import lax

from backlit.errors import SettingError, ShapeError
from backlit.functions.initializers import Normal
from backlit.layers.attention import angles, sequence
from backlit.layers.block import Block, Context, Parameters, State
from backlit.layers.plan import Plan, Variable
from backlit.shapes import Array, Shape

KINDS = ("sinusoidal", "learned")


@dataclass(frozen=True)
class Position(Block):
    """Adds a mark of its place to each step: y[t] = x[t] + p[t].

    Args:
        kind: 'sinusoidal', computed, or 'learned', trained for as many steps as the input has.

    Shapes: x (B, T, F), p (T, F).
    """

    kind: str = "sinusoidal"

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise SettingError(f"Position takes kind='sinusoidal' or kind='learned', not {self.kind!r}")

    def plan(self, input: Shape) -> Plan:
        """The shape stays; learned positions are as many numbers as an example has."""
        sequence(self, input)
        marks = {"position": Variable(input, Normal(0.02))} if self.kind == "learned" else {}
        return Plan(input=input, output=input, parameters=marks, linear=True)

    def apply(self, parameters: Parameters, state: State, x: Array, context: Context) -> tuple[Array, State]:
        """The steps with their marks; in a stream the places count on."""
        steps, width = x.shape[1:]
        start = state.get("position", jnp.int32(0)) if context.streaming else 0
        after = {"position": start + steps} if context.streaming else {}
        if self.kind == "sinusoidal":
            turned = angles(steps, -(-width // 2), start)
            marks = jnp.stack([jnp.sin(turned), jnp.cos(turned)], axis=-1).reshape(steps, -1)[:, :width]
            return x + marks.astype(x.dtype), after
        longest = len(parameters["position"])
        if max(steps, context.streaming) > longest:
            raise ShapeError(
                f"Position has learned {longest} places, and {max(steps, context.streaming)} are asked for; "
                "kind='sinusoidal' has no end"
            )
        return x + lax.dynamic_slice_in_dim(parameters["position"], start, steps), after
