"""Short trainings from one start that differ in the rate alone, side by side in one program.

A fork whose factor is 0 stands still: its losses are those of the first weights on the same batches with the same
random keys, so that what the others gain over it owes nothing to the order of the batches.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax import lax

from backlit.doctor.foreign.batches import Batches
from backlit.doctor.subject import Subject
from backlit.graph import value_and_grad
from backlit.shapes import Array, Tree
from backlit.training.compilation import ONCE, known


@dataclass(frozen=True)
class Forks:
    """What became of the forks.

    Attributes:
        factors: of the updates, (F,).
        losses: (F, S), of each batch before its step.
        failed: (F,), the step from 0 whose loss or new weights were not finite; S where none was.
        parameters: the last finite ones, each with a leading axis F.
        order: (S,), which batch each step took.
    """

    factors: np.ndarray
    losses: np.ndarray
    failed: np.ndarray
    parameters: Tree
    order: np.ndarray

    @property
    def steps(self) -> int:
        """How many steps were made."""
        return self.losses.shape[1]

    def place(self, factor: float) -> int:
        """Where the fork with this factor is."""
        return int(np.argmin(np.abs(self.factors - factor)))

    def finite(self, factor: float) -> bool:
        """Whether a fork stayed finite."""
        return bool(self.failed[self.place(factor)] == self.steps)

    def end(self, factor: float) -> float:
        """The mean loss over the last quarter of the steps; ∞ where the fork failed."""
        return float(self.late()[self.place(factor)])

    def late(self) -> np.ndarray:
        """The mean loss of each fork over the last quarter of the steps, (F,); ∞ where it failed."""
        quarter = max(1, self.steps // 4)
        means = self.losses[:, -quarter:].astype(np.float64).mean(1)
        return np.where((self.failed == self.steps) & np.isfinite(means), means, np.inf)

    def gain(self, factor: float) -> float:
        """By how much the late loss is below that of the first weights on the same batches; −∞ where it failed."""
        return self.end(0.0) - self.end(factor)

    @property
    def size(self) -> float:
        """What gains are measured in: the loss of the first weights, or its spread over batches if that is larger."""
        still = self.losses[self.place(0.0)].astype(np.float64)
        return float(max(abs(still.mean()), still.std(), float(jnp.finfo(jnp.float32).tiny)))

    def at(self, factor: float) -> Tree:
        """The last finite parameters of a fork."""
        return jax.tree.map(lambda leaf: leaf[self.place(factor)], self.parameters)


def train_forks(
    subject: Subject, batches: Batches, factors: Sequence[float], steps: int, seed: int, key: Array
) -> Forks:
    """Train from a subject's parameters, at each factor of its update rule.

    Args:
        subject: with a rule.
        batches: those that steps take in turn, in an order drawn anew each time round.
        factors: of the rule's updates; 0: stand still.
        steps: how many.
        seed: of the order.
        key: of the loss's randomness.

    Returns:
        What became of each.
    """
    draw = np.random.default_rng(seed)
    rounds = -(-steps // batches.count)
    order = np.concatenate([draw.permutation(batches.count) for _ in range(rounds)])[:steps]
    assert subject.rule is not None
    rule = optax.with_extra_args_support(subject.rule)

    def train(factor: Array, stacked: Any, parameters: Tree) -> tuple[Array, Array, Tree]:
        def step(carry: tuple[Tree, Any, Array, Array], t: Array) -> tuple[Any, Array]:
            parameters, memory, alive, made = carry
            batch = jax.tree.map(lambda leaf: leaf[jnp.asarray(order)[t]], stacked)

            def loss(own: Tree) -> Array:
                return subject.loss(own, subject.state, batch, jax.random.fold_in(key, t))[0]

            value, gradient = value_and_grad(loss)(parameters)
            updates, after = rule.update(gradient, memory, parameters, value=value, grad=gradient, value_fn=loss)
            moved = jax.tree.map(lambda w, u: w + (factor * u).astype(w.dtype), parameters, updates)
            fine = alive & jnp.isfinite(value)
            for leaf in jax.tree.leaves(moved):
                fine &= jnp.isfinite(leaf).all()
            kept, memory = lax.cond(fine, lambda: (moved, after), lambda: (parameters, memory))
            return (kept, memory, fine, made + fine), value

        start = (parameters, rule.init(parameters), jnp.asarray(True), jnp.asarray(0))
        (parameters, _, _, made), losses = lax.scan(step, start, jnp.arange(steps))
        return losses, made, parameters

    program = jax.jit(jax.vmap(train, in_axes=(0, None, None)), compiler_options=known(ONCE))
    losses, failed, ends = program(jnp.asarray(factors, jnp.float32), batches.stacked, subject.parameters)
    return Forks(np.asarray(factors), np.asarray(losses, np.float32), np.asarray(failed), ends, order)
