"""Spellings: classes that are one class written in several ways, as `yes`, `Yes` and `YES `, or `1` and `1.0`.

Two names are spellings of one where they are equal but for case, spaces and punctuation; numbers where they are equal
as numbers. Signs that tell names apart stay: `A+` and `A-`, `<=50K` and `>50K`, `-1` and `1`, `1-2` and `12`.
"""

import re
import unicodedata

import numpy as np

from backlit.doctor.finding import Finding, Level, Remedy
from backlit.training import Run

NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)")
FILLING = re.compile(r"(?<!\d)[\s_.,;:'\"!?]+|[\s_.,;:'\"!?]+(?!\d)|(?<=[^\W\d])[-/]+(?=[^\W\d])")
SHOWN = 5


def examine_spellings(run: Run) -> list[Finding]:
    """Classes whose names differ by their spelling alone."""
    schema = run.parts.schema
    if schema.dtype == "int32":  # characters of a text
        return []
    groups = groups_of(schema.classes)
    if not groups:
        return []
    y = run.parts.train.y.reshape(-1)
    counts = np.bincount(y[y >= 0], minlength=len(schema.classes))
    said = "; ".join(
        " = ".join(f"{schema.classes[code]!r} ({counts[code]:,})" for code in codes) for codes in groups[:SHOWN]
    )
    left = len(schema.classes) - sum(len(codes) - 1 for codes in groups)
    letters = all(len(schema.classes[code]) == 1 for codes in groups for code in codes) and len(groups) > 2
    level: Level = "hint" if letters else "suspicion"
    several = "letters may well be told apart by their case" if letters else "the network is taught to tell them apart"
    return [
        Finding(
            fault="shuffled / noisy labels",
            level=level,
            where="the names of the classes",
            evidence=f"of {len(schema.classes)} classes some have names that are equal but for case, spaces, "
            f"punctuation or trailing zeros, with so many training rows: {said}{'; …' if len(groups) > SHOWN else ''}",
            cause=f"one class that is spelled in several ways counts as several, and {several}",
            remedy=Remedy(f"spell each class in one way in the source, which leaves {left}", touches_data=True),
            confidence=0.3 if letters else 0.9,
            numbers={"classes": len(schema.classes), "different": left},
        )
    ]


def groups_of(names: tuple[str, ...]) -> list[list[int]]:
    """The codes of classes that are spellings of one, by groups of two or more."""
    found: dict[str, list[int]] = {}
    for code, name in enumerate(names):
        found.setdefault(spelled(name), []).append(code)
    return [codes for codes in found.values() if len(codes) > 1]


def spelled(name: str) -> str:
    """What is left of a name without case, spaces and punctuation; a number without zeros that say nothing.

    >>> spelled(" No. "), spelled("New-York") == spelled("new york"), spelled("1.0"), spelled("1-2")
    ('no', True, '1', '1-2')
    """
    plain = unicodedata.normalize("NFKC", name).casefold().strip()
    if NUMBER.fullmatch(plain):
        sign, digits = ("-" if plain[0] == "-" else ""), plain.lstrip("+-")
        whole, _, fraction = digits.partition(".")
        whole, fraction = whole.lstrip("0") or "0", fraction.rstrip("0")
        return f"{sign if whole != '0' or fraction else ''}{whole}{'.' + fraction if fraction else ''}"
    return FILLING.sub("", plain) or name
