"""What is neither a model nor a run is refused, with what to give."""

from pathlib import Path

import pytest

import backlit as bl


@pytest.mark.parametrize("examine", [bl.diagnose, bl.repair], ids=["diagnose", "repair"])
@pytest.mark.parametrize(
    ("given", "words"),
    [
        ("runs/x", "not the path 'runs/x': of a run's folder, backlit diagnose runs/x"),
        (Path("runs/x"), "not the path 'runs/x'"),
        (None, "not None"),
        ([1, 2], "not an object of type list"),
    ],
)
def test_what_cannot_be_examined_is_named(examine, given, words):
    with pytest.raises(bl.InputError) as said:
        examine(given)
    assert words in str(said.value)
    assert "takes a trained model, as bl.fit gives it, or a run" in str(said.value)


def test_a_path_to_repair_is_told_the_option_too():
    with pytest.raises(bl.InputError, match="backlit diagnose runs/x --fix"):
        bl.repair("runs/x")


@pytest.mark.parametrize("examine", [bl.diagnose, bl.repair], ids=["diagnose", "repair"])
def test_of_a_sweep_its_best_is_taken(examine):
    swept = bl.sweep("Dense(3)", "iris", over={"l2": [0.0, 1.0]}, epochs=1)
    assert isinstance(swept.best, bl.Model)
    with pytest.raises(bl.InputError, match=r"not a sweep: give its best model, sweep\.best"):
        examine(swept)
