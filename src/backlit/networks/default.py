"""The network that a run gets when none is named: a multilayer perceptron with two hidden layers of ReLU.

The lectures' advice is to start with ReLU; the width follows the number of rows: small data get a small network.
"""

from backlit.layers.activation import ReLU
from backlit.layers.block import Block
from backlit.layers.composition import Sequential
from backlit.layers.dense import Dense
from backlit.layers.reshaping import Flatten
from backlit.shapes import Shape


def default_network(input: Shape, units: int, rows: int) -> Sequential:
    """A multilayer perceptron for examples of this shape.

    Args:
        input: the shape of one example, without the batch axis.
        units: outputs, one a class or target.
        rows: training rows: 64 hidden units below 20,000 rows, 256 and 128 from there on.

    >>> print(default_network((4,), 3, 100))
    Sequential(Dense(64), ReLU, Dense(64), ReLU, Dense(3))
    """
    first, second = (64, 64) if rows < 20_000 else (256, 128)
    flat: tuple[Block, ...] = (Flatten(),) if len(input) > 1 else ()
    return Sequential(*flat, Dense(first), ReLU(), Dense(second), ReLU(), Dense(units))
