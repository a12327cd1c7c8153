"""Diagnosis: signs are collected, experiments settle them, and what is proved is told in the order of mending.

A sign is not a fault: healthy runs have dead units, small gradients and uneven losses, too. It becomes one where the
run is worse than it could be, and the change that the sign asks for makes it better.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

from backlit.doctor.admission import check_given
from backlit.doctor.case import Case
from backlit.doctor.course.numbers import examine_stop
from backlit.doctor.course.prior import constant_loss
from backlit.doctor.course.signals import examine_course
from backlit.doctor.data import examine_data
from backlit.doctor.faults import MADE_BY_INPUTS
from backlit.doctor.finding import Examination, Finding, Level, ordered
from backlit.doctor.folder import examine_history
from backlit.doctor.health import health_of
from backlit.doctor.measures import Meter
from backlit.doctor.start import examine_start
from backlit.doctor.subject import subject_of
from backlit.doctor.verdicts.generalization import demoted, judge_generalization, misses_a_class
from backlit.doctor.verdicts.numbers import judge_numbers
from backlit.doctor.verdicts.training import UNSIGNED, judge_training
from backlit.doctor.verdicts.units import judge_units
from backlit.errors import InputError, TrainingError
from backlit.training import Model, Run

STRUCTURAL = (
    "wrong loss for the target",
    "flipped loss sign",
    "missing softmax",
    "double softmax",
    "output range mismatch",
    "axis / mask leak",
    "label leakage",
    "train/test contamination",
    "update not applied",
    "detached parameter",
    "NaN / Inf",
    "precision overflow / underflow",
    "shuffled / noisy labels",
    "symmetric initialization",
    "missing activation",
)
"""Faults that structure or arithmetic proves; the others are signs until an experiment has settled them."""
OF_THE_LOSS = ("wrong loss for the target", "flipped loss sign", "missing softmax", "output range mismatch")
BLINDING = (
    *OF_THE_LOSS,
    "update not applied",
    "NaN / Inf",
    "precision overflow / underflow",
)
"""Faults with which no fork can tell anything: the loss means something else, or no step is made."""
OF_THE_DATA = ("label leakage", "train/test contamination", "shuffled / noisy labels", "split shift")
"""Faults that no step and no weight brings about, so that none explains their signs."""
SLOWING = (
    "detached parameter",
    "symmetric initialization",
    "saturated sigmoid/tanh",
    "dying ReLU",
    "double softmax",
    "train/evaluation mismatch",
    "NaN / Inf",
)
MADE_UP_FOR = ("learning rate too low", "underfitting (capacity)")
"""What the faults of `SLOWING` look like: larger steps, or more units, do the work of what is lost."""
OF_STEPS = ("learning rate too high", "oscillating loss")
"""What losses in evaluation mode seem to say where evaluation computes something else: small steps part it less."""


def diagnose(
    examined: Model | Run, *, quick: bool = False, progress: Callable[[str], None] | None = None
) -> Examination:
    """Why a network does not learn, or what keeps it from learning better: evidence, cause, place and remedy.

    The data, the first weights, the course of the run and the kept weights are searched for signs. Where the run is
    worse than quick models on the same rows, or than it could be, short forks of it that change one thing each settle
    which sign is the cause, and this is then a fault; signs that do no harm are hints.

    Args:
        examined: a model that was trained in this process, or a run that is ready to train, which is trained first, and
            may fail in its first epoch.
        quick: whether the experiments are left out; then only what structure and arithmetic prove is a fault.
        progress: called with what is being done, in words.

    Returns:
        The findings, the gravest first; `print` shows them.

    Raises:
        InputError: it is neither; or there is nothing to examine: a model that was read from a file, without its data
            or its history.
    """
    begun = time.perf_counter()
    say = progress or (lambda words: None)
    run, model, ending = _ended(examined, say)
    if run is None:
        return _without_data(examined, begun)
    say("the data and the first weights")
    left_out: list[str] = []
    subject = subject_of(run)
    meter = Meter(subject)
    first = _kept(left_out, "the first weights", lambda: meter(subject.parameters, subject.state))
    signs = _kept(left_out, "the data", lambda: examine_data(run)) or []
    at_first = _kept(left_out, "the graph and the first weights", lambda: examine_start(subject, meter)) or []
    signs += at_first
    looked = ["the data", "the graph and the first weights"]
    last = None
    if model is not None:
        signs += _kept(left_out, "the course of the run", lambda: examine_course(model.history, run)) or []
        last = _kept(left_out, "the kept weights", lambda: meter(model.parameters, model.state))
        looked += ["the course of the run", "the kept weights"]
    health = health_of(run, model)
    weights = subject.parameters, subject.state
    priors = constant_loss(run), constant_loss(run, "validation")
    case = Case(run, model, ordered(signs), tuple(at_first), health, first, last, *priors, ending, weights)
    proved = [sign for sign in case.signs if sign.level == "fault" and sign.fault in STRUCTURAL]
    proved += _kept(left_out, "the numbers", lambda: judge_numbers(case, subject)) or []
    if any(finding.fault == "precision overflow / underflow" for finding in proved):
        proved = [finding for finding in proved if finding.fault not in (*OF_THE_LOSS, "double softmax")]
    blind = any(sign.fault in BLINDING for sign in proved)
    learning: list[Finding] = []
    if not quick and not blind and (_in_doubt(case) or _worse(case.at_first)):
        say("experiments")
        learning, units = _kept(left_out, "the experiments", lambda: _experiment(case)) or ([], [])
        if any(finding.fault == "unnormalized inputs" for finding in learning):
            units = [finding for finding in units if finding.fault not in MADE_BY_INPUTS]
        proved += units
        if case.traces:
            looked.append(f"{len(case.traces)} forks of {case.steps:,} steps")
    judged: list[Finding] = []
    if not blind:
        judged = _kept(left_out, "new rows", lambda: judge_generalization(case, bool(learning))) or []
        proved += judged
    structural = any(sign.fault in STRUCTURAL and sign.level != "hint" for sign in case.signs)
    by_luck = (structural or proved) and any(finding.where == UNSIGNED for finding in learning)
    proved += [] if by_luck else learning
    rare = case.sign("class collapse / imbalance") is not None and not health.learned
    if any(finding.fault in SLOWING for finding in proved) or case.sign("output range mismatch") or rare:
        proved = [finding for finding in proved if finding.fault not in MADE_UP_FOR]
    if any(finding.fault == "train/evaluation mismatch" for finding in proved):
        proved = [finding for finding in proved if finding.fault not in OF_STEPS]
    known = {finding.fault for finding in proved if finding.level == "fault"}
    answered = {finding.fault for finding in judged if finding.fault in OF_THE_DATA}
    signs_left = [sign for sign in case.signs if sign not in proved and (sign.where or sign.fault not in answered)]
    others = _settled(signs_left, case, bool(known), quick)
    found = ordered([*proved, *(sign for sign in others if sign.fault not in known)])
    if ending and not _worse(found):  # no experiment says what made it fail
        found = ordered([*found, *examine_stop(ending, run)])
    failed = {words.partition(" (")[0] for words in left_out}
    succeeded = tuple(words for words in looked if words not in failed)
    return Examination(found, succeeded, tuple(left_out), time.perf_counter() - begun)


def _ended(examined: Model | Run, say: Callable[[str], None]) -> tuple[Run | None, Model | None, str]:
    """The run, its model, and how it ended where it turned non-finite; a run that is given is trained."""
    check_given(examined, "diagnose")
    if not isinstance(examined, Run):
        stopped = examined.stopped
        return examined.run, examined, stopped if stopped.startswith("non-finite") else ""
    say("the run, which is trained first")
    try:
        model = examined.train()
    except TrainingError as error:
        return examined, None, str(error)
    return examined, model, model.stopped if model.stopped.startswith("non-finite") else ""


def _in_doubt(case: Case) -> bool:
    """Whether experiments are worth their time: the run is behind, or it is not known to be good."""
    health = case.health
    worse = case.judged > case.prior_judged if case.has_judges else case.reached > case.prior
    if case.model is None or health.score is None or health.behind or worse:
        return True
    if health.reference is None:
        return not health.learned or bool(_worse(case.signs))
    return not health.learned


def _experiment(case: Case) -> tuple[list[Finding], list[Finding]]:
    """The faults that forks prove, and units that are lost besides."""
    case.grow()
    if case.still_behind:
        case.restructure()
    found = judge_training(case)
    return found, judge_units(case, found)


def _settled(signs: list[Finding], case: Case, explained: bool, quick: bool) -> list[Finding]:
    """What remains of signs that were not proved: hints, or suspicions where nothing explains a run that is bad."""
    doubt = _in_doubt(case)
    kept = [sign for sign in signs if sign.level == "hint" or (sign.fault in OF_THE_DATA and (doubt or _stands(sign)))]
    unsettled = [sign for sign in signs if sign not in kept]
    if not unsettled or (quick and doubt):
        return signs
    if explained or not doubt:
        return [*kept, *map(demoted, unsettled)]
    collapsed = misses_a_class(case) or not case.health.learned
    sure = (*STRUCTURAL, "class collapse / imbalance") if collapsed else STRUCTURAL
    levels: dict[bool, Level] = {True: "fault", False: "suspicion"}
    return [*kept, *(replace(sign, level=levels[sign.fault in sure], confidence=0.6) for sign in unsettled)]


def _stands(sign: Finding) -> bool:
    """Whether a sign of the data says the same of a run that is good: labels that nothing could tell are refuted."""
    return "agreement" not in sign.numbers


def _worse(signs: Iterable[Finding]) -> list[Finding]:
    return [sign for sign in signs if sign.level != "hint"]


def _kept(left_out: list[str], words: str, examine: Callable[[], Any]) -> Any:
    """What an examination gives; where it fails, nothing, and why is told: a diagnosis says all that it can."""
    try:
        return examine()
    except Exception as error:  # whatever it is, the rest can still be examined
        left_out.append(f"{words} ({type(error).__name__}: {str(error).partition(chr(10))[0]})")
        return None


def _without_data(model: Any, begun: float) -> Examination:
    if not len(model.history):
        raise InputError(
            "the model was read from a file and has neither its data nor its history: diagnose it where it was "
            "trained, or give the folder of its run to backlit diagnose"
        )
    found = tuple(examine_history(model))
    left = (
        "the data, the first weights and all experiments: the model has no data (diagnose it where it was trained, or "
        "give the folder of its run to backlit diagnose)",
    )
    return Examination(found, ("the course of the run",), left, time.perf_counter() - begun)
