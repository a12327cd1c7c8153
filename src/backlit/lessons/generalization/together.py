"""Many networks, each on rows of its own, in one program.

The gradient of a sum of losses that share no parameter is the gradient of each, and Adam works on each number alone: to
minimize the sum trains every network as if it were alone.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax

from backlit.layers.block import Context
from backlit.layers.composition import Sequential
from backlit.layers.notation import read
from backlit.shapes import Array, Tree
from backlit.training import Model, minimize

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


class Trained(NamedTuple):
    """Networks of one description, with an axis of networks (M, ...) before those of parameters and state."""

    network: Sequential
    parameters: Tree
    state: Tree

    @classmethod
    def of(cls, models: Sequence[Model]) -> "Trained":
        """The models of a population."""
        held = [(model.parameters, model.state) for model in models]
        return cls(models[0].network, *jax.tree.map(lambda *leaves: jnp.stack(leaves), *held))


def train_together(
    groups: Sequence[Group], loss: Callable[[Array, Array], Array], steps: int, learning_rate: float
) -> list[Trained]:
    """Train all networks of all groups by Adam, at a rate that falls as a cosine, on all their rows at each step.

    Args:
        groups: the networks with their rows.
        loss: of outputs (N, ...) and targets (N, ...), one number.
        steps: how many.
        learning_rate: at first.

    Returns:
        The networks of each group.
    """
    networks = [read(group.network) for group in groups]
    drawn = jax.jit(
        lambda key: [
            _initialize(network, group, jax.random.fold_in(key, place))
            for place, (network, group) in enumerate(zip(networks, groups, strict=True))
        ]
    )(jax.random.key(0))
    begun = [Trained(network, *own) for network, own in zip(networks, drawn, strict=True)]

    def total(parameters: Sequence[Tree]) -> Array:
        own = [trained._replace(parameters=each) for trained, each in zip(begun, parameters, strict=True)]
        made = _outputs(own, [jnp.asarray(group.x) for group in groups])
        losses = [jax.vmap(loss)(each, jnp.asarray(group.y)) for each, group in zip(made, groups, strict=True)]
        return jnp.concatenate(losses).sum()

    rate = optax.cosine_decay_schedule(learning_rate, steps)
    found = minimize(total, [trained.parameters for trained in begun], "adam", steps, rate).point
    return [trained._replace(parameters=each) for trained, each in zip(begun, found, strict=True)]


def outputs(trained: Sequence[Trained], rows: Sequence[np.ndarray]) -> list[np.ndarray]:
    """What the networks of each group give for rows of their own (M, N, ...)."""
    made = jax.jit(
        lambda parameters, rows: _outputs(
            [group._replace(parameters=own) for group, own in zip(trained, parameters, strict=True)], rows
        )
    )([group.parameters for group in trained], list(rows))
    return [np.asarray(each) for each in made]


def _outputs(trained: Sequence[Trained], rows: Sequence[Array]) -> list[Array]:
    return [
        jax.vmap(lambda own, state, x, network=network: network.apply(own, state, x, Context())[0])(own, state, x)
        for (network, own, state), x in zip(trained, rows, strict=True)
    ]


def _initialize(network: Sequential, group: Group, key: Array) -> tuple[Tree, Tree]:
    """Parameters and state of the networks of a group before training, each drawn by itself.

    Biases are drawn, too, from −1 to 1: with zeros, the kinks of all ReLUs would begin at one point.
    """

    def draw(own: Array) -> tuple[Tree, Tree]:
        parameters, state = network.initialize(group.x.shape[2:], own)
        biases = jax.random.uniform(own, (len(parameters), MOST_UNITS), minval=-1.0)
        for layer, drawn in zip(parameters.values(), biases, strict=True):
            layer["bias"] = layer["bias"] + drawn[: len(layer["bias"])]
        return parameters, state

    return jax.vmap(draw)(jax.random.split(key, len(group.x)))
