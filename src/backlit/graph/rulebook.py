"""Primitive → rule: how a node sends its upstream gradients back to its inputs.

For a node y = p(x_0, ..., x_n) of a graph whose end is a scalar L, a rule turns the upstream gradients ȳ = ∂L/∂y into
the downstream gradients x̄_i = Σ_o ȳ_o · ∂y_o/∂x_i, for the inputs that are wanted and for no others.

Every rule is a function of traced arrays, made of public JAX operations, so the walk over it can be compiled, mapped
and differentiated again. A primitive without a rule falls back to JAX's own derivative of that single primitive.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import jax.numpy as jnp
from jax import lax

from backlit.graph.sums import sum_over
from backlit.shapes import Array

Params = dict[str, Any]
Values = Sequence[Any]
Pull = Callable[[Sequence[Any]], "list[Array | None]"]
"""From the gradient of each output to the gradient of each input; None where there is none."""


class Rule(Protocol):
    """What the reverse walk asks of a primitive."""

    def downstream(
        self, params: Params, inputs: Values, outputs: Values, upstream: Values, wanted: Sequence[bool]
    ) -> list[Array | None]:
        """The gradient for each input.

        Args:
            params: the equation's parameters, as in the jaxpr.
            inputs: the values of the inputs.
            outputs: the values of the outputs.
            upstream: the gradient of each output, of its shape and dtype; None where none reaches it.
            wanted: one flag an input; a gradient that nobody asked for is neither computed nor able to fail.

        Returns:
            One gradient an input, of the input's shape and dtype, or None where it is unwanted or zero by structure.
        """
        ...


@runtime_checkable
class RememberingRule(Rule, Protocol):
    """A rule that evaluates the primitive itself, because its backward pass needs more than inputs and outputs."""

    def forward(
        self, params: Params, inputs: Values, wanted: Sequence[bool], reached: Sequence[bool]
    ) -> tuple[list[Any], Pull]:
        """The outputs, and the function that pulls their gradients back to the wanted inputs.

        Args:
            params: the equation's parameters.
            inputs: the values of the inputs.
            wanted: one flag an input.
            reached: one flag an output: whether it lies on a path to the end. No gradient comes to the others.
        """
        ...


@runtime_checkable
class EvaluatingRule(Rule, Protocol):
    """A rule that has a faster form of the primitive itself, whose outputs are the same but for rounding."""

    def evaluate(self, params: Params, inputs: Values) -> list[Any]:
        """The outputs.

        Args:
            params: the equation's parameters.
            inputs: the values of the inputs.
        """
        ...


@runtime_checkable
class SelectiveRule(Rule, Protocol):
    """A rule that knows which outputs depend, differentiably, on which inputs; else all depend on all."""

    def reaches(self, params: Params, active: Sequence[bool]) -> bool | list[bool]:
        """Whether the active inputs reach the outputs: one answer for all, or one an output."""
        ...


@dataclass(frozen=True)
class Elementwise:
    """A primitive that acts on each element alone: x̄_i = ȳ · ∂y/∂x_i, element by element.

    `locals[i](params, inputs, output)` is the local derivative ∂y/∂x_i: a scalar or an array that broadcasts to the
    output; None where it is zero everywhere (comparisons, floor, sign).
    """

    locals: tuple[Callable[[Params, Values, Array], Any] | None, ...]

    def local(self, i: int, params: Params, inputs: Values, output: Array) -> Any:
        """The local derivative ∂y/∂x_i, or 0 where it is zero everywhere."""
        derivative = self.locals[i]
        return 0 if derivative is None else derivative(params, inputs, output)

    def reaches(self, params: Params, active: Sequence[bool]) -> bool:
        """Whether an active input has a derivative that is not zero everywhere."""
        return any(flag and local is not None for flag, local in zip(active, self.locals, strict=True))

    def downstream(
        self, params: Params, inputs: Values, outputs: Values, upstream: Values, wanted: Sequence[bool]
    ) -> list[Array | None]:
        """Upstream times local, summed over the axes along which an input of size 1 was spread."""
        if upstream[0] is None:
            return [None] * len(inputs)
        return [
            send(upstream[0], self.local(i, params, inputs, outputs[0]), value)
            if wanted[i] and self.locals[i] is not None
            else None
            for i, value in enumerate(inputs)
        ]


@dataclass(frozen=True)
class PerInput:
    """A primitive with one output whose gradients are computed input by input (products, convolutions, reshapes).

    `pulls[i](params, inputs, output, upstream)` is the downstream gradient for input i; None where it is zero.
    """

    pulls: tuple[Callable[[Params, Values, Array, Array], Array] | None, ...]

    def reaches(self, params: Params, active: Sequence[bool]) -> bool:
        """Whether an active input has a pull."""
        return any(flag and pull is not None for flag, pull in zip(active, self.pulls, strict=True))

    def downstream(
        self, params: Params, inputs: Values, outputs: Values, upstream: Values, wanted: Sequence[bool]
    ) -> list[Array | None]:
        """The pull of every wanted input."""
        if upstream[0] is None:
            return [None] * len(inputs)
        return [
            pull(params, inputs, outputs[0], upstream[0]) if pull is not None and want else None
            for pull, want in zip(self.pulls, wanted, strict=True)
        ]


RULES: dict[str, Rule] = {}
"""Every rule of ours, by the primitive's name."""


def register(name: str, rule: Rule) -> None:
    """Enter a rule under its primitive's name; a second entry for one name is an error."""
    if name in RULES:
        raise ValueError(f"primitive {name!r} has a rule already")
    RULES[name] = rule


def send(upstream: Array, local: Any, value: Any) -> Array:
    """Upstream times local for one input; the sum over spread axes comes first where the local derivative allows."""
    if jnp.shape(local) in ((), jnp.shape(value)):
        upstream = fit(upstream, value)
    if isinstance(local, (int, float)) and local in (1, -1):
        return fit(upstream if local == 1 else lax.neg(upstream), value)
    return fit(upstream * local, value)


def fit(gradient: Array, value: Any) -> Array:
    """A gradient of the output's shape, summed over the axes along which the input was spread, in the input's dtype."""
    shape, dtype = jnp.shape(value), jnp.result_type(value)
    if gradient.shape != shape:
        ones = (1,) * (gradient.ndim - len(shape)) + shape
        spread = [axis for axis, size in enumerate(ones) if size != gradient.shape[axis]]
        gradient = lax.reshape(sum_over(gradient, spread), shape)
    return gradient if gradient.dtype == dtype else lax.convert_element_type(gradient, dtype)


def describe(rule: Rule) -> str:
    """The equation of a rule: the first line of its own docstring or of its parts'."""
    parts = (*getattr(rule, "locals", ()), *getattr(rule, "pulls", ()))
    documents = [part.__doc__ for part in parts] + [type(rule).__doc__]
    if any(hasattr(rule, kind) for kind in ("locals", "pulls")) and not any(parts):
        return "no derivative: constant by parts"
    return next((document.strip().splitlines()[0] for document in documents if document), "")
