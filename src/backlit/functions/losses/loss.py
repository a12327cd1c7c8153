"""The contract of a loss.

A loss turns a network's outputs (before any link: logits, not probabilities) and the targets into one number an
example. The loss of a batch is the weighted mean of these numbers; training takes it, with the sample weights and the
mask of padded rows.
"""

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, ClassVar

import jax.numpy as jnp
import numpy as np

from backlit.errors import DataError, SettingError, ShapeError
from backlit.shapes import Array, Shape, write

REGRESSION, TWO_CLASSES, MANY_CLASSES = "regression", "two classes", "many classes"
TASKS = (REGRESSION, TWO_CLASSES, MANY_CLASSES)


@dataclass(frozen=True)
class Loss(ABC):
    """The contract: one number an example, and what the output layer must look like.

    Attributes:
        name: the name in settings and on the command line.
        summary: one line for listings.
        tasks: the tasks it fits, of `regression`, `two classes`, `many classes`.
        link: the activation that turns outputs into predictions: None, `Sigmoid` or `Softmax`.
        least: what a target must be at least.
    """

    name: ClassVar[str]
    summary: ClassVar[str]
    tasks: ClassVar[tuple[str, ...]]
    link: ClassVar[str | None] = None
    least: ClassVar[float] = -math.inf

    def units(self, task: str, classes: int, targets: int) -> int:
        """The output units that a default head needs.

        Args:
            task: one of `tasks`.
            classes: K, the number of classes; of no meaning in regression.
            targets: the number of target columns.

        Raises:
            SettingError: the loss does not fit the task.
        """
        self.check_task(task)
        return self.output_shapes(task, classes, (1,) if targets == 1 else (1, targets))[0][-1]

    def __str__(self) -> str:
        """The loss as it is named, with the settings that are not the defaults: `huber(delta=2.0)`."""
        changed = [f"{f.name}={getattr(self, f.name)!r}" for f in fields(self) if getattr(self, f.name) != f.default]
        return f"{self.name}({', '.join(changed)})" if changed else self.name

    @abstractmethod
    def examples(self, outputs: Array, targets: Array) -> Array:
        """The loss of each example, of shape (B,)."""

    @abstractmethod
    def predict(self, outputs: Array) -> Array:
        """Values (B,) or (B, T), or probabilities (B, K); two classes on one unit give (B, 2)."""

    @abstractmethod
    def output_shapes(self, task: str, classes: int, targets_shape: Shape) -> tuple[Shape, ...]:
        """The shapes that one example's output may have, the recommended one first."""

    def rescaling(self, targets_shape: Shape) -> Mapping[str, Any] | None:
        """How outputs on a scale of mean 0 and deviation 1 return to the targets' units: settings of `Rescale`; None:
        the loss means what it says in the units of the data alone.
        """
        return None

    def constant(self, targets: Array) -> Array:
        """The outputs (units,) of a regression that knows the training targets (N, T) alone: their means."""
        return jnp.mean(targets, axis=0)

    def check_task(self, task: str) -> None:
        """Makes sure that the loss fits the task.

        Raises:
            SettingError: it does not.
        """
        if task not in self.tasks:
            raise SettingError(
                f"The loss {self.name} is for {' and '.join(self.tasks)}, but the task is {task}: "
                f"choose {' or '.join(SUITED.get(task, TASKS))}"
            )

    def check_targets(self, targets: np.ndarray, rows: Sequence[int] | np.ndarray) -> None:
        """Makes sure that no target is below what the loss has a meaning for, before any work starts.

        Args:
            targets: of all the rows, (N, ...), in the units of the data.
            rows: the numbers of the rows in their source, (N,), counted from 0.

        Raises:
            DataError: one is; the first such row and its value are named.
        """
        if len(wrong := np.argwhere(np.asarray(targets) < self.least)):
            place = tuple(wrong[0])
            raise DataError(
                f"the target in row {rows[place[0]]} (counted from 0) is {targets[place]:g}, but the loss {self.name} "
                f"takes targets of at least {self.least:g}: mend the row, or choose another loss"
            )

    def check(self, output_shape: Shape, task: str, classes: int, targets_shape: Shape) -> None:
        """Makes sure that the loss fits the task and the output layer, before any work starts.

        Args:
            output_shape: of one example's output: (1,) for `Dense(1)`.
            task: `regression`, `two classes` or `many classes`.
            classes: K, the number of classes; of no meaning in regression.
            targets_shape: of all the targets, rows first: (N,), (N, T) or (N, ...).

        Raises:
            SettingError: the loss does not fit the task.
            ShapeError: the output layer does not fit the loss and the targets.
        """
        self.check_task(task)
        fitting = self.output_shapes(task, classes, targets_shape)
        if tuple(output_shape) not in fitting:
            steps = task != REGRESSION and len(targets_shape) == 2 and len(output_shape) < 2
            repair = "keep the time axis, GRU(…, sequence=True), and " if steps else ""
            of_classes = "" if task == REGRESSION else f" of {classes} classes"
            raise ShapeError(
                f"The network's output has shape {write(tuple(output_shape))} an example, but the loss {self.name} "
                f"with targets of shape {'×'.join(['N', *map(str, targets_shape[1:])])}{of_classes} needs "
                f"{' or '.join(write(shape) for shape in fitting if shape)}: {repair}"
                f"end the network with {head(fitting[0])}"
            )


SUITED = {
    REGRESSION: ("mse", "mae", "huber"),
    TWO_CLASSES: ("bce", "cross-entropy", "hinge"),
    MANY_CLASSES: ("cross-entropy", "hinge"),
}


def head(shape: Shape) -> str:
    """The last layer that gives an output of this shape, in the notation."""
    if len(shape) > 2:
        return f"Conv({shape[-1]}, 3, padding='same') or Reshape({shape})"
    return f"Dense({shape[-1]})" if shape else "Dense(1)"


def paired(outputs: Array, targets: Array) -> tuple[Array, Array]:
    """Outputs and targets in one shape: an axis of size 1 that only one of them has at its end is taken away.

    So (B,) meets (B, 1) as (B,), never as the (B, B) of a silent broadcast.

    Raises:
        ShapeError: the shapes differ in another way.
    """
    if outputs.shape == (*targets.shape, 1):
        outputs = outputs[..., 0]
    elif targets.shape == (*outputs.shape, 1):
        targets = targets[..., 0]
    if outputs.shape != targets.shape:
        raise ShapeError(
            f"Outputs of shape {write(outputs.shape)} do not match targets of shape {write(targets.shape)}: "
            "give the last layer one unit for each target column"
        )
    return outputs, targets.astype(outputs.dtype)


def each_example(values: Array) -> tuple[int, ...]:
    """The axes of one example: all but the first."""
    return tuple(range(1, values.ndim))
