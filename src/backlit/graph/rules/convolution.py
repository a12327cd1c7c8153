"""The rule of convolutions, of any stride, dilation, padding and number of groups.

    y[p, o] = Σ_{k, i} x[s·p + d·k − l, i] · w[k, i, o]

with stride s, kernel dilation d and low padding l (zeros lie between and around the elements of x). Both gradients are
convolutions again:

    x̄[q, i] = Σ_{k, o} ȳ[(q + l − d·k)/s, o] · w[k, i, o]     ȳ, dilated by s, with the flipped kernel
    w̄[k, i, o] = Σ_{batch, p} x[s·p + d·k − l, i] · ȳ[p, o]     x with ȳ, dilated by s, as the kernel

Both are written with channels last and the batch first, whatever the order of the axes: XLA's CPU back end computes a
convolution fast in that order alone, and puts others into it nowhere but outside of loops; a training run is a loop,
where it would take up to a hundred times as long. The gradient of a 1×1 kernel is a product of matrices.

Source: V. Dumoulin, F. Visin, "A guide to convolution arithmetic for deep learning", arXiv 1603.07285.
"""

from collections.abc import Callable, Sequence
from functools import reduce
from math import gcd
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jax.extend.core import primitives

from backlit.graph.fallback import Fallback, bind
from backlit.graph.rulebook import Params, PerInput, Values, register
from backlit.graph.rules.blocks import slide
from backlit.graph.sharding import is_spelled_out
from backlit.shapes import Array

Sizes = Sequence[int]
PART, PARTS = 32, 4  # a CPU's caches take the axes of some 32 examples in another order; parts at most


def pull_input(params: Params, inputs: Values, output: Array, upstream: Array) -> Array:
    """y = x ∗ w: x̄ = ȳ, dilated by the stride, ∗ w, flipped, with its input and output channels exchanged"""
    x, w = inputs
    numbers, groups = params["dimension_numbers"], params["feature_group_count"]
    out_axis, in_axis, *space = numbers.rhs_spec
    low, high = margins(params, x, w, upstream)
    reach = [step * (w.shape[axis] - 1) for step, axis in zip(params["rhs_dilation"], space, strict=True)]
    gradient = convolve(
        upstream,
        lax.rev(exchange_channels(w, in_axis, out_axis, groups), space).astype(upstream.dtype),
        lax.ConvDimensionNumbers(numbers.out_spec, numbers.rhs_spec, numbers.lhs_spec),
        window_strides=params["lhs_dilation"],
        padding=[(r - l, r - h) for r, l, h in zip(reach, low, high, strict=True)],
        lhs_dilation=params["window_strides"],
        rhs_dilation=params["rhs_dilation"],
        feature_group_count=groups,
        precision=params["precision"],
        preferred_element_type=params["preferred_element_type"],
    )
    return gradient.astype(x.dtype)


