"""How good a network's answers are: numbers against the data's, classes taken for each other, probabilities kept."""

from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from backlit.errors import SettingError, ShapeError
from backlit.layers.settings import is_whole
from backlit.pictures.canvas import BLUE, GRAY, VERMILLION, Picture, canvas, panels, picture_of
from backlit.pictures.inputs import LABEL, feature_names, shorten
from backlit.training.answers import confusions
from backlit.training.calibration import calibrate
from backlit.training.model import Model

CURVE = 400  # points
MOST_POINTS = 5_000  # of the data that are drawn
MOST_SHARES, MOST_NUMBERS = 8, 20  # classes with shares and with counts in their cells
DARK = 0.55  # shares above have white numbers


def plot_fit(
    model: Model,
    data: Any,
    y: Any = None,
    *,
    target: int | str | None = None,
    axes: Axes | None = None,
    path: str | Path | None = None,
) -> Picture:
    """How a network fits numbers: of one input the curve through the points, of several predicted against actual.

    Predicted against actual has the diagonal, on which every right answer lies, and a band around it as wide as the
    residuals' root mean square.

    Args:
        model: a network for numbers.
        data, y: with targets, as for `Model.evaluate`; at most 5,000 points are drawn.
        target: which, by name or by place from 0, where there are several.
        axes, path: as for every plot.

    Raises:
        SettingError: the network gives classes, or the target is unknown or has to be chosen.
        ShapeError: the targets are images or sequences.
    """
    place = _target(model, target)
    x, given = model.examples(data, y)
    actual = given.reshape(len(given), -1)[:, place]
    predicted = model.predict_encoded(x)[:, place]
    name = model.schema.target[place] if len(model.schema.target) > place else f"target {place}"
    name = shorten(name, LABEL)
    rms = float(np.sqrt(np.mean(np.square(actual - predicted))))
    known = 1 - np.sum(np.square(actual - predicted)) / (np.sum(np.square(actual - actual.mean())) or 1)
    some = np.linspace(0, len(x) - 1, min(len(x), MOST_POINTS)).astype(int)
    dots: dict[str, Any] = {"s": 14, "alpha": 0.6, "color": BLUE, "linewidths": 0}
    with canvas(axes, path) as drawn:
        if model.input_shape == (1,):
            drawn.scatter(x[some, 0], actual[some], label="data", **dots)
            along = np.linspace(np.nanmin(x), np.nanmax(x), CURVE, dtype=np.float32)[:, None]
            drawn.plot(along[:, 0], model.predict_encoded(along)[:, place], color=VERMILLION, label="network")
            drawn.set(xlabel=shorten(feature_names(model)[0], LABEL), ylabel=name)
            drawn.set_title(f"Fit: R² = {known:.3f}, residuals of {rms:.3g} (root mean square)")
        else:
            drawn.scatter(actual[some], predicted[some], label="data", **dots)
            ends = np.array([min(actual.min(), predicted.min()), max(actual.max(), predicted.max())])
            drawn.plot(ends, ends, color=GRAY, linestyle="dashed", label="predicted = actual")
            drawn.fill_between(ends, ends - rms, ends + rms, color=GRAY, alpha=0.15, label=f"± {rms:.3g}", linewidth=0)
            drawn.set(xlabel=f"actual {name}", ylabel=f"predicted {name}")
            drawn.set_title(f"Predicted against actual: R² = {known:.3f}")
        drawn.legend(loc="best", frameon=True, framealpha=0.85)
    return picture_of(drawn)


