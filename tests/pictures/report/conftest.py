import numpy as np
import polars as pl
import pytest

import backlit as bl
from backlit.pictures.report import evidence_of_run

HOSTILE = ("<script>window.met=1</script>", "a\"b'c & <b>", "$x_2$ " + "long" * 40)
CLASSES = ("<img src=x onerror='window.met=1'>", 'two "words" & more', "c" * 90)


def run_on(network, data, **options):
    """The evidence of a short run."""
    run = bl.prepare(network, data, epochs=3, **options)
    return evidence_of_run(run, run.train(), record={"command": "backlit train <b>", "versions": {"backlit": "1"}})


@pytest.fixture(scope="session")
def hostile():
    """A run on a table whose names are markup."""
    random = np.random.default_rng(0)
    x = random.normal(size=(90, 3))
    target = [CLASSES[int(row[0] > 0) + int(row[1] > 0.7)] for row in x]
    frame = pl.DataFrame({**{name: x[:, k] for k, name in enumerate(HOSTILE)}, "is <i>": target})
    return run_on("Dense(4), ReLU, Dense(3)", frame, target="is <i>")


@pytest.fixture(scope="session")
def numbers():
    """A run with two numbers to predict."""
    return run_on("Dense(3)", "linnerud")
