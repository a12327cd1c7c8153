"""Plots as SVG inside a page: what is black takes the color of the page's words, and ids are their own."""

import re
from collections.abc import Callable

from backlit.pictures.canvas import Picture
from backlit.pictures.report.markup import Markup, escape, tag

OUTSIDE = re.compile("<metadata>.*?</metadata>|<style.*?</style>|<!--.*?-->", re.DOTALL)
SIZE = re.compile(r'\s(?:width|height|version)="[^"]*"')
NAMES = re.compile(r'(\bid="|url\(#|href="#)')


def figure(name: str, plot: Callable[[], Picture], words: str) -> Markup:
    """A plot for a page.

    Args:
        name: of the plot, one of its own in the page.
        plot: draws it.
        words: what a reader who cannot see it is told.
    """
    picture = plot()
    for patch in (picture.patch, *(axes.patch for axes in picture.axes)):
        patch.set_visible(False)
    svg = inline(picture.rendered("svg").decode(), name, words)
    return tag("figure", svg, class_="plot")


def inline(svg: str, name: str, words: str) -> Markup:
    """An SVG file's drawing as an element of a page."""
    head, body = OUTSIDE.sub("", svg[svg.index("<svg") :]).split(">", 1)
    drawn = NAMES.sub(rf"\g<1>{name}-", f"{SIZE.sub('', head)}>{body}").replace("#000000", "currentColor")
    return Markup(drawn.replace("<svg", f'<svg role="img" aria-label="{escape(words)}"', 1).strip())
