"""Many networks, each on rows of its own, in one program.

The gradient of a sum of losses that share no parameter is the gradient of each, and Adam works on each number alone: to
minimize the sum trains every network as if it were alone.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple, TypeAlias

import jax
import numpy as np
import optax

from backlit.layers.block import Block, Context
from backlit.layers.notation import read
from backlit.shapes import Array, Tree
from backlit.training import minimize

Outputs: TypeAlias = Callable[[Sequence[np.ndarray]], list[np.ndarray]]

MOST_UNITS = 64  # of a layer


class Group(NamedTuple):
    """Networks of one description, each with its own rows.

    Attributes:
        network: the description, in the notation: dense layers of up to 64 units, and activations.
        x: the rows of each network (M, N, ...).
        y: the targets of each network (M, N, ...), as the loss takes them.
    """

    network: str
    x: np.ndarray
    y: np.ndarray


def train_together(
    groups: Sequence[Group], loss: Callable[[Array, Array], Array], steps: int, learning_rate: float
) -> Outputs:
    """Train all networks of all groups with Adam, at a rate that falls as a cosine, on all their rows at each step.

    Args:
        groups: the networks with their rows.
        loss: of outputs (N, ...) and targets (N, ...), one number.
        steps: how many.
        learning_rate: at first.

    Returns:
        A function from the rows of each group's networks (M, N, ...) to their outputs, group by group.
    """
    networks = [read(group.network) for group in groups]
    drawn = [
        _initialize(network, group, key)
        for network, group, key in zip(networks, groups, jax.random.split(jax.random.key(0), len(groups)), strict=True)
    ]
    states = [state for _, state in drawn]

    def outputs(parameters: Sequence[Tree], rows: Sequence[Array]) -> list[Array]:
        return [_apply(*each) for each in zip(networks, parameters, states, rows, strict=True)]

    def total(parameters: Sequence[Tree]) -> Array:
        made = outputs(parameters, [group.x for group in groups])
        return sum(jax.vmap(loss)(own, group.y).sum() for own, group in zip(made, groups, strict=True))

    rate = optax.cosine_decay_schedule(learning_rate, steps)
    found = minimize(total, [parameters for parameters, _ in drawn], "adam", steps, rate).point
    compiled = jax.jit(outputs)
    return lambda rows: [np.asarray(made) for made in compiled(found, rows)]


def _initialize(network: Block, group: Group, key: Array) -> tuple[Tree, Tree]:
    """Parameters and state of all networks of a group, each drawn by itself; biases, too, from −1 to 1: with zeros, the
    kinks of all ReLUs would begin at one point."""

    def draw(own: Array) -> tuple[Tree, Tree]:
        parameters, state = network.initialize(group.x.shape[2:], own)
        biases = jax.random.uniform(own, (len(parameters), MOST_UNITS), minval=-1.0)
        for layer, drawn in zip(parameters.values(), biases, strict=True):
            layer["bias"] = layer["bias"] + drawn[: len(layer["bias"])]
        return parameters, state

    return jax.vmap(draw)(jax.random.split(key, len(group.x)))


def _apply(network: Block, parameters: Tree, state: Tree, rows: Array) -> Array:
    """The outputs of all networks of a group, each for its own rows."""
    return jax.vmap(lambda own, kept, x: network.apply(own, kept, x, Context())[0])(parameters, state, rows)
