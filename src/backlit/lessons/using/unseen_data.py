"""Row 101: why the test is on unseen rows: a network that memorizes, and copies that leak."""

import numpy as np

import backlit as bl
from backlit.lessons.lesson import Lesson, Outcome
from backlit.lessons.measures import percent
from backlit.pictures.canvas import BLUE, GRAY, VERMILLION, canvas, picture_of

ROWS, FEATURES, SPLIT, SEEDS = 600, 12, (0.6, 0.0, 0.4), 5
NETWORK = "Dense(256), ReLU, Dense(1)"


def run() -> Outcome:
    """The same network on rows whose labels were drawn by a coin, each row once, and half of the rows twice."""
    random = np.random.default_rng(0)
    x = random.normal(size=(ROWS, FEATURES)).astype(np.float32)
    coins = random.permutation(np.arange(ROWS) % 2)
    twice = np.repeat(np.arange(ROWS // 2), 2)
    cases = {"each row once": (x, coins), "half of the rows, each twice": (x[twice], coins[twice])}
    parts = [bl.read(inputs, y=labels).split(SPLIT) for inputs, labels in cases.values()]
    scores = {}
    for name, (inputs, labels) in cases.items():
        found = bl.fit(NETWORK, inputs, labels, split=SPLIT, learning_rate=0.01, epochs=60, seed=range(SEEDS))
        scores[name] = np.array(
            [[model.scores[part]["accuracy"] for part in ("train", "test")] for model in found.models]
        )
    once, leaked = (values.mean(0) for values in scores.values())
    finding = (
        f"On labels drawn by a coin the network is right about {percent(once[0], 0)} of the training rows and "
        f"{percent(once[1], 0)} "
        "of the test rows: it "
        f"{'has learned the rows by heart and nothing else' if once[0] > 0.99 else 'learned part of the rows'}, and "
        f"only unseen rows tell. With every row twice, {parts[1].duplicates} of {len(parts[1].test)} test rows also "
        f"occur in training, and coins seem predictable: {percent(leaked[1], 0)} on the test. A copy is not unseen, "
        "so the "
        f"split counts them: “{parts[1].description}”."
    )
    with canvas(size=(6.8, 4.2)) as axes:
        places = np.arange(len(cases))
        for shift, part, color, hatch in ((-0.19, "training rows", GRAY, "//"), (0.19, "test rows", BLUE, "")):
            column = 0 if shift < 0 else 1
            mean = np.array([values[:, column].mean() for values in scores.values()])
            spread = [values[:, column].std() for values in scores.values()]
            axes.bar(places + shift, mean, 0.36, yerr=spread, capsize=3, color=color, hatch=hatch, label=part)
            for place, value in zip(places, mean, strict=True):
                axes.text(place + shift, value + 0.035, percent(value, 0), ha="center")
        axes.axhline(0.5, color=VERMILLION, linestyle="--", label="a coin")
        axes.set_xticks(places, list(cases))
        axes.set(
            ylabel="accuracy (± over starts)",
            ylim=(0, 1.3),
            title="Labels by a coin: copies make them look predictable",
        )
        axes.set_yticks(np.linspace(0, 1, 6))
        axes.legend(loc="upper center", ncols=3)
    measures = {"train": float(once[0]), "test": float(once[1]), "leaked test": float(leaked[1])}
    measures |= {"copies": float(parts[0].duplicates), "leaked copies": float(parts[1].duplicates)}
    holds = once[0] > 0.99 and abs(once[1] - 0.5) < 0.1 and leaked[1] > once[1] + 0.2
    return Outcome(picture_of(axes), finding, bool(holds), measures)


LESSON = Lesson(
    name="unseen-data",
    title="Training rows, test rows, and copies",
    rows=(101,),
    claim="A model is judged on data that it has not seen in training (document 1).",
    experiment=f"{ROWS} rows of {FEATURES} random numbers, {percent(SPLIT[0], 0)} for training, "
    f"{percent(SPLIT[2], 0)} for the test; "
    f"{NETWORK}, 60 epochs of Adam at 0.01, {SEEDS} starts; labels by a coin; then the same with half of the rows, "
    "each taken twice, before the split. `backlit train` reports the split and the copies of every run.",
    run=run,
)
