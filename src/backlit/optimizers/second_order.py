"""Rules of the second order: the step goes to where the loss's parabola has its bottom.

With g = ∇L(θ) and H the Hessian:

    Newton                θ ← θ − ηH⁻¹g
    damped Newton         θ ← θ − a(|H| + λI)⁻¹g        |H|: eigenvalues by their absolute values; a by a line search
    conjugate gradient    θ ← θ + ap, (H + λI)p ≈ −g      from products Hv alone; H is never built

In one dimension Newton's learning rate is 1/f''. Source: document 0; Nocedal & Wright 2006, 3.4 and 7.1; Martens 2010;
Dauphin et al. 2014.
"""

from collections.abc import Callable
from typing import Any, TypeAlias

import jax
import jax.numpy as jnp
import optax
from jax import lax
from jax.flatten_util import ravel_pytree

from backlit.errors import SettingError
from backlit.optimizers.learning_rates import LearningRate, require_whole, require_within, step_by
from backlit.optimizers.line_search import line_search, require_loss
from backlit.shapes import Array, Tree

Curvature: TypeAlias = Callable[[Tree], Tree]

LARGEST = 2_000  # parameters whose Hessian is built
COLUMNS = 64  # of the Hessian at a time


def newton(learning_rate: LearningRate = 1.0) -> optax.GradientTransformationExtraArgs:
    """θ ← θ − ηH⁻¹∇L: a quadratic is solved in one step.

    It goes to the nearest point where the gradient is 0, be that a minimum, a saddle or a maximum. Where H is singular
    the step has no part along the directions without curvature (H⁻¹ is then the pseudo-inverse).

    Args:
        learning_rate: η > 0; default 1.

    Returns:
        An update rule that needs `curvature`, v ↦ Hv, for at most 2,000 parameters.

    Raises:
        SettingError: η is out of range; when it begins, there are more parameters.
    """

    def inverse(eigenvalues: Array) -> Array:
        size = jnp.abs(eigenvalues)
        curved = size > len(size) * jnp.finfo(size.dtype).eps * size.max()
        return jnp.where(curved, 1 / jnp.where(curved, eigenvalues, 1), 0)

    return optax.chain(by_spectrum("newton", inverse), step_by(learning_rate))


def damped_newton(
    learning_rate: LearningRate = 1.0, damping: float | Array = 1e-3
) -> optax.GradientTransformationExtraArgs:
    """θ ← θ − a(|H| + λI)⁻¹∇L: always downhill, away from saddles and maxima; a by a line search.

    Args:
        learning_rate: the first a that is tried, above 0; default 1.
        damping: λ > 0, which bounds the step where there is little curvature; default 0.001.

    Returns:
        An update rule that needs `value`, `value_fn` and `curvature`, for at most 2,000 parameters.

    Raises:
        SettingError: a or λ is out of range; when it begins, there are more parameters.
    """
    require_within("damped-newton's damping", damping, above=0.0)
    direction = by_spectrum("damped-newton", lambda eigenvalues: 1 / (jnp.abs(eigenvalues) + damping))
    return line_search(optax.chain(direction, step_by(learning_rate)))


