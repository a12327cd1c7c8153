"""What the loss makes of outputs, whatever network gives them: right answers, and where descent on the outputs leads.

The outputs z are free numbers here. Gradient descent on them alone, z ← z − η ∂L/∂z, follows the loss and nothing else:
where it ends in worse answers than it began with, no network that is trained by this loss can learn.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from backlit.doctor.limits import LIMITS
from backlit.doctor.start.probe import Probe
from backlit.shapes import Array
from backlit.training.compilation import ONCE, known


class Descent(NamedTuple):
    """Where descent on the outputs led: mean loss and score before and after, and the outputs after."""

    loss_before: float
    loss_after: float
    score_before: float
    score_after: float
    outputs: np.ndarray


@dataclass(frozen=True)
class Answers:
    """The targets as outputs would answer them.

    Attributes:
        probe: the subject, with outputs, judge and targets.
        kind: 'classes' (outputs (..., K)), 'two' (one output, two classes), 'numbers', or '' where it is not known.
        labels: the classes, −1 where unknown; the targets for numbers.
    """

    probe: Probe
    kind: str
    labels: np.ndarray

    @cached_property
    def shape(self) -> tuple[int, ...]:
        """The shape of the outputs."""
        assert self.probe.z is not None
        return self.probe.z.shape

    def right(self, size: float, low: float | None = None) -> np.ndarray:
        """Outputs that answer right: `size` for the right class, or for the second of two that one output tells, and
        `low` elsewhere: 0 and −size where it is not given."""
        if self.kind == "classes":
            hot = np.arange(self.shape[-1]) == self.labels[..., None]
            return np.where(hot, size, 0.0 if low is None else low).astype(np.float32)
        if self.kind == "two":
            return np.where(self.labels > 0, size, -size if low is None else low).reshape(self.shape).astype(np.float32)
        return self.labels.reshape(self.shape).astype(np.float32)

    def probabilities(self) -> np.ndarray:
        """The right answers as probabilities: 1 for the right class, 0 elsewhere."""
        if self.kind == "two":
            return (self.labels > 0).reshape(self.shape).astype(np.float32)
        return self.right(1.0)

    def undecided(self) -> np.ndarray:
        """The same probability for every class."""
        return np.full(self.shape, 1 / self.shape[-1] if self.kind == "classes" else 0.5, np.float32)

    def mean_loss(self, z: Any) -> float:
        """The mean loss of some outputs; NaN where any is no number."""
        return float(self.probe.losses(z).mean())

    @cached_property
    def is_least_at_targets(self) -> bool:
        """Whether each number's loss is least where output and target are equal, so that outputs are on their scale."""
        here = self.right(0.0)
        away = max(float(here.std(dtype=np.float64)), LIMITS["head_tiny"])
        middle, above, below = (self.probe.losses(here + shift) for shift in (0.0, away, -away))
        return bool(np.mean((middle < above) & (middle < below)) > LIMITS["head_most"])

    @cached_property
    def ignores_shifts(self) -> bool:
        """Whether adding a number to all outputs leaves the loss as it is, as softmax does."""
        random = np.random.default_rng(0)
        z = random.normal(size=self.shape)
        before, after = self.probe.losses(z), self.probe.losses(z + 3.0)
        return bool(np.allclose(before, after, rtol=1e-3, atol=1e-4))  # rounding in float32, of numbers of size 1

    def descend(self, start: Any, scale: float, up: bool = False) -> Descent:
        """Adam's descent (or ascent) on the outputs alone.

        Args:
            start: the outputs that it starts from.
            scale: of a step, in tenths.
            up: whether the loss is climbed.
        """
        z = np.asarray(start, np.float32)
        found = self._descent(z, self.probe.subject.y, (-0.1 if up else 0.1) * scale)
        before, after, score_before, score_after, outputs = jax.device_get(found)
        return Descent(float(before), float(after), float(score_before), float(score_after), outputs)

    @cached_property
    def _descent(self) -> Callable[..., Any]:
        judge = self.probe.subject.judge
        assert judge is not None

        def total(z: Array, y: Array) -> Array:
            return judge(z, y).sum()

        def run(z: Array, y: Array, rate: Array) -> Any:
            def step(carry: Any, number: Array) -> tuple[Any, None]:
                at, first, second = carry
                slope = jax.grad(total)(at, y)
                first, second = 0.9 * first + 0.1 * slope, 0.99 * second + 0.01 * jnp.square(slope)
                change = first / (1 - 0.9**number) / (jnp.sqrt(second / (1 - 0.99**number)) + 1e-12)
                after = at - rate * change
                return (jnp.where(jnp.isfinite(after), after, at), first, second), None

            zeros = jnp.zeros_like(z)
            numbers = jnp.arange(1.0, LIMITS["head_steps"] + 1)
            (end, _, _), _ = lax.scan(step, (z, zeros, zeros), numbers)
            return total(z, y) / len(z), total(end, y) / len(z), self.score(z, y), self.score(end, y), end

        return jax.jit(run, compiler_options=known(ONCE))

    def score(self, z: Array, y: Array) -> Array:
        """The mean score of outputs: the share of right classes, or minus the mean squared error."""
        if self.probe.subject.score is not None:
            return self.probe.subject.score(z, y).mean()
        labels = jnp.asarray(self.labels)
        if self.kind == "classes":
            return (z.argmax(-1) == labels).mean()
        if self.kind == "two":
            z, positive = z.reshape(labels.shape), labels > 0
            middle = (jnp.mean(z, where=positive) + jnp.mean(z, where=~positive)) / 2  # logits, or numbers 0 and 1
            return ((z > middle) == positive).mean()
        return -jnp.square(z - labels.reshape(z.shape)).mean()


def answers_of(probe: Probe) -> Answers | None:
    """The targets of a subject as answers; None where outputs, judge or targets are not known."""
    subject, z = probe.subject, probe.z
    if z is None or subject.judge is None or subject.y is None or not hasattr(subject.y, "dtype"):
        return None
    y = np.asarray(subject.y)
    kind, labels = kind_of(subject.run.objective.classes if subject.run is not None else None, y, z.shape)
    return Answers(probe, kind, labels)


def kind_of(classes: int | None, y: np.ndarray, outputs: tuple[int, ...]) -> tuple[str, np.ndarray]:
    """The kind of the answers, and the labels; `classes` is None where nobody said whether the targets are classes."""
    whole = y.dtype.kind in "iub"
    flat = y[..., 0] if y.ndim > 1 and y.shape[-1] == 1 and y.shape != outputs[:-1] else y
    if classes or (classes is None and whole):
        if outputs[:-1] == flat.shape and outputs[-1] > 1:
            return "classes", flat.astype(int)
        if int(np.prod(outputs)) == flat.size and set(np.unique(flat)) <= {-1, 0, 1} and (flat >= 0).all():
            return "two", flat.astype(int)
        return "", y
    one_hot = classes is None and y.shape == outputs and y.ndim > 1 and set(np.unique(y)) <= {0.0, 1.0}
    if one_hot and bool(np.all(y.sum(-1) == 1)) and outputs[-1] > 1:
        return "classes", y.argmax(-1)
    return ("numbers", y) if y.size == int(np.prod(outputs)) else ("", y)
