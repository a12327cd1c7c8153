"""What layers hold and make, as images: weights, filters, feature maps, and the pieces of images that excite a unit."""

from math import ceil, prod
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle
from matplotlib.ticker import MaxNLocator

from backlit.errors import SettingError, nearest
from backlit.pictures.canvas import DIVERGING, ORANGE, SEQUENTIAL, SKY, VERMILLION, Picture, canvas, picture_of
from backlit.pictures.inputs import feature_names, image_of, image_shape_of, one_row, shorten, shown
from backlit.pictures.tiles import plot_tiles, symmetric
from backlit.shapes import Shape, write
from backlit.training.model import Model
from backlit.training.patches import strongest_patches
from backlit.training.receptive_field import receptive_field

MOST_TILES = 40
MOST_CHANNELS = 10


def plot_weights(
    model: Model,
    layer: str | None = None,
    *,
    image_shape: Shape | None = None,
    axes: Axes | None = None,
    path: str | Path | None = None,
) -> Picture:
    """The weights of a Dense layer: those of each unit as an image where its inputs are pixels, else all as a heat map.

    With z = Wx + b as lectures write it, the images are the rows of W: what each unit looks for.

    Args:
        model: the network.
        layer: the Dense layer's path; None: the first.
        image_shape: (H, W) or (H, W, C) of what the layer takes; () for a heat map; None: images where the layer takes
            the network's input itself, and that is an image or numbers without names that fill a square, as digits do.
        axes, path: as for every plot.

    Raises:
        SettingError: there is no such layer with weights (F, units), or image_shape does not fit.
    """
    chosen, weight = _weight(model, layer, "Dense", lambda weight: weight.ndim == 2)
    inputs, units = weight.shape
    names = [f"unit {unit}" for unit in range(units)]
    classes = model.schema.classes
    if units == len(classes) and chosen == _weighted(model, lambda weight: True)[-1]:
        names = [str(name) for name in classes]
    direct = inputs == prod(model.input_shape) and chosen == _weighted(model, lambda weight: True)[0]
    shape = image_shape_of(model, image_shape, inputs) if direct or image_shape else None
    if shape is not None and shape[2] in (1, 3):
        shades = weight.T.reshape(-1, *shape)[:MOST_TILES]
        tiles = [image.mean(-1) if shape[2] == 3 else image[..., 0] for image in shades]
        title = f"{chosen}: the weights of {_some(len(tiles), units, 'unit')} as images of {write(shape[:2])}"
        look: dict[str, Any] = {"cmap": DIVERGING, "limits": symmetric(np.stack(tiles))}
        bar = "weight" if shape[2] == 1 else "weight, mean over colors"
        return plot_tiles(tiles, names[: len(tiles)], title, **look, colorbar=bar, axes=axes, path=path)
    low, high = symmetric(weight)
    with canvas(axes, path) as drawn:
        drawn.grid(False)
        image = drawn.imshow(weight.T, cmap=DIVERGING, vmin=low, vmax=high, aspect="auto", interpolation="nearest")
        drawn.figure.colorbar(image, ax=drawn, label="weight")
        step = ceil(units / 32)
        drawn.set_yticks(range(0, units, step), names[::step], fontsize=10 if units <= 16 else 7)
        drawn.set(xlabel=f"input of {chosen}", ylabel="unit" if names[0] == "unit 0" else "class")
        drawn.xaxis.set_major_locator(MaxNLocator(integer=True))
        if direct and inputs <= MOST_TILES and feature_names(model)[0] != "feature 0":
            named = [shorten(name) for name in feature_names(model)]
            drawn.set_xticks(range(inputs), named, rotation=60, ha="right", rotation_mode="anchor", fontsize=8)
        drawn.set_title(f"{chosen}: weights of {units} units on {inputs} inputs")
    return picture_of(drawn)


