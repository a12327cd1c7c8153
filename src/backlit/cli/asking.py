"""What the commands that read data ask for, and how a command takes the options that it shares with others."""

import inspect
from collections.abc import Callable
from functools import wraps
from typing import Any

from backlit.cli import options

Reader = Callable[..., dict[str, Any]]


def read_source(
    *,
    source: options.Source,
    target: options.Target = None,
    task: options.Task = None,
    column: options.Columns = None,
    weights: options.Weights = None,
    order_by: options.OrderBy = None,
    sequence_by: options.SequenceBy = None,
    step_by: options.StepBy = None,
    window: options.Window = None,
    horizon: options.Horizon = None,
    text: options.Text = None,
) -> dict[str, Any]:
    """What `read` takes, from the options of a command line; what is not given is left out."""
    given = {
        "target": target,
        "task": task,
        "columns": options.read_columns(column),
        "weights": weights,
        "order_by": order_by,
        "sequence_by": sequence_by,
        "step_by": step_by,
        "window": window,
        "horizon": options.read_horizon(horizon),
        "text": text,
    }
    return {"data": source} | {name: value for name, value in given.items() if value is not None}


def asks(*readers: Reader) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Gives a command the options of readers before its own, and what they read as one: `asked`.

    Args:
        readers: functions of options alone, no two of the same name.
    """
    shared = [inspect.signature(reader).parameters for reader in readers]

    def taking(command: Callable[..., Any]) -> Callable[..., Any]:
        own = (entry for name, entry in inspect.signature(command).parameters.items() if name != "asked")

        @wraps(command)
        def call(**given: Any) -> Any:
            asked: dict[str, Any] = {}
            for reader, names in zip(readers, shared, strict=True):
                asked |= reader(**{name: given.pop(name) for name in names})
            return command(asked=asked, **given)

        every = [entry for names in shared for entry in names.values()]
        together = [entry.replace(kind=entry.KEYWORD_ONLY) for entry in (*every, *own)]
        call.__signature__ = inspect.Signature(together)  # type: ignore[attr-defined]
        call.__annotations__ = {entry.name: entry.annotation for entry in together}
        return call

    return taking
