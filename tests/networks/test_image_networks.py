"""The networks for images: published counts, versions for small images, gradients, and what they refuse."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import backlit as bl
from backlit.layers.notation import read
from backlit.networks.images import IMAGE_NETWORKS
from backlit.networks.named import network_named

every_network = pytest.mark.parametrize("name", IMAGE_NETWORKS)


def test_resnet50_has_sixteen_bottlenecks_of_which_four_project():
    network = network_named("resnet50", (224, 224, 3), 1000, 1)
    kinds = [type(block).__name__ for block in network.blocks]
    assert (kinds.count("Residual"), kinds.count("Parallel")) == (12, 4)


def test_the_stages_of_resnet18_halve_the_image():
    plan = network_named("resnet18", (224, 224, 3), 1000, 1).plan((224, 224, 3))
    sizes = [part.output[0] for part in plan.parts.values() if len(part.output) == 3]
    assert list(dict.fromkeys(sizes)) == [112, 56, 28, 14, 7]


@every_network
@pytest.mark.parametrize("input", [(28, 28, 1), (32, 32, 3), (96, 80, 3)], ids=str)
def test_the_outputs_are_the_classes_whatever_the_size_of_the_images(name, input):
    assert network_named(name, input, 7, 1).plan(input).output == (7,)


@pytest.mark.parametrize("name", ["googlenet", "resnet18", "resnet50"])
def test_small_images_keep_their_resolution_at_first(name):
    def first_map(size):
        plan = network_named(name, (size, size, 3), 10, 1).plan((size, size, 3))
        return next(iter(plan.parts.values())).output[0]

    assert (first_map(224), first_map(32)) == (112, 32)


def test_an_image_of_28_pixels_is_padded_to_the_32_of_lenet5():
    sizes = [network_named("lenet5", (side, side, 1), 10, 1).plan((side, side, 1)).size for side in (28, 32)]
    assert sizes == [61_706, 61_706]


@every_network
def test_the_notation_of_each_reads_back(name):
    network = network_named(name, (32, 32, 3), 10, 1)
    assert read(str(network)) == network


@every_network
def test_each_is_ready_to_train_on_images(name):
    images = np.random.default_rng(0).integers(0, 255, (40, 28, 28), np.uint8)
    run = bl.prepare(name, images, np.arange(40) % 4)
    assert run.network.plan((28, 28, 1)).output == (4,)
    own = {key: value for key, value in IMAGE_NETWORKS[name].settings.items() if key != "batch_size"}
    assert {key: getattr(run.settings, key) for key in own} == own


@pytest.mark.parametrize("optimizer", ["sgd", optax.sgd(0.1)], ids=["named", "given"])
def test_an_update_rule_of_the_users_own_comes_with_its_own_step_size(optimizer):
    images = np.random.default_rng(0).integers(0, 255, (40, 28, 28), np.uint8)
    own = bl.prepare("lenet5", images, np.arange(40) % 4)
    chosen = bl.prepare("lenet5", images, np.arange(40) % 4, optimizer=optimizer)
    assert chosen.settings.learning_rate != own.settings.learning_rate == 0.003
    assert chosen.settings.batch_size == own.settings.batch_size


@every_network
def test_what_is_no_image_is_refused(name):
    with pytest.raises(bl.ShapeError, match=r"takes images, \(height, width, channels\), and its input is 4"):
        network_named(name, (4,), 10, 1)


def test_the_gradients_within_a_compiled_loop_are_those_of_jax():
    network = bl.Sequential(
        *(bl.Conv(4, 3, padding=1), bl.ReLU()),
        bl.Parallel(bl.Conv(6, 3, stride=2, padding=1, partial="drop"), bl.Conv(6, 1, stride=2, partial="drop")),
        *(bl.BatchNorm(), bl.MaxPool(3, stride=2, padding="same"), bl.GlobalMeanPool(), bl.Dense(3)),
    )
    with jax.enable_x64(True):
        parameters, state = network.initialize((8, 8, 1), jax.random.key(0))
        parameters = jax.tree.map(lambda a: jnp.asarray(a, jnp.float64), parameters)
        x = jax.random.normal(jax.random.key(1), (4, 8, 8, 1), jnp.float64)

        def loss(parameters):
            y, _ = network.apply(parameters, state, x, bl.Context(training=True))
            return jnp.sum(y**2)

        looped = jax.jit(lambda p: jax.lax.scan(lambda _, i: (None, bl.grad(loss)(p)), None, jnp.arange(1))[1])
        found, expected = looped(parameters), jax.jit(jax.grad(loss))(parameters)
        jax.tree.map(lambda f, e: np.testing.assert_allclose(f[0], e, rtol=1e-9, atol=1e-9), found, expected)
