"""Tables as plain text."""

from collections.abc import Sequence


def align(lines: Sequence[Sequence[str]], left: int = 1) -> list[str]:
    """Rows of cells as lines of text: the first `left` columns are texts, the others numbers.

    >>> align([["part", "rows"], ["train", "7"]])
    ['part   rows', 'train     7']
    """
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return [
        "  ".join(
            cell.ljust(width) if place < left else cell.rjust(width)
            for place, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in lines
    ]


def number(value: float | None) -> str:
    """A number with four decimals; a small or large one with four digits.

    >>> number(1.0), number(0.97222), number(0.000123456), number(123456.7), number(None)
    ('1.0000', '0.9722', '0.0001235', '123,457', '–')
    """
    if value is None:
        return "–"
    if value == 0 or 0.001 <= abs(value) < 10:
        return f"{value:.4f}"
    return f"{value:,.0f}" if 10_000 <= abs(value) < 1e12 else f"{value:.4g}"
