"""Attention maps: rows that add up to 1, zeros for what is hidden, the layer's output where they weigh the values."""

import jax
import numpy as np
import pytest

import backlit as bl


def untrained(network, x, y):
    run = bl.prepare(network, x, y, task="many classes" if np.ndim(y) > 1 else None)
    parameters, state = run.initialize(jax.random.key(0))
    parts = {"network": run.network, "input_shape": run.input_shape, "schema": run.parts.schema, "loss": run.loss}
    return bl.Model(**parts, parameters=parameters, state=state | run.fitted, settings=run.settings)


@pytest.fixture(scope="module")
def sequences():
    x = np.random.default_rng(0).normal(size=(12, 5, 6)).astype(np.float32)
    return x, np.arange(12) % 2


@pytest.fixture(scope="module")
def model(sequences):
    return untrained("Attention(3, causal=True, rotary=True), GlobalMeanPool, Dense(2)", *sequences)


def test_rows_add_up_to_one_and_later_steps_have_no_weight(model, sequences):
    maps = bl.attention_maps(model, sequences[0])
    assert maps.shape == (12, 3, 5, 5)
    np.testing.assert_allclose(maps.sum(-1), 1, rtol=1e-5)
    np.testing.assert_array_equal(maps[..., *np.triu_indices(5, 1)], 0)


def test_the_weights_of_the_values_are_the_layers_output(model, sequences):
    x = sequences[0]
    maps = bl.attention_maps(model, x, "attention_1")
    held = {name: {n: np.asarray(v) for n, v in part.items()} for name, part in model.parameters["attention_1"].items()}
    inputs = model.activations(x, "standardize_1")
    values = (inputs @ held["value"]["weight"] + held["value"]["bias"]).reshape(12, 5, 3, 2)
    mixed = np.einsum("bhts,bshd->bthd", maps, values).reshape(12, 5, 6)
    expected = mixed @ held["output"]["weight"] + held["output"]["bias"]
    np.testing.assert_allclose(model.activations(x, "attention_1"), expected, rtol=1e-4, atol=1e-5)


def test_padding_has_no_weight():
    x = np.random.default_rng(0).integers(0, 6, (12, 5))
    x[:4, 3:] = -1
    model = untrained("Padding, Embedding(6, 4), EncoderBlock(2), GlobalMeanPool, Dense(2)", x, np.arange(12) % 2)
    maps = bl.attention_maps(model, x)
    np.testing.assert_array_equal(maps[:4, ..., 3:], 0)
    assert maps[4:].min() > 0
    np.testing.assert_allclose(maps.sum(-1), 1, rtol=1e-5)


def test_cross_attention_has_a_column_for_each_step_of_the_source():
    x = np.random.default_rng(0).integers(0, 6, (12, 7))
    encoder = bl.Sequential(bl.Embedding(6, 4), bl.EncoderBlock(2))
    decoder = bl.Sequential(bl.Embedding(6, 4), bl.DecoderBlock(2, cross=True), bl.Dense(6))
    model = untrained(bl.Sequential(bl.EncoderDecoder(encoder, decoder, source=4)), x, x[:, 4:])
    cross = "encoderdecoder_1/decoder/decoderblock_1/residual_2/crossattention_1"
    maps = bl.attention_maps(model, x, cross)
    assert maps.shape == (12, 2, 3, 4)
    np.testing.assert_allclose(maps.sum(-1), 1, rtol=1e-5)
    assert bl.attention_maps(model, x).shape == (12, 2, 4, 4)


def test_a_layer_that_repeats_has_maps_for_each_time():
    x = np.random.default_rng(0).normal(size=(12, 3, 4)).astype(np.float32)
    model = untrained("Repeat(2, Recompute(Attention(2))), GlobalMeanPool, Dense(2)", x, np.arange(12) % 2)
    maps = bl.attention_maps(model, x)
    assert maps.shape == (12, 2, 2, 3, 3)
    np.testing.assert_allclose(maps.sum(-1), 1, rtol=1e-5)


def test_a_product_inside_attention_is_no_layer_of_its_own(model, sequences):
    with pytest.raises(bl.SettingError, match="attention_1/query is a part of a layer: choose attention_1"):
        model.activations(sequences[0], "attention_1/query")
