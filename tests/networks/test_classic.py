"""The classic models: what each is made of, that it is fed as it should be, and that it meets scikit-learn's."""

import numpy as np
import pytest
from sklearn.svm import SVC

import backlit as bl
from backlit.networks.classic import CENTERS, CLASSIC, EXACT
from backlit.networks.named import network_named

FITTED = {"linear", "polynomial"}  # of numbers too


@pytest.mark.parametrize("name", CLASSIC)
def test_each_is_for_its_tasks_and_says_so(name):
    run = bl.prepare(name, "and(n=40)")
    assert run.network.plan((2,)).output == ((2,) if name == "softmax" else (1,))
    if name != "logistic":
        assert bl.prepare(name, "iris").network.plan((4,)).output == (3,)
    if name in FITTED:
        assert bl.prepare(name, "line(n=40)").loss.name == "mse"
    else:
        with pytest.raises(bl.SettingError, match=r"is for .*classes.*, but the task is regression"):
            bl.prepare(name, "line(n=40)")


def test_the_logistic_unit_is_for_two_classes():
    with pytest.raises(bl.SettingError, match="bce is for two classes, but the task is many classes"):
        bl.prepare("logistic", "iris")


@pytest.mark.parametrize(
    ("text", "rows", "network"),
    [
        ("polynomial(degree=2)", 10, "Polynomial(2), Standardize, Dense(1)"),
        ("kernel-svm", EXACT, f"Nystroem({EXACT}), Dense(1, initializer=Constant(0.0))"),
        ("kernel-svm", EXACT + 1, f"Nystroem({CENTERS}), Dense(1, initializer=Constant(0.0))"),
        ("kernel_svm(gamma=2, centers=7)", 10, "Nystroem(7, gamma=2.0), Dense(1, initializer=Constant(0.0))"),
        (
            "polynomial-svm(degree=2)",
            10,
            "Nystroem(10, kernel='polynomial', degree=2), Dense(1, initializer=Constant(0.0))",
        ),
    ],
)
def test_a_name_with_settings_is_a_network(text, rows, network):
    assert network_named(text, (2,), 1, rows) == bl.network(network)


@pytest.mark.parametrize(
    "text", ["polynomial(degree=0)", "polynomial(order=2)", "kernel-svm(gamma=0)", "kernel-svm(centers=0)"]
)
def test_settings_out_of_range_are_refused(text):
    with pytest.raises(bl.SettingError):
        bl.prepare(text, "circles(n=40)")


def test_more_centers_than_training_rows_are_refused():
    with pytest.raises(bl.SettingError, match="at most 28"):
        bl.prepare("kernel-svm(centers=29)", "circles(n=40)")


@pytest.fixture
def table(tmp_path):
    """A table with a number that has gaps, and a category."""
    random = np.random.default_rng(0)
    lines = ["size,place,dear"]
    for row in range(60):
        size = random.normal()
        shown = "" if row % 7 == 0 else f"{1000 + 10 * size:.2f}"
        lines.append(f"{shown},{random.choice(['north', 'south', 'east'])},{'yes' if size > 0 else 'no'}")
    path = tmp_path / "houses.csv"
    path.write_text("\n".join(lines))
    return path


@pytest.mark.parametrize("network", ["kernel-svm", "polynomial", "Kernel(5), Dense(1)", "RandomFourier(5), Dense(1)"])
def test_features_are_fitted_behind_the_preprocessing_of_the_table(network, table):
    run = bl.prepare(network, table, target="dear")
    kinds = [type(block).__name__ for block in run.network.blocks]
    assert kinds[:3] == ["Impute", "Standardize", "OneHot"]
    assert all(np.isfinite(values).all() for state in run.fitted.values() for values in state.values())


def test_the_switch_to_the_approximation_is_noted():
    exact, approximate = (bl.prepare(text, "circles(n=40)") for text in ("kernel-svm", "kernel-svm(centers=10)"))
    assert exact.notes == []
    assert approximate.notes == ["the kernel is Nyström's approximation by 10 of the 28 training rows, not exact"]


def test_the_kernel_svm_is_scikit_learns():
    data = bl.read("moons(n=150, noise=0.25)")
    x, y = np.asarray(data.inputs), np.asarray(data.targets)
    l2 = 0.005
    model = bl.fit(
        "kernel-svm(gamma=1)", x, y, l2=l2, split=(1, 0, 0), standardize=False, batch_size="full",
        learning_rate=0.05, epochs=1000,
    )  # fmt: skip
    theirs = SVC(gamma=1.0, C=1 / (2 * l2 * len(x)), tol=1e-6).fit(x, y)
    scores = model.objective.outputs(model.parameters, model.state, x)[:, 0]
    np.testing.assert_allclose(scores, theirs.decision_function(x), atol=0.03)


def test_a_kernel_model_is_saved_with_its_centers(tmp_path):
    model = bl.fit("kernel-svm", "circles(n=40)", epochs=3)
    model.save(tmp_path / "model")
    again = bl.load(tmp_path / "model")
    x = np.random.default_rng(0).normal(size=(9, 2)).astype(np.float32)
    np.testing.assert_array_equal(again.predict(x), model.predict(x))


def test_zero_loss_for_five_epochs_is_convergence():
    model = bl.fit("perceptron", "or(n=40)")
    assert (model.stopped, model.notes) == ("converged", [])
    assert model.epochs < 20


def test_a_perceptron_that_needs_more_epochs_says_so():
    x = np.array([[0.0, 1.0], [0.1, 1.0], [1.0, 1.0], [1.1, 1.0]], np.float32)
    model = bl.fit("perceptron", x, np.array([0, 0, 0, 1]), epochs=1, split=(1, 0, 0))
    assert model.notes == [
        "the perceptron's rule has not converged in 1 epochs: a line separates these classes, more epochs find it"
    ]
