"""A lesson: a claim of the lectures, the experiment that tests it, and what came out."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol


class Drawn(Protocol):
    """A picture of any kind: a plot or a drawing."""

    def save(self, path: str | Path) -> None:
        """Write it as the path's ending says."""


@dataclass(frozen=True)
class Outcome:
    """What an experiment showed.

    Attributes:
        picture: what it looks like.
        finding: in words, computed from the result, whichever way it came out; plain sentences with their numbers.
        holds: whether the claim held.
        measures: the numbers that the finding rests on, by name.
    """

    picture: Drawn
    finding: str
    holds: bool
    measures: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Lesson:
    """A claim of the lectures with the experiment that tests it.

    Attributes:
        name: as `backlit lesson NAME` takes it, such as 'momentum'.
        title: a line, such as 'Momentum in a narrow valley'.
        rows: the rows of docs/rows.md that it shows.
        claim: what the lectures say, in our own words.
        experiment: how it is tested: data, networks, budget, seeds; what is measured.
        run: makes the experiment; the same each time, but for what is timed.
        kind: the ending of its picture's file: 'png' for plots, 'svg' for drawings.
    """

    name: str
    title: str
    rows: tuple[int, ...]
    claim: str
    experiment: str
    run: Callable[[], Outcome]
    kind: str = "png"
