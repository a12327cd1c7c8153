"""The learning rate η: a number, an array, or a schedule t → η; and the ranges of an update rule's settings."""

import math
from typing import TypeAlias

import jax
import numpy as np
import optax

from backlit.errors import SettingError
from backlit.shapes import Array

Schedule: TypeAlias = optax.Schedule
LearningRate: TypeAlias = float | Array | Schedule


def step_by(learning_rate: LearningRate) -> optax.GradientTransformation:
    """The last part of an update rule, d → −η d.

    Args:
        learning_rate: η > 0: a number, an array (traced too: one η for each member of a population), or an Optax
            schedule, which is called with the number of the step, from 0.

    Raises:
        SettingError: η is not positive and finite.
    """
    require_rate(learning_rate)
    return optax.scale_by_learning_rate(learning_rate)


def require_rate(learning_rate: LearningRate) -> None:
    """Raises a SettingError unless η is positive and finite; a schedule passes."""
    if not callable(learning_rate):
        require_within("The learning rate", learning_rate, above=0.0)


def require_share(name: str, value: float | Array) -> None:
    """Raises a SettingError unless 0 ≤ value < 1: what a decay α must be."""
    require_within(name, value, least=0.0, below=1.0)


def require_whole(name: str, value: float, least: int, most: int = 2**31 - 1) -> None:
    """Raises a SettingError unless the value is a whole number (True and False are not) from `least` to `most`."""
    whole = isinstance(value, int | np.integer) and not isinstance(value, bool)
    if not whole or not least <= value <= most:
        raise SettingError(f"{name} is {value!r}, but it must be a whole number, at least {least} and at most {most:,}")


def require_within(
    name: str,
    value: float | Array,
    least: float = -math.inf,
    above: float = -math.inf,
    below: float = math.inf,
    most: float = math.inf,
) -> None:
    """Raises a SettingError unless every value is finite, at least `least` and at most `most`, above `above` and below
    `below`. A traced value has no number yet and passes.
    """
    if isinstance(value, jax.core.Tracer):
        return
    try:
        numbers = np.asarray(value, dtype=float)
    except (TypeError, ValueError):
        raise SettingError(f"{name} is {value!r}, but it must be a number") from None
    fits = np.isfinite(numbers) & (numbers >= least) & (numbers > above) & (numbers < below) & (numbers <= most)
    if not fits.all():
        bounds = [
            f"{words} {bound:g}"
            for words, bound in (("at least", least), ("above", above), ("below", below), ("at most", most))
            if math.isfinite(bound)
        ]
        raise SettingError(f"{name} is {value}, but it must be a finite number, {' and '.join(bounds)}")
