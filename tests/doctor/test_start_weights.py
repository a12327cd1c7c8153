"""What the doctor says at the start of the first weights and of the gradient on its way back."""

import jax.numpy as jnp
import numpy as np
import pytest

from backlit.doctor.measures import measure
from backlit.doctor.start import examine_start
from backlit.doctor.subject import Subject, subject_of
from backlit.training import prepare
from backlit.training.preparation import prepare_again

RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(80, 5)).astype(np.float32)
CLASSES = RANDOM.integers(0, 3, 80)


def found(run, *, hints=False):
    return {finding.fault: finding for finding in examine_start(subject_of(run)) if hints or finding.level != "hint"}


def rows(*layers):
    return ", ".join(layers)


def test_constant_weights_make_equal_units() -> None:
    constant = "Dense(8, initializer=Constant(0.1))"
    run = prepare(rows(constant, "ReLU", constant, "ReLU", "Dense(3, initializer=Constant(0.1))"), X, CLASSES)
    finding = found(run)["symmetric initialization"]
    assert finding.level == "fault"
    assert set(finding.layers) == {"dense_1", "dense_2"}  # the last layer's units have targets of their own
    assert "symmetric initialization" not in found(prepare_again(run, **finding.remedy.changes))


def test_dropout_does_not_hide_equal_units() -> None:
    run = prepare("Dense(8, initializer=Constant(0.1)), ReLU, Dropout(0.5), Dense(3)", X, CLASSES)
    assert found(run)["symmetric initialization"].level == "suspicion"


def test_a_last_layer_that_begins_at_zero_is_no_symmetry() -> None:
    """Classes that no row of the batch has get equal gradients, and part with the rows that have them."""
    y = np.arange(80) % 8
    run = prepare("Dense(8), ReLU, Dense(8), ReLU, Dense(8, initializer=Constant(0.0))", X, y)
    assert [finding.fault for finding in examine_start(subject_of(run, rows=5))] == []


def test_a_residual_branch_that_begins_at_zero_is_no_symmetry() -> None:
    branch = "Residual(Dense(8), ReLU, Dense(8, initializer=Constant(0.0)))"
    assert found(prepare(rows("Dense(8), ReLU", branch, "ReLU", "Dense(3)"), X, CLASSES)) == {}


@pytest.mark.parametrize(("scale", "words"), [(8.0, "too large"), (0.05, "too small")])
def test_weights_of_the_wrong_size_make_signals_drift(scale, words) -> None:
    run = prepare("Dense(32), ReLU, Dense(32), ReLU, Dense(32), ReLU, Dense(3)", X, CLASSES, initial_scale=scale)
    finding = found(run)["initialization scale"]
    assert words in finding.cause
    assert finding.remedy.changes == {"initial_scale": 1.0}
    assert finding.numbers["each"] == pytest.approx(scale, rel=0.5)  # He's keeps the deviation, so the factor is left


def test_normalization_keeps_large_weights_from_drifting() -> None:
    layer = "Dense(32, bias=False), BatchNorm, ReLU"
    run = prepare(rows(layer, layer, layer, "Dense(3)"), X, CLASSES, initial_scale=8.0)
    assert "initialization scale" not in found(run)


def test_sigmoids_in_a_row_let_the_gradient_vanish() -> None:
    layers = ["Dense(64), Sigmoid"] * 12
    finding = found(prepare(rows(*layers, "Dense(3)"), X, CLASSES))["vanishing gradient"]
    assert finding.where == "layer dense_1"
    assert finding.numbers["ratio"] < 1e-4
    assert "ReLU" in finding.remedy.changes["network"]
    assert "Sigmoid" not in finding.remedy.changes["network"]


def test_a_gradient_below_what_float32_holds_is_a_fault() -> None:
    findings = found(prepare("Dense(8), Sigmoid, Repeat(90, Dense(8), Sigmoid), Dense(3)", X, CLASSES))
    assert set(findings) == {"vanishing gradient"}
    assert findings["vanishing gradient"].level == "fault"
    assert findings["vanishing gradient"].where == "layer dense_1"


def test_a_repeated_block_is_seen_time_by_time() -> None:
    assert "vanishing gradient" in found(prepare("Dense(32), Repeat(14, Dense(32), Sigmoid), Dense(3)", X, CLASSES))


