"""Rows 1 to 11: neurons, linear models and their limits."""

import jax.numpy as jnp
import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

import backlit as bl

X = np.random.default_rng(0).normal(size=(120, 3)).astype(np.float32)
WHOLE = {"split": (1, 0, 0)}  # all rows train, so that the optimum is that of all rows


def unit(activation, weight, bias):
    """One neuron with these weights, as a function of its inputs."""
    network = bl.network(f"Dense(1), {activation}")
    parameters = {"dense_1": {"weight": jnp.asarray(weight)[:, None], "bias": jnp.asarray([bias])}}
    return lambda x: np.asarray(network.apply(parameters, {}, jnp.asarray(x), bl.Context())[0])[..., 0]


def score_of(model, x):
    """The scores of a model with one dense layer, before any link."""
    return np.asarray(model.objective.outputs(model.parameters, model.state, jnp.asarray(x)))


@pytest.mark.parametrize(
    ("activation", "value"),
    [("Linear", -1.5), ("Sigmoid", 1 / (1 + np.exp(1.5))), ("Tanh", np.tanh(-1.5)), ("ReLU", 0.0), ("Step", 0.0)],
)
def test_row_1_a_neuron_is_f_of_w_x_plus_b(activation, value):
    """`bl.network("Dense(1), Sigmoid")`"""
    # 0.5·1 + (−2)·2 + 1·1.5 + 0.5 = −1.5
    assert unit(activation, [0.5, -2.0, 1.0], 0.5)([[1.0, 2.0, 1.5]])[0] == pytest.approx(value, abs=1e-6)


def test_row_2_a_linear_neuron_is_least_squares():
    """`bl.fit("linear", x, y, optimizer="newton")`, `bl.fit("polynomial(degree=3)", x, y)`"""
    noise = np.random.default_rng(1).normal(size=len(X))
    y = (X @ [1.0, -2.0, 0.5] + 0.7 + 0.3 * noise).astype(np.float32)
    model = bl.fit("linear", X, y, optimizer="newton", epochs=5, **WHOLE)
    design = np.column_stack([X, np.ones(len(X))]).astype(np.float64)
    best = design @ np.linalg.lstsq(design, y.astype(np.float64), rcond=None)[0]
    assert np.abs(model.predict(X) - best).max() < 1e-6 * np.abs(y).max()


def test_row_2_polynomial_features_are_least_squares_on_powers():
    random = np.random.default_rng(2)
    x = random.uniform(-1, 1, (100, 1)).astype(np.float32)
    y = (np.sin(3 * x[:, 0]) + 0.1 * random.normal(size=100)).astype(np.float32)
    model = bl.fit("polynomial(degree=3)", x, y, optimizer="newton", epochs=5, **WHOLE)
    powers = np.vander(x[:, 0].astype(np.float64), 4)
    best = powers @ np.linalg.lstsq(powers, y.astype(np.float64), rcond=None)[0]
    features = powers[:, :3] - powers[:, :3].mean(0)
    # A step of Newton's solves equations of this condition in float32.
    rounding = np.linalg.cond(features / features.std(0)) ** 2 * np.finfo(np.float32).eps
    assert rounding < 1e-4
    assert np.abs(model.predict(x) - best).max() < rounding * np.abs(y).max()


@pytest.fixture(scope="module")
def coin():
    """Two classes that overlap."""
    noise = np.random.default_rng(3).logistic(size=len(X))
    return X, (X @ [1.5, -1.0, 0.0] + 0.5 + noise > 0).astype(int)


@pytest.fixture(scope="module")
def logistic(coin):
    return bl.fit("logistic", *coin, optimizer="newton", epochs=20, standardize=False, **WHOLE)


def test_row_3_a_logistic_unit_is_logistic_regression(logistic, coin):
    """`bl.fit("logistic", x, y)`"""
    # In float32 the loss is flat to its last digit within √ε, some 1e-3, of its minimum.
    theirs = LogisticRegression(C=np.inf, tol=1e-10, max_iter=10_000).fit(*coin)
    ours = logistic.parameters["dense_1"]
    np.testing.assert_allclose(ours["weight"][:, 0], theirs.coef_[0], atol=1e-3)
    np.testing.assert_allclose(ours["bias"], theirs.intercept_, atol=1e-3)


