"""Successive halving: the worse configurations stop early, and their share of the time goes to the others.

At the rungs r, r·f, r·f², ... of epochs, one of f configurations goes on, with all its seeds: those of the lowest mean,
over the seeds, of the best watched loss so far.
Source: Jamieson & Talwalkar 2016.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from backlit.errors import SettingError
from backlit.layers.settings import is_whole


@dataclass(frozen=True)
class Halving:
    """When the configurations of a population are compared, and how many go on.

    Attributes:
        factor: f, of so many configurations one goes on, at least 2; default 3.
        first: the epochs of the first rung, at least 1; None: so many that the last rung, where one is left, is reached
            by a part 1/f of the epochs.

    Raises:
        SettingError: a value is out of range.

    >>> Halving().rungs(configurations=27, epochs=81)
    [3, 9, 27]
    """

    factor: int = 3
    first: int | None = None

    def __post_init__(self) -> None:
        if not is_whole(self.factor, 2):
            raise SettingError(f"Halving takes a whole factor of at least 2, not {self.factor!r}")
        if self.first is not None and not is_whole(self.first, 1):
            raise SettingError(f"Halving takes first as a whole number of epochs, at least 1, not {self.first!r}")

    def rungs(self, configurations: int, epochs: int) -> list[int]:
        """The epochs after which so many configurations are compared, of this many epochs in all."""
        rounds = next(count for count in range(configurations) if self.factor**count >= configurations)
        first = self.first or max(1, math.ceil(epochs / self.factor**rounds))
        rungs = [first * self.factor**count for count in range(rounds)]
        return [rung for rung in rungs if rung < epochs]

    def losers(self, losses: Mapping[int, float]) -> list[int]:
        """The configurations that stop, of those with these losses; at least one goes on.

        >>> Halving().losers({4: 0.3, 7: 0.1, 9: 0.2})
        [9, 4]
        """
        ranked = sorted(losses, key=lambda configuration: losses[configuration])
        return ranked[math.ceil(len(ranked) / self.factor) :]
