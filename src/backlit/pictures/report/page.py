"""The page: one file that needs nothing else, for light and dark screens, phones and paper.

Its policy forbids scripts and requests, so that nothing from anybody's data can do more than be read.
"""

from collections.abc import Iterable
from importlib import resources
from typing import NamedTuple

from backlit.pictures.report.markup import Markup, join, tag

POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"


class Section(NamedTuple):
    """A part of a page.

    Attributes:
        name: its anchor.
        title: its heading.
        sentence: what there is to see, in plain words.
        content: the rest.
    """

    name: str
    title: str
    sentence: str
    content: Markup


def render(title: str, sentence: str, opening: str, sections: Iterable[Section], closing: str) -> str:
    """The whole HTML of a page.

    Args:
        title: its heading.
        sentence: the most important thing, below it.
        opening: what stands before the sections.
        sections: in their order.
        closing: the last line.
    """
    style = Markup(resources.files(__package__).joinpath("page.css").read_text(encoding="utf-8"))
    parts = list(sections)
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", http_equiv="Content-Security-Policy", content=POLICY),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name="color-scheme", content="light dark"),
        tag("title", title),
        tag("style", style),
    )
    links = tag("nav", *(tag("a", part.title, href=f"#{part.name}") for part in parts))
    body = tag(
        "body",
        tag("header", tag("h1", title), tag("p", sentence, class_="verdict"), opening),
        links,
        tag("main", *map(_section, parts)),
        tag("footer", tag("p", closing)),
    )
    return f"<!doctype html>\n{tag('html', head, body, lang='en')}\n"


def _section(part: Section) -> Markup:
    lead = tag("p", part.sentence, class_="lead") if part.sentence else ""
    return tag("section", join((tag("h2", part.title), lead, part.content)), id=part.name)
