"""Where a network decides: the plane of two features, shaded by the class that it chooses, with the data's points."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap, to_rgb

from backlit.errors import SettingError, ShapeError, nearest
from backlit.layers.dense import Dense
from backlit.layers.settings import is_whole
from backlit.pictures.canvas import BLUE, COLORS, GRAY, VERMILLION, Picture, canvas, picture_of
from backlit.pictures.inputs import LABEL, feature_names, shorten
from backlit.shapes import write
from backlit.training.model import Model

SIDE = 160  # points of the grid along each axis
MOST_POINTS = 2_000  # of the data that are drawn
MARKERS = "osD^vPX*<>"
BETWEEN = LinearSegmentedColormap.from_list("between", [BLUE, "white", VERMILLION])


def plot_boundary(
    model: Model,
    data: Any,
    y: Any = None,
    *,
    features: Sequence[str | int] | None = None,
    units: bool = False,
    layer: str | None = None,
    axes: Axes | None = None,
    path: str | Path | None = None,
) -> Picture:
    """The decision boundary over two features, the probability as shade, with the data's points.

    The boundary is where the two likeliest classes are equally likely. Preprocessing is part of the network, so that
    all is in the units of the data.

    Args:
        model: a network for classes on rows of features.
        data, y: with targets, as for `Model.evaluate`; at most 2,000 points are drawn.
        features: the two of the axes, by name or by place from 0; the others stay at their median in the data, a
            category at its most frequent. None: the only two.
        units: whether to draw where each unit of the first Dense layer has z = w·x + b = 0: a line.
        layer: the layer whose units are drawn instead, such as 'dense_2': its z = 0 is a curve.
        axes, path: as for every plot.

    Raises:
        ShapeError: the inputs are not rows of at least two features, or two have to be chosen.
        SettingError: the network chooses no class, a feature or the layer is unknown, or the feature is a category.
    """
    first, second = _pair(model, features)
    unit_layer = _unit_layer(model, layer) if units or layer else None
    x, targets = model.examples(data, y)
    names, classes = feature_names(model), model.schema.classes
    left, right, bottom, top = extent = (*_range(x[:, first]), *_range(x[:, second]))
    middle = _middle(model, x)
    grid = np.repeat(middle[None], SIDE**2, axis=0)
    across, up = np.meshgrid(np.linspace(left, right, SIDE), np.linspace(bottom, top, SIDE))
    grid[:, first], grid[:, second] = across.ravel(), up.ravel()
    scores = model.predict_encoded(grid).reshape(SIDE, SIDE, -1)
    with canvas(axes, path) as drawn:
        drawn.grid(False)
        look: dict[str, Any] = {"origin": "lower", "extent": extent, "aspect": "auto", "interpolation": "bilinear"}
        if len(classes) == 2 and model.loss.link is not None:
            shade = drawn.imshow(scores[..., 1], cmap=BETWEEN, vmin=0, vmax=1, alpha=0.55, **look)
            drawn.figure.colorbar(shade, ax=drawn, label=f"probability of {shorten(str(classes[1]), LABEL)}")
        else:
            drawn.imshow(_shades(scores, model.loss.link is not None), **look)
        for k in range(len(classes) if len(classes) > 2 else 1):
            rest = np.delete(scores, k, axis=-1).max(-1)
            if (scores[..., k] > rest).any() and (scores[..., k] < rest).any():
                drawn.contour(across, up, scores[..., k] - rest, levels=[0], colors="black", linewidths=1.6)
        if unit_layer is not None:
            _draw_units(drawn, model, grid, across, up, unit_layer)
        some = np.linspace(0, len(x) - 1, min(len(x), MOST_POINTS)).astype(int)
        for k, name in enumerate(classes):
            points = x[some][targets[some] == k]
            drawn.scatter(
                points[:, first],
                points[:, second],
                s=16,
                marker=MARKERS[k % len(MARKERS)],
                color=COLORS[k % len(COLORS)],
                edgecolors="white",
                linewidths=0.5,
                label=name,
                zorder=3,
            )
        if len(classes) <= 10:
            drawn.legend(loc="upper center", bbox_to_anchor=(0.5, -0.13), ncols=4)
        drawn.set(xlim=extent[:2], ylim=extent[2:])
        drawn.set(xlabel=shorten(names[first], LABEL), ylabel=shorten(names[second], LABEL))
        drawn.set_title(_said(model, x, targets, middle, (first, second)))
    return picture_of(drawn)


def _pair(model: Model, features: Sequence[str | int] | None) -> tuple[int, int]:
    """The places of the two features of the axes."""
    if not model.schema.classes:
        raise SettingError("a boundary lies between classes, and this network gives numbers: choose plot_fit")
    if len(model.input_shape) != 1 or model.input_shape[0] < 2 or model.schema.kind == "sequence":
        raise ShapeError(
            f"a boundary is drawn over two features of rows, and this network takes {write(model.input_shape)}: choose "
            "plot_hidden for what it makes of such inputs"
        )
    names = feature_names(model)
    if features is None and len(names) > 2:
        raise ShapeError(
            f"a boundary is drawn over two features, and this network takes {len(names)}: choose two, such as "
            f"features={(names[0], names[1])!r}; the others stay at their median"
        )
    pair = tuple(features) if features is not None else (0, 1)
    if isinstance(features, str) or len(pair) != 2 or pair[0] == pair[1]:
        raise SettingError(f"features = {features!r}: name two different ones, such as {(names[0], names[1])!r}")
    first, second = (_place(model, names, feature) for feature in pair)
    return first, second


def _place(model: Model, names: list[str], feature: str | int) -> int:
    if isinstance(feature, str) and feature not in names:
        raise SettingError(f"no feature {feature!r}: {nearest(feature, names)}")
    place = names.index(feature) if isinstance(feature, str) else feature
    if not (is_whole(place, 0) and place < len(names)):
        raise SettingError(f"the features have the places 0 to {len(names) - 1}, not {feature!r}")
    if model.schema.features and model.schema.features[place].categories:
        raise SettingError(f"{names[place]} is a category, without an order along an axis: choose a number")
    return place


def _unit_layer(model: Model, layer: str | None) -> str:
    """The layer whose units are drawn: the given one, or the first Dense."""
    dense = [name for name, block in model.network.named.items() if isinstance(block, Dense)]
    if not dense and layer is None:
        raise SettingError(
            f"units are those of a Dense layer, and the network has only {', '.join(model.network.named)}"
        )
    chosen = layer or dense[0]
    if chosen in model.network.named and chosen not in dense:
        raise SettingError(f"z = w·x + b is what a Dense layer gives, and {chosen} is none: choose {', '.join(dense)}")
    return chosen


def _draw_units(axes: Axes, model: Model, grid: np.ndarray, across: np.ndarray, up: np.ndarray, layer: str) -> None:
    """Where each unit of the layer has z = 0."""
    values = model.activations_encoded(grid, layer).reshape(*across.shape, -1)
    label = f"z = 0 of {layer}'s {values.shape[-1]} units"
    for unit in np.moveaxis(values, -1, 0):
        if unit.min() < 0 < unit.max():
            axes.contour(across, up, unit, levels=[0], colors=GRAY, linewidths=1.1, linestyles="dashed")
    axes.plot([], [], color=GRAY, linewidth=1.1, linestyle="dashed", label=label)


def _said(model: Model, x: np.ndarray, targets: np.ndarray, middle: np.ndarray, pair: tuple[int, int]) -> str:
    """How many rows the drawn boundary puts right and, of more than two features, how many all of them do."""
    right = f"{(model.predict_encoded(x).argmax(-1) == targets).mean():.1%}"
    if x.shape[1] == 2:
        return f"Decision boundary: {right} of {len(x):,} rows right"
    on_slice = np.repeat(middle[None], len(x), axis=0)
    on_slice[:, pair] = x[:, pair]
    alone = (model.predict_encoded(on_slice).argmax(-1) == targets).mean()
    return (
        f"Decision boundary, the other {x.shape[1] - 2} features at their median:\n"
        f"{alone:.1%} of {len(x):,} rows right on this slice, {right} with all features"
    )


def _range(values: np.ndarray) -> tuple[float, float]:
    """From a little below the least to a little above the largest."""
    low, high = float(np.nanmin(values)), float(np.nanmax(values))
    room = 0.08 * ((high - low) or 1.0)
    return low - room, high + room


def _middle(model: Model, x: np.ndarray) -> np.ndarray:
    """The median of each feature, of a category the most frequent code."""
    middle = np.nanmedian(x.astype(np.float32), axis=0)
    for place, feature in enumerate(model.schema.features):
        if feature.categories:
            codes, counts = np.unique(x[:, place], return_counts=True)
            middle[place] = codes[counts.argmax()]
    return middle.astype(np.float32)


def _shades(scores: np.ndarray, probabilities: bool) -> np.ndarray:
    """The color of the chosen class (H, W, 3), the paler the less likely it is."""
    classes = scores.shape[-1]
    colors = np.array([to_rgb(COLORS[k % len(COLORS)]) for k in range(classes)])
    sure = (scores.max(-1) - 1 / classes) / (1 - 1 / classes) if probabilities else np.full(scores.shape[:2], 0.6)
    strength = (0.08 + 0.5 * np.clip(sure, 0, 1))[..., None]
    return 1 - strength * (1 - colors[scores.argmax(-1)])
