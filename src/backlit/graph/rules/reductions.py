"""Rules of reductions: sums, extrema and products over axes, running sums.

Where several elements are the largest (or smallest), they share the gradient equally, as in JAX.
"""

import math
from collections.abc import Sequence

from jax import lax
from jax.extend.core import primitives

from backlit.graph.fallback import bind
from backlit.graph.rulebook import Params, PerInput, Values, register
from backlit.graph.rules.shaping import invert
from backlit.graph.sums import sum_over
from backlit.shapes import Array, Shape


def pull_sum(params: Params, inputs: Values, output: Array, upstream: Array) -> Array:
    """y = Σ_i x_i: x̄_i = ȳ"""
    return spread(upstream, inputs[0].shape, params["axes"])


def pull_extremum(params: Params, inputs: Values, output: Array, upstream: Array) -> Array:
    """y = max_i x_i, or min: x̄_i = ȳ/n where x_i = y, for the n elements that are equal to it; 0 elsewhere"""
    x, axes = inputs[0], params["axes"]
    chosen = lax.convert_element_type(lax.eq(x, spread(output, x.shape, axes)), x.dtype)
    return chosen * spread(upstream / lax.reduce_sum(chosen, axes), x.shape, axes)


def pull_product(params: Params, inputs: Values, output: Array, upstream: Array) -> Array:
    """y = Π_i x_i: x̄_i = ȳ · Π_{j<i} x_j · Π_{j>i} x_j, finite where an element is 0"""
    x, axes = inputs[0], params["axes"]
    kept = [axis for axis in range(x.ndim) if axis not in axes]
    order = (*kept, *axes)
    moved = lax.transpose(x, order)
    rows = moved.reshape(*output.shape, math.prod(x.shape[axis] for axis in axes))
    last = rows.ndim - 1
    ones = lax.full_like(rows[..., :1], 1)
    before = lax.cumprod(lax.concatenate([ones, rows[..., :-1]], last), last)
    after = lax.cumprod(lax.concatenate([rows[..., 1:], ones], last), last, reverse=True)
    gradient = (before * after * upstream[..., None]).reshape(moved.shape)
    return lax.transpose(gradient, invert(order))


def pull_running_sum(params: Params, inputs: Values, output: Array, upstream: Array) -> Array:
    """y_i = Σ_{j≤i} x_j: x̄_j = Σ_{i≥j} ȳ_i, the running sum from the other end"""
    return lax.cumsum(upstream, axis=params["axis"], reverse=not params["reverse"])


class Sum(PerInput):
    """The rule of sums, and their form in rows that are long enough."""

    def evaluate(self, params: Params, inputs: Values) -> list[Array]:
        """The output."""
        if params.get("out_sharding") is not None:
            return bind(primitives.reduce_sum_p, params, inputs)
        return [sum_over(inputs[0], params["axes"])]


def spread(value: Array, shape: Shape, axes: Sequence[int]) -> Array:
    """A reduced value, repeated along the axes that were reduced."""
    return lax.broadcast_in_dim(value, shape, [axis for axis in range(len(shape)) if axis not in axes])


register("reduce_sum", Sum((pull_sum,)))
register("reduce_max", PerInput((pull_extremum,)))
register("reduce_min", PerInput((pull_extremum,)))
register("reduce_prod", PerInput((pull_product,)))
register("cumsum", PerInput((pull_running_sum,)))
for name in ("argmax", "argmin", "reduce_and", "reduce_or", "reduce_xor"):
    register(name, PerInput((None,)))
