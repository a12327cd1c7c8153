"""Rows 95 and 96: one block of each kind with its gradients, and recurrent layers with padding."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import backlit as bl

BLOCKS = {
    "dense": "Dense(3), Tanh",
    "convolutional": "Conv(3, 3), Tanh",
    "recurrent": "LSTM(3, sequence=True)",
    "residual": "Residual(Dense(4), Tanh, Dense(4))",
    "attention": "Attention(2)",
}


@pytest.mark.parametrize("kind", BLOCKS)
def test_row_95_the_gradients_of_each_kind_of_block_equal_finite_differences(kind):
    """`bl.check_gradients(loss, parameters, x)`, with one block of each kind in the loss"""
    network = bl.network(BLOCKS[kind])
    parameters, state = network.initialize((5, 4), jax.random.key(0))
    x = np.random.default_rng(0).normal(size=(2, 5, 4))

    def loss(parameters, x):
        return (network.apply(parameters, state, x, bl.Context())[0] ** 2).sum()

    assert bl.check_gradients(loss, parameters, x) < 1e-6


# By hand, with one unit, x_t = 1, every weight 1 and every bias 0: what the published equations give at the first two
# steps. σ and tanh are numpy's and nothing else is.
def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def elman_by_hand():
    first = np.tanh(1)
    return first, np.tanh(1 + first)


def jordan_by_hand():
    first = np.tanh(np.tanh(1))
    return first, np.tanh(np.tanh(1 + first))


def lstm_by_hand():
    cell = sigmoid(1) * np.tanh(1)
    first = sigmoid(1) * np.tanh(cell)
    gate = sigmoid(1 + first)
    return first, gate * np.tanh(gate * cell + gate * np.tanh(1 + first))


def gru_by_hand():
    first = (1 - sigmoid(1)) * np.tanh(1)
    gate = sigmoid(1 + first)
    return first, gate * first + (1 - gate) * np.tanh(1 + gate * first)


CELLS = [
    (bl.RNN(1, sequence=True), elman_by_hand),
    (bl.RNN(1, sequence=True, context="output"), jordan_by_hand),
    (bl.LSTM(1, sequence=True), lstm_by_hand),
    (bl.GRU(1, sequence=True), gru_by_hand),
    (bl.GRU(1, sequence=True, reset="before"), gru_by_hand),  # with one unit of weight 1 both forms agree
]


@pytest.mark.parametrize(("layer", "by_hand"), CELLS, ids=lambda item: str(item) if isinstance(item, bl.Block) else "")
def test_row_96_two_steps_of_every_recurrent_layer_by_hand(layer, by_hand):
    """`bl.network("RNN(64, context='output'), Dense(9)")`, `LSTM(64)`, `GRU(64)`; or by name: `bl.fit("gru", data)`"""
    parameters, _ = layer.initialize((2, 1), jax.random.key(0))
    plain = {name: jnp.full(p.shape, 0.0 if name.endswith("bias") else 1.0) for name, p in parameters.items()}
    y, _ = layer.apply(plain, {}, jnp.ones((1, 2, 1)), bl.Context())
    np.testing.assert_allclose(y[0, :, 0], by_hand(), rtol=1e-6)


@pytest.mark.parametrize("layer", ["RNN(3)", "RNN(3, context='output')", "LSTM(3)", "GRU(3)", "Bidirectional(GRU(3))"])
def test_row_96_padding_changes_neither_the_output_nor_the_gradient(layer):
    network = bl.network(f"Padding, {layer}")
    parameters, state = network.initialize((6, 2), jax.random.key(0))
    short = np.random.default_rng(0).normal(size=(1, 4, 2)).astype(np.float32)
    padded = np.pad(short, ((0, 0), (0, 2), (0, 0)), constant_values=np.nan)

    def loss(parameters, x):
        return (network.apply(parameters, state, x, bl.Context())[0] ** 2).sum()

    alone, among = (bl.value_and_grad(loss)(parameters, x) for x in (short, padded))
    jax.tree.map(lambda one, other: np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-6), alone, among)


def test_row_96_a_sequence_of_no_real_step_gives_zeros_and_finite_gradients():
    network = bl.network("Padding, GRU(3)")
    parameters, state = network.initialize((4, 2), jax.random.key(0))
    empty = np.full((1, 4, 2), np.nan, np.float32)

    def loss(parameters):
        return network.apply(parameters, state, empty, bl.Context())[0].sum()

    value, gradients = bl.value_and_grad(loss)(parameters)
    assert value == 0
    assert all(jnp.isfinite(leaf).all() for leaf in jax.tree.leaves(gradients))
