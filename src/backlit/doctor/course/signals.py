"""The dynamic faults, from the rows of a history so far; a trend is told from noise by tests over epochs."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from backlit.doctor.course.answers import examine_answers
from backlit.doctor.course.depth import VANISHING, examine_depth, has_no_gradient
from backlit.doctor.course.numbers import examine_numbers, examine_stop
from backlit.doctor.course.rates import HIGH, LOW, examine_rate, has_diverged
from backlit.doctor.course.record import Record, record_of
from backlit.doctor.course.units import examine_units
from backlit.doctor.finding import Finding, ordered
from backlit.doctor.limits import LIMITS
from backlit.training import History, Model, Run
from backlit.training.representation import layers_of

# What follows from what: a fault on the left brings those on the right, which are then no more than hints.
BRINGS = {
    "exploding gradient": (HIGH, "class collapse / imbalance"),
    HIGH: ("dying ReLU", "saturated sigmoid/tanh", "class collapse / imbalance"),
    "dying ReLU": (VANISHING, "class collapse / imbalance"),
    "saturated sigmoid/tanh": (VANISHING, "class collapse / imbalance"),
    VANISHING: (LOW, "class collapse / imbalance"),
    LOW: ("class collapse / imbalance",),
}


def examine_course(history: History, run: Run | None = None, layers: Sequence[str] = ()) -> list[Finding]:
    """What the rows of a history say, the gravest first.

    Args:
        history: of a run, so far or whole.
        run: what is trained: it tells what a constant answer would score, and how long the run is; None: what rests on
            these is left out.
        layers: the paths of the layers in the network's order; (): the run's, or the order of the columns.
    """
    return examine_record(record_of(history, run, layers or paths_of(run)))


def examine_model(model: Model) -> list[Finding]:
    """What the history of a run that is over says, and why it stopped; a model read from a file has neither."""
    found = examine_course(
        model.history, model.run, [path for path, _ in layers_of(model.network.plan(model.input_shape))]
    )
    return list(ordered([*examine_stop(model.stopped, model.run), *found]))


def examine_record(record: Record) -> list[Finding]:
    """The findings of all examiners, what only follows from others as hints."""
    if not len(record.history):
        return []
    examiners = (examine_numbers, examine_rate, examine_units, examine_depth, examine_answers)
    found = [finding for examine in examiners for finding in examine(record)]
    grave = {finding.fault for finding in found if finding.level != "hint"}
    brought = {fault for cause in grave & set(BRINGS) for fault in BRINGS[cause]}
    return list(ordered([replace(one, level="hint") if one.fault in brought else one for one in found]))


def hopeless(record: Record, findings: Sequence[Finding]) -> str | None:
    """Why a run cannot come right any more: 'hopeless: ' and the fault; None where it can.

    It is diverged, or no gradient is left, or its steps could not matter in all the epochs that are planned.

    Args:
        record: the run so far.
        findings: of it.
    """
    named = {finding.fault for finding in findings if finding.level != "hint"}
    epochs = len(record.history)
    if epochs < max(LIMITS["rate epochs"], LIMITS["rate tenth"] * record.planned):
        return None
    if "NaN / Inf" in named:
        return "hopeless: NaN / Inf"
    if has_diverged(record) and HIGH in named:
        return f"hopeless: {HIGH}"
    if has_no_gradient(record):
        grave = [finding.fault for finding in findings if finding.fault in ("dying ReLU", VANISHING, HIGH)]
        return f"hopeless: {HIGH if HIGH in named else grave[0] if grave else 'no gradient'}"
    if LOW in named and epochs < record.planned:
        return f"hopeless: {LOW}"
    idle = np.abs(record.relative - 1) < LIMITS["course idle"]
    if VANISHING in named and idle[-int(epochs // 2) :].all() and _stands_still(record):
        return f"hopeless: {VANISHING}"
    return None


def paths_of(run: Run | None) -> list[str]:
    """The paths of the layers of a run's network, in its order."""
    return [] if run is None else [path for path, _ in layers_of(run.network.plan(run.input_shape))]


def _stands_still(record: Record) -> bool:
    """Whether the first weights can hardly move in all that is planned, all steps in a row."""
    with np.errstate(divide="ignore", invalid="ignore"):
        first = (record.updates / record.sizes)[:, 0]
    return bool(np.max(first) * record.planned * record.steps_an_epoch < LIMITS["rate reach"])
