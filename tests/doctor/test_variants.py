"""The same network with one thing changed, in the notation before and after."""

import pytest

from backlit.doctor.experiments.variants import (
    wider,
    with_activations,
    with_initializers,
    with_relu,
    without_dropout,
)
from backlit.layers.notation import read, write


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("Dense(8), Sigmoid, Dense(8), Tanh, Dense(3)", "Dense(8), ReLU, Dense(8), ReLU, Dense(3)"),
        ("Dense(8), Sigmoid, Dense(1), Sigmoid", "Dense(8), ReLU, Dense(1), Sigmoid"),  # a head's is no hidden one
        ("Dense(8, initializer='LeCun'), Tanh, Dense(3)", "Dense(8), ReLU, Dense(3)"),
        ("Dense(8, initializer='LeCun'), ReLU, Dense(3)", "Dense(8, initializer='LeCun'), ReLU, Dense(3)"),
        ("Dense(8), Residual(Dense(8), Tanh), Dense(3)", "Dense(8), Residual(Dense(8), ReLU), Dense(3)"),
        ("Sequential(Dense(8), Tanh), Dense(1), Tanh", "Sequential(Dense(8), ReLU), Dense(1), Tanh"),
        ("Dense(8), Tanh, Sequential(Dense(1), Tanh)", "Dense(8), ReLU, Sequential(Dense(1), Tanh)"),
        ("Dense(8, initializer='LeCun'), ReLU, Dense(1), Sigmoid",) * 2,
    ],
)
def test_relu_for_squashing_units(before, after):
    assert write(with_relu(read(before))) == write(read(after))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("Dense(8), Dense(8), Dense(3)", "Dense(8), ReLU, Dense(8), ReLU, Dense(3)"),
        ("Conv(4, 3), Flatten, Dense(3)", "Conv(4, 3), Flatten, ReLU, Dense(3)"),
        ("Dense(8), Linear, Dense(3)", "Dense(8), Linear, ReLU, Dense(3)"),
        ("Dense(8), Tanh, Dense(3)", "Dense(8), Tanh, Dense(3)"),
        ("Conv(4, 3), MaxPool(2), Flatten, Dense(3)", "Conv(4, 3), MaxPool(2), Flatten, Dense(3)"),
        ("Dense(3)", "Dense(3)"),
    ],
)
def test_relu_between_linear_layers(before, after):
    assert write(with_activations(read(before))) == write(read(after))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("Dense(2), ReLU, Dense(10)", "Dense(64), ReLU, Dense(10)"),
        ("Dense(100), Tanh, Dense(10)", "Dense(200), Tanh, Dense(10)"),
        ("Dense(10)", "Dense(64), ReLU, Dense(10)"),
        ("Conv(2, 3), ReLU, Flatten, Dense(10)", "Conv(16, 3), ReLU, Flatten, Dense(64), ReLU, Dense(10)"),
        ("LSTM(4), Dense(10)", "LSTM(64), Dense(64), ReLU, Dense(10)"),
        ("Dense(2), ReLU, Sequential(Dense(4), Dense(3))", "Dense(64), ReLU, Sequential(Dense(64), Dense(3))"),
        ("Flatten, Sequential(Dense(3))", "Flatten, Sequential(Dense(64), ReLU, Dense(3))"),
    ],
)
def test_wider_networks_keep_their_head(before, after):
    assert write(wider(read(before))) == write(read(after))


def test_a_network_as_initializers_are_by_default():
    before = "Dense(8, initializer=Constant(0.0)), ReLU, Dense(3, initializer='LeCun')"
    assert write(with_initializers(read(before))) == write(read("Dense(8), ReLU, Dense(3)"))
    inside = "Dense(8), Residual(Dense(8, initializer=Constant(1.0)), Tanh), Dense(3)"
    assert write(with_initializers(read(inside))) == write(read("Dense(8), Residual(Dense(8), Tanh), Dense(3)"))


def test_without_dropout_nothing_is_omitted_and_no_noise_added():
    before = "Noise(0.3), Dense(8), Dropout(0.9), Sequential(Dense(4), Dropout), Dense(3)"
    after = "Noise(0.0), Dense(8), Dropout(0.0), Sequential(Dense(4), Dropout(0.0)), Dense(3)"
    assert write(without_dropout(read(before))) == write(read(after))
