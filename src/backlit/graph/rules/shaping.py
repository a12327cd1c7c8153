"""Rules of shaping: the same numbers in another arrangement, repeated, cut or joined.

All are linear, y = A·x, and the gradient goes back by the transpose, x̄ = Aᵀ·ȳ: what was moved is moved back, what was
repeated is summed, what was cut off is filled with zeros.
"""

from collections.abc import Sequence

from jax import lax

from backlit.graph.rulebook import Params, PerInput, Values, register
from backlit.shapes import Array


def pull_broadcast(params: Params, inputs: Values, output: Array, upstream: Array) -> Array:
    """y = x repeated along new axes and axes of size 1: x̄ = Σ ȳ over them"""
    shape = inputs[0].shape
    kept = {
        axis for axis, size in zip(params["broadcast_dimensions"], shape, strict=True) if size == output.shape[axis]
    }
    summed = [axis for axis in range(output.ndim) if axis not in kept]
    gradient = lax.reduce_sum(upstream, summed) if summed else upstream
    return lax.reshape(gradient, shape) if gradient.shape != shape else gradient


def pull_reshape(params: Params, inputs: Values, output: Array, upstream: Array) -> Array:
    """y = x in another shape: x̄ = ȳ in the shape of x"""
    shape, order = inputs[0].shape, params["dimensions"]
    if order is None:
        return lax.reshape(upstream, shape)
    return lax.transpose(lax.reshape(upstream, [shape[axis] for axis in order]), invert(order))


def pull_squeeze(params: Params, inputs: Values, output: Array, upstream: Array) -> Array:
    """y = x without axes of size 1: x̄ = ȳ with them"""
    return lax.expand_dims(upstream, params["dimensions"])


def pull_transpose(params: Params, inputs: Values, output: Array, upstream: Array) -> Array:
    """y = x with its axes in another order: x̄ = ȳ with its axes in the first order"""
    return lax.transpose(upstream, invert(params["permutation"]))


def pull_reverse(params: Params, inputs: Values, output: Array, upstream: Array) -> Array:
    """y = x read backward: x̄ = ȳ read backward"""
    return lax.rev(upstream, params["dimensions"])


def pull_slice(params: Params, inputs: Values, output: Array, upstream: Array) -> Array:
    """y = x[start:stop:step]: x̄[start:stop:step] = ȳ, and 0 elsewhere"""
    steps = params["strides"] or (1,) * upstream.ndim
    ends = [
        start + (size - 1) * step + 1 if size else start
        for start, size, step in zip(params["start_indices"], upstream.shape, steps, strict=True)
    ]
    margins = [
        (start, full - end, step - 1)
        for start, end, full, step in zip(params["start_indices"], ends, inputs[0].shape, steps, strict=True)
    ]
    return lax.pad(upstream, upstream.dtype.type(0), margins)


def pull_pad(params: Params, inputs: Values, output: Array, upstream: Array) -> Array:
    """y = x with margins of a value v around and between: x̄ = ȳ without the margins"""
    config = params["padding_config"]
    trimmed = lax.pad(upstream, upstream.dtype.type(0), [(-low, -high, 0) for low, high, _ in config])
    steps = [between + 1 for *_, between in config]
    return lax.slice(trimmed, [0] * trimmed.ndim, trimmed.shape, steps) if max(steps, default=1) > 1 else trimmed


def pull_pad_value(params: Params, inputs: Values, output: Array, upstream: Array) -> Array:
    """y = x with margins of a value v: v̄ = Σ ȳ over the margins"""
    axes = range(upstream.ndim)
    inside = pull_pad(params, inputs, output, upstream)
    return lax.reduce_sum(upstream, axes) - lax.reduce_sum(inside, axes)


def pull_tile(params: Params, inputs: Values, output: Array, upstream: Array) -> Array:
    """y = x repeated r times along each axis: x̄ = Σ over the r copies of ȳ"""
    shape = inputs[0].shape
    parts = [size for pair in zip(params["reps"], shape, strict=True) for size in pair]
    return lax.reduce_sum(lax.reshape(upstream, parts), range(0, 2 * len(shape), 2))


def invert(order: Sequence[int]) -> list[int]:
    """The order of axes that undoes another one."""
    return [list(order).index(axis) for axis in range(len(order))]


class Joined:
    """y = x_0, x_1, ... one after another along an axis: x̄_i = the part of ȳ that came from x_i."""

    def downstream(
        self, params: Params, inputs: Values, outputs: Values, upstream: Values, wanted: Sequence[bool]
    ) -> list[Array | None]:
        """The parts of the upstream gradient, cut at the joints."""
        axis, gradients, start = params["dimension"], [], 0
        for x, want in zip(inputs, wanted, strict=True):
            stop = start + x.shape[axis]
            gradients.append(lax.slice_in_dim(upstream[0], start, stop, axis=axis) if want else None)
            start = stop
        return gradients


class Stacked:
    """y = x_0, x_1, ... side by side along a new axis: x̄_i = ȳ[i]."""

    def downstream(
        self, params: Params, inputs: Values, outputs: Values, upstream: Values, wanted: Sequence[bool]
    ) -> list[Array | None]:
        """The layers of the upstream gradient."""
        return [
            lax.index_in_dim(upstream[0], i, params["axis"], keepdims=False) if want else None
            for i, want in enumerate(wanted)
        ]


class Split:
    """y_0, y_1, ... = the parts of x along an axis: x̄ = ȳ_0, ȳ_1, ... one after another."""

    def downstream(
        self, params: Params, inputs: Values, outputs: Values, upstream: Values, wanted: Sequence[bool]
    ) -> list[Array | None]:
        """The upstream gradients joined, with zeros where none arrives."""
        parts = [lax.full_like(y, 0) if g is None else g for y, g in zip(outputs, upstream, strict=True)]
        return [lax.concatenate(parts, params["axis"])]


class Unstacked:
    """y_i = x[i] along an axis: x̄ = ȳ_0, ȳ_1, ... side by side."""

    def downstream(
        self, params: Params, inputs: Values, outputs: Values, upstream: Values, wanted: Sequence[bool]
    ) -> list[Array | None]:
        """The upstream gradients stacked, with zeros where none arrives."""
        axis = params["axis"]
        parts = [lax.full_like(y, 0) if g is None else g for y, g in zip(outputs, upstream, strict=True)]
        return [lax.concatenate([lax.expand_dims(part, (axis,)) for part in parts], axis)]


register("broadcast_in_dim", PerInput((pull_broadcast,)))
register("reshape", PerInput((pull_reshape,)))
register("squeeze", PerInput((pull_squeeze,)))
register("transpose", PerInput((pull_transpose,)))
register("rev", PerInput((pull_reverse,)))
register("slice", PerInput((pull_slice,)))
register("pad", PerInput((pull_pad, pull_pad_value)))
register("tile", PerInput((pull_tile,)))
register("concatenate", Joined())
register("stack", Stacked())
register("split", Split())
register("unstack", Unstacked())
