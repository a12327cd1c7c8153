"""Tokens: data whose numbers are names, for networks that begin with an Embedding."""

import jax
import jax.numpy as jnp
import numpy as np

from backlit.data import Parts
from backlit.errors import DataError, SettingError
from backlit.layers.block import Block, Context
from backlit.layers.composition import Sequential
from backlit.layers.embedding import Embedding
from backlit.layers.padding import Padding
from backlit.layers.reshaping import Flatten
from backlit.layers.transformer import EncoderDecoder
from backlit.shapes import Array, Shape


def vocabulary_of(network: Block) -> int | None:
    """How many tokens a network knows that begins with an Embedding; None: it takes numbers."""
    if isinstance(network, Embedding):
        return network.vocabulary
    if isinstance(network, EncoderDecoder):
        return min(vocabulary_of(block) or 0 for block in network.blocks) or None
    if type(network) is Sequential:
        first = next((block for block in network.blocks if not isinstance(block, Padding | Flatten)), None)
        return None if first is None else vocabulary_of(first)
    return None


def check_tokens(network: Block, parts: Parts) -> None:
    """Make sure that the data are tokens which the network's Embedding knows.

    Raises:
        DataError: they hold fractions, or whole numbers outside the vocabulary; −1 is padding.
    """
    if vocabulary_of(network) is None:
        return
    for words, part in (("training", parts.train), ("validation", parts.validation), ("test", parts.test)):
        remedy = f"make its vocabulary {max(2, int(np.nanmax(part.x, initial=0)) + 1)}, or correct the data"
        check_rows(network, part.x, f"{words} data", remedy)


def check_rows(network: Block, x: np.ndarray, words: str = "data", remedy: str = "correct the data") -> None:
    """Make sure that rows are tokens which the network's Embedding knows, where it has one.

    Raises:
        DataError: as for `check_tokens`.
    """
    vocabulary = vocabulary_of(network)
    if vocabulary is None:
        return
    if x.ndim == 3 and x.shape[2] > 1:
        raise DataError(f"the {words} have {x.shape[2]} numbers a step, and Embedding({vocabulary}, …) takes one token")
    wrong = ~np.isnan(x) & ((x != np.round(x)) | (x < -1) | (x >= vocabulary))
    if wrong.any():
        raise DataError(
            f"the {words} hold {x[wrong][0]:g}, and Embedding({vocabulary}, …) takes whole numbers from 0 to "
            f"{vocabulary - 1}, with −1 for padding: {remedy}"
        )


def check_causal(network: Sequential, body: Sequential, shape: Shape) -> None:
    """Refuse a network that is to tell the next tokens, and sees them: a change of the last must change no step before.

    Raises:
        SettingError: naming the layers that look ahead, and those that do not.
    """
    vocabulary = vocabulary_of(network) or 1
    tokens = np.random.default_rng(0).integers(0, vocabulary, (2, *shape))
    tokens[1] = tokens[0]
    tokens[1, -1] = (tokens[0, -1] + 1) % vocabulary

    @jax.jit
    def outputs(key: Array) -> Array:
        parameters, state = network.initialize(shape, key)
        return body.apply(parameters, state, jnp.asarray(tokens), Context())[0][:, :-1]

    one, other = np.asarray(outputs(jax.random.key(0)))
    if not np.allclose(one, other, rtol=1e-4, atol=1e-6, equal_nan=True):
        raise SettingError(
            "the network is to tell the next token of each step, and it sees later ones, so that it would only copy: "
            "use DecoderBlock or Attention(..., causal=True), and recurrent layers without Bidirectional or reverse"
        )
