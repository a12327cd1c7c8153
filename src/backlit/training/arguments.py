"""What can be said of the arguments of a run before any data are read."""

from typing import Any

import optax

from backlit.errors import SettingError, nearest
from backlit.functions.losses import loss_named
from backlit.networks.named import network_named, recipe_named
from backlit.optimizers import default_learning_rate, plateau_named, schedule_named
from backlit.training.settings import OWN, Settings

SOUGHT = ("batch_size", "learning_rate")  # settings that may be 'find'


def check_arguments(network: Any = None, loss: Any = None, optimizer: Any = None, **settings: Any) -> None:
    """Refuse what is wrong whatever the data are: the name of a network, a loss, an optimizer or a schedule, the
    notation, a setting that is unknown or out of range.

    Args:
        network, loss, optimizer, **settings: as for `prepare`.

    Raises:
        InputError: naming the argument.
    """
    if isinstance(optimizer, str):
        default_learning_rate(optimizer)
    if loss is not None:
        loss_named(loss)
    schedule = settings_of(loss, "adam" if optimizer is None else optimizer, settings).schedule
    if schedule is not None and plateau_named(schedule) is None:
        schedule_named(schedule, 1.0, 1)
    if isinstance(network, str) and recipe_named(network) is None:
        network_named(network, input=(), units=1, rows=1)


def is_sought(value: Any) -> bool:
    """Whether a setting is to be found before the run begins."""
    return isinstance(value, str) and value == "find"


def settings_of(loss: Any, optimizer: Any, settings: dict[str, Any]) -> Settings:
    """The settings as they are given; what is to be found is left open."""
    known = Settings.__dataclass_fields__
    own = isinstance(optimizer, optax.GradientTransformation)
    for name, value in settings.items():
        if name not in known:
            raise SettingError(f"unknown setting {name!r}: {nearest(name, known)}")
        if own and name in ("learning_rate", "schedule") and value:
            raise SettingError(f"{name} is part of the transformation that is given as the optimizer: set it there")
    given = {name: value for name, value in settings.items() if name not in SOUGHT or not is_sought(value)}
    return Settings(loss=loss if isinstance(loss, str) else None, optimizer=OWN if own else optimizer, **given)
