"""Generation: greedy is repeated prediction, drawing follows the probabilities, and beginnings are checked."""

from functools import partial

import jax
import numpy as np
import pytest

import backlit as bl
from backlit.data import text
from backlit.errors import DataError, SettingError, ShapeError
from backlit.training.model import Model

BOOK = "abc abd bcd. " * 60


def untrained(network, *data, **settings):
    """The network with its first weights: what holds for any weights needs no training."""
    run = bl.prepare(network, *data, **settings)
    parameters, state = run.initialize(jax.random.key(0))
    return Model(
        network=run.network,
        input_shape=run.input_shape,
        schema=run.parts.schema,
        loss=run.loss,
        parameters=parameters,
        state={**state, **run.fitted},
        settings=run.settings,
    )


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    """A small transformer for a text."""
    path = tmp_path_factory.mktemp("text") / "book.txt"
    path.write_text(BOOK)
    return untrained("Embedding(7, 16), DecoderBlock(2, rotary=True), Dense(7)", path, window=16)


@pytest.fixture(scope="module")
def counter():
    """A recurrent network for tokens, each the one before plus one, from 0 to 4."""
    x = (np.arange(8) + np.arange(5).repeat(12)[:, None]) % 5
    network = "Embedding(5, 16), GRU(16, sequence=True), Dense(5)"
    return bl.fit(network, x, (x + 1) % 5, task="many classes", epochs=60, batch_size=8, learning_rate=0.02)


@partial(jax.jit, static_argnums=0)
def outputs_of(model, tokens):
    """The network's scores for whole sequences."""
    return model.objective.outputs(model.parameters, model.state, tokens)


def scores_after(model, tokens):
    """The scores of the next token, from the whole sequence at once, whatever comes behind it."""
    whole = np.pad(tokens, (0, model.input_shape[0] - len(tokens)))[None]
    return np.asarray(outputs_of(model, whole))[0, len(tokens) - 1]


def test_greedy_is_repeated_prediction(model):
    tokens = list(text.tokens_of("abc", model.schema.classes, "characters"))
    for _ in range(14):
        tokens.append(int(scores_after(model, tokens)[1:].argmax()) + 1)
    expected = text.write(np.array(tokens[3:]), model.schema.classes, "characters")
    assert model.generate("abc", length=14, temperature=0) == expected


def test_beyond_its_window_it_goes_on_from_the_last_half(model):
    made = model.generate("abc", length=30, temperature=0)
    first = model.generate("abc", length=14, temperature=0)
    assert made[:14] == first
    assert made[14:23] == model.generate(("abc" + first)[-8:], length=9, temperature=0)


def test_a_long_prompt_is_read_from_its_end(model):
    assert len(model.generate(BOOK, length=9)) == 9


def test_the_seed_decides(model):
    drawn = [model.generate("abc", length=40, temperature=2.0, seed=seed) for seed in (0, 0, 1)]
    assert drawn[0] == drawn[1] != drawn[2]


def test_one_of_the_top_one_is_greedy(model):
    assert model.generate("abc", 14, temperature=1.5, top_k=1, seed=4) == model.generate("abc", 14, temperature=0)


def test_more_of_the_top_than_there_are_is_all_and_numpy_numbers_are_numbers(model):
    everything = model.generate("abc", 14, temperature=2.0, seed=1)
    assert model.generate("abc", 14, temperature=np.float32(2), top_k=np.int64(50), seed=np.int64(1)) == everything


def test_tokens_are_drawn_by_their_probability(counter):
    prompts = np.zeros((4000, 1), np.int32)
    drawn = counter.generate(prompts, length=1, temperature=3.0)[:, 0]
    shares = np.bincount(drawn, minlength=5) / 4000
    chances = np.exp(scores_after(counter, [0]) / 3.0)
    np.testing.assert_allclose(shares, chances / chances.sum(), atol=0.03)


def test_tokens_go_on_as_tokens(counter):
    np.testing.assert_array_equal(counter.generate([2, 3], length=4, temperature=0), [4, 0, 1, 2])
    np.testing.assert_array_equal(counter.generate([[1], [4]], length=2, temperature=0), [[2, 3], [0, 1]])


