"""Where the eye is: a convolutional network that answers with a place, by how many images it has seen."""

import numpy as np

import backlit as bl
from backlit.lessons.lesson import Lesson, Outcome
from backlit.lessons.questions.eyes import SIZE, draw_images
from backlit.pictures.canvas import BLUE, GRAY, ORANGE, SKY, panels

NETWORK = "Conv(8, 3), ReLU, Conv(8, 3), ReLU, Flatten, Dense(2)"
SIZES, TEST, SEEDS = (100, 400, 1600), 300, 2


def run() -> Outcome:
    """The distance between the place that is said and the eye's, on new images."""
    x, y = eyes_anywhere(TEST, seed=99)
    errors = []
    for size in SIZES:
        seen = eyes_anywhere(size, seed=size)
        found = bl.fit(
            NETWORK, *seen, test=(x, y), split=(1, 0, 0), learning_rate=0.005, epochs=12_000 // size, seed=range(SEEDS)
        )
        errors.append([np.linalg.norm(model.predict(x) - y, axis=1).mean() for model in found.models])
    model = found.best
    mean, spread = np.mean(errors, 1), np.std(errors, 1)
    guess = float(np.linalg.norm(y - y.mean(0), axis=1).mean())
    said = ", ".join(f"{m:.2f} ± {s:.2f} from {size}" for m, s, size in zip(mean, spread, SIZES, strict=True))
    falls = bool((np.diff(mean) < 0).all())
    finding = (
        f"Trained from pixels to coordinates, the network misses the eye's middle by {said} training images; always "
        f"the middle of the image misses it by {guess:.2f} pixels. More images make the error "
        f"{'smaller each time' if falls else 'no smaller throughout'}."
    )
    with panels(1, 2, size=(9.2, 3.9), width_ratios=(1, 1.25)) as (picture, ((images, scores),)):
        shown = np.full((2, 2, SIZE + 1, SIZE + 1), np.nan)
        shown[:, :, :SIZE, :SIZE] = x[:4, :, :, 0].reshape(2, 2, SIZE, SIZE)
        images.imshow(shown.swapaxes(1, 2).reshape(2 * (SIZE + 1), -1), cmap="gray")
        corners = np.array([[0, 0], [0, 1], [1, 0], [1, 1]]) * (SIZE + 1)
        eyes, answers = y[:4] + corners, model.predict(x[:4]) + corners
        images.plot(*eyes.T[::-1], "o", markersize=17, markerfacecolor="none", markeredgecolor=ORANGE, label="the eye")
        images.plot(*answers.T[::-1], "x", color=SKY, markersize=8, markeredgewidth=2.5, label="the answer")
        images.set(xticks=[], yticks=[], title=f"New images, after {SIZES[-1]} in training")
        images.grid(False)
        images.spines[:].set_visible(False)
        images.legend(loc="upper center", bbox_to_anchor=(0.5, 0), ncols=2)
        scores.errorbar(SIZES, mean, spread, marker="o", capsize=4, color=BLUE, label="network")
        scores.axhline(guess, color=GRAY, linestyle="--", label="always the middle")
        scores.set(
            xscale="log", xlabel="training images", ylabel="error (pixels, ± over starts)", ylim=(0, 1.15 * guess)
        )
        scores.set_xticks(SIZES, [str(size) for size in SIZES])
        scores.minorticks_off()
        scores.set_title("The error falls with the number of images" if falls else "Error by number of images")
        scores.legend()
    measures = {f"error at {size}": float(value) for size, value in zip(SIZES, mean, strict=True)}
    return Outcome(picture, finding, falls and bool(mean[-1] < guess / 4), measures | {"guess": guess})


def eyes_anywhere(count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Images with an eye at a random place, and the row and column of its middle."""
    places = np.random.default_rng(seed).integers(0, SIZE - 2, (count, 2))
    return draw_images(places, np.ones(count, bool), seed), (places + 1).astype(np.float32)


LESSON = Lesson(
    name="where-is-the-eye",
    title="Where is the eye?",
    rows=(92,),
    claim="A convolutional network finds things in images from raw pixels to the answer, end to end (document 2); "
    "here the answer is a place.",
    experiment=f"Noisy images of 12×12 with an eye at a random place; {NETWORK} with squared error on its row and "
    f"column, {', '.join(map(str, SIZES))} training images and as many steps for each, {SEEDS} starts; distance in "
    f"pixels on {TEST} new images.",
    run=run,
)
