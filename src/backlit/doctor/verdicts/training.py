"""What keeps a run from learning: the smallest set of changes that lets it learn is what was wrong.

A change that suffices alone, or wins half of what two win, is named before two together; of several that suffice
alone, one that has signs of its own (the statistics of the inputs, those of the first weights, which no rate can touch)
before the rate, and the rate before changes without any sign. A change counts only where the fork is better on new
rows, too.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import optax

from backlit.doctor.case import Case
from backlit.doctor.experiments.questions import (
    AS_IT_IS,
    BETWEEN,
    DROPOUT,
    INPUTS,
    ONE_BATCH,
    PENALTY,
    RATE,
    RELU,
    WEIGHTS,
    WIDTH,
    Change,
)
from backlit.doctor.experiments.redrawing import redrawing
from backlit.doctor.finding import Finding, Remedy
from backlit.doctor.limits import LIMITS
from backlit.layers.activation import Sigmoid, Tanh
from backlit.layers.composition import blocks_of
from backlit.layers.notation import write
from backlit.optimizers import default_learning_rate
from backlit.training.settings import OWN

UNSIGNED = "the first weights"  # where a finding lies that had no signs before the experiment
ORDER = (INPUTS, WEIGHTS, PENALTY, RELU, BETWEEN, RATE, DROPOUT, WIDTH)
PASSED = {
    Sigmoid: "each Sigmoid passes at most 1/4 of the gradient back",
    Tanh: "each Tanh passes less than all of the gradient back",
}
OF_SQUASHING = ("vanishing gradient", "saturated sigmoid/tanh", "exploding gradient")


def judge_training(case: Case) -> list[Finding]:
    """What keeps the run from learning, of inputs, first weights, penalty, rate and structure; nothing where none does.

    Args:
        case: with its forks grown.
    """
    sufficient, best = _sufficient(case)
    if _learned_most(case):
        faster = [change for change in sufficient if _only_faster(case, change, best[change])]
        sufficient = [change for change in sufficient if not any(alone <= change for alone in faster)]
    if not sufficient:
        return []
    chosen = min(sufficient, key=lambda change: (len(change), *sorted(_place(case, part) for part in change)))
    return [_finding(case, part, chosen, best[chosen]) for part in sorted(chosen, key=lambda part: _place(case, part))]


def _sufficient(case: Case) -> tuple[list[Change], dict[Change, str]]:
    """The changes that suffice, and the fork of each whose rate is nearest the default."""
    top = max(case.learned(name) for name in case.changes)
    if top - case.share(case.reached) <= LIMITS["diagnosis: share gained"]:
        return [], {}
    held = case.share(case.reached)
    enough = top - LIMITS["diagnosis: share of the best"]
    halfway = held + LIMITS["diagnosis: share of the gain of one change"] * (top - held)
    now = case.share_judged(case.judged)

    def suffices(name: str, least: float) -> bool:
        gained = case.share_judged(case.traces[name].lowest) - now > LIMITS["diagnosis: share gained on new rows"]
        return case.learned(name) >= least and (gained or not case.has_judges)

    best: dict[Change, str] = {}
    part: dict[Change, str] = {}
    for name, change in sorted(case.changes.items(), key=lambda item: _distance(case, item[0])):
        if change and suffices(name, enough):
            best.setdefault(change, name)
        if len(change) == 1 and suffices(name, min(enough, halfway)):
            part.setdefault(change, name)
    if not any(len(change) == 1 for change in best):  # of two changes one may win most of what both do
        if any(_gains_alone(case, both - {RATE}, held) for both in best):  # the rate may only make up for the other
            part.pop(frozenset({RATE}), None)
        best |= {change: name for change, name in part.items() if any(change < both for both in best)}
    best |= {change - {RATE}: name for change, name in best.items() if _is_haste(case, change, name, held)}
    return list(best), best


def _is_haste(case: Case, change: Change, name: str, held: float) -> bool:
    """Whether a larger rate beside another change only makes up for forks that are shorter than the run: the other one
    alone gains something, too."""
    both = len(change) > 1 and RATE in change
    return both and case.forks[name].rate > 1 and _gains_alone(case, change - {RATE}, held)


def _gains_alone(case: Case, change: Change, held: float) -> bool:
    """Whether a change gains something at the run's own rate."""
    alone = [name for name, own in case.changes.items() if own == change and case.forks[name].rate == 1]
    return any(case.learned(name) - held > LIMITS["diagnosis: share gained"] for name in alone)


