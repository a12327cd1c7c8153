"""Schedules of the learning rate: η from the number of the step t = 0, 1, ... and of all steps N.

Each gives the share of η that is used at step t, from Optax's schedules at a rate of 1, so that η itself may be an
array or traced. After step N the last value stays.
"""

from collections.abc import Callable
from dataclasses import dataclass

import jax.numpy as jnp
import optax

from backlit.calls import call_named, read_call
from backlit.errors import SettingError, nearest
from backlit.optimizers.learning_rates import Schedule, require_rate, require_share, require_whole, require_within
from backlit.shapes import Array

ROUNDING = 1e-6  # of t / (every · N), which may come out just below the whole number that it is


def constant(steps: int) -> Schedule:
    """1 at every step."""
    return optax.constant_schedule(1.0)


def cosine(steps: int, warmup: float = 0.0, end: float = 0.0) -> Schedule:
    """t/n for t < n, then end + (1 − end)(1 + cos(π(t − n)/(N − n)))/2: a straight rise from 0, then a cosine.

    Args:
        steps: N.
        warmup: n/N, the share of the steps that rise, from 0 to 1, 1 left out; default 0: no rise.
        end: the share of η that is left at step N, from 0 to 1; default 0.

    Source: Loshchilov & Hutter 2017.
    """
    require_share("cosine's warmup", warmup)
    require_within("cosine's end", end, least=0.0, most=1.0)
    rising = round(warmup * steps)
    if rising == 0:
        return optax.cosine_decay_schedule(1.0, steps, alpha=end)
    return optax.warmup_cosine_decay_schedule(0.0, 1.0, rising, max(steps, rising + 1), end_value=end)


def linear(steps: int, end: float = 0.0) -> Schedule:
    """1 − (1 − end) t/N: a straight line.

    Args:
        steps: N.
        end: the share of η that is left at step N, from 0 to 1; default 0.
    """
    require_within("linear's end", end, least=0.0, most=1.0)
    return optax.linear_schedule(1.0, end, steps)


def exponential(steps: int, end: float = 0.01) -> Schedule:
    """end^(t/N): the same factor at every step.

    Args:
        steps: N.
        end: the share of η that is left at step N, above 0, at most 1; default 0.01.
    """
    require_within("exponential's end", end, above=0.0, most=1.0)
    return optax.exponential_decay(1.0, steps, end, end_value=end)


def step(steps: int, factor: float = 0.1, every: float = 1 / 3) -> Schedule:
    """factor^⌊min(t, N) / (every · N)⌋: a staircase.

    Args:
        steps: N.
        factor: of one stair, above 0, at most 1; default 0.1.
        every: the share of the steps from stair to stair, above 0, at most 1; default a third.
    """
    require_within("step's factor", factor, above=0.0, most=1.0)
    require_within("step's every", every, above=0.0, most=1.0)
    width = every * steps / (1 + ROUNDING)
    return lambda count: factor ** jnp.floor(jnp.minimum(count, steps) / width)


def one_cycle(steps: int, rise: float = 0.3) -> Schedule:
    """From 1/25 up to 1 and down to 1/250,000, each along a cosine.

    Args:
        steps: N.
        rise: the share of the steps that go up, above 0, below 1; default 0.3.

    Source: Smith & Topin 2018.
    """
    require_within("one-cycle's rise", rise, above=0.0, below=1.0)
    return optax.cosine_onecycle_schedule(max(steps, 2), 1.0, pct_start=rise)


@dataclass(frozen=True)
class Plateau:
    """When and how much the learning rate falls on a plateau of the watched loss.

    Attributes:
        patience: epochs without a better watched loss, since the best or since the last fall, at least 1; default 5.
        factor: what η is multiplied by then, above 0, below 1; default 0.5.

    Raises:
        SettingError: a setting is out of range.
    """

    patience: int = 5
    factor: float = 0.5

    def __post_init__(self) -> None:
        require_whole("plateau's patience", self.patience, least=1)
        require_within("plateau's factor", self.factor, above=0.0, below=1.0)


def plateau(steps: int, patience: int = 5, factor: float = 0.5) -> Schedule:
    """1 at every step, as far as steps alone say: the run itself multiplies η by the factor, see `Plateau`."""
    Plateau(patience, factor)
    return constant(steps)


SCHEDULES: dict[str, tuple[Callable[..., Schedule], str]] = {
    "constant": (constant, "the same learning rate at every step"),
    "cosine": (cosine, "down to zero along a cosine, with a warm-up if asked for"),
    "linear": (linear, "down to zero along a line"),
    "exponential": (exponential, "the same factor at every step"),
    "step": (step, "a staircase: a factor every so often"),
    "one-cycle": (one_cycle, "up, then far down, each along a cosine"),
    "plateau": (plateau, "a factor whenever the watched loss gets no better for some epochs"),
}


def plateau_named(text: str) -> Plateau | None:
    """The plateau that a schedule's text describes; None: it is another schedule.

    Raises:
        NotationError: the text cannot be read.
        SettingError: it is a plateau with a setting that is unknown or out of range.

    >>> plateau_named("plateau(patience=3)")
    Plateau(patience=3, factor=0.5)
    """
    name, settings = read_call(text)
    return call_named("schedule", name, Plateau, (), settings) if name == "plateau" else None


def schedule_named(text: str, learning_rate: float | Array, steps: int) -> Schedule:
    """The schedule t → η · share(t) of this name and these settings.

    Args:
        text: a key of `SCHEDULES`, with settings where it has any: `cosine(warmup=0.1)`.
        learning_rate: η > 0, the largest value; an array or traced too.
        steps: N ≥ 1, the steps of the whole run.

    Raises:
        NotationError: the text cannot be read.
        SettingError: no schedule has this name or setting, or a value is out of range.

    >>> rate = schedule_named("linear", learning_rate=0.5, steps=10)
    >>> [float(rate(step)) for step in (0, 5, 10)]
    [0.5, 0.25, 0.0]
    """
    name, settings = read_call(text)
    if name not in SCHEDULES:
        raise SettingError(f"There is no schedule {name!r}: {nearest(name, SCHEDULES)}")
    require_rate(learning_rate)
    require_within("The number of steps", steps, least=1.0)
    share = call_named("schedule", name, SCHEDULES[name][0], (steps,), settings)

    def rate(count: Array) -> Array:
        return learning_rate * share(count)

    return rate
