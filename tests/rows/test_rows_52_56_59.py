"""Rows 52, 56 and 59: searches without a gradient; the closed form of linear regression; Newton's method."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from sklearn.linear_model import LinearRegression, Ridge

import backlit as bl

RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(40, 3))
Y = X @ [1.0, -2.0, 0.5] + 3 + 0.1 * RANDOM.normal(size=40)


def test_row_52_random_search_random_local_search_and_gradient_descent_within_one_budget():
    """`bl.minimize(f, start, "local-search", steps=100).values`, or `backlit train DATA --optimizer local-search`"""

    def loss(w):
        return jnp.square(jnp.asarray(X, jnp.float32) @ w[:3] + w[3] - jnp.asarray(Y, jnp.float32)).mean()

    traces = {
        name: bl.minimize(loss, jnp.zeros(4), name, steps=100).values
        for name in ("random-search", "local-search", "gradient-descent")
    }
    assert {len(trace) for trace in traces.values()} == {101}
    for name in ("random-search", "local-search"):  # what is worse is never accepted
        assert (np.diff(traces[name]) <= 0).all()
        assert (np.diff(traces[name]) == 0).any()
    ends = {name: trace[-1] for name, trace in traces.items()}
    assert ends["gradient-descent"] < ends["local-search"] / 2
    assert ends["local-search"] < ends["random-search"] < traces["random-search"][0]


def test_row_52_by_name_in_a_run():
    model = bl.fit("Dense(1)", X, Y, optimizer="local-search(seed=1)", epochs=40, split=(1, 0, 0))
    assert model.settings.batch_size == 40
    assert (np.diff(model.history["train_loss"]) <= 1e-7).all()
    assert model.history["train_loss"][-1] < model.history["train_loss"][0]


def test_row_56_gradient_descent_on_linear_regression_arrives_at_the_closed_form():
    """`bl.least_squares(x, y)` beside `bl.fit("Dense(1)", x, y, optimizer="gradient-descent")`"""
    weights, bias = bl.least_squares(X, Y)
    oracle = LinearRegression().fit(X, Y)
    np.testing.assert_allclose(weights, oracle.coef_, rtol=1e-10)
    assert bias == pytest.approx(oracle.intercept_, rel=1e-10)
    chosen = {"optimizer": "gradient-descent", "batch_size": "full", "standardize": False, "split": (1, 0, 0)}
    model = bl.fit("Dense(1)", X, Y, learning_rate=0.2, epochs=200, **chosen)
    np.testing.assert_allclose(model.parameters["dense_1"]["weight"][:, 0], weights, rtol=1e-4)
    np.testing.assert_allclose(model.parameters["dense_1"]["bias"], bias, rtol=1e-4)


def test_row_56_the_closed_form_with_a_penalty_and_several_targets():
    both = np.column_stack([Y, -2 * Y + X[:, 0]])
    weights, bias = bl.least_squares(X, both, l2=0.3)
    oracle = Ridge(alpha=0.3 * len(X)).fit(X, both)
    np.testing.assert_allclose(weights, oracle.coef_.T, rtol=1e-9)
    np.testing.assert_allclose(bias, oracle.intercept_, rtol=1e-9)


def test_row_56_the_closed_form_takes_the_shortest_of_many_answers():
    twice = np.column_stack([X[:, 0], X[:, 0]])
    weights, _ = bl.least_squares(twice, 4 * X[:, 0])
    np.testing.assert_allclose(weights, [2, 2], rtol=1e-9)


def test_row_56_a_step_costs_as_many_operations_as_numbers_and_the_closed_form_squares_the_features():
    def step(w, x, y):
        return w - 0.1 * bl.grad(lambda w: jnp.square(x @ w - y).mean())(w)

    def normal_equations(x, y):
        return x.T @ x, x.T @ y

    def operations(f, rows, features, *more):
        shapes = [jnp.zeros(shape) for shape in (*more, (rows, features), (rows,))]
        return jax.jit(f).lower(*shapes).compile().cost_analysis()["flops"]

    for rows, features, factor in ((400, 40, 1), (800, 40, 2), (400, 80, 2)):
        wanted = factor * operations(step, 400, 40, (40,))
        assert operations(step, rows, features, (features,)) == pytest.approx(wanted, rel=0.05)
    for rows, features, factor in ((800, 40, 2), (400, 80, 4)):
        wanted = factor * operations(normal_equations, 400, 40)
        assert operations(normal_equations, rows, features) == pytest.approx(wanted, rel=0.1)


@pytest.mark.parametrize(
    ("x", "y", "words"),
    [
        ([[1.0], [2.0]], [1.0], "the same rows"),
        ([1.0, 2.0], [1.0, 2.0], "give x as .rows, features."),
        ([[np.nan], [2.0]], [1.0, 2.0], "x has values that are missing"),
        ([["a"], ["b"]], [1.0, 2.0], "x is no array of numbers"),
        (np.zeros((0, 2)), np.zeros(0), "at least one"),
    ],
)
def test_row_56_what_is_no_table_is_refused(x, y, words):
    with pytest.raises(bl.DataError, match=words):
        bl.least_squares(x, y)
    with pytest.raises(bl.SettingError, match="l2 is -1"):
        bl.least_squares([[1.0]], [1.0], l2=-1)


def test_row_59_newton_solves_a_quadratic_in_one_step():
    """`bl.minimize(f, start, "newton", steps=1)`"""
    root = RANDOM.normal(size=(5, 5))
    hessian, bottom = root @ root.T + np.eye(5), RANDOM.normal(size=5)
    with jax.enable_x64(True):
        made = bl.minimize(lambda x: (x - bottom) @ hessian @ (x - bottom) / 2, np.zeros(5), "newton", steps=1)
    np.testing.assert_allclose(made.point, bottom, rtol=1e-9)
    assert made.norms[-1] < 1e-9


def test_row_59_in_one_dimension_its_learning_rate_is_one_over_the_second_derivative():
    with jax.enable_x64(True):
        made = bl.minimize(jnp.cosh, np.float64(0.7), "newton", steps=4)
    expected = [0.7]
    for _ in range(4):
        expected.append(expected[-1] - np.sinh(expected[-1]) / np.cosh(expected[-1]))  # x − f'/f''
    np.testing.assert_allclose(made.points, expected, rtol=1e-9, atol=1e-15)


def test_row_59_a_network_without_hidden_layers_is_solved_in_one_epoch():
    model = bl.fit("Dense(1)", X, Y, optimizer="newton", epochs=1, standardize=False, split=(1, 0, 0))
    weights, bias = bl.least_squares(X, Y)
    np.testing.assert_allclose(model.parameters["dense_1"]["weight"][:, 0], weights, rtol=1e-4)
    np.testing.assert_allclose(model.parameters["dense_1"]["bias"], bias, rtol=1e-4)
