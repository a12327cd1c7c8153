"""Losses of classification by likelihood: cross-entropies from logits, smoothed or focal.

Targets are the classes' numbers, 0 to K − 1 (two classes: 0 and 1), or probabilities. A class of −1 is unknown, such as
the padding of a sequence, and is left out; the loss of any other number is NaN. The loss of a batch is the weighted
mean of its examples' losses. Source: documents 1 to 4.
"""

from dataclasses import dataclass

import jax.numpy as jnp
from jax import lax

from backlit.errors import SettingError, ShapeError
from backlit.functions.activations import sigmoid, softmax, softplus
from backlit.functions.losses.loss import MANY_CLASSES, TWO_CLASSES, Loss, each_example, paired
from backlit.functions.settings import require_finite, require_share
from backlit.shapes import Array, Shape, write


@dataclass(frozen=True)
class BinaryCrossEntropy(Loss):
    """−y log p − (1 − y) log(1 − p) with p = σ(z), from the logit z as max(z, 0) − yz + log(1 + e^−|z|).

    The mean over an example's targets, where it has several independent ones, or a class a step, −1 where unknown; the
    batch takes the mean over examples. The gradient is p − y. It is the negative log-likelihood of a Bernoulli
    distribution.

    Args:
        smoothing: ε in [0, 1): the target y becomes (1 − ε) y + ε / 2; default 0.

    >>> BinaryCrossEntropy().examples(jnp.array([[1e4], [-1e4]]), jnp.array([1, 1]))
    Array([    0., 10000.], dtype=float32)
    """

    name = "bce"
    summary = "binary cross-entropy, −y log p − (1 − y) log(1 − p), from logits"
    tasks = (TWO_CLASSES,)
    link = "Sigmoid"
    smoothing: float = 0.0

    def __post_init__(self) -> None:
        require_share("bce's smoothing", self.smoothing)

    def examples(self, outputs: Array, targets: Array) -> Array:
        """The cross-entropy of each example in nats, of shape (B,); targets from 0 to 1, −1 where unknown."""
        z, y = paired(outputs, targets)
        known, fits = y >= 0, ((y >= 0) & (y <= 1)) | (y == -1)
        if self.smoothing:
            y = (1 - self.smoothing) * y + self.smoothing / 2
        positive = z > 0
        # max(z, 0) − yz is exact before the small logarithm is added; a selection has the right derivatives at z = 0.
        correction = lax.log1p(lax.exp(lax.select(positive, -z, z)))
        losses = lax.select(positive, z, lax.full_like(z, 0)) - y * z + correction
        return mean_over(losses, known, fits)

    def predict(self, outputs: Array) -> Array:
        """[1 − p, p] of shape (B, 2) for one unit; for T independent units their p, of shape (B, T)."""
        if several_units(outputs):
            return sigmoid(outputs)
        return sigmoid(both_signs(outputs))

    def output_shapes(self, task: str, classes: int, targets_shape: Shape) -> tuple[Shape, ...]:
        """One unit, at each step where the targets have steps, or one for each of several independent targets."""
        shape = tuple(targets_shape[1:])
        return ((*shape, 1), shape) if shape[-1:] > (1,) else ((1,), ())


@dataclass(frozen=True)
class CrossEntropy(Loss):
    """−Σ y log p with p = softmax(s), from the scores s as −s_y + log Σ eˢ.

    The mean over the steps of a sequence whose class is known, where there are steps; the batch takes the mean over
    examples. The gradient is p − y. It is the negative log-likelihood of a multinoulli distribution.

    Args:
        smoothing: ε in [0, 1): the right class counts 1 − ε, and each of the K classes ε / K besides; default 0.

    Source: label smoothing, Szegedy et al. 2016, arXiv:1512.00567.

    >>> CrossEntropy().examples(jnp.array([[3.2, 5.1, -1.7]]), jnp.array([0])).round(2)
    Array([2.04], dtype=float32)
    """

    name = "cross-entropy"
    summary = "softmax cross-entropy, −s_y + log Σ eˢ, from scores"
    tasks = (TWO_CLASSES, MANY_CLASSES)
    link = "Softmax"
    smoothing: float = 0.0

    def __post_init__(self) -> None:
        require_share("cross-entropy's smoothing", self.smoothing)

    def examples(self, outputs: Array, targets: Array) -> Array:
        """The cross-entropy of each example in nats, of shape (B,).

        Args:
            outputs: the scores, (B, K) or (B, T, K).
            targets: the classes' numbers, (B,) or (B, T), −1 where unknown, or probabilities in the shape of the
                outputs.
        """
        scores = outputs - lax.stop_gradient(jnp.max(outputs, axis=-1, keepdims=True))
        normalizer = jnp.log(jnp.sum(jnp.exp(scores), axis=-1))
        if targets.shape == outputs.shape:
            total, right = jnp.sum(targets, axis=-1), jnp.sum(targets * scores, axis=-1)
            losses = normalizer * total.astype(scores.dtype) - self.smoothed(right.astype(scores.dtype), scores)
            return jnp.mean(losses, axis=each_example(losses))
        losses = normalizer - self.smoothed(score_of_target(scores, targets), scores)
        return mean_of_known(losses, targets, scores.shape[-1])

    def smoothed(self, right: Array, scores: Array) -> Array:
        """(1 − ε) s_y + ε Σ s_k / K."""
        return (1 - self.smoothing) * right + self.smoothing * jnp.mean(scores, axis=-1) if self.smoothing else right

    def predict(self, outputs: Array) -> Array:
        """softmax(s), of the outputs' shape."""
        return softmax(outputs)

    def output_shapes(self, task: str, classes: int, targets_shape: Shape) -> tuple[Shape, ...]:
        """A unit for each class, at each step where the targets have steps."""
        shape = tuple(targets_shape[1:])
        if shape[-1:] == (1,):
            return (*shape[:-1], classes), (*shape, classes)
        return (shape, (*shape, classes)) if shape[-1:] == (classes,) else ((*shape, classes),)


