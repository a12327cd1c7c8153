"""Rules of the elementwise functions: exponentials, trigonometry, choices, casts.

Each function is a local derivative ∂y/∂x_i of a primitive y = p(x_0, x_1, ...); the gradient that it sends down is
x̄_i = ȳ · ∂y/∂x_i, element by element.

At a kink the derivative is a convention, the same as JAX's: where max or min ties, each side gets ½; |x| has 1 at 0;
a clamped value gets 0 at its bounds.
"""

import math
from collections.abc import Sequence
from typing import Any

import jax.numpy as jnp
from jax import lax

from backlit.graph.rulebook import Elementwise, Params, PerInput, Values, register
from backlit.graph.rules.arithmetic import same
from backlit.shapes import Array


def exp(params: Params, inputs: Values, output: Array) -> Any:
    """y = eˣ: ∂y/∂x = y"""
    return output


def exp2(params: Params, inputs: Values, output: Array) -> Any:
    """y = 2ˣ: ∂y/∂x = y·ln 2"""
    return output * math.log(2)


def expm1(params: Params, inputs: Values, output: Array) -> Any:
    """y = eˣ − 1: ∂y/∂x = y + 1"""
    return output + 1


def log(params: Params, inputs: Values, output: Array) -> Any:
    """y = ln x: ∂y/∂x = 1/x"""
    return 1 / inputs[0]


def log1p(params: Params, inputs: Values, output: Array) -> Any:
    """y = ln(1 + x): ∂y/∂x = 1/(1 + x)"""
    return 1 / (1 + inputs[0])


def logistic(params: Params, inputs: Values, output: Array) -> Any:
    """y = σ(x) = 1/(1 + e⁻ˣ): ∂y/∂x = y(1 − y)"""
    return output * (1 - output)


def sin(params: Params, inputs: Values, output: Array) -> Any:
    """y = sin x: ∂y/∂x = cos x"""
    return lax.cos(inputs[0])


def cos(params: Params, inputs: Values, output: Array) -> Any:
    """y = cos x: ∂y/∂x = −sin x"""
    return -lax.sin(inputs[0])


def tan(params: Params, inputs: Values, output: Array) -> Any:
    """y = tan x: ∂y/∂x = 1 + y²"""
    return 1 + lax.square(output)


def asin(params: Params, inputs: Values, output: Array) -> Any:
    """y = arcsin x: ∂y/∂x = 1/√(1 − x²)"""
    return lax.rsqrt((1 - inputs[0]) * (1 + inputs[0]))


def acos(params: Params, inputs: Values, output: Array) -> Any:
    """y = arccos x: ∂y/∂x = −1/√(1 − x²)"""
    return -asin(params, inputs, output)


def atan(params: Params, inputs: Values, output: Array) -> Any:
    """y = arctan x: ∂y/∂x = 1/(1 + x²)"""
    return 1 / (1 + lax.square(inputs[0]))


def atan2_opposite(params: Params, inputs: Values, output: Array) -> Any:
    """y = atan2(a, b): ∂y/∂a = b/(a² + b²)"""
    a, b = inputs
    return b / (a * a + b * b)


def atan2_adjacent(params: Params, inputs: Values, output: Array) -> Any:
    """y = atan2(a, b): ∂y/∂b = −a/(a² + b²)"""
    a, b = inputs
    return -a / (a * a + b * b)


def sinh(params: Params, inputs: Values, output: Array) -> Any:
    """y = sinh x: ∂y/∂x = cosh x"""
    return lax.cosh(inputs[0])


def cosh(params: Params, inputs: Values, output: Array) -> Any:
    """y = cosh x: ∂y/∂x = sinh x"""
    return lax.sinh(inputs[0])


def tanh(params: Params, inputs: Values, output: Array) -> Any:
    """y = tanh x: ∂y/∂x = 1 − y²"""
    return (1 - output) * (1 + output)


def asinh(params: Params, inputs: Values, output: Array) -> Any:
    """y = arsinh x: ∂y/∂x = 1/√(x² + 1)"""
    return lax.rsqrt(lax.square(inputs[0]) + 1)


def acosh(params: Params, inputs: Values, output: Array) -> Any:
    """y = arcosh x: ∂y/∂x = 1/√(x² − 1)"""
    return lax.rsqrt((inputs[0] - 1) * (inputs[0] + 1))


def atanh(params: Params, inputs: Values, output: Array) -> Any:
    """y = artanh x: ∂y/∂x = 1/(1 − x²)"""
    return 1 / ((1 - inputs[0]) * (1 + inputs[0]))


def erf(params: Params, inputs: Values, output: Array) -> Any:
    """y = erf x: ∂y/∂x = 2/√π · e^(−x²)"""
    return 2 / math.sqrt(math.pi) * lax.exp(-lax.square(inputs[0]))


