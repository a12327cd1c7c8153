"""How a run tells of itself while it trains: a live bar on a terminal, about ten plain lines elsewhere."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from math import inf, isfinite
from typing import TYPE_CHECKING, TypeAlias

from backlit.alignment import number
from backlit.cli.output import Report

if TYPE_CHECKING:
    from backlit.training import Progress

Follow: TypeAlias = "Callable[[Progress], None]"
LINES = 10
SILENCE = 10.0  # seconds
QUICK = 1.0  # seconds between two lines that say what else is being done


@contextmanager
def following(report: Report, epochs: int) -> Iterator["Follow | None"]:
    """What to call with a run's progress while the block lasts; None where nobody listens."""
    if report.silent:
        yield None
    elif report.live:
        with bar(report, epochs) as follow:
            yield follow
    else:
        yield lines(report)


@contextmanager
def bar(report: Report, epochs: int) -> Iterator["Follow"]:
    """A bar that fills with the epochs, with the losses, the score and the time left."""
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn
    from rich.progress import Progress as Live

    columns = (TextColumn("epoch"), MofNCompleteColumn(), BarColumn(bar_width=12), TextColumn("{task.description}"))
    with Live(*columns, console=report.console, transient=True) as live:
        task = live.add_task("compiling", total=epochs)

        def follow(progress: "Progress") -> None:
            said = progress.doing or short(progress)
            live.update(task, completed=progress.epoch, description=f"{said}{left(progress)}")

        yield follow


def lines(report: Report) -> "Follow":
    """A line for each tenth of the epochs, one after ten seconds without any, and one for what else is being done."""
    tenth, spoke, said = 0, 0.0, -inf

    def follow(progress: "Progress") -> None:
        nonlocal tenth, spoke, said
        if progress.doing:
            if progress.seconds - said >= QUICK:
                spoke = said = progress.seconds
                report.line(f"{progress.doing}{left(progress)}")
            return
        reached = LINES * progress.epoch // progress.epochs
        if reached > tenth or progress.epoch == 1 or progress.seconds - spoke >= SILENCE:
            tenth, spoke = reached, progress.seconds
            place = progress.place or f"epoch {progress.epoch}/{progress.epochs}"
            report.line(f"{place}: {words(progress)}{left(progress)}")

    return follow


def short(progress: "Progress") -> str:
    """The loss and the score that are watched, to fit beside a bar on 80 columns."""
    if progress.validation_loss is None:
        return f"loss {number(progress.loss)}, {progress.score_name} {number(progress.score)}"
    return f"val loss {number(progress.validation_loss)}, {progress.score_name} {number(progress.validation_score)}"


def words(progress: "Progress") -> str:
    """The losses and the score in words."""
    loss, name = f"loss {number(progress.loss)}", progress.score_name
    if progress.validation_loss is None:
        return f"{loss}, {name} {number(progress.score)}"
    held_out = f"loss {number(progress.validation_loss)}, {name} {number(progress.validation_score)}"
    return f"{loss}, validation {held_out}"


def left(progress: "Progress") -> str:
    """The time left if every epoch is made, as people write it, behind a comma; '' where it is not known."""
    if not isfinite(progress.seconds_left):
        return ""
    seconds = round(progress.seconds_left)
    time = f"{seconds} s" if seconds < 100 else f"{seconds // 60} min" if seconds < 6000 else f"{seconds // 3600} h"
    return f", {'≤' if progress.bounded else 'about'} {time} left"
