"""Pooling: one number for each window and channel, without parameters. Padding is never part of it.

MaxPool     y[p] = max_k x[S p + k − P]          GlobalMaxPool     over all positions
MeanPool    y[p] = mean_k x[S p + k − P]         GlobalMeanPool    over all positions
MedianPool  y[p] = median_k x[S p + k − P]
"""

from abc import abstractmethod
from dataclasses import dataclass, replace
from typing import ClassVar

import jax.numpy as jnp
import numpy as np
from jax import lax

from backlit.errors import ShapeError
from backlit.functions.activations import floats
from backlit.layers.block import Block, Context, Parameters, State
from backlit.layers.plan import EVERYTHING, Plan
from backlit.layers.windows import Paddings, Sizes, Windowed, Windows, blank, real_positions, require_channels
from backlit.shapes import Array, Shape


@dataclass(frozen=True)
class Pool(Windowed):
    """What pools share: their windows, O = (W − K + 2P)/S + 1 of them, channel by channel."""

    extent: ClassVar[str] = "window"
    nothing: ClassVar[float] = 0.0  # what padding is for the pool

    window: Sizes
    stride: Sizes | None = None
    padding: Paddings = "valid"
    partial: str = "error"

    def plan(self, input: Shape) -> Plan:
        """A number for each window and channel."""
        require_channels(self, input)
        windows = self.windows(input[:-1])
        if not windows.real().all():
            raise ShapeError(
                f"{type(self).__name__}'s padding {self.padding} must be smaller than its window {self.window}: "
                f"some windows would hold nothing but padding"
            )
        return Plan(input=input, output=(*windows.counts, input[-1]), reach=windows.reach)

    def apply(self, parameters: Parameters, state: State, x: Array, context: Context) -> tuple[Array, State]:
        """Pool what is real; a window of padded steps alone becomes 0."""
        x, real = floats(x), real_positions(x, context)
        windows = self.windows(x.shape[1:-1])
        if real is None:
            return self.pool(x, windows, windows.real()), {}
        counts = windows.patches(real).sum(-2)
        return blank(self.pool(jnp.where(real > 0, x, self.nothing), windows, counts), counts), {}

    @abstractmethod
    def pool(self, x: Array, windows: Windows, counts: Array | np.ndarray) -> Array:
        """One number for each window and channel of x, in which padding is `nothing`; `counts` are the real ones."""


@dataclass(frozen=True)
class MaxPool(Pool):
    """The largest number of each window: y[p] = max_k x[S p + k − P]; of equal ones, the first gets the gradient.

    Args:
        window: K, the positions of a window: a number, or one an axis.
        stride: S; None: the window, so that windows lie side by side.
        padding: 'valid' (P = 0), 'same' (O = ⌈W/S⌉), 'full' (P = K − 1), P itself, below K, or P for each axis; padding
            is never the largest.
        partial: where (W − K + 2P)/S is not a whole number: 'error', or 'drop' to leave the last positions out.

    Shapes: x (B, T, C), (B, H, W, C) or (B, D, H, W, C); y (B, *O, C). Padded steps of a sequence are left out.
    With padding='same' and a stride above 1 the windows start by the padded length, not by the sequence's own.

    >>> MaxPool(2).plan((28, 28, 6)).output
    (14, 14, 6)
    """

    nothing: ClassVar[float] = -jnp.inf

    def pool(self, x: Array, windows: Windows, counts: Array | np.ndarray) -> Array:
        """The maximum."""
        return lax.reduce_window(x, -jnp.inf, lax.max, *frames(windows))


@dataclass(frozen=True)
class MeanPool(Pool):
    """The mean of each window: y[p] = mean_k x[S p + k − P], over the real positions alone.

    Args:
        window: K, the positions of a window: a number, or one an axis.
        stride: S; None: the window, so that windows lie side by side.
        padding: 'valid' (P = 0), 'same' (O = ⌈W/S⌉), 'full' (P = K − 1), P itself, below K, or P for each axis; padding
            does not count.
        partial: where (W − K + 2P)/S is not a whole number: 'error', or 'drop' to leave the last positions out.

    Shapes: x (B, T, C), (B, H, W, C) or (B, D, H, W, C); y (B, *O, C). Padded steps of a sequence are left out.
    With padding='same' and a stride above 1 the windows start by the padded length, not by the sequence's own.

    >>> MeanPool(3, stride=2, padding="same").plan((7, 7, 6)).output
    (4, 4, 6)
    """

    def plan(self, input: Shape) -> Plan:
        """A number for each window and channel, which is linear in them."""
        return replace(super().plan(input), linear=True)

    def pool(self, x: Array, windows: Windows, counts: Array | np.ndarray) -> Array:
        """The sum, divided by how many numbers are real."""
        total = lax.reduce_window(x, 0.0, lax.add, *frames(windows))
        return total / jnp.maximum(counts, 1).astype(x.dtype)


