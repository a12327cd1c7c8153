"""What a step does: batches of rows, their mean loss, the update, and what is recorded of it."""

from itertools import pairwise

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import backlit as bl
from backlit.training.execution import Execution
from backlit.training.objective import Batch
from backlit.training.program import Program, epoch_keys, take

ALL = {"split": (1, 0, 0), "standardize": False, "optimizer": "gradient-descent"}


def executed(*arguments, **settings):
    """A finished execution, and its parameters at the start."""
    execution = Execution(bl.prepare(*arguments, **settings), None)
    start = jax.device_get(execution.carry.trained.parameters)
    execution.finish()
    return execution, start


def batches(execution, epoch):
    order = np.asarray(execution.program.order(execution.key, epoch))
    return [rows[rows < execution.program.rows] for rows in order]


def descend(execution, start, rate, weights=None):
    """Gradient descent on (1/Σw) Σ w (y − xw − b)² of each batch, in float64, along the run's own order."""
    part = execution.run.parts.train
    x, y = part.x.astype(np.float64), part.y.astype(np.float64)
    given = np.ones(len(x)) if weights is None else weights
    w, b = start["dense_1"]["weight"][:, 0].astype(np.float64), start["dense_1"]["bias"].astype(np.float64)
    losses = []
    for epoch in range(execution.settings.epochs):
        made = []
        for rows in batches(execution, epoch):
            share = given[rows] / given[rows].sum()
            error = x[rows] @ w + b - y[rows]
            made.append((share * error**2).sum())
            w, b = w - rate * 2 * x[rows].T @ (share * error), b - rate * 2 * (share * error).sum()
        losses.append(np.mean(made))
    return w, b, losses


@pytest.mark.parametrize("size", [1, 4])
def test_every_batch_is_a_step_down_its_own_mean_loss(size, line):
    execution, start = executed("Dense(1)", *line, batch_size=size, epochs=3, learning_rate=0.05, **ALL)
    assert [len(rows) for rows in batches(execution, 0)] == ([1] * 10 if size == 1 else [4, 4, 2])
    w, b, losses = descend(execution, start, 0.05)
    made = execution.carry.trained.parameters["dense_1"]
    np.testing.assert_allclose(made["weight"][:, 0], w, rtol=1e-5)
    np.testing.assert_allclose(made["bias"], b, rtol=1e-5)
    np.testing.assert_allclose(execution.history["loss"], losses, rtol=1e-5)


def test_padding_counts_for_nothing_in_batch_statistics_too(line):
    network = "Dense(3), BatchNorm(momentum=0.5), Tanh, Dense(1)"
    execution, start = executed(network, *line, batch_size=4, epochs=2, learning_rate=0.1, **ALL)
    run, trained = execution.run, execution.carry.trained
    gradient = jax.jit(jax.grad(run.objective, has_aux=True))
    parameters, state = start, run.network.initialize(run.input_shape, jax.random.key(0))[1]
    for epoch in range(2):
        for rows in batches(execution, epoch):
            ones = jnp.ones(len(rows))
            batch = Batch(run.parts.train.x[rows], run.parts.train.y[rows], ones, ones)
            gradients, state = gradient(parameters, state, batch, jax.random.key(0))
            parameters = jax.tree.map(lambda p, g: p - 0.1 * g, parameters, gradients)
    for made, wanted in ((trained.parameters, parameters), (trained.state, state)):
        jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=2e-5, atol=2e-6), made, wanted)


def test_weight_two_is_the_row_given_twice(line):
    x, y = line
    weights = np.array([2.0, 1, 1, 1, 1, 1, 1, 1, 1, 0])
    chosen = {"batch_size": "full", "epochs": 4, "learning_rate": 0.1, **ALL}
    weighted, start = executed("Dense(1)", x, y, weights=weights, **chosen)
    twice, again = executed("Dense(1)", np.concatenate([x[:9], x[:1]]), np.concatenate([y[:9], y[:1]]), **chosen)
    jax.tree.map(np.testing.assert_array_equal, start, again)
    rows = weighted.run.parts.train.indices
    w, b, losses = descend(weighted, start, 0.1, weights[rows])
    for execution in (weighted, twice):
        made = execution.carry.trained.parameters["dense_1"]
        np.testing.assert_allclose(made["weight"][:, 0], w, rtol=1e-5)
        np.testing.assert_allclose(made["bias"], b, rtol=1e-5)
        np.testing.assert_allclose(execution.history["loss"], losses, rtol=1e-5)
    unweighted = ((x.astype(np.float64) @ w + b - y) ** 2).mean()  # a score counts every row the same
    assert weighted.history["train_loss"][-1] == pytest.approx(unweighted, rel=1e-5)


def test_rows_past_the_end_are_padding():
    data = Batch(jnp.arange(6.0).reshape(3, 2), jnp.arange(3), jnp.array([1.0, 2.0, 3.0]), jnp.ones(3))
    batch = take(data, jnp.array([2, 0, 3, 4]))
    np.testing.assert_array_equal(batch.real, [1, 1, 0, 0])
    np.testing.assert_array_equal(batch.weight, [3, 1, 0, 0])
    np.testing.assert_array_equal(batch.x[:2], [[4, 5], [0, 1]])


