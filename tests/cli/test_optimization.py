"""`backlit train` with update rules, settings of a step, and finders by name."""

import json
from pathlib import Path

import pytest


@pytest.mark.parametrize("optimizer", ["conjugate-gradient", "local-search"])
def test_a_rule_of_the_whole_loss_trains_and_says_that_it_takes_all_rows(backlit, optimizer):
    result = backlit(
        "train", "moons", "--network", "Dense(3), Tanh, Dense(1)", "--optimizer", optimizer, "--epochs", 5, "--json"
    )
    assert result.status == 0
    assert f"{optimizer} compares the losses of its steps: every step takes all rows" in result.err
    said = json.loads(result.out)
    settings = json.loads(Path(said["run"], "settings.json").read_text(encoding="utf-8"))["settings"]
    assert settings["batch_size"] == said["rows"]["train"]
    assert settings["schedule"] == "constant"


def test_a_rate_that_is_found_and_the_settings_of_a_step_are_stored(backlit):
    chosen = ["--clip", 1, "--accumulate", 2, "--average", 0.9, "--schedule", "plateau(patience=3)", "--epochs", 6]
    result = backlit("train", "moons", "--learning-rate", "find", "--out", "run", "--quiet", *chosen)
    assert (result.status, result.out) == (0, "")
    settings = json.loads(Path("run/settings.json").read_text(encoding="utf-8"))["settings"]
    assert 1e-5 < settings["learning_rate"] < 1
    assert (settings["clip"], settings["accumulate"], settings["average"]) == (1, 2, 0.9)
    assert settings["schedule"] == "plateau(patience=3)"


@pytest.mark.parametrize(
    ("option", "value", "words"),
    [
        ("--learning-rate", "fast", "--learning-rate fast: write a number above 0, or find"),
        ("--batch-size", "some", "--batch-size some: write a whole number of at least 1, full, or find"),
        ("--average", "1", "average is a finite number above 0 and below 1"),
        ("--clip", "-1", "clip is a finite number above 0"),
        ("--accumulate", "0", "accumulate is a whole number from 1"),
    ],
)
def test_a_value_out_of_range_is_one_error_and_nothing_written(backlit, tmp_path, option, value, words):
    result = backlit("train", "moons", option, value)
    assert result.status == 2
    assert words in " ".join(result.err.split())
    assert list(tmp_path.iterdir()) == []
