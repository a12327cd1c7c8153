"""Searches without a gradient, which try at random and keep what is better.

    random search           θ' ~ N(0, η²);            θ ← θ' where L(θ') < L(θ)
    random local search     θ' = θ + ηu, u ~ N(0, 1);   θ ← θ' where L(θ') < L(θ)

Where L(θ) is no finite number, any θ' whose loss is one is better.

Source: document 1.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax

from backlit.optimizers.learning_rates import LearningRate, require_rate, require_whole
from backlit.optimizers.line_search import require_loss
from backlit.shapes import Array, Tree


class SearchState(NamedTuple):
    """What a search remembers: how often it has tried."""

    tries: Array


def random_search(learning_rate: LearningRate = 1.0, seed: int = 0) -> optax.GradientTransformationExtraArgs:
    """θ' ~ N(0, η²) anew at every step; it is kept where its loss is lower. Source: document 1.

    Args:
        learning_rate: η > 0, the deviation of what is drawn: a number, an array or an Optax schedule; default 1.
        seed: of what is drawn, a whole number of at least 0; default 0.

    Raises:
        SettingError: η or the seed is out of range.
    """
    return search("random-search", learning_rate, seed, lambda parameter, drawn: drawn)


def local_search(learning_rate: LearningRate = 0.1, seed: int = 0) -> optax.GradientTransformationExtraArgs:
    """θ' = θ + ηu, u ~ N(0, 1): a random step, made where the loss is lower after it. Source: document 1.

    Args:
        learning_rate: η > 0, the deviation of a step: a number, an array or an Optax schedule; default 0.1.
        seed: of the steps, a whole number of at least 0; default 0.

    Raises:
        SettingError: η or the seed is out of range.
    """
    return search("local-search", learning_rate, seed, lambda parameter, drawn: parameter + drawn)


def search(
    name: str, learning_rate: LearningRate, seed: int, propose: Callable[[Array, Array], Array]
) -> optax.GradientTransformationExtraArgs:
    """The search that tries `propose(parameter, drawn)`, drawn ~ N(0, η²), and needs `value` and `value_fn`."""
    require_rate(learning_rate)
    require_whole(f"{name}'s seed", seed, least=0)

    def update(
        gradients: Tree,
        state: SearchState,
        parameters: Tree | None = None,
        *,
        value: Any = None,
        value_fn: Any = None,
        **more: Any,
    ) -> tuple[Tree, SearchState]:
        require_loss(name, parameters=parameters, value=value, value_fn=value_fn)
        deviation = learning_rate(state.tries) if callable(learning_rate) else learning_rate
        leaves, structure = jax.tree.flatten(parameters)
        keys = jax.random.split(jax.random.fold_in(jax.random.key(int(seed)), state.tries), len(leaves))
        proposed = [
            propose(leaf, (deviation * jax.random.normal(key, leaf.shape, leaf.dtype)).astype(leaf.dtype))
            for key, leaf in zip(keys, leaves, strict=True)
        ]
        there = value_fn(jax.tree.unflatten(structure, proposed))
        lower = (there < value) | (jnp.isfinite(there) & ~jnp.isfinite(value))
        updates = [jnp.where(lower, new - old, 0) for new, old in zip(proposed, leaves, strict=True)]
        return jax.tree.unflatten(structure, updates), SearchState(state.tries + 1)

    return optax.GradientTransformationExtraArgs(lambda parameters: SearchState(jnp.int32(0)), update)
