"""Labels that are no class: −1 is unknown and left out, the loss of any other is no number."""

import jax.numpy as jnp
import numpy as np
import pytest

import backlit as bl
from backlit.functions import loss_named

RNG = np.random.default_rng(0)
B, K = 5, 4
CODES = np.array([0, 3, 1, 2, 1])
SCORES = RNG.normal(scale=2.0, size=(B, K))


@pytest.mark.parametrize("name", ["bce", "bce(smoothing=0.1)", "focal", "hinge", "squared-hinge", "perceptron"])
def test_an_unknown_one_of_two_classes_is_left_out(name):
    loss, z = loss_named(name), jnp.asarray(RNG.normal(size=(2, 3)))
    if name.startswith("bce"):
        some, none = loss.examples(z, jnp.array([[1, -1, 0], [-1, -1, -1]]))
        np.testing.assert_allclose(some, loss.examples(z[0, ::2], jnp.array([1, 0])).mean(), rtol=1e-6)
        assert none == 0
    losses = loss.examples(z[0], jnp.array([1, -1, 0]))
    np.testing.assert_allclose(losses, np.array(loss.examples(z[0], jnp.array([1, 1, 0]))) * [1, 0, 1], rtol=1e-6)
    assert bl.grad(lambda z: loss.examples(z, jnp.array([1, -1, 0])).sum())(z[0])[1] == 0


@pytest.mark.parametrize("name", ["hinge", "squared-hinge", "perceptron"])
def test_an_unknown_class_of_several_is_left_out(name):
    losses = loss_named(name).examples(jnp.asarray(SCORES), jnp.asarray([0, 3, -1, 2, 1]))
    expected = np.array(loss_named(name).examples(jnp.asarray(SCORES), jnp.asarray(CODES))) * [1, 1, 0, 1, 1]
    np.testing.assert_allclose(losses, expected, rtol=1e-6)


@pytest.mark.parametrize("name", ["cross-entropy", "focal", "hinge", "squared-hinge", "perceptron"])
@pytest.mark.parametrize("label", [K, -2, 1.5, np.nan])
def test_a_label_that_is_no_class_has_no_loss(name, label):
    labels = np.array([0, label, 1, 2, 1], np.float32)
    losses = loss_named(name).examples(jnp.asarray(SCORES), jnp.asarray(labels))
    np.testing.assert_array_equal(np.isnan(losses), [False, True, False, False, False])


@pytest.mark.parametrize("name", ["bce", "focal", "hinge", "squared-hinge", "perceptron"])
@pytest.mark.parametrize("label", [2, -2, np.nan])
def test_a_label_that_is_none_of_two_classes_has_no_loss(name, label):
    losses = loss_named(name).examples(jnp.zeros(3), jnp.array([0, label, 1], jnp.float32))
    np.testing.assert_array_equal(np.isnan(losses), [False, True, False])
