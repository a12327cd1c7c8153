"""Losses of regression: squared, absolute, Huber and quantile errors.

The outputs are the predictions f, and an example with T target columns has T errors y − f. The loss of a batch is the
weighted mean of its examples' losses. Source: documents 1, 2 and 4.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import jax.numpy as jnp

from backlit.functions.losses.loss import REGRESSION, Loss, each_example, paired
from backlit.functions.settings import require_positive, require_share
from backlit.shapes import Array, Shape


@dataclass(frozen=True)
class RegressionLoss(Loss):
    """What the losses of regression share: one unit for each target, and outputs that are the predictions."""

    tasks = (REGRESSION,)

    def predict(self, outputs: Array) -> Array:
        """The outputs themselves: (B,) for one unit, else (B, T); images keep their axis of channels."""
        return outputs[..., 0] if 1 < outputs.ndim < 4 and outputs.shape[-1] == 1 else outputs

    def rescaling(self, targets_shape: Shape) -> Mapping[str, Any] | None:
        """Every output is a target."""
        return {}

    def output_shapes(self, task: str, classes: int, targets_shape: Shape) -> tuple[Shape, ...]:
        """The targets' own shape, where a single column may have an axis of its own or none."""
        shape = tuple(targets_shape[1:])
        if shape[-1:] == (1,):
            return shape, shape[:-1]
        return ((1,), ()) if not shape else (shape, (*shape, 1))


@dataclass(frozen=True)
class MeanSquaredError(RegressionLoss):
    """(1/T) Σ (y − f)²: the mean over an example's targets; the batch takes the mean over examples.

    It is the negative log-likelihood of a normal distribution, up to a factor and a constant.

    >>> MeanSquaredError().examples(jnp.array([[1.0], [5.0]]), jnp.array([3.0, 4.0]))
    Array([4., 1.], dtype=float32)
    """

    name = "mse"
    summary = "mean squared error, (1/T) Σ (y − f)²"

    def examples(self, outputs: Array, targets: Array) -> Array:
        """(1/T) Σ (y − f)², of shape (B,)."""
        outputs, targets = paired(outputs, targets)
        error = outputs - targets
        return jnp.mean(error * error, axis=each_example(error))


@dataclass(frozen=True)
class SumSquaredError(RegressionLoss):
    """Σ (y − f)²: the sum over an example's targets; the batch takes the mean over examples.

    The Σ over all N examples of a document's formula is N times that mean.
    """

    name = "sum-squared-error"
    summary = "squared error summed over the targets, Σ (y − f)²"

    def examples(self, outputs: Array, targets: Array) -> Array:
        """Σ (y − f)², of shape (B,)."""
        outputs, targets = paired(outputs, targets)
        error = outputs - targets
        return jnp.sum(error * error, axis=each_example(error))


@dataclass(frozen=True)
class HalfSquaredError(SumSquaredError):
    """½ Σ (y − f)²: half the sum over an example's targets, so that the gradient is f − y; the batch takes the mean
    over examples.
    """

    name = "half-squared-error"
    summary = "half the squared error, ½ Σ (y − f)², with gradient f − y"

    def examples(self, outputs: Array, targets: Array) -> Array:
        """½ Σ (y − f)², of shape (B,)."""
        return 0.5 * super().examples(outputs, targets)


@dataclass(frozen=True)
class MeanAbsoluteError(RegressionLoss):
    """(1/T) Σ |y − f|: the mean over an example's targets; the batch takes the mean over examples.

    Its minimizer is the median; an outlier pulls no harder than any other row. The gradient is the error's sign, with
    0 at 0.
    """

    name = "mae"
    summary = "mean absolute error, (1/T) Σ |y − f|"

    def examples(self, outputs: Array, targets: Array) -> Array:
        """(1/T) Σ |y − f|, of shape (B,)."""
        outputs, targets = paired(outputs, targets)
        error = outputs - targets
        # The absolute value as e · sign(e) has gradient 0 at e = 0, where that of jnp.abs is 1.
        return jnp.mean(error * jnp.sign(error), axis=each_example(error))


@dataclass(frozen=True)
class Huber(RegressionLoss):
    """½e² for |e| ≤ δ, else δ(|e| − ½δ), with e = y − f: the mean over an example's targets; the batch takes the mean
    over examples.

    Args:
        delta: δ, where the parabola turns into a line; positive, in the targets' unit; default 1.

    Raises:
        SettingError: δ is not a positive, finite number.

    Source: Huber 1964.
    """

    name = "huber"
    summary = "squared near zero, absolute beyond δ: outliers weigh less"
    delta: float = 1.0

    def __post_init__(self) -> None:
        require_positive("huber's delta", self.delta)

    def examples(self, outputs: Array, targets: Array) -> Array:
        """The Huber errors' mean, of shape (B,)."""
        outputs, targets = paired(outputs, targets)
        size = jnp.abs(outputs - targets)
        near = jnp.minimum(size, self.delta)
        return jnp.mean(near * (size - 0.5 * near), axis=each_example(size))


@dataclass(frozen=True)
class Quantile(RegressionLoss):
    """q e for e ≥ 0, else (q − 1) e, with e = y − f: the mean over an example's targets; the batch takes the mean over
    examples.

    Its minimizer is the q-quantile of the targets, so that a share q of them lies below the prediction; q = ½ is half
    the absolute error.

    Args:
        quantile: q, above 0 and below 1; default 0.5, the median.

    Raises:
        SettingError: q is out of range.

    Source: Koenker & Bassett 1978.

    >>> Quantile(0.75).examples(jnp.array([[0.0], [0.0]]), jnp.array([1.0, -1.0]))
    Array([0.75, 0.25], dtype=float32)
    """

    name = "quantile"
    summary = "pinball loss, whose minimizer is a quantile of the targets"
    quantile: float = 0.5

    def __post_init__(self) -> None:
        require_positive("quantile's quantile", self.quantile)
        require_share("quantile's quantile", self.quantile)

    def examples(self, outputs: Array, targets: Array) -> Array:
        """The pinball losses' mean, of shape (B,)."""
        outputs, targets = paired(outputs, targets)
        error = targets - outputs
        losses = error * (self.quantile - (error < 0).astype(error.dtype))
        return jnp.mean(losses, axis=each_example(losses))
