"""A sequence read in both directions."""

from dataclasses import dataclass, replace
from typing import Any

from backlit.errors import SettingError
from backlit.layers.block import Block, literal
from backlit.layers.composition import Parallel
from backlit.layers.recurrence import Recurrence


@dataclass(frozen=True, init=False, repr=False)
class Bidirectional(Parallel):
    """A recurrent layer and its reversed copy, with weights of its own, side by side: y_t = [→h_t, ←h_t].

    Without `sequence`, the output is what each has read at its end: the last real step forward, the first backward.

    Args:
        layer: a recurrent layer that reads forward, such as GRU(32).

    Source: Schuster & Paliwal 1997.

    >>> from backlit import GRU
    >>> Bidirectional(GRU(32, sequence=True)).plan((20, 5)).output
    (20, 64)
    """

    def __init__(self, layer: Any) -> None:
        if not isinstance(layer, Recurrence) or layer.reverse:
            raise SettingError(f"Bidirectional takes a recurrent layer that reads forward, as in GRU(32), not {layer}")
        super().__init__(layer, replace(layer, reverse=True))

    @property
    def named(self) -> dict[str, Block]:
        """The two layers by their directions."""
        return dict(zip(("forward", "backward"), self.blocks, strict=True))

    def __str__(self) -> str:
        return f"Bidirectional({literal(self.blocks[0])})"

    __repr__ = __str__
