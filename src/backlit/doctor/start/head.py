"""The pairing of head and loss: what outputs the head can give, and which of them the loss wants.

Two facts are put side by side. What the head can reach is seen by drawing the last layer's weights large. What the loss
wants is seen by giving it outputs of our own. A least loss that the head cannot reach, however it is trained, is
arithmetic, not a guess.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
from scipy.special import softmax

from backlit.doctor.finding import Finding, Remedy
from backlit.doctor.limits import LIMITS
from backlit.doctor.start.answers import Answers
from backlit.doctor.start.probe import Probe
from backlit.doctor.start.remedies import losses_for, without_end

SIZES = (1.0, 2.0, 5.0, 10.0, 20.0)  # of right answers as scores


class Range(NamedTuple):
    """What a head can give: its lowest and highest output, and whether they are bounds; whether rows sum to 1."""

    low: float
    high: float
    bounded_below: bool
    bounded_above: bool
    sums_to_one: bool

    @property
    def is_of_probabilities(self) -> bool:
        """Whether all outputs lie between 0 and 1."""
        slack = LIMITS["head_slack"]
        return self.bounded_below and self.bounded_above and self.low >= -slack and self.high <= 1 + slack


def examine_head(probe: Probe, answers: Answers) -> Iterator[Finding]:
    """Missing and double softmax, and a range that leaves the targets out."""
    reach = range_of(probe)
    if reach is None:
        return
    found: list[Finding] = []
    if answers.kind in ("classes", "two"):
        found = [*_missing_softmax(probe, answers, reach), *_bounded_scores(probe, answers, reach)]
    elif answers.kind == "numbers" and answers.is_least_at_targets:
        found = [*_range_mismatch(answers, reach)]
    layers = last_layers(probe)
    yield from (replace(finding, layers=layers) for finding in found)


def last_layers(probe: Probe) -> tuple[str, ...]:
    """The layers from the last one that is trained to where the loss takes its outputs; () where none are known."""
    run = probe.subject.run
    if run is None:
        return ()
    parts = list(run.objective.body.plan(run.input_shape).parts.items())
    last = max((at for at, (_, part) in enumerate(parts) if part.size), default=0)
    return tuple(name for name, _ in parts[last:])


def range_of(probe: Probe) -> Range | None:
    """The range of the head, over weights of the last layer of any size; None where the outputs are not finite."""
    near, far, every = LIMITS["head_wild"], 10 * LIMITS["head_wild"], 3.0
    drawn = [(probe.wild(seed, scale)) for scale in (near, far) for seed in (0, 1)]
    outputs = [np.asarray(probe.at(weights), np.float64) for weights in drawn]
    if not all(np.isfinite(z).all() for z in outputs):
        return None
    own = np.asarray(probe.z, np.float64)
    general = [np.asarray(probe.at(w), np.float64) for w in (probe.wild(2, every, every=True), probe.general(0))]
    seen = [z for z in (own, *general, *outputs) if np.isfinite(z).all()]
    lows, highs = ([float(pick(z)) for z in seen] for pick in (np.min, np.max))
    low_near, high_near = min(z.min() for z in outputs[:2]), max(z.max() for z in outputs[:2])
    low_far, high_far = min(z.min() for z in outputs[2:]), max(z.max() for z in outputs[2:])
    if (low_near, high_near) == (low_far, high_far) and low_near == high_near:
        return None  # the outputs do not follow the last layer
    slack = LIMITS["head_slack"] * max(1.0, min(abs(high_near), abs(low_near)))
    sums = all(z.ndim > 1 and z.shape[-1] > 1 and np.allclose(z.sum(-1), 1, atol=1e-3) for z in seen)
    return Range(
        min(lows),
        max(highs),
        bool(min(lows) >= low_near - slack),
        bool(max(highs) <= high_near + slack),
        bool(sums and min(lows) >= -LIMITS["head_slack"]),
    )


def _missing_softmax(probe: Probe, answers: Answers, reach: Range) -> Iterator[Finding]:
    """The loss has no meaning, or no slope, outside of probabilities, and the head's outputs lie there."""
    own = np.asarray(probe.z)
    outside = float(np.mean((own < -LIMITS["head_slack"]) | (own > 1 + LIMITS["head_slack"])))
    if outside == 0 or reach.is_of_probabilities:
        return
    random = np.random.default_rng(0)
    inside = softmax(random.normal(size=own.shape), axis=-1) if answers.kind == "classes" else None
    inside = random.uniform(0.2, 0.8, own.shape) if inside is None else inside
    right = answers.probabilities() > 0
    beyond = np.where(right, -0.5, inside) if answers.kind == "classes" else np.where(right, -0.5, 1.5)
    sign = np.where(right, 1.0, 0.0 if answers.kind == "classes" else -1.0)
    slope_in, slope_out = (probe.slopes(z) * sign for z in (inside, beyond))
    wanted = sign != 0
    wants_more = np.isfinite(slope_in[wanted]).all() and np.mean(slope_in[wanted] < 0) > LIMITS["head_most"]
    value = probe.losses(beyond)
    lost = ~np.isfinite(value) | ((~np.isfinite(slope_out) | (slope_out == 0)) & wanted).reshape(len(own), -1).any(-1)
    if not wants_more or np.mean(lost) <= LIMITS["head_most"]:
        return
    said = "no number" if not np.isfinite(value).all() else "flat"
    yield Finding(
        "missing softmax",
        "fault",
        "the head",
        f"the loss has a slope at probabilities, and is {said} where the right answer's output is −0.5; "
        f"{outside:.0%} of the first outputs lie outside 0 to 1 (from {own.min():.3g} to {own.max():.3g})",
        "the loss expects probabilities, and the network gives it raw outputs",
        Remedy(
            "take the loss from raw outputs, which contains the softmax (the sigmoid for one output)",
            losses_for(probe.subject.run, answers.kind),
        ),
        numbers={"outside": outside, "lowest": float(own.min()), "highest": float(own.max())},
    )


