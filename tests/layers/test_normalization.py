"""Batch normalization against its formula in NumPy."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from backlit.graph import grad, hvp
from backlit.layers.block import Context
from backlit.layers.normalization import BatchNorm, LayerNorm

RNG = np.random.default_rng(0)
PARAMETERS = {"scale": jnp.asarray([2.0, 0.5]), "shift": jnp.asarray([-1.0, 3.0])}
STATE = {"mean": jnp.asarray([0.2, -0.4]), "variance": jnp.asarray([2.0, 0.25])}


def formula(x, mean, variance, epsilon=1e-5):
    return np.asarray(PARAMETERS["scale"]) * (x - mean) / np.sqrt(variance + epsilon) + np.asarray(PARAMETERS["shift"])


@pytest.mark.parametrize("shape", [(6, 2), (6, 5, 2), (6, 4, 3, 2)])
def test_training_uses_the_batch_and_moves_the_running_statistics(shape):
    x = RNG.normal(3, 2, shape).astype(np.float32)
    mean, variance = x.reshape(-1, 2).mean(0), x.reshape(-1, 2).var(0)
    y, after = BatchNorm(momentum=0.75).apply(PARAMETERS, STATE, jnp.asarray(x), Context(training=True))
    np.testing.assert_allclose(y, formula(x, mean, variance), rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(after["mean"], 0.75 * np.asarray(STATE["mean"]) + 0.25 * mean, rtol=1e-5)
    np.testing.assert_allclose(after["variance"], 0.75 * np.asarray(STATE["variance"]) + 0.25 * variance, rtol=1e-4)


def test_prediction_uses_the_running_statistics_and_leaves_them():
    x = RNG.normal(size=(6, 2)).astype(np.float32)
    y, after = BatchNorm().apply(PARAMETERS, STATE, jnp.asarray(x), Context())
    np.testing.assert_allclose(y, formula(x, *map(np.asarray, STATE.values())), rtol=1e-5, atol=1e-6)
    assert after == STATE


@pytest.mark.parametrize("shape", [(6, 2), (6, 5, 2)])
def test_padding_is_left_out_of_the_statistics(shape):
    x = RNG.normal(3, 2, shape).astype(np.float32)
    x[4:] = 1000
    mask = jnp.asarray([1.0, 1, 1, 1, 0, 0])
    layer = BatchNorm()
    padded, after = layer.apply(PARAMETERS, STATE, jnp.asarray(x), Context(training=True, mask=mask))
    alone, expected = layer.apply(PARAMETERS, STATE, jnp.asarray(x[:4]), Context(training=True))
    np.testing.assert_allclose(padded[:4], alone, rtol=1e-4, atol=1e-5)
    for name in STATE:
        np.testing.assert_allclose(after[name], expected[name], rtol=1e-5)


@pytest.mark.parametrize("fill", [np.nan, np.inf, 1e20])
def test_whatever_lies_in_the_padding_reaches_no_statistic_and_no_gradient(fill):
    x = RNG.normal(3, 2, (6, 5, 2)).astype(np.float32)
    upstream = jnp.asarray(RNG.normal(size=x.shape), jnp.float32).at[4:].set(0)
    mask = jnp.asarray([1.0, 1, 1, 1, 0, 0])

    def loss(parameters, x, mask, upstream):
        y, after = BatchNorm().apply(parameters, STATE, x, Context(training=True, mask=mask))
        return (y * upstream).sum(), after

    differentiate = grad(loss, argnums=(0, 1), has_aux=True)
    (own, of_x), after = differentiate(PARAMETERS, jnp.asarray(x).at[4:].set(fill), mask, upstream)
    (expected, of_real), alone = differentiate(PARAMETERS, jnp.asarray(x[:4]), None, upstream[:4])
    for found, known in zip(*(jax.tree.leaves(t) for t in ((own, after), (expected, alone))), strict=True):
        np.testing.assert_allclose(found, known, rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(of_x, np.concatenate([of_real, np.zeros((2, 5, 2))]), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("dtype", [jnp.bfloat16, jnp.float16, jnp.float32])
@pytest.mark.parametrize("training", [True, False])
def test_the_precision_of_the_input_stays(dtype, training):
    x = jnp.asarray([[1.0, 2.0], [3.0, -4.0]], dtype)
    y, after = BatchNorm().apply(PARAMETERS, STATE, x, Context(training=training))
    assert y.dtype == dtype
    assert {value.dtype for value in after.values()} == {jnp.dtype(jnp.float32)}


def test_a_batch_of_padding_alone_stays_finite():
    y, after = BatchNorm().apply(PARAMETERS, STATE, jnp.zeros((3, 2)), Context(training=True, mask=jnp.zeros(3)))
    assert np.isfinite(y).all()
    assert all(np.isfinite(value).all() for value in after.values())


def test_many_steps_bring_the_running_statistics_to_the_datas():
    x = RNG.normal(3, 2, (50, 2)).astype(np.float32)
    layer, state = BatchNorm(), STATE
    for _ in range(200):
        _, state = layer.apply(PARAMETERS, state, jnp.asarray(x), Context(training=True))
    np.testing.assert_allclose(state["mean"], x.mean(0), rtol=1e-4)
    np.testing.assert_allclose(state["variance"], x.var(0), rtol=1e-4)


@pytest.mark.parametrize("layer", [BatchNorm(), LayerNorm()], ids=str)
def test_first_and_second_derivatives_are_those_of_the_formula(layer):
    batch = isinstance(layer, BatchNorm)
    real = jnp.asarray([1.0, 1, 0, 1] if batch else [1.0] * 4)
    axes, share = ((0, 1), real[:, None, None]) if batch else ((2,), 1.0)

    @jax.jit
    def derivatives(x, direction, weight):
        weight = weight * share  # what padding becomes has no meaning

        def ours(x):
            y, _ = layer.apply(PARAMETERS, STATE, x, Context(training=True, mask=real))
            return (weight * y**2).sum()

        def textbook(x):
            count = (x * 0 + share).sum(axes, keepdims=True)
            mean = (x * share).sum(axes, keepdims=True) / count
            variance = ((x - mean) ** 2 * share).sum(axes, keepdims=True) / count
            y = (x - mean) / jnp.sqrt(variance + 1e-5) * PARAMETERS["scale"] + PARAMETERS["shift"]
            return (weight * y**2).sum()

        expected = jax.jvp(jax.grad(textbook), (x,), (direction,))
        return (grad(ours)(x), hvp(ours, (x,), (direction,))[0]), expected

    with jax.enable_x64(True):
        found, expected = derivatives(*(jnp.asarray(RNG.normal(3, 2, (4, 3, 2))) for _ in range(3)))
    for ours, theirs in zip(found, expected, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-9, atol=1e-9)
