"""What short forks at other rates say: the rate is too high, too low, or none makes the loss fall."""

from collections.abc import Iterable, Iterator
from dataclasses import replace

import jax
import numpy as np

from backlit.doctor.finding import Finding, Level, Remedy
from backlit.doctor.foreign.batches import Batches
from backlit.doctor.foreign.forks import Forks
from backlit.doctor.limits import LIMITS
from backlit.doctor.nonfinite import examine_nonfinite
from backlit.doctor.subject import Subject
from backlit.shapes import Array

COURSES = (0.0, 1e-4, 0.01, 0.1, 1.0, 10.0, 100.0, 1e4)
"""Factors of the rate: those next to it, and far ones that show what holds at any."""
DEEPER = ("unnormalized inputs", "initialization scale", "exploding gradient", "flipped loss sign", "double softmax")
"""Faults that make a rate fail which is none of its own."""
THROUGH_DEPTH = ("vanishing gradient", "exploding gradient")


def examine_rates(forks: Forks, found: Iterable[Finding]) -> Iterator[Finding]:
    """The rate against a tenth and ten times of it.

    In the first order of the step a loss falls by η‖∇L‖² a step, ten times as far at ten times the rate. A course that
    is still in that order after all its steps has gone nowhere; one that gains less than its tenth has left it.

    Args:
        forks: at the factors `COURSES`.
        found: what is known already: a rate is not blamed for what lies deeper.
    """
    own, size = forks.gain(1.0), forks.size
    lower = max((0.1, 0.01, 1e-4), key=forks.gain)
    enough = LIMITS["examine_descent"] * size
    deeper = [one.fault for one in found if one.fault in DEEPER and one.level != "hint"]
    over = own <= LIMITS["examine_overshoot"] * forks.gain(lower)
    if forks.gain(lower) >= enough and (over or forks.gain(lower) - own >= LIMITS["examine_worse"] * size):
        at = forks.failed[forks.place(1.0)]
        ended = _write(forks.end(1.0)) if forks.finite(1.0) else f"a number that is not finite, at step {at + 1}"
        yield Finding(
            fault="learning rate too high",
            level="hint" if deeper else "fault",
            where="",
            evidence=(
                f"from the same start, {forks.steps} steps led from {_write(forks.end(0.0))} to {ended}, and to "
                f"{_write(forks.end(lower))} at {lower:g} times the rate"
            ),
            cause="steps overshoot" + (f", for which {deeper[0]} is reason enough" if deeper else ""),
            remedy=Remedy(f"divide the learning rate by {1 / lower:g}"),
            numbers=_numbers(forks, lower),
        )
        return
    chain = [forks.gain(factor) for factor in (1.0, 10.0, 100.0, 1e4)]
    decade = LIMITS["examine_decade"]
    straight = chain[1] >= decade * max(chain[0], 0.0)
    level: Level
    if straight and chain[2] >= max(enough, decade**2 * chain[0]):
        level, better = "fault", 100.0
    elif straight and chain[2] < enough <= chain[3]:
        level, better = "fault", 1e4
    elif straight and chain[1] >= enough:
        level, better = "hint", 10.0
    else:
        return
    words = (
        f"in {forks.steps} steps a larger rate goes much further"
        if level == "hint"
        else "steps are so short that the loss falls along a straight line: they do not arrive"
    )
    yield Finding(
        fault="learning rate too low",
        level=level,
        where="",
        evidence=(
            f"from the same start, {forks.steps} steps made the loss {_write(forks.end(0.0))} smaller by "
            f"{_write(chain[0])}, and by {_write(forks.gain(better))} at {better:g} times the rate"
        ),
        cause=words,
        remedy=Remedy(f"multiply the learning rate by {better:g}"),
        numbers=_numbers(forks, better),
    )


def examine_failure(forks: Forks, subject: Subject, batches: Batches, key: Array) -> Iterator[Finding]:
    """A course that turns non-finite at every rate: the step that did is made again, operation by operation."""
    standing = not forks.finite(0.0)
    if not standing and (forks.finite(1.0) or any(map(forks.finite, (0.1, 0.01, 1e-4)))):
        return
    factor = 0.0 if standing else 1e-4
    step = int(forks.failed[forks.place(factor)])
    batch = int(forks.order[step])
    place = f"batch {batch + 1}" if standing else f"step {step + 1}"
    again = replace(subject, batch=batches[batch])
    found = list(examine_nonfinite(again, forks.at(factor), subject.state, jax.random.fold_in(key, step)))
    for finding in found:
        where = f"{finding.where}, {place}" if finding.where else place
        yield replace(finding, where=where)
    if not found:
        yield Finding(
            fault="NaN / Inf",
            level="fault",
            where=place,
            evidence=f"at step {step + 1} the update made parameters of finite gradients that are not finite",
            cause="the update rule divides by what is 0, or its steps are too large for their type",
            remedy=Remedy("look at the rule's own constants, such as its ε"),
        )


def settle(findings: Iterable[Finding], forks: Forks) -> list[Finding]:
    """The same findings; what the first gradients made suspect is settled by the course that was trained."""
    half = LIMITS["examine_learns"] * forks.size
    settled = []
    for finding in findings:
        if finding.fault in THROUGH_DEPTH and finding.level == "suspicion":
            gain = forks.gain(1.0)
            learns = gain >= half
            stuck = all(forks.gain(factor) < half for factor in forks.factors if factor)
            said = f"in {forks.steps} steps the loss went from {_write(forks.end(0.0))} to {_write(forks.end(1.0))}"
            rates = ", and at no rate further" if stuck else ""
            level = "hint" if learns else "fault" if stuck else finding.level
            finding = replace(finding, level=level, evidence=f"{finding.evidence}; {said}{rates}")
        settled.append(finding)
    return settled


def _numbers(forks: Forks, factor: float) -> dict[str, float]:
    return {"start": forks.end(0.0), "end": forks.end(1.0), "end_other": forks.end(factor), "factor": factor}


def _write(loss: float) -> str:
    return f"{loss:.3g}".replace("-", "−") if np.isfinite(loss) else "no finite number"
