"""Rules of calls: functions with their own derivative, recomputed functions, barriers.

A function with a `custom_vjp` has no rule here: the fall-back runs its own forward and backward functions.
"""

from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax
from jax.extend.core import primitives

from backlit.graph.backprop import pullback
from backlit.graph.evaluation import evaluate, read_all
from backlit.graph.fallback import bind, substitute
from backlit.graph.rulebook import Elementwise, Params, Pull, Values, register
from backlit.graph.tracing import open_jaxpr, trace_function
from backlit.shapes import Array


class CustomJVP:
    """x̄ = Jᵀȳ, where the function itself says what J·ẋ is: its rule is traced, and walked backward along ẋ."""

    def forward(
        self, params: Params, inputs: Values, wanted: Sequence[bool], reached: Sequence[bool]
    ) -> tuple[list[Any], Pull]:
        """The outputs and the pull, from one run of the function's own rule."""

        def apply(*chosen: Any) -> list[Any]:
            return bind(primitives.custom_jvp_call_p, params, substitute(inputs, wanted, chosen))

        def push(*tangents: Array) -> tuple[list[Any], list[Array]]:
            outputs, pushed = jax.jvp(apply, primals, tangents)
            return outputs, [tangent for tangent, reach in zip(pushed, reached, strict=True) if reach]

        primals = tuple(jnp.asarray(x) for x, want in zip(inputs, wanted, strict=True) if want)
        zeros = [jnp.zeros_like(x) for x in primals]
        results, transposed = pullback(trace_function(push, *zeros), zeros, [True] * len(zeros))

        def pull(upstream: Sequence[Array | None]) -> list[Array | None]:
            arriving = [gradient for gradient, reach in zip(upstream, reached, strict=True) if reach]
            gradients = iter(transposed([None] * len(reached) + arriving))
            return [next(gradients) if want else None for want in wanted]

        return results[: len(reached)], pull

    def downstream(
        self, params: Params, inputs: Values, outputs: Values, upstream: Values, wanted: Sequence[bool]
    ) -> list[Array | None]:
        """The gradient for each input, by the function's own rule."""
        return self.forward(params, inputs, wanted, [gradient is not None for gradient in upstream])[1](upstream)


class Checkpoint:
    """`jax.checkpoint`: nothing inside is kept; the backward pass computes it again from the inputs."""

    def evaluate(self, params: Params, inputs: Values) -> list[Any]:
        """The outputs, every operation inside in its own form."""
        tape = open_jaxpr(params["jaxpr"])
        return read_all(evaluate(tape, inputs), tape.outputs)

    def downstream(
        self, params: Params, inputs: Values, outputs: Values, upstream: Values, wanted: Sequence[bool]
    ) -> list[Array | None]:
        """The gradient for each input; a barrier keeps the compiler from reusing the first computation."""

        def again(inputs: Values, upstream: Values) -> list[Array | None]:
            return pullback(open_jaxpr(params["jaxpr"]), inputs, wanted)[1](upstream)

        inputs, upstream = list(inputs), list(upstream)
        if not params.get("prevent_cse", True):
            return again(inputs, upstream)
        if jax.default_backend() != "cpu":
            return again(*lax.optimization_barrier((inputs, upstream)))
        # On a CPU, XLA drops barriers before it merges equal computations; past a condition it does not look.
        sent = [gradient is not None for gradient in jax.eval_shape(again, inputs, upstream)]
        always = lax.rng_uniform(0.0, 1.0, ()) < 2

        def never(inputs: Values, upstream: Values) -> list[Array | None]:
            return [value if send else None for value, send in zip(inputs, sent, strict=True)]

        return lax.cond(always, again, never, inputs, upstream)


class Barrier:
    """y = x, not to be moved or merged by the compiler: x̄ = ȳ."""

    def downstream(
        self, params: Params, inputs: Values, outputs: Values, upstream: Values, wanted: Sequence[bool]
    ) -> list[Array | None]:
        """The upstream gradients themselves, behind a barrier too."""
        return list(lax.optimization_barrier(list(upstream)))


register("custom_jvp_call", CustomJVP())
register(primitives.remat_p.name, Checkpoint())
register("optimization_barrier", Barrier())
register("stop_gradient", Elementwise((None,)))
