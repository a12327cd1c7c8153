"""Small lines over the epochs or the steps, to stand beside words: cheaper than plots, and sharp on every screen."""

from collections.abc import Sequence
from math import isfinite, log10

import numpy as np

from backlit.pictures.report.markup import Markup, escape, join, tag

MOST_POINTS = 120
MARGIN = 3.0


def line_chart(
    lines: Sequence[Sequence[float] | np.ndarray],
    words: str,
    *,
    size: tuple[float, float] = (120.0, 36.0),
    ends: tuple[float, float] | None = None,
    colors: Sequence[str] = ("currentColor",),
    band: tuple[np.ndarray, np.ndarray] | None = None,
) -> Markup:
    """Lines from left to right; what is no number leaves a gap.

    Args:
        lines: the values of each, evenly spaced.
        words: what a reader who cannot see it is told.
        size: width and height.
        ends: the values at the bottom and at the top; None: of each line its own lowest and highest.
        colors: of the lines.
        band: the lower and the upper edge of a shade behind them, on the scale of `ends`.
    """
    width, height = size

    def points(values: Sequence[float] | np.ndarray) -> list[str]:
        thin = list(values)[:: max(1, len(values) // MOST_POINTS)]
        known = [value for value in thin if isfinite(value)]
        low, high = ends or (min(known, default=0.0), max(known, default=1.0))
        step = (width - 2 * MARGIN) / max(len(thin) - 1, 1)
        scale = (height - 2 * MARGIN) / ((high - low) or 1.0)
        middle = 0.5 if high == low else 0.0
        return [
            f"{MARGIN + k * step:.1f},{height - MARGIN - (value - low) * scale - middle * (height - 2 * MARGIN):.1f}"
            for k, value in enumerate(thin)
            if isfinite(value)
        ]

    shade = [*points(band[0]), *reversed(points(band[1]))] if band else []
    drawn = [tag("polygon", points=" ".join(shade), fill=colors[0], fill_opacity="0.2")] if shade else []
    for k, values in enumerate(lines):
        color, found = colors[k % len(colors)], points(values)
        drawn.append(tag("polyline", points=" ".join(found), fill="none", stroke=color, stroke_width="1.5"))
        if len(found) == 1:
            x, y = found[0].split(",")
            drawn.append(tag("circle", cx=x, cy=y, r="2", fill=color))
    view = f"0 0 {width:g} {height:g}"
    return Markup(f'<svg viewBox="{view}" role="img" aria-label="{escape(words)}">{join(drawn)}</svg>')


def logarithms(values: Sequence[float] | np.ndarray) -> list[float]:
    """The decimal logarithms; no number for what has none.

    >>> logarithms([100.0, 0.0])
    [2.0, nan]
    """
    return [log10(value) if value > 0 and isfinite(value) else float("nan") for value in values]
