"""What a sweep compares: configurations, one value of every setting that is swept, and their members, one a seed.

A configuration is judged by the mean over its members; where halving stopped some of them, by those that went on
longest, for the scores of the others are of a part of their epochs.
"""

from collections import Counter
from dataclasses import dataclass
from math import inf, isfinite, nan
from statistics import fmean, stdev
from typing import Any, NamedTuple

from backlit.training.history import History
from backlit.training.model import Model
from backlit.training.populations.population import NOT_BEGUN, Failure, Outcome
from backlit.training.sweeps.spaces import Values


@dataclass(frozen=True)
class Member:
    """One run of a sweep.

    Attributes:
        values: of the settings that are swept, the seed among them.
        outcome: its model, or why there is none.
    """

    values: Values
    outcome: Outcome

    @property
    def model(self) -> Model | None:
        """The model; None where the run failed."""
        return self.outcome if isinstance(self.outcome, Model) else None

    @property
    def failure(self) -> str:
        """Why there is no model; '' where there is one."""
        return self.outcome.reason if isinstance(self.outcome, Failure) else ""

    @property
    def failed(self) -> bool:
        """Whether the run began and left no model."""
        return self.failure not in ("", NOT_BEGUN)

    @property
    def history(self) -> History:
        """The run, epoch by epoch."""
        return self.outcome.history

    @property
    def stopped(self) -> str:
        """Why the run ended, in a word: 'failed' where it left no model, 'not begun' where an interrupt came first."""
        if self.model is None:
            return "failed" if self.failed else "not begun"
        return self.model.stopped.partition(" ")[0]

    def to_json(self) -> dict[str, Any]:
        """What became of it, without its scores on test rows, which choose nothing."""
        model = self.model
        return {
            "values": plain(self.values),
            "stopped": self.failure if model is None else model.stopped,
            "failed": self.failed,
            "epochs": self.outcome.epochs,
            "best_epoch": model.best_epoch if model else None,
            "train": model.scores.get("train") if model else None,
            "validation": model.scores.get("validation") if model else None,
        }


class Criterion(NamedTuple):
    """What members are compared by: a score of a part of the rows.

    The loss, where all members have the same one on the same scale; else the accuracy, or the rmse in the target's
    units.
    """

    part: str
    score: str

    def __str__(self) -> str:
        return f"{'training' if self.part == 'train' else self.part} {self.score}"

    def of(self, model: Model) -> float:
        """The score of a model; not a number where it was not scored."""
        return model.scores.get(self.part, {}).get(self.score, nan)

    def cost(self, model: Model) -> float:
        """What makes a model worse: the score, or its negative where more is better; infinite where there is none."""
        score = self.of(model)
        return inf if not isfinite(score) else -score if self.score == "accuracy" else score


class Configuration(NamedTuple):
    """The members of one combination of values, one a seed."""

    values: Values
    members: tuple[Member, ...]

    @property
    def models(self) -> list[Model]:
        """The models that the members left."""
        return [member.model for member in self.members if member.model is not None]

    @property
    def reach(self) -> float:
        """The epochs of the members that went on longest before halving stopped them; infinite where it did not."""
        return max((_reach(model) for model in self.models), default=-inf)

    @property
    def judged(self) -> list[Model]:
        """The models that it is judged by: of the members that halving let go on longest."""
        return [model for model in self.models if _reach(model) == self.reach]

    def mean(self, criterion: Criterion) -> float:
        """The mean of the judged models' scores; not a number where there is none."""
        scores = self.scores(criterion)
        return fmean(scores) if scores else nan

    def spread(self, criterion: Criterion) -> float | None:
        """The standard deviation of the judged models' scores over the seeds; None where fewer than two were scored."""
        scores = self.scores(criterion)
        return stdev(scores) if len(scores) > 1 else None

    def scores(self, criterion: Criterion) -> list[float]:
        """The scores of the judged models; an interrupt leaves some without."""
        return [score for score in map(criterion.of, self.judged) if isfinite(score)]

    def cost(self, criterion: Criterion) -> tuple[bool, bool, float, float]:
        """What configurations are ordered by: those first of which every member has a score, and those last of which
        none has; those first that halving let go on longest; the lowest mean cost first.
        """
        costs = [cost for cost in map(criterion.cost, self.judged) if isfinite(cost)]
        missing = len(self.models) < len(self.members) or len(costs) < len(self.judged)
        return not costs, missing, -self.reach, fmean(costs) if costs else inf

    @property
    def stopped(self) -> str:
        """Why the members ended, the most frequent reason first."""
        words = Counter(member.stopped for member in self.members).most_common()
        return words[0][0] if len(words) == 1 else ", ".join(f"{count} {word}" for word, count in words)


def _reach(model: Model) -> float:
    return model.epochs if model.stopped.startswith("halved") else inf


def plain(values: Values) -> Values:
    """Values as a frame takes them: numbers and texts as they are, anything else in its own words."""
    return {name: _plain(value) for name, value in values.items()}


def _plain(value: Any) -> Any:
    if value is None or isinstance(value, bool | int | float | str):
        return value
    return getattr(value, "__name__", None) or str(value)