def test_row_3_the_probabilities_of_both_classes_sum_to_one(logistic, coin):
    said = logistic.predict_proba(coin[0])
    np.testing.assert_allclose(said[:, 0], 1 - said[:, 1], atol=1e-6)
    np.testing.assert_allclose(said[:, 1], 1 / (1 + np.exp(-score_of(logistic, coin[0])[:, 0])), atol=1e-6)


def test_row_4_an_svm_neuron_reaches_the_boundary_of_the_linear_svm(coin):
    """`bl.fit("svm", x, y)`"""
    l2 = 0.01
    model = bl.fit("svm", *coin, l2=l2, batch_size="full", learning_rate=0.05, epochs=2000, standardize=False, **WHOLE)
    theirs = SVC(kernel="linear", C=1 / (2 * l2 * len(X)), tol=1e-8).fit(*coin)  # the same problem, times 2λ
    ours, w = np.asarray(model.parameters["dense_1"]["weight"])[:, 0], theirs.coef_[0]
    assert ours @ w / (np.linalg.norm(ours) * np.linalg.norm(w)) > 0.9999
    assert np.linalg.norm(ours) == pytest.approx(np.linalg.norm(w), rel=0.01)  # the margin is 2 / ‖w‖
    assert float(model.parameters["dense_1"]["bias"][0]) == pytest.approx(theirs.intercept_[0], abs=0.01)


def test_row_5_the_perceptron_makes_no_errors_on_and():
    """`backlit train and --network perceptron`"""
    model = bl.fit("perceptron", "and")
    assert model.scores["train"]["accuracy"] == model.scores["test"]["accuracy"] == 1
    assert (model.stopped, model.notes) == ("converged", [])


def test_row_5_the_perceptron_reports_that_xor_does_not_converge():
    model = bl.fit("perceptron", "xor(n=100)")
    assert model.stopped == "epochs"
    assert model.notes == ["the perceptron's rule does not converge: no line separates these classes"]


def test_row_5_each_step_is_the_rule_of_the_perceptron():
    x, y = np.array([[1.0, 2.0], [-1.0, 0.5]], np.float32), np.array([1, 0])
    trained = bl.fit("perceptron", x, y, standardize=False, epochs=1, learning_rate=0.5, **WHOLE)
    # From w = 0, b = 0: a right answer changes nothing, a wrong one adds η (y − ŷ) (x, 1).
    orders = []
    for order in ((0, 1), (1, 0)):
        weight, bias = np.zeros(2), 0.0
        for row in order:
            error = y[row] - (weight @ x[row] + bias > 0)
            weight, bias = weight + 0.5 * error * x[row], bias + 0.5 * error
        orders.append([*weight, bias])
    found = [*np.asarray(trained.parameters["dense_1"]["weight"])[:, 0], *trained.parameters["dense_1"]["bias"]]
    assert any(np.allclose(found, expected) for expected in orders)


def test_row_6_sign_and_step_at_every_side_of_zero():
    """`bl.network("Dense(1), Sign")`, `bl.fit("sign", x, y)`"""
    z = np.array([[-2.0], [-1e-30], [0.0], [1e-30], [3.0]], np.float32)
    sign, step = (unit(name, [1.0], 0.0)(z) for name in ("Sign", "Step"))
    np.testing.assert_array_equal(sign, [-1, -1, 0, 1, 1])
    np.testing.assert_array_equal(step, [0, 0, 0, 1, 1])
    np.testing.assert_array_equal(step[z[:, 0] != 0], (sign[z[:, 0] != 0] + 1) / 2)


@pytest.mark.parametrize("name", ["sign", "step"])
def test_row_6_a_search_finds_the_weights_that_no_gradient_finds(name):
    model = bl.fit(name, "and(n=100)", telemetry=1)
    assert model.scores["train"]["accuracy"] == 1
    assert float(np.abs(model.history["dense_1/weight/gradient"]).max()) == 0


PIXELS = np.array([[56, 231, 24, 2]], np.float32)
ROWS = np.array([[0.2, -0.5, 0.1, 2.0], [1.5, 1.3, 2.1, 0.0], [0.0, 0.25, 0.2, -0.3]], np.float32)  # cat, dog, ship
BIAS = np.array([1.1, 3.2, -1.2], np.float32)


