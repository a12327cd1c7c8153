"""Row 79: dropout 0.5 for each example; at test time the unit is scaled."""

from itertools import product

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import backlit as bl

X = np.asarray([0.5, -2.0, 3.0, 1.0, -0.25, 4.0, 1.5, -1.0], np.float32)
W = np.asarray([1.0, 0.5, -2.0, 3.0, 4.0, -0.5, 2.0, 1.0], np.float32)
BIAS = 0.75


def unit(rate):
    """A linear unit that hears its inputs through dropout, and its parameters."""
    dense = {"weight": W[:, None], "bias": jnp.asarray([BIAS])}
    return bl.Sequential(bl.Dropout(rate), bl.Dense(1)), {"dense_1": dense}


@pytest.mark.parametrize("rate", [0.5, 0.25])
def test_row_79_the_mean_over_all_masks_is_the_output_with_scaled_weights(rate):
    """`bl.network("Dense(64), ReLU, Dropout(0.5), Dense(10)")`

    The first description: drop without a factor while training, scale the weights by 1 − rate at test time.
    """
    masks = np.asarray(list(product([0, 1], repeat=len(X))))
    chances = np.prod(np.where(masks, 1 - rate, rate), axis=1)
    mean = chances @ (masks * X @ W + BIAS)
    network, parameters = unit(rate)
    scaled = {"dense_1": {**parameters["dense_1"], "weight": (1 - rate) * W[:, None]}}
    np.testing.assert_allclose(network.apply(scaled, {}, jnp.asarray([X]), bl.Context())[0][0, 0], mean, rtol=1e-6)


@pytest.mark.parametrize("rate", [0.5, 0.25])
def test_row_79_the_mean_over_drawn_masks_is_the_output_at_test_time(rate):
    """The same with the factor 1 / (1 − rate) while training, as the layer has it."""
    network, parameters = unit(rate)
    examples = jnp.tile(X, (40_000, 1))
    dropped, _ = network.apply(parameters, {}, examples, bl.Context(training=True, key=jax.random.key(0)))
    whole, _ = network.apply(parameters, {}, examples[:1], bl.Context())
    np.testing.assert_allclose(whole[0, 0], X @ W + BIAS, rtol=1e-6)
    error = np.sqrt((X * W) @ (X * W) * rate / (1 - rate) / len(examples))
    assert abs(dropped.mean() - whole[0, 0]) < 4 * error
    np.testing.assert_allclose(dropped.std(), error * np.sqrt(len(examples)), rtol=0.02)


def test_row_79_every_example_has_its_own_mask_of_zeros_and_doubles():
    ones = jnp.ones((64, 200))
    y, _ = bl.Dropout(0.5).apply({}, {}, ones, bl.Context(training=True, key=jax.random.key(0)))
    assert set(np.unique(y)) == {0.0, 2.0}
    assert len(np.unique(y, axis=0)) == 64
    np.testing.assert_array_equal(bl.Dropout(0.5).apply({}, {}, ones, bl.Context(key=jax.random.key(0)))[0], ones)


def test_row_79_the_gradient_of_a_dropped_unit_is_zero():
    context = bl.Context(training=True, key=jax.random.key(0))
    ones = jnp.ones((4, 50))
    y = bl.Dropout(0.5).apply({}, {}, ones, context)[0]
    gradient = bl.grad(lambda x: bl.Dropout(0.5).apply({}, {}, x, context)[0].sum())(ones)
    np.testing.assert_array_equal(gradient, y)
