"""Rows 30 to 37: losses, likelihoods and penalties, by hand calculation and against scikit-learn."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from sklearn.linear_model import Ridge
from sklearn.metrics import log_loss

import backlit as bl

RNG = np.random.default_rng(0)


def test_row_30_squared_errors_by_hand():
    """`bl.SumSquaredError()`, `bl.HalfSquaredError()`, `bl.MeanSquaredError()`"""
    f, y = jnp.array([[1.0, 2.0], [4.0, 0.0]]), jnp.array([[3.0, 2.0], [1.0, 1.0]])  # errors −2, 0 and 3, −1
    assert bl.SumSquaredError().examples(f, y).tolist() == [4, 10]
    assert bl.HalfSquaredError().examples(f, y).tolist() == [2, 5]
    assert bl.MeanSquaredError().examples(f, y).tolist() == [2, 5]


def test_row_30_the_reduction_is_stated():
    for loss in (bl.SumSquaredError, bl.HalfSquaredError, bl.MeanSquaredError):
        assert "over an example's targets" in " ".join(loss.__doc__.split())
        assert "the batch takes the mean over examples" in " ".join(loss.__doc__.split())


def test_row_31_cross_entropy_is_minus_the_sum_of_y_log_p():
    """`bl.CrossEntropy().examples(scores, classes)`, `bl.BinaryCrossEntropy()`"""
    s, y = RNG.normal(size=(6, 4)), np.array([0, 1, 2, 3, 1, 0])
    p = np.exp(s) / np.exp(s).sum(1, keepdims=True)
    with jax.enable_x64(True):
        losses = bl.CrossEntropy().examples(jnp.asarray(s), jnp.asarray(y))
        np.testing.assert_allclose(losses, -(np.eye(4)[y] * np.log(p)).sum(1), rtol=1e-13)


@pytest.mark.parametrize("scale", [1e4, -1e4])
def test_row_31_the_entropies_are_finite_at_the_ends(scale):
    scores, logits, y = scale * jnp.eye(3), scale * jnp.ones((3, 1)), jnp.array([0, 0, 1])
    for loss, outputs in ((bl.CrossEntropy(), scores), (bl.BinaryCrossEntropy(), logits)):
        total, gradient = bl.value_and_grad(lambda z, loss=loss: loss.examples(z, y).sum())(outputs)
        assert jnp.isfinite(total)
        assert jnp.isfinite(gradient).all()
    assert float(bl.CrossEntropy().examples(jnp.array([[1e4, -1e4]]), jnp.array([1]))[0]) == 2e4


def test_row_31_with_two_classes_it_is_the_log_loss():
    z, y = RNG.normal(size=50), RNG.integers(0, 2, 50)
    expected = log_loss(y, 1 / (1 + np.exp(-z)))
    two = bl.CrossEntropy().examples(jnp.stack([jnp.zeros(50), jnp.asarray(z)], 1), jnp.asarray(y)).mean()
    one = bl.BinaryCrossEntropy().examples(jnp.asarray(z), jnp.asarray(y)).mean()
    np.testing.assert_allclose([two, one], expected, rtol=1e-6)


def test_row_32_the_gradient_is_large_where_the_right_class_has_no_probability():
    """`bl.grad(lambda s: bl.CrossEntropy().examples(s, y).sum())(scores)`"""
    s, y = jnp.array([[12.0, 0.0, 0.0]]), jnp.array([1])  # p_y is about 6e-6
    p = bl.softmax(s)
    of_probability = bl.grad(lambda p: -jnp.log(p[0, 1]))(p)
    np.testing.assert_allclose(of_probability[0, 1], -1 / p[0, 1], rtol=1e-6)
    assert abs(of_probability[0, 1]) > 1e5
    entropy = bl.grad(lambda s: bl.CrossEntropy().examples(s, y).sum())(s)
    squares = bl.grad(lambda s: bl.SumSquaredError().examples(bl.softmax(s), jax.nn.one_hot(y, 3)).sum())(s)
    np.testing.assert_allclose(entropy[0, 1], -1, atol=1e-4)  # the largest it can be
    assert abs(squares[0, 1]) < 1e-4  # and the squared error has stopped learning


def test_row_33_hinge_and_cross_entropy_on_the_same_scores():
    """`bl.Hinge().examples(scores, y)`, `bl.CrossEntropy().examples(scores, y)`"""
    s, y = jnp.array([[-2.85, 0.86, 0.28]]), jnp.array([2])
    assert round(float(bl.Hinge().examples(s, y)[0]), 2) == 1.58  # max(0, −2.13) + max(0, 1.58)
    assert round(float(bl.CrossEntropy().examples(s, y)[0]), 2) == 1.04


def test_row_34_the_softmax_example():
    """`bl.softmax(scores)`, `bl.CrossEntropy().examples(scores, y)`"""
    s = jnp.array([[3.2, 5.1, -1.7]])
    assert [round(float(p), 2) for p in bl.softmax(s)[0]] == [0.13, 0.87, 0.00]
    assert round(float(bl.CrossEntropy().examples(s, jnp.array([0]))[0]), 2) == 2.04


# Negative log-likelihoods as a user writes them, from the densities.
def normal(f, y):
    sigma = 1.7
    return -jnp.log(jnp.exp(-((y - f) ** 2) / (2 * sigma**2)) / jnp.sqrt(2 * jnp.pi * sigma**2))


def bernoulli(z, y):
    p = 1 / (1 + jnp.exp(-z))
    return -jnp.log(p**y * (1 - p) ** (1 - y))


def multinoulli(s, y):
    p = jnp.exp(s) / jnp.exp(s).sum(-1, keepdims=True)
    return -jnp.log(jnp.prod(p ** jax.nn.one_hot(y, s.shape[-1]), -1))


@pytest.mark.parametrize(
    ("likelihood", "loss", "outputs", "targets", "factor"),
    [
        (normal, bl.MeanSquaredError(), RNG.normal(size=(5, 1)), RNG.normal(size=5), 1 / (2 * 1.7**2)),
        (bernoulli, bl.BinaryCrossEntropy(), RNG.normal(size=(5, 1)), np.array([0, 1, 1, 0, 1]), 1),
        (multinoulli, bl.CrossEntropy(), RNG.normal(size=(5, 3)), np.array([0, 2, 1, 1, 0]), 1),
    ],
)
def test_row_35_a_likelihood_has_the_gradient_of_its_loss_up_to_a_factor(likelihood, loss, outputs, targets, factor):
    """`bl.fit("Dense(1)", x, y, loss=negative_log_likelihood)`"""
    with jax.enable_x64(True):
        z, y = jnp.asarray(outputs), jnp.asarray(targets)
        of_likelihood = bl.grad(lambda z: bl.FunctionLoss(likelihood).examples(z, y).sum())(z)
        of_loss = bl.grad(lambda z: loss.examples(z, y).sum())(z)
        np.testing.assert_allclose(of_likelihood, factor * of_loss, rtol=1e-12)


def test_row_35_training_on_a_likelihood_ends_at_the_minimizer_of_least_squares():
    x = RNG.normal(size=(60, 2)).astype(np.float32)
    y = (x @ [1.5, -2.0] + 0.5 + 0.3 * RNG.normal(size=60)).astype(np.float32)
    settings = {"split": (1, 0, 0), "batch_size": "full", "epochs": 400, "optimizer": "adam", "learning_rate": 0.05}
    ends = [bl.fit("Dense(1)", x, y, loss=loss, standardize=False, **settings).predict(x) for loss in (normal, "mse")]
    columns = np.column_stack([x, np.ones(60)])
    least_squares = columns @ np.linalg.lstsq(columns, y, rcond=None)[0]
    for end in ends:
        np.testing.assert_allclose(np.ravel(end), least_squares, atol=1e-3)


@pytest.mark.parametrize(
    ("classes", "units", "loss", "link"),
    [
        (0, 1, bl.MeanSquaredError(), None),
        (2, 1, bl.BinaryCrossEntropy(), "Sigmoid"),
        (3, 3, bl.CrossEntropy(), "Softmax"),
    ],
)
def test_row_36_each_task_has_its_default_head_loss_and_link(classes, units, loss, link):
    """`bl.prepare(None, x, y).loss`"""
    x = RNG.normal(size=(60, 2))
    y = np.arange(60) % classes if classes else RNG.normal(size=60)
    run = bl.prepare(None, x, y)
    heads = [block for block in run.network.blocks if isinstance(block, bl.Dense)]
    assert heads[-1].units == units
    assert run.objective.loss == loss
    assert loss.link == link


@pytest.mark.parametrize(
    ("network", "classes", "loss", "message"),
    [
        ("Dense(4)", 0, None, r"loss mse .*end the network with Dense\(1\)"),
        ("Dense(4)", 2, None, r"loss bce .*end the network with Dense\(1\)"),
        ("Dense(1)", 3, None, r"loss cross-entropy .*end the network with Dense\(3\)"),
        ("Dense(3), Sigmoid", 3, None, "ends in Sigmoid.*Softmax"),
        (None, 0, "cross-entropy", "cross-entropy is for .*, but the task is regression: choose mse"),
        (None, 3, "mse", "mse is for regression, but the task is many classes: choose cross-entropy"),
    ],
)
def test_row_36_a_mismatch_names_the_loss_and_the_repair(network, classes, loss, message):
    x = RNG.normal(size=(60, 2))
    y = np.arange(60) % classes if classes else RNG.normal(size=60)
    with pytest.raises(bl.InputError, match=message):
        bl.prepare(network, x, y, loss=loss)


def test_row_37_the_penalties_are_exact_and_lambda_is_explicit():
    """`bl.fit(network, data, l1=0.1, l2=0.2)`, `bl.Penalty(l1=0.5)`"""
    w = {"weight": jnp.array([[3.0, -4.0], [0.0, 0.5]])}
    assert float(bl.Penalty(l1=0.5)(w)) == 0.5 * 7.5
    assert float(bl.Penalty(l2=0.5)(w)) == 0.5 * 25.25
    assert float(bl.Penalty(l1=2.0, l2=4.0)(w)) == 2 * 7.5 + 4 * 25.25


def test_row_37_mean_loss_and_l2_is_ridge_regression():
    n, strength = 40, 0.3
    x, y = RNG.normal(size=(n, 3)), RNG.normal(size=n) + 2
    with jax.enable_x64(True):
        loss, penalty = bl.MeanSquaredError(), bl.Penalty(l2=strength)

        def objective(parameters):
            outputs = x @ parameters["weight"] + parameters["bias"]
            return loss.examples(outputs, jnp.asarray(y)).mean() + penalty(parameters["weight"])

        rule = bl.gradient_descent(0.1)
        start = {"weight": jnp.zeros(3), "bias": jnp.zeros(())}

        def step(carry, _):
            parameters, state = carry
            updates, state = rule.update(bl.grad(objective)(parameters), state)
            return (jax.tree.map(jnp.add, parameters, updates), state), None

        fitted = jax.lax.scan(step, (start, rule.init(start)), None, length=1000)[0][0]
    ridge = Ridge(alpha=n * strength).fit(x, y)  # scikit-learn adds the squares up, and leaves the bias out, too
    np.testing.assert_allclose(fitted["weight"], ridge.coef_, rtol=1e-8)
    np.testing.assert_allclose(fitted["bias"], ridge.intercept_, rtol=1e-8)


def test_row_37_training_penalizes_weights_and_not_biases():
    x, y = np.zeros((60, 2), np.float32), np.full(60, 3.0, np.float32) + np.arange(60) % 2
    run = bl.prepare("Dense(4), ReLU, Dense(1)", x, y, l1=0.1, l2=0.2)
    assert {path[-1] for path in run.objective.penalized} == {"weight"}
    assert len(run.objective.penalized) == 2
