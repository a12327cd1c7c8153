"""The fall-back: JAX's own derivative of one single primitive, where we have no rule of our own.

It also serves the functions with a `custom_vjp`: their own forward and backward functions are what JAX then runs.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from backlit.errors import GraphError
from backlit.graph.rulebook import RULES, Params, Pull, Rule, Values
from backlit.shapes import Array


def bind(primitive: Any, params: Params, inputs: Values) -> list[Any]:
    """Apply a primitive to values (or tracers) and return its outputs as a list."""
    prepared = primitive.get_bind_params(params)
    if isinstance(prepared, tuple):  # older releases of JAX return the functions inside apart
        functions, named = prepared
        outputs = primitive.bind(*functions, *inputs, **named)
    else:
        outputs = primitive.bind(*inputs, **prepared)
    return list(outputs) if primitive.multiple_results else [outputs]


def rule_of(primitive: Any) -> Rule:
    """Our rule of a primitive, or the fall-back."""
    return RULES.get(primitive.name) or Fallback(primitive)


class Fallback:
    """x̄ = jax.vjp(p, x)(ȳ), for one primitive p."""

    def __init__(self, primitive: Any) -> None:
        self.primitive = primitive

    def forward(
        self, params: Params, inputs: Values, wanted: Sequence[bool], reached: Sequence[bool]
    ) -> tuple[list[Any], Pull]:
        """The outputs, and JAX's pull of the upstream gradients."""

        def apply(*chosen: Any) -> list[Any]:
            return bind(self.primitive, params, substitute(inputs, wanted, chosen))

        with explain(self.primitive):
            outputs, transposed = jax.vjp(apply, *(x for x, want in zip(inputs, wanted, strict=True) if want))

        def pull(upstream: Sequence[Array | None]) -> list[Array | None]:
            with explain(self.primitive):
                gradients = iter(transposed([cotangent(g, y) for g, y in zip(upstream, outputs, strict=True)]))
            return [next(gradients) if want else None for want in wanted]

        return outputs, pull

    def downstream(
        self, params: Params, inputs: Values, outputs: Values, upstream: Values, wanted: Sequence[bool]
    ) -> list[Array | None]:
        """The gradient for each input, by JAX."""
        _, pull = self.forward(params, inputs, wanted, [g is not None for g in upstream])
        return pull(upstream)


@contextmanager
def explain(primitive: Any) -> Iterator[None]:
    """Name the primitive where JAX has no derivative; an error in a function's own rule stays its author's."""
    try:
        yield
    except (NotImplementedError, ValueError) as error:
        if primitive.name.startswith("custom_vjp_call"):
            raise
        raise GraphError(
            f"the operation {primitive.name} has no reverse derivative, neither ours nor JAX's ({error}): "
            "keep it off the path of the gradient with jax.lax.stop_gradient, or give it a jax.custom_vjp"
        ) from error


def substitute(inputs: Values, wanted: Sequence[bool], chosen: Values) -> list[Any]:
    """The inputs, with those that are wanted taken from `chosen` instead; constants as arrays of JAX."""
    replacements = iter(chosen)
    constants = (np.ndarray, np.generic, bool, int, float, complex)
    arrays = [jnp.asarray(x) if isinstance(x, constants) else x for x in inputs]
    return [next(replacements) if want else x for x, want in zip(arrays, wanted, strict=True)]


def cotangent(gradient: Array | None, output: Any) -> Any:
    """The upstream gradient as `jax.vjp` wants it: zeros where there is none, float0 for integers."""
    if not jnp.issubdtype(jnp.result_type(output), jnp.inexact):
        return np.zeros(jnp.shape(output), jax.dtypes.float0)
    return jnp.zeros_like(output) if gradient is None else gradient
