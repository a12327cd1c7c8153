"""Populations: the time a net and step takes when many train together, against one alone.

First the forms: how many members go side by side (`width`) and in how many threads, each with rows in an order of its
own, or all in the same; then what `train_together` chooses. Every figure is that of whole runs, with shuffling, scoring
and telemetry in every epoch, compiling left out; the ratio is to the same run alone, round by round.

    python benchmarks/populations.py [--rounds 3] [--members 1 8 64 256] [--tasks tiny small wide image]
"""

import argparse
from collections.abc import Callable
from functools import partial
from statistics import median
from tempfile import TemporaryDirectory

import numpy as np
from timing import interleave, ratio, show, verdict

import backlit as bl
from backlit.training.populations import rounds
from backlit.training.populations.forms import Form
from backlit.training.populations.population import train_together
from backlit.training.programs import cache_programs
from backlit.training.run import Run

GOALS = {"tiny": 1 / 8, "small": 1 / 3}  # of the time of one alone, in a population of 64
WIDTHS = (1, 2, 4, 8, 16, 32)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3, help="interleaved rounds")
    parser.add_argument("--members", type=int, nargs="+", default=[1, 8, 64, 256], help="sizes of populations")
    parser.add_argument("--tasks", nargs="+", choices=TASKS, default=list(TASKS), help="what is trained")
    parser.add_argument("--forms", action="store_true", help="the table of forms, too")
    options = parser.parse_args()
    with TemporaryDirectory() as folder:
        cache_programs(folder)  # each form is compiled in its first round alone
        show(table(options))


def table(options: argparse.Namespace) -> list[tuple[str, ...]]:
    heading = ("task", "seeds", "members", "form", "µs a net and step", "min", "max", "ratio to one alone", "goal")
    rows: list[tuple[str, ...]] = [heading]
    for task in options.tasks:
        run = TASKS[task]()
        for seeds in ("own", "same"):
            calls: dict[str, Callable[[], float]] = {"alone": partial(alone, run)}
            for count in options.members:
                members = population(run, count, seeds)
                calls[f"{count}"] = partial(together, members)
                if options.forms and count == 64:
                    for width in WIDTHS:
                        calls |= {f"{count} {width}×{t}": partial(together, members, Form(width, t)) for t in (1, 2)}
            figures = interleave(calls, options.rounds)
            for name, spent in figures.items():
                value = ratio(figures, name, "alone")
                goal = verdict(value, GOALS[task]) if name == "64" and task in GOALS else ""
                spread = (f"{statistic(spent):.2f}" for statistic in (median, min, max))
                count, _, form = name.partition(" ")
                rows.append((task, seeds, count, form or "chosen", *spread, f"{value:.3f}", goal))
    return rows


def alone(run: Run) -> float:
    return 1e6 / run.train().steps_per_second


def together(runs: list[Run], form: Form | None = None) -> float:
    chosen = rounds.form_of
    if form is not None:
        rounds.form_of = lambda *_: form
    try:
        models = [made for made in train_together(runs) if isinstance(made, bl.Model)]
    finally:
        rounds.form_of = chosen
    assert len(models) == len(runs)
    return 1e6 / (models[0].steps_per_second * len(runs))


def population(run: Run, count: int, seeds: str) -> list[Run]:
    rates = np.geomspace(1e-4, 1e-3, count)
    return [run.change(learning_rate=float(rate), seed=place * (seeds == "own")) for place, rate in enumerate(rates)]


def tiny() -> Run:
    x = np.random.default_rng(0).normal(size=(1024, 2)).astype(np.float32)
    y = np.where(x[:, 0] * x[:, 1] > 0, "same", "other")
    return prepared("Dense(16), ReLU, Dense(16), ReLU, Dense(2), Softmax", x, y, epochs=300)


def small() -> Run:
    return prepared("Dense(64), ReLU, Dense(64), ReLU, Dense(10)", "digits", epochs=20)


def wide() -> Run:
    x = np.random.default_rng(0).normal(size=(2048, 784)).astype(np.float32)
    y = (x[:, :10].argmax(1)).astype(str)
    return prepared("Dense(256), ReLU, Dense(256), ReLU, Dense(10)", x, y, epochs=1, batch_size=128)


def image() -> Run:
    return prepared("Conv(8, 3), ReLU, MaxPool(2), Flatten, Dense(10)", "digits", epochs=2)


def prepared(network: str, *data: object, **settings: object) -> Run:
    chosen = {"split": (1, 0, 0), "batch_size": 32, "l2": 0.0, "schedule": "constant", "learning_rate": 1e-3}
    return bl.prepare(network, *data, **{**chosen, **settings})


TASKS: dict[str, Callable[[], Run]] = {"tiny": tiny, "small": small, "wide": wide, "image": image}

if __name__ == "__main__":
    main()
