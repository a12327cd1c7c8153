"""Row 58: the same gradient, another curvature, another best step."""

from collections.abc import Callable
from typing import Any

import jax.numpy as jnp
import numpy as np

from backlit.graph import grad, hessian
from backlit.lessons.lesson import Lesson, Outcome
from backlit.optimizers import gradient_descent, schedule_named
from backlit.pictures.canvas import BLUE, VERMILLION, panels
from backlit.training import minimize

GRADIENT = -2.0
CURVATURES = {"gentle": 1.0, "steep": 8.0}
STEEPNESS = {"gentle": 0.1, "steep": 10.0}
RATE, STEPS = 0.3, 60


def run() -> Outcome:
    """Two parabolas with one tangent, and one rate on two losses, constant and with a schedule."""
    parabolas = {name: _parabola(curvature) for name, curvature in CURVATURES.items()}
    slopes = {name: float(grad(f)(0.0)) for name, f in parabolas.items()}
    bends = {name: float(hessian(f)(0.0)) for name, f in parabolas.items()}
    best = {name: float(minimize(f, 0.0, "newton", steps=1).point) for name, f in parabolas.items()}
    traces = {schedule: _traces(schedule) for schedule in ("constant", "cosine")}
    ends = {
        f"{name}, {schedule}": float(end)
        for schedule, rows in traces.items()
        for name, end in zip(STEEPNESS, rows[-1], strict=True)
    }
    helped = ends["steep, constant"] / ends["steep, cosine"]
    holds = slopes["gentle"] == slopes["steep"] and best["gentle"] > 2 * best["steep"] and helped > 2
    finding = (
        f"Both parabolas have the slope {slopes['gentle']:g}; with second derivative {bends['gentle']:g} the step to "
        f"the bottom is {best['gentle']:g} long, with {bends['steep']:g} it is {best['steep']:g}. One constant rate of "
        f"{RATE:g} brings the gentle loss to {ends['gentle, constant']:.1g} and leaves the steep one at "
        f"{ends['steep, constant']:.2g}; falling along a cosine it brings them to {ends['gentle, cosine']:.1g} and "
        f"{ends['steep, cosine']:.2g}."
    )

    with panels(1, 2, size=(9.6, 4.0)) as (picture, ((curves, race),)):
        line = np.linspace(-0.8, 3.2, 200)
        for name, color, style in (("gentle", BLUE, "-"), ("steep", VERMILLION, "--")):
            f = parabolas[name]
            curves.plot(line, f(line), color=color, linestyle=style, label=f"$f''$ = {bends[name]:g}")
            curves.annotate(
                f"best step {best[name]:g}",
                (best[name], float(f(best[name]))),
                xytext=(best[name] + 0.25, float(f(best[name])) - 0.45),
                color=color,
                arrowprops={"arrowstyle": "->", "color": color},
            )
            place = list(CURVATURES).index(name)
            for schedule, line_style in (("constant", ":"), ("cosine", "-")):
                trace = traces[schedule][:, place]
                race.semilogy(trace, color=color, linestyle=line_style, label=f"{name}, {schedule} rate")
        curves.plot(line[:100], GRADIENT * line[:100], color="black", linestyle=":", label="their common slope at 0")
        curves.plot(0, 0, color="black", marker="o")
        curves.set(xlabel="weight w", ylabel="loss", ylim=(-4.2, 3.2), title="One gradient, two best steps")
        curves.legend(loc="lower left")
        race.set(xlabel="step", ylabel="loss", title="One rate: a schedule saves the steep one")
        race.legend(loc="lower left")
    measures = {f"best step, {name}": step for name, step in best.items()} | {f"loss, {k}": v for k, v in ends.items()}
    return Outcome(picture, finding, holds, measures | {f"slope, {name}": slope for name, slope in slopes.items()})


def _parabola(curvature: float) -> Callable[[Any], Any]:
    return lambda w: GRADIENT * w + curvature * w**2 / 2


def _traces(schedule: str) -> np.ndarray:
    """The losses k|w − 1|^1.5 of both steepnesses k, step by step, (steps + 1, 2)."""
    steepness = jnp.array(list(STEEPNESS.values()))
    rule = gradient_descent(schedule_named(schedule, RATE, STEPS))
    points = minimize(lambda w: (steepness * jnp.abs(w - 1) ** 1.5).sum(), jnp.zeros(2), rule, steps=STEPS).points
    return np.asarray(steepness * jnp.abs(points - 1) ** 1.5)


LESSON = Lesson(
    name="curvature",
    title="Same gradient, different curvature",
    rows=(58,),
    claim=(
        "Where value and gradient are the same, one learning rate makes the same step, but another Hessian needs "
        "another step; so the learning rate needs a schedule (document 0)."
    ),
    experiment=(
        "Two parabolas with the same value and slope at 0 and second derivatives 1 and 8, with Newton's step on each; "
        f"then k|w − 1|^1.5 from 0 with k = 0.1 and 10, {STEPS} steps of gradient descent at {RATE:g}, constant or "
        "falling along a cosine. Nothing is random."
    ),
    run=run,
)
