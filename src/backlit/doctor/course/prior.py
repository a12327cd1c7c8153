"""What a constant answer would score on the training rows: the measure of whether a network has learned anything."""

from typing import NamedTuple

import numpy as np

from backlit.functions.losses import BinaryCrossEntropy, CrossEntropy, Hinge, MeanSquaredError, SumSquaredError
from backlit.training import History, Run
from backlit.training.baseline import baseline_scores

SQUARED = (MeanSquaredError, SumSquaredError)


class Prior(NamedTuple):
    """The constant answer: its loss (None: what is measured is not the loss), and the shares of the most frequent and
    the rarest class (NaN where there are none)."""

    loss: float | None = None
    majority: float = np.nan
    rarest: float = np.nan
    classes: int = 0


def prior_of(run: Run) -> Prior:
    """The constant answer of a run.

    Its loss is the entropy −Σ p ln p of the classes' shares; ln K where rows have weights, under which an answer of
    equal shares may be the best one.
    """
    objective, y = run.objective, np.asarray(run.parts.train.y)
    if not objective.classes:
        return Prior() if isinstance(objective.loss, SQUARED) else Prior(constant_loss(run))
    shares = np.bincount(y[y >= 0].ravel(), minlength=objective.classes) / max((y >= 0).sum(), 1)
    known = shares[shares > 0]
    said = Prior(None, float(shares.max()), float(shares.min()), objective.classes)
    if isinstance(objective.loss, CrossEntropy | BinaryCrossEntropy):
        entropy = float(-(known * np.log(known)).sum())
        return said._replace(loss=entropy if (run.row_weights == 1).all() else float(np.log(objective.classes)))
    return said if isinstance(objective.loss, Hinge) else said._replace(loss=constant_loss(run))


def constant_loss(run: Run) -> float:
    """The loss of the constant answer, by the loss itself; NaN where it cannot be computed."""
    y = run.objective.targets(run.parts.train.y, run.fitted)
    output = run.objective.body.plan(run.input_shape).output
    try:
        return baseline_scores(run.objective, y, y, output, run.objective.scale(run.fitted))["loss"]
    except Exception:  # a loss of the user's own may refuse a constant
        return float("nan")


def relative_loss(history: History, prior: Prior, part: str = "train") -> np.ndarray:
    """How much of what a constant answer leaves open is still open after each epoch, (epochs,): 0 for perfect answers,
    1 for answers no better than the constant one, above 1 for worse ones; NaN where that cannot be said.

    It is the loss over the constant's, 1 − r² for squared errors, and the share of wrong classes over the constant's
    for losses that grow with the size of the outputs.
    """
    columns = set(history.columns)
    nothing = np.full(len(history), np.nan)
    if prior.loss is not None:
        held = prior.loss > 0 and f"{part}_loss" in columns
        return np.asarray(history[f"{part}_loss"], float) / prior.loss if held else nothing
    if f"{part}_r2" in columns:
        return 1 - np.asarray(history[f"{part}_r2"], float)
    if f"{part}_accuracy" in columns and prior.majority < 1:
        return (1 - np.asarray(history[f"{part}_accuracy"], float)) / (1 - prior.majority)
    return nothing