def pull_kernel(params: Params, inputs: Values, output: Array, upstream: Array) -> Array:
    """y = x ∗ w: w̄ = x ∗ ȳ, dilated by the stride, with batch and channels exchanged"""
    x, w = inputs
    if not upstream.size:
        return lax.full_like(w, 0)
    numbers = params["dimension_numbers"]
    x, accuracy = x.astype(upstream.dtype), {name: params[name] for name in ("precision", "preferred_element_type")}
    if is_pointwise(params, w):
        return pull_pointwise(params, x, upstream, accuracy).reshape(w.shape).astype(w.dtype)
    accuracy["preferred_element_type"] = jnp.promote_types(x.dtype, jnp.float32)  # the parts are added up
    batch = x.shape[numbers.lhs_spec[0]]
    parts = gcd(batch // PART, PARTS) if jax.default_backend() == "cpu" and batch % PART == 0 else 1
    examples = zip(
        jnp.split(x, parts, numbers.lhs_spec[0]), jnp.split(upstream, parts, numbers.out_spec[0]), strict=True
    )
    gradients = (pull_part(params, part, w, above, accuracy) for part, above in examples)
    return reduce(lax.add, gradients).astype(w.dtype)


def pull_part(params: Params, x: Array, w: Array, upstream: Array, accuracy: Params) -> Array:
    """What some examples contribute to w̄."""
    numbers, groups = params["dimension_numbers"], params["feature_group_count"]
    low, high = margins(params, x, w, upstream)
    batch, channels, *_ = numbers.lhs_spec
    return convolve(
        exchange_channels(x, batch, channels, groups),
        upstream,
        lax.ConvDimensionNumbers(numbers.lhs_spec, swap_first(numbers.out_spec), swap_first(numbers.rhs_spec)),
        by=lax.conv_general_dilated,
        window_strides=params["rhs_dilation"],
        padding=list(zip(low, high, strict=True)),
        lhs_dilation=params["lhs_dilation"],
        rhs_dilation=params["window_strides"],
        feature_group_count=groups,
        **accuracy,
    )


def is_pointwise(params: Params, w: Array) -> bool:
    """Whether each output is a matrix times one position of the input: a 1×1 kernel without padding and groups."""
    return (
        all(w.shape[axis] == 1 for axis in params["dimension_numbers"].rhs_spec[2:])
        and all(pair == (0, 0) for pair in params["padding"])
        and all(step == 1 for step in params["lhs_dilation"])
        and params["feature_group_count"] == 1
    )


def pull_pointwise(params: Params, x: Array, upstream: Array, accuracy: Params) -> Array:
    """w̄ = Xᵀ·Ȳ of a 1×1 kernel, whose rows are the positions that it sees; channels in the kernel's order."""
    numbers, limits, strides = params["dimension_numbers"], list(x.shape), [1] * x.ndim
    for axis, out, step in zip(numbers.lhs_spec[2:], numbers.out_spec[2:], params["window_strides"], strict=True):
        limits[axis], strides[axis] = dilate(upstream.shape[out], step), step
    sides = {
        numbers.rhs_spec[1]: (lax.slice(x, [0] * x.ndim, limits, strides), numbers.lhs_spec),
        numbers.rhs_spec[0]: (upstream, numbers.out_spec),
    }
    (left, left_spec), (right, right_spec) = (sides[axis] for axis in sorted(sides))
    rows = [(batch, *space) for batch, _, *space in (left_spec, right_spec)]
    return lax.dot_general(left, right, ((rows[0], rows[1]), ((), ())), **accuracy)


def convolve(
    x: Array, w: Array, numbers: lax.ConvDimensionNumbers, by: Callable[..., Array] = slide, **settings: Any
) -> Array:
    """x ∗ w, whose axes and whose result's axes are as `numbers` says, computed `by` a form with channels last."""
    (batch, channels, *space), (filters, inner, *window), (first, second, *rest) = numbers
    rank = len(space)
    images, kernels = (0, rank + 1, *range(1, rank + 1)), (rank + 1, rank, *range(rank))
    y = by(
        x.transpose(batch, *space, channels),
        w.transpose(*window, inner, filters),
        dimension_numbers=lax.ConvDimensionNumbers(images, kernels, images),
        **settings,
    )
    return y.transpose(np.argsort((first, *rest, second)))


def margins(params: Params, x: Array, w: Array, y: Array) -> tuple[list[int], list[int]]:
    """The padding that the output really saw, low and high: rows that no window reaches are cut off.

    The windows span dilate(y, s) + d·(K − 1) elements; low + dilate(x) + high is to be just that.
    """
    numbers = params["dimension_numbers"]
    low = [pair[0] for pair in params["padding"]]
    spans = [
        dilate(y.shape[o], s) + d * (w.shape[k] - 1)
        for o, s, d, k in zip(
            numbers.out_spec[2:], params["window_strides"], params["rhs_dilation"], numbers.rhs_spec[2:], strict=True
        )
    ]
    sizes = [dilate(x.shape[i], d) for i, d in zip(numbers.lhs_spec[2:], params["lhs_dilation"], strict=True)]
    return low, [span - size - l for span, size, l in zip(spans, sizes, low, strict=True)]


def dilate(size: int, step: int) -> int:
    """The size of an axis with step − 1 zeros between its elements."""
    return step * (size - 1) + 1 if size else 0


def exchange_channels(w: Array, in_axis: int, out_axis: int, groups: int) -> Array:
    """Two axes of a kernel or an input exchanged; of the channels in groups, on `out_axis`, the groups stay there."""
    grouped = w.reshape(*w.shape[:out_axis], groups, -1, *w.shape[out_axis + 1 :])
    exchanged = jnp.swapaxes(grouped, out_axis + 1, in_axis + (in_axis > out_axis))
    return exchanged.reshape(*exchanged.shape[:out_axis], -1, *exchanged.shape[out_axis + 2 :])


def swap_first(spec: Sizes) -> tuple[int, ...]:
    """A specification of axes whose first two, batch and channels, are exchanged."""
    return (spec[1], spec[0], *spec[2:])


class Convolution(PerInput):
    """The rule; a convolution whose batch is split into groups, which only derivatives make, is left to JAX."""

    def evaluate(self, params: Params, inputs: Values) -> list[Array]:
        """The output; on a CPU computed with channels last, in blocks of columns where that is faster."""
        batch_groups, sharding = params["batch_group_count"], params.get("out_sharding")
        spread = sharding is not None or is_spelled_out(*map(jax.typeof, inputs))
        if jax.default_backend() != "cpu" or batch_groups > 1 or spread:
            return bind(primitives.conv_general_dilated_p, params, inputs)
        apart = ("dimension_numbers", "batch_group_count", "out_sharding")
        x, w = inputs
        settings = {name: value for name, value in params.items() if name not in apart}
        return [convolve(x, w, params["dimension_numbers"], **settings)]

    def downstream(
        self, params: Params, inputs: Values, outputs: Values, upstream: Values, wanted: Sequence[bool]
    ) -> list[Array | None]:
        """The pull of every wanted input."""
        if params["batch_group_count"] > 1:
            return Fallback(primitives.conv_general_dilated_p).downstream(params, inputs, outputs, upstream, wanted)
        return super().downstream(params, inputs, outputs, upstream, wanted)


register("conv_general_dilated", Convolution((pull_input, pull_kernel)))
