"""Losses of regression by likelihood: counts that are Poisson, numbers that are normal with a deviation of their own.

An example with T target columns has the mean of T negative log-likelihoods, up to constants; the batch takes the
weighted mean over examples. Source: document 2 (maximum likelihood).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import jax.numpy as jnp

from backlit.errors import ShapeError
from backlit.functions.losses.loss import REGRESSION, Loss, each_example, paired
from backlit.functions.losses.regression import RegressionLoss
from backlit.shapes import Array, Shape, write


@dataclass(frozen=True)
class Poisson(RegressionLoss):
    """eˢ − y s: the negative log-likelihood of counts y of rate eˢ, up to log y!; the mean over an example's targets.

    The batch takes the mean over examples. The outputs s are logarithms of rates; the gradient is eˢ − y, and
    predictions are the rates eˢ, in the units of the counts, which are never rescaled. Beyond s = 50 the exponential
    goes on as a line, so that float32 keeps it finite.

    >>> Poisson().examples(jnp.array([[0.0], [0.0]]), jnp.array([3.0, 0.0]))
    Array([1., 1.], dtype=float32)
    """

    name = "poisson"
    summary = "counts of a rate, eˢ − y s, from its logarithm s"
    least = 0.0

    def examples(self, outputs: Array, targets: Array) -> Array:
        """The mean of eˢ − y s, of shape (B,)."""
        s, y = paired(outputs, targets)
        losses = rate(s) - y * s
        return jnp.mean(losses, axis=each_example(losses))

    def predict(self, outputs: Array) -> Array:
        """The rates: (B,) for one unit, else (B, T)."""
        return rate(super().predict(outputs))

    def rescaling(self, targets_shape: Shape) -> Mapping[str, Any] | None:
        """Counts stay counts."""
        return None

    def constant(self, targets: Array) -> Array:
        """The logarithms of the mean counts."""
        return jnp.log(jnp.maximum(jnp.mean(targets, axis=0), 1e-7))


@dataclass(frozen=True)
class Gaussian(Loss):
    """½ (v + (y − m)² e^−v): the negative log-likelihood of a normal distribution, up to ½ log 2π; the mean over an
    example's targets.

    The network says how sure it is: for T targets its outputs are T means m, then T log-variances v. The batch takes
    the mean over examples. The prediction is m; `deviation` gives e^(v/2). Beyond v = −50 the exponential goes on as a
    line.

    Source: Nix & Weigend 1994.

    >>> Gaussian().examples(jnp.array([[1.0, 0.0]]), jnp.array([3.0]))
    Array([2.], dtype=float32)
    """

    name = "gaussian"
    summary = "normal with a learned variance, ½ (v + (y − m)² e^−v): mean m and log-variance v a target"
    tasks = (REGRESSION,)

    def examples(self, outputs: Array, targets: Array) -> Array:
        """The mean of ½ (v + (y − m)² e^−v), of shape (B,)."""
        m, v = jnp.split(outputs, 2, axis=-1)
        m, y = paired(m, targets)
        v = v.reshape(m.shape)
        error = m - y
        losses = 0.5 * (v + error * error * rate(-v))
        return jnp.mean(losses, axis=each_example(losses))

    def predict(self, outputs: Array) -> Array:
        """The means: (B,) for one target, else (B, T)."""
        m = outputs[..., : outputs.shape[-1] // 2]
        return m[..., 0] if m.shape[-1] == 1 else m

    def deviation(self, outputs: Array) -> Array:
        """The standard deviations e^(v/2): (B,) for one target, else (B, T)."""
        deviations = jnp.exp(0.5 * outputs[..., outputs.shape[-1] // 2 :])
        return deviations[..., 0] if deviations.shape[-1] == 1 else deviations

    def output_shapes(self, task: str, classes: int, targets_shape: Shape) -> tuple[Shape, ...]:
        """Two outputs a target.

        Raises:
            ShapeError: the targets are no columns.
        """
        if len(targets_shape) > 2:
            raise ShapeError(f"The loss gaussian takes targets of shape N or N×T, not {write(tuple(targets_shape))}")
        return ((2 * (targets_shape[1] if len(targets_shape) == 2 else 1),),)

    def rescaling(self, targets_shape: Shape) -> Mapping[str, Any] | None:
        """Means by scale and origin, log-variances by the scale alone."""
        return {"variances": True}

    def constant(self, targets: Array) -> Array:
        """Means and log-variances of the targets."""
        return jnp.concatenate([jnp.mean(targets, axis=0), jnp.log(jnp.maximum(jnp.var(targets, axis=0), 1e-7))])


def rate(s: Array) -> Array:
    """eˢ, which goes on as its tangent beyond s = 50."""
    bounded = jnp.minimum(s, 50)
    return jnp.exp(bounded) * (1 + (s - bounded))
