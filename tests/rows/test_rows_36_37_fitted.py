"""Rows 36 and 37, in what `prepare` and `fit` make of the targets and of a penalty."""

import numpy as np
import pytest

import backlit as bl

X = np.random.default_rng(0).normal(size=(12, 2)).astype(np.float32)
SIGN = X[:, 0] > 0
Y = (X @ [1.0, -2.0] + 3).astype(np.float32)


@pytest.mark.parametrize(
    ("y", "task", "units", "link", "loss"),
    [
        (Y, "regression", 1, None, "mse"),
        (np.stack([Y, Y], 1), "regression", 2, None, "mse"),
        (SIGN, "two classes", 1, "Sigmoid", "bce"),
        (np.where(SIGN, "spam", "ham"), "two classes", 1, "Sigmoid", "bce"),
        (np.arange(12) % 3, "many classes", 3, "Softmax", "cross-entropy"),
        (np.array(list("abcd") * 3), "many classes", 4, "Softmax", "cross-entropy"),
    ],
)
def test_row_36_the_task_is_told_from_numbers_truths_and_texts(y, task, units, link, loss):
    run = bl.prepare(None, X, y)
    assert run.parts.schema.task == task
    assert run.network.plan((2,)).output == (units,)
    assert (run.loss.name, run.loss.link) == (loss, link)


@pytest.mark.parametrize(
    ("network", "y", "loss"),
    [
        ("Dense(1), Sigmoid", Y, None),
        ("Dense(1), Softmax", SIGN, None),
        ("Dense(3), Sigmoid", np.arange(12) % 3, None),
        ("Dense(1)", np.arange(12) % 3, None),
        ("Dense(2)", SIGN, "bce"),
        ("Dense(1)", Y, "bce"),
        ("Dense(3)", np.arange(12) % 3, "mse"),
    ],
)
def test_row_36_a_mismatch_with_the_data_is_an_input_error(network, y, loss):
    with pytest.raises(bl.InputError, match=r"end the network|choose"):
        bl.prepare(network, X, y, loss=loss)


def test_row_37_a_fit_follows_the_penalized_descent_step_by_step():
    l1, l2, rate = 0.03, 0.2, 0.05
    chosen = {"optimizer": "gradient-descent", "batch_size": "full", "split": (1, 0, 0), "standardize": False}
    start = bl.fit("Dense(1)", X, Y, learning_rate=1e-30, epochs=1, **chosen).parameters["dense_1"]
    w, b = (np.asarray(start[name], np.float64) for name in ("weight", "bias"))
    model = bl.fit("Dense(1)", X, Y, learning_rate=rate, epochs=4, l1=l1, l2=l2, **chosen)
    x, y = X.astype(np.float64), Y.astype(np.float64)[:, None]
    for epoch in range(4):
        error = x @ w + b - y
        mean = (error**2).mean()
        assert model.history["loss"][epoch] == pytest.approx(mean + l1 * abs(w).sum() + l2 * (w**2).sum(), rel=1e-5)
        w, b = (
            w - rate * (2 * x.T @ error / len(x) + l1 * np.sign(w) + 2 * l2 * w),
            b - rate * 2 * error.mean(0),
        )
        assert model.history["train_loss"][epoch] == pytest.approx(((x @ w + b - y) ** 2).mean(), rel=1e-5)
    assert abs(b) > 0.5  # so that a penalty of the bias would be seen
    np.testing.assert_allclose(model.parameters["dense_1"]["weight"], w, rtol=1e-5)
    np.testing.assert_allclose(model.parameters["dense_1"]["bias"], b, rtol=1e-5)


def test_row_37_normalization_is_not_penalized_and_the_settings_say_so():
    run = bl.prepare("Dense(4), BatchNorm, ReLU, Dense(1)", X, Y, l2=0.1)
    assert run.objective.penalized == (("dense_1", "weight"), ("dense_2", "weight"))
    assert "biases excluded" in bl.Settings.__doc__