def _bounded_scores(probe: Probe, answers: Answers, reach: Range) -> Iterator[Finding]:
    """Outputs that the loss takes for scores of any size, and that have bounds: the least loss stays far above 0."""
    best = min((loss for size in SIZES if np.isfinite(loss := answers.mean_loss(answers.right(size)))), default=np.nan)
    undecided = answers.mean_loss(answers.undecided())
    takes_scores = answers.kind == "two" or answers.ignores_shifts
    if not takes_scores or not np.isfinite([best, undecided]).all() or best < -1e-6 or undecided <= 0:
        return
    probabilities = reach.is_of_probabilities
    if probabilities:
        least = answers.mean_loss(answers.probabilities())
    elif reach.bounded_below:
        high = reach.high if reach.bounded_above else max(SIZES) + max(reach.low, 0.0)
        least = min(answers.mean_loss(answers.right(size, reach.low)) for size in (high, (high + reach.low) / 2))
    else:
        return
    numbers = {"least": least, "without": best, "undecided": undecided, "low": reach.low, "high": reach.high}
    wide = f"{reach.low:.3g} to {f'{reach.high:.3g}' if reach.bounded_above else 'infinity'}"
    if np.isfinite(least) and least - best > LIMITS["head_unreached"] * undecided:
        kind = "probabilities that sum to 1" if reach.sums_to_one else f"from {wide}"
        fault = "double softmax" if probabilities else "output range mismatch"
        yield Finding(
            fault,
            "fault" if probabilities else "suspicion",
            "the head",
            f"for any weights the outputs are {kind}, and the loss takes them for scores of any size: right answers "
            f"cost at least {least:.3g}, and {best:.3g} where the outputs are free (undecided ones {undecided:.3g})",
            "the loss makes probabilities of what is squeezed already, so that no training brings it near its least"
            if probabilities
            else "the head's range is too narrow for the scores that the loss asks for",
            without_end(probe.subject.run, "let the network end without its last squeezing function"),
            numbers=numbers,
        )
    elif not probabilities and not reach.bounded_above and reach.low > -LIMITS["head_slack"]:
        yield Finding(
            "output range mismatch",
            "suspicion",
            "the head",
            f"for any weights the outputs lie from {wide}, and the loss takes them for scores of either sign",
            "scores that cannot be negative leave classes without a slope where their output is 0",
            without_end(probe.subject.run, "let the network end without the activation after its last layer"),
            confidence=0.6,
            numbers=numbers,
        )


def _range_mismatch(answers: Answers, reach: Range) -> Iterator[Finding]:
    """Targets that the head cannot reach, and the share of their variance that lies there."""
    y = answers.right(0.0).astype(np.float64)
    slack = LIMITS["head_slack"] * max(1.0, float(y.std()))
    low = reach.low - slack if reach.bounded_below else -np.inf
    high = reach.high + slack if reach.bounded_above else np.inf
    outside = float(np.mean((y < low) | (y > high)))
    missed = float(np.square(y - np.clip(y, low, high)).mean() / max(float(y.var()), LIMITS["head_tiny"]))
    if not outside or missed <= LIMITS["head_missed_hint"]:
        return
    level: Any = "fault" if missed > LIMITS["head_missed"] else "hint"
    lowest = f"{reach.low:.3g}" if reach.bounded_below else "minus infinity"
    highest = f"{reach.high:.3g}" if reach.bounded_above else "infinity"
    yield Finding(
        "output range mismatch",
        level,
        "the head",
        f"for any weights the outputs lie from {lowest} to {highest}, and the targets, on the scale of the loss, from "
        f"{y.min():.3g} to {y.max():.3g}: {outside:.0%} of them cannot be reached, which leaves a squared error of "
        f"{missed:.3g} of their variance",
        "the head cannot give the answers that it is asked for",
        without_end(answers.probe.subject.run, "let the network end in a layer without activation, such as Dense(1)"),
        numbers={"low": reach.low, "high": reach.high, "outside": outside, "missed": missed},
    )
