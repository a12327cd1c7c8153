"""The score to beat: always the most frequent class, or always the mean, of the training rows, every row counted the
same."""

from functools import partial
from math import nan, prod

import jax
import jax.numpy as jnp
import numpy as np

from backlit.data import Schema
from backlit.functions.losses import Loss
from backlit.shapes import Array, Shape
from backlit.training.objective import Objective
from backlit.training.scoring import bits, columns, each_target, r_squared


@partial(jax.jit, static_argnums=0)  # compiled once for all members of a population
def _examples(loss: Loss, outputs: Array, y: Array) -> Array:
    return loss.examples(outputs, y)


def constant_outputs(objective: Objective, y: np.ndarray, units: int) -> np.ndarray:
    """The outputs (units,) of a network that knows nothing but the training targets.

    For probabilities these are the classes' shares, log p or log p / (1 − p); for numbers the mean, or what the loss
    makes of one.
    """
    if not objective.classes:
        return np.asarray(objective.loss.constant(jnp.asarray(columns(y), jnp.float32)))
    shares = np.bincount(y, minlength=objective.classes) / len(y)
    shares = np.clip(shares, 1e-7, 1)
    if units == 1:
        logit = np.log(shares[1] / shares[0])
        return np.asarray([logit if objective.loss.link else np.sign(logit)], np.float32)
    return np.log(shares).astype(np.float32)


def baseline_scores(
    objective: Objective,
    train_y: np.ndarray,
    y: np.ndarray,
    output: Shape,
    scale: np.ndarray | None,
    names: tuple[str, ...] = (),
) -> dict[str, float]:
    """The constant prediction's loss, and accuracy or rmse and r², on targets y; targets as the objective has them.

    Args:
        objective: what was minimized.
        train_y, y: the targets of training, and those that are judged.
        output: the shape of one example's output.
        scale: of each target; None: the data's own units.
        names: of the targets.
    """
    if y.ndim > 1 and objective.classes:
        return _step_scores(objective, train_y, y, output[-1])
    constant = constant_outputs(objective, train_y, output[-1] if output else 1)
    if constant.size == prod(output):  # a number for each step, (T,), where one unit gives (T, 1)
        constant = constant.reshape(output)
    outputs = np.broadcast_to(constant, (len(y), *output))
    loss = float(np.asarray(_examples(objective.loss, outputs, y)).mean())
    if objective.classes:
        majority = np.bincount(train_y, minlength=objective.classes).argmax()
        return {"loss": loss, "accuracy": float(np.mean(y == majority))}
    return {"loss": loss, **_number_scores(columns(train_y).mean(0), y, scale, names)}


def _step_scores(objective: Objective, train_y: np.ndarray, y: np.ndarray, units: int) -> dict[str, float]:
    """The scores where every step has a class, or −1: each class's loss is computed once."""
    seen, classes = train_y[train_y >= 0], jnp.arange(objective.classes)
    outputs = constant_outputs(objective, seen, units)
    of_class = np.asarray(objective.loss.examples(jnp.broadcast_to(outputs, (len(classes), units)), classes))
    majority = np.bincount(seen, minlength=len(classes)).argmax()
    known = y >= 0
    counted = np.maximum(known.sum(1), 1)
    loss = float(((of_class[y] * known).sum(1) / counted).mean())
    accuracy = float((((y == majority) & known).sum(1) / counted).mean())
    return {"loss": loss, **bits(objective, loss, y), "accuracy": accuracy}


def persistence_scores(
    objective: Objective,
    last: np.ndarray,
    y: np.ndarray,
    output: Shape,
    scale: np.ndarray | None,
    names: tuple[str, ...] = (),
) -> dict[str, float]:
    """The scores of a forecast that says that everything stays as it is; arguments as in `baseline_scores`.

    Args:
        last: the last value that a window has of each target, as the objective has them, shaped as y.
    """
    fits = output in ((), y.shape[1:] or (1,))
    losses = np.asarray(_examples(objective.loss, last.reshape(-1, *output), y)) if fits else np.array(nan)
    return {"loss": float(losses.mean()), **_number_scores(columns(last), y, scale, names)}


def last_values(schema: Schema, x: np.ndarray) -> np.ndarray | None:
    """The last value of each target in windows (N, T, F), for each step ahead: (N, targets); None: no forecasts of
    numbers, or of some that the windows do not hold. Where it is missing, the last that is known, else 0."""
    layout = schema.layout
    held = {column.name for column in schema.used if column.kind in ("number", "boolean")}
    if layout is None or not layout.window or schema.classes or not held.issuperset(layout.forecast):
        return None
    places = {feature.name: place for place, feature in enumerate(schema.features)}
    origins = {column.name: column.origin for column in schema.columns}
    said = []
    for name in layout.forecast:
        values = x[..., places[name]]
        known = ~np.isnan(values[:, ::-1])
        last = np.take_along_axis(values[:, ::-1], known.argmax(1)[:, None], 1)[:, 0]
        said += [np.where(known.any(1), last + origins[name], 0)] * len(layout.horizon)
    return np.stack(said, axis=1)


def _number_scores(
    predicted: np.ndarray, y: np.ndarray, scale: np.ndarray | None, names: tuple[str, ...]
) -> dict[str, float]:
    """rmse and r² of predictions (N, T) or (T,) for targets y, both as the objective has them."""
    targets = columns(y)
    squared = np.square(targets - predicted)
    spread = np.square(targets - targets.mean(0)).sum(0)
    rmse = np.sqrt((squared * (1 if scale is None else scale) ** 2).mean())
    errors = squared.sum(0)
    return {"rmse": float(rmse), "r2": float(r_squared(errors, spread)), **each_target(names, errors, y, scale)}
