"""Losses: what training makes small, by task and by name."""

from backlit.functions.losses.classification import BinaryCrossEntropy, CrossEntropy, Focal
from backlit.functions.losses.function import FunctionLoss
from backlit.functions.losses.likelihood import Gaussian, Poisson
from backlit.functions.losses.loss import MANY_CLASSES, REGRESSION, TASKS, TWO_CLASSES, Loss
from backlit.functions.losses.margin import Hinge, Perceptron, SquaredHinge
from backlit.functions.losses.naming import ALIASES, LOSSES, default_loss, loss_named
from backlit.functions.losses.regression import (
    HalfSquaredError,
    Huber,
    MeanAbsoluteError,
    MeanSquaredError,
    Quantile,
    SumSquaredError,
)
from backlit.functions.losses.several import Several

__all__ = [
    "ALIASES",
    "LOSSES",
    "MANY_CLASSES",
    "REGRESSION",
    "TASKS",
    "TWO_CLASSES",
    "BinaryCrossEntropy",
    "CrossEntropy",
    "Focal",
    "FunctionLoss",
    "Gaussian",
    "HalfSquaredError",
    "Hinge",
    "Huber",
    "Loss",
    "MeanAbsoluteError",
    "MeanSquaredError",
    "Perceptron",
    "Poisson",
    "Quantile",
    "Several",
    "SquaredHinge",
    "SumSquaredError",
    "default_loss",
    "loss_named",
]
