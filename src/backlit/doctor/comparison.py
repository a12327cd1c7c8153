"""Whether a changed run is better: the same seeds of both, on the same validation rows.

With costs bₛ before and aₛ after, one a seed s, and dₛ = bₛ − aₛ their differences, the change is better where

    mean d > 2 · σ(d) / √n          by more than the spread over the seeds, or
    mean d > 2 · σ(a), d > −2 · σ(a)    by more than that of the changed run alone, and no seed is worse by as much:
                                    where seeds decide whether a run fails, their spread is a part of the fault
    mean d > mean |b| / 100         by more than rounding

and worse where the first holds of −d. The cost is the loss where both have the same one on the same scale, and then the
score must not be worse; else it is the score. Rows count by their weights in a loss, and alike in a score. A network
that knows less than a constant prediction is worth as much as that prediction, which can take its place: so no cost
counts for more than the constant's, however far a run diverged.
"""

from collections.abc import Sequence
from math import isfinite, nan, sqrt
from statistics import fmean, stdev
from typing import NamedTuple

import numpy as np

from backlit.doctor.course.prior import constant_loss
from backlit.doctor.health import mean_recall
from backlit.doctor.limits import LIMITS
from backlit.doctor.weighing import loss_of
from backlit.training import Model, Run
from backlit.training.baseline import baseline_scores
from backlit.training.populations.population import Outcome

LOSS, RECALL = "loss", "mean recall of the classes"


class Comparison(NamedTuple):
    """What a change did to a measure on the validation rows, in the mean over the seeds.

    Attributes:
        measure: 'loss', 'accuracy', 'rmse' or 'mean recall of the classes'.
        before, after: its means, before and after the change; a run counts as no worse than the constant prediction.
        spread: two standard errors of the mean difference; what is not above it may be chance.
        better, worse: whether the change is proved to be that.
        why: in words.
    """

    measure: str
    before: float
    after: float
    spread: float
    better: bool
    worse: bool
    why: str


def compare_outcomes(
    run: Run, again: Run, before: Sequence[Outcome], after: Sequence[Outcome], balanced: bool = False
) -> Comparison:
    """Whether the outcomes of a changed run are better than those of the run as it was.

    Args:
        run, again: as it was and changed, both with validation rows.
        before, after: the outcomes, the same seeds in the same order, at least two.
        balanced: whether every class is to count alike; then the mean of their recalls is the measure.
    """
    score = RECALL if balanced else "accuracy" if run.objective.classes else "rmse"
    if balanced or not _same_loss(run, again):
        return _compare(score, run, again, before, after)
    found = _compare(LOSS, run, again, before, after)
    if found.before == found.after:  # as where no answer is worth more than the constant's: the score may say more
        return _compare(score, run, again, before, after)
    if found.better and _compare(score, run, again, before, after).worse:
        return found._replace(better=False, why=f"the loss is better, but the {score} is worse")
    return found


def _compare(measure: str, run: Run, again: Run, before: Sequence[Outcome], after: Sequence[Outcome]) -> Comparison:
    limits = [_constant_cost(measure, changed) for changed in (run, again)]
    costs = [_costs(measure, limit, outcomes) for limit, outcomes in zip(limits, (before, after), strict=True)]
    known = [cost for both in costs for cost in both if isfinite(cost)]
    if not known:
        return Comparison(measure, nan, nan, nan, False, False, f"no run has a {measure} that is a number")
    worst = max(known)
    old, new = ([cost if isfinite(cost) else worst for cost in both] for both in costs)
    differences = [b - a for b, a in zip(old, new, strict=True)]
    least, spread = LIMITS["repair_least_gain"] * fmean(map(abs, old)), f"the spread over {len(differences)} seeds"
    own = LIMITS["repair_errors"] * stdev(new)
    steady = fmean(differences) > max(least, own) and min(differences) > -own
    better, worse = steady or _is_better(differences, least), _is_better([-cost for cost in differences], 0.0)
    why = f"better by more than {spread}" if better else "worse" if worse else f"not better by more than {spread}"
    if all(cost >= limits[0] for cost in old):
        why += "; before it, the network was worth no more than a constant answer"
    sign = 1 if measure in (LOSS, "rmse") else -1
    error = LIMITS["repair_errors"] * _standard_error(differences)
    return Comparison(measure, sign * fmean(old), sign * fmean(new), error, better, worse, why)


def _is_better(differences: Sequence[float], least: float) -> bool:
    return fmean(differences) > max(least, LIMITS["repair_errors"] * _standard_error(differences))


def _standard_error(values: Sequence[float]) -> float:
    return stdev(values) / sqrt(len(values))


def _same_loss(a: Run, b: Run) -> bool:
    """Whether two runs have the same loss, of targets on the same scale."""
    if str(a.loss) != str(b.loss) or type(a.loss) is not type(b.loss):
        return False
    one, other = (run.objective.scale(run.fitted) for run in (a, b))
    return one is other if one is None or other is None else bool(np.allclose(one, other))


def _costs(measure: str, constant: float, outcomes: Sequence[Outcome]) -> list[float]:
    """The cost of each outcome, no more than that of the constant prediction; of one that failed, that of the constant,
    which is no number where the loss has none."""
    costs = [_cost(measure, outcome) if isinstance(outcome, Model) else nan for outcome in outcomes]
    if not isfinite(constant):
        return costs
    return [min(cost, constant) if isfinite(cost) else constant for cost in costs]


def _cost(measure: str, model: Model) -> float:
    assert model.run is not None
    if measure == RECALL:
        return -mean_recall(model.run, model)
    if measure == LOSS:
        return loss_of(model.run, model, "validation")
    value = model.scores.get("validation", {}).get(measure, nan)
    return -value if measure == "accuracy" else value


def _constant_cost(measure: str, run: Run) -> float:
    """The cost of the constant prediction that the training rows teach, on the validation rows."""
    objective, parts = run.objective, run.parts
    if measure == RECALL:
        return -1 / objective.classes
    if measure == LOSS:
        return constant_loss(run, "validation")
    train, validation = (objective.targets(part.y, run.fitted) for part in (parts.train, parts.validation))
    output = objective.body.plan(run.input_shape).output
    scores = baseline_scores(objective, train, validation, output, objective.scale(run.fitted))
    return -scores[measure] if measure == "accuracy" else scores[measure]
