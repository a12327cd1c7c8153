"""Rows 69 and 78: repeat until the loss converges; early stopping with patience brings the best weights back."""

import numpy as np
import pytest

import backlit as bl


def test_row_69_a_run_repeats_until_its_loss_converges():
    """`bl.fit(network, data, tolerance=1e-4)`, `--tolerance 1e-4`"""
    random = np.random.default_rng(1)
    x = random.normal(size=(20, 2)).astype(np.float32)
    y = (x @ [1.0, 2.0] + 0.2 * random.normal(size=20)).astype(np.float32)
    chosen = {"optimizer": "gradient-descent", "learning_rate": 0.1, "batch_size": "full", "standardize": False}
    model = bl.fit("Dense(1)", x, y, epochs=1000, tolerance=1e-4, split=(1, 0, 0), **chosen)
    assert model.stopped == "converged"
    losses = model.history["train_loss"]
    assert len(losses) == model.epochs < 1000
    steady = np.abs(np.diff(losses)) < 1e-4 * losses[:-1]
    assert steady[-5:].all()
    assert not steady[:-5].any()
    design = np.column_stack([x, np.ones(20)])
    residual = y - design @ np.linalg.lstsq(design, y, rcond=None)[0]
    assert losses[-1] == pytest.approx((residual**2).mean(), rel=0.01)


def test_row_78_it_stops_at_best_plus_patience_and_the_best_weights_come_back():
    """`bl.fit(network, data, patience=10)`, `--patience 10`"""
    random = np.random.default_rng(2)
    x = random.normal(size=(40, 6)).astype(np.float32)
    y = random.integers(0, 2, 40)  # noise: the better the training fit, the worse the validation
    model = bl.fit("Dense(16), Tanh, Dense(1)", x, y, epochs=400, patience=10, learning_rate=0.02, batch_size=14)
    losses = model.history["validation_loss"]
    assert model.stopped == "patience"
    assert model.best_epoch == int(losses.argmin()) + 1
    assert model.epochs == len(losses) == model.best_epoch + 10
    rows = bl.prepare(None, x, y).parts.validation.indices
    assert model.evaluate(x[rows], y[rows])["loss"] == pytest.approx(losses.min(), rel=1e-5)
    assert losses[-1] > losses.min()
    assert model.history["train_loss"][-1] < model.history["train_loss"][model.best_epoch - 1]
