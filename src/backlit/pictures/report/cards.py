"""The worst examples as cards: what the network was shown, what it said, and what is true."""

from collections.abc import Mapping, Sequence
from math import nan
from typing import Any

from backlit.alignment import number
from backlit.pictures.canvas import COLORS
from backlit.pictures.report.data import facts
from backlit.pictures.report.evidence import Evidence
from backlit.pictures.report.examples import Example
from backlit.pictures.report.lines import line_chart
from backlit.pictures.report.markup import Markup, join, tag, unfolding
from backlit.pictures.report.verdict import percent

SHOWN = 8  # columns of a card at once
SIZE = (240.0, 90.0)
COUNTED = " Rows are counted from 0."
SHADE = 0.85  # of a step that was held impossible


def show_examples(evidence: Evidence) -> Markup:
    """The heading and the cards; '' where there are none."""
    examples = evidence.examples
    if not examples:
        return Markup("")
    if examples[0].kind == "passage":
        words = "Read what is true; the darker the ground, the less the network expected it." + COUNTED
        return join((tag("h3", "What surprised it most"), tag("p", words), *map(_passage, examples)))
    right = [example.prediction == example.truth for example in examples]
    if examples[0].error is not None:
        words = "The answers that are furthest off."
    elif all(right):
        words = "No answer is wrong; these are right, but were the least sure."
    else:
        words = "The wrong answers that gave the truth the least probability"
        words += ", then right ones, of which it was the least sure." if any(right) else "."
    words += COUNTED
    small = "cards small" if examples[0].kind == "picture" else "cards"
    return join((tag("h3", "The worst examples"), tag("p", words), tag("div", *map(_card, examples), class_=small)))


def _card(example: Example) -> Markup:
    show = _pictures if example.kind == "picture" else _series if example.kind == "series" else _columns
    words, shown = join(_words(example)), show(example.shown)
    return tag("div", *((words, shown) if show is _columns else (shown, words)), class_="card")


def _words(example: Example) -> list[Markup]:
    """What was said and what is true."""
    said = []
    if example.prediction:
        sure = "" if example.chance is None else f" ({percent(example.chance)} sure)"
        said.append(tag("p", "says ", tag("b", example.prediction), sure))
        given = "" if example.given is None or example.truth == example.prediction else f" ({percent(example.given)})"
        said.append(tag("p", "is ", tag("b", example.truth), given))
    if example.error is not None:
        said.append(tag("p", f"off by {number(example.error)}"))
    return [*said, tag("p", f"row {example.row:,}", class_="quiet")]


def _pictures(shown: Mapping[str, str]) -> Markup:
    return join(tag("img", src=address, alt=name, title=name) for name, address in shown.items())


def _columns(shown: Mapping[str, str]) -> Markup:
    pairs = list(shown.items())
    more = unfolding(f"{len(pairs) - SHOWN} more", facts(pairs[SHOWN:])) if len(pairs) > SHOWN else ""
    return join((facts(pairs[:SHOWN]), more))


def _series(shown: Mapping[str, Sequence[float | None]]) -> Markup:
    """Lines over the steps, each from its own lowest to its own highest value."""
    lines = [[nan if value is None else value for value in values] for values in shown.values()]
    drawn = line_chart(lines, ", ".join(shown), size=SIZE, colors=COLORS)
    keys = (tag("span", f"— {name} ", style=f"color:{color}") for name, color in zip(shown, COLORS * 9, strict=False))
    return join((drawn, tag("p", *keys)))


def _passage(example: Example) -> Markup:
    """The steps of a sequence one after another, shaded by how little the network expected each."""
    single = all(len(step[0]) == 1 for step in example.shown)
    steps = [_step(truth, said, chance, "" if single else " ") for truth, said, chance in example.shown]
    return join((tag("p", f"row {example.row:,}", class_="quiet"), tag("p", *steps, class_="passage")))


def _step(truth: str, said: str, chance: Any, end: str) -> Markup:
    doubt = (truth != said) * SHADE if chance is None else SHADE * (1 - chance) ** 2
    words = f"said {said!r}" + ("" if chance is None else f"; {percent(chance)} for {truth!r}")
    return tag("span", truth + end, style=f"--share:{doubt:.2f}", title=words)
