"""Networks that read sequences: recurrent layers in a row, and one dense layer on what they hold at the end.

Padding is left out: what counts is the last real step.
"""

from collections.abc import Callable
from functools import partial

from backlit.errors import SettingError
from backlit.layers.bidirectional import Bidirectional
from backlit.layers.block import Block
from backlit.layers.composition import Sequential
from backlit.layers.dense import Dense
from backlit.layers.gru import GRU
from backlit.layers.lstm import LSTM
from backlit.layers.recurrence import Recurrence
from backlit.layers.regularization import Dropout
from backlit.layers.rnn import RNN
from backlit.layers.settings import is_whole
from backlit.networks.recipe import Recipe
from backlit.shapes import Shape


def recurrent_network(
    layer: Callable[..., Recurrence],
    both: bool,
    input: Shape,
    units: int,
    rows: int,
    *,
    width: int = 64,
    depth: int = 1,
    dropout: float = 0.2,
) -> Sequential:
    """Recurrent layers in a row, dropout, and a dense layer on the last real step's output.

    Args:
        layer: the kind of recurrent layer.
        both: whether each layer reads in both directions.
        input: the shape of one sequence, (T, F).
        units: outputs, one a class or target.
        rows: training rows; the network does not depend on them.
        width: units of a layer, at least 1.
        depth: layers, at least 1.
        dropout: the share of outputs omitted after each layer while training, in [0, 1).

    Raises:
        SettingError: for a setting out of range.

    >>> print(recurrent_network(GRU, False, (29, 12), 9, 270, depth=2))
    Sequential(GRU(64, sequence=True), Dropout(rate=0.2), GRU(64), Dropout(rate=0.2), Dense(9))
    """
    if not is_whole(depth, 1):
        raise SettingError(f"a recurrent network has a depth of at least 1, a whole number, not {depth!r}")
    blocks: list[Block] = []
    for place in range(depth):
        read = layer(width, sequence=place < depth - 1)
        blocks += [Bidirectional(read) if both else read, Dropout(dropout)]
    return Sequential(*blocks, Dense(units))


SEQUENCE_NETWORKS: dict[str, Recipe] = {
    name: Recipe(partial(recurrent_network, layer, both), summary)
    for name, layer, both, summary in (
        ("rnn", RNN, False, "a recurrent network: vanilla, for short sequences"),
        ("lstm", LSTM, False, "a recurrent network: long short-term memory"),
        ("gru", GRU, False, "a recurrent network: gated recurrent units; the default for sequences"),
        ("bigru", GRU, True, "gated recurrent units that read in both directions"),
    )
}
"""The networks for sequences, by name."""
