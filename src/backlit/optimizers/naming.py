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
from backlit.optimizers.foreign import checked
from backlit.optimizers.learning_rates import LearningRate, require_rate
from backlit.optimizers.line_search import steepest_descent
from backlit.optimizers.quasi_newton import lbfgs
from backlit.optimizers.searches import local_search, random_search
from backlit.optimizers.second_order import conjugate_gradient, damped_newton, newton

Rule = Callable[..., optax.GradientTransformation]

OPTIMIZERS: dict[str, tuple[Rule, str]] = {
    "gradient-descent": (gradient_descent, "θ ← θ − ηg"),
    "heavy-ball": (heavy_ball, "repeats the last step, α times as long"),
    "momentum": (momentum, "steps along the average of past gradients"),
    "nesterov": (nesterov, "the heavy ball that looks one step ahead"),
    "adagrad": (adagrad, "divides by the root of the sum of squared gradients"),
    "rmsprop": (rmsprop, "divides by the root of the average of squared gradients"),
    "adam": (adam, "RMSProp with momentum: robust, the usual choice"),
    "random-search": (random_search, "draws all parameters anew, keeps them where the loss is lower"),
    "local-search": (local_search, "makes a random step where the loss is lower after it"),
    "steepest-descent": (steepest_descent, "gradient descent with a line search"),
    "newton": (newton, "θ ← θ − H⁻¹g, for up to 2,000 parameters"),
    "damped-newton": (damped_newton, "Newton that always goes downhill, with a line search"),
    "conjugate-gradient": (conjugate_gradient, "Newton's step solved by products Hv, with a line search"),
    "lbfgs": (lbfgs, "Newton with the curvature of the last steps, with a line search"),
}

DEFAULT_LEARNING_RATES: dict[str, float] = {
    "gradient-descent": 0.1,
    "heavy-ball": 0.01,
    "momentum": 0.1,
    "nesterov": 0.01,
    "adagrad": 0.01,
    "rmsprop": 0.001,
    "adam": 0.001,
    "random-search": 1.0,
    "local-search": 0.1,
    "steepest-descent": 1.0,
    "newton": 1.0,
    "damped-newton": 1.0,
    "conjugate-gradient": 1.0,
    "lbfgs": 1.0,
}

# These compare losses, or gradients, of one step with those of another: every step must see the same rows.
OF_THE_WHOLE_LOSS = frozenset(
    ("random-search", "local-search", "steepest-descent", "newton", "damped-newton", "conjugate-gradient")
) | {"lbfgs", "optax.lbfgs"}

FOREIGN = {"sophia"}  # asks for the loss in a form of its own


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
    return {name: rule for name, rule in rules.items() if name not in FOREIGN}


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
    settings = {**written, **settings}
    make = rule if name in OPTIMIZERS or not settings else checked(name, rule, settings)
    return call_named("optimizer", name, make, (learning_rate,), settings)


def default_learning_rate(text: str) -> float:
    """The learning rate of an optimizer whose user gives none: the table's, the rule's own, or 0.001.

    A rule whose own is None takes its step as it is: 1.

    Raises:
        NotationError: the text cannot be read.
        SettingError: no optimizer has this name.

    >>> default_learning_rate("heavy-ball(decay=0.8)")
    0.01
    """
    name, rule, _ = rule_named(text)
    own = inspect.signature(rule).parameters["learning_rate"].default
    return DEFAULT_LEARNING_RATES.get(name, 1.0 if own is None else own if isinstance(own, float) else 0.001)


def takes_all_rows(text: str) -> bool:
    """Whether an optimizer compares one step's loss with another's, so that every step has to see all rows.

    Raises:
        NotationError: the text cannot be read.

    >>> takes_all_rows("lbfgs(memory=5)"), takes_all_rows("adam")
    (True, False)
    """
    return read_call(text)[0] in OF_THE_WHOLE_LOSS


def needs_seed(text: str) -> bool:
    """Whether an optimizer draws numbers, from a seed that its text leaves open.

    Raises:
        NotationError: the text cannot be read.
        SettingError: no optimizer has this name.

    >>> needs_seed("local-search"), needs_seed("local-search(seed=3)"), needs_seed("adam")
    (True, False, False)
    """
    _, rule, written = rule_named(text)
    return "seed" in inspect.signature(rule).parameters and not written.keys() & {"seed", "key"}


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
