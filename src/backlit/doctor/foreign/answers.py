"""Targets of anybody's loss: which kind of answers they ask for, and how far outputs are on the way to the right ones.

Nobody says whether outputs are scores, probabilities or numbers of some unit. What is asked of them is therefore only
what holds for all of these: which class is highest, whether a cut parts two classes, and how much of the targets a
line through the outputs explains.
"""

from dataclasses import dataclass
from typing import Any

import jax.numpy as jnp
import numpy as np

from backlit.doctor.start.answers import kind_of


@dataclass(frozen=True)
class Targets:
    """What is right for each example of a batch.

    Attributes:
        kind: 'classes' (outputs (..., K)), 'two' (one output, two classes) or 'numbers'.
        labels: the classes, −1 where unknown, or the numbers: (B, ...).
        outputs: the shape of the outputs, (B, ...).
    """

    kind: str
    labels: np.ndarray
    outputs: tuple[int, ...]

    def share(self, outputs: Any) -> float:
        """How far outputs are from the best constant answer, 0, to the right ones, 1; below 0 where they are worse."""
        z = np.asarray(outputs, np.float64)
        if self.kind == "numbers":
            return _explained(z.reshape(len(z), -1), self.labels.reshape(len(z), -1).astype(np.float64))
        known = self.labels >= 0
        labels = self.labels[known]
        constant = np.unique(labels, return_counts=True)[1].max(initial=0) / max(labels.size, 1)
        if self.kind == "two":
            right = _parted(z.reshape(self.labels.shape)[known], labels > 0)
        else:
            right = float((z[known].argmax(-1) == labels).mean())
        return float((right - constant) / (1 - constant)) if 0 < constant < 1 else 1.0

    def wanted(self) -> np.ndarray:
        """Numbers for a linear map to be fitted to, (B, K): 1 for the right class and 0 elsewhere, or the targets."""
        if self.kind == "classes":
            return (self.labels[..., None] == np.arange(self.outputs[-1])).reshape(len(self.labels), -1)
        return self.labels.reshape(len(self.labels), -1).astype(np.float64)


def targets_of(y: Any, outputs: tuple[int, ...]) -> Targets | None:
    """The targets for outputs of a shape; None where it is not known what they ask for.

    Floating numbers are classes where each row is a distribution over the outputs, as one-hot rows and smoothed ones
    are, and two classes where they have two values, such as 0 and 1, or −1 and 1.

    Args:
        y: (B, ...), whole or floating.
        outputs: the shape of the outputs, (B, ...).
    """
    if not hasattr(y, "dtype") or not y.size or not outputs:
        return None
    floating = jnp.issubdtype(y.dtype, jnp.floating)
    given = np.asarray(y, np.float32) if floating else np.asarray(y)
    if not np.isfinite(given).all():
        return None
    one_each = given.size == int(np.prod(outputs))
    if floating and given.shape == outputs and _are_distributions(given):
        given = given.argmax(-1)
    elif one_each and len(np.unique(given)) == 2:
        given = (given == given.max()).astype(int)
    elif one_each:
        given = given.astype(np.float32)
    elif floating:
        return None
    kind, labels = kind_of(None, given, outputs)
    if not kind or (kind == "classes" and labels.max() >= outputs[-1]):
        return None
    return Targets(kind, labels, outputs)


def _are_distributions(rows: np.ndarray) -> bool:
    """Whether numbers along the last axis are shares of 1."""
    return rows.ndim > 1 and rows.shape[-1] > 1 and bool((rows >= 0).all() and np.allclose(rows.sum(-1), 1, atol=1e-3))


def _parted(z: np.ndarray, positive: np.ndarray) -> float:
    """The share of examples on their own side of the best cut, whichever side that is."""
    above = np.r_[0, np.cumsum(np.where(positive[np.argsort(z)], -1, 1))] + positive.sum()
    distinct = np.r_[True, np.diff(np.sort(z)) > 0, True]
    right = above[distinct] / len(z)
    return float(max(right.max(), 1 - right.min()))


def _explained(z: np.ndarray, y: np.ndarray) -> float:
    """The share of the targets' variance that a line through each output explains, Σ cov(z, y)²/var z over Σ var y."""
    z, y = z - z.mean(0), y - y.mean(0)
    of_outputs, of_targets = np.square(z).sum(0), float(np.square(y).sum())
    least = np.finfo(np.float32).tiny
    explained = np.square((z * y).sum(0)) / np.maximum(of_outputs, least)
    return float(explained[of_outputs > least].sum() / of_targets) if of_targets > 0 else 1.0
