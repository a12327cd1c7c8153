"""The loss over a plane through a network's weights: L(θ + a·u + b·v).

Around a model, u and v are drawn at random, and each filter (what leads to one unit) of either is as long as the
model's own: so the picture does not depend on the scale of the weights; biases stay as they are. Along a training, u
and v are the two principal directions of its path θ_1 − θ_T, …, θ_T − θ_T.

Source: H. Li et al., "Visualizing the Loss Landscape of Neural Nets", arXiv 1712.09913, sections 4 and 7.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jax.flatten_util import ravel_pytree

from backlit.errors import SettingError, TrainingError
from backlit.layers.block import Context, Parameters, State
from backlit.layers.settings import is_number, is_whole
from backlit.shapes import Array
from backlit.training.compilation import jit
from backlit.training.execution import Execution
from backlit.training.model import Model
from backlit.training.objective import Objective
from backlit.training.run import Run
from backlit.training.scoring import Rows
from backlit.training.stopping import RUNNING

MOST_ROWS = 1024  # of the data, evenly spread
AT_ONCE = 16  # places whose losses are computed side by side
MARGIN = 0.3  # of the path's extent, around it


@dataclass(frozen=True, eq=False)
class Surface:
    """The loss over a plane through a network's weights.

    Attributes:
        first, second: the coordinates a (A,) and b (B,).
        losses: L(θ + a·u + b·v), (B, A).
        path: where a training went, (epochs, 2), its end at 0, 0; None: the plane is around a model.
        epochs: after which epoch each point of the path was met; empty without a path.
        shares: how much of the path's squared length lies along u and v; 0 without a path.
    """

    first: np.ndarray
    second: np.ndarray
    losses: np.ndarray
    path: np.ndarray | None = None
    epochs: tuple[int, ...] = ()
    shares: tuple[float, float] = (0.0, 0.0)


def loss_surface(
    model: Model, data: Any, y: Any = None, *, reach: float = 1.0, points: int = 25, seed: int = 0
) -> Surface:
    """The loss around a model's weights, over two random directions with filters as long as the model's own.

    In evaluation mode and without penalties, of 1,024 rows at most.

    Args:
        model: a trained network.
        data, y: with targets, as for `Model.evaluate`.
        reach: the largest a and b, above 0; at 1 a filter is changed by as much as it is long; default 1.
        points: along each direction, at least 3; default 25.
        seed: of the directions.

    Raises:
        InputError: the data or a setting cannot be used.
    """
    if not isinstance(model, Model):
        raise SettingError(f"loss_surface takes a trained model, not {type(model).__name__}: see also path_surface")
    _check_points(points)
    if not is_number(reach) or reach <= 0:
        raise SettingError(f"reach is a number above 0, not {reach!r}")
    if not is_whole(seed, 0):
        raise SettingError(f"seed is a whole number of at least 0, not {seed!r}")
    keys = jax.random.split(jax.random.key(seed))
    directions = jnp.stack([ravel_pytree(_filters_like(model.parameters, key))[0] for key in keys])
    loss = loss_of(model.objective, model.state, model.labeled(data, y))
    sides = np.linspace(-reach, reach, points)
    return Surface(sides, sides, _losses(loss, model.objective, model.parameters, directions, sides, sides))


def path_surface(run: Run, *, points: int = 25, epochs: int = 40) -> Surface:
    """The loss around the path that a training takes, over its two principal directions, at the rows it trains on.

    The run is trained for it: the same run goes the same way again. In evaluation mode and without penalties, of 1,024
    rows at most.

    Args:
        run: what `backlit.prepare` gave.
        points: along each direction, at least 3; default 25.
        epochs: the most epochs whose weights are kept, evenly spread, at least 2; default 40.

    Raises:
        SettingError: a setting is out of range, or the network has a single parameter.
        TrainingError: the loss turned non-finite before two epochs were made.
    """
    if not isinstance(run, Run):
        raise SettingError(f"path_surface takes what prepare gives, not {type(run).__name__}: see also loss_surface")
    _check_points(points)
    if not is_whole(epochs, 2):
        raise SettingError(f"epochs is a whole number of at least 2, not {epochs!r}")
    execution = Execution(run, None)
    made, weights, state = _walk(execution, epochs)
    last, restore = ravel_pytree(weights[-1])
    if last.size < 2:
        raise SettingError("a plane needs two directions, and the network has one parameter: show it with minimize")
    moved = np.stack([np.asarray(ravel_pytree(tree)[0], np.float64) for tree in weights]) - np.asarray(last, np.float64)
    _, sizes, directions = np.linalg.svd(moved, full_matrices=False)
    path = moved @ directions[:2].T
    shares = np.square(sizes[:2]) / max(np.square(sizes).sum(), np.finfo(float).tiny)
    extent = np.ptp(path, 0)
    half = (0.5 + MARGIN) * np.maximum(extent, 0.2 * extent.max() + np.finfo(np.float32).tiny)
    middle = (path.max(0) + path.min(0)) / 2
    first, second = np.linspace(middle - half, middle + half, points).T
    loss = loss_of(run.objective, state, Rows(run.parts.train.x, execution.y["train"]))
    losses = _losses(loss, run.objective, restore(last), jnp.asarray(directions[:2], jnp.float32), first, second)
    return Surface(first, second, losses, path, made, (float(shares[0]), float(shares[1])))


def loss_of(objective: Objective, state: State, rows: Rows) -> Callable[[Parameters], Array]:
    """The mean loss of some rows, evenly spread where they are many, as a function of the parameters: in evaluation
    mode, without penalties and without weights.
    """
    count = len(rows.x)
    chosen = np.unique(np.linspace(0, count - 1, min(count, MOST_ROWS)).round().astype(int))
    x, y = jnp.asarray(rows.x[chosen]), jnp.asarray(rows.y[chosen])

    def loss(parameters: Parameters) -> Array:
        return objective.loss.examples(objective.body.apply(parameters, state, x, Context())[0], y).mean()

    return loss


def _walk(execution: Execution, most: int) -> tuple[tuple[int, ...], list[Parameters], State]:
    """The first weights and those after some epochs, with the epochs' numbers, and the last state."""
    last = int(execution.settings.epochs or 1)
    carry = execution.carry
    made, weights = [0], [carry.trained.kept[0]]
    for until in np.unique(np.linspace(0, last, min(last, most - 1) + 1).round().astype(int))[1:]:
        while int(carry.watch.epoch) < until and int(carry.watch.stop) == RUNNING:
            carry, _ = execution.source.advance(carry, int(until))
        kept = carry.trained.kept[0]
        if int(carry.watch.epoch) > made[-1] and all(np.isfinite(leaf).all() for leaf in jax.tree.leaves(kept)):
            made.append(int(carry.watch.epoch))
            weights.append(kept)
    if len(made) < 2:
        raise TrainingError("the loss turned non-finite in the first epochs, so there is no path: lower learning_rate")
    return tuple(made), weights, carry.trained.kept[1]


