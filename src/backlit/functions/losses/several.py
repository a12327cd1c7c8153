"""Several outputs, each with a loss of its own: L = Σ_k w_k L_k."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import jax.numpy as jnp
import numpy as np

from backlit.errors import SettingError
from backlit.functions.losses.function import FunctionLoss
from backlit.functions.losses.likelihood import Gaussian
from backlit.functions.losses.loss import MANY_CLASSES, REGRESSION, TWO_CLASSES, Loss
from backlit.functions.losses.naming import loss_named
from backlit.functions.settings import is_number
from backlit.shapes import Array, Shape


@dataclass(frozen=True, init=False)
class Several(Loss):
    """Σ_k w_k L_k: the targets' columns and the network's outputs are cut into parts, each with its loss and weight.

    A part with a loss of classes predicts the probability of class 1 for one output a column, and the number of the
    most likely class for K outputs. The batch takes the mean over examples.

    Args:
        *parts: (loss, columns) or (loss, columns, outputs): a loss or its name, such as 'huber(delta=2)'; how many of
            the targets' columns are its own; how many outputs, by default as many, or two a column for 'gaussian'; K
            for a 'cross-entropy' over K classes in one column.
        weights: w_k of at least 0, one a part; default 1 each.

    Raises:
        SettingError: a part or a weight cannot be used.

    >>> loss = Several(("mse", 1), ("bce", 1), weights=(1.0, 0.5))
    >>> loss.examples(jnp.array([[1.0, 0.0]]), jnp.array([[3.0, 1.0]])).round(3)
    Array([4.347], dtype=float32)
    """

    name = "several"
    summary = "several outputs, each with a loss and a weight, Σ w_k L_k"
    tasks = (REGRESSION,)
    parts: tuple[tuple[Loss, int, int], ...]
    weights: tuple[float, ...]

    def __init__(self, *parts: Sequence[Any], weights: Sequence[float] | None = None) -> None:
        if not parts:
            raise SettingError("Several needs parts, such as Several(('mse', 1), ('bce', 1))")
        object.__setattr__(self, "parts", tuple(_part(part) for part in parts))
        given = (1.0,) * len(parts) if weights is None else tuple(weights)
        if len(given) != len(parts) or not all(is_number(weight) and 0 <= weight < float("inf") for weight in given):
            raise SettingError(f"Several takes a weight of at least 0 for each of {len(parts)} parts, not {weights!r}")
        object.__setattr__(self, "weights", tuple(map(float, given)))

    def __str__(self) -> str:
        return f"{self.name} ({', '.join(str(loss) for loss, _, _ in self.parts)})"

    def settings(self) -> dict[str, Any]:
        """The parts by name, and their weights."""
        return {"parts": [[str(loss), *sizes] for loss, *sizes in self.parts], "weights": list(self.weights)}

    def examples(self, outputs: Array, targets: Array) -> Array:
        """Σ_k w_k L_k, of shape (B,)."""
        total = jnp.zeros(len(outputs), outputs.dtype)
        for weight, (loss, z, y) in zip(self.weights, self._cut(outputs, targets), strict=True):
            total = total + weight * loss.examples(z, y)
        return total

    def predict(self, outputs: Array) -> Array:
        """A number for each target, (B, T)."""
        predicted = []
        for loss, z, y in self._cut(outputs, jnp.zeros((len(outputs), self._columns))):
            made = loss.predict(z)
            if loss.link is not None or REGRESSION not in loss.tasks:
                made = made[:, 1:] if z.shape[1] == 1 else made if z.shape == y.shape else made.argmax(-1)
            predicted.append(made.reshape(len(outputs), -1).astype(outputs.dtype))
        return jnp.concatenate(predicted, axis=1)

    def output_shapes(self, task: str, classes: int, targets_shape: Shape) -> tuple[Shape, ...]:
        """The outputs of all parts in a row.

        Raises:
            SettingError: the targets have another number of columns.
        """
        if tuple(targets_shape[1:]) != (self._columns,):
            raise SettingError(
                f"The loss's parts have {self._columns} target columns, and the targets have the shape "
                f"{'×'.join(['N', *map(str, targets_shape[1:])])}: give each column to one part"
            )
        return ((sum(outputs for _, _, outputs in self.parts),),)

    def rescaling(self, targets_shape: Shape) -> Mapping[str, Any] | None:
        """The columns of losses of classes stay as they are; None where an output is no number of a target."""
        skip: list[int] = []
        place = 0
        for loss, columns, outputs in self.parts:
            own = loss.rescaling((1, columns))
            if columns != outputs or own:
                return None
            skip += range(place, place + columns) if own is None else ()
            place += columns
        return {"skip": tuple(skip)}

    def check_targets(self, targets: np.ndarray, rows: Sequence[int] | np.ndarray) -> None:
        """Each part checks its columns.

        Raises:
            DataError: a loss has no meaning for a value.
        """
        place = 0
        for loss, columns, _ in self.parts:
            loss.check_targets(targets[:, place : place + columns], rows)
            place += columns

    def constant(self, targets: Array) -> Array:
        """The constants of the parts in a row; those of classes are the logarithms of their shares."""
        constants, place = [], 0
        for loss, columns, outputs in self.parts:
            own = targets[:, place : place + columns]
            place += columns
            if REGRESSION in loss.tasks:
                constants.append(loss.constant(own))
                continue
            share = jnp.mean(own == jnp.arange(outputs), axis=0) if outputs > columns else jnp.mean(own, axis=0)
            share = jnp.clip(share, 1e-7, 1 - 1e-7)
            constants.append(jnp.log(share) if outputs > columns else jnp.log(share / (1 - share)))
        return jnp.concatenate(constants)

    @property
    def _columns(self) -> int:
        return sum(columns for _, columns, _ in self.parts)

    def _cut(self, outputs: Array, targets: Array) -> Iterator[tuple[Loss, Array, Array]]:
        """Each loss with its outputs and its targets: classes, of one column for several outputs, are (B,)."""
        z, y = 0, 0
        for loss, columns, size in self.parts:
            own = targets[:, y : y + columns]
            yield (
                loss,
                outputs[:, z : z + size],
                own[:, 0] if size > columns == 1 and REGRESSION not in loss.tasks else own,
            )
            z, y = z + size, y + columns


def _part(part: Any) -> tuple[Loss, int, int]:
    wrong = SettingError(f"a part of Several is (loss, columns) or (loss, columns, outputs), not {part!r}")
    if not isinstance(part, tuple | list) or len(part) not in (2, 3):
        raise wrong
    loss = loss_named(part[0])
    if isinstance(loss, FunctionLoss | Several):
        raise SettingError(f"a part of Several takes a loss with a name, not {part[0]!r}")
    sizes = part[1:] if len(part) == 3 else (part[1], part[1])
    if not all(isinstance(size, int) and not isinstance(size, bool) and size >= 1 for size in sizes):
        raise wrong
    columns, outputs = sizes
    if isinstance(loss, Gaussian) and len(part) == 2:
        outputs = 2 * columns
    task = REGRESSION if REGRESSION in loss.tasks else TWO_CLASSES if outputs <= 2 else MANY_CLASSES
    fitting = loss.output_shapes(task, max(outputs, 2), (1, columns) if columns > 1 else (1,))
    if (outputs,) not in fitting:
        raise SettingError(
            f"a part of Several with the loss {loss} has {columns} target columns and {outputs} outputs, where "
            f"{' or '.join(str(shape[0]) for shape in fitting if shape)} are needed: write (loss, columns, outputs)"
        )
    return loss, columns, outputs
