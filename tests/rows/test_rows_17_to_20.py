"""Rows 17 to 20: the parameters of convolutional, locally connected and pooling layers."""

import json
import tracemalloc

import jax
import pytest

import backlit as bl
from backlit.cli import main

EXAMPLE = (
    "Conv(8, 3, padding='same'), ReLU, Conv(16, 5, stride=2, padding='same'), ReLU, Flatten, Dense(512), ReLU, Dense(4)"
)


def test_row_17_the_example_network_has_2103156_parameters():
    """`bl.network("Conv(8, 3, padding='same'), ReLU, …, Dense(4)").summary((32, 32, 3))`"""
    summary = bl.network(EXAMPLE).summary((32, 32, 3))
    parameters = {row.path: row.parameters for row in summary.rows if row.parameters}
    assert parameters == {"conv_1": 224, "conv_2": 3_216, "dense_1": 2_097_664, "dense_2": 2_052}
    assert summary.parameters == 2_103_156


def test_row_17_on_the_command_line_with_shapes_and_receptive_fields(capsys):
    with pytest.raises(SystemExit) as end:
        main(["summary", EXAMPLE, "--input", "32,32,3", "--json"])
    assert end.value.code == 0
    said = json.loads(capsys.readouterr().out)
    assert said["parameters"] == 2_103_156
    seen = [(tuple(row["output"]), row["receptive_field"]) for row in said["layers"]]
    first, second, dense, last = ((32, 32, 8), [3, 3]), ((16, 16, 16), [7, 7]), ((512,), None), ((4,), None)
    assert seen == [first, first, second, second, ((4096,), [7, 7]), dense, dense, last]


def test_row_18_16_filters_of_3_by_3_on_color_images():
    """`backlit summary "Conv(16, 3)" --input 32,32,3`"""
    plan = bl.Conv(16, 3).plan((32, 32, 3))
    assert (plan.size, plan.output) == (16 * (3 * 3 * 3 + 1), (30, 30, 16))
    assert plan.size == 448


def test_row_19_a_locally_connected_layer_is_counted_without_being_allocated():
    """`backlit summary "LocallyConnected(1, 10, padding='same', bias=False)" --input 1000,1000,1`"""
    held = sum(array.nbytes for array in jax.live_arrays())
    tracemalloc.start()
    summary = bl.network("LocallyConnected(1, 10, padding='same', bias=False)").summary((1000, 1000, 1))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert (summary.neurons, summary.parameters) == (1_000_000, 100_000_000)
    assert sum(array.nbytes for array in jax.live_arrays()) == held
    assert peak < 10_000_000


@pytest.mark.parametrize("pool", ["MaxPool(2)", "MeanPool(2)", "MedianPool(2)", "GlobalMaxPool", "GlobalMeanPool"])
def test_row_20_pooling_has_no_parameters(pool):
    """`backlit summary "MaxPool(2)" --input 32,32,3`"""
    network = bl.network(pool)
    summary = network.summary((32, 32, 3))
    assert (summary.parameters, summary.frozen) == (0, 0)
    assert network.initialize((32, 32, 3), jax.random.key(0)) == ({}, {})
