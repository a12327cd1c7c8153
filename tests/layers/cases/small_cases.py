"""Cases of embedding, normalization, skip, noise, reshaping and trained activations."""

from layer_case import Case

from backlit.layers.activation import GELU, PReLU, Tanh
from backlit.layers.composition import Skip
from backlit.layers.dense import Dense
from backlit.layers.embedding import Embedding
from backlit.layers.noise import Noise
from backlit.layers.normalization import GroupNorm, LayerNorm, RMSNorm
from backlit.layers.reshaping import Reshape

CASES = [
    Case(Embedding(7, 3), (5,), (5, 3), 21, tokens=7),
    Case(Embedding(7, 3, initializer="Glorot"), (5, 2), (5, 2, 3), 21, tokens=7),
    Case(LayerNorm(), (3,), (3,), 6, bad=()),
    Case(LayerNorm(epsilon=0.1), (5, 3), (5, 3), 6, bad=()),
    Case(RMSNorm(), (5, 3), (5, 3), 3, bad=()),
    Case(GroupNorm(2), (5, 4), (5, 4), 8, bad=(5, 3)),
    Case(GroupNorm(1), (2, 3, 4), (2, 3, 4), 8, bad=()),
    Case(GroupNorm(2), (4,), (4,), 8, bad=(3,)),
    Case(Skip(Dense(4), Tanh), (5, 3), (5, 7), 16, bad=()),
    Case(Skip(Dense(4, bias=False)), (3,), (7,), 12, bad=()),
    Case(Noise(0.5), (5, 3), (5, 3)),
    Case(Reshape((3, 2, 5)), (5, 6), (3, 2, 5), bad=(5, 3)),
    Case(GELU(), (5, 3), (5, 3)),
    Case(PReLU(), (5, 3), (5, 3), 3),
    Case(PReLU(0.5, shared=True), (5, 3), (5, 3), 1),
]
