"""What stands behind a name: how its network is built for given data, and the settings that belong to it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from backlit.layers.composition import Sequential
from backlit.shapes import Shape


@dataclass(frozen=True)
class Recipe:
    """A named network and what goes with it; whatever the user sets goes before it.

    Args:
        build: (input shape, number of outputs, training rows, **settings of the name) → the network without
            preprocessing; settings are numbers, keyword-only, with defaults.
        summary: one line for listings.
        loss: the loss that belongs to it, by name; None: by the task.
        settings: settings of a run that belong to it, such as its update rule; or what makes them of the shape of an
            example and the number of all rows.
        units: how many outputs the published network has, for a summary that is asked without data.
        reconstructs: whether its targets are its own inputs.
        task: the task that it is for; None: any.

    >>> Recipe(lambda input, units, rows: Sequential(), "nothing").units
    1
    """

    build: Callable[..., Sequential]
    summary: str
    loss: str | None = None
    settings: Mapping[str, Any] | Callable[[Shape, int], Mapping[str, Any]] = field(default_factory=dict)
    units: int = 1
    reconstructs: bool = False
    task: str | None = None

    def settings_for(self, input: Shape, rows: int) -> Mapping[str, Any]:
        """The settings that belong to it, for these data."""
        return self.settings(input, rows) if callable(self.settings) else self.settings
