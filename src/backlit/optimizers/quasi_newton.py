"""Quasi-Newton: the curvature is learned from how the gradient changed along the last steps.

L-BFGS keeps the last m pairs s = θ' − θ, y = ∇L(θ') − ∇L(θ), and applies the inverse Hessian that they imply:

    q = ∇L;  newest to oldest:  αᵢ = sᵢᵀq / sᵢᵀyᵢ,  q ← q − αᵢyᵢ
    r = (sᵀy / yᵀy of the newest) q;  oldest to newest:  r ← r + sᵢ(αᵢ − yᵢᵀr / sᵢᵀyᵢ)

Source: Nocedal 1980; Nocedal & Wright 2006, Algorithm 7.4.
"""

from typing import Any, NamedTuple

import jax.numpy as jnp
import optax
from jax import lax
from jax.flatten_util import ravel_pytree

from backlit.optimizers.learning_rates import LearningRate, require_whole, step_by
from backlit.optimizers.line_search import line_search, require_loss
from backlit.shapes import Array, Tree

MOST = 1_000  # pairs: each costs two vectors of the parameters' size


class PairsState(NamedTuple):
    """What L-BFGS remembers of n parameters: θ and ∇L (n,) of the last step, and the pairs s and y (m, n), the newest
    last, with 1/sᵀy (m,), 0 where there is no pair yet.
    """

    parameters: Array
    gradient: Array
    steps: Array
    changes: Array
    inverse: Array


def lbfgs(learning_rate: LearningRate = 1.0, memory: int = 10) -> optax.GradientTransformationExtraArgs:
    """θ ← θ − aB∇L, with B ≈ H⁻¹ from the last m steps (L-BFGS), and a by a line search.

    A pair counts where the gradient grew along the step, sᵀy > 0, as the line search's second condition makes sure;
    without any pair the step is −∇L, brought to a length of at most 1.

    Args:
        learning_rate: the first a that is tried, above 0; default 1.
        memory: m, the pairs that are kept, from 1 to 1,000; default 10.

    Returns:
        An update rule that needs `value` and `value_fn`, and the same rows at every step.

    Raises:
        SettingError: a setting is out of range.
    """
    require_whole("lbfgs's memory", memory, least=1, most=MOST)

    def begin(parameters: Tree) -> PairsState:
        flat = ravel_pytree(parameters)[0]
        pairs = jnp.zeros((memory, flat.size), flat.dtype)
        return PairsState(flat, jnp.zeros_like(flat), pairs, pairs, pairs[:, 0])

    def update(
        gradients: Tree, state: PairsState, parameters: Tree | None = None, **more: Any
    ) -> tuple[Tree, PairsState]:
        require_loss("lbfgs", parameters=parameters)
        gradient, restore = ravel_pytree(gradients)
        state = remember(state, ravel_pytree(parameters)[0], gradient)
        return restore(implied(state)), state

    direction = optax.GradientTransformationExtraArgs(begin, update)
    return line_search(optax.chain(direction, step_by(learning_rate)))


def remember(state: PairsState, parameters: Array, gradient: Array) -> PairsState:
    """The state with the newest pair, the oldest forgotten; as before where sᵀy is not positive."""
    step, change = parameters - state.parameters, gradient - state.gradient
    product = step @ change
    counts = product > jnp.finfo(product.dtype).eps * jnp.linalg.norm(step) * jnp.linalg.norm(change)
    inverse = 1 / jnp.where(counts, product, 1)

    def pushed(rows: Array, row: Array) -> Array:
        return jnp.where(counts, jnp.concatenate([rows[1:], row[None]]), rows)

    return PairsState(
        parameters,
        gradient,
        pushed(state.steps, step),
        pushed(state.changes, change),
        pushed(state.inverse, inverse),
    )


def implied(state: PairsState) -> Array:
    """B∇L by the two loops over the pairs."""
    pairs = (state.steps, state.changes, state.inverse)

    def backward(q: Array, pair: tuple[Array, Array, Array]) -> tuple[Array, Array]:
        step, change, inverse = pair
        share = inverse * (step @ q)
        return q - share * change, share

    def forward(r: Array, pair: tuple[Any, Array]) -> tuple[Array, None]:
        (step, change, inverse), share = pair
        return r + step * (share - inverse * (change @ r)), None

    q, shares = lax.scan(backward, state.gradient, pairs, reverse=True)
    newest = state.changes[-1]
    scale = jnp.where(
        state.inverse[-1] > 0,
        1 / jnp.maximum(state.inverse[-1] * (newest @ newest), jnp.finfo(q.dtype).tiny),
        1 / jnp.maximum(1, jnp.linalg.norm(state.gradient)),
    )
    return lax.scan(forward, scale * q, (pairs, shares))[0]
