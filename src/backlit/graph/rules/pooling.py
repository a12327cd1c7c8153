"""Rules of pooling: sums and extrema over sliding windows.

Windows that lie side by side are blocks of a reshaped array: their rules are reductions over the blocks' own axes,
which compile to far faster loops than the general ones. Small windows that overlap are taken apart: what lies at one
place of every window is a slice, and one number a window says which place has its extremum. In a window whose largest
(or smallest) element occurs several times the first one gets the gradient, as in JAX. A window that holds NaN has no
element equal to its extremum: nothing gets its gradient, except in large windows that overlap.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import reduce
from itertools import product
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax
from jax.extend.core import primitives

from backlit.graph.fallback import bind, explain
from backlit.graph.rulebook import Params, PerInput, Values, register
from backlit.graph.rules.convolution import dilate
from backlit.graph.sharding import is_spelled_out
from backlit.shapes import Array, Shape

SMALL_WINDOW = 64  # elements


def pull_window_sum(params: Params, inputs: Values, output: Array, upstream: Array) -> Array:
    """y_p = Σ_k x[s·p + k]: x̄_q = Σ ȳ_p over the windows p that hold q"""
    shape, windows = inputs[0].shape, params["window_dimensions"]
    if side_by_side(params):
        return join_blocks(repeat(upstream, windows), shape)
    margins = []
    for axis, stride in enumerate(params["window_strides"]):
        reach = params["window_dilation"][axis] * (windows[axis] - 1)
        size, count = dilate(shape[axis], params["base_dilation"][axis]), dilate(upstream.shape[axis], stride)
        low = reach - params["padding"][axis][0]
        margins.append((low, size + reach - count - low, stride - 1))
    spaced = lax.pad(upstream, upstream.dtype.type(0), margins)
    ones = (1,) * len(shape)
    slide = {"window_strides": params["base_dilation"], "padding": ((0, 0),) * len(shape), "base_dilation": ones}
    return bind(primitives.reduce_window_sum_p, params | slide, [spaced])[0]


def pull_window_max(params: Params, inputs: Values, output: Array, upstream: Array) -> Array:
    """y_p = max_k x[s·p + k]: x̄_q = Σ ȳ_p over the windows p whose first largest element is q"""
    return pull_extremum(params, inputs[0], output, upstream, primitives.reduce_window_max_p)


def pull_window_min(params: Params, inputs: Values, output: Array, upstream: Array) -> Array:
    """y_p = min_k x[s·p + k]: x̄_q = Σ ȳ_p over the windows p whose first smallest element is q"""
    return pull_extremum(params, inputs[0], output, upstream, primitives.reduce_window_min_p)


def pull_extremum(params: Params, x: Array, output: Array, upstream: Array, primitive: Any) -> Array:
    """The upstream gradient of every window, at its first extreme element; over gaps it is left to JAX."""
    windows = params["window_dimensions"]
    if not undilated(params):
        with explain(primitive):
            _, pull = jax.vjp(lambda operand: bind(primitive, params, [operand])[0], x)
            return pull(upstream)[0]
    if side_by_side(params):
        return pull_blocks(x, output, upstream, windows)
    if math.prod(windows) > SMALL_WINDOW:
        better = primitives.ge_p if primitive is primitives.reduce_window_max_p else primitives.le_p
        names = ("window_dimensions", "window_strides", "padding")
        choice = {"select_prim": better} | {name: params[name] for name in names}
        return bind(primitives.select_and_scatter_add_p, choice, [upstream, x])[0]
    return pull_places(params, x, output, upstream)


def pull_blocks(x: Array, output: Array, upstream: Array, windows: Shape) -> Array:
    """The gradient where windows are blocks."""
    blocks = split_blocks(x, windows, output.shape)
    place = places(blocks.shape, windows)
    candidates = lax.select(lax.eq(blocks, repeat(output, windows)), place, lax.full_like(place, math.prod(windows)))
    first = lax.reduce_min(candidates, range(1, blocks.ndim, 2))
    gradient = repeat(upstream, windows)
    chosen = lax.select(lax.eq(place, repeat(first, windows)), gradient, lax.full_like(gradient, 0))
    return join_blocks(chosen, x.shape)


def pull_places(params: Params, x: Array, output: Array, upstream: Array) -> Array:
    """The gradient where windows overlap: the sum over the places in a window of what each receives.

    Place k = r + s·j of window p is element s·(p + j) + r: the places of one remainder r sum up without gaps.
    """
    windows, strides, padding = (params[name] for name in ("window_dimensions", "window_strides", "padding"))
    offsets = list(enumerate(product(*map(range, windows))))
    padded = lax.pad(x, x.dtype.type(jnp.nan), [(*pair, 0) for pair in padding])
    spans = [dilate(count, stride) for count, stride in zip(output.shape, strides, strict=True)]
    first = lax.full(output.shape, len(offsets), "int32")
    for number, offset in reversed(offsets):
        ends = [start + span for start, span in zip(offset, spans, strict=True)]
        extreme = lax.eq(lax.slice(padded, offset, ends, strides), output)
        first = lax.select(extreme, lax.full_like(first, number), first)
    counts = [n + (k - 1) // s for n, k, s in zip(output.shape, windows, strides, strict=True)]
    sums = {rest: lax.full(counts, 0, upstream.dtype) for rest in product(*map(range, strides))}
    for number, offset in offsets:
        ahead, rest = zip(*map(divmod, offset, strides), strict=True)
        received = lax.select(lax.eq(first, lax.full_like(first, number)), upstream, lax.full_like(upstream, 0))
        margins = [(j, count - j - n, 0) for j, count, n in zip(ahead, counts, output.shape, strict=True)]
        sums[rest] = lax.add(sums[rest], lax.pad(received, upstream.dtype.type(0), margins))
    parts = jnp.stack(list(sums.values())).reshape(*strides, *counts)
    whole = parts.transpose(interleave(range(x.ndim, 2 * x.ndim), range(x.ndim)))
    whole = whole.reshape([count * stride for count, stride in zip(counts, strides, strict=True)])
    margins = [(-low, low + n - m, 0) for (low, _), n, m in zip(padding, x.shape, whole.shape, strict=True)]
    return lax.pad(whole, upstream.dtype.type(0), margins)


def side_by_side(params: Params) -> bool:
    """Whether the windows are blocks: each begins where the last one ends, at the edge, without gaps."""
    return (
        tuple(params["window_dimensions"]) == tuple(params["window_strides"])
        and all(pair == (0, 0) for pair in params["padding"])
        and undilated(params)
    )


def undilated(params: Params) -> bool:
    """Whether there are no gaps between the elements, of the input and of the windows."""
    return all(step == 1 for step in (*params["base_dilation"], *params["window_dilation"]))


def split_blocks(x: Array, windows: Shape, counts: Shape) -> Array:
    """An array of n·k elements along each axis as one of n blocks of k; what is left over is cut off."""
    covered = [count * window for count, window in zip(counts, windows, strict=True)]
    whole = x if x.shape == tuple(covered) else lax.slice(x, [0] * x.ndim, covered)
    return lax.reshape(whole, interleave(counts, windows))


def join_blocks(blocks: Array, shape: Shape) -> Array:
    """The inverse of `split_blocks`, with zeros where something was cut off."""
    sizes = blocks.shape
    covered = tuple(count * window for count, window in zip(sizes[::2], sizes[1::2], strict=True))
    margins = [(0, full - size, 0) for full, size in zip(shape, covered, strict=True)]
    whole = lax.reshape(blocks, covered)
    return whole if covered == shape else lax.pad(whole, blocks.dtype.type(0), margins)


def repeat(value: Array, windows: Shape) -> Array:
    """One number a block, as often as the block has elements."""
    return lax.broadcast_in_dim(value, interleave(value.shape, windows), range(0, 2 * value.ndim, 2))


def places(shape: Shape, windows: Shape) -> Array:
    """The number of every element within its block, in reading order."""
    number = lax.full(shape, 0, "int32")
    for axis, window in enumerate(windows):
        if window > 1:
            number = number * window + lax.broadcasted_iota("int32", shape, 2 * axis + 1)
    return number


def interleave(counts: Sequence[int], windows: Sequence[int]) -> Shape:
    """The shape of the blocks: n_0, k_0, n_1, k_1, ..."""
    return tuple(size for pair in zip(counts, windows, strict=True) for size in pair)


@dataclass(frozen=True)
class Pooling(PerInput):
    """The rule of a pool; on a CPU small windows that lie side by side are combined place by place."""

    primitive: Any
    combine: Callable[[Array, Array], Array]

    def evaluate(self, params: Params, inputs: Values) -> list[Array]:
        """The output."""
        x, windows = inputs[0], params["window_dimensions"]
        covered = [size - size % window for size, window in zip(x.shape, windows, strict=True)]
        fits = side_by_side(params) and math.prod(windows) <= SMALL_WINDOW and all(covered)
        if not fits or jax.default_backend() != "cpu" or is_spelled_out(jax.typeof(x)):
            return bind(self.primitive, params, inputs)
        places = product(*map(range, windows))
        return [reduce(self.combine, (lax.slice(x, place, covered, windows) for place in places))]


register("reduce_window_sum", Pooling((pull_window_sum,), primitives.reduce_window_sum_p, lax.add))
register("reduce_window_max", Pooling((pull_window_max,), primitives.reduce_window_max_p, lax.max))
register("reduce_window_min", Pooling((pull_window_min,), primitives.reduce_window_min_p, lax.min))
