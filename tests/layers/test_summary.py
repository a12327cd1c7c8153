"""The summary tells sizes, costs and receptive fields, and what a network cannot do, from the plan alone."""

import numpy as np
import pytest

from backlit.layers.activation import Linear, ReLU, Sigmoid, Tanh
from backlit.layers.composition import Parallel, Residual, Sequential
from backlit.layers.dense import Dense
from backlit.layers.normalization import BatchNorm
from backlit.layers.plan import EVERYTHING, POINT, Reach
from backlit.layers.preprocessing import Standardize
from backlit.layers.regularization import Dropout
from backlit.layers.reshaping import Flatten


def test_the_table():
    assert str(Sequential(Dense(4), Sigmoid, Dense(2)).summary((3,))) == "\n".join(
        [
            "layer      output  parameters  multiply-adds  receptive field",
            "─────────────────────────────────────────────────────────────",
            "input           3",
            "dense_1         4          16             12              all",
            "sigmoid_1       4           0              0              all",
            "dense_2         2          10              8              all",
            "─────────────────────────────────────────────────────────────",
            "6 neurons, 26 parameters (20 weights + 6 biases), 20 multiply-adds an example",
        ]
    )


def test_rows_of_nested_compositions_have_their_paths():
    network = Sequential(Residual(Dense(3), ReLU), Parallel(Linear, Sequential(Dense(2), Tanh)), Sequential())
    assert [(row.path, row.output) for row in network.summary((3,)).rows] == [
        ("residual_1/dense_1", (3,)),
        ("residual_1/relu_1", (3,)),
        ("parallel_1/linear_1", (3,)),
        ("parallel_1/sequential_1/dense_1", (2,)),
        ("parallel_1/sequential_1/tanh_1", (2,)),
        ("sequential_1", (5,)),
    ]


def test_a_layer_alone_and_a_network_without_layers():
    assert [row.path for row in Dense(4).summary((3,)).rows] == ["Dense(4)"]
    empty = Sequential().summary((3,))
    assert (empty.output, empty.parameters, empty.multiply_adds, empty.neurons) == ((3,), 0, 0, 0)


def test_scales_shifts_and_statistics_are_neither_weights_nor_biases():
    summary = Sequential(Standardize, Dense(4), BatchNorm).summary((3,))
    assert (summary.weights, summary.biases, summary.others, summary.parameters) == (12, 4, 8, 24)
    assert summary.frozen == 2 * 3 + 2 * 4
    assert "24 parameters (12 weights + 4 biases + 8 others)" in summary.totals
    assert "14 values kept but not trained" in summary.totals


def test_costs_count_every_position():
    summary = Sequential(Dense(4)).summary((2, 5, 3))
    assert (summary.multiply_adds, summary.neurons, summary.parameters) == (2 * 5 * 3 * 4, 2 * 5 * 4, 16)


def test_a_network_of_any_size_is_summarized_without_its_parameters():
    summary = Sequential(Dense(10**9), ReLU, Dense(10**9)).summary((10**9,))
    assert summary.parameters == 2 * (10**18 + 10**9)


@pytest.mark.parametrize(
    ("network", "runs"),
    [
        (Sequential(Dense(4), Dense(2)), ["dense_1 and dense_2 compose"]),
        (Sequential(Dense(4), Dropout, Linear, BatchNorm, Dense(2)), ["dense_1 and dense_2 compose"]),
        (Sequential(Dense(4), Dense(4), Dense(4), ReLU, Dense(2)), ["dense_1, dense_2 and dense_3 compose"]),
        (
            Sequential(Dense(3), Residual(Dense(3), Dense(3))),
            ["dense_1 and residual_1 c", "residual_1/dense_1 and resi"],
        ),
        (Sequential(Dense(3), Sequential(Dense(2), ReLU)), ["dense_1 and sequential_1/dense_1 compose"]),
        (
            Sequential(Sequential(ReLU, Dense(3)), Sequential(Sequential(Dense(2)), ReLU)),
            ["sequential_1/dense_1 and sequential_2/sequential_1/dense_1 compose"],
        ),
        (Sequential(Parallel(Linear, Sequential(Dense(4), Dense(4))), ReLU), ["parallel_1/sequential_1/dense_1 and"]),
        (Sequential(Dense(3), Residual(Dense(3), ReLU), Dense(2)), []),
        (Sequential(Dense(3), Sequential(ReLU, Dense(2))), []),
        (Sequential(Parallel(Dense(4), Dense(4)), ReLU), []),
        (Sequential(Standardize, Flatten, Dense(4), Sigmoid, Dense(2)), []),
        (Sequential(Dense(4), Parallel(Linear, Tanh), Dense(2)), []),
        (Sequential(), []),
    ],
)
def test_linear_layers_in_a_row_are_noted(network, runs):
    notes = network.summary((3,)).notes
    assert len(notes) == len(runs)
    assert all(note.startswith(run) for note, run in zip(notes, runs, strict=True))
    assert str(network.summary((3,))).count("note: ") == len(runs)


def extent(windows):
    """The receptive field of 1-D windows (size, stride), by following one unit back to the inputs it sees."""
    seen = np.array([0])
    for size, stride in reversed(windows):
        seen = np.unique((seen[:, None] * stride + np.arange(size)).ravel())
    return int(np.ptp(seen)) + 1


@pytest.mark.parametrize("windows", [[(3, 1)], [(3, 1), (3, 1)], [(3, 1), (2, 2), (3, 1)], [(5, 2), (3, 2), (2, 2)]])
def test_the_reach_of_windows_in_a_row(windows):
    reach = POINT
    for size, stride in windows:
        reach = reach.then(Reach((size,), (stride,))).then(POINT)
    assert reach.size == (extent(windows),)


def test_the_reach_of_branches_and_of_what_sees_everything():
    wide, narrow = Reach((5, 3), (1, 1)), Reach((3, 7), (1, 1))
    assert wide.beside(narrow).size == (5, 7)
    assert wide.beside(POINT) == POINT.beside(wide) == wide
    assert wide.beside(EVERYTHING) == EVERYTHING.then(wide) == wide.then(EVERYTHING) == EVERYTHING
    assert wide.then(Reach((3,), (1,))) == wide.beside(Reach((3,), (1,))) == EVERYTHING


def test_the_reach_says_where_a_window_begins():
    same, pool = Reach((3,), (1,), (-1,)), Reach((2,), (2,), (0,))
    assert same.then(pool).seen_from((3,)) == ((5, 8),)
    assert same.then(pool).then(same).seen_from((0,)) == ((-3, 4),)
    assert Reach((5,), (1,), (-2,)).beside(same) == Reach((5,), (1,), (-2,))
    assert Reach((2,), (1,), (0,)).beside(Reach((2,), (1,), (-1,))) == Reach((3,), (1,), (-1,))
