"""The rule of convolutions, of any stride, dilation, padding and number of groups.

    y[p, o] = Σ_{k, i} x[s·p + d·k − l, i] · w[k, i, o]

with stride s, kernel dilation d and low padding l (zeros lie between and around the elements of x). Both gradients are
convolutions again:

    x̄[q, i] = Σ_{k, o} ȳ[(q + l − d·k)/s, o] · w[k, i, o]     ȳ, dilated by s, with the flipped kernel
    w̄[k, i, o] = Σ_{batch, p} x[s·p + d·k − l, i] · ȳ[p, o]     x with ȳ, dilated by s, as the kernel

Source: V. Dumoulin, F. Visin, "A guide to convolution arithmetic for deep learning", arXiv 1603.07285.
"""

from collections.abc import Sequence

import jax.numpy as jnp
from jax import lax
from jax.extend.core import primitives

from backlit.graph.fallback import Fallback
from backlit.graph.rulebook import Params, PerInput, Values, register
from backlit.shapes import Array

Sizes = Sequence[int]


def pull_input(params: Params, inputs: Values, output: Array, upstream: Array) -> Array:
    """y = x ∗ w: x̄ = ȳ, dilated by the stride, ∗ w, flipped, with its input and output channels exchanged"""
    x, w = inputs
    numbers, groups = params["dimension_numbers"], params["feature_group_count"]
    out_axis, in_axis, *space = numbers.rhs_spec
    low, high = margins(params, x, w, upstream)
    reach = [step * (w.shape[axis] - 1) for step, axis in zip(params["rhs_dilation"], space, strict=True)]
    gradient = lax.conv_general_dilated(
        upstream,
        lax.rev(exchange_channels(w, in_axis, out_axis, groups), space).astype(upstream.dtype),
        window_strides=params["lhs_dilation"],
        padding=[(r - l, r - h) for r, l, h in zip(reach, low, high, strict=True)],
        lhs_dilation=params["window_strides"],
        rhs_dilation=params["rhs_dilation"],
        dimension_numbers=lax.ConvDimensionNumbers(numbers.out_spec, numbers.rhs_spec, numbers.lhs_spec),
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
    low, high = margins(params, x, w, upstream)
    gradient = lax.conv_general_dilated(
        x.astype(upstream.dtype),
        upstream,
        window_strides=params["rhs_dilation"],
        padding=list(zip(low, high, strict=True)),
        lhs_dilation=params["lhs_dilation"],
        rhs_dilation=params["window_strides"],
        dimension_numbers=lax.ConvDimensionNumbers(
            swap_first(numbers.lhs_spec), swap_first(numbers.out_spec), swap_first(numbers.rhs_spec)
        ),
        batch_group_count=params["feature_group_count"],
        precision=params["precision"],
        preferred_element_type=params["preferred_element_type"],
    )
    return gradient.astype(w.dtype)


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
    """A kernel from o to i channels, out of one from i to o, group by group."""
    grouped = w.reshape(*w.shape[:out_axis], groups, -1, *w.shape[out_axis + 1 :])
    exchanged = jnp.swapaxes(grouped, out_axis + 1, in_axis + (in_axis > out_axis))
    return exchanged.reshape(*exchanged.shape[:out_axis], -1, *exchanged.shape[out_axis + 2 :])


def swap_first(spec: Sizes) -> tuple[int, ...]:
    """A specification of axes whose first two, batch and channels, are exchanged."""
    return (spec[1], spec[0], *spec[2:])


class Convolution(PerInput):
    """The rule; a convolution whose batch is split into groups, which only derivatives make, is left to JAX."""

    def downstream(
        self, params: Params, inputs: Values, outputs: Values, upstream: Values, wanted: Sequence[bool]
    ) -> list[Array | None]:
        """The pull of every wanted input."""
        if params["batch_group_count"] > 1:
            return Fallback(primitives.conv_general_dilated_p).downstream(params, inputs, outputs, upstream, wanted)
        return super().downstream(params, inputs, outputs, upstream, wanted)


register("conv_general_dilated", Convolution((pull_input, pull_kernel)))
