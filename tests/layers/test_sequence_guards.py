"""What layers refuse of sequences, or answer with NaN, so that nothing wrong passes in silence."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import backlit as bl
from backlit.layers.block import Context


@pytest.mark.parametrize(
    "layer", [bl.Conv(2, 3), bl.MaxPool(5), bl.GlobalMeanPool(), bl.GroupNorm(1), bl.Upsample(2, "linear")], ids=str
)
def test_a_mask_of_another_shape_is_refused(layer):
    parameters, state = layer.initialize((5, 2), jax.random.key(0))
    with pytest.raises(bl.ShapeError, match="mask of real steps has the shape 3×1, and the sequences are 3×5"):
        layer.apply(parameters, state, jnp.ones((3, 5, 2)), Context(steps=jnp.ones((3, 1))))


def test_a_mask_of_examples_of_another_shape_is_refused():
    parameters, state = bl.BatchNorm().initialize((2,), jax.random.key(0))
    with pytest.raises(bl.ShapeError, match="mask of real examples has shape 1"):
        bl.BatchNorm().apply(parameters, state, jnp.ones((3, 2)), Context(training=True, mask=jnp.ones(1)))


def test_padding_inside_a_nested_composition_is_refused():
    with pytest.raises(bl.ShapeError, match="sequential_1: Padding marks steps"):
        bl.Sequential(bl.Sequential(bl.Padding()), bl.GRU(2)).plan((5, 2))


def test_a_layer_that_sees_its_neighbors_refuses_a_stream_by_name():
    network = bl.Sequential(bl.Conv(2, 3))
    parameters, state = network.initialize((5, 2), jax.random.key(0))
    with pytest.raises(bl.SettingError, match=r"conv_1.*keeps no earlier steps"):
        network.apply(parameters, state, jnp.ones((1, 5, 2)), Context(streaming=5))


def test_attention_beyond_the_stream_is_nan():
    layer = bl.Attention(1, causal=True)
    parameters, state = layer.initialize((4, 2), jax.random.key(0))
    y, state = layer.apply(parameters, state, jnp.ones((1, 4, 2)), Context(streaming=4))
    assert np.isfinite(y).all()
    y, _ = layer.apply(parameters, state, jnp.ones((1, 1, 2)), Context(streaming=4))
    assert np.isnan(y).all()


def test_linear_upsampling_of_a_padded_sequence_is_that_of_the_sequence_alone():
    x, layer = jnp.asarray([[[1.0], [3.0], [9.0]]]), bl.Upsample(2, "linear")
    padded = layer.apply({}, {}, x, Context(steps=jnp.asarray([[1.0, 1, 0]])))[0]
    np.testing.assert_allclose(padded[0, :4, 0], [1.0, 1.5, 2.5, 3.0])


def test_tokens_that_are_none_become_nan():
    layer = bl.Embedding(4, 2)
    parameters, _ = layer.initialize((3,), jax.random.key(0))
    y, _ = layer.apply(parameters, {}, jnp.asarray([[1.5, jnp.nan, 1.0]]), Context())
    assert np.isnan(y).all(-1).tolist() == [[True, True, False]]


def test_the_median_of_a_window_with_nan_is_nan():
    y, _ = bl.MedianPool(3).apply({}, {}, jnp.asarray([[[1.0], [jnp.nan], [2.0]]]), Context())
    assert np.isnan(y).all()


def test_a_jordan_network_counts_its_outputs_as_neurons():
    assert bl.RNN(4, context="output", outputs=3).plan((5, 2)).neurons == 7


def test_an_encoder_that_ends_the_sequence_is_refused():
    pair = bl.EncoderDecoder(bl.Flatten(), bl.DecoderBlock(1, cross=True), source=2)
    with pytest.raises(bl.ShapeError, match="encoder that makes"):
        pair.plan((5, 2))