def _distance(case: Case, name: str) -> float:
    """How far a fork's rate is from the rule's default, in powers of ten; where it has none, from the run's own."""
    settings, factor = case.run.settings, case.forks[name].rate
    own = settings.optimizer == OWN or settings.learning_rate is None
    usual = 1.0 if own else default_learning_rate(settings.optimizer) / float(settings.learning_rate or 1.0)
    return abs(float(np.log10(factor / usual)))


def _learned_most(case: Case) -> bool:
    """Whether the run itself learned much of what can be learned; first weights that happen to be good are no merit."""
    begun = min(case.prior, float(case.traces[AS_IT_IS].train[0]))
    return begun - case.reached >= LIMITS["rate: share that a run has learned"] * (begun - case.floor)


def _only_faster(case: Case, change: Change, name: str) -> bool:
    """Whether larger steps are all that a change consists of: a run that has learned much could have been shorter."""
    return change == {RATE} and case.forks[name].rate > 1


def _place(case: Case, part: str) -> int:
    """The place of a change among others that suffice: with signs of its own first."""
    unsigned = part == WEIGHTS and case.sign_of_weights is None
    if part == PENALTY and case.sign("over-regularization") is None:
        unsigned = case.sign("learning rate too high") is not None
    return ORDER.index(part) + (len(ORDER) if unsigned else 0)


def _finding(case: Case, part: str, chosen: Change, name: str) -> Finding:
    others = sorted(chosen - {part})
    sure = 0.95 if not others else 0.8
    if part == RATE:
        return _of_rate(case, name, sure)
    if part == INPUTS:
        sign = case.sign("unnormalized inputs")
        assert sign is not None
        return _proved(case, sign, name, sure, sign.remedy)
    if part == WEIGHTS:
        sign = case.sign_of_weights
        grows = case.drift
        by_weights = not case.biased and (grows > LIMITS["weights: drift"] or not case.usual)
        if sign is None or (sign.fault == "bad initial loss" and by_weights):
            cause = f"the outputs of one layer deviate {grows:.3g} times as much as those of another, before any step"
            layers = _scaling_layers(case)
            sign = replace(_plain("initialization scale", UNSIGNED, cause), layers=layers)
        return _proved(case, sign, name, sure, _redrawn(case))
    if part == PENALTY:
        cause = "without penalties the same run learns: they hold the weights down more than the data move them"
        remedy = Remedy("leave the penalties out, or make them a hundredth", {"l1": 0.0, "l2": 0.0, "penalties": None})
        return _proved(case, _plain("over-regularization", "the penalties", cause), name, sure, remedy)
    return _of_structure(case, part, name, sure)


def _redrawn(case: Case) -> Remedy:
    changes = redrawing(case.run)
    words = "draw the first weights by He's rule: W ~ N(0, 2 / inputs), with biases of 0"
    if changes.keys() == {"initial_scale"}:
        words = "draw the first weights at their usual size"
    elif changes:
        words = "leave the initializers of weights and biases at their defaults"
    return Remedy(words, changes)


def _scaling_layers(case: Case) -> tuple[str, ...]:
    """The trained layers whose output deviates much more, or much less, than their input, the worst one first."""
    if case.first is None:
        return ()
    trained = {path.rpartition("/")[0] for path in case.first.variables}
    found = {
        path: abs(float(np.log(layer.deviation / layer.deviation_in)))
        for path, layer in case.first.layers.items()
        if path in trained and layer.deviation > 0 and layer.deviation_in > 0
    }
    return tuple(sorted((path for path, change in found.items() if change > np.log(2)), key=lambda path: -found[path]))


def _hidden_layers(case: Case) -> tuple[str, ...]:
    """The trained layers but the last, that of the fewest units first."""
    if case.first is None:
        return ()
    layers = case.first.layers
    paths = dict.fromkeys(path.rpartition("/")[0] for path in case.first.variables)
    return tuple(sorted([path for path in paths if path in layers][:-1], key=lambda path: layers[path].units))


