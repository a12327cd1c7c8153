"""Whether a loss has a lower bound: what it does far away from the weights, along straight lines.

A negative loss is no fault: −log p is negative where a density is above 1. But a loss that is to be made small has a
least value, so that its falls along any line add up to something finite, while the negative of such a loss falls along
nearly every line without end, by as much again or more each time the way is doubled. Where the loss and its negative
both fall without end, as a critic's do that is the difference of two means, nothing tells which of them was meant.
"""

from collections.abc import Callable, Iterator

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax import lax

from backlit.doctor.finding import Finding, Remedy
from backlit.doctor.foreign.batches import Batches
from backlit.doctor.foreign.forks import Forks
from backlit.doctor.limits import LIMITS
from backlit.doctor.subject import Subject
from backlit.shapes import Array, Tree
from backlit.training.compilation import ONCE, known

DOUBLINGS = 18
"""How often the way is doubled, from a sixteenth of the weights' norm on: deep networks soon leave float32."""
LINES = 8
"""Lines drawn at random, beside the one that training took."""


def examine_floor(forks: Forks, subject: Subject, batches: Batches, key: Array) -> Iterator[Finding]:
    """A loss that falls without end along the line that training took, while its negative rises along all.

    Args:
        forks: that trained.
        subject: as they started.
        batches: over which the loss is averaged.
        key: of the lines, and of the loss's randomness.
    """
    if not (forks.losses < 0).any():
        return
    along, size, start = _losses_along(subject, batches, key), forks.size, subject.parameters
    trained = along(optax.tree.sub(forks.at(1.0), start))
    if not falls_without_end(trained, size):
        return
    keys = jax.random.split(key, LINES)
    drawn = [along(optax.tree.random_like(one, start, jax.random.normal)) for one in keys]
    negative = any(falls_without_end(-line, size) for line in (trained, *drawn))
    lines = sum(falls_without_end(line, size) for line in drawn)
    last = trained[np.isfinite(trained)][-1]
    yield Finding(
        fault="flipped loss sign",
        level="hint" if negative else "fault",
        where="the loss",
        evidence=(
            f"along the line that training took the loss falls from {forks.end(0.0):.3g} to {last:.3g}, and by more "
            f"each time the way is doubled; so it does along {lines} of {LINES} lines drawn at random"
            + (", and its negative along others" if negative else ", and its negative along none")
        ),
        cause=(
            "the loss has no lower bound, and neither has its negative: it is the difference of two things"
            if negative
            else "the loss has no lower bound, and its negative has one"
        ),
        remedy=Remedy(
            "bound what the loss may gain, or see that its weights are bounded"
            if negative
            else "turn the sign of the loss"
        ),
        numbers={"lines": lines, "far": float(last)},
    )


def falls_without_end(losses: np.ndarray, size: float) -> bool:
    """Whether losses, each at twice the way of the one before, fall by more each time, to far below 0 or to −∞.

    Args:
        losses: (D,).
        size: what the loss at the start is measured in.
    """
    finite = np.isfinite(losses)
    count = len(losses) if finite.all() else int(finite.argmin())
    if count >= 2 and count < len(losses) and losses[count] == -np.inf:
        return bool(losses[count - 1] < min(losses[0], -LIMITS["examine_floor"] * size))
    falls = -np.diff(losses[:count])[-4:]
    growing = len(falls) == 4 and falls[0] > 0 and (falls[1:] >= LIMITS["examine_doubling"] * falls[:-1]).all()
    return bool(growing and losses[count - 1] < -LIMITS["examine_floor"] * size)


def _losses_along(subject: Subject, batches: Batches, key: Array) -> Callable[[Tree], np.ndarray]:
    """A function of a direction: the mean loss over the batches along the line into it, (DOUBLINGS,)."""
    start = subject.parameters
    unit = max(float(optax.tree.norm(start)), 1.0)

    def mean(at: Tree) -> Array:
        def one(given: tuple[Tree, Array]) -> Array:
            return subject.loss(at, subject.state, given[0], jax.random.fold_in(key, given[1]))[0]

        return lax.map(one, (batches.stacked, jnp.arange(batches.count))).astype(jnp.float32).mean()

    def line(way: Tree) -> Array:
        ways = unit / 16 * 2.0 ** jnp.arange(DOUBLINGS)
        return lax.map(lambda far: mean(jax.tree.map(lambda w, d: (w + far * d).astype(w.dtype), start, way)), ways)

    program = jax.jit(line, compiler_options=known(ONCE))

    def along(direction: Tree) -> np.ndarray:
        norm = float(optax.tree.norm(direction))
        return np.asarray(program(optax.tree.scale(1 / norm if norm > 0 else 0.0, direction)), np.float64)

    return along
