"""Plots as SVG inside a page: their words and axes take the page's color, and their ids are their own."""

import re
from collections.abc import Callable
from typing import Any

import matplotlib

from backlit.pictures.canvas import Picture
from backlit.pictures.report.markup import Markup, escape, tag

INK = "#010203"  # a color that nothing else has: what is drawn in it takes the page's
INKED: Any = dict.fromkeys(
    ("text.color", "axes.labelcolor", "axes.titlecolor", "axes.edgecolor", "xtick.color", "ytick.color"), INK
)
OUTSIDE = re.compile("<metadata>.*?</metadata>|<style.*?</style>|<!--.*?-->", re.DOTALL)
SIZE = re.compile(r'\s(?:width|height|version)="[^"]*"')
NAMES = re.compile(r'(\bid="|url\(#|href="#)')


def figure(name: str, plot: Callable[[], Picture], words: str, wide: bool = False) -> Markup:
    """A plot for a page.

    Args:
        name: of the plot, one of its own in the page.
        plot: draws it.
        words: what a reader who cannot see it is told.
        wide: whether a narrow page scrolls it rather than make it small.
    """
    with matplotlib.rc_context(INKED):
        picture = plot()
        picture.patch.set_visible(False)
        for axes in picture.axes:
            axes.patch.set_visible(False)
        drawn = picture.rendered("svg").decode()
    return tag("figure", inline(drawn, name, words), class_="plot wide" if wide else "plot")


def inline(svg: str, name: str, words: str) -> Markup:
    """An SVG file's drawing as an element of a page."""
    head, body = OUTSIDE.sub("", svg[svg.index("<svg") :]).split(">", 1)
    drawn = NAMES.sub(rf"\g<1>{name}-", f"{SIZE.sub('', head)}>{body}").replace(INK, "currentColor")
    return Markup(drawn.replace("<svg", f'<svg role="img" aria-label="{escape(words)}"', 1).strip())
