"""Whether the steps of a run have the right length: too long, bouncing, or too short to arrive.

A step is measured against the weights it changes, r = rms(Δw) / rms(w), and the loss against a constant answer's, λ.
"""

import numpy as np

from backlit.doctor.course.record import Record, last_quarter, rises
from backlit.doctor.course.remedies import faster, slower
from backlit.doctor.finding import Finding, Level
from backlit.doctor.limits import LIMITS
from backlit.training.verdicts import verdict

HIGH, LOW, SWING = "learning rate too high", "learning rate too low", "oscillating loss"


def examine_rate(record: Record) -> list[Finding]:
    """What the losses and the steps say of the learning rate: at most one finding."""
    if record.searches or not len(record.history):
        return []
    for examine in (_overshot, _silenced, _climbing, _bouncing, _short, _unfinished):
        finding = examine(record)
        if finding is not None:
            return [finding]
    return []


def has_diverged(record: Record) -> bool:
    """Whether the loss is above a constant answer's by an order of magnitude, and at the pace of its last half will not
    fall below it within the run."""
    relative = record.relative
    if len(relative) < 2 * LIMITS["course half"] or not record.end > LIMITS["rate diverged"]:
        return False
    end = np.log(relative[-2 * (len(relative) // 4) :])
    half = len(end) // 2
    before, after = end[:half].mean(), end[half:].mean()
    return bool(after + (after - before) / half * (record.planned - len(relative)) > 0)


def longest_step(record: Record) -> tuple[float, int]:
    """The longest step relative to the weights, the median over them, and the epoch it is of; 0 where none is known."""
    steps = record.steps
    if not len(steps) or np.isnan(steps).all():
        return 0.0, 0
    row = int(np.nanargmax(steps))
    return float(steps[row]), record.epoch_of(row)


def _overshot(record: Record) -> Finding | None:
    """Steps that leave nothing of the weights, and a loss worse than a constant answer's."""
    step, epoch = longest_step(record)
    worst, end = (float(np.max(record.relative)), record.end) if len(record.relative) else (np.nan, np.nan)
    far = step >= LIMITS["rate replaces"] and worst > LIMITS["rate diverged"]
    worse = step >= LIMITS["rate large"] and len(record.history) >= LIMITS["course first"]
    lost = worse and end > 1 - LIMITS["course idle"]
    if not (far or lost):
        return None
    harmless = far and not lost and end < LIMITS["course learned"] and _few(record.relative)
    return _too_high(
        record,
        f"a step changed the weights by {step:.3g} times their size (epoch {epoch}, the median over layers), and the "
        f"loss on training rows reached {worst:.3g} times that of a constant answer; at the end it is {end:.3g} times",
        {"step": step, "worst": worst, "end": end},
        "hint" if harmless else "suspicion",
        0.95 if far else 0.8,
    )


def _few(relative: np.ndarray) -> bool:
    """Whether the epochs that were worse than a constant answer's by an order are a tenth of all, at most."""
    return bool((relative > LIMITS["rate diverged"]).mean() <= LIMITS["rate tenth"])


def _silenced(record: Record) -> Finding | None:
    """Units that large steps have driven to where their derivative is 0."""
    step, epoch = longest_step(record)
    known = [units for units in record.units if len(units.dead) > 1 and units.kind not in ("step", "sign")]
    if step < LIMITS["rate large"] or not known:
        return None
    lost = [(float(np.median(last_quarter(units.dead))), float(units.dead[0]), units.layer) for units in known]
    silent = [one for one in lost if one[0] > LIMITS["rate killed"] and one[1] < LIMITS["rate alive"]]
    if len(silent) * 2 < len(known) or not silent:
        return None
    after, before, layer = max(silent)
    return _too_high(
        record,
        f"a step changed the weights by {step:.3g} times their size (epoch {epoch}), and the share of units without a "
        f"derivative in {layer} rose from {before:.0%} to {after:.0%}",
        {"step": step, "dead before": before, "dead after": after},
        "suspicion",
        0.8,
        tuple(one[2] for one in sorted(silent, reverse=True)),
    )


def _climbing(record: Record) -> Finding | None:
    """A loss that rises over epochs, above that of a constant answer, whatever the telemetry says."""
    relative = record.relative
    if len(relative) < 2 * LIMITS["course half"] or not record.end > 1:
        return None
    losses = np.asarray(record.history["loss"], float)
    if not (rises(relative) and rises(losses)):
        return None
    return _too_high(
        record,
        f"the loss rises: from {losses[0]:.3g} in the first epoch to {losses[-1]:.3g} in the last, "
        f"{record.end:.3g} times that of a constant answer on training rows",
        {"first": float(losses[0]), "last": float(losses[-1]), "end": record.end},
        "suspicion",
        0.8,
    )


def _bouncing(record: Record) -> Finding | None:
    """An evaluated loss of the same rows that swings from epoch to epoch."""
    relative, losses = record.relative, np.asarray(record.history["loss"], float)
    if len(relative) < LIMITS["swing epochs"] or not np.isfinite(relative).all() or verdict(losses) != "oscillating":
        return None
    end = relative[len(relative) // 2 :]
    swing, learned = float(np.std(np.diff(end)) / np.sqrt(2)), float(relative[0] - end.min())
    learned = max(learned, float(1 - end.min()))
    if swing < LIMITS["swing prior"] or swing < LIMITS["swing learned"] * learned:
        return None
    return Finding(
        SWING,
        "suspicion",
        f"epochs {len(relative) - len(end) + 1} to {len(relative)}",
        f"from epoch to epoch the loss on the same training rows swings by {swing:.3g} of a constant answer's loss, "
        f"and {learned:.3g} is all that was learned",
        "steps bounce across a valley whose floor they do not reach",
        slower(record.run),
        0.7,
        {"swing": swing, "learned": learned},
    )


def _short(record: Record) -> Finding | None:
    """Steps that, all in a row, could not move the weights, and a loss that stays as it was."""
    epochs, planned = len(record.history), max(record.planned, len(record.history))
    enough = max(LIMITS["rate epochs"], LIMITS["rate tenth"] * planned)
    step = _largest_of_all(record)
    if epochs < min(enough, planned) or epochs < LIMITS["course first"] or step is None or record.run is None:
        return None
    reach = step * planned * record.steps_an_epoch
    relative = record.relative
    pace = (relative[0] - relative[-1]) / max(epochs - 1, 1)
    arrives = relative[-1] - pace * (planned - epochs)
    if (
        step >= LIMITS["rate small"]
        or reach >= LIMITS["rate reach"]
        or not LIMITS["course learned"] < arrives < LIMITS["rate diverged"]
    ):
        return None
    return _too_low(
        record,
        step,
        f"no step changed the weights of a layer by more than {step:.2g} of their size: all {planned:,} epochs "
        f"together move them by {reach:.2g} at most, and at this pace the loss ends at {arrives:.3g} of a "
        "constant answer's",
        {"step": step, "reach": reach, "end": float(arrives)},
        0.9,
    )


def _unfinished(record: Record) -> Finding | None:
    """A run that is over while its loss still falls, by small steps."""
    step = _largest_of_all(record)
    relative = record.relative
    over = record.run is not None and len(relative) >= record.planned >= 2 * LIMITS["course half"]
    if not over or step is None or step >= LIMITS["rate tiny"] or not np.isfinite(relative).all():
        return None
    quarter = last_quarter(relative)
    fall = float(quarter[0] - quarter[-1])
    if not LIMITS["rate open"] <= quarter[-1] < 1:
        return None  # it has arrived, or its first weights have put it where no rate is at fault
    if fall < LIMITS["rate fall"] or verdict(relative) != "still falling":
        return None
    return _too_low(
        record,
        step,
        f"no step changed the weights of a layer by more than {step:.2g} of their size, and over the last "
        f"{len(quarter)} of {len(relative)} epochs the loss still fell by {fall:.2g} of a constant answer's",
        {"step": step, "fall": fall},
        0.7,
    )


def _largest_of_all(record: Record) -> float | None:
    """The longest step of any layer, relative to its weights; None where no step is known, or all are 0."""
    with np.errstate(divide="ignore", invalid="ignore"):
        ratios = record.updates / record.sizes
    ratios = ratios[np.isfinite(ratios)]
    return float(ratios.max()) if ratios.size and ratios.max() > 0 else None


def _too_high(
    record: Record,
    evidence: str,
    numbers: dict[str, float],
    level: Level,
    confidence: float,
    layers: tuple[str, ...] = (),
) -> Finding:
    cause = "steps overshoot: they leave the region in which a gradient says where the loss falls"
    return Finding(HIGH, level, "", evidence, cause, slower(record.run), confidence, numbers, layers)


def _too_low(record: Record, step: float, evidence: str, numbers: dict[str, float], confidence: float) -> Finding:
    cause = "the steps are too short to arrive within this run"
    return Finding(LOW, "suspicion", "", evidence, cause, faster(record.run, step), confidence, numbers)
