"""A network's summary on the screen."""

from typing import TYPE_CHECKING

from backlit.cli.output import Report

if TYPE_CHECKING:
    from backlit.layers.summary import Summary


def show_summary(report: Report, summary: "Summary") -> None:
    """Show the table of layers and the totals."""
    from backlit.layers.summary import HEADINGS
    from backlit.shapes import write

    rows = [("input", write(summary.input), "", "", ""), *(row.cells() for row in summary.rows)]
    report.table(HEADINGS, rows)
    report.line(summary.totals)
    for note in summary.notes:
        report.line(f"Note: {note}")
