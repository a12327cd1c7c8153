"""Optimizers by name: Backlit's own, and any of Optax's."""

import inspect
from collections.abc import Callable
from functools import cache
from typing import Any

import optax
import optax.contrib

from backlit.calls import call_named, hyphenated, read_call
from backlit.errors import SettingError, nearest
from backlit.optimizers.adaptive import adagrad, adam, rmsprop
from backlit.optimizers.descent import gradient_descent, heavy_ball, momentum, nesterov
from backlit.optimizers.learning_rates import LearningRate, require_rate

Rule = Callable[..., optax.GradientTransformation]

OPTIMIZERS: dict[str, tuple[Rule, str]] = {
    "gradient-descent": (gradient_descent, "θ ← θ − ηg"),
    "heavy-ball": (heavy_ball, "repeats the last step, α times as long"),
    "momentum": (momentum, "steps along the average of past gradients"),
    "nesterov": (nesterov, "the heavy ball that looks one step ahead"),
    "adagrad": (adagrad, "divides by the root of the sum of squared gradients"),
    "rmsprop": (rmsprop, "divides by the root of the average of squared gradients"),
    "adam": (adam, "RMSProp with momentum: robust, the usual choice"),
}

DEFAULT_LEARNING_RATES: dict[str, float] = {
    "gradient-descent": 0.1,
    "heavy-ball": 0.01,
    "momentum": 0.1,
    "nesterov": 0.01,
    "adagrad": 0.01,
    "rmsprop": 0.001,
    "adam": 0.001,
}

# These need the loss's value or its function at every step, which an update rule is not given.
OF_THE_LOSS = {"lbfgs", "momo", "momo-adam", "sophia"}


@cache
def optax_rules() -> dict[str, Rule]:
    """Optax's update rules by name: the functions whose first argument, and only required one, is the learning rate."""
    rules = {
        hyphenated(name): function
        for module in (optax.contrib, optax)
        for name, function in inspect.getmembers(module, inspect.isfunction)
        if next(iter(inspect.signature(function).parameters), None) == "learning_rate"
        and not any(map(is_required, list(inspect.signature(function).parameters.values())[1:]))
        and not name.startswith("scale_by_")
    }
    return {name: rule for name, rule in rules.items() if name not in OF_THE_LOSS}


def optimizer_named(
    text: str, learning_rate: LearningRate | None = None, **settings: Any
) -> optax.GradientTransformation:
    """The update rule of this name: Backlit's, or Optax's where Backlit has none or the name begins with `optax.`.

    Args:
        text: a key of `OPTIMIZERS`, with settings where wanted: `heavy-ball(decay=0.8)`, `lion`, `optax.adam(b1=0.8)`.
        learning_rate: η > 0: a number, an array or an Optax schedule; default `default_learning_rate(text)`.
        settings: of the rule, by name; they go before those of the text.

    Raises:
        NotationError: the text cannot be read.
        SettingError: no optimizer has this name or setting, or a value is out of range.

    >>> optimizer_named("heavybal")
    Traceback (most recent call last):
    backlit.errors.SettingError: There is no optimizer 'heavybal': did you mean heavy-ball?
    """
    name, rule, written = rule_named(text)
    if learning_rate is None:
        learning_rate = default_learning_rate(text)
    require_rate(learning_rate)
    return call_named("optimizer", name, rule, (learning_rate,), {**written, **settings})


def default_learning_rate(text: str) -> float:
    """The learning rate of an optimizer whose user gives none: the table's, the rule's own, or 0.001.

    Raises:
        NotationError: the text cannot be read.
        SettingError: no optimizer has this name.

    >>> default_learning_rate("heavy-ball(decay=0.8)")
    0.01
    """
    name, rule, _ = rule_named(text)
    own = inspect.signature(rule).parameters["learning_rate"].default
    return DEFAULT_LEARNING_RATES.get(name, own if isinstance(own, float) else 0.001)


def rule_named(text: str) -> tuple[str, Rule, dict[str, float]]:
    """The name, the function and the settings that a text in the notation stands for."""
    name, settings = read_call(text)
    if name in OPTIMIZERS:
        return name, OPTIMIZERS[name][0], settings
    theirs = optax_rules()
    if name.removeprefix("optax.") not in theirs:
        raise SettingError(f"There is no optimizer {name!r}: {nearest(name, [*OPTIMIZERS, *theirs])}")
    return name, theirs[name.removeprefix("optax.")], settings


def is_required(parameter: inspect.Parameter) -> bool:
    """Whether a call must give this argument."""
    gathers = parameter.kind in (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    return parameter.default is inspect.Parameter.empty and not gathers
