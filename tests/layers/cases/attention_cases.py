"""Cases of attention, positions and the transformer's blocks."""

from layer_case import Case

from backlit.layers.attention import Attention, CrossAttention
from backlit.layers.composition import Sequential
from backlit.layers.dense import Dense
from backlit.layers.positions import Position
from backlit.layers.repetition import Recompute, Repeat
from backlit.layers.transformer import DecoderBlock, EncoderBlock, EncoderDecoder

CASES = [
    Case(Attention(2), (5, 4), (5, 4), 4 * 20, bad=(4,)),
    Case(Attention(1, bias=False), (1, 3), (1, 3), 4 * 9, bad=(5, 4, 3)),
    Case(Attention(2, causal=True, rotary=True), (2, 4), (2, 4), 4 * 20, bad=(5, 6)),
    Case(Attention(3), (5, 6), (5, 6), 4 * 42, bad=(5, 4)),
    Case(CrossAttention(2), (5, 4), (5, 4), 4 * 20, bad=(5, 3), memory=(3, 4)),
    Case(Position(), (5, 3), (5, 3), bad=(5,)),
    Case(Position("learned"), (5, 4), (5, 4), 20, bad=(5,)),
    Case(EncoderBlock(2, multiple=3), (5, 4), (5, 4), 8 + 80 + 8 + 60 + 52, bad=(5, 3)),
    Case(EncoderBlock(1, dropout=0.5, rotary=True, norm="after"), (5, 2), (5, 2), 4 + 24 + 4 + 24 + 18, bad=(2,)),
    Case(DecoderBlock(2), (2, 4), (2, 4), 8 + 80 + 8 + 80 + 68, bad=(5, 3)),
    Case(DecoderBlock(2, cross=True), (2, 4), (2, 4), 8 + 80 + 8 + 80 + 8 + 80 + 68, bad=(5,), memory=(3, 4)),
    Case(Repeat(2, Recompute(Attention(1))), (2, 3), (2, 3), 2 * 48, bad=(3,)),
    Case(
        EncoderDecoder(EncoderBlock(1), Sequential(DecoderBlock(1, cross=True), Dense(3)), source=3),
        (5, 2),
        (2, 3),
        (4 + 24 + 4 + 24 + 18) + (4 + 24 + 4 + 24 + 4 + 24 + 18) + 9,
        bad=(3, 2),
    ),
]