def conjugate_gradient(
    learning_rate: LearningRate = 1.0, damping: float | Array = 1e-3, iterations: int = 50, tolerance: float = 0.01
) -> optax.GradientTransformationExtraArgs:
    """(H + λI)p = −∇L solved by conjugate gradients, then θ ← θ + ap: Newton for many parameters ("Hessian-free").

    An iteration costs one product Hv. They end when the residual is small, or at a direction of curvature at most 0,
    before which p is a descent direction (at the first iteration p = −∇L).

    Args:
        learning_rate: the first a that is tried, above 0; default 1.
        damping: λ ≥ 0; default 0.001.
        iterations: the most products a step, at least 1; default 50.
        tolerance: the share of |∇L| that the residual may keep, above 0, below 1; default 0.01.

    Returns:
        An update rule that needs `value`, `value_fn` and `curvature`.

    Raises:
        SettingError: a setting is out of range.
    """
    require_within("conjugate-gradient's damping", damping, least=0.0)
    require_whole("conjugate-gradient's iterations", iterations, least=1)
    require_within("conjugate-gradient's tolerance", tolerance, above=0.0, below=1.0)

    def update(
        gradients: Tree, state: Any, parameters: Tree | None = None, *, curvature: Any = None, **more: Any
    ) -> tuple[Tree, Any]:
        require_loss("conjugate-gradient", curvature=curvature)
        gradient, restore = ravel_pytree(gradients)

        def product(v: Array) -> Array:
            return ravel_pytree(curvature(restore(v)))[0] + damping * v

        solved = conjugate_gradients(product, gradient, iterations, tolerance)
        return restore(solved.astype(gradient.dtype)), state

    direction = optax.GradientTransformationExtraArgs(lambda parameters: optax.EmptyState(), update)
    return line_search(optax.chain(direction, step_by(learning_rate)))


def conjugate_gradients(product: Callable[[Array], Array], right: Array, iterations: int, tolerance: float) -> Array:
    """x with Ax ≈ b, by at most `iterations` products, ended early at a direction d with dᵀAd ≤ 0.

    x₀ = 0, d₀ = r₀ = b;  α = rᵀr / dᵀAd,  x ← x + αd,  r ← r − αAd,  d ← r + (r'ᵀr' / rᵀr) d. Source: Hestenes &
    Stiefel 1952.
    """
    goal = tolerance**2 * (right @ right)

    def unfinished(loop: Any) -> Array:
        _, residual, _, made, flat = loop
        return (made < iterations) & (residual @ residual > goal) & ~flat

    def advance(loop: Any) -> Any:
        x, residual, direction, made, _ = loop
        image = product(direction)
        bend = direction @ image
        flat = ~(bend > 0)
        old = residual @ residual
        length = jnp.where(flat, jnp.where(made == 0, 1.0, 0.0), old / jnp.where(flat, 1, bend)).astype(old.dtype)
        residual = residual - length * image
        return x + length * direction, residual, residual + (residual @ residual / old) * direction, made + 1, flat

    start = (jnp.zeros_like(right), right, right, jnp.int32(0), jnp.bool_(False))
    return lax.while_loop(unfinished, advance, start)[0]


def by_spectrum(name: str, inverse: Callable[[Array], Array]) -> optax.GradientTransformationExtraArgs:
    """g ↦ Q diag(inverse(λ)) Qᵀg, with H = Q diag(λ) Qᵀ: the Hessian, built by columns and inverted."""

    def begin(parameters: Tree) -> optax.EmptyState:
        count = sum(leaf.size for leaf in jax.tree.leaves(parameters))
        if count > LARGEST:
            raise SettingError(
                f"{name} builds the Hessian, and {count:,} × {count:,} numbers are too many (at most {LARGEST:,} "
                "parameters): use conjugate-gradient or lbfgs"
            )
        return optax.EmptyState()

    def update(
        gradients: Tree, state: Any, parameters: Tree | None = None, *, curvature: Any = None, **more: Any
    ) -> tuple[Tree, Any]:
        require_loss(name, curvature=curvature)
        gradient, restore = ravel_pytree(gradients)
        basis = jnp.eye(gradient.size, dtype=gradient.dtype)
        hessian = lax.map(lambda v: ravel_pytree(curvature(restore(v)))[0], basis, batch_size=COLUMNS)
        eigenvalues, vectors = jnp.linalg.eigh(hessian, symmetrize_input=True)
        step = vectors @ (inverse(eigenvalues) * (vectors.T @ gradient))
        return restore(step.astype(gradient.dtype)), state

    return optax.GradientTransformationExtraArgs(begin, update)
