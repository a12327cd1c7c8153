"""Activations: the functions that make a network more than one matrix.

Each is a plain function of an array, elementwise but for softmax, finite with finite gradients from −1e4 to 1e4, and
each has one entry in `ACTIVATIONS` with its closed derivative. At a corner (z = 0) the derivative is the one from the
left: 0 for ReLU, the slope for leaky ReLU.

Sources: documents 0 to 4, "activation functions"; ELU: Clevert et al. 2015; swish: Ramachandran et al. 2017;
GELU: Hendrycks & Gimpel 2016.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import jax.numpy as jnp
from jax import lax

from backlit.errors import SettingError
from backlit.shapes import Array


@dataclass(frozen=True)
class Activation:
    """An activation: its function, its closed derivative and what is known of it.

    Args:
        name: the layer's name in the notation, such as `ReLU`.
        function: f(z, **parameters), elementwise (softmax: over the last axis).
        derivative: df/dz in closed form, of the same arguments; None where f is not elementwise.
        range: the infimum and supremum of f at the default parameters.
        equation: f as people write it.
        summary: one line for listings.
        parameters: the names and defaults of f's parameters.
    """

    name: str
    function: Callable[..., Array]
    derivative: Callable[..., Array] | None
    range: tuple[float, float]
    equation: str
    summary: str
    parameters: Mapping[str, float] = field(default_factory=dict)


def linear(z: Array) -> Array:
    """z: no activation.

    >>> linear(2.0)
    Array(2., dtype=float32)
    """
    return floats(z)


def step(z: Array) -> Array:
    """1[z > 0]: 0 at z = 0, gradient 0 everywhere. Source: documents 3 and 4 (the perceptron).

    >>> step(jnp.array([-1.0, 0.0, 2.0]))
    Array([0., 0., 1.], dtype=float32)
    """
    z = floats(z)
    return lax.convert_element_type(z > 0, z.dtype)


def sign(z: Array) -> Array:
    """1[z > 0] − 1[z < 0]: 0 at z = 0, gradient 0 everywhere. Source: document 4.

    (sign(z) + 1) / 2 equals `step(z)` but at z = 0, where it is ½.

    >>> sign(jnp.array([-3.0, 0.0, 2.0]))
    Array([-1.,  0.,  1.], dtype=float32)
    """
    return lax.sign(floats(z))


def sigmoid(z: Array) -> Array:
    """σ(z) = 1 / (1 + e⁻ᶻ), with σ' = σ(1 − σ). Source: documents 0 to 4.

    >>> sigmoid(0.0)
    Array(0.5, dtype=float32)
    """
    return lax.logistic(floats(z))


def tanh(z: Array) -> Array:
    """(eᶻ − e⁻ᶻ) / (eᶻ + e⁻ᶻ), with derivative 1 − tanh². Source: documents 0, 2 and 3."""
    return lax.tanh(floats(z))


def relu(z: Array) -> Array:
    """max(z, 0), with derivative 1[z > 0]: exactly 0 at z = 0. Source: documents 0 to 4.

    >>> relu(jnp.array([-1.0, 0.0, 2.0]))
    Array([0., 0., 2.], dtype=float32)
    """
    z = floats(z)
    return lax.select(z > 0, z, lax.full_like(z, 0))


def leaky_relu(z: Array, slope: float | Array = 0.01) -> Array:
    """max(z, αz) with α = `slope`; derivative α at z = 0. Source: document 3.

    Args:
        z: any shape.
        slope: α from 0 to 1; default 0.01. For slopes outside, see `generalized_relu`.

    Returns:
        An array of z's shape.

    Raises:
        SettingError: α is outside 0 to 1.

    >>> leaky_relu(-3.0, slope=0.5)
    Array(-1.5, dtype=float32)
    """
    if isinstance(slope, (int, float)) and not 0 <= slope <= 1:
        raise SettingError(
            f"LeakyReLU's slope is {slope}, but max(z, αz) needs 0 ≤ α ≤ 1: use GeneralizedReLU for other slopes"
        )
    z = floats(z)
    return lax.select(z > 0, z, lax.convert_element_type(slope * z, z.dtype))


def generalized_relu(z: Array, alpha: float | Array = 0.25) -> Array:
    """max(0, z) + α min(0, z), for any α: 0 is ReLU, −1 the absolute value, 1 linear; derivative α at z = 0.

    Source: document 2, "Generalized ReLU".

    >>> generalized_relu(-3.0, alpha=-1.0)
    Array(3., dtype=float32)
    """
    z = floats(z)
    return lax.select(z > 0, z, lax.convert_element_type(alpha * z, z.dtype))


def elu(z: Array, alpha: float | Array = 1.0) -> Array:
    """max(0, z) + α min(0, eᶻ − 1); derivative α at z = 0. Source: document 2; Clevert et al. 2015.

    >>> elu(-1e4, alpha=0.5)
    Array(-0.5, dtype=float32)
    """
    z = floats(z)
    positive = z > 0
    # The exponential never sees a positive z, whose overflow would turn the gradient into 0 · inf.
    negative = alpha * lax.expm1(lax.select(positive, lax.full_like(z, 0), z))
    return lax.select(positive, z, lax.convert_element_type(negative, z.dtype))


def softplus(z: Array) -> Array:
    """log(1 + eᶻ), with derivative σ(z), as max(z, 0) + log(1 + e^−|z|). Source: document 2.

    >>> softplus(jnp.array([-1e4, 1e4]))
    Array([    0., 10000.], dtype=float32)
    """
    z = floats(z)
    positive = z > 0
    # A selection in place of max and abs keeps the first and second derivatives right at z = 0.
    return lax.select(positive, z, lax.full_like(z, 0)) + lax.log1p(lax.exp(lax.select(positive, -z, z)))


def swish(z: Array, beta: float | Array = 1.0) -> Array:
    """z σ(βz); β = 1 is also called SiLU. Source: document 2; Ramachandran et al. 2017."""
    z = floats(z)
    return z * lax.logistic(beta * z)


def gelu(z: Array) -> Array:
    """z Φ(z), with Φ the standard normal distribution function, exactly. Source: Hendrycks & Gimpel 2016."""
    z = floats(z)
    return z * normal_distribution(z)


def softmax(z: Array) -> Array:
    """eᶻᵢ / Σⱼ eᶻʲ over the last axis, from z less its largest. Source: documents 0, 2, 3 and 4.

    >>> softmax(jnp.array([1e4, 1e4, -1e4]))
    Array([0.5, 0.5, 0. ], dtype=float32)
    """
    precise = wide(z)
    powers = jnp.exp(precise - lax.stop_gradient(jnp.max(precise, axis=-1, keepdims=True)))
    return (powers / jnp.sum(powers, axis=-1, keepdims=True)).astype(floats(z).dtype)


def floats(z: Array) -> Array:
    """z as an array of floating-point numbers, in its own precision."""
    return jnp.asarray(z, dtype=jnp.result_type(z, float))


def wide(z: Array) -> Array:
    """z in single precision at least, for sums that half precision would spoil."""
    return jnp.asarray(z, dtype=jnp.promote_types(jnp.result_type(z, float), jnp.float32))


def normal_distribution(z: Array) -> Array:
    """Φ(z) = ½ (1 + erf(z/√2)): erfc would keep more digits far on the left, but XLA writes three arrays for it."""
    return 0.5 + 0.5 * lax.erf(math.sqrt(0.5) * z)


def sigmoid_derivative(z: Array) -> Array:
    """σ(z)(1 − σ(z)), with 1 − σ(z) as σ(−z), which loses no digits."""
    return sigmoid(z) * sigmoid(-z)


def leaky_relu_derivative(z: Array, slope: float | Array = 0.01) -> Array:
    """1 where z > 0, else α, in z's precision."""
    z = floats(z)
    return jnp.where(z > 0, 1.0, slope).astype(z.dtype)


