"""Hyperparameters are checked as a layer is built, and kept as plain Python values."""

import jax
import numpy as np
import pytest

from backlit.errors import SettingError, ShapeError
from backlit.functions.activations import ACTIVATIONS
from backlit.functions.initializers import He, Normal
from backlit.layers.activation import ELU, ActivationLayer, GeneralizedReLU, LeakyReLU, ReLU, Swish
from backlit.layers.composition import Parallel, Sequential
from backlit.layers.dense import Dense
from backlit.layers.normalization import BatchNorm
from backlit.layers.preprocessing import OneHot, Standardize
from backlit.layers.registry import LAYERS
from backlit.layers.regularization import Dropout


@pytest.mark.parametrize(
    ("build", "words"),
    [
        (lambda: Dense(0), "Dense takes a whole number of units, from 1 to 2,147,483,647, not 0"),
        (lambda: Dense(2.0), "units"),
        (lambda: Dense(True), "units"),
        (lambda: Dense("64"), "units"),
        (lambda: Dense(2**31), "units"),
        (lambda: Dense(3, bias=1), "bias=True or bias=False"),
        (lambda: Dense(3, initializer="Hee"), "He"),
        (lambda: Dense(3, initializer=0.1), "initializer"),
        (lambda: Dense(3, initializer=lambda key, shape, dtype: 0), "initializer"),
        (lambda: LeakyReLU(-0.1), "slope from 0 to 1, not -0.1"),
        (lambda: LeakyReLU(float("nan")), "slope"),
        (lambda: GeneralizedReLU(float("inf")), "alpha"),
        (lambda: ELU(-1), "alpha"),
        (lambda: Swish("1"), "beta"),
        (lambda: Swish(10**400), "beta"),
        (lambda: Dropout(1), "rate of at least 0 and below 1, not 1"),
        (lambda: Dropout(False), "rate"),
        (lambda: BatchNorm(momentum=1), "momentum"),
        (lambda: BatchNorm(epsilon=0), "epsilon"),
        (lambda: BatchNorm(epsilon=float("inf")), "epsilon"),
        (lambda: OneHot(()), "categories"),
        (lambda: OneHot((-1,)), "categories"),
        (lambda: OneHot(3), "categories"),
        (lambda: Standardize((0.5,)), "skip"),
        (lambda: Standardize("ab"), "skip"),
        (lambda: Parallel(), "at least one branch"),
        (lambda: Parallel(ReLU, combine="multiply"), "combine"),
        (lambda: Sequential(3), "made of layers"),
        (lambda: Sequential("ReLU"), "made of layers"),
        (lambda: Sequential(Dense), "Dense needs its settings"),
    ],
)
def test_a_setting_out_of_range_is_named(build, words):
    with pytest.raises(SettingError, match=words.replace("(", r"\(")):
        build()


@pytest.mark.parametrize("shape", [(0,), (-1, 3), (2.5,), "ab", (True,), None, (2**31,)])
def test_a_shape_that_is_none_is_refused(shape):
    with pytest.raises(ShapeError, match="sizes of at least 1"):
        Sequential(ReLU).summary(shape)


def test_numpy_numbers_and_lists_become_plain_ones():
    assert str(Dense(np.int64(3))) == "Dense(3)"
    assert type(Dropout(np.float32(0.5)).rate) is float
    assert hash(Standardize([0, np.int32(1)])) == hash(Standardize((0, 1)))
    assert Sequential(ReLU).summary(3) == Sequential(ReLU()).summary([3])


def test_an_initializer_may_be_a_class():
    assert Dense(3, initializer=Normal) == Dense(3, initializer=Normal())
    assert Dense(3, initializer=He).initialize((2,), jax.random.key(0))[0]["weight"].shape == (2, 3)


def test_blocks_are_values():
    def network(units):
        return Sequential(Dense(units, initializer=Normal(0.1)), ReLU)

    assert network(3) == network(3)
    assert hash(network(3)) == hash(network(3))
    assert network(3) != network(4)
    assert Sequential(ReLU) != Sequential(Sequential(ReLU))
    assert Parallel(ReLU) != Sequential(ReLU)


def test_the_settings_of_activations_are_those_of_their_functions():
    layers = {name: layer() for name, layer in LAYERS.items() if issubclass(layer, ActivationLayer)}
    assert set(layers) == set(ACTIVATIONS)
    for name, layer in layers.items():
        assert layer.activation is ACTIVATIONS[name]
        assert layer.settings == dict(ACTIVATIONS[name].parameters)
