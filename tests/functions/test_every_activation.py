"""What holds for every activation: its value, its derivative, its range, and its calm at the ends."""

import math
import statistics

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import backlit as bl
from backlit.functions import ACTIVATIONS

GRID = np.linspace(-9.0, 9.0, 73)[np.newaxis].repeat(2, 0)  # 73 points hold 0 itself
ELEMENTWISE = [name for name, activation in ACTIVATIONS.items() if activation.derivative]
EVERY = pytest.mark.parametrize("name", list(ACTIVATIONS))

# The documents' formulas, in plain Python and one number at a time.
FORMULAS = {
    "Linear": lambda z: z,
    "Step": lambda z: 1.0 if z > 0 else 0.0,
    "Sign": lambda z: float(z > 0) - float(z < 0),
    "Sigmoid": lambda z: 1 / (1 + math.exp(-z)),
    "Tanh": lambda z: (math.exp(z) - math.exp(-z)) / (math.exp(z) + math.exp(-z)),
    "ReLU": lambda z: max(z, 0.0),
    "LeakyReLU": lambda z, slope=0.01: max(z, slope * z),
    "GeneralizedReLU": lambda z, alpha=0.25: max(0.0, z) + alpha * min(0.0, z),
    "ELU": lambda z, alpha=1.0: max(0.0, z) + alpha * min(0.0, math.exp(z) - 1),
    "Softplus": lambda z: math.log(1 + math.exp(z)),
    "Swish": lambda z, beta=1.0: z / (1 + math.exp(-beta * z)),
    "GELU": lambda z: z * statistics.NormalDist().cdf(z),
}
OTHER_SETTINGS = [
    ("LeakyReLU", {"slope": 0.3}),
    ("GeneralizedReLU", {"alpha": -1.0}),
    ("GeneralizedReLU", {"alpha": 2.5}),
    ("ELU", {"alpha": 0.2}),
    ("Swish", {"beta": 2.0}),
]
CASES = [(name, {}) for name in ELEMENTWISE] + OTHER_SETTINGS


