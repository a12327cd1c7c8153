"""Runs side by side."""

from collections.abc import Mapping
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from backlit.errors import DataError
from backlit.pictures.canvas import COLORS, Picture, canvas, picture_of
from backlit.pictures.curves import check_history, scale
from backlit.training import History

STYLES = ("-", "--", "-.", ":")
MARKS = 12  # the most markers of a line


def plot_runs(
    histories: Mapping[str, History],
    column: str | None = None,
    *,
    axes: Axes | None = None,
    path: str | Path | None = None,
) -> Picture:
    """One loss or score of several runs over their epochs.

    Args:
        histories: by the name of the run, one at least, each with an epoch at least.
        column: of the histories; None: 'validation_loss' where all have it, else 'train_loss'.
        axes, path: see `backlit.pictures.canvas.canvas`.

    Raises:
        DataError: there are no runs, or one has no epochs or not that column.
        SettingError: one is no history.
    """
    if not histories:
        raise DataError("there are no runs to show: give the history of one at least, by its name")
    for history in histories.values():
        check_history(history)
    watched = all("validation_loss" in history.columns for history in histories.values())
    shown = column or ("validation_loss" if watched else "train_loss")
    without = [name for name, history in histories.items() if shown not in history.columns]
    if without:
        raise DataError(f"the run {without[0]} has no {shown}: choose a column that all runs have, such as 'loss'")
    with canvas(axes, path) as drawn:
        for k, (name, history) in enumerate(histories.items()):
            style = f"{STYLES[k // len(COLORS) % len(STYLES)]}{'osD^vP'[k % 6]}"
            every = max(1, len(history) // MARKS)
            drawn.plot(history["epoch"], history[shown], style, color=COLORS[k % 6], ms=4, markevery=every, label=name)
        scale(drawn, *(history[shown] for history in histories.values()))
        drawn.xaxis.set_major_locator(MaxNLocator(integer=True))
        words = shown.replace("_", " ")
        best = "max" if shown.rpartition("_")[2] in ("accuracy", "r2") else "min"
        values = {name: getattr(history[shown], best)() for name, history in histories.items()}
        winner = (max if best == "max" else min)(values, key=lambda name: values[name])
        title = f"The {'highest' if best == 'max' else 'lowest'} {words}: {winner}".replace("$", r"\$")
        drawn.set(xlabel="epoch", ylabel=words, title=title)
        drawn.legend(*_legible(drawn))
    return picture_of(drawn)


def _legible(axes: Axes) -> tuple[list, list[str]]:
    """What the legend says; a dollar would begin a formula, and a line under a word hide it."""
    handles, labels = axes.get_legend_handles_labels()
    return handles, [label.replace("$", r"\$") for label in labels]