@dataclass(frozen=True)
class Focal(Loss):
    """−(1 − p_y)^γ log p_y, with p_y the probability of the right class: examples that are right already count less.

    One unit gives p = σ(z), K units p = softmax(s). The mean over an example's steps or targets; the batch takes the
    mean over examples. γ = 0 is the cross-entropy.

    Args:
        gamma: γ of at least 0; default 2.
        alpha: weight from 0 to 1 of class 1, where class 0 has 1 − α; for two classes alone; default None: 1 for both.

    Raises:
        SettingError: γ or α is out of range.

    Source: Lin et al. 2017, arXiv:1708.02002.

    >>> Focal(gamma=1.0).examples(jnp.array([[0.0, 0.0]]), jnp.array([1])).round(4)
    Array([0.3466], dtype=float32)
    """

    name = "focal"
    summary = "cross-entropy that counts hard examples more, −(1 − p_y)^γ log p_y"
    tasks = (TWO_CLASSES, MANY_CLASSES)
    link = "Softmax"
    gamma: float = 2.0
    alpha: float | None = None

    def __post_init__(self) -> None:
        require_finite("focal's gamma", self.gamma)
        if self.gamma < 0:
            raise SettingError(f"focal's gamma is {self.gamma!r}, but it must be at least 0")
        if self.alpha is not None:
            require_share("focal's alpha", self.alpha, closed=True)

    def examples(self, outputs: Array, targets: Array) -> Array:
        """The focal loss of each example in nats, of shape (B,); targets are the classes' numbers, −1 where unknown."""
        if several_units(outputs):
            right, others = score_of_target(outputs, targets), log_sum_of_others(outputs, targets)
            margin, targets = right - others, targets.reshape(right.shape)
        else:
            z, targets = paired(outputs, targets)
            margin = lax.select(targets > 0, z, -z)
        # p_y = σ(margin), so that −log p_y and −log(1 − p_y) are softplus functions, exact at both ends.
        losses = softplus(-margin) * jnp.exp(-self.gamma * softplus(margin))
        if self.alpha is not None:
            losses = losses * jnp.where(targets > 0, self.alpha, 1 - self.alpha)
        return mean_of_known(losses, targets, outputs.shape[-1] if several_units(outputs) else 2)

    def predict(self, outputs: Array) -> Array:
        """Probabilities (B, K): the softmax, or [1 − p, p] of one unit."""
        return softmax(outputs) if several_units(outputs) else sigmoid(both_signs(outputs))

    def output_shapes(self, task: str, classes: int, targets_shape: Shape) -> tuple[Shape, ...]:
        """A unit for each class, at each step where the targets have steps; two classes need only one.

        Raises:
            SettingError: α with more than two classes.
        """
        if self.alpha is not None and task == MANY_CLASSES:
            raise SettingError(f"focal's alpha weighs one of two classes, and there are {classes}: give class_weight")
        shapes = CrossEntropy().output_shapes(task, classes, targets_shape)
        return ((1,), (), *shapes) if task == TWO_CLASSES and len(targets_shape) == 1 else shapes


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


def log_sum_of_others(scores: Array, targets: Array) -> Array:
    """log Σ_{j≠y} exp s_j of each row of scores."""
    classes = lax.broadcasted_iota(jnp.int32, scores.shape, scores.ndim - 1)
    chosen = classes == targets.reshape(scores.shape[:-1]).astype(jnp.int32)[..., None]
    others = lax.select(chosen, lax.full_like(scores, -jnp.inf), scores)
    most = lax.stop_gradient(jnp.max(others, axis=-1, keepdims=True))
    return jnp.log(jnp.sum(jnp.exp(others - most), axis=-1)) + most[..., 0]


def mean_of_known(losses: Array, targets: Array, classes: int) -> Array:
    """The mean of an example's losses whose target is a class, and not −1; 0 where none is known; NaN where one is no
    whole number from −1 to K − 1.
    """
    labels = targets.reshape(losses.shape)
    fits = (labels >= -1) & (labels < classes) & (labels == labels.astype(jnp.int32))
    return mean_over(losses, labels >= 0, fits)


def mean_over(losses: Array, known: Array, fits: Array) -> Array:
    """The mean of an example's losses that are known, 0 where none is; NaN where one's target does not fit."""
    axes = each_example(losses)
    losses = jnp.where(fits, jnp.where(known, losses, 0), jnp.nan)
    return jnp.sum(losses, axis=axes) / jnp.maximum(jnp.sum(known, axis=axes, dtype=losses.dtype), 1)
