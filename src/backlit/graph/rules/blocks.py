"""Convolution in blocks of columns, for few filters on a CPU.

A convolution is a product of matrices, as wide as it has filters, and a CPU multiplies narrow matrices slowly. With B
neighboring columns taken as one, of B·C channels, and B·F filters,

    y[p, B·q + b, o] = Σ_{k, j, i} x[p + k, B·q + b + j, i] · w[k, j, i, o]

is a convolution again, B times as wide: its kernel holds w B times, each time a column further, and zeros between. The
images are only reshaped; the multiplications with the zeros are what it costs, and an input that is not finite makes
its neighbors' outputs NaN, as 0·∞ is.

Of very few filters a convolution is better turned around: every block of the input is multiplied by the whole kernel,
and what it sends to each place is added up there. The gradient of an input of few channels is such a convolution.
`benchmarks/rules_images.py` has the figures behind the numbers below.
"""

from collections.abc import Sequence
from functools import reduce
from math import ceil
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax

from backlit.shapes import Array

WIDE = 24  # filters: so many make a product fast
DEEP = 64  # channels: so many, summed over, do
FEW = 8  # filters: so few are sent, not gathered
MOST = 3  # times the multiplications of the convolution itself


def slide(x: Array, w: Array, padding: Sequence[tuple[int, int]], **settings: Any) -> Array:
    """x ∗ w, channels last, in the form that is fast."""
    if w.ndim > 2 and jax.default_backend() == "cpu" and settings["feature_group_count"] == 1:
        window, channels, filters = w.shape[-3:]
        outputs = [x.shape[axis + 1] + sum(padding[axis]) - w.shape[axis] + 1 for axis in range(w.ndim - 2)]
        steps = [settings[name] for name in ("window_strides", "lhs_dilation", "rhs_dilation")]
        if filters <= min(FEW, channels - 1) and all(step == 1 for axes in steps for step in axes) and min(outputs) > 0:
            size = block_size(x.shape[-2], window, channels, DEEP)
            return send(x, w, size, padding, settings["precision"], settings["preferred_element_type"])
        if all(axes[-1] == 1 for axes in steps):
            size = block_size(outputs[-1], window, filters, WIDE)
            return slide_blocks(x, w, size, padding, **settings)
    return lax.conv_general_dilated(x, w, padding=padding, **settings)


def slide_blocks(x: Array, w: Array, size: int, padding: Sequence[tuple[int, int]], **settings: Any) -> Array:
    """x ∗ w, channels last, in blocks of `size` columns; the columns' stride and dilations are 1."""
    if size == 1:
        return lax.conv_general_dilated(x, w, padding=padding, **settings)
    low, window = padding[-1][0], w.shape[-3]
    columns = x.shape[-2] + sum(padding[-1]) - window + 1
    blocks = columns // size + blocks_seen(size, window) - 1
    x = pad(x, x.ndim - 2, low, blocks * size - x.shape[-2] - low)
    x = x.reshape(*x.shape[:-2], blocks, size * x.shape[-1])
    y = lax.conv_general_dilated(x, widen(w, size), padding=[*padding[:-1], (0, 0)], **settings)
    return y.reshape(*y.shape[:-2], columns, w.shape[-1])


def send(
    x: Array, w: Array, size: int, padding: Sequence[tuple[int, int]], precision: Any = None, dtype: Any = None
) -> Array:
    """x ∗ w, channels last, of stride 1: what blocks of `size` columns send to each place, added up there."""
    rank = w.ndim - 2
    places = widen(jnp.swapaxes(lax.rev(w, range(rank)), -1, -2), size)
    x = x.reshape(*x.shape[:-2], x.shape[-2] // size, size * x.shape[-1])
    last = (((x.ndim - 1,), (places.ndim - 1,)), ((), ()))
    exact = jnp.promote_types(x.dtype, jnp.float32)  # what is sent is added up
    sent = lax.dot_general(x, places, last, precision=precision, preferred_element_type=exact)
    for axis in range(1, rank + 1):
        count = sent.shape[rank + 1]
        pieces = (lax.index_in_dim(sent, place, rank + 1, keepdims=False) for place in range(count))
        sent = reduce(lax.add, (pad(piece, axis, place, count - 1 - place) for place, piece in enumerate(pieces)))
    sent = sent.reshape(*sent.shape[:-2], sent.shape[-2] * size, w.shape[-1])
    for axis, (low, high) in enumerate(padding, start=1):
        outside = w.shape[axis - 1] - 1
        blank = sent.shape[axis] - x.shape[axis] * (size if axis == rank else 1) - outside
        sent = pad(sent, axis, low - outside, high - outside - blank)
    return sent.astype(x.dtype if dtype is None else dtype)


def pad(x: Array, axis: int, low: int, high: int) -> Array:
    """Zeros before and after along an axis; a number below 0 cuts off."""
    return lax.pad(x, x.dtype.type(0), [(low, high, 0) if i == axis else (0, 0, 0) for i in range(x.ndim)])


def block_size(columns: int, window: int, width: int, least: int) -> int:
    """B: the smallest divisor of the columns that makes the width so large, or the largest that is not dear."""
    size = 1
    for larger in range(2, columns + 1):
        dear = window == 1 or larger * blocks_seen(larger, window) > MOST * window
        if size * width < least and columns % larger == 0 and not dear:
            size = larger
    return size


def blocks_seen(size: int, window: int) -> int:
    """How many blocks of columns the windows of a block of outputs lie in."""
    return ceil((size + window - 1) / size)


def widen(w: Array, size: int) -> Array:
    """The kernel of the blocks: `size` copies of w (*rows, K, C, F), each a column further than the one before."""
    *rows, window, channels, filters = w.shape
    axis, blocks = len(rows), blocks_seen(size, window)
    room = blocks * size
    row = jnp.concatenate([pad(w, axis, 0, room + 1 - window)] * size, axis)  # cut shorter, each copy begins later
    copies = lax.slice_in_dim(row, 0, size * room, axis=axis).reshape(*rows, size, blocks, size, channels, filters)
    return jnp.moveaxis(copies, axis, -2).reshape(*rows, blocks, size * channels, size * filters)