def plot_filters(
    model: Model, layer: str | None = None, *, axes: Axes | None = None, path: str | Path | None = None
) -> Picture:
    """The filters of a convolution as images.

    Filters on one channel are shaded around 0; on the three colors of the input they are colors around gray, which is
    0. On more channels each filter is a row, with a tile for each channel, as far as they fit. Filters along one axis
    are images of channels by steps.

    Args:
        model: a network with a convolution.
        layer: the convolution's path, such as 'conv_1'; None: the first.
        axes, path: as for every plot.

    Raises:
        SettingError: there is no such convolution, or it has filters along three axes.
    """
    chosen, weight = _weight(model, layer, "convolution", lambda weight: weight.ndim > 2)
    if weight.ndim == 5:
        raise SettingError(f"{chosen} has filters along three axes: a picture shows one or two")
    channels, filters = weight.shape[-2:]
    first = chosen == _weighted(model, lambda weight: weight.ndim > 2)[0]
    columns: int | None = None
    look: dict[str, Any] = {"cmap": DIVERGING, "limits": symmetric(weight), "colorbar": "weight"}
    if weight.ndim == 3:
        tiles = list(weight.transpose(2, 1, 0)[:MOST_TILES])
    elif channels == 1:
        tiles = list(weight[:, :, 0].transpose(2, 0, 1)[:MOST_TILES])
    elif channels == 3 and first and model.input_shape[-1] == 3:
        tiles = list(0.5 + weight.transpose(3, 0, 1, 2)[:MOST_TILES] / (2 * np.abs(weight).max()))
        look = {}
    else:
        columns = min(channels, MOST_CHANNELS)
        tiles = list(weight[:, :, :columns, :MOST_CHANNELS].transpose(3, 2, 0, 1).reshape(-1, *weight.shape[:2]))
    shown_filters = len(tiles) // (columns or 1)
    title = f"{chosen}: {_some(shown_filters, filters, 'filter')} of {write(weight.shape[:-2])}"
    if columns:
        title += f", a row each, on {_some(columns, channels, 'channel')}"
        labels = ["" if place % columns else f"filter {place // columns}" for place in range(len(tiles))]
    else:
        labels = [f"filter {place}" for place in range(len(tiles))]
    return plot_tiles(tiles, labels, title, columns=columns, **look, axes=axes, path=path)


def plot_feature_maps(
    model: Model,
    image: Any,
    layer: str | None = None,
    *,
    image_shape: Shape | None = None,
    axes: Axes | None = None,
    path: str | Path | None = None,
) -> Picture:
    """What a layer makes of an image: the image, then the map of each of its units, in one scale.

    Args:
        model: a network with layers that keep the places of an image.
        image: one input, as the network takes it.
        layer: the layer's path, such as 'relu_1'; None: the first convolution.
        image_shape: (H, W) or (H, W, C) of the input, where it is a row of numbers.
        axes, path: as for every plot.

    Raises:
        SettingError: there is no such layer, or its output is no map (H, W, C).
        ShapeError: the input is no image.
        DataError: the data hold several inputs, or do not fit.
    """
    chosen = layer or _weight(model, None, "convolution", lambda weight: weight.ndim == 4)[0]
    row = one_row(model, image)
    pixels = image_of(model, row[0], image_shape)
    maps = model.activations_encoded(row, chosen)[0]
    if maps.ndim != 3:
        raise SettingError(
            f"{chosen} gives {write(maps.shape)}, and feature maps are (H, W, C): choose {_spatial(model)}"
        )
    units = min(maps.shape[-1], MOST_TILES - 1)
    span = (pixels.max() - pixels.min()) or 1
    gray = np.repeat(((pixels - pixels.min()) / span)[..., None], 3, -1) if pixels.ndim == 2 else pixels
    labels = ["the image", *(f"map {unit}" for unit in range(units))]
    title = f"{chosen}: {_some(units, maps.shape[-1], 'map')} of {write(maps.shape[:2])}"
    tiles = [gray, *maps.transpose(2, 0, 1)[:units]]
    look: dict[str, Any] = {"cmap": SEQUENTIAL, "limits": (float(maps.min()), float(maps.max())), "colorbar": "output"}
    return plot_tiles(tiles, labels, title, **look, axes=axes, path=path)


def plot_patches(
    model: Model,
    data: Any,
    layer: str,
    unit: int = 0,
    *,
    count: int = 9,
    axes: Axes | None = None,
    path: str | Path | None = None,
) -> Picture:
    """The pieces of different images that make a unit strongest, each under its strength and its row in the data.

    Args:
        model, data, layer, unit, count: as for `backlit.strongest_patches`.
        axes, path: as for every plot.

    Raises:
        SettingError: there is no such layer or unit, or it has no place in the image.
        DataError: no image excites the unit.
    """
    patches = strongest_patches(model, data, layer, unit, count)
    if not patches:
        raise SettingError(f"no image moves unit {unit} of {layer}: it is dead; choose another unit")
    tiles = [shown(patch.pixels) for patch in patches]
    labels = [f"{patch.strength:.3g} (row {patch.row})" for patch in patches]
    grays = [tile for tile in tiles if tile.ndim == 2]
    limits = (min(map(np.min, grays)), max(map(np.max, grays))) if grays else None
    title = f"{layer}: the {len(tiles)} pieces that make unit {unit} strongest"
    return plot_tiles(tiles, labels, title, limits=limits, columns=min(len(tiles), 5), axes=axes, path=path)


