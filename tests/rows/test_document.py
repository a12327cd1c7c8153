"""docs/rows.md is what the tests say, and no row of those that are built lacks a test."""

import runpy
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
ROWS = runpy.run_path(str(ROOT / "docs" / "rows.py"))
BUILT = [number for number in range(1, 105) if number != 100]  # the demo in a browser comes later


def test_the_titles_are_those_of_all_rows_in_order():
    assert [number for _, rows in ROWS["titles"]() for number in rows] == list(range(1, 105))


def test_every_row_that_is_built_has_a_test():
    tested = ROWS["tests"]()
    assert [number for number in BUILT if number not in tested] == []


def test_every_row_with_a_test_says_how_it_is_done():
    assert [number for number, functions in ROWS["tests"]().items() if not ROWS["line_of"](functions)] == []


def test_the_document_is_what_the_script_makes():
    held = (ROOT / "docs" / "rows.md").read_text(encoding="utf-8")
    same = held == ROWS["document"]()  # compared apart: a difference of two long texts takes pytest a minute to draw
    assert same, "docs/rows.md is not what the tests say: run `make rows`"
