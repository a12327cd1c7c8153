"""What a sweep found: every member's outcome, a table of the configurations, and the best model.

Configurations are ordered by the mean of their members' validation scores (by training scores, where there are no
validation rows); the best model is the best member of the first. Test rows choose nothing: their score is told of the
best model alone.
"""

import csv
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from math import isfinite
from pathlib import Path
from statistics import fmean
from typing import Any

from backlit.alignment import align, number
from backlit.errors import TrainingError
from backlit.training.model import Model
from backlit.training.populations.population import NOT_BEGUN
from backlit.training.sweeps.configurations import Configuration, Criterion, Member, plain
from backlit.training.sweeps.spaces import Values

SHOWN = 20  # configurations in the printed table
LONGEST = 60  # characters of a value there
SHORT = 8  # characters up to which a number is written whole


class Sweep:
    """The outcome of a sweep; `print(sweep)` shows its table.

    Attributes:
        members: every run with its values, in the order in which the values were given, the seeds changing fastest.
        criterion: what they are compared by, such as 'validation loss'.
        configurations: the members by configuration, the best first.
        seconds: of all programs together: 'compile', 'train', and 'total', scoring included.

    Args:
        configurations: with their members' outcomes.
        comparable: whether the losses of all members are the same function on the same scale.
        seconds: as above.

    Raises:
        TrainingError: every member failed.
    """

    def __init__(
        self,
        configurations: Sequence[Configuration],
        comparable: bool = True,
        seconds: Mapping[str, float] | None = None,
    ) -> None:
        self.members = tuple(member for configuration in configurations for member in configuration.members)
        self.seconds = dict(seconds or {})
        if not self.models:
            reasons = Counter(member.failure for member in self.failures)
            reason, count = reasons.most_common(1)[0]
            failed = reasons.total()
            others = f"; {failed - count} for other reasons" if count < failed else ""
            begun = " that began" if failed < len(self.members) else ""
            raise TrainingError(f"all {failed} members of the sweep{begun} failed: {reason}{others}")
        model = self.models[0]
        part = "validation" if model.rows.get("validation") else "train"
        self.criterion = Criterion(part, "loss" if comparable else "accuracy" if model.schema.classes else "rmse")
        self.configurations = tuple(sorted(configurations, key=lambda one: one.cost(self.criterion)))

    @property
    def models(self) -> list[Model]:
        """The models of the members that did not fail, in the members' order."""
        return [member.model for member in self.members if member.model is not None]

    @property
    def failures(self) -> list[Member]:
        """The members that began and have no model."""
        return [member for member in self.members if member.failed]

    @property
    def not_begun(self) -> list[Member]:
        """The members that an interrupt from the keyboard kept from beginning."""
        return [member for member in self.members if member.failure == NOT_BEGUN]

    @property
    def interrupted(self) -> bool:
        """Whether an interrupt from the keyboard ended the sweep."""
        return bool(self.not_begun) or any(model.stopped == "interrupted" for model in self.models)

    @property
    def epochs(self) -> int:
        """The epochs that all members made together."""
        return sum(member.outcome.epochs for member in self.members)

    @cached_property
    def chosen(self) -> Member:
        """The member of the first configuration with the best score."""
        best = min(self.configurations[0].judged, key=self.criterion.cost)
        return next(member for member in self.members if member.outcome is best)

    @property
    def best(self) -> Model:
        """The model of the best member of the best configuration."""
        assert self.chosen.model is not None
        return self.chosen.model

    @property
    def other(self) -> str:
        """The score that is shown beside the criterion; '' where there is none."""
        names = [name for name in ("accuracy", "rmse") if name in self.best.scores.get(self.criterion.part, {})]
        return next((name for name in names if name != self.criterion.score), "")

    def table(self) -> list[dict[str, Any]]:
        """A row a configuration, the best first, as any frame takes it: `polars.DataFrame(sweep.table())`.

        Returns:
            Its values; the mean score over its seeds, by the criterion's name, and its standard deviation, `spread`
            (None for one seed); the mean of accuracy or rmse; the number of `seeds` and of those that `failed`; the
            mean number of `epochs`, `measured_epochs` where epochs are swept; why they `stopped`.
        """
        part, score = self.criterion
        rows = []
        for configuration in self.configurations:
            models = configuration.models
            row = plain(configuration.values)
            row[f"{part}_{score}"] = _finite(configuration.mean(self.criterion))
            row["spread"] = configuration.spread(self.criterion)
            if self.other:
                row[f"{part}_{self.other}"] = _finite(configuration.mean(Criterion(part, self.other)))
            row["seeds"] = len(configuration.members)
            row["failed"] = sum(member.failed for member in configuration.members)
            row[_measured("epochs", row)] = fmean(model.epochs for model in models) if models else None
            row["stopped"] = configuration.stopped
            rows.append(row)
        return rows

    def cells(self, most: int = SHOWN) -> list[list[str]]:
        """The headings and the first rows of the table, as text."""
        rows = self.table()
        hidden = set() if any(row["seeds"] > 1 for row in rows) else {"spread", "seeds"}
        hidden |= set() if self.failures else {"failed"}
        names = [name for name in rows[0] if name not in hidden]
        left = len(self.configurations[0].values)
        digits = [_digits([row[name] for row in rows]) for name in names[:left]]
        headings = [name if place < left else name.replace("_", " ") for place, name in enumerate(names)]
        return [headings, *(list(_cells(row, names, digits)) for row in rows[:most])]

    def remarks(self, most: int = SHOWN) -> list[str]:
        """What is to be said under the table: how it was chosen, the best member, and what failed."""
        rest = len(self.configurations) - most
        said = [f"and {rest:,} more configuration{'s' if rest > 1 else ''}"] if rest > 0 else []
        if self.criterion.part == "train":
            said.append("there are no validation rows: the choice is by the training rows")
        if self.criterion.score != "loss":
            said.append(f"the members' losses cannot be compared: the choice is by the {self.criterion.score}")
        scores = [f"{self.criterion} {number(self.criterion.of(self.best))}"]
        scores += [f"test {name} {number(value)}" for name, value in self.best.scores.get("test", {}).items()]
        said.append(f"best: {written(self.chosen.values)}: {', '.join(scores)}")
        for reason, count in Counter(member.failure for member in self.failures).items():
            first = next(member for member in self.failures if member.failure == reason)
            also = f" and {count - 1:,} more" if count > 1 else ""
            said.append(f"failed: {written(first.values)}{also}: {reason}")
        if self.not_begun:
            said.append(f"interrupted: {len(self.not_begun):,} of {len(self.members):,} members had not begun")
        return said

    def write_csv(self, path: str | Path) -> None:
        """Write the table as CSV."""
        rows = self.table()
        _write(path, list(rows[0]), iter(rows))

    def write_histories(self, path: str | Path) -> None:
        """Write the history of every member as one CSV, its values beside each epoch; telemetry is left out."""
        histories = [member.history for member in self.members]
        columns = dict.fromkeys(name for history in histories for name in history.columns if "/" not in name)

        def rows() -> Iterator[dict[str, Any]]:
            for member, history in zip(self.members, histories, strict=True):
                values = plain(member.values)
                for row in history.texts(tuple(name for name in columns if name in history.columns)):
                    yield {**values, **{_measured(name, values): text for name, text in row.items()}}

        swept = self.members[0].values
        _write(path, [*swept, *(_measured(name, swept) for name in columns)], rows())

    def to_json(self) -> dict[str, Any]:
        """The table, the best member's values, and what became of every member, as JSON has it."""
        return {
            "criterion": str(self.criterion),
            "best": plain(self.chosen.values),
            "table": self.table(),
            "seconds": self.seconds,
            "members": [member.to_json() for member in self.members],
        }

    def __str__(self) -> str:
        return "\n".join([*align(self.cells(), left=max(len(self.configurations[0].values), 1)), *self.remarks()])

    def __repr__(self) -> str:
        best = f"{written(self.chosen.values)}: {self.criterion} {number(self.criterion.of(self.best))}"
        waiting = f", {len(self.not_begun):,} not begun" if self.not_begun else ""
        return f"Sweep({len(self.members):,} members, {len(self.failures):,} failed{waiting}; best: {best})"


