"""When a run ends: patience, convergence, a loss that is no number. (Epochs, time and the user end it from outside.)

Patience p: the run stops at epoch best + p, where `best` is the epoch of the lowest watched loss, and its weights come
back. Convergence: |L_t − L_{t−1}| ≤ tolerance · |L_{t−1}| for five epochs in a row, L the training loss.
"""

from typing import NamedTuple

import jax.numpy as jnp

from backlit.shapes import Array

RUNNING, PATIENCE, CONVERGED, NONFINITE = range(4)
STEADY = 5  # epochs in a row without change that make convergence


class Watch(NamedTuple):
    """What stopping remembers, all scalars: epochs done, the lowest watched loss and its epoch, the last training loss,
    epochs in a row without change, why the run stopped, and the steps of the epoch that turned non-finite."""

    epoch: Array
    best_loss: Array
    best_epoch: Array
    last_loss: Array
    steady: Array
    stop: Array
    failed_after: Array

    @classmethod
    def begin(cls) -> "Watch":
        """Before the first epoch."""
        none = jnp.int32(0)
        return cls(none, jnp.float32(jnp.inf), none, jnp.float32(jnp.inf), none, none, none)


def observe_epoch(
    watch: Watch,
    loss: Array,
    train_loss: Array,
    finite: Array,
    steps: Array,
    patience: int | None,
    tolerance: float | None,
) -> tuple[Watch, Array]:
    """The watch after an epoch, and whether the epoch is the best so far; a non-finite epoch is not counted as done."""
    epoch = watch.epoch + jnp.where(finite, 1, 0)
    better = finite & (loss < watch.best_loss)
    best_epoch = jnp.where(better, epoch, watch.best_epoch)
    change = jnp.abs(train_loss - watch.last_loss)
    least = 0.0 if tolerance is None else tolerance  # which may be traced, and then has no truth value
    steady = jnp.where(change <= least * jnp.abs(watch.last_loss), watch.steady + 1, 0)
    stop = jnp.int32(RUNNING)
    if tolerance is not None:
        stop = jnp.where(steady >= STEADY, CONVERGED, stop)
    if patience is not None:
        stop = jnp.where(epoch - best_epoch >= patience, PATIENCE, stop)
    stop = jnp.where(finite, stop, NONFINITE)
    best_loss = jnp.where(better, loss, watch.best_loss)
    return Watch(epoch, best_loss, best_epoch, train_loss, steady, stop, steps), better