@pytest.mark.parametrize(("name", "settings"), CASES)
def test_the_value_is_the_formula_in_float64(name, settings):
    with jax.enable_x64(True):
        value = ACTIVATIONS[name].function(jnp.asarray(GRID), **settings)
        assert value.dtype == jnp.float64
        expected = np.vectorize(lambda z: FORMULAS[name](z, **settings))(GRID)
        np.testing.assert_allclose(value, expected, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("dtype", [jnp.bfloat16, jnp.float16, jnp.float32])
@pytest.mark.parametrize("name", ELEMENTWISE)
def test_the_precision_stays(name, dtype):
    z = jnp.asarray([-1.0, 0.0, 2.0], dtype)
    activation = ACTIVATIONS[name]
    assert activation.function(z).dtype == activation.derivative(z).dtype == dtype


@pytest.mark.parametrize(("name", "settings"), CASES)
def test_the_closed_derivative_is_the_slope_of_the_function(name, settings):
    activation = ACTIVATIONS[name]
    away = GRID[0][GRID[0] != 0]
    h = 1e-6
    with jax.enable_x64(True):
        ahead, behind = (activation.function(jnp.asarray(away + d), **settings) for d in (h, -h))
        derivative = activation.derivative(jnp.asarray(away), **settings)
        np.testing.assert_allclose(derivative, (ahead - behind) / (2 * h), rtol=1e-8, atol=1e-8)


@pytest.mark.parametrize(("name", "settings"), CASES)
def test_both_differentiations_give_the_closed_derivative_at_the_corner_too(name, settings):
    activation = ACTIVATIONS[name]
    with jax.enable_x64(True):
        z = jnp.asarray(GRID)
        closed = jnp.broadcast_to(activation.derivative(z, **settings), z.shape)
        for differentiate in (jax.grad, bl.grad):
            gradient = differentiate(lambda z: activation.function(z, **settings).sum())(z)
            np.testing.assert_allclose(gradient, closed, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("name", ["Sigmoid", "Tanh", "Softplus", "Swish", "GELU"])
def test_the_second_derivative_of_a_smooth_activation_is_the_slope_of_the_first(name):
    activation = ACTIVATIONS[name]
    h = 1e-6
    with jax.enable_x64(True):
        z = jnp.asarray(GRID[0])
        second = jax.vmap(jax.grad(jax.grad(activation.function)))(z)
        slope = (activation.derivative(z + h) - activation.derivative(z - h)) / (2 * h)
        np.testing.assert_allclose(second, slope, atol=1e-8)


@EVERY
def test_values_and_gradients_are_finite_at_the_ends(name):
    z = jnp.array([-1e4, -100.0, 0.0, 100.0, 1e4])
    function = ACTIVATIONS[name].function
    weights = jnp.arange(5.0)
    assert jnp.isfinite(function(z)).all()
    for differentiate in (jax.grad, bl.grad):
        assert jnp.isfinite(differentiate(lambda z: (function(z) * weights).sum())(z)).all()


@EVERY
def test_values_stay_within_the_range_and_come_near_its_ends(name):
    activation = ACTIVATIONS[name]
    z = jnp.linspace(-50.0, 50.0, 20001)
    values = activation.function(jnp.stack([z, -z], -1))
    for end, reached in zip(activation.range, (values.min(), values.max()), strict=True):
        assert abs(reached) >= 0.4 if math.isinf(end) else abs(reached - end) < 1e-6
    low, high = activation.range
    assert low - 1e-6 <= values.min() <= values.max() <= high


@EVERY
def test_integers_work_and_a_precision_is_kept(name):
    function = ACTIVATIONS[name].function
    assert function(jnp.array([1, 2])).dtype == jnp.float32
    assert function(jnp.ones(3, jnp.bfloat16)).dtype == jnp.bfloat16
    assert function(np.array([[1.0, 2.0]])).shape == (1, 2)


@EVERY
def test_an_entry_tells_what_it_is(name):
    activation = ACTIVATIONS[name]
    assert activation.name == name
    assert activation.summary
    assert activation.equation
    assert (
        activation.function(jnp.ones(2), **activation.parameters).tolist() == activation.function(jnp.ones(2)).tolist()
    )


def test_softmax_sums_to_one_over_the_last_axis_and_ignores_a_shift():
    z = jnp.array([[[0.5, 2.0, -1.0], [300.0, -300.0, 0.0]]])
    powers = np.exp(np.asarray(z[0, 0], np.float64))
    np.testing.assert_allclose(bl.softmax(z)[0, 0], powers / powers.sum(), rtol=1e-6)
    np.testing.assert_allclose(bl.softmax(z).sum(-1), 1, rtol=1e-6)
    np.testing.assert_allclose(bl.softmax(z), bl.softmax(z + 64), rtol=1e-6)


def test_the_jacobian_of_softmax_is_its_formula():
    z = jnp.array([0.5, 2.0, -1.0])
    p = bl.softmax(z)
    np.testing.assert_allclose(bl.jacobian(bl.softmax)(z), jnp.diag(p) - jnp.outer(p, p), atol=1e-7)


def test_a_slope_of_its_own_for_each_member_of_a_population():
    slopes = jnp.array([0.0, 0.1, 0.5])
    values = jax.vmap(lambda slope: bl.leaky_relu(jnp.array([-2.0, 4.0]), slope))(slopes)
    np.testing.assert_allclose(values, [[0.0, 4.0], [-0.2, 4.0], [-1.0, 4.0]])


@pytest.mark.parametrize("slope", [-0.1, 1.5, math.nan])
def test_a_slope_that_would_not_be_the_maximum_is_refused(slope):
    with pytest.raises(bl.SettingError, match="GeneralizedReLU"):
        bl.leaky_relu(jnp.ones(2), slope=slope)
