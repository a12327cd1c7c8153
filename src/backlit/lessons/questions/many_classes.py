"""Many classes: a softmax against one sigmoid a class."""

import jax.numpy as jnp
import numpy as np

import backlit as bl
from backlit.lessons.lesson import Lesson, Outcome
from backlit.lessons.measures import percent
from backlit.pictures.canvas import BLUE, GRAY, VERMILLION, panels
from backlit.shapes import Array

CLASSES, STEPS = 3, 400


def run() -> Outcome:
    """The same linear scores, trained with either loss, on iris."""
    parts = bl.read("iris").split((0.7, 0.0, 0.3))
    mean, deviation = parts.train.x.mean(0), parts.train.x.std(0)
    x, new = ((part.x - mean) / deviation for part in (parts.train, parts.test))
    y, answers = parts.train.y, parts.test.y
    codes = jnp.eye(CLASSES)[y]

    def scores(weights: Array, x: np.ndarray) -> Array:
        return jnp.asarray(x) @ weights[:-1] + weights[-1]

    def cross_entropy(weights: Array) -> Array:
        return bl.CrossEntropy().examples(scores(weights, x), jnp.asarray(y)).mean()

    def each_class_alone(weights: Array) -> Array:
        given = scores(weights, x)
        alone = [bl.BinaryCrossEntropy().examples(given[:, k : k + 1], codes[:, k]) for k in range(CLASSES)]
        return jnp.stack(alone, -1).mean()

    start = np.zeros((x.shape[1] + 1, CLASSES), np.float32)
    found = {
        "softmax": bl.minimize(cross_entropy, start, steps=STEPS, learning_rate=0.5),
        "sigmoids": bl.minimize(each_class_alone, start, steps=STEPS, learning_rate=0.5),
    }
    links = {"softmax": bl.softmax, "sigmoids": bl.sigmoid}
    said = {name: np.asarray(links[name](scores(held.point, new))) for name, held in found.items()}
    sums = {name: probabilities.sum(-1) for name, probabilities in said.items()}
    accuracy = {name: float((probabilities.argmax(-1) == answers).mean()) for name, probabilities in said.items()}
    chosen = (said["sigmoids"] > 0.5).sum(-1)
    unclear = int((chosen != 1).sum())
    first = float(found["softmax"].values[0])
    off = float(np.abs(sums["softmax"] - 1).max())
    finding = (
        f"The softmax's {CLASSES} probabilities sum to 1 on every one of {len(new)} test rows (within {off:.0e}); "
        f"those of {CLASSES} sigmoids sum to {sums['sigmoids'].min():.2f} to {sums['sigmoids'].max():.2f}, and on "
        f"{unclear} rows {'none or several are' if unclear else 'never none or several'} above one half. The "
        f"cross-entropy starts at {first:.4f}, ln {CLASSES} = {np.log(CLASSES):.4f}, the loss of a guess, and falls "
        f"to {found['softmax'].value:.4f}. Taking the largest, both are usable: {percent(accuracy['softmax'])} right "
        "with "
        f"the softmax, {percent(accuracy['sigmoids'])} with sigmoids."
    )
    with panels(1, 2, size=(9.0, 3.8)) as (picture, ((rows, trace),)):
        bins = np.linspace(0.3, 1.7, 36)
        rows.hist(sums["sigmoids"], bins, color=VERMILLION, alpha=0.8, label="3 sigmoids")
        rows.hist(sums["softmax"], bins, color=BLUE, histtype="step", hatch="//", linewidth=1.8, label="softmax")
        rows.set(xlabel="sum of a row's probabilities", ylabel="test rows", title="Only a softmax's sum is 1")
        rows.legend(loc="upper right")
        trace.plot(found["softmax"].values, color=BLUE, label="cross-entropy of the softmax")
        trace.axhline(np.log(CLASSES), color=GRAY, linestyle="--", label="ln 3: a guess")
        trace.set(xlabel="step", ylabel="loss (nats)", title="The loss starts at ln K", ylim=(0, 1.3))
        trace.legend()
    measures = {"first loss": first, "softmax off": off, "unclear rows": float(unclear)}
    measures |= {f"{name} accuracy": value for name, value in accuracy.items()}
    holds = off < 1e-5 and unclear > 0 and abs(first - np.log(CLASSES)) < 1e-5
    return Outcome(picture, finding, bool(holds), measures)


LESSON = Lesson(
    name="many-classes",
    title="Many classes: softmax or sigmoids",
    rows=(16, 34),
    claim="Sigmoids, one a class, may call several classes probable or none; a softmax makes probabilities that sum "
    "to 1, and cross-entropy is its loss (document 3).",
    experiment=f"Iris, 3 classes, 105 training and 45 test rows; linear scores from zeros, {STEPS} steps of gradient "
    "descent at 0.5, once with softmax and cross-entropy, once with a sigmoid and binary cross-entropy for each class.",
    run=run,
)
