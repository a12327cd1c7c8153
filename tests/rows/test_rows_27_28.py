"""Rows 27 and 28: what saturation and sparsity do to the gradients, as a run's telemetry tells it."""

import numpy as np
import pytest

import backlit as bl


def deep(activation: str, layers: int) -> bl.Sequential:
    return bl.network(", ".join([f"Dense(16, initializer='LeCun'), {activation}"] * layers + ["Dense(2)"]))


def gradient_decay(activation: str, layers: int) -> float:
    """The gradient's root mean square at the first layer over that at the last hidden one, at the first step."""
    model = bl.fit(deep(activation, layers), "moons(n=200)", epochs=1, learning_rate=1e-3, seed=0)
    first, last = (model.history[f"dense_{layer}/weight/gradient"][0] for layer in (1, layers))
    return float(first / last)


def test_row_27_saturating_units_make_gradients_vanish_and_depth_makes_it_worse():
    """`bl.fit(network, "moons").history["dense_1/weight/gradient"]`"""
    shallow, deep = gradient_decay("Sigmoid", 3), gradient_decay("Sigmoid", 8)
    assert deep < shallow / 10 < 0.1  # each sigmoid passes on at most a quarter
    assert deep < 0.25**5


def test_row_27_a_saturated_unit_passes_next_to_nothing_back():
    assert bl.grad(bl.sigmoid)(20.0) < 1e-8
    assert bl.grad(bl.tanh)(20.0) < 1e-8
    assert bl.grad(bl.relu)(20.0) == 1.0


def test_row_28_relu_is_sparse_and_its_gradient_is_0_or_1():
    """`bl.fit(network, data).history["relu_1/zeros"]`, `history["relu_1/dead"]`"""
    z = np.random.default_rng(0).normal(size=1000).astype(np.float32)
    slopes = np.asarray(bl.vjp(bl.relu, z)[1](np.ones_like(z))[0])
    assert set(np.unique(slopes)) == {0.0, 1.0}
    assert np.array_equal(slopes == 0, np.asarray(bl.relu(z)) == 0)


def test_row_28_the_shares_of_zeros_and_of_dead_units_are_those_of_the_first_step():
    x = np.random.default_rng(0).normal([1.0, 0.5], size=(40, 2)).astype(np.float32)
    y = np.arange(40) % 2
    chosen = {"split": (1, 0, 0), "batch_size": "full", "standardize": False, "epochs": 1, "seed": 0}
    start = bl.fit("Dense(16), ReLU, Dense(1)", x, y, learning_rate=1e-30, **chosen).parameters["dense_1"]
    off = x @ np.asarray(start["weight"]) + np.asarray(start["bias"]) <= 0
    history = bl.fit("Dense(16), ReLU, Dense(1)", x, y, learning_rate=0.1, **chosen).history
    assert 0 < off.mean() < 1
    assert float(history["relu_1/zeros"][0]) == pytest.approx(off.mean())
    assert float(history["relu_1/dead"][0]) == pytest.approx(off.all(0).mean())


def test_row_28_the_share_of_zeros_is_reported_and_dead_units_are_flagged():
    x = np.array([[-1.0, -2.0], [-3.0, -1.0], [-2.0, -2.0], [-1.0, -1.0]] * 3, np.float32)
    y = np.array([0, 1] * 6)
    network = bl.Sequential(bl.Dense(3, bias=False, initializer=bl.Constant(1.0)), bl.ReLU, bl.Dense(1))
    model = bl.fit(network, x, y, standardize=False, epochs=1, learning_rate=0.1, seed=0)
    assert model.history["relu_1/zeros"][0] == 1.0
    assert model.history["relu_1/dead"][0] == 1.0
    assert model.history["dense_1/weight/gradient"][0] == 0.0