def test_row_7_the_scores_of_the_pixels():
    """`bl.network("Flatten, Dense(3)")`"""
    network = bl.network("Flatten, Dense(3)")
    scores, _ = network.apply(
        {"dense_1": {"weight": ROWS.T, "bias": BIAS}}, {}, PIXELS.reshape(1, 2, 2, 1), bl.Context()
    )
    np.testing.assert_allclose(scores[0], [-96.8, 437.9, 60.75], rtol=1e-5)  # the document's 61.95 lacks the bias


@pytest.fixture(scope="module")
def digits():
    """Images (N, 8, 8, 1) of the digits 0, 1 and 2, and their classes."""
    from sklearn.datasets import load_digits

    found = load_digits(n_class=3)
    return found.images[..., None].astype(np.float32), found.target


def test_row_8_an_image_becomes_a_column_and_each_row_of_w_is_a_template(digits):
    """`model = bl.fit("softmax", images, classes)`; `model.parameters["dense_1"]["weight"].T.reshape(-1, 8, 8)`"""
    images, classes = digits
    run = bl.prepare("softmax", images, classes, l2=0.01, optimizer="adam", batch_size=32, epochs=20)
    shapes = {row.path: row.output for row in run.summary().rows}
    assert (shapes["flatten_1"], shapes["dense_1"]) == ((64,), (3,))
    model = run.train()
    w = np.asarray(model.parameters["dense_1"]["weight"]).T
    assert w.shape == (3, 64)  # K×D
    templates = w.reshape(3, 8, 8)
    flat = np.asarray(bl.network("Flatten").apply({}, {}, images, bl.Context())[0])
    scaled = (flat - model.state["standardize_1"]["mean"]) / model.state["standardize_1"]["scale"]
    scores = np.einsum("nhw,khw->nk", scaled.reshape(-1, 8, 8), templates) + model.parameters["dense_1"]["bias"]
    np.testing.assert_allclose(score_of(model, images), scores, rtol=1e-3, atol=1e-3)
    # A template is light where its class is lighter than the others: a zero is dark in the middle, where a one is not.
    middle = templates[:, 2:6, 3:5].mean((1, 2))
    assert middle[0] < middle[1]


def test_row_9_nearest_neighbor_against_linear():
    """`backlit train digits --network linear --baselines`"""
    run = bl.prepare("linear", "digits")
    model = run.train()
    rivals = {rival.name: rival for rival in bl.baselines(run, model)}
    linear, nearest = rivals["network"], rivals["nearest neighbor"]
    assert linear.score == pytest.approx(model.scores["test"]["accuracy"])
    train, test = run.parts.train, run.parts.test
    scaler = StandardScaler().fit(train.x)
    theirs = KNeighborsClassifier(1).fit(scaler.transform(train.x), train.y)
    assert nearest.score == pytest.approx(theirs.score(scaler.transform(test.x), test.y), abs=0.01)
    assert min(linear.predict, nearest.predict) > 0
    assert nearest.stored > train.x.nbytes > 50 * linear.stored  # it keeps every image, and the linear model ten


@pytest.mark.parametrize(
    ("network", "least", "most"),
    [
        ("linear", 0.4, 0.65),
        ("polynomial(degree=2)", 0.95, 1),
        ("kernel-svm", 0.95, 1),
        ("Dense(16), ReLU, Dense(1)", 0.95, 1),
    ],
)
def test_row_10_the_ladder_of_features_on_two_circles(network, least, most):
    """`backlit train circles --network kernel-svm`"""
    model = bl.fit(network, "circles(n=400)", epochs=300)
    assert model.scores["baseline"]["accuracy"] < 0.6  # the constant
    assert least <= model.scores["test"]["accuracy"] <= most


def test_row_11_and_is_linearly_separable_and_xor_is_not():
    """`bl.linearly_separable(x, y)`"""
    corners = np.array([[0, 0], [0, 1], [1, 0], [1, 1]])
    assert bl.linearly_separable(corners, [0, 0, 0, 1]) is True
    assert bl.linearly_separable(corners, [0, 1, 1, 0]) is False
