"""A user's own function, or negative log-likelihood, as a loss."""

from collections.abc import Callable
from dataclasses import dataclass

from backlit.errors import ShapeError
from backlit.functions.losses.loss import MANY_CLASSES, TASKS, Loss
from backlit.shapes import Array, Shape, write


@dataclass(frozen=True)
class FunctionLoss(Loss):
    """A function (outputs, targets) → one loss an example; the batch takes the mean over examples.

    Outputs of one unit reach the function as (B,), like their targets, so that `(outputs - targets) ** 2` means what
    it says; more units reach it as (B, T).

    Args:
        function: gives an array of shape (B,).
        prediction: from the outputs to what `predict` gives, such as `softmax`; None leaves the outputs as they are.

    >>> import jax.numpy as jnp
    >>> FunctionLoss(lambda f, y: (f - y) ** 4).examples(jnp.array([[1.0], [2.0]]), jnp.array([0.0, 0.0]))
    Array([ 1., 16.], dtype=float32)
    """

    name = "function"
    summary = "a function of your own, (outputs, targets) → one loss an example"
    tasks = TASKS
    function: Callable[[Array, Array], Array]
    prediction: Callable[[Array], Array] | None = None

    def units(self, task: str, classes: int, targets: int) -> int:
        """One unit for each target, and for each class where there are more than two."""
        return classes if task == MANY_CLASSES else targets

    def examples(self, outputs: Array, targets: Array) -> Array:
        """What the function gives, of shape (B,).

        Raises:
            ShapeError: the function gives another shape.
        """
        losses = self.function(single(outputs), single(targets))
        if losses.shape != outputs.shape[:1]:
            raise ShapeError(
                f"The loss function gave shape {write(losses.shape)} for a batch of {outputs.shape[0]}, but it must "
                f"give one loss an example, of shape {write(outputs.shape[:1])}: sum or average the other axes"
            )
        return losses

    def predict(self, outputs: Array) -> Array:
        """The outputs, (B,) for one unit, through `prediction` where there is one."""
        outputs = single(outputs)
        return outputs if self.prediction is None else self.prediction(outputs)

    def check(self, output_shape: Shape, task: str, classes: int, targets_shape: Shape) -> None:
        """Nothing is known before the function is called: `examples` checks what it gives."""


def single(values: Array) -> Array:
    """(B, 1) as (B,); other shapes as they are."""
    return values[:, 0] if values.ndim == 2 and values.shape[1] == 1 else values
