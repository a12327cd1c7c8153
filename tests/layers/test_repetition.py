"""Repeated and recomputed blocks against the same blocks written out."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from backlit.errors import NotationError, SettingError, ShapeError
from backlit.functions.initializers import Glorot
from backlit.graph import value_and_grad
from backlit.layers.activation import Tanh
from backlit.layers.block import Context, Observer
from backlit.layers.composition import Sequential
from backlit.layers.dense import Dense
from backlit.layers.normalization import BatchNorm
from backlit.layers.notation import read
from backlit.layers.regularization import Dropout
from backlit.layers.repetition import Repeat


def written_out(repeated, stacked):
    """The network that a Repeat stands for, and its variables, from the stacked ones."""
    network = Sequential(*[Sequential(*repeated.blocks)] * repeated.count)
    return network, {name: jax.tree.map(lambda a, i=i: a[i], stacked) for i, name in enumerate(network.named)}


def of_float64(tree):
    return jax.tree.map(lambda a: jnp.asarray(a, jnp.float64), tree)


def test_it_is_the_blocks_one_after_another_in_values_state_and_gradients():
    repeated = Repeat(3, Dense(4), BatchNorm, Tanh)
    with jax.enable_x64(True):
        parameters, state = of_float64(repeated.initialize((4,), jax.random.key(0)))
        x = jnp.asarray(np.random.default_rng(0).normal(size=(6, 4)))
        network, plain = written_out(repeated, parameters)
        _, plain_state = written_out(repeated, state)

        def run(block, state):
            def loss(parameters):
                y, after = block.apply(parameters, state, x, Context(training=True))
                return (y * jnp.arange(4)).sum(), (y, after)

            return loss

        (_, (y, after)), gradient = value_and_grad(run(repeated, state), has_aux=True)(parameters)
        (_, (z, expected)), slope = jax.value_and_grad(run(network, plain_state), has_aux=True)(plain)
    np.testing.assert_allclose(y, z, rtol=1e-12)
    for ours, theirs in ((after, expected), (gradient, slope)):
        jax.tree.map(
            lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-12),
            *(written_out(repeated, ours)[1], theirs),
        )


def test_every_time_draws_weights_of_its_own_with_the_fan_of_one():
    parameters, _ = Repeat(50, Dense(40, initializer=Glorot())).initialize((40,), jax.random.key(0))
    weights = np.asarray(parameters["dense_1"]["weight"])
    assert weights.shape == (50, 40, 40)
    np.testing.assert_allclose(weights.var((1, 2)), 1 / 40, rtol=0.15)  # 2 / (40 + 40); 1600 draws vary by 3.5 %
    assert abs(np.corrcoef(weights.reshape(50, -1)) - np.eye(50)).max() < 0.15
    variable = Repeat(2, Dense(3, initializer="Orthogonal")).plan((3,)).parts["dense_1"].parameters["weight"]
    turned = variable.initializer(jax.random.key(1), variable.shape)
    np.testing.assert_allclose(turned @ turned.transpose(0, 2, 1), [np.eye(3)] * 2, atol=1e-6)


def test_dropout_drops_others_each_time():
    x = jnp.ones((2, 1000))
    y, _ = Repeat(2, Dropout(0.5)).apply({}, {}, x, Context(training=True, key=jax.random.key(0)))
    assert set(np.unique(y)) == {0.0, 4.0}
    assert 0.2 < float((y > 0).mean()) < 0.3


def test_an_observer_sees_every_time():
    repeated = Repeat(3, Dense(2), Tanh)
    parameters, state = repeated.initialize((2,), jax.random.key(0))
    x = jnp.ones((4, 2))
    seen = []
    for network, variables in ((repeated, parameters), written_out(repeated, parameters)):
        observer = Observer(lambda path, block, x, y: y.mean())
        network.apply(variables, state, x, Context(observe=observer))
        seen.append(observer.seen)
    assert list(seen[0]) == ["dense_1", "tanh_1"]
    np.testing.assert_allclose(seen[0]["tanh_1"], [seen[1][f"sequential_{i}/tanh_1"] for i in (1, 2, 3)], rtol=1e-6)


def test_the_summary_says_how_often_and_what_collapses():
    summary = read("Repeat(100, Dense(8), ReLU)").summary((8,))
    assert summary.rows[0].cells()[:4] == ("repeat_1/dense_1 × 100", "8", "7,200", "6,400")
    assert (summary.parameters, summary.neurons, summary.notes) == (7200, 800, ())
    windows = read("Repeat(4, Conv(2, 3, padding='same'), ReLU)").summary((20, 2))
    assert windows.rows[-1].reach.extent == (9,)
    (note,) = read("Repeat(3, Dense(2))").summary((2,)).notes
    assert note.startswith("repeat_1/dense_1 and repeat_1/dense_1 compose to one linear map")


def test_what_cannot_repeat_is_told():
    with pytest.raises(ShapeError, match=r"layer repeat_1: Repeat feeds its blocks their own output, of shape 4"):
        read("Repeat(2, Dense(4))").plan((3,))
    with pytest.raises(ShapeError, match=r"layer repeat_1/conv_1: "):
        read("Repeat(2, Conv(4, 3))").plan((2, 4))
    for count in (0, 1.5, "Dense"):
        with pytest.raises(SettingError, match="Repeat takes a whole number of count"):
            Repeat(count, Dense(4))
    with pytest.raises(NotationError, match="Repeat"):
        read("Repeat()")


def gradient_and_bytes(network, x):
    """The gradient of a training step, and the bytes that its program works in."""
    parameters, state = network.initialize(x.shape[1:], jax.random.key(0))
    parameters = of_float64(parameters)

    def loss(parameters):
        return jnp.square(network.apply(parameters, state, x, Context(training=True, key=jax.random.key(2)))[0]).sum()

    compiled = jax.jit(value_and_grad(loss)).lower(parameters).compile()
    return jax.tree.leaves(compiled(parameters)), compiled.memory_analysis().temp_size_in_bytes


@pytest.mark.parametrize("notation", ["{}", "Repeat(2, {})"])
def test_recomputed_blocks_have_the_same_gradients_in_less_memory(notation):
    # XLA merges what is computed twice wherever it sees both: without a barrier that holds, no memory is saved.
    blocks = "Dense(8), Tanh, Dropout(0.5), Dense(8), Tanh"
    with jax.enable_x64(True):
        x = jnp.asarray(np.random.default_rng(0).normal(size=(1000, 8)))
        wholes = [f"{kind}({blocks})" for kind in ("Sequential", "Recompute")]
        networks = [read(notation.format(", ".join([whole] * 3))) for whole in wholes]
        (plain, much), (again, less) = (gradient_and_bytes(network, x) for network in networks)
    for a, b in zip(plain, again, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-10, atol=1e-12)
    assert less < 0.7 * much, (less, much)
