"""Row 97: the transformer family; attention for long and short dependencies."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import backlit as bl

DECODERS = {
    "decoder-only": "Embedding(9, 8), DecoderBlock(2, rotary=True), DecoderBlock(2, rotary=True), LayerNorm, Dense(9)",
    "norm after": "Embedding(9, 8), Position, DecoderBlock(2, norm='after'), Dense(9)",
    "attention": "Embedding(9, 8), Position('learned'), Attention(4, causal=True), Dense(9)",
}


def outputs_of(network, tokens):
    """What the network, as it is drawn first, makes of the tokens."""
    block = bl.network(network)

    @jax.jit
    def outputs():
        parameters, state = block.initialize(tokens.shape[1:], jax.random.key(0))
        return block.apply(parameters, state, jnp.asarray(tokens), bl.Context())[0]

    return outputs()


@pytest.mark.parametrize("network", DECODERS.values(), ids=DECODERS)
def test_row_97_a_later_input_never_changes_an_earlier_output(network):
    """`Embedding(9, 8), DecoderBlock(2, rotary=True), Dense(9)`"""
    tokens = np.random.default_rng(0).integers(0, 9, 7)
    changed = (tokens + np.eye(7, dtype=int)) % 9
    before, *after = outputs_of(network, np.concatenate([tokens[None], changed]))
    for place, outputs in enumerate(after):
        np.testing.assert_allclose(outputs[:place], before[:place], rtol=1e-5, atol=1e-6)
        assert (jnp.abs(outputs - before)[place:].max(-1) > 1e-6).all()


def test_row_97_an_encoder_sees_both_ways():
    tokens = np.array([[1, 2, 3, 4, 5], [1, 2, 3, 4, 6]])
    before, after = outputs_of("Embedding(9, 8), Position, EncoderBlock(2)", tokens)
    assert (jnp.abs(after - before).max(-1) > 1e-6).all()


def test_row_97_attention_copies_over_a_hundred_steps_and_a_recurrent_network_of_the_same_budget_does_not():
    """100 random tokens of 8; the answer is the first of them: rows, epochs, batches and rate are the same for both."""
    x = np.random.default_rng(0).integers(0, 8, (768, 100))
    budget = {"task": "many classes", "epochs": 12, "batch_size": 32, "learning_rate": 0.01}
    attention = bl.fit(
        "Embedding(8, 16), Position('learned'), Attention(1), GlobalMeanPool, Dense(8)", x, x[:, 0], **budget
    )
    recurrent = bl.fit("Embedding(8, 16), RNN(48), Dense(8)", x, x[:, 0], **budget)
    assert attention.summary().parameters < recurrent.summary().parameters
    assert attention.scores["test"]["accuracy"] > 0.95
    assert recurrent.scores["test"]["accuracy"] < 0.4


def test_row_97_an_encoder_and_decoder_reverses():
    """`bl.fit("encoder-decoder", tokens, y)`: tokens are source and target side by side; `model.generate(source)`"""
    random = np.random.default_rng(0)
    source = random.integers(0, 3, (600, 3))
    target = source[:, ::-1]
    begin = np.full((600, 1), 3)
    tokens = np.concatenate([source, begin, target[:, :-1]], axis=1)
    model = bl.fit("encoder-decoder(width=16, heads=2, layers=1)", tokens, target, epochs=20, batch_size=32, clip=1.0)
    assert model.scores["test"]["accuracy"] > 0.95
    asked = np.array([[0, 1, 2, 3], [2, 2, 1, 3]])
    np.testing.assert_array_equal(model.generate(asked, temperature=0), asked[:, 2::-1])
