"""Populations: runs that differ in numbers alone train together, in one compiled program.

Members stop each on their own and harm no other; those that have stopped make room, so that they cost nothing. A
member's result is that of the same run alone, to rounding.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from backlit.errors import TrainingError
from backlit.training.devices import SHARE, fits, free_bytes
from backlit.training.execution import Execution, Follow
from backlit.training.history import History
from backlit.training.model import Model
from backlit.training.populations.forms import member_bytes
from backlit.training.populations.halving import Halving
from backlit.training.populations.members import program_of
from backlit.training.populations.rounds import Rounds

if TYPE_CHECKING:
    from backlit.training.run import Run


NOT_BEGUN = "interrupted before it began"


@dataclass
class Failure:
    """A run that left no model: why, the epochs it made, and their history; `NOT_BEGUN` after an interrupt."""

    reason: str
    epochs: int
    history: History


Outcome = Model | Failure


def train_together(
    runs: Sequence[Run], progress: Follow | None = None, halving: Halving | None = None
) -> list[Outcome]:
    """Train runs: those that share a program together, the others in turn.

    Args:
        runs: ready to train, see `prepare`.
        progress: called a few times a second, with the progress of the member whose watched loss is lowest so far.
        halving: how the worse configurations of each program, of those that memory takes at once, are stopped early;
            None: all go on.

    Returns:
        For each run, in order, its model, or a `Failure` where its first epoch turned non-finite. After an interrupt
        from the keyboard, what is done is kept, and runs that had not begun are failures.
    """
    return in_turn(parts_of(runs), lambda places: train_part([runs[place] for place in places], progress, halving))


def parts_of(runs: Sequence[Run]) -> list[list[int]]:
    """The places of runs by the program that trains them, those of one program in as few parts as memory takes."""
    programs: dict[Hashable, list[int]] = {}
    for place, run in enumerate(runs):
        programs.setdefault(program_of(run) or place, []).append(place)
    return [wave for places in programs.values() for wave in _waves(runs, places)]


def in_turn(parts: Sequence[list[int]], train: Callable[[list[int]], list[Outcome]]) -> list[Outcome]:
    """Train parts of some runs one after another; after an interrupt from the keyboard the rest are failures.

    Args:
        parts: the places of the runs, each in one part.
        train: gives the outcomes of a part.

    Returns:
        The outcomes, in the order of the places.

    Raises:
        KeyboardInterrupt: it came before any part was done.
    """
    outcomes: dict[int, Outcome] = {}
    interrupted = False
    for places in parts:
        made: list[Outcome] = [Failure(NOT_BEGUN, 0, History()) for _ in places]
        if not interrupted:
            try:
                made = train(places)
            except KeyboardInterrupt:
                if not outcomes:
                    raise
        interrupted |= any(_is_interrupted(outcome) for outcome in made)
        outcomes |= dict(zip(places, made, strict=True))
    return [outcomes[place] for place in sorted(outcomes)]


def _is_interrupted(outcome: Outcome) -> bool:
    return outcome.reason == NOT_BEGUN if isinstance(outcome, Failure) else outcome.stopped == "interrupted"


def train_part(
    runs: Sequence[Run],
    progress: Follow | None = None,
    halving: Halving | None = None,
    time_limit: float | None = None,
) -> list[Outcome]:
    """Train runs of one program that fit in memory together.

    Args:
        runs, progress, halving: as for `train_together`.
        time_limit: seconds of training, above 0; None: the settings' own.
    """
    if len(runs) == 1:
        return [_model_or_failure(lambda: Execution(runs[0], progress, time_limit=time_limit).finish(), History())]
    rounds = Rounds(runs, progress, halving, time_limit)
    rounds.train()
    return [
        _model_or_failure(lambda place=place: rounds.conclude(place), execution.history)  # type: ignore[misc]
        for place, execution in enumerate(rounds.executions)
    ]


def _model_or_failure(train: Callable[[], Model], history: History) -> Model | Failure:
    try:
        return train()
    except TrainingError as error:
        return Failure(str(error), len(history), history)


def _waves(runs: Sequence[Run], places: list[int]) -> list[list[int]]:
    """The runs of one program in as few parts as memory takes; one alone in its part needs no more than ever."""
    first = runs[places[0]]
    splits = {id(runs[place].parts.train.x) for place in places}
    data = sum(part.x.nbytes for part in (first.parts.train, first.parts.validation))
    data *= min(len(splits), 2)  # rows of several splits lie together once for training and once for validation
    index = 8 * len(first.parts.train) * (len(splits) > 1)
    room = int((SHARE * free_bytes() - data) / (member_bytes(first) + index)) if fits(data) else 0
    size = max(room, 1) if len(places) > 1 else 1
    return [places[start : start + size] for start in range(0, len(places), size)]
