"""A drawing: SVG to print and embed, and a page to look around in."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from functools import cached_property
from os import PathLike
from pathlib import Path

from backlit.drawing.diagram import Diagram
from backlit.drawing.page import page
from backlit.drawing.rendering import render
from backlit.drawing.svg import escape
from backlit.errors import SettingError
from backlit.writing import check_file, write_text

SUFFIXES = (".svg", ".html")
READABLE = 40  # vertices of a drawing, beyond which groups are closed


def check_depth(depth: int | None, what: str) -> None:
    """Refuse a depth that is no whole number of at least 0.

    Raises:
        SettingError: saying what it is the depth of.
    """
    if depth is not None and (isinstance(depth, bool) or not isinstance(depth, int) or depth < 0):
        raise SettingError(f"depth is how many levels of {what} stand open, 0 or more, not {depth!r}")


@dataclass(frozen=True)
class Drawing:
    """A picture as SVG and as a page of HTML; notebooks show it by themselves.

    Attributes:
        svg: the picture, with colors for light and for dark screens.
        title: what it shows.
        whole: makes the picture with all groups open, for the page; None: it has no groups.
    """

    svg: str
    title: str
    whole: Callable[[], str] | None = None

    @cached_property
    def html(self) -> str:
        """A page that needs nothing else: details where one points, zoom, groups that open and close, steps."""
        return page(self.title, self.svg, self.whole() if self.whole else self.svg)

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
        return f'<iframe srcdoc="{escape(self.html)}" style="{style}" title="{escape(self.title)}"></iframe>'


def saved(make: Callable[[], Drawing], path: str | PathLike[str] | None) -> Drawing:
    """What `make` draws, written to the file, if one is given; the file is checked before anything is drawn.

    Raises:
        SettingError: the path is no path.
        FileError: it does not end in .svg or .html, or cannot be written.
    """
    if path is None:
        return make()
    if not isinstance(path, str | PathLike):
        raise SettingError(f"path is the file to write, such as 'graph.svg' or 'graph.html', not {path!r}")
    check_file(Path(path), *SUFFIXES)
    drawing = make()
    drawing.save(Path(path))
    return drawing


def draw(diagram: Diagram, collapsed: Collection[str] = ()) -> Drawing:
    """The drawing of a diagram.

    Args:
        diagram: what is drawn.
        collapsed: the groups that are drawn as one box, and may be opened in the page.
    """
    return Drawing(render(diagram, collapsed), diagram.title, lambda: render(diagram, collapsed, collapsible=True))
