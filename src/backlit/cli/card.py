"""The data card on the screen."""

from typing import TYPE_CHECKING

from backlit.cli.output import Report

if TYPE_CHECKING:
    from backlit.data import Card


def show_card(report: Report, card: "Card", split: str = "", most: int | None = None) -> None:
    """Show a data card, with the first columns of a wide table.

    Args:
        report: where to.
        card: the card.
        split: one line about the parts, if they are known.
        most: how many columns are shown; None: all.
    """
    from backlit.data.card import HEADER

    rows = [*card.rows, ("split", split)] if split else list(card.rows)
    width = max(len(word) for word, _ in rows)
    report.line(card.title, style="bold")
    for word, said in rows:
        report.line(f"  {word:<{width}}  {said}")
    if card.columns:
        report.line()
        report.table(HEADER, card.columns[:most], left=len(HEADER))
        hidden = len(card.columns[most:]) if most else 0
        if hidden:
            report.line(f"… and {hidden} more columns (backlit data shows all)")
    for note in card.notes:
        report.note(note)
