"""What happens inside while a network trains, from the first step of an epoch, computed by the run itself.

It costs about two steps' time. Where epochs have fewer steps than the cadence, which is a setting of the run, the first
`FIRST_EPOCHS` have it, then one in so many that as many steps lie between.

Per block: the mean and standard deviation of its output, the share of zeros, and for activations the mean local
derivative, the share of saturated outputs, |f'(z)| < 0.01, and the share of dead units, saturated for every example.
Per variable: the root mean square of its gradient, of its update and of itself. What repeats has one row for all times.
"""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from backlit.layers.activation import ActivationLayer
from backlit.layers.block import Block, Observer
from backlit.shapes import Array, Tree

BLOCK_FIELDS = ("mean", "deviation", "zeros", "slope", "saturated", "dead")  # the last three of activations alone
VARIABLE_FIELDS = ("gradient", "update", "weight")
CADENCE = 128  # steps between two with telemetry, if a run does not say
FIRST_EPOCHS = 8  # that always have it
SATURATED = 0.01  # a local derivative below this passes next to nothing back


class Telemetry(NamedTuple):
    """Statistics of one step by path, in the order of the fields: blocks (6,) or (3,), variables (3,)."""

    blocks: dict[str, Array]
    variables: dict[str, Array]


def is_recorded(epoch: Array, every: int) -> Array:
    """Whether this epoch, counted from 0, has telemetry, where one in `every` has, beyond the first."""
    return (epoch < FIRST_EPOCHS) | (epoch % every == 0)


class Recorder(Observer):
    """Collects the statistics of every block's output while a network is applied."""

    def __init__(self) -> None:
        super().__init__(describe_block)

    @property
    def blocks(self) -> dict[str, Array]:
        """The statistics by path; of a block that repeats, the mean over its times."""
        return {path: found.reshape(-1, found.shape[-1]).mean(0) for path, found in self.seen.items()}


def describe_block(path: str, block: Block, x: Array, y: Array) -> Array:
    """The statistics of one block's output, (3,) or (6,)."""
    values = y.astype(jnp.float32)
    statistics = [jnp.mean(values), jnp.std(values), jnp.mean(values == 0)]
    if isinstance(block, ActivationLayer) and block.activation.derivative is not None:
        local = jnp.broadcast_to(block.activation.derivative(x, **block.settings), x.shape)
        saturated = jnp.abs(local) < SATURATED
        statistics += [jnp.mean(local), jnp.mean(saturated), jnp.mean(saturated.all(0))]
    return jnp.stack(statistics).astype(jnp.float32)


def describe_variables(gradients: Tree, updates: Tree, parameters: Tree) -> dict[str, Array]:
    """The root mean squares of each variable's gradient, update and value, by path."""
    leaves = zip(*(jax.tree_util.tree_leaves_with_path(t) for t in (gradients, updates, parameters)), strict=True)
    return {_join(trio[0][0]): jnp.stack([_rms(leaf) for _, leaf in trio]) for trio in leaves}


def _rms(values: Array) -> Array:
    return jnp.sqrt(jnp.mean(jnp.square(values.astype(jnp.float32))))


def _join(path: tuple[Any, ...]) -> str:
    return "/".join(str(entry.key) for entry in path)
