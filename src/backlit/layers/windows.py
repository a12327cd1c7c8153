"""Windows that slide along the axes of an input: their extent, stride and padding, and what they cover.

    O = (W − K + 2P) / S + 1        K = d (k − 1) + 1, the extent of k positions that lie d apart

Padding is 'valid' (none), 'full' (P = K − 1: every overlap), 'same' (O = ⌈W/S⌉, the odd position at the end), or P
itself, for all axes or for each. Where (W − K + 2P)/S is not a whole number, the last positions would be left out in
silence: that is an error, unless `partial='drop'` asks for it.

Source: V. Dumoulin, F. Visin, "A guide to convolution arithmetic for deep learning", arXiv 1603.07285.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import reduce
from itertools import product
from typing import ClassVar, TypeAlias

import jax.numpy as jnp
import numpy as np
from jax import lax

from backlit.errors import SettingError, ShapeError
from backlit.layers.block import Block, Context, checked_steps
from backlit.layers.plan import Reach
from backlit.layers.settings import is_whole
from backlit.shapes import Array, Shape, write

Sizes: TypeAlias = int | tuple[int, ...]
Paddings: TypeAlias = str | Sizes
PADDINGS = ("valid", "same", "full")
MOST_AXES = 3


@dataclass(frozen=True)
class Windows:
    """Windows over an input whose axes are known; every field has an entry an axis.

    Attributes:
        sizes: the input's positions, W.
        window: the positions of a window, k.
        stride: from one window to the next, S.
        dilation: from one position of a window to the next, d.
        margins: padding before and after.
        counts: the windows, O.
    """

    sizes: Shape
    window: Shape
    stride: Shape
    dilation: Shape
    margins: tuple[tuple[int, int], ...]
    counts: Shape

    @property
    def extents(self) -> Shape:
        """K, what a window spans."""
        return tuple(d * (k - 1) + 1 for k, d in zip(self.window, self.dilation, strict=True))

    @property
    def reach(self) -> Reach:
        """Of a layer that sees its input through these windows."""
        return Reach(self.extents, self.stride, tuple(-low for low, _ in self.margins))

    def patches(self, x: Array, fill: float = 0.0) -> Array:
        """What the windows hold: x (B, *sizes, C) → (B, *counts, k, C), positions in reading order."""
        margins = [(0, 0, 0), *((low, high, 0) for low, high in self.margins), (0, 0, 0)]
        padded = lax.pad(x, jnp.asarray(fill, x.dtype), margins)
        return jnp.stack([self._slice(padded, offset) for offset in self._offsets()], axis=-2)

    def real(self) -> np.ndarray:
        """How many of a window's positions are not padding: (*counts, 1)."""
        axes = []
        for axis, size in enumerate(self.sizes):
            starts = np.arange(self.counts[axis]) * self.stride[axis] - self.margins[axis][0]
            places = starts[:, None] + np.arange(self.window[axis]) * self.dilation[axis]
            axes.append(((places >= 0) & (places < size)).sum(1))
        return reduce(np.multiply.outer, axes)[..., None]

    def _offsets(self) -> Iterator[Shape]:
        return product(*(range(0, k * d, d) for k, d in zip(self.window, self.dilation, strict=True)))

    def _slice(self, padded: Array, offset: Shape) -> Array:
        ends = [o + (n - 1) * s + 1 for o, n, s in zip(offset, self.counts, self.stride, strict=True)]
        return lax.slice(padded, (0, *offset, 0), (padded.shape[0], *ends, padded.shape[-1]), (1, *self.stride, 1))


