"""The examples run as a user runs them, each in an empty folder, and write what they say."""

import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parent.parent / "examples"
WRITTEN = {
    "examine_equinox": [],
    "examine_flax": [],
    "examine_plain_jax": [],
    "graph": ["graph.html"],
    "heart": [],
    "images": ["confusion.png", "filters.png", "maps.png", "saliency.png"],
    "population": ["curves.png", "sweep.csv", "sweep.png"],
    "table": ["curves.png", "model", "report.html", "wines.csv"],
}
NAMED = {
    "examine_equinox": "NaN / Inf in layer hidden",
    "examine_flax": "detached parameter in layer Dense_0",
    "examine_plain_jax": "learning rate too high",
}
NEEDED = {"examine_equinox": "equinox", "examine_flax": "flax"}


def test_every_example_is_run_and_short():
    assert sorted(path.stem for path in EXAMPLES.glob("*.py")) == sorted(WRITTEN)
    assert all(len(path.read_text(encoding="utf-8").splitlines()) <= 40 for path in EXAMPLES.glob("*.py"))


@pytest.mark.parametrize("name", WRITTEN)
def test_example(name, tmp_path):
    command = [sys.executable, str(EXAMPLES / f"{name}.py")]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout
    assert sorted(path.name for path in tmp_path.iterdir()) == WRITTEN[name]


@pytest.mark.parametrize("name", NAMED)
def test_an_examination_names_the_fault_that_was_planted(name, tmp_path):
    if name in NEEDED and find_spec(NEEDED[name]) is None:
        pytest.skip(f"{NEEDED[name]} is not installed, and no dependency")
    command = [sys.executable, str(EXAMPLES / f"{name}.py")]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert done.stdout.startswith(f"Fault: {NAMED[name]}"), done.stdout + done.stderr[-2000:]
