"""Line search: how far to go along a direction, found by trying.

With φ(a) = L(θ + ad), a step a is taken where the loss falls enough and its slope has become gentler:

    φ(a) ≤ φ(0) + c₁ a φ'(0)        c₁ = 10⁻⁴ (Armijo)
    φ'(a) ≥ c₂ φ'(0)                c₂ = 0.5  (the weak Wolfe condition)

A step that breaks the first condition is too long and halves the bracket; one that breaks the second is too short and
is doubled until something is too long. Source: Nocedal & Wright 2006, 3.1; Lewis & Overton 2013, Algorithm 2.6.
"""

from collections.abc import Callable
from typing import Any, TypeAlias

import jax
import jax.numpy as jnp
import optax
from jax import lax

from backlit.errors import SettingError
from backlit.optimizers.learning_rates import LearningRate, step_by
from backlit.shapes import Array, Tree

Value: TypeAlias = Callable[[Tree], Array]

ENOUGH, GENTLER = 1e-4, 0.5  # c₁ and c₂
TRIALS = 30


def steepest_descent(learning_rate: LearningRate = 1.0) -> optax.GradientTransformationExtraArgs:
    """θ ← θ − a∇L, with a found by a line search at every step.

    Args:
        learning_rate: the first a that is tried, above 0; default 1.

    Raises:
        SettingError: the learning rate is out of range.

    Source: Cauchy 1847; Nocedal & Wright 2006, 3.1.
    """
    return line_search(step_by(learning_rate))


def line_search(rule: optax.GradientTransformation) -> optax.GradientTransformationExtraArgs:
    """Any update rule, with each of its updates d made longer or shorter: θ ← θ + ad.

    The loss never rises. A direction that does not go down, ∇L·d ≥ 0, is replaced by −∇L; where no step along it
    lowers the loss, none is made.

    Args:
        rule: an update rule, whose own step a = 1 is tried first.

    Returns:
        An update rule that needs `value`, the loss, and `value_fn`, the loss as a function of the parameters.
    """
    rule = optax.with_extra_args_support(rule)

    def update(
        gradients: Tree,
        state: Any,
        parameters: Tree | None = None,
        *,
        value: Any = None,
        value_fn: Any = None,
        **more: Any,
    ) -> tuple[Tree, Any]:
        require_loss("A line search", parameters=parameters, value=value, value_fn=value_fn)
        direction, state = rule.update(gradients, state, parameters, value=value, value_fn=value_fn, **more)
        down = optax.tree.vdot(gradients, direction) < 0
        direction = jax.tree.map(lambda d, g: jnp.where(down, d, -g), direction, gradients)
        slope = optax.tree.vdot(gradients, direction)
        length = step_length(value_fn, parameters, direction, value, slope)
        # A step of 0 stays 0 along a direction that is infinite or no number.
        return jax.tree.map(lambda d: jnp.where(length > 0, length * d, 0).astype(d.dtype), direction), state

    return optax.GradientTransformationExtraArgs(rule.init, update)


def step_length(value_fn: Value, parameters: Tree, direction: Tree, value: Array, slope: Array) -> Array:
    """The a that meets both conditions; after 30 trials the longest that met the first, which may be 0.

    Args:
        value_fn: L.
        parameters, direction: θ and d, of one structure.
        value, slope: φ(0) and φ'(0) < 0.
    """
    value, slope = jnp.asarray(value), jnp.asarray(slope)
    # What the loss's rounding hides is no rise, or the search would stop far above the precision of the gradient.
    unseen = 4 * jnp.finfo(value.dtype).eps * jnp.abs(value)

    def loss(length: Array) -> Array:
        return value_fn(jax.tree.map(lambda p, d: p + (length * d).astype(p.dtype), parameters, direction))

    def unfinished(search: Any) -> Array:
        return (search[3] < TRIALS) & ~search[4]

    def narrow(search: Any) -> Any:
        length, low, high, trials, _ = search
        there, steepness = jax.jvp(loss, (length,), (jnp.ones_like(length),))
        falls = there <= value + ENOUGH * length * slope + unseen  # false where the loss is no number
        found = falls & (steepness >= GENTLER * slope)
        low, high = jnp.where(falls, length, low), jnp.where(falls, high, length)
        following = jnp.where(jnp.isfinite(high), (low + high) / 2, 2 * low)
        return jnp.where(found, length, following), low, high, trials + 1, found

    one = jnp.ones((), value.dtype)
    start = (one, 0 * one, jnp.inf * one, jnp.int32(0), jnp.bool_(False))
    length, low, _, _, found = lax.while_loop(unfinished, narrow, start)
    return jnp.where(found, length, low)


def require_loss(name: str, **given: Any) -> None:
    """Raises a SettingError unless a caller gave an update rule all that it needs besides the gradient."""
    missing = [word for word, value in given.items() if value is None]
    if missing:
        raise SettingError(
            f"{name} needs {' and '.join(missing)}: call update(gradient, state, parameters, value=loss, "
            "value_fn=its function, curvature=v ↦ Hv), or let fit or minimize call it"
        )