@pytest.mark.parametrize(("rows", "size"), [(10, 4), (10, 1), (10, 10), (12, 5), (7, 7)])
def test_every_row_comes_once_an_epoch_in_an_order_of_its_own(rows, size):
    program = Program(None, None, rows, size, None, None)
    orders = [np.asarray(program.order(jax.random.key(1), epoch)) for epoch in range(3)]
    for order in orders:
        assert order.shape == (-(-rows // size), size)
        np.testing.assert_array_equal(np.sort(order[order < rows]), np.arange(rows))
        assert (order.ravel()[:rows] < rows).all()  # padding comes last
    assert not any(np.array_equal(a, b) for a, b in pairwise(orders))


@pytest.mark.parametrize("loss", ["bce", "hinge"])
def test_telemetry_of_the_first_step_is_that_of_the_formulas(loss, line):
    x, y = line[0], (line[1] > 0.5).astype(int)
    execution, start = executed(
        "Dense(4), Sigmoid, Dense(1)", x, y, loss=loss, batch_size="full", epochs=1, learning_rate=0.5, **ALL
    )
    part, history = execution.run.parts.train, execution.history
    x, y = part.x.astype(np.float64), part.y.astype(np.float64)
    w1, b1 = start["dense_1"]["weight"], start["dense_1"]["bias"]
    w2, b2 = start["dense_2"]["weight"], start["dense_2"]["bias"]
    z1 = x @ w1 + b1
    a1 = 1 / (1 + np.exp(-z1))
    z2 = (a1 @ w2 + b2)[:, 0]
    slope = a1 * (1 - a1)
    sign = 2 * y - 1
    error = 1 / (1 + np.exp(-z2)) - y if loss == "bce" else -sign * (sign * z2 < 1)
    d2 = error[:, None] / len(x)
    d1 = d2 @ w2.T * slope
    expected = {
        "dense_1/mean": z1.mean(),
        "dense_1/deviation": z1.std(),
        "dense_1/zeros": 0,
        "sigmoid_1/mean": a1.mean(),
        "sigmoid_1/deviation": a1.std(),
        "sigmoid_1/slope": slope.mean(),
        "sigmoid_1/saturated": (slope < 0.01).mean(),
        "dense_2/mean": z2.mean(),
    }
    for name, gradient, value in (
        ("dense_1/weight", x.T @ d1, w1),
        ("dense_1/bias", d1.sum(0), b1),
        ("dense_2/weight", a1.T @ d2, w2),
        ("dense_2/bias", d2.sum(0), b2),
    ):
        size = np.sqrt(np.mean(gradient**2))
        expected |= {
            f"{name}/gradient": size,
            f"{name}/update": 0.5 * size,
            f"{name}/weight": np.sqrt((value**2).mean()),
        }
    for column, value in expected.items():
        np.testing.assert_allclose(history[column][0], value, rtol=1e-4, atol=1e-6, err_msg=column)
    assert not any(column.startswith("dense_") and column.endswith("/slope") for column in history.columns)


def test_saturation_and_zeros_are_shares_of_units(line):
    x = np.abs(line[0]) * 50
    execution, start = executed(
        "Dense(3), ReLU, Dense(2), Tanh, Dense(1)", x, line[1], batch_size="full", epochs=1, learning_rate=1e-9, **ALL
    )
    h = np.maximum(execution.run.parts.train.x @ start["dense_1"]["weight"], 0)
    z = h @ start["dense_2"]["weight"]
    history = execution.history
    assert history["relu_1/zeros"][0] == pytest.approx(np.mean(h == 0))
    assert history["relu_1/slope"][0] == pytest.approx(np.mean(h > 0))
    assert history["tanh_1/saturated"][0] == pytest.approx(np.mean(1 - np.tanh(z.astype(np.float64)) ** 2 < 0.01))
    assert history["tanh_1/saturated"][0] > 0


def test_dropout_draws_anew_at_every_step_and_epoch():
    key = jax.random.key(0)
    keys = [jax.random.fold_in(epoch_keys(key, epoch)[1], step) for epoch in range(3) for step in range(3)]
    assert len({tuple(np.asarray(jax.random.key_data(key)).tolist()) for key in keys}) == 9


@pytest.mark.parametrize(
    "settings", [{}, {"block_rows": 4}, {"learning_rate": [0.01, 0.02]}], ids=["resident", "blocks", "population"]
)
def test_short_epochs_have_telemetry_first_and_then_now_and_then_and_train_the_same(settings, line):
    # Of three steps each: the first eight have it, then one in 43.
    epochs, network = 70, "Dense(3), Tanh, Dense(1)"
    chosen = {**ALL, "batch_size": 4, "epochs": epochs, "learning_rate": 0.01, "seed": 0} | settings

    def histories(**cadence):
        found = bl.fit(network, *line, **chosen, **cadence)
        return [member.history for member in found.members] if "learning_rate" in settings else [found.history]

    for history, whole in zip(histories(), histories(telemetry=1), strict=True):
        recorded = np.isfinite(history["tanh_1/mean"])
        np.testing.assert_array_equal(np.flatnonzero(recorded), [*range(8), 43])
        np.testing.assert_allclose(history["loss"], whole["loss"], rtol=1e-5)
        for column in ("tanh_1/mean", "dense_2/weight/gradient"):
            assert np.isfinite(whole[column]).all()
            np.testing.assert_allclose(history[column][recorded], whole[column][recorded], rtol=1e-4, atol=1e-6)
