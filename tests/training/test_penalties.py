"""Penalties by layer and of biases, and the bound on norms, in a run."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import backlit as bl
from backlit.training.objective import Batch

RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(20, 3)).astype(np.float32)
Y = (X @ [1.0, -2.0, 0.5] + 3).astype(np.float32)
NETWORK = "Dense(4), ReLU, Residual(Dense(4)), Dense(1)"


def penalty_of(**settings):
    """What the settings add to the loss, at parameters that are all 1."""
    runs = [bl.prepare(NETWORK, X, Y, standardize=False, **chosen) for chosen in (settings, {})]
    parameters, state = runs[0].network.initialize((3,), jax.random.key(0))
    parameters = jax.tree.map(jnp.ones_like, parameters)
    batch = Batch(jnp.asarray(X), jnp.asarray(Y), jnp.ones(20), jnp.ones(20))
    with_, without = (run.objective(parameters, state, batch, jax.random.key(0))[0] for run in runs)
    return float(with_ - without)


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"l1": 1.0}, 12 + 16 + 4),
        ({"l1": 1.0, "penalize_biases": True}, 12 + 16 + 4 + 9),
        ({"penalties": {"dense_1": {"l2": 2.0}}}, 2 * 12),
        ({"l1": 1.0, "penalties": {"dense_1": {"l1": 0.0}}}, 16 + 4),
        ({"l1": 1.0, "penalties": {"dense_2": {"l2": 10.0}}}, 12 + 16 + 4 + 10 * 4),
        ({"penalties": {"residual_1/dense_1": {"l1": 1.0}, "dense_2": {"l1": 3.0}}}, 16 + 3 * 4),
        ({"penalties": {"residual_1": {"l2": 1.0}}, "penalize_biases": True}, 16 + 4),
        ({"penalties": {"residual_1": {"l2": 1.0}, "residual_1/dense_1": {"l2": 3.0}}}, 3 * 16),
        ({"penalties": {"residual_1/dense_1": {"l2": 3.0}, "residual_1": {"l2": 1.0}}}, 3 * 16),
    ],
)
def test_the_penalty_is_the_sum_over_what_it_falls_on(settings, expected):
    assert penalty_of(**settings) == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize(
    ("settings", "problem"),
    [
        ({"penalties": {"dense_3": {"l2": 1.0}}}, "no layer 'dense_3' .* did you mean dense_"),
        ({"penalties": {"dense_1": {"l2": -1.0}}}, "dense_1's l2 is a number of at least 0, not -1.0"),
        ({"penalties": {"dense_1": {"l3": 1.0}}}, "penalties are λ by layer"),
        ({"penalties": {"dense_1": 1.0}}, "'dense_1' has 1.0"),
        ({"penalties": 0.1}, "such as {'dense_1'"),
        ({"l2": -0.1}, "l2 is a finite number of at least 0, not -0.1"),
        ({"max_norm": 0.0}, "max_norm is a finite number above 0"),
        ({"penalize_biases": "yes"}, "penalize_biases is True or False"),
    ],
)
def test_what_cannot_be_is_refused(settings, problem):
    with pytest.raises(bl.SettingError, match=problem):
        bl.prepare(NETWORK, X, Y, **settings)


def test_no_unit_outgrows_its_bound():
    free = bl.fit("Dense(4), ReLU, Dense(1)", X, 30 * Y, epochs=20, standardize=False, learning_rate=0.3)
    bound = bl.fit("Dense(4), ReLU, Dense(1)", X, 30 * Y, epochs=20, standardize=False, learning_rate=0.3, max_norm=1.5)
    for name in ("dense_1", "dense_2"):
        norms = np.linalg.norm(bound.parameters[name]["weight"], axis=0)
        assert norms.max() <= 1.5 * (1 + 1e-6)
    assert np.linalg.norm(free.parameters["dense_2"]["weight"]) > 1.5
    assert abs(np.asarray(bound.parameters["dense_2"]["bias"])).max() > 1.5  # biases are free


@pytest.mark.parametrize(
    ("network", "shape", "axes"),
    [
        ("Conv(2, 3), Flatten, Dense(1)", (5, 5, 1), {"conv_1": (0, 1, 2), "dense_1": (0,)}),
        ("LocallyConnected(2, 3), Flatten, Dense(1)", (5, 5, 1), {"locallyconnected_1": (-2,), "dense_1": (0,)}),
    ],
)
def test_a_unit_has_the_weights_that_come_into_it(network, shape, axes):
    x = RANDOM.normal(size=(12, *shape)).astype(np.float32)
    run = bl.prepare(network, x, np.arange(12.0) / 7, max_norm=0.5)
    parameters, _ = run.network.initialize(shape, jax.random.key(0))
    before, after = (
        {name: tree[name]["weight"] for name in axes} for tree in (parameters, run.objective.bound(parameters))
    )
    for name, own in axes.items():
        norms = np.sqrt(np.square(before[name]).sum(own, keepdims=True))
        np.testing.assert_allclose(after[name], before[name] * np.minimum(1, 0.5 / norms), rtol=1e-5)
