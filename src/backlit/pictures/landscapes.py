"""Losses as landscapes: over a plane through a network's weights, and functions of one or two numbers."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm, Normalize

from backlit.alignment import number
from backlit.errors import SettingError
from backlit.pictures.canvas import BLUE, ORANGE, SKY, VERMILLION, Picture, canvas, picture_of
from backlit.training import Minimum
from backlit.training.surfaces import Surface

LEVELS = 20
REACH = 10  # first steps of a minimization that diverges
GRID = 121  # places along each axis
PATHS = ((VERMILLION, "o"), (SKY, "s"), (ORANGE, "^"), ("white", "D"))  # on dark and on light ground
Bounds = tuple[tuple[float, float], tuple[float, float]]


def plot_landscape(surface: Surface, *, axes: Axes | None = None, path: str | Path | None = None) -> Picture:
    """The loss over a plane through a network's weights, as contours, with the path that the training took on it.

    Args:
        surface: what `backlit.loss_surface` or `backlit.path_surface` gave.
        axes, path: see `backlit.pictures.canvas.canvas`.

    Raises:
        SettingError: it is something else, or nowhere finite.
    """
    if not isinstance(surface, Surface):
        raise SettingError(f"give what loss_surface or path_surface gives, not {type(surface).__name__}")
    with canvas(axes, path) as drawn:
        _contours(drawn, surface.first, surface.second, surface.losses, "loss")
        if surface.path is None:
            drawn.plot(0, 0, "*", color=VERMILLION, mec="white", ms=14, label="the model")
            labels = ["random direction 1 (1: as long as the weights)", "random direction 2"]
            title = f"The loss around the model, from {number(np.nanmin(surface.losses))} up"
        else:
            _draw_path(drawn, surface.path, PATHS[0], f"epochs {surface.epochs[0]} to {surface.epochs[-1]}")
            labels = [f"principal direction {n}: {s:.0%} of the way" for n, s in enumerate(surface.shares, 1)]
            title = "The way that training took over the loss"
        drawn.set(xlabel=labels[0], ylabel=labels[1], title=title)
        drawn.legend(loc="upper right", frameon=True)
    return picture_of(drawn)


def plot_function_path(
    f: Callable[[Any], Any],
    minimum: Minimum | Mapping[str, Minimum],
    bounds: Bounds | None = None,
    *,
    axes: Axes | None = None,
    path: str | Path | None = None,
) -> Picture:
    """A function of one number as a curve, or of two as contours, with the points that `backlit.minimize` met on it.

    Args:
        f: the function that was minimized.
        minimum: what `backlit.minimize` gave; or several by name, up to four.
        bounds: (low, high) of each of the two numbers, or of the one and of f; None: around all points, of a
            minimization that diverged those within ten of its first steps from the start.
        axes, path: see `backlit.pictures.canvas.canvas`.

    Raises:
        SettingError: the points are of more than two numbers or were too many to be kept, or an argument is something
            else.
    """
    several = dict(minimum) if isinstance(minimum, Mapping) else {"": minimum}
    if not 1 <= len(several) <= len(PATHS) or not all(isinstance(one, Minimum) for one in several.values()):
        raise SettingError(f"give what minimize gives, one or up to {len(PATHS)} by name, not {minimum!r}")
    if not callable(f):
        raise SettingError(f"f is the function that was minimized, not {f!r}")
    if bounds is not None and not (np.shape(bounds) == (2, 2) and all(low < high for low, high in bounds)):
        raise SettingError(f"bounds are ((low, high), (low, high)), not {bounds!r}")
    ways = {name: _points(one) for name, one in several.items()}
    restore = ravel_pytree(next(iter(several.values())).point)[1]
    sizes = {way.shape[1] for way in ways.values()}
    if sizes not in ({1}, {2}):
        raise SettingError(
            f"a path over a function has one number or two, not {sizes}: show plot_trace(minimum.values)"
        )
    value = jax.jit(jax.vmap(lambda flat: f(restore(flat))))
    if bounds is None:
        ways = {name: _near(way) if _diverged(several[name]) else way for name, way in ways.items()}
    met = np.concatenate(list(ways.values()))
    met = met[np.isfinite(met).all(-1)]
    sides = _sides(met) if bounds is None else [np.linspace(*side, GRID) for side in bounds]
    with canvas(axes, path) as drawn:
        if sizes == {2}:
            grid = np.stack(np.meshgrid(*sides), -1)
            values = np.asarray(value(jnp.asarray(grid.reshape(-1, 2), jnp.float32))).reshape(grid.shape[:2])
            _contours(drawn, sides[0], sides[1], values, "f")
            drawn.set(xlim=sides[0][[0, -1]], ylim=sides[1][[0, -1]], xlabel="$x_1$", ylabel="$x_2$")
        else:
            drawn.plot(sides[0], np.asarray(value(jnp.asarray(sides[0][:, None], jnp.float32))), color=BLUE)
            drawn.set(xlim=sides[0][[0, -1]], xlabel="x", ylabel="f(x)")
            if bounds is not None:
                drawn.set_ylim(bounds[1])
        for (name, way), style in zip(ways.items(), PATHS, strict=False):
            one = several[name]
            along = way if sizes == {2} else np.column_stack([way[:, 0], one.values[: len(way)]])
            end = f"f = {number(one.value)} after {one.steps} steps"
            if _diverged(one):
                end = f"diverged; {len(way) - 1} of {one.steps} steps"
            _draw_path(drawn, along, style, f"{name}: {end}".removeprefix(": "))
        drawn.set_title("The steps of minimize on the function")
        drawn.legend(loc="best", frameon=True, fontsize=9)
    return picture_of(drawn)


def _points(minimum: Minimum) -> np.ndarray:
    """The points (steps + 1, d)."""
    if minimum.points is None:
        raise SettingError("the minimization kept no points, for they are many: show plot_trace(minimum.values)")
    leaves = [np.asarray(leaf, np.float64) for leaf in jax.tree.leaves(minimum.points)]
    return np.concatenate([leaf.reshape(len(leaf), -1) for leaf in leaves], axis=1)


def _diverged(minimum: Minimum) -> bool:
    """Whether f ends above where it began, or as no number."""
    return minimum.stopped == "non-finite" or bool(minimum.values[-1] > minimum.values[0])


def _near(way: np.ndarray) -> np.ndarray:
    """The points up to the first that is far from the start."""
    far = ~(np.linalg.norm(way - way[0], axis=1) <= REACH * np.linalg.norm(way[1] - way[0]))
    return way[: np.argmax(far)] if far.any() else way


def _sides(met: np.ndarray) -> list[np.ndarray]:
    """Coordinates around all points, along each of their numbers."""
    extent = np.ptp(met, 0)
    margin = 0.2 * np.maximum(extent, max(0.3 * extent.max(), 1e-3)) + 0.05 * extent.max()
    return [np.linspace(*side, GRID) for side in zip(met.min(0) - margin, met.max(0) + margin, strict=True)]


def _contours(drawn: Axes, first: np.ndarray, second: np.ndarray, values: np.ndarray, label: str) -> None:
    """Filled contours; those of positive values over a wide range are at equal factors."""
    values = np.ma.masked_invalid(values)
    low, high = values.min(), values.max()
    if not values.count() or low == high:
        raise SettingError(
            "the values are nowhere finite, or all the same: there is nothing to draw; take other bounds"
        )
    wide = 0 < low < high / 10
    levels = np.geomspace(low, high, LEVELS) if wide else np.linspace(low, high, LEVELS)
    norm = LogNorm(low, high) if wide else Normalize(low, high)
    filled = drawn.contourf(first, second, values, levels, norm=norm, extend="both")
    drawn.contour(first, second, values, levels[::2], colors="white", linewidths=0.5, alpha=0.5)
    ticks = levels[:: LEVELS // 5]
    bar = picture_of(drawn).colorbar(filled, ax=drawn, label=label, ticks=ticks)
    bar.ax.set_yticklabels([f"{tick:.3g}" for tick in ticks])
    bar.ax.minorticks_off()
    drawn.grid(False)


def _draw_path(drawn: Axes, way: np.ndarray, style: tuple[str, str], label: str) -> None:
    color, marker = style
    drawn.plot(*way.T, color="black", lw=2.6, alpha=0.6)
    drawn.plot(*way.T, color=color, marker=marker, ms=4, lw=1.4, mec="black", mew=0.4, label=label)
    drawn.plot(*way[-1], "*", color=color, mec="black", ms=15)
