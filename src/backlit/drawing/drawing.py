"""A drawing: SVG to print and embed, and a page to look around in."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from backlit.drawing.diagram import Diagram
from backlit.drawing.page import page
from backlit.drawing.rendering import render
from backlit.drawing.svg import escape
from backlit.writing import check_file, write_text

SUFFIXES = (".svg", ".html")


@dataclass(frozen=True)
class Drawing:
    """A diagram as SVG and as a page of HTML; notebooks show it by themselves.

    Attributes:
        diagram: what is drawn.
        collapsed: the groups that are drawn as one box, and may be opened in the page.
    """

    diagram: Diagram
    collapsed: frozenset[str] = frozenset()

    @cached_property
    def svg(self) -> str:
        """The picture, with colors for light and for dark screens."""
        return render(self.diagram, self.collapsed)

    @cached_property
    def html(self) -> str:
        """A page that needs nothing else: details where one points, zoom, groups that open and close, steps."""
        return page(self.diagram.title, self.svg, render(self.diagram, self.collapsed, collapsible=True))

    def save(self, path: str | Path) -> None:
        """Write the drawing, whole or not at all.

        Args:
            path: a file that ends in .svg or .html.

        Raises:
            FileError: it has another ending, or cannot be written.
        """
        suffix = check_file(path, *SUFFIXES).suffix.lower()
        write_text(path, self.html if suffix == ".html" else self.svg)

    def _repr_svg_(self) -> str:
        return self.svg

    def _repr_html_(self) -> str:
        """The page in a frame of its own, so that styles and scripts of a notebook and of the page do not meet."""
        style = "width: 100%; height: 480px; border: 0"
        return f'<iframe srcdoc="{escape(self.html)}" style="{style}" title="{escape(self.diagram.title)}"></iframe>'
