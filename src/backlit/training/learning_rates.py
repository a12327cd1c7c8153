"""The learning-rate finder: a short training whose rate rises from step to step, and what its losses suggest.

The rate of step t of n is lowest · (highest / lowest)^(t/(n−1)), from the first weights on. Too small a rate leaves the
loss where it is, a good one lets it fall, too large a one makes it rise or turn non-finite. The rate where the loss
falls fastest, and a tenth of the rate where it is lowest, are large and still safe: the smaller one is suggested.
Source: Smith 2017.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from backlit.errors import SettingError, TrainingError
from backlit.layers.settings import LARGEST, is_number, is_whole
from backlit.shapes import Array
from backlit.training.compilation import jit
from backlit.training.objective import Batch
from backlit.training.program import Program, Trained, take
from backlit.training.settings import OWN
from backlit.training.updates import update_rule

if TYPE_CHECKING:
    from backlit.training.execution import Execution

FEWEST = 10  # steps
RADIUS = 3  # of the smoothing, in steps: weights 1 2 3 4 3 2 1
EXPLODED = 4.0  # times the first loss: the rates beyond say nothing


@dataclass(frozen=True)
class LearningRates:
    """What a search for the learning rate saw.

    Attributes:
        rates: the rate of each step, rising geometrically, (steps,).
        losses: the loss of each step's batch before the step, (steps,); not finite where it exploded.
        smoothed: the mean of the finite losses around each step, with weights 1 2 3 4 3 2 1, (steps,).
        lowest: the rate where the smoothed loss is lowest.
        steepest: the rate where the smoothed loss falls fastest, from where it is for good in the lower half of its
            way from the start to the lowest: before that, noise may look like a fall.
        suggestion: the smaller one of `steepest` and a tenth of `lowest`.
    """

    rates: np.ndarray
    losses: np.ndarray
    smoothed: np.ndarray
    lowest: float
    steepest: float
    suggestion: float


def find_learning_rate(execution: Execution, steps: int, lowest: float, highest: float) -> LearningRates:
    """The losses of a run at rising learning rates, and the rate that they suggest; see `LearningRates`.

    Raises:
        SettingError: for settings out of range, or a transformation that brings its own rate.
        TrainingError: where no rate between the two lowers the loss.
    """
    settings, program = execution.settings, execution.program
    if settings.optimizer == OWN:
        raise SettingError("the transformation that is given as the optimizer has its own learning rate: name a rule")
    if not is_whole(steps, FEWEST):
        raise SettingError(f"steps is a whole number from {FEWEST} to {LARGEST:,}, not {steps!r}")
    if not (is_number(lowest) and is_number(highest) and 0 < lowest < highest):
        raise SettingError(f"the rates go from above 0 up to a larger one, not from {lowest!r} to {highest!r}")

    def rate(count: Array | int) -> Array:
        return lowest * (highest / lowest) ** (count / (steps - 1))

    rule = update_rule(replace(settings, accumulate=1), program.rows, schedule=rate)  # each step has its own rate
    rising = replace(program, transformation=rule, average=None, plateau=None)
    epochs = jnp.arange(-(-steps // program.steps))
    order = np.concatenate(jax.vmap(lambda epoch: program.order(execution.key, epoch))(epochs))[:steps]
    needed = np.unique(order[order < program.rows])
    local = np.where(order < program.rows, np.searchsorted(needed, order), len(needed))
    start = rising.begin(*execution.carry.best).trained
    losses = np.asarray(_climb(rising, start, execution.data(needed), jnp.asarray(local), execution.key), np.float64)
    return suggest(np.asarray([rate(step) for step in range(steps)], np.float64), losses)


def _climb(program: Program, start: Trained, data: Batch, order: Array, key: Array) -> Array:
    """The loss of each step."""

    def climb(trained: Trained) -> Array:
        def step(trained: Trained, number: Array) -> tuple[Trained, Any]:
            after, loss, _ = program.step(trained, take(data, order[number]), jax.random.fold_in(key, number))
            return after, loss

        return lax.scan(step, trained, jnp.arange(len(order)))[1]

    return jit(climb, program.objective.network)(start)


def suggest(rates: np.ndarray, losses: np.ndarray) -> LearningRates:
    """What losses (steps,) at rising rates (steps,) suggest.

    Raises:
        TrainingError: where no rate lowers the loss.
    """
    known = np.isfinite(losses)
    alive = len(losses) if known.all() else int(np.argmin(known))  # the steps before the first loss that is no number
    kernel = np.concatenate([np.arange(1, RADIUS + 2), np.arange(RADIUS, 0, -1)]).astype(float)
    weight = np.convolve(known, kernel, mode="same")
    total = np.convolve(np.where(known, losses, 0), kernel, mode="same")
    smoothed = np.where(weight > 0, total / np.maximum(weight, 1), np.nan)
    exploded = np.flatnonzero(~(smoothed[:alive] <= EXPLODED * abs(smoothed[0]))) if alive else np.array([0])
    trusted = smoothed[: int(exploded[0]) if len(exploded) else alive]
    best = int(np.argmin(trusted)) if len(trusted) else 0
    if best < 2:
        raise TrainingError(
            f"no learning rate from {rates[0]:.3g} to {rates[-1]:.3g} lowers the loss; try other bounds, or check the "
            "data and the targets"
        )
    half = int(np.flatnonzero(trusted[:best] > (trusted[0] + trusted[best]) / 2)[-1])
    low, steep = float(rates[best]), float(rates[half + int(np.argmin(np.gradient(trusted[: best + 1])[half:]))])
    return LearningRates(rates, losses, smoothed, low, steep, min(steep, low / 10))
