"""Recurrent layers against the published equations, one sequence and one step at a time in NumPy, in float64."""

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import backlit as bl
from backlit.layers.block import Context

B, T, F, U = 3, 6, 2, 4
LENGTHS = (6, 3, 0)
MASK = (np.arange(T) < np.array(LENGTHS)[:, None]).astype(float)


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def elman(p, xs):
    h, hs = np.zeros(U), []
    for x in xs:
        h = np.tanh(x @ p["weight"] + h @ p["recurrent"] + p["bias"])
        hs.append(h)
    return hs


def jordan(p, xs):
    y, ys = np.zeros(3), []
    for x in xs:
        h = np.tanh(x @ p["weight"] + y @ p["recurrent"] + p["bias"])
        y = np.tanh(h @ p["output_weight"] + p["output_bias"])
        ys.append(y)
    return ys


def gates(p, count):
    return (np.split(p[name], count, axis=-1) for name in ("weight", "recurrent", "bias"))


def lstm(p, xs):
    (wi, wf, wg, wo), (ui, uf, ug, uo), (bi, bf, bg, bo) = gates(p, 4)
    h, c, hs = np.zeros(U), np.zeros(U), []
    for x in xs:
        i = sigmoid(x @ wi + h @ ui + bi)
        f = sigmoid(x @ wf + h @ uf + bf)
        g = np.tanh(x @ wg + h @ ug + bg)
        o = sigmoid(x @ wo + h @ uo + bo)
        c = f * c + i * g
        h = o * np.tanh(c)
        hs.append(h)
    return hs


def gru(p, xs):
    (wr, wz, wn), (ur, uz, un), (br, bz, bn) = gates(p, 3)
    h, hs = np.zeros(U), []
    for x in xs:
        r = sigmoid(x @ wr + h @ ur + br)
        z = sigmoid(x @ wz + h @ uz + bz)
        if "recurrent_bias" in p:
            n = np.tanh(x @ wn + bn + r * (h @ un + p["recurrent_bias"]))
        else:
            n = np.tanh(x @ wn + bn + (r * h) @ un)
        h = z * h + (1 - z) * n
        hs.append(h)
    return hs


LAYERS = [
    (bl.RNN(U), elman),
    (bl.RNN(U, context="output", outputs=3), jordan),
    (bl.LSTM(U), lstm),
    (bl.GRU(U), gru),
    (bl.GRU(U, reset="before"), gru),
]
each = pytest.mark.parametrize(("layer", "reference"), LAYERS, ids=lambda item: str(item) if "(" in str(item) else None)


def draw(layer, features=F):
    """Parameters with no zeros among them, in float64."""
    rng = np.random.default_rng(0)
    tree = layer.plan((T, features)).tree()
    return jax.tree.map(lambda variable: jnp.asarray(rng.normal(0, 0.5, variable.shape)), tree)


def sequences():
    return np.random.default_rng(1).normal(size=(B, T, F))


@pytest.fixture(autouse=True)
def double_precision():
    with jax.enable_x64(True):
        yield


def expected(layer, reference, xs, lengths):
    """The reference's outputs, zeros after the end, and the last real ones."""
    parameters = {name: np.asarray(value) for name, value in draw(layer).items()}
    width = layer.plan((T, F)).output[-1]
    whole, last = np.zeros((len(xs), T, width)), np.zeros((len(xs), width))
    for b, length in enumerate(lengths):
        order = slice(None, None, -1) if layer.reverse else slice(None)
        outputs = reference(parameters, xs[b, :length][order])
        if length:
            whole[b, :length], last[b] = outputs[order], outputs[-1]
    return whole, last


