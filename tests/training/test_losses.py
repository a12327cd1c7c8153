"""Losses in a run: units of predictions, learned deviations, counts, several outputs, names with settings, files."""

import jax
import numpy as np
import pytest

import backlit as bl
from backlit.training.objective import Batch

RANDOM = np.random.default_rng(0)
X = RANDOM.uniform(-1, 1, (2000, 1)).astype(np.float32)
ALL = {"split": (1, 0, 0), "learning_rate": 0.02, "batch_size": 100}


def test_a_gaussian_learns_mean_and_deviation_in_the_units_of_the_data(tmp_path):
    deviation = np.where(X[:, 0] > 0, 300.0, 30.0)
    y = 5000 + 1000 * X[:, 0] + deviation * RANDOM.normal(size=2000)
    model = bl.fit("Dense(16), ReLU, Dense(2)", X, y, loss="gaussian", epochs=60, **ALL)
    at = np.array([[-0.5], [0.5]], np.float32)
    np.testing.assert_allclose(model.predict(at), [4500, 5500], atol=100)
    np.testing.assert_allclose(model.predict_deviation(at), [30, 300], rtol=0.25)
    model.save(tmp_path / "model")
    again = bl.load(tmp_path / "model")
    np.testing.assert_array_equal(again.predict_deviation(at), model.predict_deviation(at))
    with pytest.raises(bl.SettingError, match="learns no deviation: train with loss='gaussian'"):
        bl.fit("Dense(1)", X[:20], y[:20], epochs=1).predict_deviation(at)


def test_the_loss_of_a_constant_is_the_best_of_all_constants():
    y = 50 + 10 * RANDOM.normal(size=2000)
    model = bl.fit("Dense(2)", 0 * X, y, loss="gaussian", epochs=30, **ALL)
    assert model.scores["train"]["loss"] == pytest.approx(model.scores["baseline"]["loss"], abs=2e-3)
    counts = bl.fit("Dense(1)", 0 * X, RANDOM.poisson(4, 2000).astype(float), loss="poisson", epochs=30, **ALL)
    assert counts.scores["train"]["loss"] == pytest.approx(counts.scores["baseline"]["loss"], abs=2e-3)


def test_what_counts_for_nothing_may_be_any_number():
    run = bl.prepare("Dense(1)", X[:20], X[:20, 0], standardize=False, l2=0.1)
    parameters, state = run.initialize(jax.random.key(0))
    y, real = X[:5, 0], np.array([1, 1, 1, 1, 0], np.float32)
    whole, known = (Batch(X[:n], np.where(real[:n], y[:n], 1e30), None, real[:n]) for n in (5, 4))

    def loss(parameters, batch):
        return run.objective(parameters, state, batch, jax.random.key(0))[0]

    found, expected = (bl.value_and_grad(loss)(parameters, batch) for batch in (whole, known))
    for ours, alone in zip(*map(jax.tree.leaves, (found, expected)), strict=True):
        np.testing.assert_allclose(ours, alone, rtol=1e-6)
    sums = (run.objective.measure(parameters, state, batch) for batch in (whole, known))
    for ours, alone in zip(*map(jax.tree.leaves, sums), strict=True):
        np.testing.assert_allclose(ours, alone, rtol=1e-6)


def test_rates_of_counts():
    y = RANDOM.poisson(np.exp(1 + X[:, 0])).astype(np.float32)
    model = bl.fit("Dense(1)", X, y, loss="poisson", task="regression", epochs=40, standardize=False, **ALL)
    np.testing.assert_allclose(model.parameters["dense_1"]["weight"], [[1]], atol=0.1)
    assert model.predict(np.zeros((1, 1)))[0] == pytest.approx(np.e, rel=0.1)


def test_a_share_of_the_targets_lies_below_a_quantile():
    y = 100 + 10 * RANDOM.normal(size=2000)
    model = bl.fit("Dense(1)", X, y, loss="quantile(quantile=0.9)", epochs=40, **ALL)
    assert (y < model.predict(X)).mean() == pytest.approx(0.9, abs=0.03)
    assert model.settings.loss == "quantile(quantile=0.9)"


def test_several_outputs_each_with_its_loss(tmp_path):
    price, sold = 1000 + 300 * X[:, 0], (X[:, 0] > 0).astype(float)
    loss = bl.Several(("huber(delta=2)", 1), ("bce", 1), weights=(1.0, 0.5))
    y = np.stack([price, sold], 1)
    model = bl.fit("Dense(16), ReLU, Dense(2)", X, y, loss=loss, epochs=60, **ALL)
    predicted = model.predict(X)
    np.testing.assert_allclose(predicted[:, 0], price, atol=30)
    assert ((predicted[:, 1] > 0.5) == sold).mean() > 0.98
    assert ((predicted[:, 1] >= 0) & (predicted[:, 1] <= 1)).all()
    model.save(tmp_path / "model")
    again = bl.load(tmp_path / "model")
    assert again.loss == loss
    assert again.evaluate(X, y) == model.evaluate(X, y)


def test_several_outputs_with_classes_in_a_column():
    kinds = np.digitize(X[:, 0], [-0.3, 0.3])
    loss = bl.Several(("mse", 1), ("cross-entropy", 1, 3))
    model = bl.fit("Dense(16), ReLU, Dense(4)", X, np.stack([X[:, 0], kinds], 1), loss=loss, epochs=40, **ALL)
    predicted = model.predict(X)
    assert (predicted[:, 1] == kinds).mean() > 0.95
    np.testing.assert_allclose(predicted[:, 0], X[:, 0], atol=0.2)
    with pytest.raises(bl.SettingError, match="parts have 2 target columns, and the targets have the shape N×3"):
        bl.prepare("Dense(4)", X, np.zeros((2000, 3)) + X, loss=loss)


def test_names_with_settings_train_and_are_saved(tmp_path):
    y = np.where(X[:, 0] > 0, "up", "down")
    for name in ("focal(gamma=1.0)", "perceptron"):
        model = bl.fit("Dense(1)", X, y, loss=name, epochs=5, **ALL)
        assert model.scores["train"]["accuracy"] > 0.95
        model.save(tmp_path / name)
        assert str(bl.load(tmp_path / name).loss) == name
    chances = bl.fit("Dense(2)", X, y, loss="focal", epochs=5, **ALL).predict_proba(X)
    np.testing.assert_allclose(chances.sum(1), 1, rtol=1e-6)


def test_counts_below_0_are_refused_before_training():
    y = np.arange(20.0)
    y[7] = -2
    message = r"the target in row 7 .* is -2, but the loss poisson takes targets of at least 0"
    with pytest.raises(bl.DataError, match=message):
        bl.prepare("Dense(1)", X[:20], y, loss="poisson")
    with pytest.raises(bl.DataError, match=message):
        bl.prepare("Dense(2)", X[:20], np.stack([-y, y], 1), loss=bl.Several(("mse", 1), ("poisson", 1)))


def test_the_constant_prediction_of_a_number_a_step():
    y = RANDOM.normal(size=(60, 8))
    x = RANDOM.normal(size=(60, 8, 4)).astype(np.float32)
    run = bl.prepare("GRU(4, sequence=True), Dense(1)", x, y, split=(1, 0, 0), epochs=1)
    scores = run.train().scores["baseline"]
    assert scores["rmse"] == pytest.approx(y.std(0).mean(), rel=0.05)
    assert scores["r2"] == pytest.approx(0, abs=1e-5)
