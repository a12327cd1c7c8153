"""The score to beat: always the most frequent class, or always the mean, of the training rows, every row counted the
same."""

import jax
import numpy as np

from backlit.training.objective import Objective
from backlit.training.scoring import r_squared


def constant_outputs(objective: Objective, y: np.ndarray, units: int) -> np.ndarray:
    """The outputs (units,) of a network that knows nothing but the training targets.

    For probabilities these are the classes' shares, log p or log p / (1 − p); for numbers the mean.
    """
    if not objective.classes:
        return np.asarray(y, np.float64).reshape(len(y), -1).mean(0).astype(np.float32)
    shares = np.bincount(y, minlength=objective.classes) / len(y)
    shares = np.clip(shares, 1e-7, 1)
    if units == 1:
        logit = np.log(shares[1] / shares[0])
        return np.asarray([logit if objective.loss.link else np.sign(logit)], np.float32)
    return np.log(shares).astype(np.float32)


def baseline_scores(
    objective: Objective, train_y: np.ndarray, y: np.ndarray, units: int, scale: np.ndarray | None
) -> dict[str, float]:
    """The constant prediction's loss, and accuracy or rmse and r², on targets y; targets as the objective has them."""
    outputs = np.broadcast_to(constant_outputs(objective, train_y, units), (len(y), units))
    loss = float(np.mean(jax.jit(objective.loss.examples)(outputs, y)))
    if objective.classes:
        majority = np.bincount(train_y, minlength=objective.classes).argmax()
        return {"loss": loss, "accuracy": float(np.mean(y == majority))}
    factor = np.ones(1) if scale is None else scale
    mean = np.asarray(train_y, np.float64).reshape(len(train_y), -1).mean(0)
    targets = np.asarray(y, np.float64).reshape(len(y), -1)
    squared = np.square(targets - mean)
    spread = np.square(targets - targets.mean(0)).sum(0)
    rmse = np.sqrt((squared * factor**2).mean())
    return {"loss": loss, "rmse": float(rmse), "r2": float(r_squared(squared.sum(0), spread))}
