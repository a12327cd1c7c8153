"""Rows 21 to 23: the forward pass with all that it makes, the ways to compose, and two kinds of outputs."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import backlit as bl

RNG = np.random.default_rng(0)
M, D, H, N = 6, 3, 4, 2  # examples, features, hidden units, outputs


def test_row_21_the_forward_pass_keeps_z_w_b_and_a():
    """`graph = bl.trace(network_function, parameters, x); graph.forward()`"""
    network = bl.Sequential(bl.Dense(H), bl.Sigmoid, bl.Dense(N), bl.Sigmoid)
    parameters, state = network.initialize((D,), jax.random.key(0))
    x = jnp.asarray(RNG.normal(size=(M, D)), jnp.float32)

    graph = bl.trace(lambda parameters, x: network.apply(parameters, state, x, bl.Context())[0], parameters, x)
    graph.forward()
    kept = {node.path: np.asarray(node.value) for node in graph.nodes}  # a layer's last node is its output
    given = {node.name: np.asarray(node.value) for node in graph.inputs}
    w = [given[f"parameters['dense_{i}']['weight']"] for i in (1, 2)]
    b = [given[f"parameters['dense_{i}']['bias']"] for i in (1, 2)]

    assert [given["x"].shape, w[0].shape, b[0].shape, w[1].shape, b[1].shape] == [(M, D), (D, H), (H,), (H, N), (N,)]
    assert kept["dense_1"].shape == kept["sigmoid_1"].shape == (M, H)
    assert kept["dense_2"].shape == kept["sigmoid_2"].shape == (M, N)
    a = np.asarray(x)
    for i in (1, 2):
        z = a @ w[i - 1] + b[i - 1]
        np.testing.assert_allclose(kept[f"dense_{i}"], z, rtol=1e-5, atol=1e-6)
        a = 1 / (1 + np.exp(-z))
        np.testing.assert_allclose(kept[f"sigmoid_{i}"], a, rtol=1e-5)


def test_row_22_composition_is_that_of_functions():
    """`bl.network("Parallel(Linear, Sequential(Dense(4), Tanh)), Dense(2)")`"""
    first, second = bl.Sequential(bl.Dense(H), bl.Tanh), bl.Sequential(bl.Dense(N))
    network = bl.Sequential(first, second)
    parameters, _ = network.initialize((D,), jax.random.key(0))
    x = jnp.asarray(RNG.normal(size=(M, D)), jnp.float32)
    inner, _ = first.apply(parameters["sequential_1"], {}, x, bl.Context())
    outer, _ = second.apply(parameters["sequential_2"], {}, inner, bl.Context())
    np.testing.assert_array_equal(network.apply(parameters, {}, x, bl.Context())[0], outer)


def test_row_22_a_skip_layer_hands_the_input_straight_to_the_output():
    network = bl.Sequential(bl.Parallel(bl.Linear, bl.Sequential(bl.Dense(H), bl.Tanh)), bl.Dense(N))
    assert network.plan((D,)).size == (D * H + H) + ((D + H) * N + N)
    parameters, _ = network.initialize((D,), jax.random.key(0))
    x = np.asarray(RNG.normal(size=(M, D)), np.float32)
    hidden = parameters["parallel_1"]["sequential_1"]["dense_1"]
    output = parameters["dense_1"]
    straight, through = output["weight"][:D], output["weight"][D:]
    expected = x @ straight + np.tanh(x @ hidden["weight"] + hidden["bias"]) @ through + output["bias"]
    np.testing.assert_allclose(
        network.apply(parameters, {}, jnp.asarray(x), bl.Context())[0], expected, rtol=1e-4, atol=1e-5
    )


@pytest.mark.parametrize(
    "notation",
    [
        pytest.param("Sequential(Dense(4), Tanh), Sequential(Dense(2))", id="composition"),
        pytest.param("Dense(4), Tanh, Dense(5)", id="several outputs"),
        pytest.param("Dense(4), Tanh, Parallel(Dense(2), Sequential(Dense(3), Softmax))", id="two heads"),
        pytest.param("Parallel(Linear, Sequential(Dense(4), Tanh)), Dense(2)", id="skip layer"),
        pytest.param("Parallel(Dense(2), Sequential(Dense(4), Tanh, Dense(2)), combine='add')", id="added"),
        pytest.param("Residual(Dense(4), Tanh, Dense(3)), Dense(2)", id="residual"),
    ],
)
def test_row_22_its_gradients_check(notation):
    network = bl.network(notation)
    with jax.enable_x64(True):
        parameters, _ = network.initialize((D,), jax.random.key(0))
        point = jax.tree.map(lambda leaf: jnp.asarray(leaf, jnp.float64), (parameters, RNG.normal(size=(M, D))))

        @jax.jit
        def loss(point):
            y, _ = network.apply(point[0], {}, point[1], bl.Context())
            return jnp.square(y - 0.3).sum()

        gradient = jax.jit(bl.grad(loss))(point)
        # Every single parameter and input, one at a time.
        leaves, structure = jax.tree.flatten(point)
        for i, (leaf, found) in enumerate(zip(leaves, jax.tree.leaves(gradient), strict=True)):
            for at in np.ndindex(leaf.shape):
                moved = [
                    loss(jax.tree.unflatten(structure, [*leaves[:i], leaf.at[at].add(h), *leaves[i + 1 :]]))
                    for h in (1e-6, -1e-6)
                ]
                np.testing.assert_allclose(found[at], (moved[0] - moved[1]) / 2e-6, rtol=1e-6, atol=1e-7)


def outputs(last, z):
    """What a layer of three units with these weighted sums says."""
    network = bl.Sequential(bl.Dense(3), last)
    parameters = {"dense_1": {"weight": jnp.zeros((1, 3)), "bias": jnp.asarray(z, jnp.float32)}}
    return np.asarray(network.apply(parameters, {}, jnp.ones((1, 1)), bl.Context())[0][0])


def test_row_23_independent_sigmoids_can_say_1_1_0_and_softmax_cannot():
    """`bl.network("Dense(3), Sigmoid")`, `bl.network("Dense(3), Softmax")`"""
    z = [20.0, 20.0, -20.0]
    np.testing.assert_allclose(outputs(bl.Sigmoid, z), [1, 1, 0], atol=1e-6)
    np.testing.assert_allclose(outputs(bl.Softmax, z), [0.5, 0.5, 0], atol=1e-6)


@pytest.mark.parametrize("z", [[0.0, 0.0, 0.0], [3.0, -1.0, 0.5], [-5.0, -5.0, -9.0], [40.0, 1.0, 39.0]])
def test_row_23_softmax_sums_to_one_and_sigmoids_need_not(z):
    np.testing.assert_allclose(outputs(bl.Softmax, z).sum(), 1, rtol=1e-6)
    np.testing.assert_allclose(outputs(bl.Sigmoid, z), 1 / (1 + np.exp(-np.asarray(z))), rtol=1e-5)
    assert abs(outputs(bl.Sigmoid, z).sum() - 1) > 0.1
