"""Penalties on the weights, λR(W), added to the mean loss, and a bound on their norm.

    L = mean loss + λ₁ Σ|w| + λ₂ Σ w²

Training decides which weights a penalty sees: the kernels, and the biases only where they are asked for.
Source: documents 0, 1 (λR(W)), 2 and 4 (L1, L2 / weight decay).
"""

from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np

from backlit.errors import SettingError
from backlit.shapes import Array, Tree


def l1(tree: Tree) -> Array:
    """Σ|w| over every array of a tree; its gradient is sign(w), 0 at w = 0, where that of `jnp.abs` would be 1.

    >>> float(l1({"kernel": jnp.array([3.0, -4.0])}))
    7.0
    """
    return sum((jnp.sum(leaf * jnp.sign(leaf)) for leaf in jax.tree.leaves(tree)), start=jnp.zeros(()))


def l2(tree: Tree) -> Array:
    """Σ w² over every array of a tree; its gradient is 2w (no ½ in front).

    >>> float(l2({"kernel": jnp.array([3.0, -4.0])}))
    25.0
    """
    return sum((jnp.sum(leaf * leaf) for leaf in jax.tree.leaves(tree)), start=jnp.zeros(()))


@dataclass(frozen=True)
class Penalty:
    """λ₁ Σ|w| + λ₂ Σ w²: L1 alone, L2 alone, or both (elastic).

    Args:
        l1: λ₁ ≥ 0; default 0. An array where it differs between the members of a population.
        l2: λ₂ ≥ 0; default 0. The same.

    Raises:
        SettingError: a λ is negative or not finite.

    >>> float(Penalty(l1=1.0, l2=0.5)({"kernel": jnp.array([3.0, -4.0])}))
    19.5
    """

    l1: float | Array = 0.0
    l2: float | Array = 0.0

    def __post_init__(self) -> None:
        for name, strength in (("l1", self.l1), ("l2", self.l2)):
            if isinstance(strength, jax.core.Tracer):
                continue
            values = np.asarray(strength)
            if not jnp.issubdtype(values.dtype, jnp.number) or not np.all(np.isfinite(values) & (values >= 0)):
                raise SettingError(f"The penalty's {name} is {strength!r}, but λ must be finite and not negative")

    @property
    def counts(self) -> bool:
        """Whether it may be more than 0: a λ is not the number 0."""
        return not all(isinstance(strength, (int, float)) and strength == 0 for strength in (self.l1, self.l2))

    def __call__(self, tree: Tree) -> Array:
        """The penalty of these weights: a single number."""
        total = jnp.zeros(())
        for strength, sum_of in ((self.l1, l1), (self.l2, l2)):
            if not (isinstance(strength, (int, float)) and strength == 0):
                total = total + strength * sum_of(tree)
        return total


def bound_norm(weight: Array, limit: float, axes: tuple[int, ...]) -> Array:
    """Each unit's incoming weights w, scaled back to ‖w‖ ≤ c where they are longer: w · min(1, c / ‖w‖).

    Args:
        weight: the weights.
        limit: c > 0.
        axes: the axes along which the weights of one unit lie.

    Source: Srivastava et al. 2014, JMLR 15 (max-norm).

    >>> bound_norm(jnp.array([[3.0, 0.3], [4.0, 0.4]]), 1.0, (0,)).round(1).tolist()
    [[0.6000000238418579, 0.30000001192092896], [0.800000011920929, 0.4000000059604645]]
    """
    norm = jnp.sqrt(jnp.sum(weight * weight, axis=axes, keepdims=True))
    return weight * (limit / jnp.maximum(norm, limit))
