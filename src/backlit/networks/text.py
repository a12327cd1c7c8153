"""Networks that go on with a sequence of tokens, such as a text: at every step they are asked for the next one."""

from collections.abc import Mapping
from typing import Any

from backlit.errors import ShapeError
from backlit.layers.block import Block
from backlit.layers.composition import Sequential
from backlit.layers.dense import Dense
from backlit.layers.embedding import Embedding
from backlit.layers.gru import GRU
from backlit.layers.normalization import LayerNorm
from backlit.layers.positions import Position
from backlit.layers.transformer import DecoderBlock, EncoderBlock, EncoderDecoder
from backlit.networks.recipe import Recipe
from backlit.shapes import Shape, write

TRAINED_TOKENS = 3_000_000  # how many a run goes over, some minutes on two cores
MOST_EPOCHS = 40


def transformer(
    input: Shape, units: int, rows: int, *, width: int = 128, heads: int = 4, layers: int = 4, dropout: float = 0.0
) -> Sequential:
    """A decoder-only transformer: causal blocks with rotary positions, norm before.

    Args:
        input: (T,), a window of tokens.
        units: the vocabulary, the same for what it takes and what it tells.
        rows: of no meaning here.
        width: features of a step.
        heads: of each block's attention.
        layers: how many blocks.
        dropout: the blocks' rate.

    Source: Radford et al. 2019, with rotary positions, Su et al. 2021, arXiv:2104.09864.
    """
    _check_tokens("transformer", input)
    blocks = [DecoderBlock(heads, dropout=dropout, rotary=True) for _ in range(layers)]
    return Sequential(Embedding(units, width), *blocks, LayerNorm, Dense(units))


def encoder_decoder(
    input: Shape,
    units: int,
    rows: int,
    *,
    target: int = 0,
    vocabulary: int = 0,
    width: int = 64,
    heads: int = 4,
    layers: int = 2,
    dropout: float = 0.0,
) -> Sequential:
    """The transformer that turns a source into a target.

    Args:
        input: (S + T,), the tokens of the source, then those that the decoder is given.
        units: the vocabulary of the target.
        rows: of no meaning here.
        target: T; 0: half of the input.
        vocabulary: of what it takes; 0: two more than that of the target, for marks of the beginning and the end.
        width: features of a step.
        heads: of each block's attention.
        layers: how many blocks the encoder and the decoder have.
        dropout: the blocks' rate.

    Source: Vaswani et al. 2017, arXiv:1706.03762.
    """
    _check_tokens("encoder-decoder", input)
    taken = vocabulary or units + 2
    start: list[Block] = [Embedding(taken, width), Position()]
    encoder = [EncoderBlock(heads, dropout=dropout) for _ in range(layers)]
    decoder = [DecoderBlock(heads, dropout=dropout, cross=True) for _ in range(layers)]
    source = input[0] - (target or input[0] // 2)
    return Sequential(
        EncoderDecoder(
            Sequential(*start, *encoder, LayerNorm),
            Sequential(*start, *decoder, LayerNorm, Dense(units)),
            source=source,
        )
    )


def char_gru(input: Shape, units: int, rows: int, *, width: int = 256) -> Sequential:
    """A recurrent network that goes on with a text.

    Args:
        input: (T,), a window of tokens.
        units: the vocabulary, the same for what it takes and what it tells.
        rows: of no meaning here.
        width: units of the recurrent layer.
    """
    _check_tokens("char-gru", input)
    return Sequential(Embedding(units, 64), GRU(width, sequence=True), Dense(units))


def _check_tokens(name: str, input: Shape) -> None:
    if len(input) != 1:
        raise ShapeError(
            f"{name} takes tokens, of shape (T,), and an example here has the shape {write(input)}: give a text, or "
            "whole numbers (N, T)"
        )


def _settings(input: Shape, rows: int) -> Mapping[str, Any]:
    """AdamW in small batches, for as many epochs as the tokens allow."""
    tokens = max(0.7 * rows * (input[0] if input else 1), 1)
    return {
        "optimizer": "adamw(weight_decay=0.1, b2=0.99)",
        "learning_rate": 3e-3,
        "schedule": "cosine(warmup=0.05)",
        "clip": 1.0,
        "batch_size": max(8, 1024 // input[0]) if input else 8,
        "epochs": min(MOST_EPOCHS, max(1, round(TRAINED_TOKENS / tokens))),
    }


TEXT_NETWORKS = {
    "transformer": Recipe(
        transformer, "decoder-only transformer: goes on with a text", "cross-entropy", _settings, task="many classes"
    ),
    "encoder-decoder": Recipe(
        encoder_decoder,
        "transformer that turns a source into a target, side by side in one row of tokens",
        "cross-entropy",
        _settings,
        task="many classes",
    ),
    "char-gru": Recipe(
        char_gru, "recurrent network that goes on with a text", "cross-entropy", _settings, task="many classes"
    ),
}
"""The networks for tokens."""
