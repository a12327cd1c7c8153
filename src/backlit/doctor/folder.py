"""A run's folder as a model with its run: what settings.json says was asked is prepared again, and must fit."""

import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import jax
import numpy as np

from backlit.doctor.course.numbers import examine_stop
from backlit.doctor.course.prior import SQUARED, Prior
from backlit.doctor.course.record import record_of
from backlit.doctor.course.signals import examine_record
from backlit.doctor.finding import COURSE, Examination, Finding, ordered
from backlit.doctor.records import failure_of, file_of, findings_of, settings_of
from backlit.errors import BacklitError
from backlit.functions.losses import FunctionLoss, Hinge
from backlit.shapes import Array, Shape
from backlit.shapes import write as write_shape
from backlit.training import Model, Run, load, prepare
from backlit.training.arguments import SOUGHT, is_sought
from backlit.training.representation import layers_of

PATHS = ("validation", "test", "network")  # arguments that may be paths
BROKEN = "the run has no history: "  # how a model's notes begin that tell of a damaged history.csv
ALONE = "what needs the data or a rerun, for"
FOLLOWING = ("schedule", "epochs", "patience")  # settings that are chosen differently where a rate or size is given


def run_of(folder: str | Path, data: str | None = None) -> tuple[Model | Run | None, tuple[str, ...]]:
    """The model in a run's folder with its run, prepared again from what `backlit train` kept of it.

    Args:
        folder: of the run, or of a saved model.
        data: where the data are now; None: where they were. Relative paths of the run begin in the folder that its
            command ran in.

    Returns:
        The model, and sentences without a full stop on what cannot be examined; where the run cannot be prepared, or
        does not fit, the model is alone: its `run` is None. Of a run whose first epoch failed, which left no model, the
        run, ready to train; None where it cannot be prepared.

    Raises:
        FileError: there is no model, or a damaged one.
    """
    path = Path(folder)
    if failure_of(path):
        run, problem = _prepared(path, data)
        return run, (f"{ALONE} {problem}",) if problem else ()
    model = load(path, loss=_unknown_loss)
    if isinstance(model.loss, FunctionLoss):
        problem = "its loss was a function of the user's own, and files hold no code"
    else:
        run, problem = _prepared(path, data)
        problem = problem if run is None else misfit(model, run)
        model.run = None if problem else run
    return model, tuple(filter(None, (f"{ALONE} {problem}" if problem else "", _gap(path, model))))


def examine_folder(
    folder: str | Path, data: str | None = None, quick: bool = False, progress: Callable[[str], None] | None = None
) -> tuple[Model | Run | None, Examination]:
    """What is wrong with the run in a folder: a diagnosis, or, where the run cannot be prepared again, what its history
    says, and what findings.json has kept of the training.

    Args:
        folder, data: as for `run_of`.
        quick, progress: as for `diagnose`.

    Returns:
        What `run_of` gives, and what was found.

    Raises:
        FileError: there is no model, or a damaged one.
    """
    begun, path, say = time.perf_counter(), Path(folder), progress or (lambda words: None)
    say("preparing the run again")
    held, left_out = run_of(path, data)
    if held is None or (isinstance(held, Model) and held.run is None):
        found = _without_run(path, held, begun)
    else:
        from backlit.doctor.diagnosis import diagnose

        found = diagnose(held, quick=quick, progress=lambda words: say(f"examining {words}"))
        if isinstance(held, Model) and not len(held.history):
            kept, damaged = findings_of(path) if quick else ((), "")
            found = replace(
                found,
                findings=ordered([*found, *kept]),
                examined=tuple(words for words in found.examined if words != COURSE),
                left_out=(*found.left_out, *filter(None, [damaged])),
            )
    return held, replace(found, left_out=(*left_out, *found.left_out))


def examine_history(model: Model) -> list[Finding]:
    """What the history of a model says whose run is not there; its scores have kept what a constant answer is worth."""
    classes, kept = len(model.schema.classes), model.scores.get("baseline", {})
    own = not isinstance(model.loss, (*SQUARED, Hinge))
    prior = Prior(kept.get("loss") if own else None, kept.get("accuracy", np.nan), np.nan, classes)
    layers = [path for path, _ in layers_of(model.network.plan(model.input_shape))]
    found = examine_record(record_of(model.history, None, layers, prior))
    return list(ordered([*examine_stop(model.stopped, None), *found]))


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


def _prepared(path: Path, data: str | None) -> tuple[Run, str] | tuple[None, str]:
    """The run that settings.json says was asked, ready to train; or None and why it cannot be prepared."""
    record, problem = settings_of(path)
    if problem:
        return None, problem
    place = record["data"]["path"]
    if data is None and isinstance(place, str) and not Path(place).exists():
        return None, f"there are no data at {place} any more: say --data FILE, with where they are now"
    try:
        return prepare(**_asked(record, data)), ""
    except (BacklitError, TypeError, ValueError, KeyError, AttributeError, OSError) as error:
        words = str(error).partition("\n")[0] or type(error).__name__
        return None, f"the run cannot be prepared again: {words}"


def _without_run(path: Path, model: Model | None, begun: float) -> Examination:
    """What the history says, as far as it goes, and what was found when the run was trained."""
    kept, damaged = findings_of(path)
    found: list[Finding] = []
    examined, left_out = [], list(filter(None, [damaged]))
    if model is not None and len(model.history):
        try:
            found = examine_history(model)
            examined.append(COURSE)
        except Exception as error:  # whatever a history that was changed makes of it, the rest is told
            left_out.append(f"{COURSE}: {str(error).partition(chr(10))[0] or type(error).__name__}")
    return Examination(ordered([*found, *kept]), tuple(examined), tuple(left_out), time.perf_counter() - begun)


def _gap(path: Path, model: Model) -> str:
    """Which epochs of a run are not known, and why; '' where all are."""
    known, broken = len(model.history), [note for note in model.notes if note.startswith(BROKEN)]
    if broken:
        return f"{COURSE}: {broken[0].removeprefix(BROKEN)}"
    if known:
        held = f"{COURSE} after epoch {known:,}: history.csv holds {known:,} of its {model.epochs:,} epochs"
        return held if known < model.epochs else ""
    there = file_of(path, "history.csv") is not None
    return f"{COURSE}: {'history.csv holds no epochs' if there else 'the folder has no history.csv'}"


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
