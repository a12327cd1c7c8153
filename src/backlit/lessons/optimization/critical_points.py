"""Row 65: what the eigenvalues of the Hessian say of a point where the slope is zero."""

from collections.abc import Callable

import jax.numpy as jnp
import numpy as np

from backlit.graph.landscape import classify_point
from backlit.lessons.lesson import Lesson, Outcome
from backlit.lessons.measures import percent
from backlit.lessons.surfaces import draw_surface
from backlit.pictures.canvas import BLUE, VERMILLION, panels
from backlit.shapes import Array
from backlit.training import minimize

Surface = Callable[[Array], Array]
SURFACES: dict[str, Surface] = {
    "minimum": lambda w: 2 * w[0] ** 2 + w[1] ** 2,
    "maximum": lambda w: -(w[0] ** 2) - 2 * w[1] ** 2,
    "saddle": lambda w: 2 * w[0] ** 2 - w[1] ** 2,
    "flat": lambda w: w[0] ** 2 + w[1] ** 4,
}
NARROW = 100.0
DIMENSIONS = range(1, 9)
HESSIANS = 2000


def run() -> Outcome:
    """Five surfaces with what is said of their middle; then how rare minima become among random Hessians."""
    origin = jnp.zeros(2)
    points = {name: classify_point(f, origin) for name, f in SURFACES.items()}
    narrow = classify_point(_valley(NARROW), origin)
    steps = {condition: _steps(condition) for condition in (1.0, NARROW)}
    shares = _shares_of_saddles()
    named = all(point.kind == name for name, point in points.items())
    holds = named and steps[NARROW] > 10 * steps[1.0] and shares[-1] > shares[1]
    finding = (
        f"The eigenvalues name {sum(point.kind == name for name, point in points.items())} of {len(points)} critical "
        f"points as they were made. At condition number {narrow.condition:.0f} gradient descent needs "
        f"{steps[NARROW]} steps where it needs {steps[1.0]} at condition number 1. Of random Hessians, "
        f"{percent(shares[1], 0)} are saddles with 2 weights and {percent(shares[-1])} with {DIMENSIONS[-1]}."
    )

    with panels(2, 3, size=(9.6, 6.0)) as (picture, grid):
        shown = [(name, f, points[name]) for name, f in SURFACES.items()]
        shown.append(("poorly conditioned minimum", _valley(NARROW), narrow))
        for axes, (name, f, point) in zip(grid.flat, shown, strict=False):
            draw_surface(axes, f, (-1, 1), (-1, 1), 14, filled=True)
            axes.set(xticks=[-1, 0, 1], yticks=[-1, 0, 1])
            axes.plot(0, 0, color="black", marker="*", markersize=10)
            low, high = (f"{value:g}".replace("-", "−") for value in np.round(point.eigenvalues, 3) + 0.0)
            axes.set_title(f"{name}\nλ = {low} and {high}")
        last = grid.flat[-1]
        last.plot(DIMENSIONS, 100 * shares, color=VERMILLION, marker="o", label="saddles")
        last.plot(DIMENSIONS, 100 * (1 - shares), color=BLUE, marker="s", linestyle="--", label="minima, maxima")
        last.set(xlabel="weights", ylabel="% of random Hessians", title="With many weights,\nnearly all are saddles")
        last.legend(loc="center right")
    measures = {f"condition, {name}": point.condition for name, point in points.items()} | {
        f"steps, condition {condition:g}": float(count) for condition, count in steps.items()
    }
    measures |= {f"share of saddles, {n} weights": float(s) for n, s in zip(DIMENSIONS, shares, strict=True)}
    return Outcome(picture, finding, holds, measures)


def _valley(condition: float) -> Surface:
    return lambda w: (w[0] ** 2 + condition * w[1] ** 2) / 2


def _steps(condition: float) -> int:
    """The steps of gradient descent until the slope is below a thousandth, at the largest rate that is safe."""
    return minimize(_valley(condition), jnp.ones(2), learning_rate=1 / condition, steps=2000, tolerance=1e-3).steps


def _shares_of_saddles() -> np.ndarray:
    """The share of random symmetric matrices with eigenvalues of both signs, by their size."""
    random = np.random.default_rng(0)
    shares = []
    for size in DIMENSIONS:
        drawn = random.normal(size=(HESSIANS, size, size))
        eigenvalues = np.linalg.eigvalsh(drawn + drawn.transpose(0, 2, 1))
        shares.append(((eigenvalues[:, 0] < 0) & (eigenvalues[:, -1] > 0)).mean())
    return np.array(shares)


LESSON = Lesson(
    name="critical-points",
    title="Critical points and conditioning",
    rows=(65,),
    claim=(
        "Where the gradient is zero, the second derivatives say whether it is a minimum, a maximum or a saddle; with "
        "many weights saddles are likelier than minima; and where the Hessian is poorly conditioned, learning is slow "
        "although the gradient is strong (documents 0 and 2)."
    ),
    experiment=(
        "`backlit.classify_point` at the middle of five surfaces of two weights; the steps of gradient descent in "
        f"bowls of condition number 1 and {NARROW:g}; the signs of the eigenvalues of {HESSIANS:,} symmetric matrices "
        f"of normal numbers (seed 0) for 1 to {DIMENSIONS[-1]} weights, which stand for Hessians of unknown functions."
    ),
    run=run,
)
