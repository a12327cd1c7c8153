"""What watching costs: the same run with the monitor and without it, in turn."""

from typing import Any

from benchmarks.doctor.programs import program_named
from benchmarks.timing import interleave, ratio

import backlit as bl
from backlit.doctor.course.monitor import Monitor
from backlit.training.run import Run

PROGRAM = "digits-mlp"
EPOCHS = 1000  # a second
CADENCES: dict[str, dict[str, Any]] = {"default cadence": {}, "every epoch": {"telemetry": 1}}


def overhead(rounds: int = 5) -> dict[str, float]:
    """The share of a run's time that the monitor adds, by the cadence of telemetry.

    Telemetry of the default cadence is in both; what that of every epoch adds counts.
    """
    plain = _run({})
    shares = {}
    for name, settings in CADENCES.items():
        watched = _run(settings)
        calls = {
            "alone": lambda: _seconds(plain.train()),
            "watched": lambda run=watched: _seconds(run.train(Monitor(run))),
        }
        figures = interleave(calls, rounds + 1)
        shares[name] = ratio({key: values[1:] for key, values in figures.items()}, "watched", "alone") - 1
    return shares


def _run(settings: dict[str, Any]) -> Run:
    return program_named(PROGRAM).with_arguments(epochs=EPOCHS, **settings).prepare(0)


def _seconds(model: bl.Model) -> float:
    """Of training, compiling left out."""
    return model.seconds["train"]
