"""What a network makes of its inputs, seen as points: those of a class come together from layer to layer.

Of more than two units the plane of the widest spread is shown: principal components, the first two right singular
vectors of the centered outputs, with the share of the variance that each holds.

Source: Pearson 1901.
"""

from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from backlit.errors import SettingError
from backlit.pictures.canvas import TEN, Picture, canvas, picture_of
from backlit.pictures.inputs import shorten
from backlit.training.model import Model
from backlit.training.representation import narrowest

MOST_POINTS = 2_000
MARKERS = "osD^vPX*<>"
CENTER: dict[str, Any] = {"ha": "center", "va": "center", "fontsize": 9, "zorder": 4}
GROUND = {"boxstyle": "round,pad=0.15", "fc": "white", "ec": "none", "alpha": 0.75}


def plot_hidden(
    model: Model,
    data: Any,
    y: Any = None,
    *,
    layer: str | None = None,
    axes: Axes | None = None,
    path: str | Path | None = None,
) -> Picture:
    """The data as a layer sees them: its two units, or the two directions of widest spread, colored by the target.

    The name of each class stands at the median of its points.

    Args:
        model: the network.
        data, y: with targets, as for `Model.evaluate`; at most 2,000 points are drawn.
        layer: by its path, such as 'dense_2'; None: the narrowest inner one, as of `Model.encode`.
        axes, path: as for every plot.

    Raises:
        SettingError: the layer is unknown, or has a single output.
    """
    chosen = layer or narrowest(model.network.plan(model.input_shape))
    x, targets = model.examples(data, y)
    some = np.linspace(0, len(x) - 1, min(len(x), MOST_POINTS)).astype(int)
    outputs = model.activations_encoded(x[some], chosen).reshape(len(some), -1).astype(np.float64)
    if outputs.shape[1] < 2:
        raise SettingError(f"{chosen} has a single output, and a plane needs two: choose a wider layer")
    points, labels = (outputs, ["unit 0", "unit 1"]) if outputs.shape[1] == 2 else _components(outputs)
    with canvas(axes, path) as drawn:
        if model.schema.classes and targets.ndim == 1:
            for k, name in enumerate(model.schema.classes):
                mine = points[targets[some] == k]
                look: dict[str, Any] = {"marker": MARKERS[k % len(MARKERS)], "color": TEN[k % len(TEN)]}
                drawn.scatter(mine[:, 0], mine[:, 1], s=18, alpha=0.75, linewidths=0, label=name, **look)
                if len(mine):
                    drawn.annotate(shorten(str(name)), np.median(mine, axis=0), bbox=GROUND, **CENTER)
            if len(model.schema.classes) <= 20:
                drawn.legend(loc="center left", bbox_to_anchor=(1.0, 0.5), title=model.schema.target[0], fontsize=9)
        elif targets.ndim == 1 or targets.shape[1:] == (1,):
            shade = drawn.scatter(points[:, 0], points[:, 1], s=18, alpha=0.8, linewidths=0, c=targets[some].ravel())
            drawn.figure.colorbar(shade, ax=drawn, label=model.schema.target[0])
        else:
            drawn.scatter(points[:, 0], points[:, 1], s=18, alpha=0.6, linewidths=0)
        drawn.set(xlabel=labels[0], ylabel=labels[1])
        what = f"{outputs.shape[1]:,} outputs" + ("" if outputs.shape[1] == 2 else " in their plane of widest spread")
        drawn.set_title(f"{chosen}: {what}")
    return picture_of(drawn)


def _components(outputs: np.ndarray) -> tuple[np.ndarray, list[str]]:
    """The outputs (N, D) along their first two principal components (N, 2), and what the axes say."""
    centered = outputs - outputs.mean(0)
    left, lengths, _ = np.linalg.svd(centered, full_matrices=False)
    shares = np.square(lengths) / (np.square(lengths).sum() or 1)
    labels = [f"component {number + 1} ({shares[number]:.0%} of the variance)" for number in range(2)]
    return left[:, :2] * lengths[:2], labels
