"""A run's folder as a model with its run: what settings.json says was asked is prepared again, and must fit."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jax
import numpy as np

from backlit.errors import BacklitError
from backlit.functions.losses import FunctionLoss
from backlit.shapes import Array, Shape
from backlit.shapes import write as write_shape
from backlit.training import Model, Run, load, prepare
from backlit.training.arguments import SOUGHT, is_sought

SETTINGS = "settings.json"
PATHS = ("validation", "test", "network")  # arguments that may be paths
ALONE = "what needs the data or a rerun, for"
FOLLOWING = ("schedule", "epochs", "patience")  # settings that are chosen differently where a rate or size is given


def run_of(folder: str | Path, data: str | None = None) -> tuple[Model, tuple[str, ...]]:
    """The model in a run's folder with its run, prepared again from what `backlit train` kept of it.

    Args:
        folder: of the run, or of a saved model.
        data: where the data are now; None: where they were. Relative paths of the run begin in the folder that its
            command ran in.

    Returns:
        The model, and sentences without a full stop on what cannot be examined; where the run cannot be prepared, or
        does not fit, the model is alone: its `run` is None.

    Raises:
        FileError: there is no model, or a damaged one.
    """
    path = Path(folder)
    model = load(path, loss=_unknown_loss)
    if isinstance(model.loss, FunctionLoss):
        return model, (f"{ALONE} its loss was a function of the user's own, and files hold no code",)
    record, problem = _record_of(path)
    if problem:
        return model, (f"{ALONE} {problem}",)
    try:
        run = prepare(**_asked(record, data))
        problem = misfit(model, run)
    except (BacklitError, TypeError, ValueError, KeyError, AttributeError, OSError) as error:
        words = str(error).partition("\n")[0] or type(error).__name__
        problem = f"the run cannot be prepared again: {words}"
    if problem:
        return model, (f"{ALONE} {problem}",)
    model.run = run
    return model, ()


def misfit(model: Model, run: Run) -> str:
    """Why a run cannot be the one that made a model, as a sentence without its full stop; '' where it can.

    Their variables must have the same shapes, their parts the same numbers of rows, and what was fitted to the training
    rows, such as their mean, must be the same.
    """
    if run.input_shape != model.input_shape:
        now, then = write_shape(run.input_shape), write_shape(model.input_shape)
        return f"the data are not those of the run: an example has the shape {now}, and had {then}"
    plan = run.network.plan(run.input_shape)
    planned, kept = {"/".join(path): v.shape for path, v in plan.variables()}, _shapes(model.parameters)
    for name in sorted(planned.keys() | kept.keys()):
        if planned.get(name) != kept.get(name):
            is_now, was = _said(planned, name), _said(kept, name)
            return f"the network is not that of the run: {name} is {is_now}, and was {was}"
    for part, rows in model.rows.items():
        found = len(getattr(run.parts, part, ()))
        if found != rows:
            return f"the data are not those of the run: there are {found:,} {part} rows now, and there were {rows:,}"
    for layer, fitted in run.fitted.items():
        for name, value in fitted.items():
            stored = model.state.get(layer, {}).get(name)
            if stored is None or not np.allclose(value, stored, rtol=1e-4, atol=1e-6, equal_nan=True):
                return f"the data are not those of the run: the {name} in {layer}, fitted to the training rows, changed"
    return ""


def _record_of(path: Path) -> tuple[dict[str, Any], str]:
    """What settings.json holds, and why it is of no use; '' where it is."""
    file = path / SETTINGS if (path / SETTINGS).is_file() else path.resolve().parent / SETTINGS
    if not file.is_file() or (file.parent != path and path.resolve().name != "model"):
        return {}, f"the folder has no {SETTINGS}, which says what the run was made of"
    try:
        record = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}, f"{file} cannot be read"
    if not isinstance(record, dict) or not isinstance(record.get("asked"), dict) or "data" not in record["asked"]:
        return {}, f"{SETTINGS} does not say what the run was made of, as runs of an older Backlit do not"
    return record, ""


def _asked(record: Mapping[str, Any], data: str | None) -> dict[str, Any]:
    """What `prepare` is given, with paths as they are seen from here."""
    asked, begun = {"network": None, **record["asked"]}, Path(str(record.get("folder") or "."))
    asked["data"] = data or record["data"]["path"] or asked["data"]
    for name in PATHS:
        if isinstance(asked.get(name), str) and (begun / asked[name]).exists():
            asked[name] = str(begun / asked[name])
    sought = [name for name in SOUGHT if is_sought(asked.get(name))]
    for name in (*sought, *(FOLLOWING if sought else ())):
        asked[name] = record["settings"][name]
    return asked


def _shapes(tree: Mapping[str, Any]) -> dict[str, Shape]:
    leaves = jax.tree_util.tree_leaves_with_path(tree)
    return {"/".join(str(entry.key) for entry in path): leaf.shape for path, leaf in leaves}


def _said(shapes: Mapping[str, Shape], name: str) -> str:
    return write_shape(shapes[name]) if name in shapes else "missing"


def _unknown_loss(outputs: Array, targets: Array) -> Array:
    """Stands in for a loss that no file holds."""
    return outputs.reshape(len(outputs), -1).sum(-1) * np.nan
