"""Losses of classification: cross-entropies from logits, and hinge.

Targets are the classes' numbers, 0 to K − 1 (two classes: 0 and 1), or probabilities. The loss of a batch is the
weighted mean of its examples' losses. Source: documents 1 to 4.
"""

from dataclasses import dataclass

import jax.numpy as jnp
from jax import lax

from backlit.errors import ShapeError
from backlit.functions.activations import relu, sigmoid, softmax
from backlit.functions.losses.loss import MANY_CLASSES, TWO_CLASSES, Loss, each_example, paired
from backlit.shapes import Array, Shape, write


@dataclass(frozen=True)
class BinaryCrossEntropy(Loss):
    """−y log p − (1 − y) log(1 − p) with p = σ(z), from the logit z as max(z, 0) − yz + log(1 + e^−|z|).

    The mean over an example's targets, where it has several independent ones; the batch takes the mean over examples.
    The gradient is p − y. It is the negative log-likelihood of a Bernoulli distribution.

    >>> BinaryCrossEntropy().examples(jnp.array([[1e4], [-1e4]]), jnp.array([1, 1]))
    Array([    0., 10000.], dtype=float32)
    """

    name = "bce"
    summary = "binary cross-entropy, −y log p − (1 − y) log(1 − p), from logits"
    tasks = (TWO_CLASSES,)
    link = "Sigmoid"

    def examples(self, outputs: Array, targets: Array) -> Array:
        """The cross-entropy of each example in nats, of shape (B,); targets from 0 to 1."""
        z, y = paired(outputs, targets)
        positive = z > 0
        # max(z, 0) − yz is exact before the small logarithm is added; a selection has the right derivatives at z = 0.
        correction = lax.log1p(lax.exp(lax.select(positive, -z, z)))
        losses = lax.select(positive, z, lax.full_like(z, 0)) - y * z + correction
        return jnp.mean(losses, axis=each_example(losses))

    def predict(self, outputs: Array) -> Array:
        """[1 − p, p] of shape (B, 2) for one unit; for T independent units their p, of shape (B, T)."""
        if several_units(outputs):
            return sigmoid(outputs)
        return sigmoid(both_signs(outputs))

    def output_shapes(self, task: str, classes: int, targets_shape: Shape) -> tuple[Shape, ...]:
        """One unit, or one for each of several independent targets."""
        shape = tuple(targets_shape[1:])
        return (shape,) if shape[-1:] > (1,) else ((1,), ())


@dataclass(frozen=True)
class CrossEntropy(Loss):
    """−Σ y log p with p = softmax(s), from the scores s as −s_y + log Σ eˢ.

    The mean over the steps of a sequence, where there are any; the batch takes the mean over examples. The gradient is
    p − y. It is the negative log-likelihood of a multinoulli distribution.

    >>> CrossEntropy().examples(jnp.array([[3.2, 5.1, -1.7]]), jnp.array([0])).round(2)
    Array([2.04], dtype=float32)
    """

    name = "cross-entropy"
    summary = "softmax cross-entropy, −s_y + log Σ eˢ, from scores"
    tasks = (TWO_CLASSES, MANY_CLASSES)
    link = "Softmax"

    def examples(self, outputs: Array, targets: Array) -> Array:
        """The cross-entropy of each example in nats, of shape (B,).

        Args:
            outputs: the scores, (B, K) or (B, T, K).
            targets: the classes' numbers, (B,) or (B, T), or their probabilities in the shape of the outputs.
        """
        scores = outputs - lax.stop_gradient(jnp.max(outputs, axis=-1, keepdims=True))
        normalizer = jnp.log(jnp.sum(jnp.exp(scores), axis=-1))
        if targets.shape == outputs.shape:
            targets = targets.astype(scores.dtype)
            losses = normalizer * jnp.sum(targets, axis=-1) - jnp.sum(targets * scores, axis=-1)
        else:
            losses = normalizer - score_of_target(scores, targets)
        return jnp.mean(losses, axis=each_example(losses))

    def predict(self, outputs: Array) -> Array:
        """softmax(s), of the outputs' shape."""
        return softmax(outputs)

    def output_shapes(self, task: str, classes: int, targets_shape: Shape) -> tuple[Shape, ...]:
        """A unit for each class, at each step where the targets have steps."""
        shape = tuple(targets_shape[1:])
        if shape[-1:] == (1,):
            return (*shape[:-1], classes), (*shape, classes)
        return (shape,) if shape[-1:] == (classes,) else ((*shape, classes),)


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
            losses = relu(1 - (2 * y - 1) * z)
            return jnp.mean(losses, axis=each_example(losses))
        # The class itself adds max(0, 1), which is taken off again.
        margins = relu(outputs - score_of_target(outputs, targets)[..., None] + 1)
        return jnp.sum(margins, axis=-1) - 1

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
                f"The loss hinge takes one class an example, targets of shape N or N×1, not "
                f"{'×'.join(['N', *map(str, targets_shape[1:])])}: give the classes' numbers, or choose cross-entropy"
            )
        return ((1,), (), (2,)) if task == TWO_CLASSES else ((classes,),)


def several_units(outputs: Array) -> bool:
    """Whether the outputs, (B,) or (B, ..., units), come from more than one unit."""
    return outputs.ndim > 1 and outputs.shape[-1] > 1


def both_signs(outputs: Array) -> Array:
    """[−z, z] of one unit: (B,) or (B, 1) gives (B, 2)."""
    z = outputs[..., 0] if outputs.ndim > 1 else outputs
    return jnp.stack([-z, z], axis=-1)


def score_of_target(scores: Array, targets: Array) -> Array:
    """s_y of each example: a masked sum, whose gradient is a mask, where indexing's would be a scatter.

    Raises:
        ShapeError: the targets are not one class for each row of scores.
    """
    rows = scores.shape[:-1]
    if targets.shape not in (rows, (*rows, 1)):
        raise ShapeError(
            f"Scores of shape {write(scores.shape)} need the numbers of classes in targets of shape {write(rows)}, "
            f"not {write(targets.shape)}: give one class for each row of scores"
        )
    targets = targets.reshape(rows)
    classes = lax.broadcasted_iota(jnp.int32, scores.shape, scores.ndim - 1)
    chosen = classes == targets.astype(jnp.int32)[..., None]
    return jnp.sum(lax.select(chosen, scores, lax.full_like(scores, 0)), axis=-1)
