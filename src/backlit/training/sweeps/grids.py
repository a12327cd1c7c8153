"""A grid: the members of a sweep, all prepared, which train together."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from functools import cached_property

from backlit.training.execution import Progress
from backlit.training.populations.forms import member_bytes
from backlit.training.populations.halving import Halving
from backlit.training.populations.members import program_of
from backlit.training.populations.population import Outcome, in_turn, train_together
from backlit.training.run import Run
from backlit.training.sweeps.configurations import Configuration, Member
from backlit.training.sweeps.spaces import Values
from backlit.training.sweeps.sweep import Sweep


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
        """The places of the runs by the program that trains them: those that differ in numbers alone share one."""
        shared: dict[Hashable, list[int]] = {}
        for place, run in enumerate(self.runs):
            shared.setdefault(program_of(run) or place, []).append(place)
        return list(shared.values())

    @property
    def epochs(self) -> int:
        """The epochs of all programs together, at most."""
        return sum(int(self.runs[places[0]].settings.epochs or 1) for places in self.programs)

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

    def train(self, progress: Callable[[Progress], None] | None = None) -> Sweep:
        """Train all members and compare them; an interrupt from the keyboard keeps what is done.

        Args:
            progress: called a few times a second; its epochs are those of all programs together.

        Raises:
            TrainingError: every member failed.
        """
        told = _Overall(progress, self.epochs)

        def train(places: list[int]) -> list[Outcome]:
            runs = [self.runs[place] for place in places]
            made = train_together(runs, told.follow if progress else None, self.halving)
            told.close(int(runs[0].settings.epochs or 1))
            return made

        ordered = iter(in_turn(self.programs, train))
        return Sweep(
            [
                Configuration(values, tuple(Member({**values, "seed": seed}, next(ordered)) for seed in self.seeds))
                for values in self.values
            ],
            self.comparable,
        )


@dataclass
class _Overall:
    """Tells of the progress of one program after another as of one run."""

    progress: Callable[[Progress], None] | None
    epochs: int
    before: int = 0
    earlier: float = 0.0
    seconds: float = 0.0

    def follow(self, told: Progress) -> None:
        """Hand on what is told of one program."""
        self.seconds = self.earlier + told.seconds
        later = self.epochs - self.before - told.epochs
        left = told.seconds_left + told.seconds / max(told.epoch, 1) * later
        assert self.progress is not None
        self.progress(
            told._replace(epoch=self.before + told.epoch, epochs=self.epochs, seconds=self.seconds, seconds_left=left)
        )

    def close(self, epochs: int) -> None:
        """A program of so many epochs is over."""
        self.before += epochs
        self.earlier = self.seconds
