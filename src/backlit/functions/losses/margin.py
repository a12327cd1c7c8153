"""Losses of margins and of mistakes, on scores that are no probabilities: hinge, squared hinge, perceptron.

Targets are the classes' numbers, 0 to K − 1 (two classes: 0 and 1). A class of −1 is unknown and is left out; the loss
of any other number is NaN. The loss of a batch is the weighted mean of its examples' losses. Source: documents 1 to 3.
"""

from dataclasses import dataclass

import jax.numpy as jnp

from backlit.errors import ShapeError
from backlit.functions.activations import relu
from backlit.functions.losses.classification import both_signs, mean_of_known, score_of_target, several_units
from backlit.functions.losses.loss import MANY_CLASSES, TWO_CLASSES, Loss, paired
from backlit.shapes import Array, Shape


@dataclass(frozen=True)
class Hinge(Loss):
    """The max-margin loss of a support vector machine.

    Two classes on one unit, with t = 2y − 1 in {−1, 1}:   max(0, 1 − t z)
    K classes on K units:                                  Σ_{j≠y} max(0, s_j − s_y + 1)

    The batch takes the mean over examples. Source: document 1; Weston & Watkins 1999.

    >>> Hinge().examples(jnp.array([[2.0, 5.0, 3.0]]), jnp.array([2]))
    Array([3.], dtype=float32)
    """

    name = "hinge"
    summary = "max-margin loss of a support vector machine, max(0, 1 − t z)"
    tasks = (TWO_CLASSES, MANY_CLASSES)

    def examples(self, outputs: Array, targets: Array) -> Array:
        """The hinge loss of each example, of shape (B,); targets are the classes' numbers."""
        if not several_units(outputs):
            z, y = paired(outputs, targets)
            return mean_of_known(self.power(relu(1 - (2 * y - 1) * z)), y, 2)
        # The class itself adds max(0, 1), which is taken off again.
        margins = self.power(relu(outputs - score_of_target(outputs, targets)[..., None] + 1))
        return mean_of_known(jnp.sum(margins, axis=-1) - 1, targets, outputs.shape[-1])

    def power(self, margins: Array) -> Array:
        """What a violated margin costs: itself."""
        return margins

    def predict(self, outputs: Array) -> Array:
        """Scores, not probabilities: the largest marks the class. One unit gives [−z, z], of shape (B, 2)."""
        return outputs if several_units(outputs) else both_signs(outputs)

    def output_shapes(self, task: str, classes: int, targets_shape: Shape) -> tuple[Shape, ...]:
        """A unit for each class; two classes need only one.

        Raises:
            ShapeError: an example has several targets.
        """
        if tuple(targets_shape[1:]) not in ((), (1,)):
            raise ShapeError(
                f"The loss {self.name} takes one class an example, targets of shape N or N×1, not "
                f"{'×'.join(['N', *map(str, targets_shape[1:])])}: give the classes' numbers, or choose cross-entropy"
            )
        return ((1,), (), (2,)) if task == TWO_CLASSES else ((classes,),)


@dataclass(frozen=True)
class SquaredHinge(Hinge):
    """The hinge loss with squared margins, smooth where a margin is just met.

    Two classes on one unit, with t = 2y − 1 in {−1, 1}:   max(0, 1 − t z)²
    K classes on K units:                                  Σ_{j≠y} max(0, s_j − s_y + 1)²

    The batch takes the mean over examples.

    >>> SquaredHinge().examples(jnp.array([[2.0, 5.0, 3.0]]), jnp.array([2]))
    Array([9.], dtype=float32)
    """

    name = "squared-hinge"
    summary = "hinge with squared margins, max(0, 1 − t z)²"

    def power(self, margins: Array) -> Array:
        """What a violated margin costs: its square."""
        return margins * margins


@dataclass(frozen=True)
class Perceptron(Hinge):
    """The perceptron criterion: 0 for a right answer, and for a wrong one how far its score is on the wrong side.

    Two classes on one unit, with ŷ = 1[z > 0]:   (ŷ − y) z = max(0, z) − y z
    K classes on K units:                         max_j s_j − s_y

    The gradient in z is ŷ − y, so that gradient descent on one example is the perceptron's own rule,
    w ← w + η (y − ŷ) x. The batch takes the mean over examples. Source: documents 1 to 3; Rosenblatt 1958.

    >>> Perceptron().examples(jnp.array([[2.0], [-3.0], [0.0]]), jnp.array([0, 0, 1]))
    Array([2., 0., 0.], dtype=float32)
    """

    name = "perceptron"
    summary = "the perceptron's criterion, (ŷ − y) z: gradient descent on it is the perceptron's rule"

    def examples(self, outputs: Array, targets: Array) -> Array:
        """The criterion of each example, of shape (B,); targets are the classes' numbers."""
        if not several_units(outputs):
            z, y = paired(outputs, targets)
            return mean_of_known(relu(z) - y * z, y, 2)
        losses = score_of_target(outputs, jnp.argmax(outputs, axis=-1)) - score_of_target(outputs, targets)
        return mean_of_known(losses, targets, outputs.shape[-1])
