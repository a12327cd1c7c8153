"""Gradient descent, and its forms that remember where they were going: heavy ball, momentum, Nesterov.

With g = ∇L(θ), learning rate η and decay α in [0, 1):

    gradient descent     θ ← θ − ηg
    heavy ball           θⁿ = θⁿ⁻¹ − ηg + α(θⁿ⁻¹ − θⁿ⁻²)
    momentum             v ← αv + (1 − α)g,   θ ← θ − ηv
    Nesterov             v ← αv + g,          θ ← θ − η(αv + g)

Momentum with rate η/(1 − α) is the heavy ball with rate η. Source: documents 0 and 2; Polyak 1964; Nesterov 1983;
Sutskever et al. 2013.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import optax

from backlit.optimizers.learning_rates import LearningRate, require_share, step_by
from backlit.shapes import Array, Tree


class VelocityState(NamedTuple):
    """What the rules with momentum remember: one number for each parameter, 0 at first."""

    velocity: Tree


def gradient_descent(learning_rate: LearningRate) -> optax.GradientTransformation:
    """θ ← θ − η∇L. Source: documents 0 to 4.

    Args:
        learning_rate: η > 0: a number, an array or an Optax schedule.

    Raises:
        SettingError: η is out of range.

    >>> rule = gradient_descent(0.5)
    >>> updates, state = rule.update(jnp.array([2.0, -4.0]), rule.init(jnp.zeros(2)))
    >>> updates
    Array([-1.,  2.], dtype=float32)
    """
    return step_by(learning_rate)


def heavy_ball(learning_rate: LearningRate, decay: float | Array = 0.9) -> optax.GradientTransformation:
    """θⁿ = θⁿ⁻¹ − η∇L + α(θⁿ⁻¹ − θⁿ⁻²): the last step is repeated, α times as long. Source: document 0; Polyak 1964.

    Args:
        learning_rate: η > 0: a number, an array or an Optax schedule.
        decay: α from 0 to 1, 1 left out; 0.8 to 0.9 is usual; default 0.9.

    Raises:
        SettingError: η or α is out of range.
    """
    require_share("heavy-ball's decay", decay)

    def update(steps: Tree, state: VelocityState, parameters: Tree | None = None) -> tuple[Tree, VelocityState]:
        velocity = jax.tree.map(lambda v, step: like(decay * v + step, v), state.velocity, steps)
        return velocity, VelocityState(velocity)

    return optax.chain(step_by(learning_rate), optax.GradientTransformation(at_rest, update))


def momentum(learning_rate: LearningRate, decay: float | Array = 0.9) -> optax.GradientTransformation:
    """v ← αv + (1 − α)g, θ ← θ − ηv: a step along the average of past gradients. Source: document 2.

    Args:
        learning_rate: η > 0: a number, an array or an Optax schedule.
        decay: α from 0 to 1, 1 left out, how slowly past gradients fade; default 0.9.

    Raises:
        SettingError: η or α is out of range.
    """
    require_share("momentum's decay", decay)

    def update(gradients: Tree, state: VelocityState, parameters: Tree | None = None) -> tuple[Tree, VelocityState]:
        velocity = jax.tree.map(lambda v, g: like(decay * v + (1 - decay) * g, v), state.velocity, gradients)
        return velocity, VelocityState(velocity)

    return optax.chain(optax.GradientTransformation(at_rest, update), step_by(learning_rate))


def nesterov(learning_rate: LearningRate, decay: float | Array = 0.9) -> optax.GradientTransformation:
    """v ← αv + g, θ ← θ − η(αv + g): the heavy ball that looks one step ahead. Source: Sutskever et al. 2013.

    Args:
        learning_rate: η > 0: a number, an array or an Optax schedule.
        decay: α from 0 to 1, 1 left out; default 0.9.

    Raises:
        SettingError: η or α is out of range.
    """
    require_share("nesterov's decay", decay)

    def update(gradients: Tree, state: VelocityState, parameters: Tree | None = None) -> tuple[Tree, VelocityState]:
        velocity = jax.tree.map(lambda v, g: like(decay * v + g, v), state.velocity, gradients)
        ahead = jax.tree.map(lambda v, g: like(decay * v + g, v), velocity, gradients)
        return ahead, VelocityState(velocity)

    return optax.chain(optax.GradientTransformation(at_rest, update), step_by(learning_rate))


def at_rest(parameters: Tree) -> VelocityState:
    """A velocity of 0 for each parameter."""
    return VelocityState(jax.tree.map(jnp.zeros_like, parameters))


def like(value: Array, model: Array) -> Array:
    """The value in the model's precision, which an array of settings may have raised."""
    return value.astype(model.dtype)