@each
@pytest.mark.parametrize("reverse", [False, True], ids=["forward", "reverse"])
@pytest.mark.parametrize("padded", [False, True], ids=["whole", "padded"])
def test_outputs_follow_the_equations_and_padding_is_left_out(layer, reference, reverse, padded):
    layer = replace(layer, reverse=reverse)
    xs, lengths = sequences(), LENGTHS if padded else (T,) * B
    context = Context(steps=jnp.asarray(MASK) if padded else None)
    whole, last = expected(layer, reference, xs, lengths)
    x = jnp.asarray(np.where(MASK[..., None] > 0, xs, 1e6) if padded else xs)  # what padding holds is of no account
    for sequence, outputs in ((True, whole), (False, last)):
        y, state = replace(layer, sequence=sequence).apply(draw(layer), {}, x, context)
        np.testing.assert_allclose(y, outputs, rtol=1e-12, atol=1e-14)
        assert state == {}


@each
def test_the_walk_gives_jaxs_gradients_of_padded_sequences_and_none_of_padding(layer, reference):
    layer, x, mask = replace(layer, sequence=True), jnp.asarray(sequences()), jnp.asarray(MASK)

    def loss(parameters, x):
        return (layer.apply(parameters, {}, x, Context(steps=mask))[0] ** 3).sum()

    value, ours = bl.value_and_grad(loss, argnums=(0, 1))(draw(layer), x)
    np.testing.assert_allclose(value, loss(draw(layer), x), rtol=1e-12)
    jax.tree.map(
        lambda own, other: np.testing.assert_allclose(own, other, rtol=1e-10, atol=1e-12),
        ours,
        jax.grad(loss, argnums=(0, 1))(draw(layer), x),
    )
    assert not np.asarray(ours[1])[MASK == 0].any()
    assert np.asarray(ours[1])[MASK == 1].all()


@each
@pytest.mark.parametrize("sequence", [False, True])
def test_a_stream_of_pieces_gives_what_the_whole_gives(layer, reference, sequence):
    layer, x = replace(layer, sequence=sequence), jnp.asarray(sequences())
    state, pieces = {}, []
    for start, stop in ((0, 1), (1, 4), (4, 6)):
        y, state = layer.apply(draw(layer), state, x[:, start:stop], Context(streaming=T))
        pieces.append(y)
    whole, _ = layer.apply(draw(layer), {}, x, Context())
    np.testing.assert_allclose(jnp.concatenate(pieces, 1) if sequence else pieces[-1], whole, rtol=1e-12)


def test_a_stream_passes_through_a_network_and_other_batches_are_refused():
    network = bl.Sequential(bl.LSTM(3, sequence=True), bl.GRU(2))
    parameters, _ = network.initialize((T, F), jax.random.key(0))
    x = jnp.asarray(sequences())
    state = {}
    for piece in (x[:, :2], x[:, 2:]):
        y, state = network.apply(parameters, state, piece, Context(streaming=T))
    np.testing.assert_allclose(y, network.apply(parameters, {}, x, Context())[0], rtol=1e-6)
    with pytest.raises(bl.ShapeError, match="carries a stream of 3 sequences, and 1 arrive"):
        network.apply(parameters, state, x[:1], Context(streaming=T))


@pytest.mark.parametrize("layer", [bl.GRU(2, reverse=True), bl.Bidirectional(bl.LSTM(2))], ids=str)
def test_what_reads_backward_refuses_a_stream(layer):
    parameters, _ = layer.initialize((T, F), jax.random.key(0))
    with pytest.raises(bl.SettingError, match="reverse=True starts at a sequence's end"):
        layer.apply(parameters, {}, jnp.asarray(sequences()), Context(streaming=T))


def test_bidirectional_is_the_layer_and_its_reversed_copy_side_by_side():
    both = bl.Bidirectional(bl.GRU(U, sequence=True))
    parameters, _ = both.initialize((T, F), jax.random.key(0))
    context = Context(steps=jnp.asarray(MASK))
    x = jnp.asarray(sequences())
    y, _ = both.apply(parameters, {}, x, context)
    for place, name in enumerate(("forward", "backward")):
        one, _ = bl.GRU(U, sequence=True, reverse=bool(place)).apply(parameters[name], {}, x, context)
        np.testing.assert_array_equal(y[..., place * U : (place + 1) * U], one)
    assert not np.allclose(parameters["forward"]["weight"], parameters["backward"]["weight"])
    assert both.steps(context.steps) is context.steps
    assert bl.Bidirectional(bl.GRU(U)).steps(context.steps) is None