def swish_derivative(z: Array, beta: float | Array = 1.0) -> Array:
    """σ(βz) + βz σ(βz)(1 − σ(βz))."""
    return sigmoid(beta * z) + beta * z * sigmoid_derivative(beta * z)


def gelu_derivative(z: Array) -> Array:
    """Φ(z) + z φ(z), with φ the standard normal density."""
    z = floats(z)
    return normal_distribution(z) + z * jnp.exp(-0.5 * z * z) * (1 / math.sqrt(2 * math.pi))


INFINITY = math.inf

ACTIVATIONS: dict[str, Activation] = {
    activation.name: activation
    for activation in (
        Activation("Linear", linear, jnp.ones_like, (-INFINITY, INFINITY), "z", "the identity: no activation"),
        Activation("Step", step, jnp.zeros_like, (0.0, 1.0), "1[z > 0]", "the perceptron's threshold; no gradient"),
        Activation(
            "Sign", sign, jnp.zeros_like, (-1.0, 1.0), "1[z > 0] − 1[z < 0]", "the sign classifier; no gradient"
        ),
        Activation(
            "Sigmoid",
            sigmoid,
            sigmoid_derivative,
            (0.0, 1.0),
            "1 / (1 + e⁻ᶻ)",
            "the logistic function: a probability",
        ),
        Activation(
            "Tanh",
            tanh,
            lambda z: 1 - tanh(z) ** 2,
            (-1.0, 1.0),
            "(eᶻ − e⁻ᶻ) / (eᶻ + e⁻ᶻ)",
            "a sigmoid centered on zero",
        ),
        Activation("ReLU", relu, step, (0.0, INFINITY), "max(z, 0)", "rectified linear unit: the usual choice"),
        Activation(
            "LeakyReLU",
            leaky_relu,
            leaky_relu_derivative,
            (-INFINITY, INFINITY),
            "max(z, αz)",
            "ReLU with a small slope, so that no unit dies",
            {"slope": 0.01},
        ),
        Activation(
            "GeneralizedReLU",
            generalized_relu,
            lambda z, alpha=0.25: leaky_relu_derivative(z, alpha),
            (-INFINITY, INFINITY),
            "max(0, z) + α min(0, z)",
            "ReLU with any slope below zero",
            {"alpha": 0.25},
        ),
        Activation(
            "ELU",
            elu,
            lambda z, alpha=1.0: jnp.where(z > 0, 1.0, alpha * jnp.exp(jnp.minimum(z, 0))),
            (-1.0, INFINITY),
            "max(0, z) + α min(0, eᶻ − 1)",
            "exponential linear unit: smooth below zero",
            {"alpha": 1.0},
        ),
        Activation("Softplus", softplus, sigmoid, (0.0, INFINITY), "log(1 + eᶻ)", "a smooth ReLU"),
        Activation(
            "Swish",
            swish,
            swish_derivative,
            (-0.27846454276107374, INFINITY),
            "z σ(βz)",
            "smooth, and not monotonic: good in deep networks",
            {"beta": 1.0},
        ),
        Activation(
            "GELU",
            gelu,
            gelu_derivative,
            (-0.16997120747990369, INFINITY),
            "z Φ(z)",
            "Gaussian error linear unit: the transformers' choice",
        ),
        Activation(
            "Softmax",
            softmax,
            None,
            (0.0, 1.0),
            "eᶻᵢ / Σⱼ eᶻʲ",
            "probabilities of several classes, which sum to 1",
        ),
    )
}
