"""The forms that operations are given for speed: the same numbers, and a graph that shows the operations themselves."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import lax

from backlit.graph import accelerate, grad, trace, vjp

AXES = {1: ("NWC", "WIO", "NWC"), 2: ("NHWC", "HWIO", "NHWC"), 3: ("NDHWC", "DHWIO", "NDHWC")}


def whole(*shape, seed=0):
    """Whole numbers, whose sums and products are exact."""
    return jnp.asarray(np.random.default_rng(seed).integers(-8, 9, shape), jnp.float32)


@pytest.mark.parametrize(
    ("image", "kernel", "stride", "padding"),
    [
        ((2, 28, 28, 1), (5, 5, 1, 6), (1, 1), 2),
        ((2, 14, 14, 6), (5, 5, 6, 16), (1, 1), 0),
        ((2, 8, 9, 3), (3, 4, 3, 5), (2, 1), 3),
        ((2, 30, 2), (7, 2, 3), (1,), 3),
        ((8, 6, 10, 9), (3, 5, 9, 2), (1, 1), 3),
        ((64, 5, 7, 9), (2, 3, 9, 4), (2, 2), 0),
    ],
    ids=str,
)
def test_a_convolution_of_few_filters_and_its_gradients(image, kernel, stride, padding):
    def convolve(x, w):
        sides = [(padding, padding)] * len(stride)
        return lax.conv_general_dilated(x, w, stride, sides, dimension_numbers=AXES[len(stride)])

    @jax.jit
    def both(x, w):
        found, pull = vjp(convolve, x, w)
        expected, jax_pull = jax.vjp(convolve, x, w)
        upstream = jnp.round(jnp.sin(expected) * 4)
        return (accelerate(convolve)(x, w), found, *pull(upstream)), (expected, expected, *jax_pull(upstream))

    for ours, theirs in zip(*both(whole(*image), whole(*kernel, seed=1)), strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_a_loop_of_recomputed_convolutions_has_their_form_inside():
    def turn(x, w):
        convolve = jax.checkpoint(lambda x: lax.conv_general_dilated(x, w, (1, 1), "SAME", dimension_numbers=AXES[2]))
        return jnp.clip(convolve(x), -8, 8), x.sum()

    def loop(x, ws):
        return lax.scan(turn, x, ws, reverse=True)

    x, ws = whole(2, 4, 8, 3), whole(3, 3, 3, 3, 3, seed=1)
    for ours, theirs in zip(*map(jax.tree.leaves, (accelerate(loop)(x, ws), loop(x, ws))), strict=True):
        np.testing.assert_array_equal(ours, theirs)
    assert ("concatenate" in str(jax.make_jaxpr(accelerate(loop))(x, ws))) == (jax.default_backend() == "cpu")


@pytest.mark.parametrize("batch", [96, 128], ids=["in one part", "in four parts"])
def test_the_gradient_of_a_kernel_sums_over_all_examples(batch):
    x, upstream = whole(batch, 3, 4, 2), whole(batch, 2, 2, 3, seed=1)

    def loss(w):
        return (lax.conv_general_dilated(x, w, (1, 1), "VALID", dimension_numbers=AXES[2]) * upstream).sum()

    images, above = np.asarray(x, np.float64), np.asarray(upstream, np.float64)
    windows = np.lib.stride_tricks.sliding_window_view(images, (2, 3), axis=(1, 2))
    expected = np.einsum("bpqikl,bpqo->klio", windows, above)
    np.testing.assert_array_equal(grad(loss)(whole(2, 3, 2, 3, seed=2)), expected)


@pytest.mark.parametrize("kind", ["max", "min", "add"])
def test_a_pool_of_windows_side_by_side(kind):
    x = whole(2, 7, 6, 3).at[0, 1, 1, 0].set(jnp.nan)
    start = {"max": -jnp.inf, "min": jnp.inf, "add": 0.0}[kind]

    def pool(x):
        return lax.reduce_window(x, start, getattr(lax, kind), (1, 2, 3, 1), (1, 2, 3, 1), "VALID")

    np.testing.assert_array_equal(accelerate(pool)(x), pool(x))


@pytest.mark.parametrize("axes", [(0, 1, 2), (0, 1), (1, 2), (0, 2), (0, 1, 2, 3), (3,)])
def test_a_sum_over_axes(axes):
    x = whole(3, 4, 5, 2)
    np.testing.assert_array_equal(accelerate(lambda x: x.sum(axes))(x), np.asarray(x).sum(axes))


def test_the_gradient_of_what_is_added_everywhere_is_a_sum():
    x = whole(3, 4, 5, 2)
    gradient = grad(lambda b: (x * (x + b)).sum())(jnp.zeros(2))
    np.testing.assert_array_equal(gradient, np.asarray(x).sum((0, 1, 2)))


def test_a_graph_shows_the_operation_itself():
    def convolve(x, w):
        return lax.conv_general_dilated(x, w, (1, 1), "SAME", dimension_numbers=AXES[2])

    graph = trace(convolve, whole(1, 8, 8, 1), whole(3, 3, 1, 2))
    assert [node.operation for node in graph if node.inputs] == ["conv_general_dilated"]


def test_half_precision_is_added_up_in_single_precision():
    random = np.random.default_rng(0)
    upstream = jnp.asarray(1 + random.random((8, 32, 32, 256)), jnp.bfloat16)
    gradient = grad(lambda b: (upstream * (upstream + b)).sum())(jnp.zeros(256, jnp.bfloat16))
    exact = np.asarray(upstream, np.float64).sum((0, 1, 2))
    np.testing.assert_allclose(np.asarray(gradient, np.float64), exact, rtol=2.0**-8)


@pytest.mark.parametrize(
    ("image", "kernel", "padding"),
    [((2, 3, 2, 9), (3, 4, 9, 2), 0), ((2, 2, 3, 1), (1, 4, 1, 3), 0), ((2, 3), (3, 4), 0)],
    ids=["few filters", "one channel", "no space"],
)
def test_a_window_that_fits_nowhere_gives_no_positions(image, kernel, padding):
    rank = len(image) - 2
    axes = AXES.get(rank, ("NC", "IO", "NC"))

    def convolve(x, w):
        return lax.conv_general_dilated(x, w, (1,) * rank, [(padding, padding)] * rank, dimension_numbers=axes)

    x, w = whole(*image), whole(*kernel, seed=1)
    np.testing.assert_array_equal(accelerate(convolve)(x, w), convolve(x, w))


def test_a_pool_larger_than_its_input_has_no_windows():
    pool = lambda x: lax.reduce_window(x, -jnp.inf, lax.max, (1, 3, 3, 1), (1, 3, 3, 1), "VALID")  # noqa: E731
    assert accelerate(pool)(whole(2, 2, 4, 1)).shape == pool(whole(2, 2, 4, 1)).shape == (2, 0, 1, 1)
