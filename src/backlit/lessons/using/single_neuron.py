"""Row 102: one neuron on a table of patients, before and after its weights are learned."""

from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

import backlit as bl
from backlit.lessons.lesson import Lesson, Outcome
from backlit.lessons.measures import percent
from backlit.pictures.canvas import BLUE, GRAY, VERMILLION, panels

MEASUREMENTS = ("mean texture", "mean area", "mean smoothness", "mean concavity")
SEEDS = 20
UNMOVED, RATE = 1e-9, 0.5  # at the first rate the weights stay as they were drawn


def run() -> Outcome:
    """The same neurons on the same test rows, as drawn and as trained."""
    with TemporaryDirectory() as folder:
        table = Path(folder) / "patients.csv"
        write_table(table)
        found = bl.fit(
            "Dense(1)",
            table,
            target="malignant",
            optimizer="gradient-descent",
            batch_size="full",
            learning_rate=[UNMOVED, RATE],
            epochs=200,
            seed=range(SEEDS),
            split_seed=0,
        )
    drawn, trained = ([m for m in found.models if m.settings.learning_rate == rate] for rate in (UNMOVED, RATE))
    before, after = (np.array([m.scores["test"]["accuracy"] for m in models]) for models in (drawn, trained))
    weights = np.array([m.parameters["dense_1"]["weight"][:, 0] for m in trained])
    constant = found.best.scores["baseline"]["accuracy"]
    holds = bool(before.mean() < constant < after.min())
    finding = (
        f"Over {SEEDS} random starts the neuron is right about {percent(before.mean(), 0)} of the test patients on "
        "average "
        f"({percent(before.min(), 0)} to {percent(before.max(), 0)}); who always gives the commoner answer is right "
        "about "
        f"{percent(constant, 0)}. After 200 steps of gradient descent the same neurons are right about "
        f"{percent(after.mean(), 0)} "
        f"({percent(after.min(), 0)} to {percent(after.max(), 0)}), and their weights differ between the starts by "
        f"{weights.std(0).max():.2f} at most: the start "
        f"{'does not matter' if np.ptp(after) < 0.05 else 'still matters'} to what is learned."
    )
    with panels(1, 2, size=(8.6, 3.8), width_ratios=(1.25, 1)) as (picture, ((scores, learned),)):
        scores.plot([0, 1], [before, after], color=GRAY, alpha=0.5, linewidth=1)
        scores.plot(np.zeros(SEEDS), before, "o", color=VERMILLION, label="random weights")
        scores.plot(np.ones(SEEDS), after, "s", color=BLUE, label="learned weights")
        scores.axhline(constant, color=GRAY, linestyle="--", label="always the commoner answer")
        scores.set(xticks=[0, 1], xticklabels=["as drawn", "after 200 steps"], xlim=(-0.3, 1.3), ylim=(0, 1.02))
        scores.set(ylabel="accuracy on test patients", title=f"{SEEDS} neurons, before and after")
        scores.legend(loc="lower right")
        places = np.arange(len(MEASUREMENTS))
        learned.barh(places, weights.mean(0), xerr=weights.std(0), color=BLUE)
        learned.set_yticks(places, [name.removeprefix("mean ") for name in MEASUREMENTS])
        learned.axvline(0, color=GRAY, linewidth=1)
        learned.set(xlabel="weight, per deviation of the input", title="What it learned (± over starts)")
    measures = {
        "random accuracy": float(before.mean()),
        "trained accuracy": float(after.mean()),
        "baseline accuracy": constant,
        "spread of weights": float(weights.std(0).max()),
    }
    return Outcome(picture, finding, holds, measures)


def write_table(path: Path) -> None:
    """Four measurements of 569 tumors and whether they were malignant, as CSV."""
    from sklearn.datasets import load_breast_cancer

    found = load_breast_cancer(as_frame=True)
    table = found.data[list(MEASUREMENTS)]
    table.assign(malignant=found.target.map({0: "yes", 1: "no"})).to_csv(path, index=False)


LESSON = Lesson(
    name="single-neuron",
    title="One neuron on a table of patients",
    rows=(102,),
    claim="Start a single neuron with random weights, and it will most likely answer badly; a loss that says how bad "
    "it is, and how to change each weight, turns it into a good one (document 2, on heart patients).",
    experiment="569 patients (scikit-learn's breast cancer table, since the lecture's heart table is not given), 4 "
    f"measurements, written to a CSV file; one sigmoid neuron, cross-entropy, {SEEDS} random starts, 200 steps of "
    "gradient descent at 0.5 on all training rows; accuracy on 85 test rows, before and after. `examples/heart.py` "
    "does it on a table of yours.",
    run=run,
)
