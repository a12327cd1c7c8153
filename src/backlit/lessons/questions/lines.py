"""The line of a linear unit on a plane."""

from typing import Any

import numpy as np
from matplotlib.axes import Axes


def draw_line(axes: Axes, weight: Any, bias: Any, **look: Any) -> None:
    """The line w·x + b = 0.

    Args:
        axes: where to draw.
        weight: w (2,), not 0.
        bias: b.
        **look: color, linestyle and label, as `Axes.plot` takes them.
    """
    w = np.asarray(weight, float)
    x, y = -float(bias) * w / (w @ w)
    axes.axline((x, y), (x - w[1], y + w[0]), **look)
