"""Rules of indexing: reading and writing at places that are computed, and putting in order.

What was read somewhere gets its gradient added there; what was overwritten gets none. Places have no gradient.
"""

from collections.abc import Sequence
from typing import Any

import jax
from jax import lax
from jax.extend.core import primitives
from jax.sharding import AxisType

from backlit.graph.fallback import Fallback, bind
from backlit.graph.rulebook import Params, PerInput, Pull, Values, register
from backlit.shapes import Array, Shape


class DynamicSlice:
    """y = x[i : i + n]: x̄[i : i + n] = ȳ, and 0 elsewhere."""

    def downstream(
        self, params: Params, inputs: Values, outputs: Values, upstream: Values, wanted: Sequence[bool]
    ) -> list[Array | None]:
        """The upstream gradient, put where the slice was read."""
        x, *starts = inputs
        return [lax.dynamic_update_slice(lax.full_like(x, 0), upstream[0], starts), *(None for _ in starts)]


class DynamicUpdateSlice:
    """y = x, but u at y[i : i + n]: x̄ = ȳ, but 0 at x̄[i : i + n]; ū = ȳ[i : i + n]."""

    def downstream(
        self, params: Params, inputs: Values, outputs: Values, upstream: Values, wanted: Sequence[bool]
    ) -> list[Array | None]:
        """The upstream gradient outside and inside of the slice."""
        gradient, (_, update, *starts) = upstream[0], inputs
        outside = lax.dynamic_update_slice(gradient, lax.full_like(update, 0), starts) if wanted[0] else None
        inside = lax.dynamic_slice(gradient, starts, update.shape) if wanted[1] else None
        return [outside, inside, *(None for _ in starts)]


def pull_gather(params: Params, inputs: Values, output: Array, upstream: Array) -> Array:
    """y_k = x[i_k]: x̄[i] = Σ ȳ_k over the k with i_k = i"""
    x, indices = inputs
    read = params["dimension_numbers"]
    numbers = lax.ScatterDimensionNumbers(
        update_window_dims=read.offset_dims,
        inserted_window_dims=read.collapsed_slice_dims,
        scatter_dims_to_operand_dims=read.start_index_map,
        operand_batching_dims=read.operand_batching_dims,
        scatter_indices_batching_dims=read.start_indices_batching_dims,
    )
    promises = {name: params[name] for name in ("indices_are_sorted", "unique_indices", "mode")}
    return lax.scatter_add(lax.full_like(x, 0), indices, upstream, numbers, **promises)


def pull_added_to(params: Params, inputs: Values, output: Array, upstream: Array) -> Array:
    """y = x, with u_k added at y[i_k]: x̄ = ȳ"""
    return upstream


def pull_overwritten(params: Params, inputs: Values, output: Array, upstream: Array) -> Array:
    """y = x, but u_k at y[i_k]: x̄ = ȳ, but 0 at x̄[i_k]"""
    zeros = lax.full_like(inputs[2], 0)
    return bind(primitives.scatter_p, params, [upstream, inputs[1], zeros])[0]


def pull_written(params: Params, inputs: Values, output: Array, upstream: Array) -> Array:
    """u_k written at y[i_k], or added there: ū_k = ȳ[i_k]"""
    _, indices, updates = inputs
    write = params["dimension_numbers"]
    numbers = lax.GatherDimensionNumbers(
        offset_dims=write.update_window_dims,
        collapsed_slice_dims=write.inserted_window_dims,
        start_index_map=write.scatter_dims_to_operand_dims,
        operand_batching_dims=write.operand_batching_dims,
        start_indices_batching_dims=write.scatter_indices_batching_dims,
    )
    windows = iter(updates.shape[axis] for axis in write.update_window_dims)
    points = {*write.inserted_window_dims, *write.operand_batching_dims}
    sizes = [1 if axis in points else next(windows) for axis in range(upstream.ndim)]
    return lax.gather(upstream, indices, numbers, sizes, mode=params["mode"], fill_value=0)


