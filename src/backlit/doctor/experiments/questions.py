"""Which forks are grown: each changes one thing, or two together, so that the smallest set of changes can be found that
lets the network learn."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import numpy as np

from backlit.doctor.experiments.forks import Fork
from backlit.doctor.experiments.variants import wider, with_activations, with_relu, without_dropout
from backlit.layers.composition import Sequential
from backlit.optimizers import default_learning_rate, takes_all_rows
from backlit.shapes import Tree
from backlit.training import Run
from backlit.training.settings import OWN

Change: TypeAlias = frozenset[str]
INPUTS, WEIGHTS, PENALTY, RATE = "normalized inputs", "redrawn weights", "no penalty", "rate"
DROPOUT, RELU, BETWEEN = "no dropout", "ReLU for Sigmoid and Tanh", "ReLU between linear layers"
WIDTH = "wider layers"
STRUCTURES: dict[str, Callable[[Sequential], Sequential]] = {
    DROPOUT: without_dropout,
    RELU: with_relu,
    BETWEEN: with_activations,
    WIDTH: wider,
}
LADDER = tuple(10.0**k for k in range(-4, 5))
SHORT = (1.0, 0.1, 10.0)
AS_IT_IS, PERMUTED, ONE_BATCH = "as it is", "permuted", "one batch"


def repairing_forks(run: Run, unnormalized: bool, redrawn: tuple[Tree, Tree] | None = None) -> dict[Fork, Change]:
    """Forks that change what may keep a run from learning, each with what it changes; the first changes nothing.

    Args:
        run: in doubt.
        unnormalized: whether normalizing the inputs is worth a try.
        redrawn: other first parameters and state that are; None: none are.
    """
    asked: dict[Fork, Change] = {}
    short = short_ladder(run)
    for factor in sorted(rate_factors(run), key=lambda factor: abs(np.log10(factor))):
        ask(asked, Fork(name_of(factor), rate=factor))
    shift, scale = normalization(run) if unnormalized else (None, None)
    for factor in short:
        if redrawn:
            ask(asked, Fork(name_of(factor, WEIGHTS), redrawn, factor), WEIGHTS)
        if penalizes(run):
            ask(asked, Fork(name_of(factor, PENALTY), rate=factor, penalty=0.0), PENALTY)
        if unnormalized:
            ask(asked, Fork(name_of(factor, INPUTS), rate=factor, shift=shift, scale=scale), INPUTS)
        if unnormalized and redrawn:
            both = Fork(name_of(factor, INPUTS, WEIGHTS), redrawn, factor, shift=shift, scale=scale)
            ask(asked, both, INPUTS, WEIGHTS)
    return asked


def few_of(asked: dict[Fork, Change]) -> dict[Fork, Change]:
    """The forks at the rates that are most telling, where all of them would take too long."""
    return {fork: change for fork, change in asked.items() if fork.rate in SHORT}


def control_forks(run: Run) -> list[Fork]:
    """Forks that repair nothing: permuted labels, and one batch at several rates."""
    controls = [Fork(PERMUTED, permuted=True)]
    controls += [Fork(f"{ONE_BATCH}, {name_of(factor)}", rate=factor, one_batch=True) for factor in short_ladder(run)]
    return controls


def structural_forks(run: Run, structure: str) -> dict[Fork, Change]:
    """Forks of a run with another structure, at the rates that are most telling."""
    asked: dict[Fork, Change] = {}
    for factor in short_ladder(run):
        ask(asked, Fork(name_of(factor, structure), rate=factor), structure)
    return asked


def ask(asked: dict[Fork, Change], fork: Fork, *changes: str) -> None:
    """Add a fork with what it changes; a rate that is another is a change, too."""
    asked[fork] = frozenset(changes) | (frozenset({RATE}) if fork.rate != 1 else frozenset())


def name_of(factor: float, *changes: str) -> str:
    """What a fork is called, by its rate and what else it changes.

    >>> name_of(0.1, "wider layers"), name_of(1.0)
    ('wider layers, rate × 0.1', 'as it is')
    """
    words = [f"rate × {factor:g}"] if factor != 1 else []
    return ", ".join([*changes, *words]) or AS_IT_IS


def rate_factors(run: Run) -> list[float]:
    """The factors on the rate that are tried: powers of ten, and what brings it to the rule's default."""
    settings = run.settings
    if settings.optimizer == OWN:
        return [*LADDER]
    if takes_all_rows(settings.optimizer):
        return [1.0]
    standard = default_learning_rate(settings.optimizer) / float(settings.learning_rate or 1.0)
    extra = [] if 0.3 < standard < 3 else [float(f"{standard:.3g}")]
    return sorted({*LADDER, *extra})


def short_ladder(run: Run) -> list[float]:
    """The most telling of these factors: as it is, ÷ 10, × 10, and the rule's default."""
    return [factor for factor in rate_factors(run) if factor in SHORT or factor not in LADDER]


def penalizes(run: Run) -> bool:
    """Whether weights cost anything."""
    return run.objective.penalty.counts or any(penalty.counts for penalty, _ in run.objective.penalties)


def normalization(run: Run) -> tuple[np.ndarray, np.ndarray]:
    """The mean, and one over the deviation, of each feature of the last axis, (features,) each; 0 of one that never
    varies in training, which no network learns to use; 0 and 1 of categories, whose codes are names."""
    x = run.parts.train.x[:4096]
    rows = x.reshape(-1, x.shape[-1] if x.ndim > 1 else 1).astype(np.float64)
    mean, deviation = np.nanmean(rows, axis=0), np.nanstd(rows, axis=0)
    scale = np.divide(1, deviation, out=np.zeros_like(deviation), where=deviation > 0)
    coded = np.array([feature.categories > 0 for feature in run.parts.schema.features] or [False] * len(mean))
    return np.where(coded, 0, mean), np.where(coded, 1, scale)
