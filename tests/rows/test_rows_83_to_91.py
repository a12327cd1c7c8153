"""Rows 83 to 91: convolution, its sizes and paddings, pooling, and the receptive field."""

import itertools
import json
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.signal import convolve2d, correlate2d
from sklearn.datasets import load_digits

import backlit as bl
from backlit.cli import main

BOARD = np.asarray([[1, 1, 2, 5], [5, 7, 7, 8], [3, 1, 1, 0], [1, 2, 3, 4]], np.float64)


def apply(layer, x, parameters=None):
    """The layer's output for one example."""
    return np.asarray(layer.apply(parameters or {}, {}, jnp.asarray(x)[None], bl.Context())[0][0])


def draw(layer, input, seed=0):
    """Parameters that are nowhere zero, in float64."""
    rng = np.random.default_rng(seed)
    return {name: jnp.asarray(rng.normal(size=v.shape)) for name, v in layer.plan(input).parameters.items()}


@pytest.fixture(autouse=True)
def double():
    with jax.enable_x64(True):
        yield


def loops(x, weight, bias, stride):
    """The sum of the definition, one number at a time."""
    height, width, _, filters = weight.shape
    y = np.empty(((x.shape[0] - height) // stride + 1, (x.shape[1] - width) // stride + 1, filters))
    for row, column, filter in np.ndindex(*y.shape):
        y[row, column, filter] = bias[filter]
        for i, j, channel in np.ndindex(*weight.shape[:3]):
            y[row, column, filter] += x[row * stride + i, column * stride + j, channel] * weight[i, j, channel, filter]
    return y


@pytest.mark.parametrize("stride", [1, 2])
def test_row_83_the_layer_equals_the_sum_in_loops(stride):
    """`bl.Conv(4, (3, 2))`"""
    x, layer = np.random.default_rng(1).normal(size=(7, 6, 3)), bl.Conv(4, (3, 2), stride=stride)
    parameters = draw(layer, x.shape)
    expected = loops(x, *map(np.asarray, (parameters["weight"], parameters["bias"])), stride)
    np.testing.assert_allclose(apply(layer, x, parameters), expected, rtol=1e-12)


def test_row_83_it_is_the_cross_correlation_and_the_docstring_says_so():
    x, kernel = np.random.default_rng(1).normal(size=(7, 6)), np.random.default_rng(2).normal(size=(3, 2))
    layer = bl.Conv(1, (3, 2), bias=False)
    y, flipped = (
        apply(layer, x[..., None], {"weight": w[..., None, None]})[..., 0] for w in (kernel, kernel[::-1, ::-1])
    )
    np.testing.assert_allclose(y, correlate2d(x, kernel, "valid"), rtol=1e-12)
    np.testing.assert_allclose(flipped, convolve2d(x, kernel, "valid"), rtol=1e-12)
    assert "cross-correlation" in bl.Conv.__doc__


def test_row_83_a_filter_of_differences_finds_the_edge():
    image = np.zeros((5, 6, 1))
    image[:, 3:] = 1
    y = apply(bl.Conv(1, (1, 2), bias=False), image, {"weight": jnp.asarray([-1.0, 1.0]).reshape(1, 2, 1, 1)})
    np.testing.assert_array_equal(y[..., 0], np.tile([0, 0, 1, 0, 0], (5, 1)))


@pytest.mark.parametrize("layer", [bl.Conv, bl.LocallyConnected, bl.MaxPool, bl.MeanPool, bl.MedianPool])
def test_row_84_the_size_of_the_output_is_the_formulas(layer):
    """`backlit summary "Conv(1, 3, stride=3)" --input 7,1`"""
    settings = {} if issubclass(layer, bl.MaxPool | bl.MeanPool | bl.MedianPool) else {"filters": 1}
    name = "kernel" if settings else "window"
    for size, window, padding, stride in itertools.product((6, 7), (2, 3), (0, 1), (1, 2, 3)):
        block = layer(**settings, **{name: window}, stride=stride, padding=padding)
        room = size - window + 2 * padding
        if room % stride:
            with pytest.raises(bl.ShapeError, match="is not a whole number"):
                block.plan((size, 1))
        else:
            assert block.plan((size, 1)).output == (room // stride + 1, 1)
            given = partial(block.apply, context=bl.Context())
            output, _ = jax.eval_shape(given, draw(block, (size, 1)), {}, np.ones((2, size, 1)))
            assert output.shape == (2, room // stride + 1, 1)


def test_row_84_the_example_and_the_error_with_the_sizes_that_fit():
    assert bl.Conv(1, 3).plan((7, 1)).output == (5, 1)
    assert bl.Conv(1, 3, stride=2).plan((7, 1)).output == (3, 1)
    with pytest.raises(bl.ShapeError) as refused:
        bl.Conv(1, 3, stride=3).plan((7, 1))
    said = str(refused.value)
    assert "(7 − 3 + 2·0)/3 + 1 is not a whole number, and the last 1 of 7 positions would be left out" in said
    for repair in ("W = 6 or 9 fits", "padding=1", "padding='same'", "partial='drop'"):
        assert repair in said
    assert bl.Conv(1, 3, stride=3).plan((6, 1)).output == (2, 1)
    assert bl.Conv(1, 3, stride=3).plan((9, 1)).output == (3, 1)
    assert bl.Conv(1, 3, stride=3, padding=1).plan((7, 1)).output == (3, 1)
    assert bl.Conv(1, 3, stride=3, padding="same").plan((7, 1)).output == (3, 1)
    assert bl.Conv(1, 3, stride=3, partial="drop").plan((7, 1)).output == (2, 1)


def test_row_84_the_error_on_the_command_line(capsys):
    with pytest.raises(SystemExit) as end:
        main(["summary", "Conv(1, 3, stride=3)", "--input", "7,1"])
    assert end.value.code != 0
    assert "layer conv_1" in (said := capsys.readouterr().err)
    assert "W = 6 or 9 fits" in said


@pytest.mark.parametrize("window", [1, 2, 3, 5])
def test_row_85_valid_same_and_full(window):
    """`bl.Conv(1, 3, padding="full")`, or "same", or "valid": none"""
    x, kernel = np.random.default_rng(0).normal(size=(8, 7)), np.random.default_rng(1).normal(size=(window, window))
    sizes = {"valid": (9 - window, 8 - window), "same": (8, 7), "full": (7 + window, 6 + window)}
    for padding, size in sizes.items():
        layer = bl.Conv(1, window, padding=padding, bias=False)
        assert layer.plan((8, 7, 1)).output == (*size, 1)
        y = apply(layer, x[..., None], {"weight": jnp.asarray(kernel)[..., None, None]})[..., 0]
        full = correlate2d(x, kernel, "full")
        cut = {"valid": window - 1, "same": window // 2, "full": 0}[padding]
        np.testing.assert_allclose(y, full[cut : cut + size[0], cut : cut + size[1]], rtol=1e-10)


LAYERS = [
    bl.Conv(3, 3, stride=2, padding=1),
    bl.Conv(3, 1),
    bl.LocallyConnected(3, 2, stride=1),
    bl.Conv(3, 2, padding="full", dilation=2),
]


@pytest.mark.parametrize("layer", LAYERS, ids=str)
def test_row_86_gradients_equal_finite_differences(layer):
    """`bl.check_gradients(loss, parameters, x)`"""
    x = np.random.default_rng(0).normal(size=(2, 5, 5, 2))

    def loss(parameters, x):
        return jnp.sin(layer.apply(parameters, {}, x, bl.Context())[0]).sum()

    assert bl.check_gradients(loss, draw(layer, (5, 5, 2)), jnp.asarray(x)) < 1e-6


def test_row_86_a_1_by_1_convolution_is_a_dense_layer_at_every_position():
    x, layer = np.random.default_rng(0).normal(size=(4, 5, 3)), bl.Conv(2, 1)
    parameters = draw(layer, x.shape)
    dense = {"weight": parameters["weight"][0, 0], "bias": parameters["bias"]}
    np.testing.assert_allclose(apply(layer, x, parameters), apply(bl.Dense(2), x, dense), rtol=1e-12)


def test_row_86_a_convolution_is_a_locally_connected_layer_that_shares_its_weights():
    x, shared, local = np.random.default_rng(0).normal(size=(1, 5, 6, 2)), bl.Conv(3, 2), bl.LocallyConnected(3, 2)
    one = draw(shared, (5, 6, 2))
    spread = {
        "weight": jnp.broadcast_to(one["weight"].reshape(-1, 3), (4, 5, 8, 3)),
        "bias": jnp.broadcast_to(one["bias"], (4, 5, 3)),
    }
    np.testing.assert_allclose(apply(local, x[0], spread), apply(shared, x[0], one), rtol=1e-12)

    def loss(layer):
        return lambda parameters: jnp.sin(layer.apply(parameters, {}, jnp.asarray(x), bl.Context())[0]).sum()

    together, apart = bl.grad(loss(shared))(one), bl.grad(loss(local))(spread)
    np.testing.assert_allclose(together["weight"].reshape(-1, 3), apart["weight"].sum((0, 1)), rtol=1e-10)
    np.testing.assert_allclose(together["bias"], apart["bias"].sum((0, 1)), rtol=1e-10)


POOLS = {bl.MaxPool: np.nanmax, bl.MeanPool: np.nanmean, bl.MedianPool: np.nanmedian}


@pytest.mark.parametrize("pool", POOLS, ids=lambda pool: pool.__name__)
@pytest.mark.parametrize(("window", "stride", "padding"), [(2, None, 0), (3, 2, 0), ((2, 3), 1, (0, 1)), (4, 3, 2)])
def test_row_87_each_pool_is_numpys_statistic_of_each_window(pool, window, stride, padding):
    """`bl.MaxPool(3, stride=2)`, `bl.MeanPool(2)`, `bl.MedianPool(3)`"""
    x = np.random.default_rng(0).normal(size=(9, 7, 2))
    y = apply(pool(window, stride=stride, padding=padding, partial="drop"), x)
    margins = padding if isinstance(padding, tuple) else (padding, padding)
    windows = window if isinstance(window, tuple) else (window, window)
    steps = windows if stride is None else (stride, stride)
    padded = np.pad(x, [(margins[0],) * 2, (margins[1],) * 2, (0, 0)], constant_values=np.nan)
    for row, column, channel in np.ndindex(*y.shape):
        top, left = row * steps[0], column * steps[1]
        held = padded[top : top + windows[0], left : left + windows[1], channel]
        np.testing.assert_allclose(y[row, column, channel], POOLS[pool](held), rtol=1e-12)


def test_row_88_the_board_by_hand():
    """`bl.MaxPool(2)`, `bl.MeanPool(2)`, `bl.MaxPool(2, stride=1)`"""
    board = BOARD[..., None]
    np.testing.assert_array_equal(apply(bl.MaxPool(2), board)[..., 0], [[7, 8], [3, 4]])
    np.testing.assert_array_equal(apply(bl.MeanPool(2), board)[..., 0], [[3.5, 5.5], [1.75, 2]])
    stepwise = apply(bl.MaxPool(2, stride=1), board)[..., 0]
    np.testing.assert_array_equal(stepwise, [[7, 7, 8], [7, 7, 8], [3, 3, 4]])


def test_row_89_of_all_places_of_a_dot_a_shift_changes_one_in_the_window():
    """`bl.MaxPool(3)` of an image and of its shift: the share of places where they are equal"""
    dots = np.eye(12)[:11, None, :, None]  # one bright pixel in a row, at each place but the last
    for window in (1, 2, 3, 4, 6):
        unchanged = [
            (apply(bl.MaxPool((1, window)), dot) == apply(bl.MaxPool((1, window)), np.roll(dot, 1, 1))).all()
            for dot in dots
        ]
        stays = sum(place % window != window - 1 for place in range(11))
        assert sum(unchanged) == stays
        print(f"a dot shifted by a pixel, MaxPool({window}): {sum(unchanged)} of 11 outputs stay the same")


def test_row_89_the_wider_the_pool_the_less_a_shifted_digit_changes():
    digits = jnp.asarray(np.pad(load_digits().images[:200], ((0, 0), (2, 2), (2, 2)))[..., None])
    edges = jnp.asarray(np.random.default_rng(0).normal(size=(3, 3, 1, 8)))
    scores = {}
    for window in (1, 2, 5):
        network = bl.Sequential(bl.Conv(8, 3, bias=False), bl.ReLU, bl.MaxPool(window))
        still, moved = (
            network.apply({"conv_1": {"weight": edges}}, {}, x, bl.Context())[0].reshape(200, -1)
            for x in (digits, jnp.roll(digits, 1, 2))
        )
        lengths = jnp.linalg.norm(still, axis=1) * jnp.linalg.norm(moved, axis=1)
        scores[window] = float(((still * moved).sum(1) / lengths).mean())
        print(f"digits shifted by a pixel, MaxPool({window}): cosine of their features {scores[window]:.3f}")
    assert scores[1] < scores[2] < scores[5] < 1


def extent(network, input):
    """How many positions of the input change the middle one of the output, and the summary's receptive field."""
    parameters, state = network.initialize(input, jax.random.key(0))
    parameters = jax.tree.map(lambda leaf: jnp.abs(leaf.astype(jnp.float64)) + 0.1, parameters)
    middle = network.plan(input).output[0] // 2
    x = jnp.asarray(np.random.default_rng(0).normal(size=(64, *input)))

    def unit(x):
        return network.apply(parameters, state, x, bl.Context())[0][:, middle].sum()

    seen = np.nonzero(np.abs(bl.grad(unit)(x)).sum((0, 2)))[0]
    return np.ptp(seen) + 1, network.summary(input).rows[-1].reach.extent


@pytest.mark.parametrize(("depth", "field"), [(1, 3), (2, 5), (3, 7)])
def test_row_90_three_positions_then_five_then_seven(depth, field):
    """`backlit summary "Conv(1, 3), Conv(1, 3), Conv(1, 3)" --input 20,1`, the last column"""
    assert extent(bl.Sequential(*[bl.Conv(1, 3)] * depth), (20, 1)) == (field, (field,))


@pytest.mark.parametrize(
    ("windows", "strides"), [((3, 2, 5), (1, 2, 1)), ((2, 3, 3), (2, 2, 1)), ((4, 1, 3), (3, 1, 2))]
)
def test_row_90_the_formula_is_the_extent_of_the_gradient_and_the_summarys(windows, strides):
    network = bl.Sequential(*(bl.Conv(2, k, stride=s, partial="drop") for k, s in zip(windows, strides, strict=True)))
    field = 1 + sum((k - 1) * np.prod(strides[:layer], dtype=int) for layer, k in enumerate(windows))
    assert extent(network, (40, 2)) == (field, (field,))


def test_row_90_dilation_widens_it():
    assert extent(bl.Sequential(bl.Conv(1, 3, dilation=4), bl.Conv(1, 2)), (30, 1)) == (10, (10,))


@pytest.mark.parametrize(("notation", "field"), [("MaxPool(2), Conv(1, 3)", 6), ("Conv(1, 3), MaxPool(2)", 4)])
def test_row_91_pooling_widens_what_later_layers_see(notation, field, capsys):
    """`backlit summary "MaxPool(2), Conv(1, 3)" --input 20,1`, the last column"""
    assert extent(bl.network(notation), (20, 1)) == (field, (field,))
    with pytest.raises(SystemExit):
        main(["summary", notation, "--input", "20,1", "--json"])
    assert json.loads(capsys.readouterr().out)["layers"][-1]["receptive_field"] == [field]
