"""Sets of values in text: `learning-rate=1e-4..1e-1:16`, `l2=0,1e-4,1e-2`, `seed=0..7`, `network=Dense(8) | Dense(16)`.

set    = name "=" (range | values)
range  = number ".." number [ ":" count [ ":" ("log" | "linear") ] ]     whole numbers alone may leave out the count
values = value { "," value }                    networks and augmentations, which hold commas: { " | " value }
"""

import re
from collections.abc import Sequence
from math import isfinite
from typing import Any

from backlit.errors import SettingError

WHOLE = ("accumulate", "batch_size", "bootstrap", "block_rows", "epochs", "patience", "seed", "telemetry")
NAMES = ("class_weight", "loss", "optimizer", "precision", "schedule")
TEXTS = ("augment", "network")
FLAGS = ("bootstrap", "penalize_biases", "standardize")
OPTIONAL = (  # 'none' leaves them out
    "augment",
    "average",
    "block_rows",
    "class_weight",
    "clip",
    "max_norm",
    "patience",
    "tolerance",
)
FORM = (
    "write NAME=VALUES, such as learning-rate=1e-4..1e-1:16, l2=0,1e-4,1e-2, seed=0..7, optimizer=adam,rmsprop "
    "or network='Dense(8) | Dense(16), ReLU, Dense(8)'"
)
SPACINGS = ("", "log", "linear")
GEOMETRIC = 10  # times the first: from there on, numbers have the same factor, and below it the same step


def read_sets(texts: Sequence[str]) -> dict[str, list[Any]]:
    """The values by the setting's name; those of a name that comes again are added.

    Raises:
        SettingError: a text is not of this form, or there is no such setting.

    >>> read_sets(["learning-rate=1e-4..1e-1:4", "l2=0,0.1", "batch-size=8..10"])
    {'learning_rate': [0.0001, 0.001, 0.01, 0.1], 'l2': [0.0, 0.1], 'batch_size': [8, 9, 10]}
    """
    from backlit.training.sweeps.spaces import check_name

    sets: dict[str, list[Any]] = {}
    for text in texts:
        name, equals, values = (part.strip() for part in text.partition("="))
        if not (name and equals and values):
            raise SettingError(f"--over {text}: {FORM}")
        name = name.replace("-", "_")
        try:
            check_name(name)
            sets.setdefault(name, []).extend(read_values(name, values))
        except SettingError as error:
            raise SettingError(f"--over {text}: {error}") from None
    return sets


def read_values(name: str, text: str) -> list[Any]:
    """The values of one setting.

    Raises:
        SettingError: they are not of this form.

    >>> read_values("optimizer", "adam, adamw(b1=0.8, b2=0.9)")
    ['adam', 'adamw(b1=0.8, b2=0.9)']
    >>> read_values("network", "Dense(8), ReLU | gru")
    ['Dense(8), ReLU', 'gru']
    """
    if name in TEXTS:
        return [read_value(name, value.strip()) for value in text.split("|")]
    if ".." in text and name not in NAMES:
        return read_range(name, text)
    return [read_value(name, value.strip()) for value in re.split(r",(?![^()]*\))", text)]


def read_value(name: str, text: str) -> Any:
    """One value, of the setting's kind.

    >>> read_value("batch_size", "32"), read_value("clip", "none"), read_value("standardize", "false")
    (32, None, False)
    """
    if not text:
        raise SettingError("a value is missing between two separators")
    if (name in OPTIONAL and text == "none") or name in (*TEXTS, *NAMES) or (name, text) == ("batch_size", "full"):
        return None if text == "none" else text
    if name in FLAGS and text in ("true", "false"):
        return text == "true"
    if name in FLAGS and name not in WHOLE:
        raise SettingError(f"{name} is true or false, not {text!r}")
    if name == "penalties":
        raise SettingError("penalties have a value for each layer, and cannot be swept here: sweep them in Python")
    try:
        return int(text) if name in WHOLE else float(text)
    except ValueError:
        raise SettingError(f"{text!r} is no {'whole ' if name in WHOLE else ''}number") from None


def read_range(name: str, text: str) -> list[Any]:
    """The values from a number up to another.

    With the same factor from each to the next where the last is ten times the first or more, else with the same step;
    ':log' or ':linear' says which. Whole numbers are rounded, and come once.

    >>> read_range("batch_size", "16..256:5"), read_range("average", "0.8..0.9:3")
    ([16, 32, 64, 128, 256], [0.8, 0.85, 0.9])
    """
    from backlit.training.sweeps.spaces import MOST, geomspace, linspace

    span, *asked = (part.strip() for part in text.split(":"))
    count, spacing = (*asked, "", "")[:2]
    first, last = _ends(name, span)
    if len(asked) > 2:
        raise SettingError(f"a range has two colons at most, as in {span}:{count or 8}:log, and here are {len(asked)}")
    if spacing not in SPACINGS:
        raise SettingError(f"behind the number of values stands log or linear, not {spacing!r}: {span}:{count}:log")
    if count in ("log", "linear"):
        raise SettingError(f"say how many numbers before {count}, as in {span}:8:{count}")
    if not count:
        if name not in WHOLE:
            raise SettingError(f"say how many numbers, as in {span}:8{spacing and f':{spacing}'}")
        if last - first >= MOST:
            raise SettingError(f"a range has {MOST:,} values at most; say how many, as in {span}:8")
        return list(range(first, last + 1))
    if not count.isdecimal() or not 2 <= int(count) <= MOST:
        raise SettingError(f"how many numbers is a whole number from 2 to {MOST:,}, as in {span}:8, not {count!r}")
    if spacing == "log" and first <= 0:
        raise SettingError(
            f"numbers with the same factor between them lie above 0, and {first:g} does not: begin above 0, give the 0 "
            f"in an --over of its own, or write {span}:{count}:linear"
        )
    geometric = spacing == "log" or (not spacing and first > 0 and last >= GEOMETRIC * first)
    values = (geomspace if geometric else linspace)(first, last, int(count))
    return list(dict.fromkeys(map(round, values))) if name in WHOLE else list(values)


def _ends(name: str, span: str) -> tuple[Any, Any]:
    """The first number of a range, and the last, which is larger."""
    ends = span.split("..")
    if len(ends) != 2 or not all(ends):
        raise SettingError(f"a range goes from one number to another, as in 1e-4..1e-1:4, not {span!r}")
    first, last = (_end(name, end.strip()) for end in ends)
    if first > last:
        raise SettingError(f"the range begins at {first:g}, above its end {last:g}: write {ends[1]}..{ends[0]}")
    if first == last:
        raise SettingError(f"the range begins where it ends: give the one value, {ends[0]}")
    return first, last


def _end(name: str, text: str) -> Any:
    problem = f"{text!r} is no number"
    try:
        value = read_value(name, text)
        if type(value) in (int, float) and isfinite(value):
            return value
    except SettingError as error:
        problem = str(error)
    raise SettingError(f"{problem}, and a range goes from one number to another; write single values as a,b,c")
