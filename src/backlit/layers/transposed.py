"""Transposed convolution: what a convolution's gradient does to its input, as a layer that enlarges.

y[S p + d k − P, o] += x[p, i] w[k, i, o]        O = (W − 1) S + K − 2P,  K = d (k − 1) + 1
"""

from dataclasses import dataclass
from fractions import Fraction
from math import prod

import jax.numpy as jnp
import numpy as np
from jax import lax

from backlit.errors import ShapeError
from backlit.functions.initializers import Initializer
from backlit.layers.block import Context, Parameters, State
from backlit.layers.convolution import AXES, Filters, require_groups
from backlit.layers.plan import Plan, Reach
from backlit.layers.settings import keep_whole
from backlit.layers.windows import Paddings, Sizes, Windows, blank, halves, real_positions, require_channels
from backlit.shapes import Array, Shape, write


@dataclass(frozen=True)
class ConvTranspose(Filters):
    """Transposed convolution: every position lays its own multiple of the window over the output, and they add up.

        y[S p + d k − P, o] += x[p, i] w[k, i, o]        O = (W − 1) S + K − 2P,  K = d (k − 1) + 1

    A Conv of the same settings takes its output's shape back to its input's.

    Args:
        filters: output channels, at least 1.
        kernel: k, the positions of a window: a number, or one an axis.
        stride: S, how many times larger the output is.
        padding: what is cut off at the borders: 'valid' (nothing), 'same' (O = S W), 'full' (P = K − 1), P itself, or P
            for each axis.
        dilation: d, how far apart a window's positions lie.
        groups: channels and filters in so many parts, each seeing its own alone; divides both.
        bias: whether a bias a filter is added.
        initializer: of w, by name or as an initializer; the bias starts at 0.

    Shapes: x (B, T, C), (B, H, W, C) or (B, D, H, W, C); w (*kernel, C/groups, filters); y (B, *O, filters).

    Source: V. Dumoulin, F. Visin, arXiv:1603.07285, chapter 4.

    >>> ConvTranspose(8, 3, stride=2, padding="same").plan((7, 7, 16)).output
    (14, 14, 8)
    """

    filters: int
    kernel: Sizes
    stride: Sizes = 1
    padding: Paddings = "valid"
    dilation: Sizes = 1
    groups: int = 1
    bias: bool = True
    initializer: Initializer | str = "He"

    def __post_init__(self) -> None:
        super().__post_init__()
        keep_whole(self, "filters")
        keep_whole(self, "groups")

    def plan(self, input: Shape) -> Plan:
        """One window of weights a filter, used once a position of the input."""
        require_channels(self, input)
        require_groups(self, input[-1], self.filters, self.groups)
        windows = self.windows(input[:-1])
        weight = (*windows.window, input[-1] // self.groups, self.filters)
        reach = Reach(
            tuple(1 + Fraction(k - 1, s) for k, s in zip(windows.extents, windows.stride, strict=True)),
            tuple(Fraction(1, s) for s in windows.stride),
            tuple(
                Fraction(low + 1 - k, s)
                for k, s, (low, _) in zip(windows.extents, windows.stride, windows.margins, strict=True)
            ),
        )
        return self.weighted_plan(input, (*windows.sizes, self.filters), weight, prod(input[:-1]), reach)

    def apply(self, parameters: Parameters, state: State, x: Array, context: Context) -> tuple[Array, State]:
        """A convolution of x, with S − 1 zeros between its positions, with the flipped window."""
        weight = parameters["weight"]
        windows = self.windows(x.shape[1:-1])
        x = blank(x, real_positions(x, context)).astype(jnp.result_type(x, weight))
        margins = []
        for count, size, extent, step, (low, _) in zip(
            windows.counts, windows.sizes, windows.extents, windows.stride, windows.margins, strict=True
        ):
            before = extent - 1 - low
            margins.append((before, size + extent - 1 - ((count - 1) * step + 1) - before))
        y = lax.conv_general_dilated(
            x,
            lax.rev(weight, range(len(windows.sizes))).astype(x.dtype),
            (1,) * len(windows.sizes),
            margins,
            lhs_dilation=windows.stride,
            rhs_dilation=windows.dilation,
            dimension_numbers=AXES[len(windows.sizes)],
            feature_group_count=self.groups,
        )
        return (y + parameters["bias"] if self.bias else y), {}

    def windows(self, sizes: Shape) -> Windows:
        """The windows of the convolution that this one transposes: over the output, one for each input position."""
        window, stride, dilation, extents = self.per_axis(len(sizes))
        axes = list(zip(sizes, extents, stride, strict=True))
        if self.padding == "same":
            outputs = tuple(size * step for size, _, step in axes)
            margins = tuple(halves(extent - step) for _, extent, step in axes)
        else:
            sides = self.sides(extents)
            outputs = tuple((w - 1) * s + k - 2 * p for (w, k, s), p in zip(axes, sides, strict=True))
            margins = tuple((side, side) for side in sides)
        if min(outputs) < 1:
            raise ShapeError(
                f"ConvTranspose's padding {self.padding!r} leaves nothing of an input of {write(sizes)}: "
                f"O = (W − 1) S + K − 2P is {write(outputs)}; make the kernel or the input larger, or P smaller"
            )
        return Windows(outputs, window, stride, dilation, margins, sizes)

    def steps(self, steps: Array | None) -> Array | None:
        """The steps that a sequence alone, without its padded steps, would become."""
        if steps is None:
            return None
        windows = self.windows(steps.shape[1:])
        beyond = windows.stride[0] if self.padding == "same" else windows.extents[0] - sum(windows.margins[0])
        source = (np.arange(windows.sizes[0]) - beyond) // windows.stride[0] + 1
        return steps[:, np.clip(source, 0, steps.shape[1] - 1)]