def _of_structure(case: Case, part: str, name: str, sure: float) -> Finding:
    network = case.networks[part]
    if part == RELU:
        kinds = {type(block) for block in blocks_of(case.run.network)}
        cause = " and ".join(words for kind, words in PASSED.items() if kind in kinds)
        sign = case.sign(*OF_SQUASHING) or _plain("vanishing gradient", "the hidden layers", cause)
        words = "put ReLU in the place of Sigmoid and Tanh, with He's initialization"
    elif part == BETWEEN:
        cause = "linear layers in a row are one linear layer"
        sign = case.sign("missing activation") or _plain("missing activation", "the hidden layers", cause)
        words = "put an activation such as ReLU between them"
    elif part == DROPOUT:
        cause = "of the units that are omitted at random, or the noise that is added, too little is left to learn from"
        sign, words = _plain("over-regularization", "the dropout", cause), "omit fewer units, or none"
    else:
        left = [trace.reached for fork, trace in case.traces.items() if fork.startswith(ONE_BATCH)]
        cause = "the network has too few units to tell the examples apart"
        if left and not case.by_heart:
            cause += (
                f": of one batch alone, learned again and again, a loss of {min(left):.3g} is left at the best rate"
            )
        sign, words = _plain("underfitting (capacity)", "the hidden layers", cause), "use more units"
        sign = replace(sign, layers=_hidden_layers(case))
    return _proved(case, sign, name, sure, Remedy(f"{words}: {write(network)}", {"network": network}))


def _of_rate(case: Case, name: str, sure: float) -> Finding:
    settings, factor = case.run.settings, case.forks[name].rate
    given = settings.learning_rate
    rate = "this size" if given is None else f"a learning rate of {given:g}"
    changes: dict[str, Any] = {}
    words = f"{'divide' if factor < 1 else 'multiply'} the step size by {max(factor, 1 / factor):g}"
    if settings.optimizer == OWN:
        scaled = optax.chain(case.run.asked["optimizer"], optax.scale(factor))
        changes = {"optimizer": scaled}
    elif given is not None:
        better, usual = float(f"{given * factor:.3g}"), default_learning_rate(settings.optimizer)
        if abs(np.log10(better / usual)) <= 1 < abs(np.log10(given / usual)) + 0.5:
            changes, words = {"learning_rate": None, "schedule": None}, f"a learning rate of {usual:g}, the default"
        else:
            changes, words = {"learning_rate": better}, f"a learning rate of about {better:g}"
    if factor > 1:
        words += ", or more epochs"
        sign = _plain("learning rate too low", "", f"steps of {rate} are too short to arrive in the time of the run")
    elif case.share(case.reached) >= LIMITS["rate: share that a bouncing run has learned"]:
        sign = _plain(
            "oscillating loss", "", f"steps of {rate} bounce across the valley, and smaller ones settle in it"
        )
    else:
        sign = _plain("learning rate too high", "", f"steps of {rate} overshoot, and smaller ones descend")
    return _proved(case, sign, name, sure, Remedy(words, changes))


def _plain(fault: str, where: str, cause: str) -> Finding:
    """A fault that had no signs before the experiment."""
    return Finding(fault, "suspicion", where, "", cause, Remedy(""))


def _proved(case: Case, sign: Finding, name: str, sure: float, remedy: Remedy) -> Finding:
    """A sign that an experiment has proved."""
    trace = case.traces[name]
    came = "no number" if np.isinf(case.reached) else f"{case.reached:.3g}"
    tried = (
        f"from the first weights, with {name}, {case.steps:,} steps come to a training loss of {trace.reached:.3g}; "
        f"the run came to {came}, and knowing nothing costs {case.prior:.3g}"
    )
    numbers = {"fork": trace.reached, "run": case.reached, "prior": case.prior, "steps": float(case.steps)}
    return Finding(
        sign.fault,
        "fault",
        sign.where,
        "; ".join(filter(None, (sign.evidence, tried))),
        sign.cause,
        remedy,
        sure,
        {**sign.numbers, **{name: value for name, value in numbers.items() if np.isfinite(value)}},  # JSON has no other
        sign.layers,
    )
