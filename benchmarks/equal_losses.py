"""The losses that PyTorch has."""

from typing import Any

import numpy as np
import torch
from peer import loss
from torch.nn import functional as F

from backlit.functions.losses import (
    BinaryCrossEntropy,
    CrossEntropy,
    Gaussian,
    HalfSquaredError,
    Hinge,
    Huber,
    MeanAbsoluteError,
    MeanSquaredError,
    Poisson,
    SquaredHinge,
    SumSquaredError,
)

RNG = np.random.default_rng(2)
SCORES, STEPS, NUMBERS = RNG.normal(0, 3, (8, 5)), RNG.normal(0, 3, (8, 4, 5)), RNG.normal(0, 2, (8, 3))
CLASSES, STEP_CLASSES = RNG.integers(0, 5, 8), RNG.integers(0, 5, (8, 4))
SHARES, YES, COUNTS = RNG.dirichlet(np.ones(5), 8), RNG.integers(0, 2, (8, 3)).astype(float), RNG.poisson(3.0, (8, 3))
SOME_CLASSES = np.where(np.arange(4) < 3, STEP_CLASSES, -1)


def each(function: Any, **settings: Any) -> Any:
    """A function of torch.nn.functional, number by number."""
    return lambda outputs, targets: function(outputs, targets, reduction="none", **settings)


def steps(**settings: Any) -> Any:
    """The cross-entropy of each step; classes are PyTorch's second axis."""
    return lambda outputs, targets: F.cross_entropy(outputs.movedim(-1, 1), targets, reduction="none", **settings)


def gaussian(outputs: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    """Means and log-variances."""
    mean, logarithm = outputs.chunk(2, -1)
    return F.gaussian_nll_loss(mean, targets, logarithm.exp(), reduction="none", eps=0)


def margin(power: int) -> Any:
    """PyTorch divides the sum over the classes by their number."""
    return lambda outputs, targets: 5 * F.multi_margin_loss(outputs, targets, p=power, reduction="none")


LOSSES = [
    loss(MeanSquaredError(), NUMBERS, NUMBERS[::-1].copy(), each(F.mse_loss)),
    loss(SumSquaredError(), NUMBERS, NUMBERS[::-1].copy(), lambda s, y: 3 * each(F.mse_loss)(s, y)),
    loss(HalfSquaredError(), NUMBERS, NUMBERS[::-1].copy(), lambda s, y: 1.5 * each(F.mse_loss)(s, y)),
    loss(MeanAbsoluteError(), NUMBERS, NUMBERS[::-1].copy(), each(F.l1_loss)),
    loss(Huber(delta=1.5), NUMBERS, NUMBERS[::-1].copy(), each(F.huber_loss, delta=1.5)),
    loss(Poisson(), NUMBERS, COUNTS.astype(float), each(F.poisson_nll_loss)),
    loss(Gaussian(), RNG.normal(size=(8, 6)), NUMBERS, gaussian),
    loss(BinaryCrossEntropy(), NUMBERS, YES, each(F.binary_cross_entropy_with_logits)),
    loss(CrossEntropy(), SCORES, CLASSES, each(F.cross_entropy)),
    loss(CrossEntropy(), SCORES, SHARES, each(F.cross_entropy)),
    loss(CrossEntropy(smoothing=0.1), SCORES, CLASSES, each(F.cross_entropy, label_smoothing=0.1)),
    loss(CrossEntropy(), STEPS, STEP_CLASSES, steps()),
    loss(CrossEntropy(), STEPS, SOME_CLASSES, lambda s, y: 4 / 3 * steps(ignore_index=-1)(s, y)),
    loss(Hinge(), SCORES, CLASSES, margin(1)),
    loss(SquaredHinge(), SCORES, CLASSES, margin(2)),
]
