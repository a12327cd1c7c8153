"""The progress of a sweep: that of its programs, one after another, as of one run, and the time that is left.

    left = what the present program says + Σ over later programs (overhead + pace · members · epochs)

The overhead is the mean time that a program took besides training so far, for its compilation above all; the pace the
time of training per member and epoch.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from math import nan
from typing import NamedTuple

from backlit.training.execution import GLANCE, Follow, Progress

NOTHING = Progress(0, 0, nan, None, nan, None, "", 0, 0.0, nan)  # is known before the first epoch


class Part(NamedTuple):
    """A program of a sweep: the members that it trains, their epochs at most, and what tells it from the others."""

    members: int
    epochs: int
    words: str = ""


@dataclass
class Overall:
    """Tells of one program after another.

    Args:
        progress: is told.
        parts: the programs, in turn.
        time_limit: seconds of training of all together; None: no limit.
    """

    progress: Follow
    parts: Sequence[Part]
    time_limit: float | None = None
    number: int = -1
    trained: float = 0.0
    other: float = 0.0
    made: int = 0
    started: float = field(default_factory=time.perf_counter)
    begun: float = 0.0
    present: tuple[float, int] = 0.0, 0
    last: Progress = NOTHING

    def begin(self) -> None:
        """The next program begins, and is compiled first."""
        self.number += 1
        self.begun, self.present = time.perf_counter(), (0.0, 0)
        part, before = self.parts[self.number], self._epochs(0, self.number)
        plural = "s" if part.members > 1 else ""
        doing = f"compiling program {self.number + 1:,} of {len(self.parts):,}: {part.members:,} member{plural}"
        self._tell(
            self.last,
            epoch=before,
            seconds_left=self._later(self.number, self.other, self.trained, self.made),
            doing=f"{doing}{part.words and f' of {part.words}'}",
        )

    def follow(self, told: Progress) -> None:
        """Hand on what is told of the present program."""
        self.last, self.present = told, (told.seconds, told.epoch)
        other = self.other + time.perf_counter() - self.begun - told.seconds
        made = self.made + self.parts[self.number].members * told.epoch
        later = self._later(self.number + 1, other, self.trained + told.seconds, made)
        early = self.trained + told.seconds < GLANCE and told.epoch < told.epochs  # the first epoch takes longer
        left = nan if early else told.seconds_left + later
        part, programs = self.parts[self.number], len(self.parts)
        program = f"program {self.number + 1:,} of {programs:,}, " if programs > 1 else ""
        best = f", best of {part.members:,} members" if part.members > 1 else ""
        place = f"{program}epoch {told.epoch:,}/{part.epochs:,}{best}"
        self._tell(told, epoch=self._epochs(0, self.number) + told.epoch, seconds_left=left, place=place)

    def close(self) -> None:
        """The present program is over."""
        trained, epoch = self.present
        self.trained += trained
        self.other += time.perf_counter() - self.begun - trained
        self.made += self.parts[self.number].members * epoch

    def _tell(self, told: Progress, epoch: int, seconds_left: float, doing: str = "", place: str = "") -> None:
        self.progress(
            told._replace(
                epoch=epoch,
                epochs=self._epochs(0, len(self.parts)),
                seconds=time.perf_counter() - self.started,
                seconds_left=seconds_left,
                bounded=len(self.parts) == 1,
                doing=doing,
                place=place,
            )
        )

    def _epochs(self, first: int, last: int) -> int:
        return sum(part.epochs for part in self.parts[first:last])

    def _later(self, first: int, other: float, trained: float, made: int) -> float:
        """The seconds of the programs from `first` on, from what those before took; no number where none did."""
        later = self.parts[first:]
        if not later:
            return 0.0
        if not made:
            return nan
        training = trained / made * sum(part.members * part.epochs for part in later)
        if self.time_limit is not None:
            training = min(training, max(self.time_limit - trained, 0.0))
        return training + other / first * len(later)
