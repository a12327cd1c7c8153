"""Convolution: one small window of weights, shared by all positions.

    y[p, o] = Σ_{k, i} x[S p + d k − P, i] w[k, i, o] + b[o]

This is the cross-correlation of x and w, as in every library of the field: the window is not flipped, as the
convolution of mathematics, Σ x[p − k] w[k], would have it. Since w is learned, the two describe the same networks.
"""

from dataclasses import dataclass
from math import prod

import jax.numpy as jnp
from jax import lax

from backlit.errors import ShapeError
from backlit.functions.initializers import Constant, Initializer, initializer_named
from backlit.layers.block import Block, Context, Parameters, State
from backlit.layers.plan import Plan, Reach, Variable
from backlit.layers.settings import keep_flag, keep_initializer, keep_whole
from backlit.layers.windows import Paddings, Sizes, Windowed, blank, real_positions, require_channels
from backlit.shapes import Array, Shape

AXES = {1: ("NWC", "WIO", "NWC"), 2: ("NHWC", "HWIO", "NHWC"), 3: ("NDHWC", "DHWIO", "NDHWC")}


class Filters(Windowed):
    """What windows of weights share: an initializer, and biases where they are wanted."""

    bias: bool
    initializer: Initializer | str

    def __post_init__(self) -> None:
        super().__post_init__()
        keep_flag(self, "bias")
        keep_initializer(self, "initializer")

    def weighted_plan(self, input: Shape, output: Shape, weight: Shape, uses: int, reach: Reach) -> Plan:
        """The plan of a layer whose every weight is used `uses` times, with a bias a filter."""
        bias = {"bias": Variable(output[-1:], Constant(0.0))} if self.bias else {}
        return Plan(
            input=input,
            output=output,
            parameters={"weight": Variable(weight, initializer_named(self.initializer), weight=True), **bias},
            multiply_adds=uses * prod(weight),
            neurons=prod(output),
            reach=reach,
            linear=True,
        )


@dataclass(frozen=True)
class Conv(Filters):
    """Convolution (cross-correlation: the window is not flipped) along one, two or three axes, by the input's rank.

        y[p, o] = Σ_{k, i} x[S p + d k − P, i] w[k, i, o] + b[o]          O = (W − K + 2P)/S + 1, K = d(k − 1) + 1

    Args:
        filters: output channels, at least 1.
        kernel: k, the positions of a window: a number, or one an axis.
        stride: S, at least 1.
        padding: 'valid' (P = 0), 'same' (O = ⌈W/S⌉), 'full' (P = K − 1), P itself, or P for each axis.
        dilation: d, how far apart a window's positions lie.
        groups: channels and filters in so many parts, each seeing its own alone; divides both.
        bias: whether b is added.
        initializer: of w, by name or as an initializer; b starts at 0.
        partial: where (W − K + 2P)/S is not a whole number: 'error', or 'drop' to leave the last positions out.

    Shapes: x (B, T, C), (B, H, W, C) or (B, D, H, W, C); w (*kernel, C/groups, filters); y (B, *O, filters).
    Padded steps of a sequence count as zeros; those windows are real that the sequence alone would have.
    With padding='same' and a stride above 1 the windows start by the padded length, not by the sequence's own.
    On a CPU some neighboring windows are computed as one, with zeros between: an input that is not finite then makes
    the outputs of windows beside its own NaN too, as 0·∞ is.

    Source: LeCun et al. 1998, Proc. IEEE 86.

    >>> Conv(16, 3).plan((32, 32, 3)).output
    (30, 30, 16)
    >>> Conv(16, 3).plan((32, 32, 3)).size
    448
    """

    filters: int
    kernel: Sizes
    stride: Sizes = 1
    padding: Paddings = "valid"
    dilation: Sizes = 1
    groups: int = 1
    bias: bool = True
    initializer: Initializer | str = "He"
    partial: str = "error"

    def __post_init__(self) -> None:
        super().__post_init__()
        keep_whole(self, "filters")
        keep_whole(self, "groups")

    def plan(self, input: Shape) -> Plan:
        """One window of weights a filter, wherever it lies."""
        require_channels(self, input)
        require_groups(self, input[-1], self.filters, self.groups)
        windows = self.windows(input[:-1])
        weight = (*windows.window, input[-1] // self.groups, self.filters)
        return self.weighted_plan(input, (*windows.counts, self.filters), weight, prod(windows.counts), windows.reach)

    def apply(self, parameters: Parameters, state: State, x: Array, context: Context) -> tuple[Array, State]:
        """Slide."""
        return convolve(self, parameters, x, context, self.groups), {}


@dataclass(frozen=True)
class DepthwiseConv(Filters):
    """Convolution of each channel alone: y[p, (i, m)] = Σ_k x[S p + d k − P, i] w[k, (i, m)] + b[(i, m)].

    Args:
        kernel: k, the positions of a window: a number, or one an axis.
        multiplier: filters for each channel, at least 1.
        stride, padding, dilation, bias, initializer, partial: as of Conv.

    Shapes: x (B, *W, C), w (*kernel, 1, C·multiplier), y (B, *O, C·multiplier), a channel's filters side by side.

    Source: Chollet 2017, arXiv:1610.02357.

    >>> DepthwiseConv(3, multiplier=2, padding="same").plan((8, 8, 5)).output
    (8, 8, 10)
    """

    kernel: Sizes
    multiplier: int = 1
    stride: Sizes = 1
    padding: Paddings = "valid"
    dilation: Sizes = 1
    bias: bool = True
    initializer: Initializer | str = "He"
    partial: str = "error"

    def __post_init__(self) -> None:
        super().__post_init__()
        keep_whole(self, "multiplier")

    def plan(self, input: Shape) -> Plan:
        """`multiplier` windows of weights a channel."""
        require_channels(self, input)
        windows, filters = self.windows(input[:-1]), input[-1] * self.multiplier
        weight = (*windows.window, 1, filters)
        return self.weighted_plan(input, (*windows.counts, filters), weight, prod(windows.counts), windows.reach)

    def apply(self, parameters: Parameters, state: State, x: Array, context: Context) -> tuple[Array, State]:
        """Slide, channel by channel."""
        return convolve(self, parameters, x, context, x.shape[-1]), {}


def convolve(block: Windowed, parameters: Parameters, x: Array, context: Context, groups: int) -> Array:
    """x slid over by the block's windows."""
    weight = parameters["weight"]
    windows = block.windows(x.shape[1:-1])
    x = blank(x, real_positions(x, context)).astype(jnp.result_type(x, weight))
    y = lax.conv_general_dilated(
        x,
        weight.astype(x.dtype),
        windows.stride,
        windows.margins,
        rhs_dilation=windows.dilation,
        dimension_numbers=AXES[len(windows.sizes)],
        feature_group_count=groups,
    )
    return y + parameters["bias"] if "bias" in parameters else y


def require_groups(block: Block, channels: int, filters: int, groups: int) -> None:
    """Groups that divide the channels and the filters.

    Raises:
        ShapeError: they do not.
    """
    if channels % groups or filters % groups:
        raise ShapeError(
            f"{type(block).__name__}'s groups={groups} must divide its channels, {channels}, and its filters, {filters}"
        )