def test_a_network_hands_the_real_steps_from_layer_to_layer():
    x = sequences()
    gaps = np.where(MASK[..., None] > 0, x, np.nan)
    network = bl.Sequential(bl.Padding(), bl.GRU(U, sequence=True), bl.Tanh, bl.LSTM(U), bl.Dense(2))
    parameters, state = network.initialize((T, F), jax.random.key(0))
    y, _ = network.apply(parameters, state, jnp.asarray(gaps), Context())
    for b, length in enumerate(LENGTHS[:2]):
        alone, _ = network.apply(parameters, state, jnp.asarray(x[b : b + 1, :length]), Context())
        np.testing.assert_allclose(y[b : b + 1], alone, rtol=1e-6)


def test_gates_start_as_published():
    parameters, _ = bl.LSTM(16, forget_bias=2.0).initialize((T, 8), jax.random.key(0))
    np.testing.assert_array_equal(parameters["bias"].reshape(4, 16), np.repeat([[0.0], [2.0], [0.0], [0.0]], 16, 1))
    for gate in np.split(np.asarray(parameters["recurrent"], np.float64), 4, axis=1):
        np.testing.assert_allclose(gate.T @ gate, np.eye(16), atol=1e-5)
    spread = np.asarray(parameters["weight"]).var()
    assert abs(spread / (2 / (8 + 16)) - 1) < 4 * np.sqrt(2 / 512)  # Glorot's variance by the fans of one gate


def test_costs_are_by_hand():
    plan = bl.GRU(4).plan((5, 3))
    assert plan.multiply_adds == 5 * (3 * 3 * 4 + 4 * 3 * 4)
    assert plan.neurons == 4
    assert bl.LSTM(4).summary((5, 3)).biases == 16
    assert bl.GRU(4).summary((5, 3)).biases == 16  # and one more bias on the product of the candidate
    assert bl.RNN(4, context="output", outputs=2).plan((5, 3)).multiply_adds == 5 * (3 * 4 + 2 * 4 + 4 * 2)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: bl.GRU(0), "whole number of units"),
        (lambda: bl.LSTM(4, sequence="yes"), "sequence=True or sequence=False"),
        (lambda: bl.GRU(4, reset="never"), "reset='after' or reset='before', not 'never'"),
        (lambda: bl.RNN(4, context="cell"), "context='hidden' or context='output', not 'cell'"),
        (lambda: bl.RNN(4, outputs=2), "outputs belongs to context='output'"),
        (lambda: bl.RNN(4, activation="Tahn"), "did you mean Tanh"),
        (lambda: bl.RNN(4, activation="Softmax"), "elementwise activation, not 'Softmax'"),
        (lambda: bl.LSTM(4, recurrent_initializer="orthogonl"), "did you mean Orthogonal"),
        (lambda: bl.LSTM(4, forget_bias=float("nan")), "forget_bias that is finite"),
        (lambda: bl.Bidirectional(bl.Dense(4)), "recurrent layer that reads forward"),
        (lambda: bl.Bidirectional(bl.GRU(4, reverse=True)), "recurrent layer that reads forward"),
    ],
)
def test_settings_out_of_range_are_refused(make, message):
    with pytest.raises(bl.SettingError, match=message):
        make()


def test_a_mask_of_the_wrong_shape_is_refused_with_both_shapes():
    layer = bl.GRU(U)
    with pytest.raises(bl.ShapeError, match="mask of real steps has the shape 3×5, and the sequences are 3×6"):
        layer.apply(draw(layer), {}, jnp.asarray(sequences()), Context(steps=jnp.ones((B, 5))))


def test_tokens_are_sent_through_an_embedding_first():
    with pytest.raises(bl.ShapeError, match=r"layer gru_1: GRU reads sequences.*put Embedding before"):
        bl.Sequential(bl.GRU(4)).plan((20,))
