"""A user's own function, or negative log-likelihood, as a loss."""

from collections.abc import Callable
from dataclasses import dataclass, field

from backlit.errors import SettingError, ShapeError
from backlit.functions.activations import softmax
from backlit.functions.losses.classification import BinaryCrossEntropy
from backlit.functions.losses.loss import MANY_CLASSES, TASKS, TWO_CLASSES, Loss
from backlit.shapes import Array, Shape, write


@dataclass(frozen=True)
class FunctionLoss(Loss):
    """A function (outputs, targets) → one loss an example; the batch takes the mean over examples.

    Outputs of one unit reach the function as (B,), like their targets, so that `(outputs - targets) ** 2` means what
    it says; more units reach it as (B, T).

    Args:
        function: gives an array of shape (B,).
        link: what turns outputs into probabilities, `Sigmoid` (one unit) or `Softmax`; None where outputs are values,
            or scores whose largest marks the class.

    Raises:
        SettingError: there is no such link.

    >>> import jax.numpy as jnp
    >>> FunctionLoss(lambda f, y: (f - y) ** 4).examples(jnp.array([[1.0], [2.0]]), jnp.array([0.0, 0.0]))
    Array([ 1., 16.], dtype=float32)
    """

    name = "function"
    summary = "a function of your own, (outputs, targets) → one loss an example"
    tasks = TASKS
    function: Callable[[Array, Array], Array]
    link: str | None = field(default=None, kw_only=True)  # type: ignore[misc]

    def __post_init__(self) -> None:
        if self.link not in LINKS:
            raise SettingError(f"The loss's link is {self.link!r}, but it must be 'Sigmoid', 'Softmax' or None")

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
        """Probabilities by the link; without one the outputs themselves, (B,) for one unit."""
        return LINKS[self.link](outputs)

    def output_shapes(self, task: str, classes: int, targets_shape: Shape) -> tuple[Shape, ...]:
        """What a default head gives: an output for each target, or for each class where there are more than two."""
        return ((classes,),) if task == MANY_CLASSES else (tuple(targets_shape[1:]) or (1,),)

    def check(self, output_shape: Shape, task: str, classes: int, targets_shape: Shape) -> None:
        """Makes sure that one output for two classes has a meaning; `examples` checks the function's own result.

        Raises:
            SettingError: one unit, two classes and no link.
        """
        if task == TWO_CLASSES and tuple(output_shape) in ((), (1,)) and self.link is None:
            raise SettingError(
                "A loss function on one output cannot say which of two classes the output means: "
                "give FunctionLoss(function, link='Sigmoid'), or end the network with Dense(2)"
            )


def single(values: Array) -> Array:
    """(B, 1) as (B,); other shapes as they are."""
    return values[:, 0] if values.ndim == 2 and values.shape[1] == 1 else values


LINKS: dict[str | None, Callable[[Array], Array]] = {
    None: single,
    "Sigmoid": BinaryCrossEntropy().predict,
    "Softmax": softmax,
}
