"""What a repair came to: its steps, each a remedy and what a rerun said of it, and the model that it ends with."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import isfinite, nan
from pathlib import Path
from textwrap import shorten
from typing import Any

from backlit.alignment import align, number
from backlit.data import Dataset
from backlit.doctor.comparison import LOSS, RECALL
from backlit.doctor.finding import Finding, Remedy
from backlit.errors import DataError
from backlit.pictures.canvas import Picture
from backlit.pictures.runs import plot_runs
from backlit.shapes import write
from backlit.training import History, Model
from backlit.training.preparation import OF_READING

LONGEST = 60  # characters of a remedy in the table


@dataclass(frozen=True)
class Step:
    """One remedy that was considered.

    Attributes:
        finding: what it is to mend.
        remedy: what was done.
        changes: all that it changes of what `prepare` was given.
        measure: what was compared on the validation rows: 'loss', 'accuracy', 'rmse' or 'mean recall of the classes';
            '' where nothing was trained.
        before, after: its means over the seeds, where no run counts as worse than the constant prediction.
        spread: two standard errors of the mean difference.
        kept: whether the remedy stays.
        worse: whether it is proved to do harm.
        why: in words.
    """

    finding: Finding
    remedy: Remedy
    changes: Mapping[str, Any] = field(default_factory=dict)
    measure: str = ""
    before: float = nan
    after: float = nan
    spread: float = nan
    kept: bool = False
    worse: bool = False
    why: str = ""

    def to_json(self) -> dict[str, Any]:
        """The step as plain JSON values."""
        return {
            "fault": self.finding.fault,
            "where": self.finding.where,
            "remedy": self.remedy.words,
            "touches_data": touches_data(self.remedy),
            "changes": plain_changes(self.changes),
            "measure": self.measure,
            **{name: _finite(getattr(self, name)) for name in ("before", "after", "spread")},
            "kept": self.kept,
            "worse": self.worse,
            "why": self.why,
        }


@dataclass(frozen=True)
class Repair:
    """What a repair came to; `print(repair)` shows it.

    Attributes:
        original: the model as it was; None of a run that left none, as its first epoch failed.
        model: the repaired one, with the seed of the original; the original where nothing helped.
        steps: the remedies, in the order in which they were considered.
        seeds: with how many each was tried.
        interrupted: whether the keyboard ended it early; what was kept by then is kept.
    """

    original: Model | None
    model: Model | None
    steps: tuple[Step, ...]
    seeds: int
    interrupted: bool = False

    @property
    def kept(self) -> tuple[Step, ...]:
        """The remedies that were kept."""
        return tuple(step for step in self.steps if step.kept)

    @property
    def changes(self) -> dict[str, Any]:
        """What the remedies that were kept change together: arguments of `prepare`."""
        return {name: value for step in self.kept for name, value in step.changes.items()}

    @property
    def curves(self) -> dict[str, History]:
        """The histories 'before', where there was one, and 'after', where anything helped."""
        named = {"before": self.original, "after": self.model if self.kept else None}
        return {name: model.history for name, model in named.items() if model is not None}

    def plot(self, path: str | Path | None = None) -> Picture:
        """The two curves in one picture: the validation loss, or the score where the loss became another.

        Args:
            path: a file that ends in .png, .svg or .pdf, or None.

        Raises:
            DataError: there is no model, or the original has no history.
        """
        if self.model is None:
            raise DataError("the run left no model, and no remedy was proved to help: there is no curve to show")
        measures = {step.measure for step in self.kept} - {RECALL}
        column = None if measures <= {LOSS} else f"validation_{'accuracy' if self.model.schema.classes else 'rmse'}"
        return plot_runs(self.curves, column, path=path)

    def __str__(self) -> str:
        if not self.steps:
            return "Nothing to repair: no remedy can be applied by itself."
        headings = ["remedy", "", "measure", "before", "after", "spread"]
        lines = [
            [
                shorten(step.remedy.words, LONGEST, placeholder=" …"),
                "kept" if step.kept else "not kept",
                step.measure and f"validation {step.measure}",
                *(_cell(value) for value in (step.before, step.after, step.spread)),
            ]
            for step in self.steps
        ]
        said = [*align([headings, *lines], 3), ""]
        said += [f"{_capital(step.remedy.words)}: {_verdict(step)}." for step in self.steps]
        if self.kept:
            said += ["", "Changed:", *(_line(name, value) for name, value in plain_changes(self.changes).items())]
        else:
            said += ["", "Nothing is changed: no remedy was proved to help."]
        if any(touches_data(step.remedy) for step in self.kept):
            said.append("THE DATA ARE NOT THOSE OF THE RUN: a remedy that was kept changes what the network sees.")
        if self.interrupted:
            said.append("Interrupted: not all remedies were tried.")
        return "\n".join(said)

    def to_json(self) -> dict[str, Any]:
        """The repair as plain JSON values."""
        return {
            "repaired": bool(self.kept),
            "changes": plain_changes(self.changes),
            "touches_data": any(touches_data(step.remedy) for step in self.kept),
            "steps": [step.to_json() for step in self.steps],
            "seeds": self.seeds,
            "interrupted": self.interrupted,
            "before": _scores_of(self.original),
            "after": _scores_of(self.model),
        }


def touches_data(remedy: Remedy) -> bool:
    """Whether a remedy changes what training sees."""
    return remedy.touches_data or bool(remedy.without)


def plain_changes(changes: Mapping[str, Any]) -> dict[str, Any]:
    """Changes as plain JSON values: a network is its notation, and of data that were read only their name is said."""
    read = isinstance(changes.get("data"), Dataset)
    said = {name: value for name, value in changes.items() if not (read and name in OF_READING and value is None)}
    return {name: _plain(value) for name, value in said.items()}


def _verdict(step: Step) -> str:
    loud = ", AND IT CHANGES THE DATA" if step.kept and touches_data(step.remedy) else ""
    return f"{'kept' if step.kept else 'not kept'}{loud}; {step.why}"


def _line(name: str, value: Any) -> str:
    return f"  {name} {'is the default' if value is None else f'= {value}'}"


def _cell(value: float) -> str:
    return number(value) if isfinite(value) else "–"


def _finite(value: float) -> float | None:
    return value if isfinite(value) else None


def _scores_of(model: Model | None) -> dict[str, dict[str, float | None]]:
    scores = {} if model is None else model.scores
    return {part: {name: _finite(value) for name, value in held.items()} for part, held in scores.items()}


def _capital(words: str) -> str:
    return words[:1].upper() + words[1:]


def _plain(value: Any) -> Any:
    if isinstance(value, Dataset):
        return f"{value.name} with examples of shape {write(value.schema.input_shape)}"
    return value if value is None or isinstance(value, bool | int | float | str | list | dict) else str(value)
