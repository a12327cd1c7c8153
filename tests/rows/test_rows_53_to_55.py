"""Rows 53 to 55: the closed form and descent; full batch, mini-batch and one by one; epochs with reshuffling."""

import numpy as np
import pytest

import backlit as bl

RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(12, 3)).astype(np.float32)
Y = (X @ [1.0, -2.0, 0.5] + 1 + 0.1 * RANDOM.normal(size=12)).astype(np.float32)
PLAIN = {"optimizer": "gradient-descent", "split": (1, 0, 0), "standardize": False}
STANDING = {"learning_rate": 1e-30, **PLAIN}  # steps too small to change a parameter


def test_row_53_where_the_gradient_is_zero_is_where_descent_arrives():
    """`bl.fit("Dense(1)", x, y, optimizer="gradient-descent", batch_size="full")`"""
    x, y = X[:, :1], 2 * X[:, 0] + 0.3 * Y
    closed = (x[:, 0] @ y) / (x[:, 0] @ x[:, 0])  # d/dw Σ(y − wx)² = 0
    chosen = {"batch_size": "full", "epochs": 300, "learning_rate": 0.2, "telemetry": 1}
    model = bl.fit("Dense(1, bias=False)", x, y, **chosen, **PLAIN)
    assert model.history["dense_1/weight/weight"][-1] == pytest.approx(abs(closed), rel=1e-5)
    assert model.history["dense_1/weight/gradient"][-1] == pytest.approx(0, abs=1e-5)
    assert np.sign(model.parameters["dense_1"]["weight"].item()) == np.sign(closed)


@pytest.mark.parametrize("size", ["full", 4, 1])
def test_row_54_one_setting_makes_it_full_batch_mini_batch_or_one_by_one(size):
    """`bl.fit(network, data, batch_size="full")`, `batch_size=256`, `batch_size=1`"""
    # Row i is the unit vector e_i, so that only steps with row i change w_i, and their order changes nothing:
    # w_i ← w_i − η ∂/∂w_i (1/B) Σ (w_j − y_j)² = w_i − (2η/B) (w_i − y_i), once an epoch.
    x, network, rate, epochs = np.eye(12, dtype=np.float32), "Dense(1, bias=False)", 0.2, 5
    start = bl.fit(network, x, Y, batch_size=size, epochs=1, **STANDING).parameters["dense_1"]["weight"]
    made = bl.fit(network, x, Y, batch_size=size, epochs=epochs, learning_rate=rate, **PLAIN)
    shrunk = (1 - 2 * rate / (12 if size == "full" else size)) ** epochs
    expected = Y + shrunk * (np.asarray(start, np.float64)[:, 0] - Y)
    np.testing.assert_allclose(made.parameters["dense_1"]["weight"][:, 0], expected, rtol=1e-5)


@pytest.mark.parametrize("size", ["full", 12, 256])
def test_row_54_a_batch_of_all_rows_or_more_is_the_full_batch(size):
    run = bl.prepare("Dense(1)", X, Y, batch_size=size, epochs=5, learning_rate=0.03, **PLAIN)
    assert run.settings.batch_size == len(run.parts.train) == 12


@pytest.mark.parametrize("size", [4, 1])
def test_row_55_every_row_comes_once_an_epoch_and_the_batch_losses_mean_the_full_loss(size):
    """`bl.fit(network, data, epochs=4).history["loss"]`"""
    model = bl.fit("Dense(2), Tanh, Dense(1)", X, Y, batch_size=size, epochs=4, **STANDING)
    np.testing.assert_allclose(model.history["loss"], model.evaluate(X, Y)["loss"], rtol=1e-5)
    first_batches = model.history["dense_1/mean"]  # of each epoch: other rows, other outputs
    assert len(set(first_batches.tolist())) > 1