class Scatter(PerInput):
    """y = x, but u_k at y[i_k].

    Where places may repeat, only the update that wins has a gradient. Which one that is, is known in the forward pass
    alone: then the fall-back evaluates the primitive and remembers it.
    """

    def forward(
        self, params: Params, inputs: Values, wanted: Sequence[bool], reached: Sequence[bool]
    ) -> tuple[list[Any], Pull]:
        """The output and its pull."""
        if not params["unique_indices"]:
            return Fallback(primitives.scatter_p).forward(params, inputs, wanted, reached)
        outputs = bind(primitives.scatter_p, params, inputs)
        return outputs, lambda upstream: self.downstream(params, inputs, outputs, upstream, wanted)

    def downstream(
        self, params: Params, inputs: Values, outputs: Values, upstream: Values, wanted: Sequence[bool]
    ) -> list[Array | None]:
        """The pull of every wanted input."""
        if not params["unique_indices"]:
            return Fallback(primitives.scatter_p).downstream(params, inputs, outputs, upstream, wanted)
        return super().downstream(params, inputs, outputs, upstream, wanted)


class Sort:
    """y_k = x[i_k], in order; with several inputs all follow the order of the first ones: x̄[i_k] = ȳ_k.

    The places i_k are sorted along, in one sort with the values.
    """

    def forward(
        self, params: Params, inputs: Values, wanted: Sequence[bool], reached: Sequence[bool]
    ) -> tuple[list[Any], Pull]:
        """The sorted inputs and their pull."""
        axis, shape = params["dimension"], inputs[0].shape
        sharding = jax.typeof(inputs[0]).sharding
        spelled = sharding if AxisType.Explicit in sharding.mesh.axis_types else None
        order = lax.broadcasted_iota("int32", shape, axis, out_sharding=spelled)
        *outputs, places = lax.sort((*inputs, order), axis, params["is_stable"], params["num_keys"])

        def pull(upstream: Sequence[Array | None]) -> list[Array | None]:
            return [
                return_along(places, gradient, axis, shape) if want and gradient is not None else None
                for want, gradient in zip(wanted, upstream, strict=True)
            ]

        return outputs, pull

    def downstream(
        self, params: Params, inputs: Values, outputs: Values, upstream: Values, wanted: Sequence[bool]
    ) -> list[Array | None]:
        """Every upstream gradient, back in the places that its values came from."""
        return self.forward(params, inputs, wanted, [gradient is not None for gradient in upstream])[1](upstream)


class TopK:
    """y_k = x[i_k], the k largest, and the places i_k: x̄[i_k] = ȳ_k, and 0 elsewhere."""

    def reaches(self, params: Params, active: Sequence[bool]) -> list[bool]:
        """The values have a derivative, the places none."""
        return [active[0], False]

    def downstream(
        self, params: Params, inputs: Values, outputs: Values, upstream: Values, wanted: Sequence[bool]
    ) -> list[Array | None]:
        """The upstream gradient in the places that were taken."""
        if upstream[0] is None:
            return [None]
        return [return_along(outputs[1], upstream[0], params.get("axis", inputs[0].ndim - 1), inputs[0].shape)]


def return_along(places: Array, gradient: Array, axis: int, shape: Shape) -> Array:
    """The array of a shape with `gradient[..., k, ...]` at `[..., places[..., k, ...], ...]`, and 0 elsewhere."""
    others = tuple(other for other in range(len(shape)) if other != axis)
    numbers = lax.ScatterDimensionNumbers(
        update_window_dims=(),
        inserted_window_dims=(axis,),
        scatter_dims_to_operand_dims=(axis,),
        operand_batching_dims=others,
        scatter_indices_batching_dims=others,
    )
    return lax.scatter_add(
        lax.full_like(gradient, 0, shape=shape),
        lax.expand_dims(places, (places.ndim,)),
        gradient,
        numbers,
        unique_indices=True,
        mode=lax.GatherScatterMode.PROMISE_IN_BOUNDS,
    )


register("dynamic_slice", DynamicSlice())
register("dynamic_update_slice", DynamicUpdateSlice())
register("gather", PerInput((pull_gather, None)))
register("scatter-add", PerInput((pull_added_to, None, pull_written)))
register("scatter", Scatter((pull_overwritten, None, pull_written)))
register("sort", Sort())
register("top_k", TopK())
