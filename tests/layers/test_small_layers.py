"""Embedding, normalization by layer and group, noise, skip: against their formulas in NumPy."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import backlit as bl
from backlit.layers.block import Context

X = np.random.default_rng(0).normal(2, 3, (3, 5, 4)).astype(np.float32)
SCALE, SHIFT = np.array([2.0, 0.5, -1.0, 1.0]), np.array([0.0, 1.0, -1.0, 0.5])
TRAINED = {"scale": jnp.asarray(SCALE, jnp.float32), "shift": jnp.asarray(SHIFT, jnp.float32)}


def normalized(x, axes, epsilon=1e-5):
    return (x - x.mean(axes, keepdims=True)) / np.sqrt(x.var(axes, keepdims=True) + epsilon)


def test_embedding_is_a_one_hot_vector_times_the_weights():
    layer = bl.Embedding(4, 3)
    parameters, _ = layer.initialize((2,), jax.random.key(0))
    tokens = np.array([[0, 3], [1, 1]])
    y, _ = layer.apply(parameters, {}, jnp.asarray(tokens), Context())
    np.testing.assert_allclose(y, np.eye(4)[tokens] @ np.asarray(parameters["weight"]), rtol=1e-6)


def test_a_token_outside_the_vocabulary_becomes_nan_and_harms_no_other():
    layer = bl.Embedding(4, 3)
    parameters, _ = layer.initialize((3,), jax.random.key(0))
    y, _ = layer.apply(parameters, {}, jnp.asarray([[4, 3, -1]]), Context())
    np.testing.assert_array_equal(np.isnan(y).all(-1), [[True, False, True]])


@pytest.mark.parametrize("ours", [jax.grad, bl.grad])
def test_the_gradient_of_an_embedding_adds_up_where_a_token_recurs(ours):
    layer = bl.Embedding(3, 2)
    parameters, _ = layer.initialize((4,), jax.random.key(0))
    gradient = ours(lambda p: layer.apply(p, {}, jnp.asarray([[0, 2, 2, 2]]), Context())[0].sum())(parameters)
    np.testing.assert_array_equal(gradient["weight"], [[1, 1], [0, 0], [3, 3]])


def test_layer_norm_is_over_the_features():
    y, _ = bl.LayerNorm().apply(TRAINED, {}, jnp.asarray(X), Context())
    np.testing.assert_allclose(y, normalized(X, -1) * SCALE + SHIFT, rtol=1e-4, atol=1e-5)


def test_rms_norm_divides_by_the_root_mean_square():
    y, _ = bl.RMSNorm(epsilon=1e-6).apply(TRAINED, {}, jnp.asarray(X), Context())
    np.testing.assert_allclose(y, X / np.sqrt((X**2).mean(-1, keepdims=True) + 1e-6) * SCALE, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("shape", [(3, 5, 4), (3, 2, 5, 4), (3, 4)])
@pytest.mark.parametrize("groups", [1, 2])
def test_group_norm_is_over_the_positions_and_a_group_of_features(groups, shape):
    x = np.random.default_rng(1).normal(2, 3, shape).astype(np.float32)
    y, _ = bl.GroupNorm(groups).apply(TRAINED, {}, jnp.asarray(x), Context())
    parts = np.split(x, groups, -1)
    axes = tuple(range(1, x.ndim))
    expected = np.concatenate([normalized(part, axes) for part in parts], -1) * SCALE + SHIFT
    np.testing.assert_allclose(y, expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    ("layer", "state"),
    [(bl.GroupNorm(2), {}), (bl.BatchNorm(), {"mean": jnp.zeros(4), "variance": jnp.ones(4)})],
    ids=["GroupNorm", "BatchNorm"],
)
def test_padded_steps_are_left_out_of_the_statistics(layer, state):
    steps = jnp.asarray([[1.0, 1, 1, 0, 0]] * 3)
    x = X.copy()
    x[:, 3:] = 1e4
    padded, _ = layer.apply(TRAINED, state, jnp.asarray(x), Context(training=True, mask=jnp.ones(3), steps=steps))
    alone, _ = layer.apply(TRAINED, state, jnp.asarray(X[:, :3]), Context(training=True))
    np.testing.assert_allclose(padded[:, :3], alone, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("layer", [bl.LayerNorm(), bl.RMSNorm(), bl.GroupNorm(2), bl.PReLU()], ids=str)
@pytest.mark.parametrize("dtype", [jnp.bfloat16, jnp.float32])
def test_the_precision_of_the_input_stays(layer, dtype):
    parameters, _ = layer.initialize((5, 4), jax.random.key(0))
    assert layer.apply(parameters, {}, jnp.asarray(X, dtype), Context())[0].dtype == dtype


def test_noise_has_its_deviation_while_training_and_none_after():
    x = jnp.ones((100, 100))
    y, _ = bl.Noise(0.3).apply({}, {}, x, Context(training=True, key=jax.random.key(0)))
    assert abs((y - x).mean()) < 4 * 0.3 / 100
    assert abs((y - x).std() - 0.3) < 4 * 0.3 / np.sqrt(2 * 10_000)
    assert bl.Noise(0.3).apply({}, {}, x, Context(key=jax.random.key(0)))[0] is x


def test_skip_hands_the_input_on_beside_the_output():
    layer = bl.Skip(bl.Dense(2), bl.Tanh)
    parameters, _ = layer.initialize((4,), jax.random.key(0))
    x = jnp.asarray(X[0])
    y, _ = layer.apply(parameters, {}, x, Context())
    dense = parameters["dense_1"]
    np.testing.assert_array_equal(y[:, :4], x)
    np.testing.assert_allclose(y[:, 4:], np.tanh(X[0] @ np.asarray(dense["weight"])), rtol=1e-5, atol=1e-6)


def test_prelu_learns_its_slopes():
    layer = bl.PReLU()
    x = jnp.asarray([[-2.0, 3.0], [-1.0, -4.0]])
    gradient = bl.grad(lambda p: layer.apply(p, {}, x, Context())[0].sum())({"slope": jnp.asarray([0.1, 0.2])})
    np.testing.assert_array_equal(gradient["slope"], [-3, -4])


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: bl.Embedding(0, 3), "whole number of vocabulary"),
        (lambda: bl.Embedding(4, 1.5), "whole number of width"),
        (lambda: bl.GroupNorm(0), "whole number of groups"),
        (lambda: bl.LayerNorm(0), "epsilon above 0"),
        (lambda: bl.Noise(-1), "deviation of at least 0"),
        (lambda: bl.PReLU(float("inf")), "slope that is finite"),
    ],
)
def test_settings_out_of_range_are_refused(make, message):
    with pytest.raises(bl.SettingError, match=message):
        make()


@pytest.mark.parametrize("shape", [0, (2, -3), "ab", (2.5,)])
def test_a_shape_that_is_none_is_refused(shape):
    with pytest.raises(bl.SettingError, match="Reshape takes"):
        bl.Reshape(shape)
