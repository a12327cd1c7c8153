"""Numbers that are not finite: where the first one came from, and whether a fault of the loss or of the steps made it.

A logarithm, a division or a root beyond its domain is a fault of the function, whatever the rate; a product or a sum
that overflows is what steps that are too long, or weights that are too large, come to in the end.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from backlit.doctor.case import Case
from backlit.doctor.finding import Finding, Remedy
from backlit.doctor.measures import Measures
from backlit.doctor.nonfinite import examine_nonfinite
from backlit.doctor.subject import Subject
from backlit.doctor.underflow import examine_underflow

BEYOND = ("a logarithm", "a division", "a square root", "a power", "a division by a square root")


def judge_numbers(case: Case, subject: Subject) -> list[Finding]:
    """Where a value is NaN or infinite: at the first weights, at the kept ones, or where the run ended.

    Args:
        case: a run.
        subject: the same, with the rows that are looked at.
    """
    found = first_numbers(subject, case.first)
    found = found or examine_underflow(subject, subject.parameters, subject.state)
    if not found and case.model is not None and not _is_finite(case.last):
        found = examine_nonfinite(subject, case.model.parameters, case.model.state)
        found = [finding for finding in found if _is_beyond(finding.cause)]  # what overflows may come of long steps
    if found:
        return [replace(finding, level="fault") for finding in found]
    ended = case.ending
    if not _is_beyond(ended):
        return []
    return [
        Finding(
            "NaN / Inf",
            "fault",
            next((part for part in ended.split(": ")[1:] if part.startswith("layer")), "the loss").partition(",")[0],
            f"the run ended {ended}",
            "a function got what lies beyond its domain, such as the logarithm of 0",
            Remedy("keep its input inside: take the loss of scores in place of probabilities, or add a small number"),
            0.9,
        )
    ]


def first_numbers(subject: Subject, first: Measures | None) -> list[Finding]:
    """The first value that is NaN or infinite at the first weights, with what brought it about.

    Args:
        subject: what is examined.
        first: what was measured there; None where nothing could be.
    """
    found = [] if _is_finite(first) else examine_nonfinite(subject, subject.parameters, subject.state)
    return [replace(finding, level="fault") for finding in found]


def _is_beyond(told: str) -> bool:
    """Whether a function is named that has a domain."""
    return any(words in told for words in BEYOND)


def _is_finite(measures: Measures | None) -> bool:
    """Whether the loss and all gradients are known to be finite, so that no node need be looked for."""
    if measures is None:
        return False
    return bool(np.isfinite([measures.loss, *(variable.gradient for variable in measures.variables.values())]).all())
