"""Rows 12 to 16: what a network's parameters are: not unique, sometimes redundant, and how many."""

import json

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import backlit as bl
from backlit.cli import main

X = jnp.asarray(np.random.default_rng(0).normal(size=(500, 3)), jnp.float32)


def draw(network, seed=0):
    """Parameters whose biases are not zero."""
    parameters, _ = network.initialize((3,), jax.random.key(seed))
    random = np.random.default_rng(seed)
    return jax.tree.map(lambda leaf: leaf + random.normal(size=leaf.shape).astype(np.float32), parameters)


def apply(network, parameters, x=X):
    return network.apply(parameters, {}, x, bl.Context())[0]


@pytest.mark.parametrize("factors", [(2.0, 2.0, 2.0), (0.01, 7.0, 30.0), (100.0, 0.5, 0.001)])
def test_row_12_positive_factors_of_each_layer_keep_every_label(factors):
    """`bl.Sequential(...).apply(scaled, {}, x, bl.Context())`"""
    network = bl.network("Dense(8), ReLU, Dense(8), ReLU, Dense(4)")
    parameters = draw(network)
    scaled, product = {}, 1.0
    for (name, layer), factor in zip(parameters.items(), factors, strict=True):
        product *= factor  # what reaches the layer's bias is scaled by the layers before it too
        scaled[name] = {"weight": factor * layer["weight"], "bias": product * layer["bias"]}
    labels = apply(network, parameters).argmax(-1)
    assert len(set(labels.tolist())) > 1
    np.testing.assert_array_equal(apply(network, scaled).argmax(-1), labels)
    np.testing.assert_allclose(apply(network, scaled) / product, apply(network, parameters), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("factor", [1e-3, 3.0, 1e4])
def test_row_12_one_unit_keeps_its_sign_when_all_weights_and_its_bias_are_scaled(factor):
    network = bl.network("Dense(1), Sign")
    parameters = draw(network)
    scaled = jax.tree.map(lambda leaf: factor * leaf, parameters)
    signs = apply(network, parameters)
    assert set(signs.ravel().tolist()) == {-1.0, 1.0}
    np.testing.assert_array_equal(apply(network, scaled), signs)


def test_row_13_a_linear_network_is_one_matrix_and_the_library_says_so():
    """`bl.network("Dense(5), Dense(2)").summary((3,)).notes`"""
    with jax.enable_x64(True):
        network = bl.network("Dense(5), Dense(6), Linear, Dense(2)")
        parameters = jax.tree.map(lambda leaf: jnp.asarray(leaf, jnp.float64), draw(network))
        first, second, third = (parameters[f"dense_{i}"] for i in (1, 2, 3))
        weight = first["weight"] @ second["weight"] @ third["weight"]
        bias = (first["bias"] @ second["weight"] + second["bias"]) @ third["weight"] + third["bias"]
        one = bl.network("Dense(2)")
        collapsed = apply(one, {"dense_1": {"weight": weight, "bias": bias}}, jnp.asarray(X, jnp.float64))
        np.testing.assert_allclose(apply(network, parameters, jnp.asarray(X, jnp.float64)), collapsed, atol=1e-6)
    note = "dense_1, dense_2 and dense_3 compose to one linear map; put a non-linearity such as ReLU between them"
    assert network.summary((3,)).notes == (note,)
    assert f"note: {note}" in str(network.summary((3,)))


def test_row_13_a_non_linearity_between_them_ends_it():
    network = bl.network("Dense(5), Tanh, Dense(2)")
    parameters = draw(network)
    assert network.summary((3,)).notes == ()
    y = np.asarray(apply(network, parameters))
    affine = np.concatenate([X, np.ones((len(X), 1))], 1)
    best = affine @ np.linalg.lstsq(affine, y, rcond=None)[0]
    assert np.abs(y - best).max() > 0.1


def check_counts(capsys, notation, input, neurons, weights, biases):
    """The summary counts these, in Python and on the command line."""
    summary = bl.network(notation).summary(input)
    line = f"{neurons} neurons, {weights + biases} parameters ({weights} weights + {biases} biases)"
    assert str(summary).splitlines()[-1].startswith(line)
    with pytest.raises(SystemExit) as end:
        main(["summary", notation, "--input", ",".join(map(str, input)), "--json"])
    assert end.value.code == 0
    said = json.loads(capsys.readouterr().out)
    for counts in (vars(summary), said):
        assert (counts["neurons"], counts["weights"], counts["biases"]) == (neurons, weights, biases)
    assert said["parameters"] == summary.parameters == weights + biases


def test_row_14_the_3_4_2_network(capsys):
    """`backlit summary "Dense(4), Sigmoid, Dense(2)" --input 3`"""
    check_counts(capsys, "Dense(4), Sigmoid, Dense(2)", (3,), 6, 20, 6)


def test_row_15_the_3_4_4_1_network(capsys):
    """`backlit summary "Dense(4), Sigmoid, Dense(4), Sigmoid, Dense(1)" --input 3`"""
    check_counts(capsys, "Dense(4), Sigmoid, Dense(4), Sigmoid, Dense(1)", (3,), 9, 32, 9)


def test_row_16_a_softmax_of_three_and_2_4_3(capsys):
    """`backlit summary "Dense(4), ReLU, Dense(3), Softmax" --input 2`"""
    check_counts(capsys, "Dense(3), Softmax", (2,), 3, 6, 3)
    check_counts(capsys, "Dense(4), ReLU, Dense(3), Softmax", (2,), 7, 20, 7)


def test_row_16_the_matrices_of_2_4_3():
    parameters, _ = bl.network("Dense(4), ReLU, Dense(3), Softmax").initialize((2,), jax.random.key(0))
    assert jax.tree.map(jnp.shape, parameters) == {
        "dense_1": {"weight": (2, 4), "bias": (4,)},
        "dense_2": {"weight": (4, 3), "bias": (3,)},
    }
