"""Rows 53 to 55: the closed form and descent; full batch, mini-batch and one by one; epochs with reshuffling."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import backlit as bl
from backlit.training.execution import Execution
from backlit.training.objective import Batch
from backlit.training.program import Program

RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(12, 3)).astype(np.float32)
Y = (X @ [1.0, -2.0, 0.5] + 1 + 0.1 * RANDOM.normal(size=12)).astype(np.float32)
PLAIN = {"optimizer": "gradient-descent", "split": (1, 0, 0), "standardize": False}


def test_row_53_where_the_gradient_is_zero_is_where_descent_arrives():
    x, y = X[:, :1], 2 * X[:, 0] + 0.3 * Y
    closed = (x[:, 0] @ y) / (x[:, 0] @ x[:, 0])  # d/dw Σ(y − wx)² = 0
    chosen = {"batch_size": "full", "epochs": 300, "learning_rate": 0.2}
    execution = Execution(bl.prepare("Dense(1, bias=False)", x, y, **chosen, **PLAIN), None)
    execution.finish()
    assert execution.carry.trained.parameters["dense_1"]["weight"].item() == pytest.approx(closed, rel=1e-5)


def descend(execution, epochs, rate):
    """Parameters after steps w − η ∇ mean (y − xw − b)² over each batch of the run's own order, in float64."""
    part = execution.run.parts.train
    x = np.column_stack([part.x, np.ones(len(part))]).astype(np.float64)
    start = execution.carry.trained.parameters["dense_1"]
    w = np.append(np.asarray(start["weight"], np.float64)[:, 0], np.asarray(start["bias"], np.float64))
    for epoch in range(epochs):
        for rows in np.asarray(execution.program.order(execution.key, epoch)):
            rows = rows[rows < len(x)]
            w = w - rate * 2 * x[rows].T @ (x[rows] @ w - part.y[rows]) / len(rows)
    return w


@pytest.mark.parametrize(("size", "steps"), [("full", 1), (5, 3), (1, 12)])
def test_row_54_one_setting_makes_it_full_batch_mini_batch_or_one_by_one(size, steps):
    run = bl.prepare("Dense(1)", X, Y, batch_size=size, epochs=5, learning_rate=0.03, **PLAIN)
    execution = Execution(run, None)
    assert execution.program.steps == steps
    expected = descend(execution, 5, 0.03)
    execution.finish()
    made = execution.carry.trained.parameters["dense_1"]
    np.testing.assert_allclose(np.append(made["weight"], made["bias"]), expected, rtol=1e-5)


@pytest.mark.parametrize("size", ["full", 12, 256])
def test_row_54_a_batch_of_all_rows_or_more_is_the_full_batch(size):
    run = bl.prepare("Dense(1)", X, Y, batch_size=size, epochs=5, learning_rate=0.03, **PLAIN)
    assert run.settings.batch_size == len(run.parts.train) == 12


@pytest.mark.parametrize("size", [3, 4, 1])
def test_row_55_every_row_once_an_epoch_and_the_batch_losses_mean_the_full_loss(size):
    run = bl.prepare("Dense(2), Tanh, Dense(1)", X, Y, batch_size=size, epochs=1, **PLAIN)
    parameters, state = run.network.initialize((3,), jax.random.key(0))
    program = Program(run.objective, run.transformation, 12, size, None, None)
    part, key, loss = run.parts.train, jax.random.key(4), jax.jit(run.objective)

    def mean_loss(rows):
        ones = jnp.ones(len(rows))
        return loss(parameters, state, Batch(part.x[rows], part.y[rows], ones, ones), key)[0]

    whole, orders = mean_loss(np.arange(12)), [np.asarray(program.order(key, epoch)) for epoch in range(3)]
    for order in orders:
        np.testing.assert_array_equal(np.sort(order.ravel()), np.arange(12))
        np.testing.assert_allclose(np.mean([mean_loss(rows) for rows in order]), whole, rtol=1e-5)
    assert not np.array_equal(orders[0], orders[1])
    assert not np.array_equal(orders[1], orders[2])
    assert np.std([mean_loss(rows) for rows in orders[0]]) > 0  # each only approximates it
