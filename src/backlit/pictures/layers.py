"""What happened in each layer while a network trained, from its telemetry; see `backlit.training.telemetry`."""

from collections.abc import Iterable, Sequence
from itertools import cycle
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator, NullFormatter, PercentFormatter

from backlit.errors import DataError, SettingError, nearest
from backlit.pictures.canvas import (
    BLUE,
    COLORS,
    GRAY,
    GREEN,
    ORANGE,
    PURPLE,
    SEQUENTIAL,
    SKY,
    VERMILLION,
    Picture,
    canvas,
    panels,
    picture_of,
)
from backlit.pictures.curves import check_history
from backlit.training import History

T = TypeVar("T")

MOST_LAYERS = 6  # in one picture, if nobody says
MOST_VARIABLES = 10
GOOD_RATIO = 1e-3
SHARES = {"zeros": (BLUE, "-", "zero"), "saturated": (ORANGE, "--", "saturated"), "dead": (VERMILLION, ":", "dead")}
STYLES = ((PURPLE, "-"), (GREEN, "--"), (ORANGE, "-."), (BLUE, ":"), (SKY, "-"), (VERMILLION, "--"))


class Stage(NamedTuple):
    """A row of the picture: a layer that learns, with the activation behind it, if it has one; or such a one alone."""

    layer: str
    activation: str = ""

    @property
    def shown(self) -> str:
        """The layer whose outputs are shown: what the next layer gets."""
        return self.activation or self.layer


def plot_layers(history: History, layers: Sequence[str] | None = None, *, path: str | Path | None = None) -> Picture:
    """What each layer put out and what gradients reached it, epoch by epoch.

    A row for each layer with weights and the activation behind it. On the left the mean of its outputs ± their standard
    deviation; in the middle the share of outputs that are exactly 0, of those that are saturated (|f'(z)| < 0.01), and
    of units that are so for every example of a batch: dead; on the right the root mean square of the gradient by each
    of its variables, on one scale for all layers, so that gradients that vanish or explode are seen.

    Args:
        history: with telemetry, such as `model.history`; epochs without any are bridged.
        layers: paths of layers as the summary has them; None: all, or of more than 6 every so many.
        path: where the picture is written; None: nowhere.

    Raises:
        DataError: the history has no epochs or no telemetry.
        SettingError: it is no history, or a layer is not in it.
    """
    stages = _stages(history)
    chosen = _spread(stages, MOST_LAYERS) if layers is None else [_stage_of(layer, stages) for layer in layers]
    names = dict.fromkeys(name for stage in chosen for name in _variables(history, stage.layer))
    styles = dict(zip(names, cycle(STYLES), strict=False))
    size = (7.2, 0.9 + 1.35 * len(chosen))
    with panels(len(chosen), 3, path, size, sharex=True) as (picture, grid):
        for axes in grid[1:, 2]:
            axes.sharey(grid[0, 2])
        for (outputs, shares, gradients), stage in zip(grid, chosen, strict=True):
            epochs, mean = _recorded(history, f"{stage.shown}/mean")
            deviation = _recorded(history, f"{stage.shown}/deviation")[1]
            marker = "." if len(epochs) < 3 else ""
            outputs.fill_between(epochs, mean - deviation, mean + deviation, color=BLUE, alpha=0.25, lw=0)
            outputs.plot(epochs, mean, color=BLUE, marker=marker)
            outputs.set_ylabel("\n".join(filter(None, stage)), rotation=0, ha="right", va="center")
            for field, (color, line, name) in SHARES.items():
                if f"{stage.shown}/{field}" in history.columns:
                    shares.plot(*_recorded(history, f"{stage.shown}/{field}"), line, color=color, label=name)
            shares.set_ylim(-0.05, 1.05)
            shares.yaxis.set_major_formatter(PercentFormatter(1))
            variables = _variables(history, stage.layer)
            for variable in variables:
                color, line = styles[variable]
                found = _recorded(history, f"{stage.layer}/{variable}/gradient")
                gradients.plot(*found, line, color=color, marker=marker, label=variable)
            gradients.set_yscale("log", nonpositive="mask")
            gradients.yaxis.set_minor_formatter(NullFormatter())
            gradients.set_visible(bool(variables))
        for axes, title in zip(
            grid[0], ("outputs: mean ± deviation", "share of outputs", "gradient, RMS"), strict=True
        ):
            axes.set_title(title, fontsize=10)
        for axes in grid[-1]:
            axes.set_xlabel("epoch")
            axes.xaxis.set_major_locator(MaxNLocator(4, integer=True))
        some = "" if len(chosen) == len(stages) or layers else f" ({len(chosen)} of {len(stages)})"
        picture.suptitle(f"What each layer puts out, and the gradients that reach it{some}", fontsize=11)
        _legend(picture, grid)
    return picture


