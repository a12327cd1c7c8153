"""Losses by name, with their settings, and the one that belongs to a task."""

from collections.abc import Callable
from typing import Any

from backlit.calls import call_named, hyphenated, read_call
from backlit.errors import SettingError, nearest
from backlit.functions.losses.classification import BinaryCrossEntropy, CrossEntropy, Focal
from backlit.functions.losses.function import FunctionLoss
from backlit.functions.losses.likelihood import Gaussian, Poisson
from backlit.functions.losses.loss import MANY_CLASSES, REGRESSION, TASKS, TWO_CLASSES, Loss
from backlit.functions.losses.margin import Hinge, Perceptron, SquaredHinge
from backlit.functions.losses.regression import (
    HalfSquaredError,
    Huber,
    MeanAbsoluteError,
    MeanSquaredError,
    Quantile,
    SumSquaredError,
)
from backlit.shapes import Array, Shape

LOSSES: dict[str, type[Loss]] = {
    loss.name: loss
    for loss in (
        MeanSquaredError,
        SumSquaredError,
        HalfSquaredError,
        MeanAbsoluteError,
        Huber,
        Quantile,
        Poisson,
        Gaussian,
        BinaryCrossEntropy,
        CrossEntropy,
        Focal,
        Hinge,
        SquaredHinge,
        Perceptron,
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
        loss: a key of `LOSSES` or of `ALIASES` in any case, with or without settings, such as 'huber(delta=2)'; a
            `Loss`; or a function (outputs, targets) → (B,).
        settings: of a loss that has any, in place of those in its name.

    Raises:
        NotationError: the name cannot be read.
        SettingError: no loss has this name, it has no such setting, or a setting is out of range.

    >>> loss_named("focal(gamma=1)")
    Focal(gamma=1, alpha=None)
    """
    if isinstance(loss, Loss):
        return loss
    if not isinstance(loss, str):
        if not callable(loss):
            raise SettingError(f"The loss is {loss!r}, but it must be a name, a Loss or a function: try 'mse'")
        return FunctionLoss(loss)
    name, written = read_call(loss) if "(" in loss else (hyphenated(loss), {})
    name = ALIASES.get(name, name)
    if name not in LOSSES:
        raise SettingError(f"There is no loss {loss!r}: {nearest(name, [*LOSSES, *ALIASES])}")
    return call_named("loss", name, LOSSES[name], (), {**written, **settings})


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
    if task == TWO_CLASSES and output[-1:] == (2,):
        return CrossEntropy()
    if task not in usual:
        raise SettingError(f"There is no task {task!r}: {nearest(task, TASKS)}")
    return usual[task]
