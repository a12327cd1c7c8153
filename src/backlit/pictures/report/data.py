"""The section on the data: the card, the split, what a reader should know before trusting a score."""

from backlit.data.card import HEADER
from backlit.pictures.report.evidence import Evidence
from backlit.pictures.report.markup import Markup, join, listed, table, tag, unfolding
from backlit.pictures.report.page import Section
from backlit.pictures.report.verdict import UNKNOWN, judged_rows, rows_of

SHOWN, MOST = 12, 200  # columns, at once and at all


def show_data(evidence: Evidence) -> Section:
    """The data card."""
    card = evidence.card
    if card is None:
        return Section("data", "The data", _sentence(evidence), Markup(""))
    words = [*card.rows, *([("split", evidence.split)] if evidence.split else [])]
    parts = [facts(words)]
    if card.columns:
        lines = card.columns[:MOST]
        rest = f"{len(card.columns) - MOST:,} more columns are not shown." if len(card.columns) > MOST else ""
        found = table(HEADER, lines, left=len(HEADER), stacks=True)
        parts.append(found if len(lines) <= SHOWN else unfolding(f"all {len(card.columns):,} columns", found))
        parts.append(tag("p", rest, class_="quiet") if rest else Markup(""))
    return Section("data", "The data", _sentence(evidence), join((*parts, listed(card.notes))))


def facts(pairs: list[tuple[str, str]]) -> Markup:
    """Pairs of a word and what there is to say."""
    return tag("dl", *(join((tag("dt", word), tag("dd", said))) for word, said in pairs), class_="facts")


def _sentence(evidence: Evidence) -> str:
    rows = evidence.model.rows
    counts = {name: rows_of(evidence, rows[name]) for name in ("train", "validation", "test") if rows.get(name)}
    if not counts:
        return "Which data the network was trained on is not known."
    judges = "{} were set aside" if evidence.foreign else "{} judge it"
    roles = {
        "train": "The network learned from {}",
        "validation": "{} told it when to stop",
        "test": judges,
    }
    said = "; ".join(roles[name].format(count) for name, count in counts.items()) + "."
    same, judged = evidence.duplicates, rows.get("test", 0)
    if evidence.foreign:
        said += f" This page judges it by the {judged_rows(evidence, evidence.part)}. {UNKNOWN}"
    elif same:
        many = " That makes the score better than it is for new ones." if same > judged / 20 else ""
        are = "is" if same == 1 else "are"
        said += f" Of the {judged:,} that judge it, {same:,} {are} also among those it learned from.{many}"
    elif same == 0:
        said += " None of those that judge it is among those it learned from."
    return said
