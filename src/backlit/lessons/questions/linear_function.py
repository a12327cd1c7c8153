"""How is a linear function trained, and what if no line parts the data?"""

import jax
import jax.numpy as jnp
import numpy as np

import backlit as bl
from backlit.lessons.lesson import Lesson, Outcome
from backlit.lessons.measures import percent
from backlit.lessons.questions.lines import draw_line
from backlit.pictures.canvas import BLUE, GREEN, ORANGE, PURPLE, VERMILLION, panels
from backlit.shapes import Array

STEPS = 300
START = np.array([-0.5, 0.3, 0.1], np.float32)  # w₁, w₂, b
WAYS: dict[str, tuple[bl.Loss, float, str, str]] = {
    "perceptron": (bl.Perceptron(), 0.2, VERMILLION, "-"),
    "logistic": (bl.BinaryCrossEntropy(), 1.0, BLUE, "--"),
    "hinge": (bl.Hinge(), 0.1, GREEN, ":"),
}
CORNERS = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], np.float32)


def run() -> Outcome:
    """Three losses on data that a line can part, and on data that none can."""
    data = {"AND": (CORNERS, np.array([0, 0, 0, 1])), "XOR": (CORNERS, np.array([0, 1, 1, 0])), "clouds": clouds()}
    separable = {name: bl.linearly_separable(*rows) for name, rows in data.items()}
    measures = {}
    with panels(2, 3, size=(9.6, 5.8), sharex="row") as (picture, axes):
        for (name, (x, y)), (plane, trace) in zip(data.items(), axes.T, strict=True):
            plane.plot(*x[y == 0].T, "o", color=PURPLE, markersize=5, label="class 0")
            plane.plot(*x[y == 1].T, "s", color=ORANGE, markersize=5, label="class 1")
            plane.set(title=f"{name}: {'a line parts it' if separable[name] else 'no line parts it'}")
            plane.set(xlim=(-0.6, 1.6), ylim=(-0.6, 1.6), xlabel="x₁", ylabel="x₂" if name == "AND" else "")
            for way, (loss, rate, color, style) in WAYS.items():
                weights, errors = train(loss, rate, x, y)
                if np.abs(weights[-1, :2]).max() > 1e-2:  # else every point has the same score
                    draw_line(plane, weights[-1, :2], weights[-1, 2], color=color, linestyle=style)
                trace.plot(np.arange(len(errors)), errors, style, color=color, label=way)
                measures[f"{name} {way} errors"] = float(errors[-1])
                measures[f"{name} {way} swing"] = float(np.ptp(errors[-50:]))
            trace.set(
                ylim=(-0.03, 1.03), xlabel="pass over the rows", ylabel="share of errors" if name == "AND" else ""
            )
        picture.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside upper center", ncols=2)
        axes[1, 0].legend(loc="upper right")
    said = [
        f"{name}: " + ", ".join(f"{way} {percent(measures[f'{name} {way} errors'], 0)}" for way in WAYS)
        for name in data
    ]
    swing = measures["clouds perceptron swing"]
    settled = max(measures["clouds logistic swing"], measures["clouds hinge swing"])
    parted = all(measures[f"AND {way} errors"] == 0 for way in WAYS)
    stuck = all(measures[f"XOR {way} errors"] >= 0.25 for way in WAYS)
    finding = (
        f"Errors after {STEPS} passes: {'; '.join(said)}. "
        f"{'All three part AND' if parted else 'Not all three part AND'}, and "
        f"{'none is right about more than 3 corners of XOR' if stuck else 'one knows all corners of XOR'}. On clouds "
        f"that overlap the perceptron's errors still swing by {percent(swing, 0)} of the rows in the last 50 passes, "
        "while "
        f"those of the logistic and the hinge loss, which have a minimum, move by {percent(settled, 0)}."
    )
    return Outcome(picture, finding, bool(parted and stuck and swing > settled), measures)


def clouds() -> tuple[np.ndarray, np.ndarray]:
    """Two clouds of 100 points that overlap."""
    random = np.random.default_rng(0)
    y = np.arange(200) % 2
    return (random.normal(0.25, 0.35, (200, 2)) + 0.5 * y[:, None]).astype(np.float32), y


def train(loss: bl.Loss, rate: float, x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The weights at the start and after each step, and the share of errors of each."""
    rows = jnp.column_stack([x, np.ones(len(x), np.float32)])
    codes = jnp.asarray(y)

    def mean_loss(weights: Array, rows: Array, codes: Array) -> Array:
        return loss.examples((rows @ weights)[:, None], codes).mean()

    if isinstance(loss, bl.Perceptron):  # its rule corrects one row after another

        def correct(weights: Array, row: Array) -> tuple[Array, None]:
            return weights - rate * bl.grad(mean_loss)(weights, rows[row][None], codes[row][None]), None

        def pass_over(weights: Array, _: None) -> tuple[Array, Array]:
            after, _ = jax.lax.scan(correct, weights, jnp.arange(len(rows)))
            return after, after

        made = jax.lax.scan(pass_over, jnp.asarray(START), None, STEPS)[1]
        weights = np.concatenate([START[None], made])
    else:
        found = bl.minimize(lambda w: mean_loss(w, rows, codes), START, steps=STEPS, learning_rate=rate)
        weights = found.points
    return weights, ((weights @ np.asarray(rows).T > 0) != y).mean(1)


LESSON = Lesson(
    name="linear-function",
    title="Training a line, with and without one that fits",
    rows=(5, 11),
    claim="A linear classifier is small and fast, but how is it trained, and what if no line parts the data (document "
    "1)? The perceptron's rule corrects errors and ends when there are none; a loss has a minimum either way.",
    experiment="The corners of AND and XOR, and two clouds of 100 points that overlap; w·x + b from one start, "
    f"{STEPS} passes of the perceptron's rule, which corrects one row after another, or at most as many steps of "
    "gradient descent on the mean logistic or hinge loss; the share of errors after each.",
    run=run,
)
