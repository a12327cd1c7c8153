"""Predictions beside the truth."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes

from backlit.alignment import number
from backlit.errors import ShapeError
from backlit.pictures.canvas import BLUE, GRAY, Picture, canvas, picture_of

MANY = 300  # points that are drawn faintly


def plot_predictions(
    truth: Sequence[float] | np.ndarray,
    predicted: Sequence[float] | np.ndarray,
    target: str = "",
    *,
    axes: Axes | None = None,
    path: str | Path | None = None,
) -> Picture:
    """Each prediction over its truth; a perfect network's lie on the line.

    Args:
        truth, predicted: numbers (N,).
        target: what they are of.
        axes, path: see `backlit.pictures.canvas.canvas`.

    Raises:
        ShapeError: the numbers are not as many.
    """
    true, said = np.asarray(truth, float), np.asarray(predicted, float)
    if true.ndim != 1 or true.shape != said.shape or not len(true):
        raise ShapeError(f"truths of shape {true.shape} and predictions of {said.shape}: two rows of as many numbers")
    ends = [min(true.min(), said.min()), max(true.max(), said.max())]
    with canvas(axes, path) as drawn:
        drawn.plot(ends, ends, "--", color=GRAY, label="prediction = truth")
        drawn.plot(true, said, ".", color=BLUE, alpha=0.8 if len(true) <= MANY else 0.3)
        rmse = number(float(np.sqrt(np.square(true - said).mean())))
        of = f" of {target}".replace("$", r"\$") if target else ""  # a dollar would begin a formula
        drawn.set(xlabel=f"truth{of}", ylabel=f"prediction{of}", title=f"Predictions are off by {rmse} (rmse)")
        drawn.legend()
    return picture_of(drawn)
