"""Checks of a function's settings, as it is built: a wrong one is named with what it must be."""

import math
from numbers import Real
from typing import Any

from backlit.errors import SettingError


def require_finite(name: str, value: Any) -> None:
    """Raises a SettingError unless the value is a finite number."""
    if not is_number(value) or not math.isfinite(value):
        raise SettingError(f"{name} is {value!r}, but it must be a finite number")


def require_positive(name: str, value: Any) -> None:
    """Raises a SettingError unless the value is a positive, finite number."""
    if not is_number(value) or not 0 < value < math.inf:
        raise SettingError(f"{name} is {value!r}, but it must be a positive, finite number")


def require_share(name: str, value: Any, closed: bool = False) -> None:
    """Raises a SettingError unless the value is a number of at least 0 and below 1 (or 1 itself, where closed)."""
    if not is_number(value) or not (0 <= value < 1 or (closed and value == 1)):
        raise SettingError(f"{name} is {value!r}, but it must be at least 0 and {'at most' if closed else 'below'} 1")


def is_number(value: Any) -> bool:
    """Whether a value is a real number; True and False are not."""
    return isinstance(value, Real) and not isinstance(value, bool)
