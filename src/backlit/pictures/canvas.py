"""What every picture is drawn on: one style, colors that the color-blind tell apart, and files of its own.

A picture's function draws on `axes` that it is given, so that several stand side by side, or else on a new `Picture`,
which it returns, and writes to `path` where it is asked to.

Colors: M. Okabe, K. Ito, "Color Universal Design", 2008.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
from cycler import cycler
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from backlit.writing import check_file, new_file

BLUE, VERMILLION, GREEN, ORANGE, PURPLE, SKY = "#0072B2", "#D55E00", "#009E73", "#E69F00", "#CC79A7", "#56B4E9"
COLORS = (BLUE, VERMILLION, GREEN, ORANGE, PURPLE, SKY)
GRAY = "#767676"
TEN = (*COLORS, "#4B2E83", "#8B4513", "#000000", "#F0E442")  # for up to ten classes, the last two far in lightness
SEQUENTIAL, DIVERGING = "viridis", "RdBu_r"
SUFFIXES = (".png", ".svg", ".pdf")
STYLE: Any = {
    "axes.axisbelow": True,
    "axes.grid": True,
    "axes.prop_cycle": cycler(color=COLORS),
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlesize": 11,
    "figure.constrained_layout.use": True,
    "figure.dpi": 110,
    "font.family": "DejaVu Sans",  # comes with matplotlib, so that a picture is the same everywhere
    "font.size": 10,
    "grid.alpha": 0.3,
    "image.cmap": SEQUENTIAL,
    "legend.frameon": False,
    "lines.linewidth": 1.8,
    "savefig.dpi": 150,
    "svg.fonttype": "none",
    "svg.hashsalt": "backlit",
}


class Picture(Figure):
    """A matplotlib figure in Backlit's style, which notebooks show by themselves."""

    def save(self, path: str | Path) -> None:
        """Write the picture, whole or not at all.

        Args:
            path: a file that ends in .png, .svg or .pdf.

        Raises:
            FileError: it has another ending, or cannot be written.
        """
        suffix = check_file(path, *SUFFIXES).suffix[1:].lower()
        content = self.rendered(suffix)
        with new_file(path) as filling:
            filling.write_bytes(content)

    def rendered(self, format: str = "png") -> bytes:
        """The picture as a file of that format holds it; the same picture gives the same bytes."""
        content = BytesIO()
        undated = {"svg": {"Date": None}, "pdf": {"CreationDate": None}}
        with matplotlib.rc_context(STYLE):
            self.savefig(content, format=format, metadata=undated.get(format))
        return content.getvalue()

    def _repr_png_(self) -> bytes:
        return self.rendered()


@contextmanager
def canvas(
    axes: Axes | None = None, path: str | Path | None = None, size: tuple[float, float] = (6.4, 4.2)
) -> Iterator[Axes]:
    """The axes to draw on, in the style: those that are given, or those of a new picture.

    Args:
        axes: where to draw; None: a new picture, which `axes.figure` is.
        path: where the picture is written when the block ends; None: nowhere.
        size: inches, of a new picture.

    Raises:
        FileError: the path cannot be written; before anything is drawn, where that can be known.
    """
    if path is not None:
        check_file(path, *SUFFIXES)
    with matplotlib.rc_context(STYLE):
        drawn = axes if axes is not None else Picture(figsize=size).subplots()
        yield drawn
    if path is not None:
        picture_of(drawn).save(path)


@contextmanager
def panels(
    rows: int,
    columns: int,
    path: str | Path | None = None,
    size: tuple[float, float] | None = None,
    **options: Any,
) -> Iterator[tuple[Picture, np.ndarray]]:
    """A new picture of several axes (rows, columns), in the style.

    Args:
        rows, columns: how many, at least 1.
        path: where the picture is written when the block ends; None: nowhere.
        size: inches; None: 3.2 × 2.8 a panel.
        **options: of `matplotlib.figure.Figure.subplots`, such as sharey=True.

    Raises:
        FileError: as for `canvas`.
    """
    if path is not None:
        check_file(path, *SUFFIXES)
    with matplotlib.rc_context(STYLE):
        picture = Picture(figsize=size or (3.2 * columns, 2.8 * rows))
        yield picture, picture.subplots(rows, columns, squeeze=False, **options)
    if path is not None:
        picture.save(path)


def picture_of(axes: Axes) -> Picture:
    """The picture that axes belong to."""
    return axes.get_figure(root=True)  # type: ignore[return-value]