def _losses(
    loss: Callable[[Parameters], Array],
    objective: Objective,
    parameters: Parameters,
    directions: Array,
    first: np.ndarray,
    second: np.ndarray,
) -> np.ndarray:
    """The losses (B, A) at all pairs of coordinates, in one program."""
    center, restore = ravel_pytree(parameters)
    places = np.stack(np.meshgrid(first, second), -1).reshape(-1, 2).astype(np.float32)

    def all_of(places: Array) -> Array:
        return lax.map(lambda place: loss(restore(center + place @ directions)), places, batch_size=AT_ONCE)

    return np.asarray(jit(all_of, objective.network)(places)).reshape(len(second), len(first))


def _filters_like(parameters: Parameters, key: Array) -> Parameters:
    """A random direction whose filters are as long as the parameters' own; 0 for biases."""
    leaves, tree = jax.tree.flatten(parameters)

    def like(leaf: Array, key: Array) -> Array:
        if leaf.ndim < 2:
            return jnp.zeros_like(leaf)
        drawn = jax.random.normal(key, leaf.shape, leaf.dtype)
        own, its = (jnp.linalg.norm(v.reshape(-1, v.shape[-1]), axis=0) for v in (leaf, drawn))
        return drawn * own / its

    return jax.tree.unflatten(tree, map(like, leaves, jax.random.split(key, len(leaves))))


def _check_points(points: int) -> None:
    if not is_whole(points, 3):
        raise SettingError(f"points is a whole number of at least 3, not {points!r}")
