"""Rows 27, 28, 57, 68 and 73 as the doctor tells them: the fault by name, its place, its numbers, what to do."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import backlit as bl
from backlit.doctor.experiments.forks import first_weights
from backlit.layers.block import Context

RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(80, 16)).astype(np.float32)
CLASSES = np.where(X[:, :4].sum(1) > 0, "yes", "no")


def findings(examined):
    """What is worse than a hint, by its name."""
    return {finding.fault: finding for finding in examined.worse_than_hints()}


def layers(layer: str, depth: int, last: str = "Dense(2)") -> str:
    return ", ".join([layer] * depth + [last])


def relative_gradient(run, layer: str) -> float:
    """√mean g² / √mean w² of a layer's first weights, by JAX's own derivative of the cross-entropy of all rows."""
    parameters, state = first_weights(run)
    x, y = jnp.asarray(run.parts.train.x), jnp.asarray(run.parts.train.y)

    def loss(parameters):
        scores = run.network.apply(parameters, state, x, Context())[0]
        return -jnp.take_along_axis(jax.nn.log_softmax(scores), y[:, None], 1).mean()

    gradient = jax.grad(loss)(parameters)[layer]["weight"]
    return float(jnp.sqrt((gradient**2).mean() / (parameters[layer]["weight"] ** 2).mean()))


def test_row_27_the_doctor_names_the_layer_and_the_ratio_of_a_vanishing_gradient():
    """`print(bl.check(network, data))`: vanishing gradient in layer dense_1, with the ratio to the last layer"""
    given = {"data": X, "y": CLASSES, "batch_size": "full"}
    deep = layers("Dense(16), Sigmoid", 12)
    finding = findings(bl.check(deep, **given))["vanishing gradient"]
    run = bl.prepare(deep, **given)
    assert (finding.where, finding.layers[0]) == ("layer dense_1", "dense_1")
    assert finding.numbers["ratio"] == pytest.approx(
        relative_gradient(run, "dense_1") / relative_gradient(run, "dense_13"), rel=0.01
    )
    assert f"{finding.numbers['ratio']:.3g} times that of dense_13" in finding.evidence
    assert "vanishing gradient" not in findings(bl.check(layers("Dense(16), Sigmoid", 2), **given))
    assert "vanishing gradient" not in findings(bl.check(layers("Dense(16), ReLU", 12), **given))


def test_row_28_the_doctor_flags_units_that_are_zero_on_every_row():
    """`print(bl.check(network, data))`: dying ReLU in layer relu_1, with the share of its units"""
    x = np.abs(X)  # positive inputs and weights that are all negative: every unit is at 0
    dead = bl.Sequential(bl.Dense(8, bias=False, initializer=bl.Constant(-1.0)), bl.ReLU, bl.Dense(1))
    finding = findings(bl.check(dead, x, CLASSES, standardize=False))["dying ReLU"]
    assert (finding.where, finding.numbers["dead"], finding.numbers["units"]) == ("layer relu_1", 1.0, 8)
    alive = bl.Sequential(bl.Dense(8, bias=False), bl.ReLU, bl.Dense(1))
    assert "dying ReLU" not in findings(bl.check(alive, X, CLASSES, standardize=False))


@pytest.mark.parametrize(
    ("rate", "says"), [(1e-4, ["learning rate too low"]), (2.0, ["learning rate too high"]), (0.2, [])], ids=str
)
def test_row_57_the_doctor_says_which_step_size_is_too_small_too_large_and_right(rate, says):
    """`print(bl.diagnose(bl.fit("Dense(1)", x, y, learning_rate=1e-4)))`: which of the three, proved by other rates"""
    x = np.linspace(-1, 1, 80, dtype=np.float32)[:, None]
    y = 2 * x[:, 0] + 0.1 * np.random.default_rng(0).normal(size=80)
    model = bl.fit("Dense(1)", x, y, learning_rate=rate, optimizer="gradient-descent", batch_size="full", epochs=60)
    examined = bl.diagnose(model)
    assert list(findings(examined)) == says
    assert len(examined.faults) == len(says)


@pytest.mark.parametrize("scale", [0.25, 1.0, 4.0])
def test_row_68_the_doctor_names_a_scale_of_the_weights_that_lets_signals_die_or_grow(scale):
    """`print(bl.check(network, x, y))`: initialization scale, with the factor of each layer"""
    width = X.shape[1]
    layer = f"Dense({width}, bias=False, initializer=Normal({scale / width**0.5}))"
    found = findings(bl.check(layers(layer, 10, layer.replace("16", "2", 1)), X, CLASSES))
    if scale == 1:
        assert "initialization scale" not in found
    else:
        assert found["initialization scale"].numbers["each"] == pytest.approx(scale, rel=0.25)
        assert f"too {'small' if scale < 1 else 'large'}" in found["initialization scale"].cause


@pytest.mark.parametrize("scale", [1.0, 8.0])
def test_row_68_the_doctor_names_a_gradient_that_explodes(scale):
    """Behind tanh the signal is bounded, and the gradient is not: it grows by σ_w √E[f'²] with each layer."""
    found = findings(bl.check(layers("Dense(32), Tanh", 10), X, CLASSES, initial_scale=scale))
    assert ("exploding gradient" in found) == (scale > 1)
    if scale > 1:
        assert found["exploding gradient"].where == "layer dense_1"
        assert found["exploding gradient"].numbers["ratio"] > 100


@pytest.fixture(scope="module")
def curve():
    x = np.random.default_rng(0).uniform(-1, 1, size=(200, 1)).astype(np.float32)
    return x, np.sin(5 * x[:, 0]) + 0.1 * np.random.default_rng(1).normal(size=200)


def test_row_73_the_doctor_tells_a_network_that_is_too_small(curve):
    """`print(bl.diagnose(bl.fit("Dense(1), Tanh, Dense(1)", x, y)))`: underfitting; use more units"""
    settings = {"learning_rate": 0.03, "epochs": 100}
    small = bl.fit("Dense(1), Tanh, Dense(1)", *curve, **settings)
    finding = findings(bl.diagnose(small))["underfitting (capacity)"]
    assert finding.level == "fault"
    assert "more units" in finding.remedy.words
    assert findings(bl.diagnose(bl.fit("Dense(30), Tanh, Dense(1)", *curve, **settings))) == {}


def test_row_73_the_doctor_tells_a_gap_between_the_two_curves():
    """`print(bl.diagnose(model))`: overfitting, from which epoch on; more rows, a penalty, or fewer units"""
    random = np.random.default_rng(1)
    x = random.normal(size=(150, 10)).astype(np.float32)
    y = x[:, 0] + random.normal(size=150)
    model = bl.fit("Dense(100), Tanh, Dense(1)", x, y, learning_rate=0.01, epochs=200, patience=None)
    finding = findings(bl.diagnose(model))["overfitting"]
    assert finding.level == "fault"
    assert finding.where == f"epoch {model.best_epoch} on"
    assert "more rows" in finding.remedy.words
    assert finding.numbers["end"] > finding.numbers["best"] > finding.numbers["train"]
