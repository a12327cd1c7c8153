"""Panels of a plane: what a model says of it, with the points of two classes."""

from collections.abc import Callable
from typing import Any, TypeAlias

import jax.numpy as jnp
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap

from backlit.functions.activations import sigmoid
from backlit.pictures.canvas import BLUE, VERMILLION
from backlit.training import Model

SIDES = LinearSegmentedColormap.from_list("sides", (BLUE, "white", VERMILLION))
MARKS = ((BLUE, "o"), (VERMILLION, "^"))
STEPS = 150  # of the grid, along each side

Score: TypeAlias = Callable[[np.ndarray], np.ndarray]  # of points (N, 2): (N,), above 0 where class 1 is chosen


def grid(low: Any, high: Any, steps: int = STEPS) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Coordinates (steps,) along both axes, and all points (steps², 2), the first coordinate changing fastest.

    Args:
        low, high: the corners (2,).
        steps: how many along each side.
    """
    across, up = (np.linspace(low[axis], high[axis], steps) for axis in (0, 1))
    return across, up, np.stack(np.meshgrid(across, up), -1).reshape(-1, 2).astype(np.float32)


def corners(x: np.ndarray, margin: float = 0.15) -> tuple[np.ndarray, np.ndarray]:
    """The corners (2,), (2,) of a rectangle around points (N, 2), with a margin in shares of its sides."""
    low, high = x.min(0), x.max(0)
    return low - margin * (high - low), high + margin * (high - low)


def score_of(model: Model) -> Score:
    """The output of a model for two classes, before any link."""
    return lambda points: np.asarray(model.objective.outputs(model.parameters, model.state, jnp.asarray(points)))[:, 0]


def draw_classes(axes: Axes, score: Score, x: np.ndarray, y: np.ndarray) -> None:
    """Shade the plane by the sigmoid of a score, and draw where it is a half, with the points.

    Args:
        axes: where to draw.
        score: above 0 where class 1 is chosen.
        x, y: points (N, 2) and their classes (N,).
    """
    across, up, points = grid(*corners(x))
    draw_plane(axes, across, up, np.asarray(sigmoid(jnp.asarray(score(points)))).reshape(STEPS, STEPS))
    draw_points(axes, x, y)


def draw_plane(axes: Axes, across: np.ndarray, up: np.ndarray, chance: np.ndarray) -> None:
    """Shade the plane by a probability (U, A) over coordinates, with the line where it is a half."""
    axes.contourf(across, up, chance, levels=np.linspace(0, 1, 11), cmap=SIDES, alpha=0.45)
    if chance.min() < 0.5 < chance.max():
        axes.contour(across, up, chance, levels=[0.5], colors="black", linewidths=1.6)
    axes.grid(False)


def draw_points(axes: Axes, x: np.ndarray, y: np.ndarray, size: float = 9) -> None:
    """Points (N, 2) in their classes' colors and marks."""
    for place, (color, mark) in enumerate(MARKS):
        own = x[y == place]
        axes.scatter(own[:, 0], own[:, 1], size, color, marker=mark, linewidths=0, alpha=0.8, label=f"class {place}")
