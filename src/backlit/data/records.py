"""Reading back what JSON holds of a schema, part by part."""

from __future__ import annotations

from typing import Any

from backlit.errors import FileError


def known(held: Any, where: str, names: Any) -> dict[str, Any]:
    """A dict with exactly these names."""
    require(isinstance(held, dict) and set(held) == set(names), where, held)
    return dict(held)


def listed(held: Any, where: str, kind: type) -> tuple:
    """A list of one type, as a tuple."""
    require(isinstance(held, list) and all(type(item) is kind for item in held), where, held)
    return tuple(held)


def require(right: bool, where: str, held: Any) -> None:
    """Raise a `FileError` about a part of a schema that is not right."""
    if not right:
        raise FileError(f"the data schema is not one of Backlit's: {where} is {str(held)[:80]!r}")
