"""What the doctor takes: a trained model, or a run that is ready; anything else is refused, with what to give."""

from os import PathLike
from typing import Any

from backlit.errors import InputError
from backlit.training import Model, Run, Sweep


def check_given(given: Any, name: str, option: str = "") -> None:
    """Refuse what is neither a model nor a run.

    Args:
        given: what a user gave.
        name: of the function that was called.
        option: of `backlit diagnose` that does the same with a run's folder.

    Raises:
        InputError: naming what was received, and what to give in its place.
    """
    if isinstance(given, Model | Run):
        return
    taken = f"{name} takes a trained model, as bl.fit gives it, or a run that is ready, as bl.prepare gives it"
    if isinstance(given, Sweep):
        raise InputError(f"{taken}, not a sweep: give its best model, sweep.best")
    if isinstance(given, str | PathLike):
        command = f"backlit diagnose {given}{option}"
        raise InputError(
            f"{taken}, not the path {str(given)!r}: of a run's folder, {command} reads the run and its data"
        )
    received = "None" if given is None else f"an object of type {type(given).__name__}"
    raise InputError(f"{taken}, not {received}")
