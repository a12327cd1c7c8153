"""What runs take of the machine."""

import gc
from pathlib import Path

import pytest

import backlit as bl
from backlit.training import devices

MAPPINGS = Path("/proc/self/maps")


@pytest.mark.skipif(not MAPPINGS.exists(), reason="memory mappings are counted on Linux alone")
def test_programs_of_earlier_runs_are_freed_where_they_hold_many_mappings(line, monkeypatch):
    def mappings_after(units: int) -> int:
        bl.fit(f"Dense({units}), Dense(1)", *line, epochs=1)
        gc.collect()  # programs that nothing refers to any more, of other tests too, are gone
        return len(MAPPINGS.read_text().splitlines())

    first = mappings_after(2)
    added = mappings_after(3) - first
    monkeypatch.setattr(devices, "MAPPINGS", 0)
    freed = mappings_after(4)
    assert added > 100
    assert freed < first + added
