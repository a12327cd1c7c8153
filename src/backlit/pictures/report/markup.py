"""HTML as text: whatever is no `Markup` is escaped, so that names from anybody's data stay words."""

import html
import re
from collections.abc import Iterable, Sequence

CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")  # what HTML cannot hold
VOID = ("img", "meta", "br")


class Markup(str):
    """HTML that is escaped already."""


def escape(text: str) -> Markup:
    """A text as HTML holds it, between tags and in attributes.

    >>> escape("<b> & 'c'")
    '&lt;b&gt; &amp; &#x27;c&#x27;'
    """
    return text if isinstance(text, Markup) else Markup(html.escape(CONTROL.sub("\ufffd", text)))


def tag(kind: str, /, *content: str, **attributes: str | None) -> Markup:
    """An element; `class_` is written class, an attribute that is None is left out.

    >>> tag("p", "1 < 2 ", tag("b", "yes"), class_="lead")
    '<p class="lead">1 &lt; 2 <b>yes</b></p>'
    """
    given = ((key.rstrip("_").replace("_", "-"), value) for key, value in attributes.items() if value is not None)
    head = kind + "".join(f' {key}="{escape(value)}"' for key, value in given)
    return Markup(f"<{head}>" if kind in VOID else f"<{head}>{join(content)}</{kind}>")


def join(parts: Iterable[str]) -> Markup:
    """Parts one after another, each escaped where it has to be."""
    return Markup("".join(map(escape, parts)))


def table(headings: Sequence[str], rows: Iterable[Sequence[str]], left: int = 1, stacks: bool = False) -> Markup:
    """A table in a frame that scrolls where it is too wide.

    Args:
        headings: of the columns.
        rows: their cells, as many each.
        left: how many columns are texts; the others are numbers.
        stacks: whether on a narrow page the cells of each row stand below each other, each with its heading.
    """

    def cell(kind: str, k: int, text: str) -> Markup:
        title = headings[k] if stacks and kind == "td" and k else None
        return tag(kind, text, class_=None if k < left else "number", data_title=title)

    head = tag("thead", tag("tr", *(cell("th", k, text) for k, text in enumerate(headings))))
    lines = (tag("tr", *(cell("td", k, text) for k, text in enumerate(row))) for row in rows)
    return tag("div", tag("table", head, tag("tbody", *lines), class_="stacks" if stacks else None), class_="scroll")


def unfolding(summary: str, *content: str) -> Markup:
    """What is shown when one asks for it."""
    return tag("details", tag("summary", summary), *content)


def listed(items: Iterable[str]) -> Markup:
    """A list; '' for none."""
    lines = [tag("li", item) for item in items]
    return tag("ul", *lines) if lines else Markup("")
