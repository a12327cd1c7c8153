"""Rules of arithmetic: sums, products, powers, roots, remainders.

Each function is a local derivative ∂y/∂x_i of an elementwise primitive y = p(x_0, x_1); the gradient that it sends
down is x̄_i = ȳ · ∂y/∂x_i, element by element. Where the output makes it cheaper or more exact, it is written with y.
"""

from collections.abc import Sequence
from typing import Any

import jax.numpy as jnp
from jax import lax

from backlit.graph.rulebook import Elementwise, Params, Values, fit, register
from backlit.shapes import Array


def same(params: Params, inputs: Values, output: Array) -> Any:
    """y = a + b, a − b: ∂y/∂a = 1"""
    return 1


def opposite(params: Params, inputs: Values, output: Array) -> Any:
    """y = a − b, −b: ∂y/∂b = −1"""
    return -1


def right_factor(params: Params, inputs: Values, output: Array) -> Any:
    """y = a·b: ∂y/∂a = b"""
    return inputs[1]


def left_factor(params: Params, inputs: Values, output: Array) -> Any:
    """y = a·b: ∂y/∂b = a"""
    return inputs[0]


def numerator(params: Params, inputs: Values, output: Array) -> Any:
    """y = a/b: ∂y/∂a = 1/b"""
    return 1 / inputs[1]


def denominator(params: Params, inputs: Values, output: Array) -> Any:
    """y = a/b: ∂y/∂b = −y/b"""
    return -output / inputs[1]


def divisor(params: Params, inputs: Values, output: Array) -> Any:
    """y = a rem b = a − b·trunc(a/b): ∂y/∂b = −trunc(a/b); ∂y/∂a = 1"""
    quotient = inputs[0] / inputs[1]
    return -lax.sign(quotient) * lax.floor(lax.abs(quotient))


def base(params: Params, inputs: Values, output: Array) -> Any:
    """y = aᵇ: ∂y/∂a = b·aᵇ⁻¹, and 0 where b = 0, for a = 0 too"""
    a, b = inputs
    b = lax.convert_element_type(b, output.dtype)
    return b * lax.pow(a, b - 1 + (b == 0))


def exponent(params: Params, inputs: Values, output: Array) -> Any:
    """y = aᵇ: ∂y/∂b = y·ln a, and 0 where a = 0"""
    a = jnp.asarray(inputs[0])
    return output * lax.log(a + (a == 0))


def integer_power(params: Params, inputs: Values, output: Array) -> Any:
    """y = xⁿ: ∂y/∂x = n·xⁿ⁻¹"""
    n = params["y"]
    return n if n in (0, 1) else n * lax.integer_pow(inputs[0], n - 1)


def square(params: Params, inputs: Values, output: Array) -> Any:
    """y = x²: ∂y/∂x = 2x"""
    return 2 * inputs[0]


def square_root(params: Params, inputs: Values, output: Array) -> Any:
    """y = √x: ∂y/∂x = 1/(2y)"""
    return 0.5 / output


def reciprocal_root(params: Params, inputs: Values, output: Array) -> Any:
    """y = 1/√x: ∂y/∂x = −y/(2x)"""
    return -0.5 * output / inputs[0]


def cube_root(params: Params, inputs: Values, output: Array) -> Any:
    """y = ∛x: ∂y/∂x = 1/(3y²)"""
    return (1 / 3) / lax.square(output)


class Quotient(Elementwise):
    """y = a/b: ā = ȳ/b, b̄ = −Σ(ȳ·y)/b; where b is spread (a softmax's sum), the sum comes before the division."""

    def downstream(
        self, params: Params, inputs: Values, outputs: Values, upstream: Values, wanted: Sequence[bool]
    ) -> list[Array | None]:
        """The gradients of numerator and denominator."""
        (a, b), (want_a, want_b), gradient = inputs, wanted, upstream[0]
        return [
            fit(gradient / b, a) if want_a else None,
            -fit(gradient * outputs[0], b) / b if want_b else None,
        ]


for name, locals_ in {
    "add": (same, same),
    "add_any": (same, same),
    "sub": (same, opposite),
    "neg": (opposite,),
    "mul": (right_factor, left_factor),
    "rem": (same, divisor),
    "pow": (base, exponent),
    "integer_pow": (integer_power,),
    "square": (square,),
    "sqrt": (square_root,),
    "rsqrt": (reciprocal_root,),
    "cbrt": (cube_root,),
}.items():
    register(name, Elementwise(locals_))
register("div", Quotient((numerator, denominator)))
