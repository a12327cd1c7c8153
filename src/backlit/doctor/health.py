"""Whether there is anything to explain: the run's score beside chance and beside what quick models reach."""

from __future__ import annotations

from dataclasses import dataclass
from math import hypot, sqrt
from statistics import fmean

import numpy as np

from backlit.doctor.limits import LIMITS
from backlit.doctor.references import references
from backlit.training import Model, Run


@dataclass(frozen=True)
class Health:
    """How a run stands.

    Attributes:
        score: the share of right classes, their mean recall where classes have weights, or r², on the rows that judge
            it; None where it was never scored.
        error: the standard error of that score.
        chance: the score of always answering the most frequent class, any class, or the mean.
        reference: the best score of the quick models; None where there are none.
        reference_error: its standard error.
        reference_name: which model it is.
    """

    score: float | None
    error: float
    chance: float
    reference: float | None
    reference_error: float
    reference_name: str

    @property
    def behind(self) -> bool:
        """Whether quick models do better, by more than chance explains and by a share of what can be learned."""
        if self.score is None or self.reference is None:
            return False
        gap = self.reference - self.score
        noise = LIMITS["health: standard errors of a difference"] * hypot(self.error, self.reference_error)
        return gap > max(noise, LIMITS["health: share behind"] * (self.reference - self.chance))

    @property
    def learned(self) -> bool:
        """Whether the run does better than chance."""
        return self.score is not None and self.score - self.chance > LIMITS["health: standard errors"] * self.error

    @property
    def learnable(self) -> bool | None:
        """Whether quick models do better than chance; None where there are none."""
        if self.reference is None:
            return None
        return self.reference - self.chance > LIMITS["health: standard errors"] * self.reference_error

    def __str__(self) -> str:
        own = "was never scored" if self.score is None else f"reaches {self.score:.3g}"
        said = f"the run {own} on rows that judge it, chance {self.chance:.3g}"
        if self.reference is not None:
            said += f", {self.reference_name} {self.reference:.3g} ± {self.reference_error:.2g}"
        return said


def health_of(run: Run, model: Model | None) -> Health:
    """How a run stands, on its validation rows, or on its training rows where it has none.

    Where classes have weights, it is not to be right most often, as quick models are, and has no reference.
    """
    if run.settings.class_weight is not None:
        return _weighed(run, model)
    quick = references(run)
    name = "accuracy" if run.objective.classes else "r2"
    part = "validation" if len(run.parts.validation.x) else "train"
    score = None if model is None else model.scores.get(part, {}).get(name)
    y = getattr(run.parts, part).y
    rows = int((y >= 0).sum()) if run.objective.classes else len(y)
    if score is not None and not np.isfinite(score):
        score = None
    chance = quick.chance.score if quick else _chance(run)
    return Health(
        score=score,
        error=error_of(score if score is not None else chance, rows, bool(run.objective.classes)),
        chance=chance,
        reference=quick.models[quick.best].score if quick else None,
        reference_error=quick.models[quick.best].error if quick else 0.0,
        reference_name=quick.best if quick else "",
    )


def mean_recall(run: Run, model: Model, part: str = "validation") -> float:
    """The share of each class's rows in a part that is answered right, in the mean over the classes."""
    rows = getattr(run.parts, part)
    right = model.predict_encoded(rows.x).argmax(-1) == rows.y
    return fmean(float(right[rows.y == code].mean()) for code in np.unique(rows.y[rows.y >= 0]))


def error_of(score: float, rows: int, classes: bool) -> float:
    """The standard error of a score: √(p (1 − p) / n) of a share, with half a row right and wrong besides; about
    2 √((1 − r²) / n) of an r², that of 0 for one below it."""
    if not classes:
        return 2 * sqrt(min(max(1 - score, 1e-6), 1.0) / max(rows, 1))
    share = (score * rows + 0.5) / (rows + 1)
    return sqrt(share * (1 - share) / max(rows, 1))


def _weighed(run: Run, model: Model | None) -> Health:
    """How a run stands whose classes have weights; the error is that of a mean over the classes, each with its rows."""
    part = "validation" if len(run.parts.validation.x) else "train"
    score = mean_recall(run, model, part) if model is not None and part in model.scores else None
    counts = np.unique(getattr(run.parts, part).y, return_counts=True)[1]
    rows, chance = len(counts) ** 2 / float((1 / counts).sum()), 1 / run.objective.classes
    return Health(score, error_of(chance if score is None else score, int(rows), True), chance, None, 0.0, "")


def _chance(run: Run) -> float:
    """The share of the most frequent class of the training rows, or of their steps; for numbers the mean's r², 0."""
    if not run.objective.classes:
        return 0.0
    y = run.parts.train.y
    return float(np.bincount(y[y >= 0]).max() / max((y >= 0).sum(), 1))
