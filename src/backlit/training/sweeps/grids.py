"""A grid: the members of a sweep, all prepared, which train together."""

from __future__ import annotations

import time
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from backlit.training.execution import Follow
from backlit.training.model import Model
from backlit.training.populations.forms import member_bytes
from backlit.training.populations.halving import Halving
from backlit.training.populations.population import Outcome, in_turn, parts_of, train_part
from backlit.training.run import Run
from backlit.training.sweeps.configurations import Configuration, Member
from backlit.training.sweeps.progress import Overall, Part
from backlit.training.sweeps.spaces import Values
from backlit.training.sweeps.sweep import Sweep, written

SHORTEST = 1e-9  # seconds of training for what begins when the time is over: one look at it


@dataclass
class Grid:
    """The members of a sweep, all checked and none trained.

    Attributes:
        values: of each configuration, in the order in which they were given.
        seeds: of every configuration's members.
        runs: of the members, the seeds changing fastest.
        halving: how the worse configurations stop early; None: they do not.
    """

    values: list[Values]
    seeds: tuple[int, ...]
    runs: list[Run]
    halving: Halving | None = None

    @property
    def firsts(self) -> list[Run]:
        """The first run of each configuration."""
        return self.runs[:: len(self.seeds)]

    @cached_property
    def programs(self) -> list[list[int]]:
        """The places of the runs by the program that trains them: those that differ in numbers alone share one, as far
        as memory takes them at once.
        """
        return parts_of(self.runs)

    @property
    def parts(self) -> list[Part]:
        """The programs as their progress is told."""
        values = [[self._values(place) for place in places] for places in self.programs]
        apart = [
            name
            for name in values[0][0]
            if all(len({repr(one[name]) for one in own}) == 1 for own in values)
            and len({repr(own[0][name]) for own in values}) > 1
        ]
        return [
            Part(len(own), _epochs(self.runs[places[0]]), written({name: own[0][name] for name in apart}))
            for own, places in zip(values, self.programs, strict=True)
        ]

    @property
    def epochs(self) -> int:
        """The epochs of all programs together, at most."""
        return sum(_epochs(self.runs[places[0]]) for places in self.programs)

    @property
    def nbytes(self) -> int:
        """About how much memory the largest program's members take, beside the data."""
        return max(len(places) * member_bytes(self.runs[places[0]]) for places in self.programs)

    @property
    def comparable(self) -> bool:
        """Whether the losses of all members are the same function on the same scale."""
        return len({(str(run.loss), str(run.objective.scale(run.fitted))) for run in self.firsts}) == 1

    def __str__(self) -> str:
        configurations, seeds, programs = len(self.values), len(self.seeds), len(self.programs)
        plural = "s" if configurations > 1 else ""
        times = f"{configurations:,} configuration{plural} × {seeds:,} seeds, " if seeds > 1 else ""
        each = "1 program of" if programs == 1 else f"{programs:,} programs of up to"
        size = f"{self.nbytes / 1e6:,.1f} MB" if self.nbytes >= 1e5 else f"{self.nbytes / 1e3:,.1f} kB"
        return f"{times}{len(self.runs):,} member{'s' if len(self.runs) > 1 else ''} in {each} about {size}"

    def train(self, progress: Follow | None = None) -> Sweep:
        """Train all members and compare them; an interrupt from the keyboard keeps what is done.

        Args:
            progress: called before a program is compiled and a few times a second; its epochs are those of all programs
                together.

        Raises:
            TrainingError: every member failed.
        """
        begun, limit = time.perf_counter(), self.runs[0].settings.time_limit
        told = Overall(progress, self.parts, limit) if progress else None
        seconds = {"compile": 0.0, "train": 0.0}
        waiting = len(self.runs)

        def train(places: list[int]) -> list[Outcome]:
            nonlocal waiting
            left = None if limit is None else max(limit - seconds["train"], SHORTEST) * len(places) / waiting
            waiting -= len(places)
            if told:
                told.begin()
            follow = told.follow if told else None
            made = train_part([self.runs[place] for place in places], follow, self.halving, left)
            if told:
                told.close()
            for name in seconds:
                seconds[name] += max((one.seconds[name] for one in made if isinstance(one, Model)), default=0.0)
            return made

        ordered = iter(in_turn(self.programs, train))
        found = [
            Configuration(values, tuple(Member({**values, "seed": seed}, next(ordered)) for seed in self.seeds))
            for values in self.values
        ]
        return Sweep(found, self.comparable, {**seconds, "total": time.perf_counter() - begun})

    def _values(self, place: int) -> dict[str, Any]:
        """What is swept, of one run."""
        configuration, seed = divmod(place, len(self.seeds))
        return {**self.values[configuration], "seed": self.seeds[seed]}


def _epochs(run: Run) -> int:
    return int(run.settings.epochs or 1)