def plot_confusion(
    model: Model, data: Any, y: Any = None, *, axes: Axes | None = None, path: str | Path | None = None
) -> Picture:
    """Which classes are taken for which: a row for each class of the data, the shade its share of the row.

    Cells have the count, with up to 8 classes the share of the row too; with more than 20 classes they have none.

    Args:
        model: a network for classes.
        data, y: with targets, as for `Model.evaluate`.
        axes, path: as for every plot.

    Raises:
        SettingError: the network gives numbers.
    """
    if not model.schema.classes:
        raise SettingError("a confusion matrix is of classes, and this network gives numbers: choose plot_fit")
    x, targets = model.examples(data, y)
    names = [str(name) for name in model.schema.classes]
    many, codes = len(names), targets.ravel()
    predicted = model.predict_encoded(x).argmax(-1).ravel()
    counts = confusions(codes[codes >= 0], predicted[codes >= 0], many)
    shares = counts / np.maximum(counts.sum(1, keepdims=True), 1)
    side = min(8.5, 3.6 + 0.3 * many)
    with canvas(axes, path, (side + 0.9, side)) as drawn:
        drawn.grid(False)
        image = drawn.imshow(shares, cmap="Blues", vmin=0, vmax=1)
        drawn.figure.colorbar(image, ax=drawn, label="share of the class", shrink=0.8)
        for place in np.ndindex(*counts.shape) if many <= MOST_NUMBERS else ():
            if counts[place]:
                share = f"\n{shares[place]:.0%}" if many <= MOST_SHARES else ""
                ink = "white" if shares[place] > DARK else "black"
                size = 10 if many <= MOST_SHARES else 8 if many <= 12 else 6.5
                drawn.text(
                    place[1], place[0], f"{counts[place]:,}{share}", ha="center", va="center", color=ink, fontsize=size
                )
        places = np.arange(0, many, -(-many // 40))
        labels = [shorten(names[place]) for place in places]
        tilt = max(map(len, labels)) > (40 // many if many > 3 else 12)
        small = 9 if many <= MOST_NUMBERS else 7
        drawn.set_xticks(places, labels, rotation=60 if tilt else 0, ha="right" if tilt else "center", fontsize=small)
        drawn.set_yticks(places, labels, fontsize=small)
        if tilt:
            for label in drawn.get_xticklabels():
                label.set_rotation_mode("anchor")
        drawn.set(xlabel="predicted class", ylabel="actual class")
        drawn.set_title(_said(counts, names), fontsize=10)
    return picture_of(drawn)


def plot_calibration(
    model: Model, data: Any, y: Any = None, *, bins: int = 10, path: str | Path | None = None
) -> Picture:
    """Whether probabilities mean what they say: how often what is stated with each probability is so.

    Points on the diagonal keep what they promise, points below it promise too much. Of two classes it is the
    probability of the second; of more, that of the class that the network chooses. A point is the larger the more rows
    its bin has, and its bar is the binomial standard error √(p(1 − p)/n), which of few rows is wide. Below: the rows of
    each bin, on a logarithmic axis.

    Args:
        model: a network for classes with probabilities.
        data, y: with targets, as for `Model.evaluate`.
        bins: of equal width, at least 2; default 10.
        path: as for every plot.

    Raises:
        SettingError: the network has no probabilities, or the number of bins is out of range.
    """
    found = calibrate(model, data, y, bins)
    classes = model.schema.classes
    with panels(2, 1, path, (5.6, 5.2), sharex=True, height_ratios=(3, 1)) as (picture, axes):
        above, below = axes[:, 0]
        above.plot([0, 1], [0, 1], color=GRAY, linestyle="dashed", label="perfectly calibrated")
        shares = (found.counts * found.observed + 1) / (found.counts + 2)  # never 0 or 1, which would claim no error
        error = np.sqrt(shares * (1 - shares) / found.counts)
        above.vlines(found.stated, found.stated, found.observed, color=VERMILLION, linewidth=1.2, label="gap")
        above.errorbar(found.stated, found.observed, error, color=BLUE, lw=1, capsize=3, label="± standard error")
        sizes = 12 + 88 * found.counts / found.counts.max()
        above.scatter(found.stated, found.observed, sizes, color=BLUE, zorder=3, label="network (larger: more rows)")
        above.set(xlim=(0, 1), ylim=(-0.03, 1.03))
        above.set_title(f"Calibration: expected error {found.error:.3f} over {found.counts.sum():,.0f} rows")
        above.legend(loc="upper left")
        two = len(classes) == 2
        above.set_ylabel(f"share that is {shorten(str(classes[1]))}" if two else "share that is right")
        middles = (found.edges[:-1] + found.edges[1:]) / 2
        where = np.clip(np.searchsorted(found.edges, found.stated) - 1, 0, bins - 1)
        bars = below.bar(middles[where], found.counts, width=0.9 / bins, color=BLUE)
        if len(found.counts) <= MOST_NUMBERS:
            below.bar_label(bars, [f"{round(count):,}" for count in found.counts], fontsize=8)
        below.set_yscale("log")
        below.set_ylim(0.5, 5 * found.counts.max())
        below.grid(False)
        below.set(ylabel="rows", xlabel=f"probability of {shorten(str(classes[1])) if two else 'the chosen class'}")
    return picture


def _target(model: Model, target: int | str | None) -> int:
    """The place of the target to draw."""
    names, shape = model.schema.target, model.schema.target_shape
    if model.schema.classes:
        raise SettingError(
            "a fit is of numbers, and this network gives classes: choose plot_confusion or plot_boundary"
        )
    if len(shape) > 1 or model.schema.reconstructs:
        raise ShapeError("a fit is of numbers, and this network's answers are whole inputs: choose plot_hidden")
    many = shape[0] if shape else 1
    choices = list(names) if len(names) == many else list(range(many))
    if target is None and many > 1:
        raise SettingError(f"the network gives {many} numbers: choose one, such as target={choices[0]!r}")
    if target is None:
        return 0
    if target in names:
        return names.index(str(target))
    if not (is_whole(target, 0) and int(target) < many):
        raise SettingError(f"no target {target!r}: choose one of {', '.join(map(repr, choices))}")
    return int(target)


def _said(counts: np.ndarray, names: list[str]) -> str:
    """What a confusion matrix says: how many are wrong, and what is confused most."""
    wrong = counts * (1 - np.eye(len(counts), dtype=int))
    total = f"{wrong.sum():,} of {counts.sum():,} wrong"
    if not wrong.sum():
        return f"Confusion: {total}"
    actual, taken = (shorten(names[place]) for place in np.unravel_index(wrong.argmax(), wrong.shape))
    return f"Confusion: {total}\nmost often {actual} taken for {taken} ({wrong.max():,}×)"
