"""A model from its folder: what `Model.save` wrote, checked, and the history that lies beside it in a run's folder."""

from math import nan
from pathlib import Path
from typing import Any, TypeVar

import jax
import jax.numpy as jnp

from backlit.data import Schema
from backlit.errors import FileError
from backlit.files import read_model
from backlit.functions.losses import FunctionLoss, Loss, Several, loss_named
from backlit.layers.composition import Sequential
from backlit.shapes import Shape, write
from backlit.training.history import History
from backlit.training.model import Model
from backlit.training.objective import body_of, check_preprocessing
from backlit.training.settings import Settings

T = TypeVar("T", int, str)


def load(path: str | Path, loss: Any = None) -> Model:
    """The model that `Model.save` wrote; everything is checked before anything is allocated, and no code is run.

    Args:
        path: the model's folder; or that of a run, which holds it as model/, and beside it its history.csv: of a
            damaged one the model's notes tell, and its history is empty.
        loss: the loss again, where it was a function of the user's own: files hold no code.

    Raises:
        FileError: for a folder that is missing, corrupt or foreign, or whose loss has to be given again and is not.
    """
    stored = read_model(path)
    network, extra = stored.network, stored.extra
    if not isinstance(network, Sequential):
        raise FileError(f"{path} is no model that Backlit can read: its network is a {type(network).__name__}")
    try:
        settings = dict(extra["settings"])
        settings["split"] = tuple(settings["split"])
        schema, rule = Schema.from_json(extra["schema"]), _stored_loss(extra["loss"], loss, path)
        _check_fit(network, stored.input_shape, schema, rule)
        history, notes = _history_of(Path(path))
        return Model(
            network=network,
            input_shape=stored.input_shape,
            schema=schema,
            loss=rule,
            parameters=jax.tree.map(jnp.asarray, stored.parameters),
            state=jax.tree.map(jnp.asarray, stored.state),
            settings=Settings(**settings),
            history=history,
            scores=_restored(extra["scores"]),
            rows={str(part): _typed(count, int) for part, count in extra["rows"].items()},
            stopped=_typed(extra["stopped"], str),
            epochs=_typed(extra["epochs"], int),
            best_epoch=_typed(extra["best_epoch"], int),
            notes=notes,
        )
    except FileError:
        raise
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise FileError(f"{path} is no model that Backlit can read: {error}") from None


def _history_of(path: Path) -> tuple[History | None, list[str]]:
    """The history of a run, from its folder or from the model's in it, and why it cannot be read; None without one."""
    if not (path / "model").is_dir() and path.resolve().name != "model":
        return None, []
    recorded = (path if (path / "model").is_dir() else path.resolve().parent) / "history.csv"
    try:
        return (History.read_csv(recorded) if recorded.is_file() else None), []
    except FileError as error:
        return None, [f"the run has no history: {error}"]


def _restored(scores: dict[str, dict[str, float | None]]) -> dict[str, dict[str, float]]:
    return {
        part: {name: nan if value is None else float(value) for name, value in held.items()}
        for part, held in scores.items()
    }


def _stored_loss(held: dict[str, Any], given: Any, path: str | Path) -> Loss:
    if held["name"] == Several.name:
        return Several(*held["settings"]["parts"], weights=held["settings"]["weights"])
    if held["name"] != FunctionLoss.name:
        return loss_named(held["name"], **held["settings"])
    if given is None:
        raise FileError(f"{path} was trained with a loss of your own, and files hold no code: load(path, loss=...)")
    return given if isinstance(given, Loss) else FunctionLoss(given, **held["settings"])


def _check_fit(network: Sequential, input: Shape, schema: Schema, loss: Loss) -> None:
    """Refuse parts of a model that do not belong together."""
    if schema.input_shape != input:
        raise ValueError(f"its data have the shape {write(schema.input_shape)}, its network takes {write(input)}")
    check_preprocessing(network, len(schema.classes))
    loss.check(body_of(network, loss).plan(input).output, schema.task, len(schema.classes), (1, *schema.target_shape))


def _typed(value: Any, kind: type[T]) -> T:
    if type(value) is not kind:
        raise TypeError(f"{value!r} is no {kind.__name__}")
    return value
