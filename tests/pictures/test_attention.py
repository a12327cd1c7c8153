"""Attention maps: the weights with the tokens beside them."""

import numpy as np
import pytest
from models import untrained

import backlit as bl
from backlit.pictures import plot_attention


@pytest.fixture(scope="module")
def tokens():
    x = np.random.default_rng(0).integers(0, 6, (20, 5))
    x[0, 3:] = -1
    return x


@pytest.fixture(scope="module")
def model(tokens):
    return untrained("Padding, Embedding(6, 4), EncoderBlock(2), GlobalMeanPool, Dense(2)", tokens, np.arange(20) % 2)


def test_each_head_has_a_map_with_the_tokens_beside_it(model, tokens):
    *panels, _ = plot_attention(model, tokens[1]).axes
    maps = bl.attention_maps(model, tokens[1:2])[0]
    for panel, weights in zip(panels, maps, strict=True):
        np.testing.assert_allclose(panel.images[0].get_array(), weights, rtol=1e-5)
        for labels in (panel.get_xticklabels(), panel.get_yticklabels()):
            assert [label.get_text() for label in labels] == [str(token) for token in tokens[1]]


def test_padding_at_the_end_is_left_out(model, tokens):
    panel = plot_attention(model, tokens[0], head=1).axes[0]
    assert panel.images[0].get_array().shape == (3, 3)
    expected = bl.attention_maps(model, tokens[:1])[0, 1, :3, :3]
    np.testing.assert_allclose(panel.images[0].get_array(), expected, rtol=1e-4)


def test_a_text_is_given_as_it_is(tmp_path):
    book = tmp_path / "book.txt"
    book.write_text("a bad cab had a dab " * 12)
    model = untrained("Embedding(7, 4), DecoderBlock(1), Dense(7)", book, window=8)
    panel = plot_attention(model, "a cab").axes[0]
    assert [label.get_text() for label in panel.get_xticklabels()] == ["a", "␣", "c", "a", "b"]
    assert np.triu(panel.images[0].get_array(), 1).max() == 0
    with pytest.raises(bl.DataError, match="give a piece of text"):
        plot_attention(model, np.zeros(5))


def test_what_does_not_fit_is_refused(model, tokens):
    with pytest.raises(bl.SettingError, match="has the heads 0 to 1, not 2"):
        plot_attention(model, tokens[1], head=2)
    with pytest.raises(bl.DataError, match="the data hold 20: give one"):
        plot_attention(model, tokens)
    with pytest.raises(bl.SettingError, match=r"no attention, only .*dense_1"):
        plot_attention(untrained("Dense(3)", "wine"), np.zeros(13))
    with pytest.raises(bl.SettingError, match="no attention 'encoderblock_1': known names: encoderblock_1/residual_1"):
        plot_attention(model, tokens[1], "encoderblock_1")
