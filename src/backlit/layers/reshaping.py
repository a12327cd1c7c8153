"""Layers that only arrange numbers anew."""

from dataclasses import dataclass
from math import prod

from backlit.layers.block import Block, Context, Parameters, State
from backlit.layers.plan import Plan
from backlit.shapes import Array, Shape


@dataclass(frozen=True)
class Flatten(Block):
    """An example of any shape as one row of features: (B, H, W, C) → (B, H·W·C), the last axis fastest."""

    def plan(self, input: Shape) -> Plan:
        """One axis of features."""
        return Plan(input=input, output=(prod(input),), linear=True)

    def apply(self, parameters: Parameters, state: State, x: Array, context: Context) -> tuple[Array, State]:
        """Reshape."""
        return x.reshape(x.shape[0], prod(x.shape[1:])), {}

    def steps(self, steps: Array | None) -> None:
        """There is no axis of time any more."""
