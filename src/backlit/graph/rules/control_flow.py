"""Rules of branches and of loops of unknown length; `scan` has its own file."""

from collections.abc import Callable, Sequence
from typing import Any

import jax.numpy as jnp
from jax import lax

from backlit.errors import GraphError
from backlit.graph.backprop import pullback, reached_outputs
from backlit.graph.rulebook import Params, Values, register
from backlit.graph.tracing import Tape, open_jaxpr
from backlit.shapes import Array


class Branches:
    """y = f_k(x): x̄ = f_kᵀ(ȳ); the gradient takes the branch that was taken (cond, switch)."""

    def reaches(self, params: Params, active: Sequence[bool]) -> list[bool]:
        """The outputs that some branch makes of an active input."""
        flags = [reached_outputs(open_jaxpr(branch), active[1:]) for branch in params["branches"]]
        return [any(column) for column in zip(*flags, strict=True)]

    def downstream(
        self, params: Params, inputs: Values, outputs: Values, upstream: Values, wanted: Sequence[bool]
    ) -> list[Array | None]:
        """The gradient for each operand; a branch is computed again inside its backward branch."""

        def backward(branch: Any) -> Callable[[Values, Values], list[Array]]:
            def run_branch(operands: Values, gradients: Values) -> list[Array]:
                pulled = pullback(open_jaxpr(branch), operands, wanted[1:])[1](gradients)
                return [
                    jnp.zeros_like(operand) if gradient is None else gradient
                    for operand, gradient, want in zip(operands, pulled, wanted[1:], strict=True)
                    if want
                ]

            return run_branch

        branches = [backward(branch) for branch in params["branches"]]
        gradients = iter(lax.switch(inputs[0], branches, list(inputs[1:]), list(upstream)))
        return [None, *(next(gradients) if want else None for want in wanted[1:])]


class While:
    """A loop whose length is known only when it ends: it runs forward and cannot be reversed."""

    def reaches(self, params: Params, active: Sequence[bool]) -> list[bool]:
        """The carried values that depend on an active input after any number of turns."""
        first = params["cond_nconsts"]
        second = first + params["body_nconsts"]
        return reach_loop(open_jaxpr(params["body_jaxpr"]), active[first:second], active[second:], ())

    def downstream(
        self, params: Params, inputs: Values, outputs: Values, upstream: Values, wanted: Sequence[bool]
    ) -> list[Array | None]:
        """Always an error: nobody knows, when the program is compiled, how many steps would have to be kept."""
        raise GraphError(
            "a loop of unknown length (while_loop, or fori_loop with a traced bound) cannot be reversed: use "
            "jax.lax.scan, or jax.lax.fori_loop with a fixed count"
        )


def reach_loop(body: Tape, constants: Sequence[bool], carry: Sequence[bool], xs: Sequence[bool]) -> list[bool]:
    """The body's outputs that depend on an active input after any number of turns."""
    reached = reached_outputs(body, [*constants, *carry, *xs])
    grown = [before or after for before, after in zip(carry, reached, strict=False)]
    if grown != list(carry):
        return reach_loop(body, constants, grown, xs)
    return grown + reached[len(grown) :]


register("cond", Branches())
register("while", While())