def erfc(params: Params, inputs: Values, output: Array) -> Any:
    """y = 1 − erf x: ∂y/∂x = −2/√π · e^(−x²)"""
    return -erf(params, inputs, output)


def erf_inv(params: Params, inputs: Values, output: Array) -> Any:
    """y = erf⁻¹ x: ∂y/∂x = √π/2 · e^(y²)"""
    return math.sqrt(math.pi) / 2 * lax.exp(lax.square(output))


def absolute(params: Params, inputs: Values, output: Array) -> Any:
    """y = |x|: ∂y/∂x = 1 where x ≥ 0, −1 elsewhere; for a complex x, the conjugate of its direction"""
    x = inputs[0]
    if jnp.iscomplexobj(x):
        return lax.conj(x) / jnp.where(output == 0, 1, output)
    return 2 * where(lax.ge(x, 0 * x), output) - 1


def first_greater(params: Params, inputs: Values, output: Array) -> Any:
    """y = max(a, b): ∂y/∂a = 1 where a > b, ½ where a = b, 0 elsewhere; the same for min(a, b) and b"""
    a, b = inputs
    return 0.5 * (where(lax.gt(a, b), output) + where(lax.ge(a, b), output))


def first_less(params: Params, inputs: Values, output: Array) -> Any:
    """y = min(a, b): ∂y/∂a = 1 where a < b, ½ where a = b, 0 elsewhere; the same for max(a, b) and b"""
    a, b = inputs
    return 0.5 * (where(lax.lt(a, b), output) + where(lax.le(a, b), output))


def lower_bound(params: Params, inputs: Values, output: Array) -> Any:
    """y = clamp(l, x, u): ∂y/∂l = 1 where x < l < u, 0 elsewhere"""
    lower, x, upper = inputs
    return where((x < lower) & (lower < upper), output)


def clamped(params: Params, inputs: Values, output: Array) -> Any:
    """y = clamp(l, x, u): ∂y/∂x = 1 where l < x < u, 0 elsewhere"""
    lower, x, upper = inputs
    return where((lower < x) & (x < upper), output)


def upper_bound(params: Params, inputs: Values, output: Array) -> Any:
    """y = clamp(l, x, u): ∂y/∂u = 1 where u < x, 0 elsewhere"""
    _, x, upper = inputs
    return where(x > upper, output)


def pull_rounded(params: Params, inputs: Values, output: Array, upstream: Array) -> Array:
    """y = x rounded to fewer bits: x̄ = ȳ rounded to as many"""
    return lax.reduce_precision(upstream, params["exponent_bits"], params["mantissa_bits"])


def where(condition: Array, output: Array) -> Array:
    """1 where the condition holds, 0 elsewhere, in the output's dtype."""
    return lax.convert_element_type(condition, output.dtype)


class Select:
    """y = x_k, where the integer (or truth value) k chooses among x_0, x_1, ...: x̄_i = ȳ where k = i, 0 elsewhere."""

    def reaches(self, params: Params, active: Sequence[bool]) -> bool:
        """Whether a case is active; the choice itself has no derivative."""
        return any(active[1:])

    def downstream(
        self, params: Params, inputs: Values, outputs: Values, upstream: Values, wanted: Sequence[bool]
    ) -> list[Array | None]:
        """The upstream gradient where each case was chosen."""
        which, gradient = inputs[0], upstream[0]
        if gradient is None:
            return [None] * len(inputs)
        zeros = lax.full_like(gradient, 0)
        cases = range(len(inputs) - 1)
        return [None] + [
            lax.select_n(which, *(gradient if k == i else zeros for k in cases)) if wanted[i + 1] else None
            for i in cases
        ]


for name, local in {
    "exp": exp,
    "exp2": exp2,
    "expm1": expm1,
    "log": log,
    "log1p": log1p,
    "logistic": logistic,
    "sin": sin,
    "cos": cos,
    "tan": tan,
    "asin": asin,
    "acos": acos,
    "atan": atan,
    "sinh": sinh,
    "cosh": cosh,
    "tanh": tanh,
    "asinh": asinh,
    "acosh": acosh,
    "atanh": atanh,
    "erf": erf,
    "erfc": erfc,
    "erf_inv": erf_inv,
    "abs": absolute,
    "convert_element_type": same,
    "copy": same,
    "name": same,
}.items():
    register(name, Elementwise((local,)))

register("atan2", Elementwise((atan2_opposite, atan2_adjacent)))
register("max", Elementwise((first_greater, first_less)))
register("min", Elementwise((first_less, first_greater)))
register("clamp", Elementwise((lower_bound, clamped, upper_bound)))
register("select_n", Select())
register("reduce_precision", PerInput((pull_rounded,)))

for name in ("sign", "floor", "ceil", "round", "is_finite", "not"):
    register(name, Elementwise((None,)))
for name in ("eq", "ne", "ge", "gt", "le", "lt", "and", "or", "xor"):
    register(name, Elementwise((None, None)))
