"""What is over a plane, seen from above: a loss with the path of a descent on it, or the classes that a model gives."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from matplotlib.axes import Axes

from backlit.pictures.canvas import BLUE, DIVERGING, GRAY, VERMILLION
from backlit.shapes import Array
from backlit.training import Model

FINENESS = 81  # points a side

Score = Callable[[np.ndarray], np.ndarray]  # of points (N, 2): (N,), above 0 where class 1 is chosen


def draw_surface(
    axes: Axes,
    f: Callable[[Array], Array],
    across: tuple[float, float],
    along: tuple[float, float],
    levels: Any = 12,
    filled: bool = False,
) -> None:
    """Contours of f(w) over a rectangle of w = (w₀, w₁).

    Args:
        axes: where to draw.
        f: a function of a point (2,), with one number as its output.
        across, along: the ends of w₀ and of w₁.
        levels: how many contours, or at which values.
        filled: whether what is above 0 is red and what is below it blue.
    """
    first, second = np.linspace(*across, FINENESS), np.linspace(*along, FINENESS)
    points = jnp.stack(jnp.meshgrid(first, second), axis=-1).reshape(-1, 2)
    values = np.asarray(jax.jit(jax.vmap(f))(points)).reshape(FINENESS, FINENESS)
    if filled:
        largest = np.abs(values).max()
        axes.contourf(first, second, values, levels=levels, cmap=DIVERGING, vmin=-largest, vmax=largest)
    axes.contour(first, second, values, levels=levels, colors=GRAY, linewidths=0.7, linestyles="solid", alpha=0.7)
    axes.set(xlabel="weight $w_0$", ylabel="weight $w_1$")
    axes.grid(False)


def draw_path(axes: Axes, points: np.ndarray, label: str, color: str, marker: str = "o") -> None:
    """The points of a descent (steps + 1, 2), a marker each."""
    axes.plot(points[:, 0], points[:, 1], color=color, marker=marker, markersize=3.5, linewidth=1.2, label=label)


def draw_classes(axes: Axes, score: Score, x: np.ndarray, y: np.ndarray) -> None:
    """The regions of two classes over a plane, and the rows: circles of class 0, squares of class 1.

    Args:
        axes: where to draw.
        score: above 0 where class 1 is chosen.
        x: rows (N, 2).
        y: their classes 0 and 1, (N,).
    """
    low, high = x.min(0) - 0.2, x.max(0) + 0.2
    first, second = np.linspace(low[0], high[0], FINENESS), np.linspace(low[1], high[1], FINENESS)
    points = np.stack(np.meshgrid(first, second), axis=-1).reshape(-1, 2).astype(np.float32)
    scores = score(points).reshape(FINENESS, FINENESS)
    axes.contourf(first, second, scores, levels=[-np.inf, 0, np.inf], colors=[BLUE, VERMILLION], alpha=0.2)
    if scores.min() < 0 < scores.max():
        axes.contour(first, second, scores, levels=[0], colors="black", linewidths=1.5)
    for kind, (color, marker) in enumerate(((BLUE, "o"), (VERMILLION, "s"))):
        axes.plot(*x[y == kind].T, color=color, marker=marker, markersize=2.5, linestyle="")
    axes.set(xticks=[], yticks=[])
    axes.grid(False)


def score_of(model: Model) -> Score:
    """The output of a model for two classes, before any link."""
    return lambda points: np.asarray(model.objective.outputs(model.parameters, model.state, jnp.asarray(points)))[:, 0]