class Windowed(Block):
    """What layers of sliding windows share: the settings `kernel` (or `window`), `stride`, `padding`, `partial`."""

    extent: ClassVar[str] = "kernel"

    stride: Sizes | None
    padding: Paddings
    dilation: Sizes = 1
    partial: str = "drop"

    def __post_init__(self) -> None:
        keep_sizes(self, self.extent)
        keep_sizes(self, "dilation")
        if self.stride is not None or self.extent == "kernel":  # a pool without a stride has its windows side by side
            keep_sizes(self, "stride")
        keep_padding(self)
        if self.partial not in ("error", "drop"):
            raise SettingError(f"{type(self).__name__} takes partial='error' or partial='drop', not {self.partial!r}")

    def windows(self, sizes: Shape) -> Windows:
        """The windows over an input's spatial axes.

        Raises:
            ShapeError: where they do not fit.
        """
        window, stride, dilation, extents = self.per_axis(len(sizes))
        if self.padding == "same":
            counts = tuple(-(-size // step) for size, step in zip(sizes, stride, strict=True))
            margins = [halves((n - 1) * s + k - w) for n, s, k, w in zip(counts, stride, extents, sizes, strict=True)]
            return Windows(sizes, window, stride, dilation, tuple(margins), counts)
        sides = self.sides(extents)
        counts = tuple(
            count_windows(type(self).__name__, *axis, self.partial)
            for axis in zip(sizes, extents, sides, stride, strict=True)
        )
        return Windows(sizes, window, stride, dilation, tuple((side, side) for side in sides), counts)

    def per_axis(self, count: int) -> tuple[Shape, Shape, Shape, Shape]:
        """Positions, stride, dilation and extent of a window along each of `count` axes."""
        window = per_axis(self, self.extent, count)
        stride = window if self.stride is None else per_axis(self, "stride", count)
        dilation = per_axis(self, "dilation", count)
        return window, stride, dilation, tuple(d * (k - 1) + 1 for k, d in zip(window, dilation, strict=True))

    def sides(self, extents: Shape) -> Shape:
        """P for each axis, where the padding is not 'same'."""
        if isinstance(self.padding, str):
            return {"valid": (0,) * len(extents), "full": tuple(k - 1 for k in extents)}[self.padding]
        return per_axis(self, "padding", len(extents))

    @property
    def streams(self) -> bool:
        """It sees its neighbors, and keeps none of them."""
        return False

    def steps(self, steps: Array | None) -> Array | None:
        """The windows that a sequence alone, without its padded steps, would have, and the first."""
        if steps is None:
            return None
        windows = self.windows(steps.shape[1:])
        beyond = 0 if self.padding == "same" else windows.extents[0] - 1 - sum(windows.margins[0])
        last = np.arange(windows.counts[0]) * windows.stride[0] + beyond
        return steps[:, np.clip(last, 0, steps.shape[1] - 1) * (last > last[0])]


def count_windows(name: str, size: int, extent: int, side: int, stride: int, partial: str) -> int:
    """O = (W − K + 2P)/S + 1.

    Raises:
        ShapeError: the window is larger than the padded input, or O is not a whole number and nothing is to be dropped.
    """
    room = size - extent + 2 * side
    if room < 0:
        padded = f"with padding {side} on both sides it has {size + 2 * side}" if side else "it has no padding"
        raise ShapeError(
            f"{name}'s window spans {extent} positions of an axis of {size}, and {padded}; "
            f"make the input at least {extent - 2 * side} or the window smaller, or pad with padding='same'"
        )
    left = room % stride
    if left and partial == "error":
        sizes = [str(fit) for fit in (size - left, size + stride - left) if fit > 0]
        same = "padding='same'"
        paddings = [f"padding={p}" for p in range(side + 1, extent) if (room + 2 * (p - side)) % stride == 0]
        raise ShapeError(
            f"{name}'s windows do not end where its input ends: (W − K + 2P)/S + 1 = "
            f"({size} − {extent} + 2·{side})/{stride} + 1 is not a whole number, and the last {left} of "
            f"{size + 2 * side} positions would be left out; W = {' or '.join(sizes)} fits, and so does "
            f"{' or '.join([*paddings[:1], same])}; or leave them out with partial='drop'"
        )
    return room // stride + 1


def halves(total: int) -> tuple[int, int]:
    """A padding in two parts, the larger one at the end; none where the total is below 0."""
    low = max(total, 0) // 2
    return low, max(total, 0) - low


def require_channels(block: Block, input: Shape) -> None:
    """One to three axes to slide along, and channels.

    Raises:
        ShapeError: the input has others.
    """
    if not 2 <= len(input) <= MOST_AXES + 1:
        raise ShapeError(
            f"{type(block).__name__} takes one to three axes and channels, such as (T, C), (H, W, C) or (D, H, W, C), "
            f"and its input is {write(input)}"
        )


def per_axis(block: Block, name: str, count: int) -> Shape:
    """A setting for each of `count` axes.

    Raises:
        ShapeError: it was given for another number of axes.
    """
    value = getattr(block, name)
    if isinstance(value, int):
        return (value,) * count
    if len(value) != count:
        raise ShapeError(
            f"{type(block).__name__}'s {name}={value} is for {len(value)} axes, and its input has {count}, "
            "besides that of channels"
        )
    return tuple(value)


def keep_sizes(block: Block, name: str, least: int = 1) -> None:
    """Keep the block's setting `name`, a whole number or one an axis.

    Raises:
        SettingError: where it is neither.
    """
    value = getattr(block, name)
    if is_whole(value, least):
        object.__setattr__(block, name, int(value))
    elif isinstance(value, tuple | list) and 1 <= len(value) <= MOST_AXES and all(is_whole(v, least) for v in value):
        object.__setattr__(block, name, tuple(int(v) for v in value))
    else:
        raise SettingError(
            f"{type(block).__name__} takes a {name} of at least {least}, a whole number such as 3 or one an axis "
            f"such as (3, 5), not {value!r}"
        )


def keep_padding(block: Windowed) -> None:
    """Keep the block's setting `padding`.

    Raises:
        SettingError: where it is no padding.
    """
    if not isinstance(block.padding, str):
        keep_sizes(block, "padding", 0)
    elif block.padding not in PADDINGS:
        raise SettingError(
            f"{type(block).__name__} takes padding='valid', 'same', 'full' or a number, not padding={block.padding!r}"
        )


def real_positions(x: Array, context: Context) -> Array | None:
    """The real steps of a sequence x (B, T, C), as (B, T, 1); None where all are."""
    steps = checked_steps(context.steps, x) if x.ndim == 3 else None
    return None if steps is None else steps[..., None]


def blank(x: Array, real: Array | None, fill: float = 0.0) -> Array:
    """x with `fill` in place of padded steps."""
    return x if real is None else jnp.where(real > 0, x, jnp.asarray(fill, x.dtype))
