"""What commands print: rich tables on a terminal, plain aligned lines elsewhere, or one JSON object."""

import json
import math
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from backlit.alignment import align


class Report:
    """The words of a command.

    Args:
        silent: whether nothing is printed (`--quiet`, `--json`).
        stderr: whether they go to the standard error, not the standard output.
    """

    def __init__(self, silent: bool = False, stderr: bool = False) -> None:
        self.silent = silent
        self.console = Console(stderr=stderr, highlight=False, soft_wrap=True)

    @property
    def live(self) -> bool:
        """Whether a person watches: the output is a terminal, and not silent."""
        return self.console.is_terminal and not self.silent

    def line(self, text: str = "", style: str = "") -> None:
        """Print one line."""
        if not self.silent:
            self.console.print(Text(text, style=style))

    def note(self, text: str) -> None:
        """Print one remark."""
        self.line(f"Note: {text}", style="yellow")

    @contextmanager
    def waiting(self, text: str) -> Iterator[Callable[[str], None]]:
        """A sign on a terminal that something goes on while the block lasts; what is given says what goes on now."""
        if not self.live:
            yield lambda now: None
            return
        with self.console.status(Text(text)) as status:
            yield lambda now: status.update(Text(now))

    def table(self, headings: Sequence[str], rows: Sequence[Sequence[str]], title: str = "", left: int = 1) -> None:
        """Print a table whose first `left` columns are texts and whose others are numbers."""
        if self.silent:
            return
        if not self.console.is_terminal:
            self.line("\n".join(filter(None, [title, *align([headings, *rows], left)])))
            return
        drawn = Table(title=title or None, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD)
        for place, heading in enumerate(headings):
            drawn.add_column(heading, justify="left" if place < left else "right", overflow="fold")
        for row in rows:
            drawn.add_row(*(Text(cell) for cell in row))
        self.console.print(drawn, soft_wrap=False)


def print_json(value: Mapping[str, Any]) -> None:
    """Print one JSON object."""
    sys.stdout.write(write_json(value))


def write_json(value: Mapping[str, Any]) -> str:
    """The text of a JSON object; numbers that are not finite, which JSON does not have, are null."""
    return json.dumps(plain(value), indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def plain(value: Any) -> Any:
    """A value made of JSON's own types."""
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if hasattr(value, "tolist"):
        return plain(value.tolist())
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value if value is None or isinstance(value, bool | int | str) else str(value)
