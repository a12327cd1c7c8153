"""Rows 25 and 26: the activations of the documents, their values and their derivatives."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import backlit as bl

Z = np.linspace(-6.0, 6.0, 49)  # 0 among them

# Each with its value and its derivative (at the corner z = 0: the one from the left), in NumPy's float64.
ROW_25 = {
    "linear": (lambda z: z, lambda z: np.ones_like(z)),
    "step": (lambda z: (z > 0) * 1.0, lambda z: np.zeros_like(z)),
    "sign": (lambda z: (z > 0) * 1.0 - (z < 0), lambda z: np.zeros_like(z)),
    "sigmoid": (lambda z: 1 / (1 + np.exp(-z)), lambda z: np.exp(-z) / (1 + np.exp(-z)) ** 2),
    "tanh": (np.tanh, lambda z: 1 / np.cosh(z) ** 2),
    "relu": (lambda z: np.maximum(0, z), lambda z: (z > 0) * 1.0),
    "leaky_relu": (lambda z: np.maximum(z, 0.01 * z), lambda z: np.where(z > 0, 1, 0.01)),
    "generalized_relu": (
        lambda z: np.maximum(0, z) + 0.25 * np.minimum(0, z),
        lambda z: np.where(z > 0, 1, 0.25),
    ),
    "elu": (
        lambda z: np.maximum(0, z) + np.minimum(0, np.exp(z) - 1),
        lambda z: np.where(z > 0, 1, np.exp(z)),
    ),
    "softplus": (lambda z: np.log(1 + np.exp(z)), lambda z: 1 / (1 + np.exp(-z))),
    "swish": (
        lambda z: z / (1 + np.exp(-z)),
        lambda z: 1 / (1 + np.exp(-z)) + z * np.exp(-z) / (1 + np.exp(-z)) ** 2,
    ),
}


@pytest.mark.parametrize("name", ROW_25)
def test_row_25_value_and_derivative_match_float64(name):
    """`bl.relu(z)`, `bl.grad(bl.sigmoid)(z)`, `backlit list activations`"""
    function, (value, derivative) = getattr(bl, name), ROW_25[name]
    np.testing.assert_allclose(function(Z), value(Z), rtol=1e-6, atol=1e-6)
    np.testing.assert_allclose(bl.grad(lambda z: function(z).sum())(jnp.asarray(Z)), derivative(Z), atol=1e-6)
    with jax.enable_x64(True):
        np.testing.assert_allclose(function(Z), value(Z), rtol=1e-13, atol=1e-13)
        np.testing.assert_allclose(bl.grad(lambda z: function(z).sum())(jnp.asarray(Z)), derivative(Z), atol=1e-13)


def test_row_25_softmax_and_its_jacobian():
    with jax.enable_x64(True):
        z = np.array([0.2, -1.0, 3.0])
        p = np.exp(z) / np.exp(z).sum()
        np.testing.assert_allclose(bl.softmax(z), p, rtol=1e-14)
        np.testing.assert_allclose(bl.jacobian(bl.softmax)(jnp.asarray(z)), np.diag(p) - np.outer(p, p), atol=1e-15)


def test_row_26_the_derivative_of_the_sigmoid_is_sigmoid_times_one_less_sigmoid():
    """`bl.grad(bl.sigmoid)(z)`, `bl.grad(bl.softplus)(z)`"""
    slope = bl.grad(lambda z: bl.sigmoid(z).sum())(jnp.asarray(Z))
    np.testing.assert_allclose(slope, bl.sigmoid(Z) * (1 - bl.sigmoid(Z)), atol=1e-6)


def test_row_26_the_derivative_of_softplus_is_the_sigmoid():
    slope = bl.grad(lambda z: bl.softplus(z).sum())(jnp.asarray(Z))
    np.testing.assert_allclose(slope, bl.sigmoid(Z), atol=1e-6)
