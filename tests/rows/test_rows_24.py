"""Row 24: every hyperparameter can be set from Python and from the command line."""

import json
from contextlib import redirect_stdout
from io import StringIO

import numpy as np
import optax
import pytest

import backlit as bl
from backlit.cli import main

CHOSEN = {
    "loss": "hinge",
    "optimizer": "momentum",
    "learning_rate": 0.05,
    "schedule": "cosine",
    "epochs": 3,
    "batch_size": 7,
    "l1": 0.001,
    "l2": 0.01,
}
DEEP = "Dense(5), Tanh, Dense(4), ReLU, Dense(3)"


def test_row_24_from_python_each_reaches_the_run():
    """`backlit train iris --loss hinge --optimizer momentum --schedule cosine --batch-size 7 --l2 0.01`"""
    run = bl.prepare(DEEP, "iris", **CHOSEN)
    kinds = [type(block).__name__ for block in run.network.blocks]
    assert kinds[-5:] == ["Dense", "Tanh", "Dense", "ReLU", "Dense"]  # depth and activations
    assert [block.units for block in run.network.blocks if isinstance(block, bl.Dense)] == [5, 4, 3]
    assert run.loss.name == "hinge"
    assert (run.objective.penalty.l1, run.objective.penalty.l2) == (0.001, 0.01)
    assert (run.settings.epochs, run.settings.batch_size) == (3, 7)
    steps = 3 * -(-len(run.parts.train) // 7)
    rate = optax.cosine_decay_schedule(0.05, steps)
    wanted, state = bl.momentum(rate), run.transformation.init(np.float32(1))
    expected = wanted.init(np.float32(1))
    for _ in range(4):
        step, state = run.transformation.update(np.float32(1), state, np.float32(1))
        same, expected = wanted.update(np.float32(1), expected, np.float32(1))
        assert step == pytest.approx(same)


def test_row_24_from_the_command_line_each_reaches_the_run(tmp_path):
    words = [f"--{name.replace('_', '-')}={value}" for name, value in CHOSEN.items()]
    with redirect_stdout(StringIO()) as out, pytest.raises(SystemExit) as ended:
        main(["train", "iris", "--network", DEEP, *words, "--out", str(tmp_path / "run"), "--json"])
    assert not ended.value.code
    made = json.loads(out.getvalue())
    assert made["epochs"] == 3
    assert made["network"].endswith(DEEP)
    settings = json.loads((tmp_path / "run" / "settings.json").read_text())
    assert {name: settings["settings"][name] for name in CHOSEN} == CHOSEN


def test_row_24_the_settings_of_a_run_are_all_there():
    run = bl.prepare(None, "iris")
    named = run.settings.to_json()
    assert set(CHOSEN) <= set(named)
    assert all(named[name] is not None for name in set(CHOSEN) - {"loss"})
