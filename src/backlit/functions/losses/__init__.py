"""Losses: what training makes small, by task and by name."""

from collections.abc import Callable
from typing import Any

from backlit.errors import SettingError, nearest
from backlit.functions.losses.classification import BinaryCrossEntropy, CrossEntropy, Hinge
from backlit.functions.losses.function import FunctionLoss
from backlit.functions.losses.loss import MANY_CLASSES, REGRESSION, TASKS, TWO_CLASSES, Loss
from backlit.functions.losses.regression import (
    HalfSquaredError,
    Huber,
    MeanAbsoluteError,
    MeanSquaredError,
    SumSquaredError,
)
from backlit.shapes import Array, Shape

__all__ = [
    "ALIASES",
    "LOSSES",
    "MANY_CLASSES",
    "REGRESSION",
    "TASKS",
    "TWO_CLASSES",
    "BinaryCrossEntropy",
    "CrossEntropy",
    "FunctionLoss",
    "HalfSquaredError",
    "Hinge",
    "Huber",
    "Loss",
    "MeanAbsoluteError",
    "MeanSquaredError",
    "SumSquaredError",
    "default_loss",
    "loss_named",
]

LOSSES: dict[str, type[Loss]] = {
    loss.name: loss
    for loss in (
        MeanSquaredError,
        SumSquaredError,
        HalfSquaredError,
        MeanAbsoluteError,
        Huber,
        BinaryCrossEntropy,
        CrossEntropy,
        Hinge,
    )
}

ALIASES: dict[str, str] = {
    "squared-error": "mse",
    "mean-squared-error": "mse",
    "mean-absolute-error": "mae",
    "binary-cross-entropy": "bce",
}


def loss_named(loss: str | Loss | Callable[[Array, Array], Array], **settings: Any) -> Loss:
    """The loss of this name; a loss is given back as it is, and a function becomes one.

    Args:
        loss: a key of `LOSSES` or of `ALIASES` in any case, a `Loss`, or a function (outputs, targets) → (B,).
        settings: of a loss that has any, such as `delta` of `huber`.

    Raises:
        SettingError: no loss has this name, or it has no such setting.

    >>> loss_named("binary-cross-entropy")
    BinaryCrossEntropy()
    """
    if isinstance(loss, Loss):
        return loss
    if not isinstance(loss, str):
        if not callable(loss):
            raise SettingError(f"The loss is {loss!r}, but it must be a name, a Loss or a function: try 'mse'")
        return FunctionLoss(loss)
    name = loss.strip().lower().replace("_", "-")
    name = ALIASES.get(name, name)
    if name not in LOSSES:
        raise SettingError(f"There is no loss {loss!r}: {nearest(loss, [*LOSSES, *ALIASES])}")
    known = LOSSES[name].__dataclass_fields__
    for setting in settings:
        if setting not in known:
            raise SettingError(f"The loss {name} has no setting {setting!r}: {nearest(setting, known)}")
    return LOSSES[name](**settings)


def default_loss(task: str, output: Shape = ()) -> Loss:
    """The loss of maximum likelihood for a task: mse, bce or cross-entropy.

    Args:
        task: one of `TASKS`.
        output: the shape of one example's output, where it is known: two classes on two outputs take cross-entropy.

    Raises:
        SettingError: the task is none of `TASKS`.

    >>> default_loss("many classes").name
    'cross-entropy'
    """
    usual: dict[str, Loss] = {
        REGRESSION: MeanSquaredError(),
        TWO_CLASSES: BinaryCrossEntropy(),
        MANY_CLASSES: CrossEntropy(),
    }
    if task == TWO_CLASSES and output == (2,):
        return CrossEntropy()
    if task not in usual:
        raise SettingError(f"There is no task {task!r}: {nearest(task, TASKS)}")
    return usual[task]
