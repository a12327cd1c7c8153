"""Penalties: exact values and gradients, populations, and refusals."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import backlit as bl

TREE = {"first": {"kernel": jnp.array([[1.0, -2.0], [0.0, 3.0]])}, "second": {"kernel": jnp.array([-0.5])}}


def test_sums_over_every_weight():
    assert float(bl.l1(TREE)) == 6.5
    assert float(bl.l2(TREE)) == 14.25
    assert float(bl.l1({})) == float(bl.l2({})) == float(bl.Penalty()(TREE)) == 0


def test_the_gradient_is_the_sign_and_twice_the_weight():
    gradient = bl.grad(bl.Penalty(l1=0.1, l2=0.5))(TREE)
    expected = jax.tree.map(lambda w: 0.1 * np.sign(w) + w, TREE)
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-6), gradient, expected)


def test_a_population_has_a_strength_a_member():
    penalties = jax.vmap(lambda strength: bl.Penalty(l2=strength)(TREE))(jnp.array([0.0, 1.0, 2.0]))
    assert penalties.tolist() == [0, 14.25, 28.5]


@pytest.mark.parametrize("strength", [-0.1, float("nan"), float("inf"), np.array([0.1, -0.1]), "a", True])
@pytest.mark.parametrize("name", ["l1", "l2"])
def test_a_strength_out_of_range_is_refused(name, strength):
    with pytest.raises(bl.SettingError, match=f"penalty's {name}"):
        bl.Penalty(**{name: strength})
