"""Attention against its equations in NumPy; masks, streams, and positions."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from backlit.errors import SettingError, ShapeError
from backlit.layers.attention import Attention, CrossAttention, attend, rotate
from backlit.layers.block import Context
from backlit.layers.composition import Sequential
from backlit.layers.dense import Dense
from backlit.layers.embedding import Embedding
from backlit.layers.notation import read
from backlit.layers.padding import Padding
from backlit.layers.positions import Position
from backlit.layers.transformer import DecoderBlock, EncoderBlock, EncoderDecoder


def normal(*shape, seed=0):
    return jnp.asarray(np.random.default_rng(seed).normal(size=shape), jnp.float32)


def softmax(scores):
    weights = np.exp(scores - scores.max(-1, keepdims=True))
    return weights / weights.sum(-1, keepdims=True)


def by_hand(parameters, x, memory, heads, causal=False):
    """The equations, head by head, in float64."""
    held = {name: {n: np.asarray(v, np.float64) for n, v in part.items()} for name, part in parameters.items()}
    product = {
        name: source @ held[name]["weight"] + held[name]["bias"]
        for name, source in (("query", x), ("key", memory), ("value", memory))
    }
    width = x.shape[-1] // heads
    outputs = []
    for head in range(heads):
        q, k, v = (product[name][:, head * width : (head + 1) * width] for name in ("query", "key", "value"))
        scores = q @ k.T / np.sqrt(width)
        if causal:
            scores = np.where(np.tril(np.ones_like(scores)) > 0, scores, -np.inf)
        outputs.append(softmax(scores) @ v)
    return np.concatenate(outputs, axis=1) @ held["output"]["weight"] + held["output"]["bias"]


@pytest.mark.parametrize("causal", [False, True])
def test_self_attention_is_its_equations(causal):
    layer, x = Attention(3, causal=causal), normal(2, 5, 6)
    parameters, _ = layer.initialize((5, 6), jax.random.key(0))
    y, _ = layer.apply(parameters, {}, x, Context())
    for row, made in zip(np.asarray(x, np.float64), y, strict=True):
        np.testing.assert_allclose(made, by_hand(parameters, row, row, 3, causal), rtol=1e-4, atol=1e-6)


def test_cross_attention_looks_at_the_memory():
    layer, x, memory = CrossAttention(2), normal(2, 5, 4), normal(2, 3, 4, seed=1)
    parameters, _ = layer.initialize((5, 4), jax.random.key(0))
    y, _ = layer.apply(parameters, {}, x, Context(memory=memory))
    for row, seen, made in zip(x, memory, y, strict=True):
        np.testing.assert_allclose(made, by_hand(parameters, row, seen, 2), rtol=1e-4, atol=1e-6)


def test_rotated_products_depend_on_the_distance_alone():
    q, k = normal(1, 1, 2, 6), normal(1, 1, 2, 6, seed=1)
    products = [
        jnp.einsum("bthd,bthd->h", rotate(q, start + 3), rotate(k, start)) for start in (jnp.int32(0), jnp.int32(9))
    ]
    np.testing.assert_allclose(*products, rtol=1e-5)
    np.testing.assert_allclose(rotate(q, 7)[0, 0, 0, ::3], rotated(np.asarray(q)[0, 0, 0, ::3], 7), rtol=1e-4)


def rotated(pair, angle):
    return [
        pair[0] * np.cos(angle) - pair[1] * np.sin(angle),
        pair[1] * np.cos(angle) + pair[0] * np.sin(angle),
    ]


@pytest.mark.parametrize("dtype", [jnp.float16, jnp.bfloat16, jnp.float32])
def test_a_query_that_may_see_nothing_gets_zeros_and_finite_gradients(dtype):
    arrays = [normal(1, 2, 1, 4, seed=seed).astype(dtype) for seed in range(3)]
    visible = jnp.asarray([[True, False], [False, False]])[None, None]
    value, gradients = jax.value_and_grad(lambda arrays: attend(*arrays, visible).sum())(arrays)
    np.testing.assert_allclose(attend(*arrays, visible)[0, 1], 0)
    np.testing.assert_allclose(attend(*arrays, visible)[0, 0], arrays[2][0, 0], rtol=1e-6)
    assert np.isfinite(value)
    assert all(bool(jnp.isfinite(gradient).all()) for gradient in gradients)


def test_equal_scores_mean_the_values():
    values = normal(1, 4, 1, 3)
    y = attend(jnp.zeros((1, 2, 1, 3)), normal(1, 4, 1, 3, seed=1), values)
    np.testing.assert_allclose(y[0, :, 0], jnp.broadcast_to(values.mean(1)[0, 0], (2, 3)), rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("block", [Attention(2), EncoderBlock(2), EncoderBlock(2, rotary=True, norm="after")])
def test_padding_changes_nothing_before_it(block):
    x = normal(3, 6, 4)
    parameters, state = block.initialize((6, 4), jax.random.key(0))
    steps = jnp.asarray([[1, 1, 1, 1, 0, 0]] * 3, jnp.float32)
    padded, _ = block.apply(parameters, state, x, Context(steps=steps))
    short, _ = block.apply(parameters, state, x[:, :4], Context())
    np.testing.assert_allclose(padded[:, :4], short, rtol=1e-4, atol=1e-6)


def test_a_mask_of_another_shape_is_refused():
    layer, x = Attention(2), normal(2, 5, 4)
    parameters, _ = layer.initialize((5, 4), jax.random.key(0))
    with pytest.raises(ShapeError, match=r"mask of real steps has the shape 2×4.*2×5"):
        layer.apply(parameters, {}, x, Context(steps=jnp.ones((2, 4))))


def test_heads_must_divide_the_width():
    with pytest.raises(ShapeError, match="shares 10 features among 4 heads"):
        Attention(4).plan((5, 10))
    with pytest.raises(ShapeError, match="4 heads of 12 features have 3 each"):
        Attention(4, rotary=True).plan((5, 12))


def test_cross_attention_without_a_memory_is_refused():
    layer = CrossAttention(2)
    parameters, _ = layer.initialize((5, 4), jax.random.key(0))
    with pytest.raises(ShapeError, match="put it into an EncoderDecoder"):
        layer.apply(parameters, {}, normal(1, 5, 4), Context())


NETWORKS = {
    "plain": Sequential(Attention(2, causal=True)),
    "rotary": Sequential(DecoderBlock(2, rotary=True), DecoderBlock(1, rotary=True, norm="after")),
    "sinusoidal": Sequential(Position(), DecoderBlock(2)),
    "learned": Sequential(Position("learned"), DecoderBlock(2)),
}


@pytest.mark.parametrize("network", NETWORKS.values(), ids=NETWORKS)
def test_piece_by_piece_is_the_whole_pass(network):
    x = normal(2, 7, 4)
    parameters, state = network.initialize((7, 4), jax.random.key(0))
    whole, _ = network.apply(parameters, state, x, Context())
    step = jax.jit(lambda state, piece: network.apply(parameters, state, piece, Context(streaming=7)))
    pieces = []
    for start, end in ((0, 3), (3, 4), (4, 5), (5, 7)):
        y, state = step(state, x[:, start:end])
        pieces.append(y)
    np.testing.assert_allclose(jnp.concatenate(pieces, axis=1), whole, rtol=1e-4, atol=1e-5)


def test_a_stream_needs_causal_attention():
    layer = Attention(2)
    parameters, _ = layer.initialize((5, 4), jax.random.key(0))
    with pytest.raises(SettingError, match="causal=True"):
        layer.apply(parameters, {}, normal(1, 2, 4), Context(streaming=5))


def test_sinusoidal_positions_are_the_papers():
    y, _ = Position().apply({}, {}, jnp.zeros((1, 5, 4)), Context())
    for t in range(5):
        expected = [np.sin(t), np.cos(t), np.sin(t / 100), np.cos(t / 100)]
        np.testing.assert_allclose(y[0, t], expected, rtol=1e-5, atol=1e-6)


def test_learned_positions_end_where_they_were_learned():
    network = Position("learned")
    parameters, _ = network.initialize((5, 4), jax.random.key(0))
    with pytest.raises(ShapeError, match="has learned 5 places, and 9 are asked for"):
        network.apply(parameters, {}, normal(1, 1, 4), Context(streaming=9))


def pair(source=3):
    encoder = Sequential(Embedding(7, 4), Position(), EncoderBlock(2))
    decoder = Sequential(Embedding(7, 4), Position(), DecoderBlock(2, cross=True), Dense(5))
    return EncoderDecoder(encoder, decoder, source=source)


def test_an_encoder_and_decoder_sees_the_whole_source_and_no_later_target():
    network, tokens = pair(), jnp.asarray([[1, 2, 3, 0, 4, 5]])
    parameters, state = network.initialize((6,), jax.random.key(0))

    def outputs(tokens):
        return network.apply(parameters, state, tokens, Context())[0]

    for place in range(3):
        assert jnp.abs(outputs(tokens) - outputs(tokens.at[0, place].set(6))).min(-1).max() > 1e-6
    later = outputs(tokens.at[0, 4].set(6))
    np.testing.assert_array_equal(outputs(tokens)[:, 0], later[:, 0])
    assert jnp.abs(outputs(tokens) - later)[:, 1:].max() > 1e-4


def test_padding_of_the_source_is_left_out():
    short, longer = Sequential(Padding(), pair(2)), Sequential(Padding(), pair(4))
    parameters, state = short.initialize((4,), jax.random.key(0))
    seen, _ = short.apply(parameters, state, jnp.asarray([[1, 2, 0, 4]]), Context())
    padded, _ = longer.apply(parameters, state, jnp.asarray([[1, 2, -1, -1, 0, 4]]), Context())
    np.testing.assert_allclose(seen, padded, rtol=1e-5, atol=1e-6)


def test_an_encoder_and_decoder_in_a_stream_keeps_the_source():
    network, tokens = pair(), jnp.asarray([[1, 2, 3, 0, 4, 5]])
    parameters, state = network.initialize((6,), jax.random.key(0))
    whole, _ = network.apply(parameters, state, tokens, Context())
    first, state = network.apply(parameters, state, tokens[:, :4], Context(streaming=6))
    second, state = network.apply(parameters, state, tokens[:, 4:5], Context(streaming=6))
    third, _ = network.apply(parameters, state, tokens[:, 5:], Context(streaming=6))
    np.testing.assert_allclose(jnp.concatenate([first, second, third], 1), whole, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize(
    "make",
    [
        lambda: Attention(0),
        lambda: Attention(2, causal=1),
        lambda: Position("random"),
        lambda: EncoderBlock(2, norm="between"),
        lambda: EncoderBlock(2, dropout=1.0),
        lambda: DecoderBlock(2, cross="yes"),
        lambda: EncoderDecoder(Dense(2), Dense(2), source=0),
    ],
)
def test_settings_out_of_range_are_refused(make):
    with pytest.raises(SettingError):
        make()


def test_the_summary_says_that_the_heads_together_see_every_step():
    rows = {row.path: row.reach.size for row in read("Attention(2), Dense(3)").summary((6, 4)).rows}
    assert rows["attention_1/query"] == ()
    assert rows["attention_1/output"] is None
    assert rows["dense_1"] is None
