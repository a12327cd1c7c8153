"""The panels of this chapter: what a network says of the plane, with the points that it was trained on."""

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap

from backlit.pictures.canvas import BLUE, VERMILLION
from backlit.training import Model

SIDES = LinearSegmentedColormap.from_list("sides", (BLUE, "white", VERMILLION))
MARKS = ((BLUE, "o"), (VERMILLION, "^"))
STEPS = 150  # of the grid, along each side


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


def draw_boundary(axes: Axes, model: Model, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Shade the plane by the probability of the second class, and draw where it is a half, with the points.

    Args:
        axes: where to draw.
        model: of two inputs and two classes.
        x, y: points (N, 2) and their classes (N,).

    Returns:
        The probability over the grid (STEPS, STEPS), rows upward.
    """
    across, up, points = grid(*corners(x))
    chance = model.predict_proba(points)[:, 1].reshape(STEPS, STEPS)
    draw_plane(axes, across, up, chance)
    draw_points(axes, x, y)
    return chance


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
        axes.scatter(own[:, 0], own[:, 1], size, color, marker=mark, linewidths=0, alpha=0.8)
