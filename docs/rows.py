"""Writes docs/rows.md: each row of the lectures' systems and experiments, its tests, and the line that shows it.

The titles stand in tests/rows/rows.txt. The tests of row N are the functions `test_row_N_...` in tests/rows; the first
line of the docstring of the first of them says how a user does it. Run by `make rows`.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TESTS = ROOT / "tests" / "rows"
HEAD = """# The rows

Every system, model, algorithm, formula, worked example and experiment of the lectures that Backlit is measured by, with
the tests that hold it to it and one line of Python or of the command line that shows it. Written by `make rows`.
"""


def titles() -> Iterator[tuple[str, dict[int, str]]]:
    """The sections, each with its rows' titles by number."""
    for section in (TESTS / "rows.txt").read_text(encoding="utf-8").split("# ")[1:]:
        name, *lines = section.strip().splitlines()
        pairs = (line.split(" | ") for line in lines)
        yield name, {int(number): title for number, title in pairs}


def tests() -> dict[int, list[tuple[Path, ast.FunctionDef]]]:
    """The tests of each row, in the order of their files."""
    found: dict[int, list[tuple[Path, ast.FunctionDef]]] = {}
    for path in sorted(TESTS.glob("test_*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef) and (named := re.match(r"test_row_(\d+)_", node.name)):
                found.setdefault(int(named[1]), []).append((path, node))
    return found


def line_of(functions: list[tuple[Path, ast.FunctionDef]]) -> str:
    """How a user does it: the first line of the first docstring."""
    said = [docstring for _, node in functions if (docstring := ast.get_docstring(node))]
    return said[0].splitlines()[0] if said else ""


def document() -> str:
    """The text of docs/rows.md."""
    found = tests()
    lines = [HEAD]
    for section, rows in titles():
        lines += [f"## {section}", "", "| row | what | how | tests |", "|---|---|---|---|"]
        for number, title in rows.items():
            functions = found.get(number, [])
            names = "; ".join(
                f"[{node.name.removeprefix(f'test_row_{number}_').replace('_', ' ')}](../tests/rows/{path.name})"
                for path, node in functions
            )
            cells = (str(number), title, line_of(functions), names)
            lines.append(f"| {' | '.join(cell.replace('|', chr(92) + '|') or '–' for cell in cells)} |")
        lines.append("")
    return "\n".join(lines)


if __name__ == "__main__":
    (ROOT / "docs" / "rows.md").write_text(document(), encoding="utf-8")