def plot_update_ratios(history: History, *, axes: Axes | None = None, path: str | Path | None = None) -> Picture:
    """How large a step's update of each variable is beside the variable itself: rms(Δw) / rms(w), on a log axis.

    Variables that begin at 0, as biases do, have no such ratio at first, and are left out unless there are no others.
    About 1e-3, which is marked, is usual; far below it a layer hardly learns, far above it is shaken. Source: Stanford
    CS231n, "Ratio of weights:updates".

    Args:
        history: with telemetry, such as `model.history`; epochs without any are bridged.
        axes, path: see `backlit.pictures.canvas.canvas`.

    Raises:
        DataError: the history has no epochs or no telemetry.
        SettingError: it is no history.
    """
    _stages(history)
    names = [name[: -len("/update")] for name in history.columns if name.endswith("/update")]
    begun = [name for name in names if _recorded(history, f"{name}/weight")[1][:1].any()]
    chosen = _spread(begun or names, MOST_VARIABLES)
    shades = colormaps[SEQUENTIAL](np.linspace(0, 0.9, len(chosen)))
    colors = COLORS if len(chosen) <= len(COLORS) else shades
    with canvas(axes, path, (7.2, 4.2)) as drawn:
        ratios = []
        for name, color, line in zip(chosen, colors, ("-", "--", "-.", ":") * len(chosen), strict=False):
            epochs, update = _recorded(history, f"{name}/update")
            weight = history[f"{name}/weight"][epochs - 1]
            ratio = np.divide(update, weight, out=np.full(len(update), np.nan), where=weight > 0)
            drawn.plot(epochs, ratio, line, color=color, marker="." if len(epochs) < 3 else "", label=name)
            ratios.extend(ratio)
        drawn.axhline(GOOD_RATIO, color=GRAY, lw=1.2, ls=(0, (6, 3)), label="1e-3: usual")
        drawn.set_yscale("log", nonpositive="mask")
        drawn.xaxis.set_major_locator(MaxNLocator(integer=True))
        title = f"A step changes a variable by {np.nanmedian(ratios):.1e} of its size (median)"
        drawn.set(xlabel="epoch", ylabel="rms(update) / rms(variable)", title=title)
        drawn.legend(loc="upper left", bbox_to_anchor=(1, 1), fontsize=8)
    return picture_of(drawn)


def _stages(history: History) -> list[Stage]:
    """The layers that learn, each with the activation that comes next, and activations that stand alone.

    Raises:
        DataError: the history has no epochs or no telemetry.
    """
    check_history(history)
    learning = {name.rsplit("/", 2)[0] for name in history.columns if name.endswith("/gradient")}
    stages: list[Stage] = []
    for layer in (name[: -len("/mean")] for name in history.columns if name.endswith("/mean")):
        if f"{layer}/slope" in history.columns:
            pairs = bool(stages) and not stages[-1].activation and stages[-1].layer in learning
            stages.append(Stage(stages.pop().layer, layer) if pairs else Stage(layer))
        elif layer in learning:
            stages.append(Stage(layer))
    if not learning:
        raise DataError("the history has no telemetry: show that of a run, with columns such as 'dense_1/mean'")
    return stages


def _stage_of(layer: str, stages: Sequence[Stage]) -> Stage:
    for stage in stages:
        if layer in stage:
            return stage
    known = [name for stage in stages for name in stage if name]
    raise SettingError(f"the history has no layer {layer!r}: {nearest(str(layer), known)}")


def _variables(history: History, layer: str) -> list[str]:
    """The names of a layer's own variables."""
    owned = [name.rsplit("/", 2) for name in history.columns if name.endswith("/gradient")]
    return [variable for owner, variable, _ in owned if owner == layer]


def _recorded(history: History, name: str) -> tuple[np.ndarray, np.ndarray]:
    """The epochs that have a statistic, and its values."""
    known = np.isfinite(history[name])
    return history["epoch"][known], history[name][known]


def _spread(items: Sequence[T], most: int) -> list[T]:
    """At most so many of some items, the first and the last among them."""
    places = np.linspace(0, len(items) - 1, min(most, len(items))).round().astype(int)
    return [items[place] for place in places]


def _legend(picture: Picture, grid: Iterable[Sequence[Axes]]) -> None:
    """One legend below all panels, each label in it once."""
    entries: dict[str, Any] = {}
    for axes in (axes for row in grid for axes in row):
        handles, labels = axes.get_legend_handles_labels()
        entries |= {label: handle for label, handle in zip(labels, handles, strict=True) if label not in entries}
    picture.legend(list(entries.values()), list(entries), loc="outside lower center", ncols=min(len(entries), 5))
