"""Settings of Optax's rules, as numbers in a text: Optax itself checks few of them before the first step."""

import inspect
from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any, get_args

import jax
import jax.numpy as jnp
import optax

from backlit.errors import BacklitError, SettingError
from backlit.optimizers.learning_rates import LearningRate, require_share, require_whole, require_within
from backlit.shapes import Tree

Rule = Callable[..., optax.GradientTransformation]

SHARES = {"b1", "b2", "b3", "beta3", "adam_b1", "adam_b2", "decay", "decay_rate", "momentum", "rho"}
AT_LEAST_0 = {"weight_decay", "weight_decay_rate", "adam_weight_decay", "eps", "eps_root", "adam_eps_root"}
MOST = {"memory_size": 1_000, "ns_steps": 1_000}  # each costs memory or time of its own


def checked(name: str, rule: Rule, settings: Mapping[str, Any]) -> Rule:
    """A rule of Optax whose numbers among the settings are checked, and whose first step is traced, as it is made.

    Args:
        name: of the rule, for the error.
        rule: of Optax.
        settings: those that are given; a name that the rule does not have is left to the caller.

    Raises:
        SettingError: a number where none belongs, or one out of range; when it is made, whatever Optax refuses.
    """
    known = inspect.signature(rule).parameters
    for setting, value in settings.items():
        if setting in known and isinstance(value, int | float):
            require_fitting(f"{name}'s {setting}", value, known[setting])

    @wraps(rule)
    def made(learning_rate: LearningRate, **settings: Any) -> optax.GradientTransformation:
        try:
            transformation = rule(learning_rate, **settings)
            jax.eval_shape(first_step(transformation), {"weight": jnp.ones((2, 2)), "bias": jnp.ones(2)})
        except BacklitError:
            raise
        except (TypeError, ValueError, ArithmeticError) as error:
            given = ", ".join(f"{setting}={value!r}" for setting, value in settings.items())
            raise SettingError(f"Optax refuses {name}({given}): {str(error).partition(chr(10))[0]}") from None
        return transformation

    return made


def require_fitting(name: str, value: float, parameter: inspect.Parameter) -> None:
    """Raises a SettingError unless the number may be the value of an argument, by its default, annotation and name."""
    default = parameter.default
    kinds = {parameter.annotation, *get_args(parameter.annotation)}
    if not isinstance(default, int | float) and not (default is None and kinds & {int, float}):
        raise SettingError(f"{name} is {value!r}, but it is no setting that a number can be: leave it out")
    if isinstance(default, bool):
        if value not in (0, 1):
            raise SettingError(f"{name} is {value!r}, but it must be True or False")
    elif isinstance(default, int) or (default is None and float not in kinds):
        require_whole(name, value, least=1 if default else 0, most=MOST.get(parameter.name, 2**31 - 1))
    elif isinstance(value, bool):
        raise SettingError(f"{name} is {value!r}, but it must be a number")
    elif parameter.name in SHARES:
        require_share(name, value)
    else:
        require_within(name, value, **({"least": 0.0} if parameter.name in AT_LEAST_0 else {}))


def first_step(rule: optax.GradientTransformation) -> Callable[[Tree], Tree]:
    """The first update of some parameters, with all that Optax's rules may ask for."""

    def value_fn(parameters: Tree, **more: Any) -> Any:
        return optax.tree.norm(parameters, squared=True)

    def step(parameters: Tree) -> Tree:
        told = {"value": value_fn(parameters), "grad": parameters, "value_fn": value_fn}
        return optax.with_extra_args_support(rule).update(parameters, rule.init(parameters), parameters, **told)[0]

    return step
