"""Checks of a layer's hyperparameters, as it is built: a wrong one is named with what it may be."""

import sys
from collections.abc import Callable
from typing import Any

import numpy as np

from backlit.errors import SettingError
from backlit.functions.initializers import initializer_named

LARGEST = 2**31 - 1


def is_whole(value: Any, least: int) -> bool:
    """Whether a value is a whole number (True and False are not) from `least` to 2³¹ − 1."""
    return isinstance(value, int | np.integer) and not isinstance(value, bool) and least <= int(value) <= LARGEST


def is_number(value: Any) -> bool:
    """Whether a value is a finite number, NumPy's included; True and False are not."""
    if isinstance(value, np.generic):
        value = value.item()
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= sys.float_info.max


def keep_whole(block: object, name: str, least: int = 1) -> None:
    """Keep the block's setting `name` as an int.

    Raises:
        SettingError: where it is not a whole number of at least `least`.
    """
    value = getattr(block, name)
    if not is_whole(value, least):
        raise SettingError(
            f"{type(block).__name__} takes a whole number of {name}, from {least} to {LARGEST:,}, not {value!r}"
        )
    object.__setattr__(block, name, int(value))


def keep_number(block: object, name: str, expected: str, holds: Callable[[float], bool]) -> None:
    """Keep the block's setting `name` as a float.

    Raises:
        SettingError: where it is not a finite number for which `holds`; `expected` says so in words.
    """
    value = getattr(block, name)
    if not is_number(value) or not holds(value):
        raise SettingError(f"{type(block).__name__} takes a {name} {expected}, not {value!r}")
    object.__setattr__(block, name, float(value))


def keep_whole_numbers(block: object, name: str) -> None:
    """Keep the block's setting `name` as a tuple of ints.

    Raises:
        SettingError: where it is not a row of whole numbers of at least 0.
    """
    values = getattr(block, name)
    if not isinstance(values, tuple | list) or not all(is_whole(value, 0) for value in values):
        raise SettingError(
            f"{type(block).__name__} takes {name} as whole numbers of at least 0, such as (0, 3), not {values!r}"
        )
    object.__setattr__(block, name, tuple(int(value) for value in values))


def keep_flag(block: object, name: str) -> None:
    """Keep the block's setting `name`.

    Raises:
        SettingError: where it is neither True nor False.
    """
    if not isinstance(getattr(block, name), bool):
        raise SettingError(f"{type(block).__name__} takes {name}=True or {name}=False, not {getattr(block, name)!r}")


def keep_initializer(block: object, name: str) -> None:
    """Keep the block's setting `name`, an initializer: its name as it is, a class as one of its kind.

    Raises:
        SettingError: where it is no initializer.
    """
    initializer = initializer_named(getattr(block, name))
    if not isinstance(getattr(block, name), str):
        object.__setattr__(block, name, initializer)
