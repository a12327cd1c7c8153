"""What a sweep found, as pictures: the configurations by their scores, and the curves of all members."""

from collections.abc import Sequence
from pathlib import Path
from textwrap import fill
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from backlit.alignment import number
from backlit.errors import SettingError
from backlit.pictures.canvas import COLORS, GRAY, VERMILLION, Picture, canvas, picture_of
from backlit.pictures.curves import scale
from backlit.training import Sweep
from backlit.training.sweeps.configurations import Configuration, Criterion
from backlit.training.sweeps.sweep import written

MOST_SHOWN = 20  # configurations below each other
MOST_LINES = 6
MARKERS = "osD^vP"


def plot_sweep(sweep: Sweep, *, axes: Axes | None = None, path: str | Path | None = None) -> Picture:
    """The configurations of a sweep by what they are compared by: a point a seed, the mean, and ± its deviation.

    Where a setting has three values or more, all of them numbers, it is the horizontal axis, logarithmic where the
    values are far apart, with a line for each combination of the others; else the configurations stand below each
    other, the best on top.

    Args:
        sweep: what `backlit.sweep` gave.
        axes, path: see `backlit.pictures.canvas.canvas`.

    Raises:
        SettingError: it is something else.
    """
    check_sweep(sweep)
    setting = _axis(sweep.configurations)
    rows = min(len(sweep.configurations), MOST_SHOWN)
    with canvas(axes, path, (6.8, 4.2) if setting else (7.6, 1.2 + 0.45 * rows)) as drawn:
        if setting:
            _draw_lines(drawn, sweep, setting)
        else:
            _draw_list(drawn, sweep)
    return picture_of(drawn)


def plot_sweep_curves(sweep: Sweep, *, axes: Axes | None = None, path: str | Path | None = None) -> Picture:
    """The loss of every member of a sweep over its epochs, the best member's on top of the others.

    Args:
        sweep: what `backlit.sweep` gave.
        axes, path: see `backlit.pictures.canvas.canvas`.

    Raises:
        SettingError: it is something else.
    """
    check_sweep(sweep)
    part, _ = sweep.criterion
    column, best = f"{part}_loss", sweep.chosen
    with canvas(axes, path) as drawn:
        others = [m.history for m in sweep.members if m is not best and column in m.history.columns]
        for place, history in enumerate(others):
            label = f"{len(others)} other member{'s' if len(others) > 1 else ''}" if not place else ""
            drawn.plot(history["epoch"], history[column], color=GRAY, lw=0.9, alpha=0.6, label=label)
        losses = best.history[column]
        drawn.plot(best.history["epoch"], losses, color=VERMILLION, lw=2.4, label="the best")
        at = sweep.best.best_epoch
        drawn.plot(at, losses[at - 1], "*", color="black", ms=12, label=f"its epoch {at}, which is kept")
        scale(drawn, losses, *(history[column] for history in others))
        drawn.xaxis.set_major_locator(MaxNLocator(integer=True))
        rows = Criterion(part, "loss")
        drawn.set(xlabel="epoch", ylabel=str(rows), title=fill(f"Best: {written(best.values)}", 64))
        drawn.legend()
    return picture_of(drawn)


def check_sweep(sweep: Any) -> None:
    """Refuse what is no sweep.

    Raises:
        SettingError: saying what it is.
    """
    if not isinstance(sweep, Sweep):
        raise SettingError(f"a Sweep is shown, as fit gives it for sets of values, not {type(sweep).__name__}")


def _axis(configurations: Sequence[Configuration]) -> str:
    """The setting with the most values that are all numbers, three at least; '' where there is none, or where too
    many lines would be needed.
    """
    counts = {}
    for name in configurations[0].values:
        values = {configuration.values[name] for configuration in configurations}
        if len(values) > 2 and all(isinstance(value, int | float) and not isinstance(value, bool) for value in values):
            counts[name] = len(values)
    for name in sorted(counts, key=lambda one: -counts[one]):
        if len({_others(configuration, name) for configuration in configurations}) <= MOST_LINES:
            return name
    return ""


def _others(configuration: Configuration, setting: str) -> str:
    return written({name: value for name, value in configuration.values.items() if name != setting})


def _draw_lines(drawn: Axes, sweep: Sweep, setting: str) -> None:
    lines: dict[str, list[Configuration]] = {}
    for configuration in sorted(sweep.configurations, key=lambda one: one.values[setting]):
        lines.setdefault(_others(configuration, setting), []).append(configuration)
    for (name, line), color, marker in zip(sorted(lines.items()), COLORS, MARKERS, strict=False):
        x = [configuration.values[setting] for configuration in line]
        for configuration, at in zip(line, x, strict=True):
            scores = configuration.scores(sweep.criterion)
            drawn.plot([at] * len(scores), scores, marker, color=color, ms=3, alpha=0.5)
        means, spreads = _summary(line, sweep.criterion)
        drawn.errorbar(x, means, spreads, color=color, marker=marker, ms=7, capsize=3, label=name)
    values = np.array(sorted({one.values[setting] for one in sweep.configurations}), float)
    if values[0] > 0 and values[-1] / values[0] >= 10:
        drawn.set_xscale("log")
    best = fill(f"Best: {written(sweep.configurations[0].values)}: {sweep.criterion} {_best(sweep)}", 64)
    drawn.set(xlabel=setting, ylabel=_means(sweep), title=best)
    if len(lines) > 1:
        drawn.legend()
    scale(drawn, np.array([score for one in sweep.configurations for score in one.scores(sweep.criterion)]))


def _draw_list(drawn: Axes, sweep: Sweep) -> None:
    shown = sweep.configurations[:MOST_SHOWN]
    for place, configuration in enumerate(shown):
        scores = configuration.scores(sweep.criterion)
        drawn.plot(scores, [place] * len(scores), "o", color=GRAY, ms=4, alpha=0.6)
    means, spreads = _summary(shown, sweep.criterion)
    drawn.errorbar(means, range(len(shown)), xerr=spreads, fmt="D", color=COLORS[0], ms=6, capsize=3)
    names = [fill(written(configuration.values) or "the only one", 36) for configuration in shown]
    drawn.set_yticks(range(len(shown)), names, fontsize=8)
    drawn.invert_yaxis()
    some = f"The best {len(shown)} of {len(sweep.configurations)}" if len(shown) < len(sweep.configurations) else "Best"
    drawn.set(xlabel=_means(sweep), title=f"{some}: {sweep.criterion} {_best(sweep)}")


def _best(sweep: Sweep) -> str:
    return number(sweep.configurations[0].mean(sweep.criterion))


def _means(sweep: Sweep) -> str:
    """What the axis of scores shows."""
    most = max(len(configuration.members) for configuration in sweep.configurations)
    return f"{sweep.criterion}: mean ± deviation of {most} seeds" if most > 1 else str(sweep.criterion)


def _summary(line: Sequence[Configuration], criterion: Criterion) -> tuple[list[float], list[float]]:
    """The means, not a number where all members failed, and the deviations, 0 where there is one seed."""
    return [one.mean(criterion) for one in line], [one.spread(criterion) or 0.0 for one in line]
