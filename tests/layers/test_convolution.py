"""Convolution, pooling and upsampling against mathematics, SciPy and themselves without padding."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.ndimage import correlate

import backlit as bl
from backlit.layers.block import Context

RNG = np.random.default_rng(0)


@pytest.fixture(autouse=True)
def double():
    with jax.enable_x64(True):
        yield


def draw(layer, input, seed=0):
    rng = np.random.default_rng(seed)
    return {name: jnp.asarray(rng.normal(size=v.shape)) for name, v in layer.plan(input).parameters.items()}


def apply(layer, parameters, x, steps=None):
    return layer.apply(parameters, {}, jnp.asarray(x), Context(steps=steps))[0]


def test_three_axes_are_scipys_correlation():
    x, kernel = RNG.normal(size=(6, 5, 7)), RNG.normal(size=(3, 3, 3))
    layer = bl.Conv(1, 3, padding="same", bias=False)
    y = apply(layer, {"weight": kernel[..., None, None]}, x[None, ..., None])[0, ..., 0]
    np.testing.assert_allclose(y, correlate(x, kernel, mode="constant"), rtol=1e-10)


def test_a_dilated_window_is_a_window_with_zeros_between():
    x, weight = RNG.normal(size=(2, 9, 3)), RNG.normal(size=(3, 3, 4))
    spread = np.zeros((5, 3, 4))
    spread[::2] = weight
    y = apply(bl.Conv(4, 3, dilation=2, bias=False), {"weight": weight}, x)
    np.testing.assert_allclose(y, apply(bl.Conv(4, 5, bias=False), {"weight": spread}, x), rtol=1e-10, atol=1e-12)


def test_groups_are_convolutions_side_by_side_and_depthwise_has_one_a_channel():
    x, weight = RNG.normal(size=(2, 6, 4)), RNG.normal(size=(3, 2, 6))
    y = apply(bl.Conv(6, 3, groups=2, bias=False), {"weight": weight}, x)
    one = bl.Conv(3, 3, bias=False)
    halves = [apply(one, {"weight": weight[..., 3 * i : 3 * i + 3]}, x[..., 2 * i : 2 * i + 2]) for i in (0, 1)]
    np.testing.assert_allclose(y, jnp.concatenate(halves, -1), rtol=1e-10)
    depthwise = bl.DepthwiseConv(3, multiplier=2)
    parameters = draw(depthwise, (6, 4))
    grouped = apply(bl.Conv(8, 3, groups=4), parameters, x)
    np.testing.assert_allclose(apply(depthwise, parameters, x), grouped, rtol=1e-10)


@pytest.mark.parametrize("padding", ["valid", "same", "full", 1, (2, 0)])
@pytest.mark.parametrize(("stride", "dilation"), [(1, 1), (2, 1), ((1, 3), (2, 1))])
def test_the_transposed_convolution_is_the_adjoint_of_the_convolution(padding, stride, dilation):
    """⟨Conv x, y⟩ = ⟨x, ConvTranspose y⟩ with input and output channels of the weight exchanged."""
    settings = {"stride": stride, "padding": padding, "dilation": dilation, "bias": False}
    forward, backward = bl.Conv(3, (3, 2), **settings), bl.ConvTranspose(2, (3, 2), **settings)
    small = (6, 6, 3)
    large = backward.plan(small).output
    assert forward.plan(large).output == small
    weight = RNG.normal(size=(3, 2, 2, 3))
    x, y = RNG.normal(size=(1, *large)), RNG.normal(size=(1, *small))
    left = (apply(forward, {"weight": weight}, x) * y).sum()
    right = (x * apply(backward, {"weight": weight.swapaxes(2, 3)}, y)).sum()
    np.testing.assert_allclose(left, right, rtol=1e-10)


def test_linear_upsampling_is_linear_interpolation_between_the_middles():
    x, size, factor = RNG.normal(size=7), 7, 3
    y = apply(bl.Upsample(factor, "linear"), {}, x[None, :, None])[0, :, 0]
    np.testing.assert_allclose(y, np.interp((np.arange(21) + 0.5) / factor - 0.5, np.arange(size), x), rtol=1e-12)


def test_nearest_upsampling_undone_by_the_mean_of_each_block():
    x = RNG.normal(size=(2, 3, 4, 5))
    np.testing.assert_allclose(apply(bl.MeanPool((2, 3)), {}, apply(bl.Upsample((2, 3)), {}, x)), x, rtol=1e-12)


def test_padding_is_never_the_largest_and_never_counts():
    x = -1 - RNG.random(size=(1, 5, 5, 2))
    for pool in (bl.MaxPool, bl.MeanPool, bl.MedianPool):
        y = apply(pool(3, stride=2, padding="same"), {}, x)
        assert (y <= -1).all()
        assert (apply(pool(3, stride=1, padding="full"), {}, x)[0, 0, 0] == x[0, 0, 0]).all()


def test_of_equal_largest_numbers_one_gets_the_gradient():
    for pool in (bl.MaxPool(2), bl.MaxPool(2, stride=1), bl.MaxPool(3, padding=1, partial="drop")):
        gradient = bl.grad(lambda x, pool=pool: apply(pool, {}, x).sum())(jnp.ones((1, 4, 4, 1)))
        assert gradient.sum() == np.prod(pool.plan((4, 4, 1)).output)


LAYERS = [
    bl.Conv(3, 3, padding="same"),
    bl.Conv(4, (3, 2), stride=2, padding=1, groups=2, partial="drop"),
    bl.Conv(2, 2, dilation=2, padding="full"),
    bl.DepthwiseConv(3, 2, stride=2, padding="same"),
    bl.ConvTranspose(4, 3, stride=2, padding=1, groups=2),
    bl.LocallyConnected(2, 3, padding="same"),
    bl.MaxPool(2),
    bl.MaxPool(3, stride=2, padding=1, partial="drop"),
    bl.MeanPool(2),
    bl.MeanPool(3, stride=2, padding="same"),
    bl.MedianPool(2),
    bl.MedianPool(3, stride=1, padding="same"),
    bl.GlobalMaxPool(),
    bl.GlobalMeanPool(),
    bl.Upsample(2),
    bl.Upsample(3, "linear"),
]


@pytest.mark.parametrize("layer", LAYERS, ids=str)
def test_backlits_gradient_is_jaxs_also_compiled_and_mapped(layer):
    x, parameters = jnp.asarray(RNG.normal(size=(2, 2, 6, 4, 2))), draw(layer, (6, 4, 2))

    def loss(parameters, x):
        return jnp.sin(layer.apply(parameters, {}, x, Context())[0]).sum()

    ours = jax.jit(jax.vmap(bl.value_and_grad(loss, argnums=(0, 1)), (None, 0)))(parameters, x)
    theirs = jax.vmap(jax.value_and_grad(loss, argnums=(0, 1)), (None, 0))(parameters, x)
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-10, atol=1e-12), ours, theirs)


SEQUENCES = [
    bl.Conv(3, 3),
    bl.Conv(3, 3, padding="same"),
    bl.Conv(3, 4, padding="full"),
    bl.Conv(3, 3, stride=2, padding=1, dilation=2, partial="drop"),
    bl.DepthwiseConv(2, stride=2, partial="drop"),
    bl.ConvTranspose(3, 3, stride=2),
    bl.ConvTranspose(3, 3, stride=2, padding="same"),
    bl.ConvTranspose(3, 3, padding=1),
    bl.MaxPool(2, partial="drop"),
    bl.MaxPool(3, stride=1, padding="same"),
    bl.MeanPool(3, stride=2, padding=1, partial="drop"),
    bl.MedianPool(3, stride=1, padding="full"),
    bl.Upsample(3),
    bl.GlobalMaxPool(),
    bl.GlobalMeanPool(),
]


@pytest.mark.parametrize("layer", SEQUENCES, ids=str)
@pytest.mark.parametrize("length", [6, 7])
def test_a_padded_sequence_gives_what_it_gives_alone(layer, length):
    parameters, x = draw(layer, (9, 2)), RNG.normal(size=(1, 9, 2))
    steps = jnp.asarray(np.arange(9)[None] < length, float)
    alone = apply(layer, parameters, x[:, :length])
    padded = apply(layer, parameters, x, steps)
    real = layer.steps(steps)
    if real is None:
        np.testing.assert_allclose(padded, alone, rtol=1e-10)
    else:
        assert real.tolist() == [[1.0] * alone.shape[1] + [0.0] * (padded.shape[1] - alone.shape[1])]
        np.testing.assert_allclose(padded[:, : alone.shape[1]], alone, rtol=1e-10)


@pytest.mark.parametrize(
    "pool", [bl.MaxPool(2), bl.MeanPool(2), bl.MedianPool(2), bl.GlobalMaxPool(), bl.GlobalMeanPool()]
)
def test_a_sequence_without_a_real_step_is_pooled_to_zero(pool):
    gradient = bl.grad(lambda x: apply(pool, {}, x, jnp.zeros((1, 4))).sum())(jnp.ones((1, 4, 2)))
    np.testing.assert_array_equal(apply(pool, {}, jnp.ones((1, 4, 2)), jnp.zeros((1, 4))), 0)
    np.testing.assert_array_equal(gradient, 0)


def test_a_sequence_shorter_than_the_window_keeps_its_first_output():
    steps = jnp.asarray([[1.0, 1, 0, 0, 0], [0, 0, 0, 0, 0]])
    assert bl.Conv(1, 4).steps(steps).tolist() == [[1.0, 0.0], [0.0, 0.0]]


def test_steps_reach_the_layers_behind_them():
    network = bl.network("Padding, Conv(4, 3), ReLU, MaxPool(2, partial='drop'), Conv(2, 2), GlobalMeanPool")
    parameters, state = network.initialize((12, 3), jax.random.key(0))
    x = RNG.normal(size=(1, 12, 3))
    x[:, 9:] = np.nan
    padded, alone = (network.apply(parameters, state, jnp.asarray(part), Context())[0] for part in (x, x[:, :9]))
    np.testing.assert_allclose(padded, alone, rtol=1e-6)


def test_each_window_of_a_locally_connected_layer_is_drawn_as_one_layer():
    layer = bl.LocallyConnected(4, 5, padding="same")
    weight = layer.initialize((40, 40, 2), jax.random.key(0))[0]["weight"]
    assert weight.shape == (40, 40, 50, 4)
    np.testing.assert_allclose(weight.std(), np.sqrt(2 / 50), rtol=0.01)
    assert len(np.unique(weight[:, :, 0, 0])) == 1600


@pytest.mark.parametrize(
    ("build", "said"),
    [
        (lambda: bl.Conv(0, 3), "Conv takes a whole number of filters"),
        (lambda: bl.Conv(4, 0), "Conv takes a kernel of at least 1"),
        (lambda: bl.Conv(4, (3, 3, 3, 3)), "Conv takes a kernel"),
        (lambda: bl.Conv(4, 3, stride=0), "Conv takes a stride"),
        (lambda: bl.Conv(4, 3, stride=None), "Conv takes a stride"),
        (lambda: bl.MaxPool(None), "MaxPool takes a window"),
        (lambda: bl.Conv(4, 3, padding="smae"), "'valid', 'same', 'full' or a number, not padding='smae'"),
        (lambda: bl.Conv(4, 3, padding=-1), "Conv takes a padding of at least 0"),
        (lambda: bl.Conv(4, 3, dilation=True), "Conv takes a dilation"),
        (lambda: bl.Conv(4, 3, partial="keep"), "partial='error' or partial='drop', not 'keep'"),
        (lambda: bl.Conv(4, 3, bias=1), "bias=True or bias=False"),
        (lambda: bl.Conv(4, 3, initializer="Hee"), "There is no initializer 'Hee': did you mean He?"),
        (lambda: bl.DepthwiseConv(3, 0), "DepthwiseConv takes a whole number of multiplier"),
        (lambda: bl.MaxPool("2"), "MaxPool takes a window"),
        (lambda: bl.Upsample(1.5), "Upsample takes a factor"),
        (lambda: bl.Upsample(2, "cubic"), "method='nearest' or method='linear', not 'cubic'"),
    ],
)
def test_a_wrong_setting_is_named_with_what_it_may_be(build, said):
    with pytest.raises(bl.SettingError) as refused:
        build()
    assert said in str(refused.value)


@pytest.mark.parametrize(
    ("layer", "input", "said"),
    [
        (bl.Conv(4, 5), (3, 8, 1), "window spans 5 positions of an axis of 3, and it has no padding"),
        (bl.Conv(4, 3, dilation=4, padding=1), (6, 1), "spans 9 positions of an axis of 6, and with padding 1"),
        (bl.Conv(4, 3, groups=2), (6, 3), "groups=2 must divide its channels, 3, and its filters, 4"),
        (bl.Conv(4, (3, 3)), (6, 3), "kernel=(3, 3) is for 2 axes, and its input has 1"),
        (bl.Conv(4, 3), (6,), "takes one to three axes and channels"),
        (bl.MaxPool(2, padding=2), (6, 1), "padding 2 must be smaller than its window 2"),
        (bl.MeanPool(3, stride=2), (6, 1), "the last 1 of 6 positions would be left out; W = 5 or 7 fits"),
        (bl.ConvTranspose(4, 3, padding=3), (2, 1), "leaves nothing of an input of 2"),
    ],
)
def test_an_input_that_does_not_fit_is_refused_with_the_repair(layer, input, said):
    with pytest.raises(bl.ShapeError) as refused:
        layer.plan(input)
    assert said in str(refused.value)
