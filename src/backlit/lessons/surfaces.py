"""What is over a plane, seen from above: a loss with the path of a descent on it."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from matplotlib.axes import Axes

from backlit.pictures.canvas import DIVERGING, GRAY
from backlit.shapes import Array

FINENESS = 81  # points a side


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
