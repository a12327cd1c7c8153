"""Losses and scores over steps, epochs and learning rates."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator, PercentFormatter

from backlit.alignment import number
from backlit.errors import DataError, SettingError
from backlit.layers.settings import is_whole
from backlit.pictures.canvas import BLUE, GRAY, VERMILLION, Picture, canvas, panels, picture_of
from backlit.training import History, LearningRates
from backlit.training.verdicts import verdict

ADVICE = {
    "still falling": "still falling: make more steps, or try a larger learning rate",
    "oscillating": "oscillating: try a smaller learning rate",
    "converged": "converged",
    "diverged": "diverged: try a much smaller learning rate",
}
WIDE = 30.0  # times the smallest value, beyond which an axis is logarithmic
FEW = 30  # points that have a marker each


def plot_trace(
    values: Iterable[float], *, unit: str = "step", axes: Axes | None = None, path: str | Path | None = None
) -> Picture:
    """The trace plot of a loss, with what `backlit.verdict` says of it in its title.

    The end that is judged, the last half, lies on a shade; a value that is no number is marked where it comes first.

    Args:
        values: one loss a step or an epoch, at least 8, such as `minimum.values` or `model.history["train_loss"]`.
        unit: what the values are counted by: 'step', from 0, or 'epoch', from 1; default 'step'.
        axes, path: see `backlit.pictures.canvas.canvas`.

    Raises:
        DataError: there are fewer than 8 values, or they are no row of numbers.
    """
    try:
        trace = np.fromiter(values, dtype=np.float64)
    except (TypeError, ValueError, KeyError):
        example = "minimum.values or model.history['train_loss']"
        raise DataError(f"a trace is a row of numbers, such as {example}, not {type(values).__name__}") from None
    said = verdict(trace)
    finite = np.isfinite(trace)
    with canvas(axes, path) as drawn:
        first = 1 if unit == "epoch" else 0  # step 0 is the start
        drawn.axvspan(
            len(trace) // 2 + first,
            len(trace) - 1 + first,
            color=GRAY,
            alpha=0.12,
            lw=0,
            label="the end, which is judged",
        )
        places = np.arange(len(trace)) + first
        drawn.plot(places, np.where(finite, trace, np.nan), color=BLUE, marker="." if len(trace) <= FEW else "")
        if not finite.all():
            last = max(int(np.argmin(finite)) - 1, 0)
            drawn.plot(last + first, trace[last], "X", color=VERMILLION, markersize=9, label="no number from here on")
        if said == "diverged":
            scale(drawn, trace)
        drawn.xaxis.set_major_locator(MaxNLocator(integer=True))
        drawn.set(xlabel=unit, ylabel="loss", title=ADVICE[said].capitalize())
        drawn.legend(loc="best")
    return picture_of(drawn)


def plot_curves(history: History, best_epoch: int | None = None, *, path: str | Path | None = None) -> Picture:
    """The loss of training and of validation over the epochs, and below it the accuracy or the rmse.

    Args:
        history: of a run with at least one epoch, such as `model.history`.
        best_epoch: the epoch to mark, from 1, such as `model.best_epoch`; None: that of the lowest validation loss,
            where there are validation rows.
        path: where the picture is written; None: nowhere.

    Raises:
        DataError: the history has no epochs.
        SettingError: it is no history, or has no such epoch.
    """
    check_history(history)
    watched = "validation_loss" if "validation_loss" in history.columns else "train_loss"
    if best_epoch is None:
        best_epoch = _lowest(history[watched])
    if not is_whole(best_epoch, 1) or best_epoch > len(history):
        raise SettingError(f"best_epoch is from 1 to {len(history)}, as the history has them, not {best_epoch!r}")
    epochs = history["epoch"]
    score = next((name for name in ("accuracy", "rmse") if f"train_{name}" in history.columns), None)
    with panels(2 if score else 1, 1, path, (6.4, 5.4 if score else 3.6), sharex=True) as (picture, grid):
        for axes, name in zip(grid[:, 0], ("loss", score), strict=False):
            for part, color, line in (("train", BLUE, "-"), ("validation", VERMILLION, "--")):
                if f"{part}_{name}" in history.columns:
                    values = history[f"{part}_{name}"]
                    label = "training" if part == "train" else part
                    marker = "." if len(epochs) <= FEW else ""
                    axes.plot(epochs, values, line, color=color, marker=marker, label=label)
            axes.axvline(best_epoch, color=GRAY, lw=1.2, ls=":")
            axes.set_ylabel(name)
        top, bottom = grid[0, 0], grid[-1, 0]
        scale(top, *(history[name] for name in ("train_loss", watched)))
        top.plot(best_epoch, history[watched][best_epoch - 1], "*", color="black", ms=12, label=f"epoch {best_epoch}")
        top.legend()
        rows = "validation" if watched == "validation_loss" else "training"
        best = number(history[watched][best_epoch - 1])
        top.set_title(f"Best: {rows} loss {best} after epoch {best_epoch} of {len(history)}")
        bottom.set_xlabel("epoch")
        bottom.xaxis.set_major_locator(MaxNLocator(integer=True))
        if score == "accuracy":
            bottom.yaxis.set_major_formatter(PercentFormatter(1))
        elif score:
            bottom.set_ylabel("rmse, in the target's units")
    return picture


def plot_learning_rates(found: LearningRates, *, axes: Axes | None = None, path: str | Path | None = None) -> Picture:
    """The losses at rising learning rates, as they were and smoothed, with the suggested rate marked.

    Args:
        found: what `backlit.find_learning_rate` gave.
        axes, path: see `backlit.pictures.canvas.canvas`.

    Raises:
        SettingError: it is something else.
    """
    if not isinstance(found, LearningRates):
        raise SettingError(f"plot_learning_rates shows what find_learning_rate gives, not {type(found).__name__}")
    trusted = found.smoothed[found.rates <= found.lowest]
    fall = trusted[0] - trusted.min()
    at = int(np.argmin(abs(np.log(found.rates / found.suggestion))))
    with canvas(axes, path) as drawn:
        drawn.plot(found.rates, found.losses, ".", color=GRAY, ms=4, label="loss of a batch")
        drawn.plot(found.rates, found.smoothed, color=BLUE, label="smoothed")
        drawn.axvline(found.suggestion, color=VERMILLION, ls="--", lw=1.2)
        drawn.plot(found.rates[at], found.smoothed[at], "*", color=VERMILLION, ms=13, label="suggestion")
        drawn.set_xscale("log")
        drawn.set_ylim(trusted.min() - 0.15 * fall, np.nanmax(trusted) + 0.5 * fall)  # what explodes leaves the picture
        title = f"Suggested rate {found.suggestion:.2g}: the loss falls fast, and is still safe"
        drawn.set(xlabel="learning rate", ylabel="loss", title=title)
        drawn.legend(loc="lower left")
    return picture_of(drawn)


def check_history(history: Any) -> None:
    """Refuse what is no history of at least one epoch.

    Raises:
        DataError: it has no epochs.
        SettingError: it is something else.
    """
    if not isinstance(history, History):
        raise SettingError(f"a History is shown, such as model.history, not {type(history).__name__}")
    if not len(history):
        raise DataError("the history has no epochs: show that of a run, or load the run's folder, with its history.csv")


def _lowest(losses: np.ndarray) -> int:
    """The epoch, from 1, of the lowest finite loss; the last where none is finite."""
    finite = np.where(np.isfinite(losses), losses, np.inf)
    return int(np.argmin(finite)) + 1 if np.isfinite(finite).any() else len(losses)


def scale(axes: Axes, *columns: np.ndarray) -> None:
    """A logarithmic axis for values over a wide range."""
    values = np.concatenate(columns)
    values = values[np.isfinite(values)]
    if len(values) and 0 < values.min() < values.max() / WIDE:
        axes.set_yscale("log")
