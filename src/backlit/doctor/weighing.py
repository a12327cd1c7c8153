"""The weights of rows in the objective, and losses in which they count: a run is judged by what it minimizes."""

import jax.numpy as jnp
import numpy as np

from backlit.data import class_weights
from backlit.layers.block import Context
from backlit.training import Model, Run

DRAWN = 10_000  # rows that stand for weighted ones, at least: shares are then good to 1e-4
LOOKED_AT = 4096  # rows that a weighted loss is taken of, at most


def weights_of(run: Run, part: str) -> np.ndarray | None:
    """The weights (N,) of a part's rows, of their own and of their classes, as the objective has them in training; None
    where all rows count the same."""
    rows = getattr(run.parts, part)
    if part == "train":
        weights = run.row_weights
    else:
        weights = np.ones(len(rows), np.float32) if rows.weights is None else rows.weights
        how = run.settings.class_weight
        if how is not None:
            weights = weights * class_weights(run.parts.train.y, run.parts.schema.classes, how)[rows.y]
    return weights if weights.any() and (weights != 1).any() else None


def repeated(y: np.ndarray, weights: np.ndarray | None) -> np.ndarray:
    """Targets, each as often as its weight asks for: their mean is the weighted one, and so is every share."""
    if weights is None:
        return y
    order = np.argsort(y.reshape(len(y), -1)[:, 0], kind="stable")  # equal ones side by side: shares err by one row
    ends = np.cumsum(weights[order], dtype=np.float64)
    count = max(len(y), DRAWN)
    return y[order[np.searchsorted(ends, (np.arange(count) + 0.5) / count * ends[-1])]]


def loss_of(run: Run, model: Model, part: str) -> float:
    """The mean loss of a part's rows, by their weights, in evaluation mode and without penalties; NaN where the model
    was never scored."""
    weights = weights_of(run, part)
    if weights is None or part not in model.scores:
        return float(model.scores.get(part, {}).get("loss", np.nan))
    counted = np.flatnonzero(weights)
    counted = np.random.default_rng(0).permutation(counted)[:LOOKED_AT]
    rows, objective = getattr(run.parts, part), run.objective
    outputs = model.each(lambda p, s, x: objective.body.apply(p, s, x, Context())[0], rows.x[counted])
    losses = objective.loss.examples(jnp.asarray(outputs), jnp.asarray(objective.targets(rows.y[counted], run.fitted)))
    return float(np.average(np.asarray(losses, np.float64), weights=weights[counted]))
