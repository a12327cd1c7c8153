"""Going on with a sequence: a network that tells the next token at every step is asked again and again.

Tokens are drawn from softmax(s / τ): with Gumbel noise g, the largest of s + τ g. The temperature τ = 0 takes the most
likely token always. What layers remember of earlier steps (keys and values, recurrent states) is kept from step to
step, so that each costs one step; the whole loop is one compiled program. Source of the noise: Gumbel 1954.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from backlit.data import text
from backlit.errors import DataError, SettingError, ShapeError
from backlit.layers.block import Context
from backlit.layers.composition import Sequential
from backlit.layers.settings import is_number, is_whole
from backlit.layers.transformer import EncoderDecoder
from backlit.shapes import Array, write
from backlit.training.compilation import jit
from backlit.training.tokens import check_rows, vocabulary_of

if TYPE_CHECKING:
    from backlit.training.model import Model

LENGTH = 200


def generate(
    model: Model,
    prompt: Any,
    length: int | None = None,
    temperature: float = 1.0,
    top_k: int | None = None,
    seed: int = 0,
) -> Any:
    """What a trained network makes of a beginning.

    A network knows as many steps as it was trained on. Where prompt and answer have more, it goes on from the last half
    of them, again and again; an encoder and decoder end with their target.

    Args:
        model: trained on text, or on tokens (N, T) with the next token of each step.
        prompt: the beginning: a text, or tokens (P,) or (B, P). For an `EncoderDecoder` the source, then the first of
            what the decoder is given, as in training.
        length: how many tokens to make, at least 1; None: 200, or all the steps of an encoder and decoder's target.
        temperature: τ ≥ 0: below 1 the likely becomes likelier, 0 takes the most likely always.
        top_k: draw from the k most likely tokens alone, at least 1; None, or more than there are: from all.
        seed: ≥ 0; the same tokens on every run.

    Returns:
        The answer without the prompt: a text, or tokens (length,) or (B, length).

    Raises:
        DataError: the prompt holds characters or tokens that the network does not know, or is too short.
        SettingError: the network does not tell the next token, or a setting is out of range.
    """
    _check_settings(temperature, top_k, seed)
    window, schema = model.input_shape[0], model.schema
    vocabulary = _check_model(model)
    of_text = schema.kind in text.UNITS
    if of_text != isinstance(prompt, str):
        raise DataError(
            f"the network goes on with {'a text' if of_text else 'tokens'}, and the prompt is {prompt!r:.40}"
        )
    tokens = text.tokens_of(prompt, schema.classes, schema.kind) if of_text else _tokens(prompt, vocabulary)
    rows = np.atleast_2d(tokens).astype(np.int32)
    source = _source(model.network)
    most = window - rows.shape[1] + 1
    if source is not None and not source < rows.shape[1] <= window:
        raise DataError(
            f"the prompt has {rows.shape[1]} tokens: {source} of the source, and then 1 to {window - source} for the "
            "decoder are needed"
        )
    length = (LENGTH if source is None else most) if length is None else length
    if not is_whole(length, 1) or (source is not None and length > most):
        upto = "" if source is None else f" to {most}, where the target ends"
        raise SettingError(f"length is a whole number from 1{upto}, not {length!r}")
    key, made = jax.random.key(seed), rows[:, :0]
    for turn in range(length):
        seen = np.concatenate([rows, made], axis=1)
        fits = seen.shape[1] <= window // 2 or (turn == 0 and seen.shape[1] <= window)
        seen = seen if fits else seen[:, -max(1, window // 2) :]
        count = window - seen.shape[1] + 1
        new = _go_on(
            model.objective.body,
            model.parameters,
            model.state,
            jnp.asarray(seen),
            jax.random.fold_in(key, turn),
            float(temperature),
            longest=window,
            count=count if turn else min(count, length),
            top_k=min(top_k or len(schema.classes), len(schema.classes)),
            unknown=schema.kind == "characters",
        )
        made = np.concatenate([made, np.asarray(new)], axis=1)[:, :length]
        if made.shape[1] == length:
            break
    if of_text:
        return text.write(made[0], schema.classes, schema.kind)
    return made if np.ndim(tokens) == 2 else made[0]


class Stream:
    """One sequence, or a batch of them, that a trained network sees piece by piece.

    What its layers remember is carried from piece to piece, so that the answers are those for the whole sequence.

    Args:
        model: a network whose steps depend on no later ones: recurrent layers, causal attention.
        steps: the most steps that the stream may have; None: as many as the network was trained on.
    """

    def __init__(self, model: Model, steps: int | None = None) -> None:
        self.model, self.state = model, model.state
        self.seen = self.rows = 0
        self.steps = model.input_shape[0] if steps is None else steps
        if not is_whole(self.steps, 1):
            raise SettingError(f"steps is a whole number of at least 1, not {steps!r}")
        self._answer = jit(self._apply, model.network)

    def push(self, x: Any) -> np.ndarray:
        """The predictions for the next steps (B, T, ...) of the sequences: probabilities, or numbers in their units.

        Raises:
            ShapeError: they are no steps of sequences, or of other sequences than before.
            DataError: they are no numbers, or tokens that the network does not know.
            SettingError: they would be more steps than the stream may have.
        """
        piece = self._piece(x)
        seen = self.seen + piece.shape[1]
        if seen > self.steps:
            raise SettingError(f"the stream has {seen} steps, and it may have {self.steps}: give it steps=")
        answer, self.state = self._answer(self.model.parameters, self.state, jnp.asarray(piece))
        self.seen, self.rows = seen, len(piece)
        return np.asarray(answer)

    def _piece(self, x: Any) -> np.ndarray:
        """The next steps, checked."""
        try:
            piece = np.asarray(x)
        except ValueError:
            raise ShapeError("the stream takes an array, and these rows are of different lengths") from None
        step = self.model.input_shape[1:]
        if piece.ndim != 2 + len(step) or piece.shape[2:] != step or not piece.size:
            wanted = ", ".join(["sequences", "steps", *map(str, step)])
            raise ShapeError(f"the stream takes the next steps as ({wanted}), not {write(piece.shape) or 'a number'}")
        if self.rows not in (0, len(piece)):
            raise ShapeError(f"the stream has {self.rows} sequences, and here are the next steps of {len(piece)}")
        if piece.dtype.kind not in "iufb":
            raise DataError(f"the stream takes numbers, not {piece.flat[0]!r:.40}")
        check_rows(self.model.network, piece)
        return piece

    def _apply(self, parameters: Any, state: Any, x: Array) -> tuple[Array, Any]:
        objective = self.model.objective
        outputs, after = objective.body.apply(parameters, state, x, Context(streaming=self.steps))
        values = objective.predictions(outputs)
        return values if self.model.schema.classes else objective.in_units(values, state), {**state, **after}


@partial(jax.jit, static_argnames=("body", "longest", "count", "top_k", "unknown"))
def _go_on(
    body: Sequential,
    parameters: Any,
    state: Any,
    tokens: Array,
    key: Array,
    temperature: float,
    *,
    longest: int,
    count: int,
    top_k: int,
    unknown: bool,
) -> Array:
    """The next `count` tokens (B, count) after these (B, P), of a stream of `longest` steps."""
    context = Context(streaming=longest)

    def draw(outputs: Array, own: Array) -> Array:
        scores = outputs[:, -1]
        if unknown:  # the first of the vocabulary stands for no character
            scores = scores.at[:, 0].set(-jnp.inf)
        scores = jnp.where(scores < lax.top_k(scores, top_k)[0][:, -1:], -jnp.inf, scores)
        return (scores + temperature * jax.random.gumbel(own, scores.shape)).argmax(-1).astype(tokens.dtype)

    def step(carry: tuple[Any, Array], own: Array) -> tuple[tuple[Any, Array], Array]:
        kept, last = carry
        outputs, after = body.apply(parameters, kept, last[:, None], context)
        new = draw(outputs, own)
        return ({**kept, **after}, new), new

    keys = jax.random.split(key, count)
    outputs, after = body.apply(parameters, state, tokens, context)
    first = draw(outputs, keys[0])
    rest = lax.scan(step, ({**state, **after}, first), keys[1:])[1]
    return jnp.concatenate([first[:, None], rest.T], axis=1)


def _check_settings(temperature: float, top_k: int | None, seed: int) -> None:
    if not is_number(temperature) or temperature < 0:
        raise SettingError(f"temperature is a number of at least 0, not {temperature!r}")
    if top_k is not None and not is_whole(top_k, 1):
        raise SettingError(f"top_k is a whole number of at least 1, not {top_k!r}")
    if not is_whole(seed, 0):
        raise SettingError(f"seed is a whole number of at least 0, not {seed!r}")


def _check_model(model: Model) -> int:
    """How many tokens a network knows that tells the next one."""
    vocabulary, classes = vocabulary_of(model.network), len(model.schema.classes)
    output = model.objective.body.plan(model.input_shape).output
    if vocabulary is None or len(output) != 2 or output[-1] != classes:
        raise SettingError(
            "generate needs a network that tells the next of its tokens at every step, such as the named network "
            f"transformer trained on a text; this one takes {model.schema.kind} and tells {model.schema.task}"
        )
    if vocabulary < classes:
        raise SettingError(
            f"the network tells {classes} tokens and its Embedding knows {vocabulary}: make them as many"
        )
    return vocabulary


def _tokens(prompt: Any, vocabulary: int) -> np.ndarray:
    """A prompt of tokens."""
    try:
        tokens = np.asarray(prompt)
    except ValueError:
        tokens = np.empty((0, 0, 0))
    whole = tokens.dtype.kind in "iu" and tokens.ndim in (1, 2) and tokens.size
    if not whole or tokens.min() < -1 or tokens.max() >= vocabulary:
        raise DataError(
            f"the prompt is made of whole numbers (P,) or (B, P) from 0 to {vocabulary - 1}, not {prompt!r:.80}"
        )
    return tokens


def _source(network: Sequential) -> int | None:
    """The steps of the source that a network has; None: it has none."""
    return next((block.source for block in network.blocks if isinstance(block, EncoderDecoder)), None)
