"""Tokens: data whose numbers are names, for networks that begin with an Embedding."""

import numpy as np

from backlit.data import Parts
from backlit.errors import DataError
from backlit.layers.block import Block
from backlit.layers.composition import Sequential
from backlit.layers.embedding import Embedding
from backlit.layers.padding import Padding
from backlit.layers.transformer import EncoderDecoder


def vocabulary_of(network: Block) -> int | None:
    """How many tokens a network knows that begins with an Embedding; None: it takes numbers."""
    if isinstance(network, Embedding):
        return network.vocabulary
    if isinstance(network, EncoderDecoder):
        return min(vocabulary_of(block) or 0 for block in network.blocks) or None
    if type(network) is Sequential:
        first = next((block for block in network.blocks if not isinstance(block, Padding)), None)
        return None if first is None else vocabulary_of(first)
    return None


def check_tokens(network: Block, parts: Parts) -> None:
    """Make sure that the data are tokens which the network's Embedding knows.

    Raises:
        DataError: they hold fractions, or whole numbers outside the vocabulary; −1 is padding.
    """
    vocabulary = vocabulary_of(network)
    if vocabulary is None:
        return
    for words, part in (("training", parts.train), ("validation", parts.validation), ("test", parts.test)):
        wrong = (part.x != np.round(part.x)) | (part.x < -1) | (part.x >= vocabulary)
        if wrong.any():
            raise DataError(
                f"the {words} data hold {part.x[wrong][0]:g}, and Embedding({vocabulary}, …) takes whole numbers from "
                f"0 to {vocabulary - 1}, with −1 for padding: make its vocabulary {max(2, int(part.x.max()) + 1)}, or "
                "correct the data"
            )
