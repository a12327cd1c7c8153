"""The notation of things chosen by name, with settings that are numbers: `cosine(warmup=0.1)`, `kernel-svm(gamma=2)`.

    calls   = call { "," call }
    call    = name [ "(" [ setting { "," setting } ] ")" ]
    setting = name "=" number

Text is parsed, never evaluated; the names come from closed tables.
"""

import ast
import inspect
import math
import re
from collections.abc import Callable, Mapping
from typing import Any

from backlit.errors import NotationError, SettingError, nearest

LONGEST = 200


def read_call(text: str) -> tuple[str, dict[str, float]]:
    """The name, in lower case with hyphens, and the settings of a text in the notation.

    Args:
        text: at most 200 characters.

    Raises:
        NotationError: the text is not of this form.

    >>> read_call("Heavy_Ball(decay=0.8)")
    ('heavy-ball', {'decay': 0.8})
    """
    shape = re.fullmatch(r"\s*([A-Za-z][\w.-]*)\s*(\([^()]*\))?\s*", text[: LONGEST + 1], re.ASCII)
    if shape is None or len(text) > LONGEST:
        shown = text if len(text) <= 60 else text[:60] + "…"
        raise NotationError(f"{shown!r} cannot be read: write a name and its settings, as in cosine(warmup=0.1)")
    name, settings = shape.groups()
    return hyphenated(name), read_settings(text, settings or "()")


def read_calls(text: str) -> list[tuple[str, dict[str, float]]]:
    """The calls of a text that names several.

    Raises:
        NotationError: the text is not of this form.

    >>> read_calls("mirror, rotate(degrees=15)")
    [('mirror', {}), ('rotate', {'degrees': 15})]
    """
    return [read_call(part) for part in re.split(r",(?![^()]*\))", text)]


def read_settings(text: str, settings: str) -> dict[str, float]:
    """The settings in `(name=number, ...)`."""
    wrong = NotationError(f"The settings of {text!r} cannot be read: write name=number, as in cosine(warmup=0.1)")
    try:
        call = ast.parse("f" + settings, mode="eval").body
    except (SyntaxError, ValueError):
        raise wrong from None
    if not isinstance(call, ast.Call) or call.args:
        raise wrong
    read = {word.arg: value for word in call.keywords if word.arg and (value := number(word.value)) is not None}
    if len(read) < len(call.keywords):
        raise wrong
    return read


def number(node: ast.expr) -> float | None:
    """The finite number or truth value that is written; None: something else is."""
    match node:
        case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int() | float() as value)):
            return -value if math.isfinite(value) else None
        case ast.Constant(value=int() | float() as value):
            return value if math.isfinite(value) else None
    return None


def hyphenated(name: str) -> str:
    """A name as the tables have it: lower case, with hyphens."""
    return name.strip().lower().replace("_", "-")


def call_named(
    kind: str, name: str, function: Callable[..., Any], given: tuple[Any, ...], settings: Mapping[str, Any]
) -> Any:
    """Calls a function of the tables with settings whose names are checked first.

    Raises:
        SettingError: the function has no such setting.
    """
    known = list(inspect.signature(function).parameters)[len(given) :]
    for setting in settings:
        if setting not in known:
            raise SettingError(f"The {kind} {name} has no setting {setting!r}: {nearest(setting, known)}")
    return function(*given, **settings)
