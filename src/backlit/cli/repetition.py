"""The command that repeats a run: `backlit train` with the options that say what `prepare` was asked."""

import shlex
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from backlit.training import Run

WRITTEN: dict[str, Callable[[Any], list[str]]] = {  # by argument, of those whose option is not --NAME VALUE
    "columns": lambda kinds: [part for name, kind in kinds.items() for part in ("--column", f"{name}={kind}")],
    "penalties": lambda layers: [
        part
        for layer, strengths in layers.items()
        for name, strength in strengths.items()
        for part in ("--penalty", f"{layer}:{name}={strength!r}")
    ],
    "standardize": lambda asked: [] if asked else ["--no-standardize"],
    "penalize_biases": lambda asked: ["--penalize-biases"] if asked else [],
    "reconstruct": lambda asked: ["--reconstruct"] if asked else [],
    "target": lambda names: ["--target", names if isinstance(names, str) else ",".join(names)],
    "horizon": lambda steps: ["--horizon", ",".join(map(str, [steps] if isinstance(steps, int) else steps))],
    "split": lambda shares: ["--split", "/".join(map(repr, shares))],
}
SILENT = ("block_rows", "y")  # arguments without an option


def asked_of(run: "Run") -> dict[str, Any] | None:
    """What `prepare` was given for a run, as plain JSON values; None where it was given what no file holds, such as an
    array."""
    from backlit.functions.losses import FunctionLoss, Loss
    from backlit.layers.block import Block
    from backlit.layers.notation import write

    asked = {}
    for name, value in run.asked.items():
        if isinstance(value, Block):
            value = write(value)
        elif isinstance(value, Loss) and not isinstance(value, FunctionLoss):
            value = str(value)
        if not isinstance(value, bool | int | float | str | list | tuple | dict | None):
            return None
        if value is not None:
            asked[name] = value
    return {"network": None, **asked} if isinstance(asked.get("data"), str) else None


def command_of(asked: Mapping[str, Any] | None) -> str | None:
    """The command line that asks the same of `prepare`; None where it cannot be written, as weights by class cannot."""
    from backlit.training import Settings

    if asked is None:
        return None
    defaults = {name: getattr(Settings, name, None) for name in asked} | {"network": None, "reconstruct": False}
    given = {name: value for name, value in asked.items() if name != "data" and _differs(value, defaults[name])}
    if any(name in SILENT or (isinstance(value, dict) and name not in WRITTEN) for name, value in given.items()):
        return None
    words = [
        part for name, value in given.items() for part in WRITTEN.get(name, lambda v, n=name: _option(n, v))(value)
    ]
    return shlex.join(["backlit", "train", asked["data"], *words])


def _differs(value: Any, default: Any) -> bool:
    return value is not None and (tuple(value) if isinstance(value, list) else value) != default


def _option(name: str, value: Any) -> list[str]:
    return [f"--{name.replace('_', '-')}", value if isinstance(value, str) else repr(value)]
