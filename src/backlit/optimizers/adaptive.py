"""Adaptive rules, which give each parameter a learning rate of its own: AdaGrad, RMSProp, Adam.

With g = ∇L(θ), each parameter by itself, and δ always outside the root:

    AdaGrad    r ← r + g²                        θ ← θ − ε g / (δ + √r)
    RMSProp    r ← Γr + (1 − Γ)g²                θ ← θ − ε g / (δ + √r)
    Adam       m ← β₁m + (1 − β₁)g,  m̂ = m / (1 − β₁ᵗ)
               r ← β₂r + (1 − β₂)g²,  r̂ = r / (1 − β₂ᵗ)
                                                 θ ← θ − ε m̂ / (δ + √r̂)

Source: document 2; Duchi et al. 2011; Tieleman & Hinton 2012; Kingma & Ba 2015.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import optax

from backlit.optimizers.learning_rates import LearningRate, require_share, require_within, step_by
from backlit.shapes import Array, Tree


class SquaresState(NamedTuple):
    """What AdaGrad and RMSProp remember: r, the sum or the average of each parameter's squared gradients."""

    squares: Tree


class AdamState(NamedTuple):
    """What Adam remembers: the averages m of the gradients and r of their squares, and the weight that each has
    gathered by now, 1 − β₁ᵗ and 1 − β₂ᵗ.
    """

    mean: Tree
    squares: Tree
    mean_weight: Array
    squares_weight: Array


def adagrad(learning_rate: LearningRate, delta: float = 1e-7) -> optax.GradientTransformation:
    """r ← r + g², θ ← θ − ε g / (δ + √r), from r = 0. Source: document 2; Duchi et al. 2011.

    Optax's form differs: its δ is inside the root, and its r begins at 0.1.

    Args:
        learning_rate: ε > 0: a number, an array or an Optax schedule.
        delta: δ > 0, which keeps the quotient finite; default 1e-7.

    Raises:
        SettingError: ε or δ is out of range.

    >>> rule = adagrad(0.1)
    >>> updates, state = rule.update(jnp.array([3.0, -0.02]), rule.init(jnp.zeros(2)))
    >>> [round(float(update), 4) for update in updates]
    [-0.1, 0.1]
    """
    require_within("adagrad's delta", delta, above=0.0)

    def update(gradients: Tree, state: SquaresState, parameters: Tree | None = None) -> tuple[Tree, SquaresState]:
        squares = jax.tree.map(lambda r, g: r + g * g, state.squares, gradients)
        return by_root(gradients, squares, delta), SquaresState(squares)

    return optax.chain(optax.GradientTransformation(no_squares, update), step_by(learning_rate))


def rmsprop(
    learning_rate: LearningRate, decay: float | Array = 0.9, delta: float = 1e-7
) -> optax.GradientTransformation:
    """r ← Γr + (1 − Γ)g², θ ← θ − ε g / (δ + √r), from r = 0. Source: document 2; Tieleman & Hinton 2012.

    Args:
        learning_rate: ε > 0: a number, an array or an Optax schedule.
        decay: Γ from 0 to 1, 1 left out; default 0.9.
        delta: δ > 0, which keeps the quotient finite; default 1e-7.

    Raises:
        SettingError: ε, Γ or δ is out of range.
    """
    require_share("rmsprop's decay", decay)
    require_within("rmsprop's delta", delta, above=0.0)

    def update(gradients: Tree, state: SquaresState, parameters: Tree | None = None) -> tuple[Tree, SquaresState]:
        squares = average(state.squares, jax.tree.map(jnp.square, gradients), decay)
        return by_root(gradients, squares, delta), SquaresState(squares)

    return optax.chain(optax.GradientTransformation(no_squares, update), step_by(learning_rate))


def adam(
    learning_rate: LearningRate,
    decay: float | Array = 0.9,
    squares_decay: float | Array = 0.999,
    delta: float = 1e-8,
) -> optax.GradientTransformation:
    """RMSProp with momentum, both averages divided by the weight they have gathered, so that the first steps are as
    long as later ones. Source: document 2; Kingma & Ba 2015.

    The correction is a factor of the step and of δ, two numbers, and not two more passes over the parameters:

        m̂ / (δ + √r̂) = √(1 − β₂ᵗ) / (1 − β₁ᵗ) · m / (δ√(1 − β₂ᵗ) + √r)

    Args:
        learning_rate: ε > 0: a number, an array or an Optax schedule.
        decay: β₁ from 0 to 1, 1 left out, of the gradient's average; default 0.9.
        squares_decay: β₂ from 0 to 1, 1 left out, of the squares' average; default 0.999.
        delta: δ > 0, which keeps the quotient finite; default 1e-8.

    Raises:
        SettingError: ε, a decay or δ is out of range.

    >>> rule = adam(0.1)
    >>> updates, state = rule.update(jnp.array([3.0, -0.02]), rule.init(jnp.zeros(2)))
    >>> [round(float(update), 4) for update in updates]
    [-0.1, 0.1]
    """
    require_share("adam's decay", decay)
    require_share("adam's squares_decay", squares_decay)
    require_within("adam's delta", delta, above=0.0)

    def begin(parameters: Tree) -> AdamState:
        zeros = jax.tree.map(jnp.zeros_like, parameters)
        return AdamState(zeros, zeros, jnp.zeros(()), jnp.zeros(()))

    def update(gradients: Tree, state: AdamState, parameters: Tree | None = None) -> tuple[Tree, AdamState]:
        mean = average(state.mean, gradients, decay)
        squares = average(state.squares, jax.tree.map(jnp.square, gradients), squares_decay)
        # The weight gathered is the same average, of ones: it rounds as the averages do, and needs no powers.
        mean_weight = average(state.mean_weight, 1.0, decay)
        squares_weight = average(state.squares_weight, 1.0, squares_decay)
        root = jnp.sqrt(squares_weight)
        scale, floor = root / mean_weight, delta * root
        directions = jax.tree.map(lambda m, r: (scale * m / (floor + jnp.sqrt(r))).astype(m.dtype), mean, squares)
        return directions, AdamState(mean, squares, mean_weight, squares_weight)

    return optax.chain(optax.GradientTransformation(begin, update), step_by(learning_rate))


def average(past: Tree, new: Tree, decay: float | Array) -> Tree:
    """decay · past + (1 − decay) · new, in the precision of the past."""
    return jax.tree.map(lambda p, n: (decay * p + (1 - decay) * n).astype(p.dtype), past, new)


def by_root(gradients: Tree, squares: Tree, delta: float) -> Tree:
    """g / (δ + √r)."""
    return jax.tree.map(lambda g, r: g / (delta + jnp.sqrt(r)), gradients, squares)


def no_squares(parameters: Tree) -> SquaresState:
    """r = 0 for each parameter."""
    return SquaresState(jax.tree.map(jnp.zeros_like, parameters))
