"""The learning rate that falls on a plateau: where the watched loss has not become better for some epochs."""

from typing import NamedTuple

import jax
import jax.numpy as jnp

from backlit.optimizers import Plateau
from backlit.shapes import Array, Tree


class Decline(NamedTuple):
    """The share of the learning rate that is left, and the epoch of the last better loss or of the last fall."""

    share: Array
    since: Array

    @classmethod
    def begin(cls) -> "Decline":
        """Before the first epoch."""
        return cls(jnp.ones(()), jnp.int32(0))

    def applied(self, updates: Tree) -> Tree:
        """Updates at the share that is left."""
        return jax.tree.map(lambda update: (self.share * update).astype(update.dtype), updates)

    def after(self, epoch: Array, better: Array, plateau: Plateau) -> "Decline":
        """After an epoch, the best so far or not: factor · share where the loss has waited for `patience` epochs."""
        since = jnp.where(better, epoch, self.since)
        falls = epoch - since >= plateau.patience
        return Decline(jnp.where(falls, plateau.factor * self.share, self.share), jnp.where(falls, epoch, since))