def test_large_weights_let_the_gradient_explode() -> None:
    """Tanh keeps the signal, and W passes the gradient back σ_w √E[f'²] times as large: 2.4 for σ_w = 8 √2."""
    run = prepare(rows(*["Dense(64), Tanh"] * 10, "Dense(3)"), X, CLASSES, initial_scale=8.0)
    finding = found(run)["exploding gradient"]
    assert finding.where == "layer dense_1"
    assert 10 ** -finding.numbers["slope"] == pytest.approx(2.4, rel=0.3)


def test_a_recurrent_gain_above_one_explodes_over_time() -> None:
    x = RANDOM.normal(size=(40, 60, 2)).astype(np.float32)
    network = "RNN(16, activation='ReLU', recurrent_initializer=Orthogonal({})), Dense(2)"
    y = RANDOM.integers(0, 2, 40)
    finding = found(prepare(network.format("scale=2.0"), x, y))["exploding gradient"]
    assert finding.numbers["steps"] == 60
    assert "exploding gradient" not in found(prepare(network.format(""), x, y))


def test_sigmoids_at_their_ends() -> None:
    run = prepare("Dense(32), Tanh, Dense(32), Tanh, Dense(3)", X, CLASSES, initial_scale=20.0)
    finding = found(run)["saturated sigmoid/tanh"]
    assert finding.numbers["slope"] < 0.1
    assert finding.layers[1].startswith("dense")


def test_relus_that_are_zero_on_all_rows() -> None:
    run = prepare("Dense(16), ReLU, Dense(16), ReLU, Dense(3)", X, CLASSES)
    subject = subject_of(run)
    bias = jnp.full(16, -100.0)
    drowned = {**subject.parameters, "dense_2": {**subject.parameters["dense_2"], "bias": bias}}
    from dataclasses import replace

    faults = {finding.fault: finding for finding in examine_start(replace(subject, parameters=drowned))}
    assert faults["dying ReLU"].level == "fault"
    assert faults["dying ReLU"].layers == ("relu_2", "dense_2")


def test_the_measures_are_those_of_the_equations() -> None:
    """One linear layer and the squared error: ∂L/∂W = 2 xᵀ(xW − y) / n."""
    y = X.sum(1)
    run = prepare("Dense(1, bias=False)", X, y, standardize=False, optimizer="sgd", learning_rate=0.5, loss="mse")
    subject = subject_of(run)
    measured = measure(subject, subject.parameters, subject.state)
    weight = np.asarray(subject.parameters["dense_1"]["weight"], np.float64)
    x, targets = np.asarray(subject.x, np.float64), np.asarray(subject.y, np.float64)
    away = (x @ weight)[:, 0] - targets
    slope = 2 * x.T @ away / len(x)
    own = measured.variables["dense_1/weight"]
    assert measured.loss == pytest.approx(np.mean(away**2), rel=1e-4)
    assert own.gradient == pytest.approx(np.sqrt(np.mean(slope**2)), rel=1e-4)
    assert own.update == pytest.approx(0.5 * own.gradient, rel=1e-4)
    layer = measured.layers["dense_1"]
    assert layer.gradient == pytest.approx(np.sqrt(np.sum((2 * away / len(x)) ** 2)), rel=1e-4)


def test_a_penalty_is_told_from_the_data() -> None:
    run = prepare("Dense(4), ReLU, Dense(3)", X, CLASSES, l2=10.0)
    subject = subject_of(run)
    own = measure(subject, subject.parameters, subject.state).variables["dense_1/weight"]
    assert own.gradient == pytest.approx(20 * own.weight, rel=0.1)
    assert own.data < 0.1 * own.gradient


def test_foreign_layers_stand_in_the_order_of_their_use() -> None:
    parameters = {"a_last": jnp.ones((4, 1)), "z_first": jnp.ones((5, 4))}

    def loss(parameters, state, x, key):
        return (jnp.tanh(x @ parameters["z_first"]) @ parameters["a_last"]).sum(), state

    measured = measure(Subject(loss, jnp.asarray(X), parameters, {}), parameters, {})
    assert list(measured.variables) == ["z_first", "a_last"]
    assert measured.layers == {}
