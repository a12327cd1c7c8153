"""Row 57: a learning rate that is too small, too large, and right."""

import jax.numpy as jnp
import numpy as np

from backlit.lessons.lesson import Lesson, Outcome
from backlit.pictures.canvas import BLUE, GRAY, GREEN, VERMILLION, panels
from backlit.shapes import Array
from backlit.training import minimize

START, STEPS = 3.0, 60
RATES = {"too small": 0.02, "right": 0.5, "too large": 4.0}
EXPECTED = {"too small": "still falling", "right": "converged", "too large": "oscillating"}


def run() -> Outcome:
    """The path on the curve, and under it the trace with its verdict, for each rate."""
    made = {size: minimize(_loss, START, learning_rate=rate, steps=STEPS) for size, rate in RATES.items()}
    verdicts = {size: minimum.verdict for size, minimum in made.items()}
    said = [
        f"with η = {RATES[size]:g} the loss goes from {minimum.values[0]:.2f} to {minimum.value:.2g}, and its trace "
        f"says '{minimum.verdict}'"
        for size, minimum in made.items()
    ]
    finding = f"After {STEPS} steps: {'; '.join(said)}."

    lowest = min(float(minimum.points.min()) for minimum in made.values())
    highest = max(float(minimum.points.max()) for minimum in made.values())
    line = np.linspace(lowest - 0.3, highest + 0.3, 200)
    with panels(2, 3, size=(9.6, 5.4), sharey="row") as (picture, (curves, traces)):
        colors = (BLUE, GREEN, VERMILLION)
        for curve, trace, (size, minimum), color in zip(curves, traces, made.items(), colors, strict=True):
            curve.plot(line, _loss(line), color=GRAY, linewidth=1)
            curve.plot(minimum.points, minimum.values, color=color, marker="o", markersize=3.5, linewidth=1)
            curve.plot(START, _loss(START), color="black", marker="o", markersize=7, fillstyle="none")
            curve.set(xlabel="weight w", title=f"η = {RATES[size]:g}: {size}")
            trace.plot(minimum.values, color=color)
            trace.set(xlabel="step", title=f"trace: {minimum.verdict}")
        curves[0].set_ylabel("loss")
        traces[0].set_ylabel("loss")
    measures = {f"last loss, {size}": minimum.value for size, minimum in made.items()}
    return Outcome(picture, finding, verdicts == EXPECTED, measures)


def _loss(w: Array | np.ndarray | float) -> Array:
    return jnp.logaddexp(1.5 * w, -0.5 * w)  # steeper on its right side, and round at the bottom


LESSON = Lesson(
    name="step-sizes",
    title="Step sizes and what their traces say",
    rows=(57,),
    claim=(
        "With too small a learning rate descent makes little progress and its trace is still falling at the end; with "
        "one too large it jumps over the minimum and the trace oscillates; with the right one the trace falls and "
        "settles (documents 2 and 4)."
    ),
    experiment=(
        f"Gradient descent on log(exp(3w/2) + exp(−w/2)) from w = {START:g}, {STEPS} steps with each of three rates; "
        "`backlit.verdict` reads each trace without knowing its rate. Nothing is random."
    ),
    run=run,
)
