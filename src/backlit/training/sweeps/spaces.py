"""Sets of values for the settings of a run, and all their combinations.

A list, a tuple, a range or an array in the place of one value is a set of values, and Python's own set of numbers, too,
which has no order and is sorted; what is itself a row of values, such as the shares of a split, is no setting that can
be a set.
"""

from collections.abc import Callable, Hashable, Mapping
from itertools import product
from math import prod
from typing import Any, TypeAlias

import numpy as np

from backlit.errors import SettingError, nearest
from backlit.layers.settings import is_number, is_whole
from backlit.shapes import Array
from backlit.training.settings import Settings

Value: TypeAlias = str | float | np.generic | Mapping[str, Any] | None
ValueSet: TypeAlias = list[Any] | tuple[Any, ...] | set[Any] | frozenset[Any] | range | np.ndarray | Array
Values: TypeAlias = dict[str, Any]

MOST = 10_000  # members of one sweep
SAME_ROWS = ("split", "split_seed", "order_by")  # all members are compared on the same rows
SWEPT = ("network", *(name for name in Settings.__dataclass_fields__ if name not in (*SAME_ROWS, "time_limit")))


def geomspace(start: float, stop: float, count: int) -> tuple[float, ...]:
    """Numbers with the same factor from each to the next: start · (stop / start)^(i/(count−1)).

    Args:
        start: the first, above 0.
        stop: the last, above 0.
        count: how many, at least 1; one is the start alone.

    Raises:
        SettingError: an end or the count is out of range.

    >>> geomspace(1e-4, 1e-1, 4)
    (0.0001, 0.001, 0.01, 0.1)
    """
    _check_ends("geomspace", start, stop, count)
    if start <= 0 or stop <= 0:
        raise SettingError(
            f"geomspace goes between numbers above 0, not from {start!r} to {stop!r}; linspace takes any"
        )
    return _between(start, stop, count, lambda share: start ** (1 - share) * stop**share)


def linspace(start: float, stop: float, count: int) -> tuple[float, ...]:
    """Numbers with the same step from each to the next: start + (stop − start) · i/(count−1).

    Args:
        start: the first.
        stop: the last.
        count: how many, at least 1; one is the start alone.

    Raises:
        SettingError: an end or the count is out of range.

    >>> linspace(0, 0.3, 4)
    (0.0, 0.1, 0.2, 0.3)
    """
    _check_ends("linspace", start, stop, count)
    return _between(start, stop, count, lambda share: start * (1 - share) + stop * share)


def is_set(value: Any) -> bool:
    """Whether a value is a set of values: a list, a plain tuple, a set, a range, or an array with an axis."""
    return type(value) in (list, tuple, set, frozenset, range) or getattr(value, "ndim", 0) > 0


def sets_in(options: Mapping[str, Any]) -> dict[str, Any]:
    """The options that can be swept and are sets of values.

    >>> sets_in({"l2": [0.0, 0.1], "l1": 0.0, "split": (0.8, 0.2, 0.0)})
    {'l2': [0.0, 0.1]}
    """
    return {name: value for name, value in options.items() if name in SWEPT and is_set(value)}


def check_name(name: str) -> None:
    """Refuse what is no setting that can be swept; that of a layer, such as 'dropout_1.rate', the network has or not.

    Raises:
        SettingError: naming the nearest settings.
    """
    if not isinstance(name, str):
        raise SettingError(f"settings are swept by name, such as 'l2', not by {name!r}")
    if name in SAME_ROWS:
        raise SettingError(f"{name} cannot be a set of values: all members of a sweep are compared on the same rows")
    if name == "time_limit":
        raise SettingError("time_limit cannot be a set of values: it holds for the whole sweep; sweep epochs instead")
    if name not in SWEPT and "." not in name:
        raise SettingError(f"there is no setting {name!r} to sweep: {nearest(name, SWEPT)}")


def values_of(name: str, given: Any) -> tuple[Any, ...]:
    """The values of a set, as Python's own numbers where they are numbers.

    Raises:
        SettingError: the name is no setting that can be swept, or the values are no set, none, or not all different, or
            without an order.

    >>> values_of("seed", range(3)), values_of("l2", {0.1, 0})
    ((0, 1, 2), (0, 0.1))
    """
    check_name(name)
    if not is_set(given):
        raise SettingError(
            f"{name} is swept over a list of values, such as [0.001, 0.01] or geomspace(1e-4, 1e-1, 16), not {given!r}"
        )
    if getattr(given, "ndim", 1) != 1:
        raise SettingError(f"{name} is swept over a row of values, not over an array of shape {given.shape}")
    if not len(given) or len(given) > MOST:
        raise SettingError(f"{name} is swept over {len(given):,} values: 1 to {MOST:,} are needed")
    if isinstance(given, set | frozenset):
        if not all(is_number(value) for value in given):
            order = ", ".join(sorted(map(repr, given)))
            raise SettingError(f"{name} is swept over a set, which has no order: give a list, such as [{order}]")
        given = sorted(given)
    values = tuple(given.tolist() if hasattr(given, "tolist") else given)
    known = set()
    for value in values:
        key = (isinstance(value, bool), value) if isinstance(value, Hashable) else repr(value)
        if key in known:
            raise SettingError(f"{name} is swept over {value!r} twice: leave one out")
        known.add(key)
    return values


def combinations(sets: Mapping[str, tuple[Any, ...]]) -> list[Values]:
    """Every combination of the values, the last name's changing fastest.

    Raises:
        SettingError: there are more than 10,000.

    >>> combinations({"l2": (0.0, 0.1), "seed": (0, 1)})
    [{'l2': 0.0, 'seed': 0}, {'l2': 0.0, 'seed': 1}, {'l2': 0.1, 'seed': 0}, {'l2': 0.1, 'seed': 1}]
    """
    count = prod(len(values) for values in sets.values())
    if count > MOST:
        sizes = " × ".join(f"{len(values):,} of {name}" for name, values in sets.items())
        raise SettingError(f"{sizes} are {count:,} members, and a sweep has {MOST:,} at most: give fewer values")
    return [dict(zip(sets, chosen, strict=True)) for chosen in product(*sets.values())]


def _check_ends(name: str, start: Any, stop: Any, count: Any) -> None:
    if not (is_number(start) and is_number(stop)):
        raise SettingError(f"{name} goes from one finite number to another, not from {start!r} to {stop!r}")
    if not is_whole(count, 1) or count > MOST:
        raise SettingError(f"{name} has a whole number of values from 1 to {MOST:,}, not {count!r}")


def _between(start: float, stop: float, count: int, number: Callable[[float], float]) -> tuple[float, ...]:
    """Both ends as they are given, and numbers between them at twelve digits, so that 0.001 is written so."""
    inner = (float(f"{number(place / (count - 1)):.12g}") for place in range(1, count - 1))
    return (float(start), *inner, float(stop))[:count]
