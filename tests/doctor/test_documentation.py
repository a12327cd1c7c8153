"""The page on the doctor against the doctor itself: every fault has its section, and every limit its value."""

import re
from pathlib import Path

import pytest

from backlit.doctor.faults import FAULTS
from backlit.doctor.limits import LIMITS

PAGE = Path(__file__).parents[2] / "docs" / "doctor.md"
LIMIT = re.compile(r"`([^`=]+)` = (\d[\d,]*(?:\.\d+)?(?:e-?\d+)?)")


def test_every_fault_has_a_section_in_the_order_of_mending():
    headings = re.findall(r"^### (.+)$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    assert [heading for heading in headings if heading in FAULTS] == list(FAULTS)


def test_limits_have_the_values_that_the_page_says():
    text = " ".join(PAGE.read_text(encoding="utf-8").split())
    said = {name: float(value.replace(",", "")) for name, value in LIMIT.findall(text)}
    assert len(said) > 50
    assert said == pytest.approx({name: LIMITS[name] for name in said})