def written(values: Values) -> str:
    """Values by name, as a sentence has them.

    >>> written({"learning_rate": 0.001, "network": "ReLU, Dense(3)", "seed": 3})
    "learning_rate 0.001, network 'ReLU, Dense(3)', seed 3"
    """
    texts = {name: _written(value) for name, value in plain(values).items()}
    return ", ".join(f"{name} {text!r}" if "," in text else f"{name} {text}" for name, text in texts.items())


def _measured(name: str, values: Values) -> str:
    """The name of a measured column, beside a setting of the same name too."""
    return f"measured_{name}" if name in values else name


def _digits(values: Sequence[Any]) -> int:
    """As many digits as tell these values apart, four at least."""
    different = {value for value in values if isinstance(value, float)}
    return next(
        (count for count in range(4, 17) if len({f"{value:.{count}g}" for value in different}) == len(different)), 17
    )


def _written(value: Any, digits: int = 6) -> str:
    text = "none" if value is None else f"{value:.12g}" if isinstance(value, float) else str(value)
    if isinstance(value, float) and len(text) > SHORT:
        text = f"{value:.{digits}g}"
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"


def _cells(row: Values, names: Sequence[str], digits: Sequence[int]) -> Iterator[str]:
    """A row of the table as text: values with so many digits, scores, counts."""
    for place, name in enumerate(names):
        value = row[name]
        if place < len(digits):
            yield _written(value, digits[place])
        elif isinstance(value, str | int):
            yield _written(value)
        else:
            yield f"{value:.0f}" if name.endswith("epochs") and value is not None else number(value)


def _write(path: str | Path, columns: list[str], rows: Iterator[dict[str, Any]]) -> None:
    with open(path, "w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, columns)
        writer.writeheader()
        writer.writerows(rows)


def _finite(value: float) -> float | None:
    return value if isfinite(value) else None
