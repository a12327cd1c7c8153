"""Images side by side on one canvas, each under a line of text: filters, maps, templates, patches."""

from collections.abc import Sequence
from math import ceil, sqrt
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.image import AxesImage

from backlit.pictures.canvas import Picture, canvas, picture_of

WIDTH = 6.4  # inches
LABEL = 0.17  # inches, of a line of text above a tile
MOST_COLUMNS = 10


def plot_tiles(
    tiles: Sequence[np.ndarray],
    labels: Sequence[str],
    title: str,
    *,
    cmap: str = "gray",
    limits: tuple[float, float] | None = None,
    colorbar: str = "",
    columns: int | None = None,
    axes: Axes | None = None,
    path: str | Path | None = None,
) -> Picture:
    """Images (H, W) or (H, W, 3) in rows, each in a square of its own.

    Args:
        tiles: at least one.
        labels: a line of text above each; empty: none.
        title: of the picture.
        cmap: for images without colors.
        limits: the values of the ends of `cmap`, for all tiles; None: of each tile its own.
        colorbar: what the values of all tiles are; empty: no color bar.
        columns: tiles side by side; None: as many as make the picture about square, 10 at most.
        axes, path: as for every plot.
    """
    columns = columns or _columns(len(tiles))
    rows = ceil(len(tiles) / columns)
    tall = max(tile.shape[0] / max(tile.shape[:2]) for tile in tiles)
    side = min(1.5, (WIDTH - (0.9 if colorbar else 0.2)) / columns)
    step = tall + 0.08 + (LABEL / side if any(labels) else 0)
    size = (max(4.0, side * columns + (0.9 if colorbar else 0.2)), side * step * rows + 0.5)
    with canvas(axes, path, size) as drawn:
        image: AxesImage | None = None
        for place, (tile, label) in enumerate(zip(tiles, labels, strict=True)):
            row, column = divmod(place, columns)
            height, width = (extent / max(tile.shape[:2]) for extent in tile.shape[:2])
            left, low = 1.08 * column + (1 - width) / 2, -step * row - height - (tall - height) / 2
            look: dict[str, Any] = {} if limits is None else {"vmin": limits[0], "vmax": limits[1]}
            extent = (left, left + width, low, low + height)
            image = drawn.imshow(tile, cmap=cmap, extent=extent, interpolation="nearest", **look)
            drawn.text(1.08 * column + 0.5, -step * row + 0.03, label, ha="center", va="bottom", fontsize=8)
        if colorbar and image is not None:
            drawn.figure.colorbar(image, ax=drawn, label=colorbar, shrink=0.8, fraction=0.05)
        drawn.set(xlim=(-0.02, 1.08 * columns - 0.06), ylim=(-step * rows + 0.02, LABEL / side + 0.03))
        drawn.set_aspect("equal")
        drawn.axis("off")
        drawn.set_title(title)
    return picture_of(drawn)


def _columns(count: int) -> int:
    """Tiles side by side, near the square and with few places left empty.

    >>> [_columns(count) for count in (1, 3, 9, 10, 16)]
    [1, 3, 3, 5, 4]
    """
    wide = ceil(sqrt(count))
    return min(range(wide, min(MOST_COLUMNS, max(wide, 2 * wide - 1)) + 1), key=lambda columns: -count % columns)


def symmetric(values: np.ndarray) -> tuple[float, float]:
    """Limits around 0 that hold all values."""
    largest = float(np.nanmax(np.abs(values))) or 1.0
    return -largest, largest
