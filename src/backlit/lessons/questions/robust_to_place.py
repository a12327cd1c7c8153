"""How detection becomes robust to the exact place of what is to be detected: pooling."""

import numpy as np

import backlit as bl
from backlit.lessons.lesson import Lesson, Outcome
from backlit.lessons.measures import percent
from backlit.lessons.questions.eyes import MIDDLE, draw_images
from backlit.pictures.canvas import COLORS, GRAY, panels

NETWORKS = {
    "a unit for each place": "Conv(8, 3), ReLU, Flatten, Dense(1)",
    "the maximum over all places": "Conv(8, 3), ReLU, GlobalMaxPool, Dense(1)",
}
SHIFTS = tuple(range(MIDDLE))  # to one pixel from the edge, so that every window of the eye is seen
ROWS, SEEDS = 300, 4


def run() -> Outcome:
    """Three networks that have seen eyes in the middle alone, on eyes elsewhere."""
    random = np.random.default_rng(0)
    y = np.arange(ROWS) % 2
    middle = np.full((ROWS, 2), MIDDLE)
    x = draw_images(middle, y == 1, seed=1)
    new = np.stack(
        [draw_images(middle + shift * random.choice([-1, 1], (ROWS, 2)), y == 1, seed=2) for shift in SHIFTS]
    )
    unseen = new.reshape(-1, *x.shape[1:])
    right = {}
    for name, notation in NETWORKS.items():
        found = bl.fit(notation, x, y, learning_rate=0.01, epochs=40, split=(1, 0, 0), seed=range(SEEDS))
        right[name] = np.array(
            [(model.predict(unseen).reshape(len(SHIFTS), ROWS) == y).mean(1) for model in found.models]
        )
    plain, pooled = (accuracy.mean(0) for accuracy in right.values())
    said = "; ".join(f"with {name} {percent(accuracy[:, -1], 0)}" for name, accuracy in right.items())
    kept = "hardly depends" if pooled[-1] > 0.9 else "depends, too,"
    finding = (
        f"Both were trained on eyes in the middle alone and know these ({percent(plain[0], 0)} and "
        f"{percent(pooled[0], 0)} right). On "
        f"eyes {SHIFTS[-1]} pixels away they are right about: {said}. The answer of the same convolution behind a "
        f"maximum over all places {kept} on the place."
    )
    with panels(1, 2, size=(9.2, 3.8), width_ratios=(1, 1.5)) as (picture, ((seen, scores),)):
        pair = np.concatenate([x[1, :, :, 0], np.full((12, 1), np.nan), new[-1, 1, :, :, 0]], 1)
        seen.imshow(pair, cmap="gray")
        seen.set(xticks=[5.5, 18.5], xticklabels=["in training", f"{SHIFTS[-1]} pixels away"], yticks=[])
        seen.set_title("An eye, and the same eye elsewhere")
        seen.grid(False)
        for (name, accuracy), color, marker in zip(right.items(), COLORS, "osD", strict=False):
            scores.errorbar(
                SHIFTS, accuracy.mean(0), accuracy.std(0), marker=marker, color=color, capsize=3, label=name
            )
        scores.axhline(0.5, color=GRAY, linestyle="--", label="a coin")
        scores.set(xlabel="distance from the place in training (pixels)", ylabel="accuracy (± over starts)")
        scores.set(title="Pooling makes the answer independent of the place", ylim=(0.3, 1.03), xticks=SHIFTS)
        scores.legend(fontsize=8.5)
    measures = {"in place": float(min(plain[0], pooled[0])), "away": float(plain[-1]), "pooled away": float(pooled[-1])}
    return Outcome(picture, finding, bool(pooled[-1] > 0.9 > plain[-1]), measures)


LESSON = Lesson(
    name="robust-to-place",
    title="Detecting an eye wherever it is",
    rows=(87, 89),
    claim="A detector should not depend on the exact location of the eye: pooling over neighboring places makes it "
    "robust (document 2).",
    experiment=f"{ROWS} noisy images of 12×12 with an eye, or the same 9 pixels in another order, in the middle; a "
    f"convolution with a weight for each place and the same with the maximum over all places, {SEEDS} starts each, 40 "
    f"epochs; accuracy on {ROWS} new images each whose pattern lies 0 to {SHIFTS[-1]} pixels away.",
    run=run,
)