def test_a_stream_gives_what_the_whole_sequence_gives(model, counter):
    for network in (model, counter):
        tokens = np.random.default_rng(0).integers(1, 5, (3, 8))
        whole = network.objective.predictions(outputs_of(network, tokens))
        stream = network.stream()
        pieces = [stream.push(tokens[:, :3]), *(stream.push(tokens[:, [place]]) for place in range(3, 8))]
        np.testing.assert_allclose(np.concatenate(pieces, axis=1), whole, rtol=1e-4, atol=1e-6)
    with pytest.raises(SettingError, match="the stream has 9 steps, and it may have 8"):
        stream.push(tokens[:, :1])


@pytest.mark.parametrize(
    ("piece", "error", "said"),
    [
        ([1, 2], ShapeError, r"as \(sequences, steps\), not 2$"),
        (np.zeros((1, 2, 3), int), ShapeError, r"as \(sequences, steps\), not 1×2×3"),
        (3, ShapeError, "not ()"),
        ([[1], [1, 2]], ShapeError, "different lengths"),
        ([[1, 2], [3, 4]], ShapeError, "has 1 sequences, and here are the next steps of 2"),
        ([["a"]], DataError, "takes numbers, not "),
        ([[5]], DataError, "the data hold 5"),
        (np.zeros((1, 8), int), SettingError, "the stream has 9 steps"),
    ],
)
def test_a_piece_that_does_not_fit_is_refused_and_leaves_the_stream_as_it_was(counter, piece, error, said):
    stream = counter.stream()
    stream.push([[1]])
    with pytest.raises(error, match=said):
        stream.push(piece)
    assert stream.push(np.ones((1, 7), int)).shape == (1, 7, 5)


def test_padded_tokens_are_left_out(counter):
    x = (np.arange(8) + np.arange(5).repeat(4)[:, None]) % 5
    y = (x + 1) % 5
    x[::2, 5:], y[::2, 5:] = -1, -1
    run = bl.prepare("Embedding(5, 4), GRU(4, sequence=True), Dense(5)", x, y, task="many classes")
    assert str(run.network).startswith("Sequential(Padding, Embedding")


@pytest.mark.parametrize(
    ("prompt", "settings", "error", "said"),
    [
        ("xyz", {}, DataError, "never met 'x', 'y', 'z'"),
        ("", {}, DataError, "is empty"),
        ([1, 2], {}, DataError, "goes on with a text"),
        ("a", {"length": 0}, SettingError, "length is a whole number from 1"),
        ("a", {"temperature": -1}, SettingError, "temperature is a number of at least 0"),
        ("a", {"top_k": 0}, SettingError, "top_k is a whole number"),
        ("a", {"seed": -1}, SettingError, "seed is a whole number"),
    ],
)
def test_what_cannot_be_gone_on_with_is_refused(model, prompt, settings, error, said):
    with pytest.raises(error, match=said):
        model.generate(prompt, **settings)


def test_tokens_out_of_range_are_refused(counter):
    wrong = np.full((2, 8), 5)
    for use in (counter.predict, counter.predict_proba, lambda x: counter.evaluate(x, x % 5)):
        with pytest.raises(DataError, match=r"the data hold 5, and Embedding\(5, …\) takes whole numbers from 0 to 4"):
            use(wrong)
    for prompt in ([5], [0.5], [], "ab"):
        with pytest.raises(DataError, match="prompt"):
            counter.generate(prompt)
    with pytest.raises(DataError, match=r"hold 7, and Embedding\(5, …\) takes whole numbers from 0 to 4.*make .* 8"):
        bl.fit("Embedding(5, 4), GRU(4), Dense(2)", np.full((20, 3), 7), np.arange(20) % 2)


def test_a_network_that_tells_no_tokens_cannot_go_on(line):
    with pytest.raises(SettingError, match="tells the next of its tokens"):
        untrained("Dense(1)", *line).generate([1])


@pytest.mark.parametrize("layer", ["Attention(2)", "EncoderBlock(2)", "Bidirectional(GRU(4, sequence=True))"])
def test_a_network_that_sees_the_tokens_it_is_to_tell_is_refused(tmp_path, layer):
    path = tmp_path / "book.txt"
    path.write_text(BOOK)
    with pytest.raises(SettingError, match=r"tell the next token of each step, and it sees later ones.*causal=True"):
        bl.prepare(f"Embedding(7, 8), {layer}, Dense(7)", path, window=8)
    bl.prepare("Embedding(7, 8), Attention(2, causal=True), GRU(4, sequence=True), Dense(7)", path, window=8)
