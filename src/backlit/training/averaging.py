"""The exponential moving average of the weights, which is smoother than the weights and often better.

After step t, with the decay d and each θᵢ the weights after step i:

    θ̄_t = Σᵢ d^(t−i) θᵢ / Σᵢ d^(t−i),   i = 1, ..., t

The blocks' state (BatchNorm's running statistics) is averaged in the same way. The average is what is scored, watched
and kept; the steps go on from the weights themselves. Source: Polyak & Juditsky 1992; Tarvainen & Valpola 2017.
"""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from backlit.shapes import Array


class Average(NamedTuple):
    """θ̄ with the averaged state, and the weight gathered by now, (1 − d) Σᵢ d^(t−i) = 1 − d^t."""

    parameters: Any
    state: Any
    gathered: Array

    @classmethod
    def begin(cls, parameters: Any, state: Any) -> "Average":
        """Before the first step."""
        return cls(parameters, state, jnp.zeros(()))

    def after(self, parameters: Any, state: Any, decay: float) -> "Average":
        """The average after one more step; what is no floating number is taken as it is."""
        gathered = decay * self.gathered + (1 - decay)
        share = (1 - decay) / gathered

        def moved(old: Array, new: Array) -> Array:
            if not jnp.issubdtype(new.dtype, jnp.floating):
                return new
            return (old + share * (new - old)).astype(new.dtype)

        moved_parameters = jax.tree.map(moved, self.parameters, parameters)
        return Average(moved_parameters, jax.tree.map(moved, self.state, state), gathered)
