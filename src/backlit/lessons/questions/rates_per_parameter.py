"""A learning rate for each parameter: features of different scales, and rules that adapt."""

import numpy as np

import backlit as bl
from backlit.lessons.lesson import Lesson, Outcome
from backlit.lessons.measures import percent
from backlit.pictures.canvas import BLUE, GRAY, GREEN, ORANGE, VERMILLION, panels
from backlit.shapes import Array

ROWS, STEPS, SCALE = 200, 200, 10.0
START = np.array([-2.0, 2.5], np.float32)
RATES = (0.03, 0.1, 0.3, 1.0)
GOAL = 1e-3  # of the loss that the start has above the minimum
LOOKS = {
    "gradient-descent": (VERMILLION, "-"),
    "adagrad": (BLUE, "--"),
    "rmsprop": (GREEN, "-."),
    "adam": (ORANGE, ":"),
}


def run() -> Outcome:
    """Four rules, each at its best rate, on a linear model with one large feature."""
    random = np.random.default_rng(0)
    x = (random.normal(size=(ROWS, 2)) * [1.0, SCALE]).astype(np.float32)
    y = (x @ [2.0, -0.5] + 0.5 * random.normal(size=ROWS)).astype(np.float32)
    hessian = x.T @ x / ROWS
    curvatures = np.linalg.eigvalsh(hessian)
    best = np.linalg.lstsq(x, y, rcond=None)[0]

    def loss(w: Array) -> Array:
        return 0.5 * ((x @ w - y) ** 2).mean()

    def above(points: np.ndarray) -> np.ndarray:
        away = points - best
        return 0.5 * np.einsum("ti,ij,tj->t", away, hessian, away)

    tried = {"gradient-descent": (2 / curvatures.sum(),)} | dict.fromkeys(tuple(LOOKS)[1:], RATES)
    runs = {}
    for rule, rates in tried.items():
        found = [bl.minimize(loss, START, rule, steps=STEPS, learning_rate=rate).points for rate in rates]
        runs[rule] = min(found, key=lambda points: steps_to(above(points)))
    steps = {rule: steps_to(above(points)) for rule, points in runs.items()}
    plain = steps["gradient-descent"]
    faster = [rule for rule in steps if steps[rule] < plain]
    told = ", ".join(f"{rule} {count if count <= STEPS else f'more than {STEPS}'}" for rule, count in steps.items())
    finding = (
        f"One feature is {SCALE:g} times the other, so the loss curves {curvatures[1] / curvatures[0]:.0f} times as "
        f"much along its weight. Steps until {percent(GOAL)} of the first excess loss is left: {told}. "
        f"{', '.join(faster) if faster else 'None of the rules'} with a rate for each parameter "
        f"{'is' if len(faster) < 2 else 'are'} faster than gradient descent at the best rate there is for it."
    )
    with panels(1, 2, size=(9.4, 4.0), width_ratios=(1, 1.1)) as (picture, ((plane, trace),)):
        grid = np.stack(np.meshgrid(np.linspace(-2.6, 4.2, 120), np.linspace(-3.6, 3.2, 120)), -1)
        away = (grid - best).reshape(-1, 2)
        heights = 0.5 * np.einsum("ti,ij,tj->t", away, hessian, away).reshape(120, 120)
        plane.contour(*grid.transpose(2, 0, 1), heights, levels=np.geomspace(0.3, 400, 9), colors=GRAY, linewidths=0.7)
        for rule, points in runs.items():
            color, style = LOOKS[rule]
            plane.plot(*points[:60].T, style, color=color, linewidth=1.3)
            trace.plot(above(points) / above(START[None]), style, color=color, label=rule)
        plane.plot(*best, "*", color="black", markersize=11)
        plane.set(
            xlabel="weight of the small feature",
            ylabel="weight of the large feature",
            title="60 steps to the minimum ★",
        )
        trace.axhline(GOAL, color=GRAY, linewidth=1)
        trace.set(yscale="log", ylim=(1e-6, 2), xlabel="step", ylabel="excess loss, share of the first")
        trace.set(title="How fast each comes down")
        trace.legend()
    measures = {f"{rule} steps": float(count) for rule, count in steps.items()}
    return Outcome(
        picture, finding, len(faster) == len(steps) - 1, measures | {"condition": float(curvatures[1] / curvatures[0])}
    )


def steps_to(excess: np.ndarray) -> int:
    """The first step from which on the excess loss stays below the goal."""
    late = np.flatnonzero(~(excess <= GOAL * excess[0]))
    return int(late[-1]) + 1 if len(late) else 0


LESSON = Lesson(
    name="rates-per-parameter",
    title="A rate for each parameter",
    rows=(66, 67, 68),
    claim="Along a steep direction descent oscillates, so learning must be slower there than elsewhere: use a "
    "different learning rate for each parameter, as AdaGrad, RMSProp and Adam do (document 2).",
    experiment=f"A linear model of {ROWS} rows whose second feature is {SCALE:g} times the first, squared error; "
    "gradient descent at the best constant rate 2 / (λ₁ + λ₂), the others at the best of the rates "
    f"{', '.join(f'{rate:g}' for rate in RATES)}; {STEPS} steps from one start; excess loss over the exact minimum.",
    run=run,
)
