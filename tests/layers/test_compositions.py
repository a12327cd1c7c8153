"""What compositions hand to their blocks: input, variables, state, names and random keys."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from backlit.errors import ShapeError
from backlit.layers.activation import Linear, ReLU, Tanh
from backlit.layers.block import Context, Observer
from backlit.layers.composition import Parallel, Residual, Sequential
from backlit.layers.dense import Dense
from backlit.layers.normalization import BatchNorm
from backlit.layers.regularization import Dropout

X = jnp.asarray(np.random.default_rng(0).normal(size=(4, 3)), jnp.float32)


def test_blocks_are_named_by_kind_and_number():
    assert list(Sequential(Dense(3), ReLU, Dense(3), Sequential()).named) == [
        "dense_1",
        "relu_1",
        "dense_2",
        "sequential_1",
    ]


def test_an_observer_sees_the_input_and_output_of_every_block():
    network = Sequential(Dense(3), Residual(Tanh), Parallel(Linear, Dense(2)))
    parameters, state = network.initialize((3,), jax.random.key(0))
    observer = Observer(lambda path, block, x, out: (str(block), x, out))
    y, _ = network.apply(parameters, state, X, Context(observe=observer))
    seen = observer.seen
    assert list(seen) == [
        "dense_1",
        "residual_1/tanh_1",
        "residual_1",
        "parallel_1/linear_1",
        "parallel_1/dense_1",
        "parallel_1",
    ]
    assert seen["parallel_1/dense_1"][0] == "Dense(2)"
    z = X @ parameters["dense_1"]["weight"] + parameters["dense_1"]["bias"]
    np.testing.assert_allclose(seen["dense_1"][2], z, rtol=1e-6)
    np.testing.assert_array_equal(seen["residual_1/tanh_1"][1], seen["dense_1"][2])
    np.testing.assert_allclose(seen["residual_1"][2], z + np.tanh(z), rtol=1e-5)
    np.testing.assert_array_equal(seen["parallel_1"][2], y)


def test_branches_are_concatenated_or_added():
    a, b = X, np.tanh(X)
    joined, _ = Parallel(Linear, Tanh).apply({}, {}, X, Context())
    added, _ = Parallel(Linear, Tanh, combine="add").apply({}, {}, X, Context())
    np.testing.assert_allclose(joined, np.concatenate([a, b], -1), rtol=1e-6)
    np.testing.assert_allclose(added, a + b, rtol=1e-6)


@pytest.mark.parametrize(
    ("network", "input", "words"),
    [
        (Residual(Dense(4)), (3,), "of shape 3, to its blocks' output, of shape 4; make the last block end in 3"),
        (Parallel(Dense(4), Dense(3), combine="add"), (3,), "adds branches of one shape, and theirs are 4, 3"),
        (Parallel(Linear, Linear), (), "differ in their last axis alone, and theirs are (), ()"),
        (Sequential(Sequential(Dense(2))), (), "layer sequential_1/dense_1: Dense needs an axis of features"),
    ],
)
def test_shapes_that_do_not_fit_are_shown(network, input, words):
    with pytest.raises(ShapeError) as caught:
        network.plan(input)
    assert words in str(caught.value)


def test_every_random_layer_and_example_draws_for_itself():
    network = Parallel(Dropout, Dropout, Sequential(Linear, Dropout))
    ones = jnp.ones((2, 1000))
    y, _ = network.apply({}, {}, ones, Context(training=True, key=jax.random.key(0)))
    masks = np.asarray(y).reshape(6, 1000) > 0
    for index, mask in enumerate(masks):
        for other in masks[index + 1 :]:
            assert 0.4 < (mask == other).mean() < 0.6
    again, _ = network.apply({}, {}, ones, Context(training=True, key=jax.random.key(0)))
    other, _ = network.apply({}, {}, ones, Context(training=True, key=jax.random.key(1)))
    np.testing.assert_array_equal(y, again)
    assert (y != other).any()


def test_state_goes_in_and_comes_out_where_the_layer_is():
    network = Sequential(ReLU, Residual(BatchNorm(momentum=0.0)), BatchNorm(momentum=0.0))
    parameters, state = network.initialize((3,), jax.random.key(0))
    _, after = network.apply(parameters, state, X, Context(training=True))
    np.testing.assert_allclose(after["residual_1"]["batchnorm_1"]["mean"], np.maximum(X, 0).mean(0), atol=1e-6)
    _, same = network.apply(parameters, after, X, Context())
    jax.tree.map(np.testing.assert_array_equal, same, after)


def test_layers_draw_different_weights_and_a_key_draws_the_same():
    network = Sequential(Dense(3), Dense(3))
    first, _ = network.initialize((3,), jax.random.key(0))
    again, _ = network.initialize((3,), jax.random.key(0))
    other, _ = network.initialize((3,), jax.random.key(1))
    jax.tree.map(np.testing.assert_array_equal, first, again)
    assert not np.allclose(first["dense_1"]["weight"], first["dense_2"]["weight"])
    assert not np.allclose(first["dense_1"]["weight"], other["dense_1"]["weight"])