def plot_receptive_field(
    model: Model,
    image: Any,
    layer: str,
    place: tuple[int, int] | None = None,
    *,
    axes: Axes | None = None,
    path: str | Path | None = None,
) -> Picture:
    """The window of an image that one place of a layer sees: what the windows of the layers span, and what counts here.

    The outer rectangle is the receptive field by the sizes, strides and paddings of the layers; the inner one holds all
    pixels by which the units at that place have a gradient other than 0: units that are off pass none.

    Args:
        model: a network on images (H, W, C).
        image: one input, as the network takes it.
        layer: the layer's path, such as 'conv_2'; its output is (H′, W′, C′).
        place: (row, column) in that output, from 0; None: the middle.
        axes, path: as for every plot.

    Raises:
        SettingError: there is no such layer or place, or the layer has no places.
        ShapeError: the network is not on images.
        DataError: the data hold several inputs, or do not fit.
    """
    field = receptive_field(model, one_row(model, image), layer, place)
    pixels = image_of(model, field.image, None)
    with canvas(axes, path) as drawn:
        drawn.grid(False)
        drawn.imshow(pixels, cmap="gray", interpolation="nearest")
        for name, window, color, style, inset in (
            ("by the layers' windows", field.window, ORANGE, "solid", 0.0),
            ("with a gradient here", field.seen, SKY, "dashed", 0.1),
        ):
            if window is not None:
                (top, bottom), (left, right) = window
                height, width = bottom - top + 1, right - left + 1
                corner = (left - 0.5 + inset, top - 0.5 + inset)
                box = Rectangle(corner, width - 2 * inset, height - 2 * inset, fill=False, linewidth=2.5, clip_on=False)
                box.set(edgecolor=color, linestyle=style, label=f"{height}×{width} {name}")
                drawn.add_patch(box)
        if field.seen is None:
            drawn.plot([], [], color=VERMILLION, label="no gradient: all units are off here")
        drawn.set(xlabel="column (pixels)", ylabel="row (pixels)")
        drawn.legend(loc="upper left", bbox_to_anchor=(1.02, 1.0), fontsize=9)
        drawn.set_title(f"What {layer} sees at ({field.place[0]}, {field.place[1]})")
    return picture_of(drawn)


def _weighted(model: Model, fits: Any) -> list[str]:
    """The paths of the layers with a weight that fits, in order."""
    variables = model.network.plan(model.input_shape).variables()
    return ["/".join(path[:-1]) for path, held in variables if path[-1] == "weight" and fits(np.empty(held.shape))]


def _weight(model: Model, layer: str | None, kind: str, fits: Any) -> tuple[str, np.ndarray]:
    """The path of a layer, the given one or the first of its kind, and its weight.

    Raises:
        SettingError: there is none.
    """
    known = _weighted(model, fits)
    every = list(model.network.named)
    if not known:
        other = "plot_weights" if kind == "convolution" else "plot_filters"
        raise SettingError(
            f"the network has no {kind} layer, only {', '.join(every)}: choose {other}, or another network"
        )
    if layer is not None and layer not in known:
        raise SettingError(f"{layer!r} is no {kind} layer of the network: {nearest(layer, known)}")
    held: Any = model.parameters
    for name in (layer or known[0]).split("/"):
        held = held[name]
    return layer or known[0], np.asarray(held["weight"], np.float32)


def _spatial(model: Model) -> str:
    """The layers that give maps."""
    parts = model.network.plan(model.input_shape).parts.items()
    return ", ".join(name for name, part in parts if len(part.output) == 3) or "a network with a convolution"


def _some(count: int, many: int, noun: str) -> str:
    """How many of how many.

    >>> _some(2, 3, "unit"), _some(1, 1, "unit")
    ('2 of 3 units', '1 unit')
    """
    return f"{count} of {many} {noun}s" if count < many else f"{many} {noun}{'' if many == 1 else 's'}"
