"""What a constant answer would score: the measure of whether a network has learned anything.

It is the constant that the training rows teach by their weights in the objective. It is judged on rows of training, and
on those of validation where what is compared with it was judged there.
"""

from typing import NamedTuple

import numpy as np

from backlit.doctor.weighing import repeated, weights_of
from backlit.functions.losses import BinaryCrossEntropy, CrossEntropy, Hinge, MeanSquaredError, SumSquaredError
from backlit.training import History, Run
from backlit.training.baseline import baseline_scores

SQUARED = (MeanSquaredError, SumSquaredError)
RAREST = 1e-7  # the least share that a constant answer gives a class


class Prior(NamedTuple):
    """The constant answer in the units of a history, where all rows count the same.

    Attributes:
        loss: on the training rows; None: what is measured is not the loss.
        majority, rarest: the shares of the most frequent and the rarest class; NaN where there are none.
        classes: their number.
        held: the loss on the validation rows; None: taken to be that on the training rows.
    """

    loss: float | None = None
    majority: float = np.nan
    rarest: float = np.nan
    classes: int = 0
    held: float | None = None


def prior_of(run: Run) -> Prior:
    """The constant answer of a run. With p the classes' shares by weight, and q those in the rows that are judged, its
    loss is −Σ q ln p."""
    objective, y = run.objective, np.asarray(run.parts.train.y)
    if not objective.classes:
        return Prior() if isinstance(objective.loss, SQUARED) else _judged(run, Prior())
    shares = _shares(y, objective.classes)
    said = Prior(None, float(shares.max()), float(shares.min()), objective.classes)
    if isinstance(objective.loss, CrossEntropy | BinaryCrossEntropy):
        taught = np.log(np.maximum(_shares(repeated(y, weights_of(run, "train")), objective.classes), RAREST))
        held = _shares(np.asarray(run.parts.validation.y), objective.classes)
        return said._replace(loss=-float(shares @ taught), held=-float(held @ taught))
    return said if isinstance(objective.loss, Hinge) else _judged(run, said)


def constant_loss(run: Run, part: str = "train", weighted: bool = True) -> float:
    """The loss of the constant answer on a part's rows, by the loss itself; NaN where it cannot be computed.

    Args:
        run: its training rows teach the constant.
        part: whose rows are judged.
        weighted: whether these count by their weights, as in the objective; else all the same, as in scores.
    """
    rows, learned = (getattr(run.parts, name).y for name in (part, "train"))
    if not len(rows):
        return float("nan")
    y, taught = (run.objective.targets(given, run.fitted) for given in (rows, learned))
    taught = repeated(taught, weights_of(run, "train"))
    judged = repeated(y, weights_of(run, part)) if weighted else y
    output = run.objective.body.plan(run.input_shape).output
    try:
        return baseline_scores(run.objective, taught, judged, output, run.objective.scale(run.fitted))["loss"]
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
    loss = prior.held if part == "validation" and prior.held is not None else prior.loss
    if loss is not None:
        known = loss > 0 and f"{part}_loss" in columns
        return np.asarray(history[f"{part}_loss"], float) / loss if known else nothing
    if f"{part}_r2" in columns:
        return 1 - np.asarray(history[f"{part}_r2"], float)
    if f"{part}_accuracy" in columns and prior.majority < 1:
        return (1 - np.asarray(history[f"{part}_accuracy"], float)) / (1 - prior.majority)
    return nothing


def _judged(run: Run, said: Prior) -> Prior:
    held = constant_loss(run, "validation", weighted=False)
    return said._replace(loss=constant_loss(run, weighted=False), held=held)


def _shares(y: np.ndarray, classes: int) -> np.ndarray:
    return np.bincount(y[y >= 0].ravel(), minlength=classes) / max((y >= 0).sum(), 1)
