"""The rule of products: matrix products, batched and contracted along any axes.

For Y = A·B: Ā = Ȳ·Bᵀ and B̄ = Aᵀ·Ȳ. In general Y sums A and B over the contracted axes, runs over the batch axes of
both, and keeps the free axes of A, then those of B; the gradient of a factor contracts Ȳ with the other factor over
that factor's free axes.
"""

import math
from collections.abc import Sequence
from typing import Any

import jax
from jax import lax
from jax.sharding import AxisType, NamedSharding, PartitionSpec

from backlit.graph.rulebook import Params, PerInput, Values, register
from backlit.graph.rules.shaping import invert
from backlit.graph.sharding import is_spelled_out
from backlit.shapes import Array

Axes = Sequence[int]
NARROW = 4  # times as many columns as rows


def pull_left(params: Params, inputs: Values, output: Array, upstream: Array) -> Array:
    """Y = A·B: Ā = Ȳ·Bᵀ"""
    a, b = inputs
    (a_sum, b_sum), (a_batch, b_batch) = params["dimension_numbers"]
    b_free = free(b.ndim, b_sum, b_batch)
    ends = range(output.ndim - len(b_free), output.ndim)
    return pull_factor(params, a, a_sum, a_batch, b, b_sum, b_batch, upstream, ends)


def pull_right(params: Params, inputs: Values, output: Array, upstream: Array) -> Array:
    """Y = A·B: B̄ = Aᵀ·Ȳ"""
    a, b = inputs
    (a_sum, b_sum), (a_batch, b_batch) = params["dimension_numbers"]
    a_free = free(a.ndim, a_sum, a_batch)
    middle = range(len(a_batch), len(a_batch) + len(a_free))
    return pull_factor(params, b, b_sum, b_batch, a, a_sum, a_batch, upstream, middle)


def pull_factor(
    params: Params,
    x: Array,
    x_sum: Axes,
    x_batch: Axes,
    other: Array,
    other_sum: Axes,
    other_batch: Axes,
    upstream: Array,
    upstream_sum: Axes,
) -> Array:
    """x̄: the upstream gradient times the other factor, its axes then put in the order of x's."""
    numbers = (
        (tuple(upstream_sum), free(other.ndim, other_sum, other_batch)),
        (tuple(range(len(x_batch))), tuple(other_batch)),
    )
    partners = dict(zip(other_sum, x_sum, strict=True))
    order = (*x_batch, *free(x.ndim, x_sum, x_batch), *(partners[axis] for axis in sorted(other_sum)))
    upstream, other, numbers = fold(upstream, other, numbers)
    product = lax.dot_general(
        upstream,
        other,
        numbers,
        precision=params["precision"],
        preferred_element_type=params["preferred_element_type"],
        out_sharding=arrange(x, order, jax.typeof(other).sharding.mesh),
    )
    if is_narrow(upstream, other, numbers):
        product = lax.optimization_barrier(product)
    gradient = lax.transpose(product, invert(order))
    return gradient if gradient.dtype == x.dtype else lax.convert_element_type(gradient, x.dtype)


def fold(a: Array, b: Array, numbers: Any) -> tuple[Array, Array, Any]:
    """The same product with the leading axes that both sides sum as one.

    XLA's CPU back end first moves a factor of which several axes are summed into another order, which takes longer than
    the product itself.
    """
    (a_sum, b_sum), batch = numbers
    count = len(a_sum)
    together = tuple(a_sum) == tuple(b_sum) == tuple(range(count)) and not batch[0]
    if count < 2 or not together or is_spelled_out(jax.typeof(a), jax.typeof(b)):
        return a, b, numbers
    a, b = (lax.reshape(x, (math.prod(x.shape[:count]), *x.shape[count:])) for x in (a, b))
    return a, b, (((0,), (0,)), batch)


def is_narrow(upstream: Array, other: Array, numbers: Any) -> bool:
    """Whether Ȳᵀ·A has so few rows for its columns that it is better not computed as (Aᵀ·Ȳ)ᵀ, on a CPU.

    XLA takes the transposition that follows into the product, which then takes 1.6 to 10 times as long; it does not
    past a barrier. `benchmarks/rules_products.py` has the figures behind the number.
    """
    (a_sum, b_sum), (a_batch, b_batch) = numbers
    rows, columns = (
        math.prod(x.shape[axis] for axis in free(x.ndim, summed, batch))
        for x, summed, batch in ((upstream, a_sum, a_batch), (other, b_sum, b_batch))
    )
    return jax.default_backend() == "cpu" and not a_batch and 1 < NARROW * rows <= columns


def arrange(x: Array, order: Axes, mesh: Any) -> NamedSharding | None:
    """The sharding of a factor with its axes in this order, over a mesh whose axes the types spell out."""
    if AxisType.Explicit not in mesh.axis_types:
        return None
    spec = jax.typeof(x).sharding.spec
    return NamedSharding(mesh, PartitionSpec(*(spec[axis] for axis in order)))


def free(rank: int, summed: Axes, batch: Axes) -> tuple[int, ...]:
    """The axes of a factor that are neither summed nor batch axes."""
    return tuple(axis for axis in range(rank) if axis not in summed and axis not in batch)


register("dot_general", PerInput((pull_left, pull_right)))