@dataclass(frozen=True)
class MedianPool(Pool):
    """The median of each window: y[p] = median_k x[S p + k − P]; of an even count, the mean of the middle two.

    Args:
        window: K, the positions of a window: a number, or one an axis.
        stride: S; None: the window, so that windows lie side by side.
        padding: 'valid' (P = 0), 'same' (O = ⌈W/S⌉), 'full' (P = K − 1), P itself, below K, or P for each axis; padding
            does not count.
        partial: where (W − K + 2P)/S is not a whole number: 'error', or 'drop' to leave the last positions out.

    Shapes: x (B, T, C), (B, H, W, C) or (B, D, H, W, C); y (B, *O, C). Padded steps of a sequence are left out.
    With padding='same' and a stride above 1 the windows start by the padded length, not by the sequence's own.

    >>> MedianPool(3, stride=1).plan((7, 5)).output
    (5, 5)
    """

    nothing: ClassVar[float] = jnp.inf

    def pool(self, x: Array, windows: Windows, counts: Array | np.ndarray) -> Array:
        """The numbers whose rank in their window is the middle one, or the middle two; padding comes last."""
        held = windows.patches(x, jnp.inf)
        place = np.arange(held.shape[-2])
        one, other = held[..., :, None, :], held[..., None, :, :]
        before = (other < one) | (other == one) & (place < place[:, None])[..., None]
        rank, number = before.sum(-2), jnp.asarray(counts, jnp.int32)[..., None]
        middle = (rank == (number - 1) // 2).astype(x.dtype) + (rank == number // 2)
        median = jnp.where(middle > 0, 0.5 * middle * held, 0).sum(-2)
        return jnp.where(jnp.isnan(held).any(-2), jnp.nan, median)


class GlobalPool(Block):
    """What global pools share: one number a channel, over every position."""

    def plan(self, input: Shape) -> Plan:
        """One number a channel."""
        require_channels(self, input)
        return Plan(input=input, output=input[-1:], reach=EVERYTHING)

    @property
    def streams(self) -> bool:
        """It sees every step."""
        return False

    def steps(self, steps: Array | None) -> None:
        """There is no axis of time any more."""


@dataclass(frozen=True)
class GlobalMaxPool(GlobalPool):
    """The largest number of each channel: (B, *W, C) → (B, C); padded steps of a sequence are left out.

    >>> GlobalMaxPool().plan((7, 7, 512)).output
    (512,)
    """

    def apply(self, parameters: Parameters, state: State, x: Array, context: Context) -> tuple[Array, State]:
        """The maximum over the positions; 0 where none is real."""
        real = real_positions(x, context)
        y = blank(floats(x), real, -jnp.inf).max(range(1, x.ndim - 1))
        return (y if real is None else blank(y, real.max(1))), {}


@dataclass(frozen=True)
class GlobalMeanPool(GlobalPool):
    """The mean of each channel: (B, *W, C) → (B, C); padded steps of a sequence are left out.

    Source: Lin, Chen and Yan 2014, arXiv:1312.4400.

    >>> GlobalMeanPool().plan((7, 7, 512)).output
    (512,)
    """

    def plan(self, input: Shape) -> Plan:
        """One number a channel, which is linear in the input."""
        return replace(super().plan(input), linear=True)

    def apply(self, parameters: Parameters, state: State, x: Array, context: Context) -> tuple[Array, State]:
        """The mean over the positions; 0 where none is real."""
        x, real = floats(x), real_positions(x, context)
        if real is None:
            return x.mean(range(1, x.ndim - 1)), {}
        return blank(x, real).sum(1) / jnp.maximum(real.sum(1), 1).astype(x.dtype), {}


def frames(windows: Windows) -> tuple[Shape, Shape, tuple[tuple[int, int], ...]]:
    """The windows with the axes of batch and channels, as XLA takes them."""
    return (1, *windows.window, 1), (1, *windows.stride, 1), ((0, 0), *windows.margins, (0, 0))
