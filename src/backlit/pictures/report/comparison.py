"""Runs side by side: what differs in their settings, how good they became, what they cost."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import hypot
from typing import Any

from backlit.alignment import number
from backlit.errors import DataError
from backlit.layers.notation import write
from backlit.pictures.report.evidence import Evidence
from backlit.pictures.report.figures import figure
from backlit.pictures.report.markup import Markup, join, listed, table
from backlit.pictures.report.network import outline
from backlit.pictures.report.page import Section, render
from backlit.pictures.report.verdict import deviation, percent
from backlit.pictures.runs import plot_runs

JUDGED = ("split", "split_seed", "order_by")  # settings that decide which rows judge a run


@dataclass(frozen=True, eq=False)
class Comparison:
    """Runs side by side.

    Attributes:
        runs: what is known of each, by its name.
    """

    runs: dict[str, Evidence]

    def __post_init__(self) -> None:
        if len(self.runs) < 2:
            raise DataError(f"{len(self.runs)} run to compare: name two runs at least, each once")

    @property
    def settings(self) -> dict[str, list[Any]]:
        """What was set differently: a value a run, by name."""
        named = [{"data": _data(one), **_settings(one)} for one in self.runs.values()]
        return {name: values for name in named[0] if _differ(values := [one[name] for one in named])}

    @property
    def results(self) -> dict[str, list[Any]]:
        """What came out: a value a run, by name; None where it is not known."""
        found = [_results(one) for one in self.runs.values()]
        return {name: [one.get(name) for one in found] for name in dict.fromkeys(name for one in found for name in one)}

    @property
    def alike(self) -> bool:
        """Whether the runs have one task, and the same targets."""
        return not _differ([(one.model.schema.task, one.model.schema.target) for one in self.runs.values()])

    @property
    def judged_alike(self) -> bool:
        """Whether the same rows judge all runs."""
        return not _differ([_rows(one) for one in self.runs.values()])

    @property
    def notes(self) -> list[str]:
        """Why scores may not be compared, and what is missing."""
        said = []
        runs = list(self.runs.values())
        if not self.alike:
            said.append("the runs have different tasks or targets: their scores say nothing of each other")
        elif not self.judged_alike:
            said.append("the runs are judged by different rows: a difference of their scores may come from these alone")
        elif _differ([str(one.model.loss) for one in runs]):
            said.append("the runs have different losses: compare the other scores")
        return said + [f"{name}: {missing}" for name, one in self.runs.items() for missing in one.missing]

    def lines(self) -> list[list[str]]:
        """The table: a line a setting that differs, then a line a result; a column a run."""
        return self.setting_lines() + self.result_lines()

    def setting_lines(self) -> list[list[str]]:
        """A line a setting that differs; networks are shortened where that leaves them different."""
        short = [outline(one.model.network) for one in self.runs.values()]
        shown = self.settings | ({"network": short} if "network" in self.settings and _differ(short) else {})
        return [[name, *map(_cell, values)] for name, values in shown.items()]

    def result_lines(self) -> list[list[str]]:
        """A line a result."""
        return [[name, *(_score(name, value) for value in values)] for name, values in self.results.items()]

    def verdict(self) -> str:
        """Which run is the best; of an accuracy also whether that may be chance, within two standard deviations."""
        if not self.alike:
            return "The runs have different tasks or targets, so none can be called the best."
        if not self.judged_alike:
            return "The runs are judged by different rows, so none can be called the best."
        known = [name for name in ("test accuracy", "test rmse") if None not in self.results.get(name, [None])]
        if not known:
            return (
                "The runs have no accuracy or error over test rows that all of them have, so none is called the best."
            )
        name, high = known[0], known[0] == "test accuracy"
        values = dict(zip(self.runs, self.results[name], strict=True))
        best, second, *_ = sorted(values, key=lambda run: values[run], reverse=high)
        own, other = (_score(name, values[run]) for run in (best, second))
        if values[best] == values[second]:
            return f"{best} and {second} are equally good: the {name} of both is {own}."
        if not high:
            return f"{best} has the lowest {name}: {own}, that of {second} is {other}."
        rows = min(one.rows.get("test", 1) for one in self.runs.values())
        near = values[best] - values[second] <= hypot(*(deviation(values[run], rows) for run in (best, second)))
        chance = "such a difference may well be chance." if near else "that is more than chance."
        return f"{best} is the best: its {name} is {own}, that of {second} {other}. With {rows:,} test rows, {chance}"


def compare_page(comparison: Comparison) -> str:
    """The HTML of a comparison.

    Args:
        comparison: of two runs at least.
    """
    names = list(comparison.runs)
    settings, results = comparison.setting_lines(), comparison.result_lines()
    sections = [
        Section("results", "What came out", "Each column is a run.", table(["", *names], results, stacks=True)),
        Section(
            "settings",
            "What differs",
            "Only these settings are not the same." if settings else "All settings are the same.",
            table(["setting", *names], settings, left=1 + len(names), stacks=True) if settings else Markup(""),
        ),
    ]
    histories = {name: one.model.history for name, one in comparison.runs.items() if len(one.model.history)}
    if histories:
        words = "The loss of every run over its epochs; lower is better."
        drawn = figure("runs", lambda: plot_runs(histories), "The losses of all runs, epoch by epoch")
        sections.insert(1, Section("curves", "The training", words, drawn))
    if comparison.notes:
        sections.insert(0, Section("notes", "Notes", "", listed(comparison.notes)))
    title = f"{len(names)} runs side by side"
    return render(title, comparison.verdict(), join(()), sections, "Made by Backlit from the folders of the runs.")


def _settings(one: Evidence) -> dict[str, Any]:
    return {"network": write(one.model.network), **one.model.settings.to_json()}


def _data(one: Evidence) -> str:
    data = one.record.get("data")
    return str(data.get("source", "")) if isinstance(data, dict) else one.card.title if one.card else ""


def _rows(one: Evidence) -> Any:
    settings = one.model.settings.to_json()
    return _data(one), one.model.rows, [settings[name] for name in JUDGED]


def _results(one: Evidence) -> dict[str, Any]:
    scores = {
        f"{part} {name}": value
        for part in ("test", "validation", "train")
        for name, value in one.scores.get(part, {}).items()
        if len(name.split()) == 1 and (part != "train" or name != "loss")
    }
    model = one.model
    cost = {"parameters": model.summary().parameters, "epochs made": model.epochs, "best epoch": model.best_epoch}
    return {**scores, **cost, "seconds of training": one.seconds.get("train"), "stopped": model.stopped}


def _differ(values: Sequence[Any]) -> bool:
    return any(value != values[0] for value in values)


def _cell(value: Any) -> str:
    if value is None or value == "":
        return "–"
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def _score(name: str, value: Any) -> str:
    if value is None or isinstance(value, str):
        return value or "–"
    if name.endswith("accuracy"):
        return percent(value)
    return f"{value:,}" if isinstance(value, int) else f"{value:.3g}" if name.startswith("seconds") else number(value)
