"""What is drawn at random before a run begins: the first weights, and samples of the training rows."""

import jax
import numpy as np

import backlit as bl

NETWORK = "Dense(3), BatchNorm, PReLU, Dense(2), Dense(1)"


def test_the_initial_scale_multiplies_the_first_weights_alone(line):
    one, three = (bl.prepare(NETWORK, *line, initial_scale=scale).initialize(jax.random.key(0)) for scale in (1.0, 3.0))
    for layer, variables in one[0].items():
        for name, first in variables.items():
            np.testing.assert_array_equal(three[0][layer][name], first * (3 if name == "weight" else 1))
    assert jax.tree.all(jax.tree.map(np.array_equal, one[1], three[1]))


def test_a_run_begins_at_its_initial_scale(line):
    settings = {"learning_rate": 1e-30, "epochs": 1, "optimizer": "gradient-descent"}
    one, three = (bl.fit("Dense(2), Dense(1)", *line, initial_scale=scale, **settings) for scale in (1.0, 3.0))
    np.testing.assert_allclose(three.parameters["dense_1"]["weight"], 3 * one.parameters["dense_1"]["weight"])


def test_a_bootstrap_counts_each_row_as_often_as_it_was_drawn(line):
    """Gradient descent on all rows with weights is that on the rows repeated so often."""
    same = {"epochs": 3, "optimizer": "gradient-descent", "learning_rate": 0.1, "standardize": False}
    same |= {"split": (1, 0, 0), "batch_size": "full"}
    run = bl.prepare("Dense(1)", *line, bootstrap=7, **same)
    x, y = run.parts.train.x, run.parts.train.y
    drawn = np.random.default_rng(7).integers(len(x), size=len(x))
    weighted, repeated = run.train(), bl.fit("Dense(1)", x[drawn], y[drawn], **same)
    np.testing.assert_allclose(weighted.history["loss"], repeated.history["loss"], rtol=1e-5)
    np.testing.assert_allclose(weighted.predict(x), repeated.predict(x), rtol=1e-5)


def test_a_bootstrap_by_the_run_s_seed(line):
    own, given, other = (
        bl.prepare("Dense(1)", *line, seed=3, split_seed=0, bootstrap=seed).row_weights for seed in (True, 3, 4)
    )
    np.testing.assert_array_equal(own, given)
    assert not np.array_equal(own, other)
    assert own.sum() == len(own)
