"""Embedding: tokens become trained vectors, y_t = E[x_t]."""

from dataclasses import dataclass
from math import prod

import jax.numpy as jnp

from backlit.functions.initializers import Initializer, Normal, initializer_named
from backlit.layers.block import Block, Context, Parameters, State
from backlit.layers.plan import Plan, Variable
from backlit.layers.settings import keep_initializer, keep_whole
from backlit.shapes import Array, Shape

UNIT = Normal(1.0)


@dataclass(frozen=True)
class Embedding(Block):
    """A trained vector for each token of a vocabulary: y = E[x], a row of E for each token.

    It is the product of a one-hot vector and E, without the zeros. A token outside the vocabulary becomes NaN, so that
    it cannot pass for another.

    Args:
        vocabulary: how many tokens there are, at least 1; tokens are whole numbers from 0 to vocabulary − 1.
        width: the length of a vector, at least 1.
        initializer: of E, by name or as an initializer.

    Shapes: x (B, T), E (vocabulary, width), y (B, T, width).

    Source: Bengio et al. 2003, JMLR 3.

    >>> Embedding(1000, 16).plan((20,)).output
    (20, 16)
    """

    vocabulary: int
    width: int
    initializer: Initializer | str = UNIT

    def __post_init__(self) -> None:
        keep_whole(self, "vocabulary")
        keep_whole(self, "width")
        keep_initializer(self, "initializer")

    @property
    def exact(self) -> bool:
        """Tokens are numbers of rows, and half precision would make others of them."""
        return True

    def plan(self, input: Shape) -> Plan:
        """One vector a token of the vocabulary."""
        draw = initializer_named(self.initializer)
        return Plan(
            input=input,
            output=(*input, self.width),
            parameters={"weight": Variable((self.vocabulary, self.width), draw, weight=True, incoming=(-1,))},
            neurons=prod(input) * self.width,
        )

    def apply(self, parameters: Parameters, state: State, x: Array, context: Context) -> tuple[Array, State]:
        """Look up."""
        tokens = jnp.asarray(x).astype(jnp.int32)
        outside = (tokens < 0) | (tokens >= self.vocabulary) | (tokens != x)
        return jnp.take(parameters["weight"], jnp.where(outside, self.vocabulary, tokens), axis=0, mode="fill"), {}
