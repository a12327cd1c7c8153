"""The eigenvalues of a Hessian, on axes that show the many small ones and the few large ones."""

from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator, StrMethodFormatter

from backlit.errors import SettingError
from backlit.pictures.canvas import BLUE, GRAY, VERMILLION, Picture, canvas, picture_of
from backlit.training.spectra import Spectrum

FLAT = 1e-3  # of the largest |λ|, below which an eigenvalue counts as 0
MANY = 50  # eigenvalues in a bar, beyond which the axis of their number is logarithmic
BINS = 18  # on either side of 0
KINDS = {
    "minimum": "a minimum",
    "maximum": "a maximum",
    "saddle": "a saddle",
    "flat": "a flat point",
    "slope": "still on a slope",
}


def plot_hessian_spectrum(spectrum: Spectrum, *, axes: Axes | None = None, path: str | Path | None = None) -> Picture:
    """How many eigenvalues of the Hessian lie where: curved up, curved down, and flat, with the kind of point.

    The axis of λ is logarithmic, that of their number where a bar has more than 50; eigenvalues below a thousandth of
    the largest count as 0 and stand in the middle.

    Args:
        spectrum: what `backlit.hessian_spectrum` gave.
        axes, path: see `backlit.pictures.canvas.canvas`.

    Raises:
        SettingError: it is something else, or all eigenvalues are 0.
    """
    if not isinstance(spectrum, Spectrum):
        raise SettingError(f"give what hessian_spectrum gives, not {type(spectrum).__name__}")
    values, counts = spectrum.eigenvalues, spectrum.counts
    largest = abs(values).max()
    if not largest > 0:
        raise SettingError("all eigenvalues are 0: the loss is flat, and there is nothing to draw")
    edges = largest * np.geomspace(FLAT, 1.0001, BINS + 1)
    edges = np.concatenate([-edges[::-1], edges])
    heights = np.histogram(values, edges, weights=counts)[0]
    middle = BINS
    groups = (
        (slice(None, middle), VERMILLION, "//", "λ < 0, curved down"),
        (slice(middle, middle + 1), GRAY, "", "λ ≈ 0, flat"),
        (slice(middle + 1, None), BLUE, "", "λ > 0, curved up"),
    )
    with canvas(axes, path) as drawn:
        for part, color, hatch, name in groups:
            label = f"{name}: {round(heights[part].sum()):,}"
            left, width = edges[:-1][part], np.diff(edges)[part]
            drawn.bar(left, heights[part], width, align="edge", color=color, hatch=hatch, ec="white", label=label)
        drawn.set_xscale("symlog", linthresh=edges[middle + 1], linscale=0.5)
        if heights.max() > MANY:
            drawn.set_yscale("log")
            drawn.set_ylim(0.5, None)
        drawn.set_xticks([-largest, -0.1 * largest, 0, 0.1 * largest, largest])
        drawn.set_xticklabels([f"{tick:.2g}".replace("-", "−") for tick in drawn.get_xticks()])
        drawn.minorticks_off()
        drawn.yaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
        if heights.max() <= MANY:
            drawn.yaxis.set_major_locator(MaxNLocator(integer=True))
        total = round(counts.sum())
        how = f": {KINDS[spectrum.kind]}" if spectrum.exact else ", estimated"
        drawn.set(
            xlabel="eigenvalue λ of the Hessian",
            ylabel="number",
            title=f"{total:,} eigenvalues{how}; the largest |λ| is {largest:.3g}",
        )
        drawn.legend(fontsize=9)
    return picture_of(drawn)
