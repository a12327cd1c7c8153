"""Locally connected layer: windows as of a convolution, but each with weights of its own.

y[p, o] = Σ_{k, i} x[S p + k − P, i] w[p, k, i, o] + b[p, o]
"""

from dataclasses import dataclass
from math import prod
from typing import Any

import jax
import jax.numpy as jnp

from backlit.functions.initializers import Constant, Initializer, initializer_named
from backlit.layers.block import Context, Parameters, State
from backlit.layers.convolution import Filters
from backlit.layers.plan import Plan, Variable
from backlit.layers.settings import keep_whole
from backlit.layers.windows import Paddings, Sizes, blank, real_positions, require_channels
from backlit.shapes import Array, Shape


@dataclass(frozen=True)
class LocallyConnected(Filters):
    """Convolution without shared weights: y[p, o] = Σ_{k, i} x[S p + k − P, i] w[p, k, i, o] + b[p, o].

    Args:
        filters: output channels, at least 1.
        kernel: the positions of a window: a number, or one an axis.
        stride: S, at least 1.
        padding: 'valid' (P = 0), 'same' (O = ⌈W/S⌉), 'full' (P = K − 1), P itself, or P for each axis.
        bias: whether b is added.
        initializer: of w, window by window, by name or as an initializer; b starts at 0.
        partial: where (W − K + 2P)/S is not a whole number: 'error', or 'drop' to leave the last positions out.

    Shapes: x (B, T, C), (B, H, W, C) or (B, D, H, W, C); w (*O, Πkernel·C, filters), b and y's examples (*O, filters).

    >>> LocallyConnected(1, 10, padding="same", bias=False).plan((1000, 1000, 1)).size
    100000000
    """

    filters: int
    kernel: Sizes
    stride: Sizes = 1
    padding: Paddings = "valid"
    bias: bool = True
    initializer: Initializer | str = "He"
    partial: str = "error"

    def __post_init__(self) -> None:
        super().__post_init__()
        keep_whole(self, "filters")

    def plan(self, input: Shape) -> Plan:
        """One window of weights a filter and position."""
        require_channels(self, input)
        windows = self.windows(input[:-1])
        output = (*windows.counts, self.filters)
        fan = prod(windows.window) * input[-1]
        draw = PositionByPosition(initializer_named(self.initializer))
        weight = Variable((*windows.counts, fan, self.filters), draw, weight=True, incoming=(-2,))
        return Plan(
            input=input,
            output=output,
            parameters={"weight": weight, **({"bias": Variable(output, Constant(0.0))} if self.bias else {})},
            multiply_adds=weight.size,
            neurons=prod(output),
            reach=windows.reach,
            linear=True,
        )

    def apply(self, parameters: Parameters, state: State, x: Array, context: Context) -> tuple[Array, State]:
        """Each window with its own weights."""
        weight = parameters["weight"]
        windows = self.windows(x.shape[1:-1])
        x = blank(x, real_positions(x, context)).astype(jnp.result_type(x, weight))
        patches = windows.patches(x).reshape(x.shape[0], *weight.shape[:-1])
        y = jnp.einsum("b...f,...fo->b...o", patches, weight.astype(x.dtype))
        return (y + parameters["bias"] if self.bias else y), {}


@dataclass(frozen=True)
class PositionByPosition:
    """Draws weights (*positions, in, out) with the initializer of one position's, (in, out)."""

    initializer: Initializer

    def __call__(self, key: Array, shape: Shape, dtype: Any = jnp.float32) -> Array:
        """Weights of this shape."""
        keys = jax.random.split(key, prod(shape[:-2]))
        return jax.vmap(lambda own: self.initializer(own, shape[-2:], dtype))(keys).reshape(shape)
