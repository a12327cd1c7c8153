"""Training in bfloat16: the same network from float32 parameters, within the rounding of 8 bits."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import backlit as bl
from backlit.graph import value_and_grad
from backlit.training.objective import Batch

ROUNDING = 2.0**-8  # the relative spacing of bfloat16


def gradients(run):
    """The gradient of the first rows' loss."""
    parameters, state = run.network.initialize(run.input_shape, jax.random.key(0))
    x, y = run.parts.train.x[:64], run.objective.targets(run.parts.train.y[:64], run.fitted)
    batch = Batch(jnp.asarray(x), jnp.asarray(y), jnp.ones(64), jnp.ones(64))

    def loss(parameters):
        return run.objective(parameters, {**state, **run.fitted}, batch, jax.random.key(1))

    return jax.jit(value_and_grad(loss, has_aux=True))(parameters)


def test_gradients_are_float32_and_those_of_float32_within_rounding(moved):
    network = "Dense(16), LayerNorm, Tanh, Dense(16, bias=False), BatchNorm, Tanh, Dense(3)"
    (value, _), exact = gradients(bl.prepare(network, *moved))
    (near, after), rounded = gradients(bl.prepare(network, *moved, precision="bfloat16"))
    assert near != value  # it did compute in another precision
    assert {leaf.dtype for leaf in jax.tree.leaves((near, after, rounded))} == {jnp.dtype("float32")}
    np.testing.assert_allclose(near, value, rtol=4 * ROUNDING)
    for a, b in zip(jax.tree.leaves(exact), jax.tree.leaves(rounded), strict=True):
        # A rounding for each of a dozen operations forward and back, against the gradient's own size.
        assert np.linalg.norm(a - b) <= 12 * ROUNDING * np.linalg.norm(a) + 1e-6


@pytest.fixture(scope="module")
def moved():
    """Points of three classes far from 0, which bfloat16 alone would merge: 1000 and 1003 are one number there."""
    random = np.random.default_rng(0)
    x = random.normal(size=(200, 2)).astype(np.float32)
    return 1000 + x, (np.arctan2(x[:, 1], x[:, 0]) // 2.1).astype(int) % 3


def test_it_learns_and_its_scores_are_those_of_the_saved_weights(moved):
    model = bl.fit("Dense(32), ReLU, Dense(3)", *moved, precision="bfloat16", epochs=30, learning_rate=0.02)
    assert model.scores["test"]["accuracy"] > 0.9
    assert {leaf.dtype for leaf in jax.tree.leaves(model.parameters)} == {jnp.dtype("float32")}
    assert model.settings.precision == "bfloat16"


def test_auto_is_float32_on_a_cpu(moved):
    chosen = bl.prepare("Dense(3)", *moved, precision="auto").settings.precision
    assert chosen == ("float32" if jax.default_backend() == "cpu" else "bfloat16")


def test_tokens_stay_as_they_are():
    """bfloat16 has no 257: the rows of an embedding would be those of other tokens."""
    tokens = np.array([[257, 999, 513]] * 40)
    run = bl.prepare("Embedding(1000, 4), Flatten, Dense(2)", tokens, np.arange(40) % 2, precision="bfloat16")
    parameters, state = run.network.initialize(run.input_shape, jax.random.key(0))
    context = bl.Context(precision=jnp.dtype("bfloat16"))
    names = list(run.network.named)
    upto = bl.network("Embedding(1000, 4), Flatten")
    flat, _ = upto.apply(parameters, state, jnp.asarray(tokens[:1], jnp.float32), context)
    assert names[-3:] == ["embedding_1", "flatten_1", "dense_1"]
    np.testing.assert_array_equal(flat[0], parameters["embedding_1"]["weight"][tokens[0]].reshape(-1))
    assert np.isfinite(run.change(epochs=1).train().history["loss"]).all()
