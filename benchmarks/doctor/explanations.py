"""Why the doctor misses what it misses: one sentence a form, written after a look at its runs."""

from typing import Any

EXPLANATIONS: dict[tuple[str, ...], str] = {}
"""By (form,) or (form, program); of healthy runs by ('healthy', number)."""


def explanation_of(record: dict[str, Any]) -> str:
    """The sentence about a miss; who finds none looks at the run, and writes it here."""
    forms = tuple(record["forms"]) or (record["kind"],)
    return EXPLANATIONS.get((*forms, record["program"])) or EXPLANATIONS.get(forms) or "not explained yet"
