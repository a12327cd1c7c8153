"""`backlit train`: what it shows, what it writes, and that its settings repeat it."""

import csv
import errno
import json
import re
import shlex
from pathlib import Path

import pytest

from backlit.training import Model, load
from backlit.training.execution import Execution

QUICK = ("--network", "Dense(8), ReLU, Dense(1)", "--epochs", "12")
KEYS = [
    "task",
    "rows",
    "network",
    "parameters",
    "epochs",
    "best_epoch",
    "stopped",
    "train",
    "validation",
    "test",
    "baseline",
    "seconds",
    "steps_per_second",
    "run",
]


def test_a_run_shows_data_network_scores_and_folder(backlit, houses):
    result = backlit("train", houses, "--target", "dear", *QUICK, "--out", "run")
    assert result.status == 0
    shown = result.out
    for word in ("houses", "two classes", "district", "dense_1", "parameters", "epoch 1/12", "left", "Run folder: run"):
        assert word in shown
    lines = [line.split() for line in shown.splitlines()]
    starts = [line[0] for line in lines if line]
    assert [start for start in starts if start in ("train", "validation", "test", "baseline")] == [
        "train",
        "validation",
        "test",
        "baseline",
    ]


def test_a_regression_stands_beside_the_mean(backlit):
    shown = backlit("train", "line", "--network", "Dense(1)", "--epochs", "3", "--out", "run").out
    assert "baseline (mean)" in shown
    assert "rmse" in shown
    assert "r2" in shown


def test_output_that_is_no_terminal_is_plain(backlit, houses):
    shown = backlit("train", houses, "--target", "dear", *QUICK).out
    assert "\x1b" not in shown
    assert "\r" not in shown
    assert len([line for line in shown.splitlines() if line.startswith("epoch ")]) <= 11


def test_a_terminal_gets_a_bar_and_colors(backlit, monkeypatch):
    monkeypatch.setenv("FORCE_COLOR", "1")
    shown = backlit("train", "line", "--network", "Dense(1)", "--epochs", "3").out
    assert "\x1b[" in shown
    assert "compiling" in shown
    assert "epoch 1/3:" not in shown
    monkeypatch.setenv("NO_COLOR", "1")
    colors = re.compile(r"\x1b\[[0-9;]*(3[0-7]|9[0-7]|38;5;\d+)m")
    assert colors.search(shown)
    assert not colors.search(backlit("train", "line", "--network", "Dense(1)", "--epochs", "3").out)


def test_a_run_folder_is_whole(backlit, houses, tmp_path):
    backlit("train", houses, "--target", "dear", *QUICK, "--out", "deep/run")
    found = sorted(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file())
    assert found == [
        "deep/run/history.csv",
        "deep/run/model/network.json",
        "deep/run/model/parameters.safetensors",
        "deep/run/settings.json",
    ]
    rows = list(csv.DictReader(Path("deep/run/history.csv").read_text().splitlines()))
    assert [row["epoch"] for row in rows] == [str(epoch) for epoch in range(1, 13)]
    assert isinstance(load("deep/run/model"), Model)


def test_runs_without_a_name_never_meet(backlit, tmp_path):
    for _ in range(2):
        assert backlit("train", "line", "--network", "Dense(1)", "--epochs", "1", "--quiet").status == 0
    names = sorted(path.name for path in (tmp_path / "runs").iterdir())
    assert len(names) == 2
    assert all(name.startswith("line-20") for name in names)


def test_json_is_one_object_and_nothing_else(backlit, houses):
    result = backlit("train", houses, "--target", "dear", *QUICK, "--json")
    found = json.loads(result.out)
    assert list(found) == KEYS
    assert result.err == ""
    assert found["task"] == "two classes"
    assert sum(found["rows"].values()) == 120
    assert list(found["rows"]) == ["train", "validation", "test"]
    assert list(found["seconds"]) == ["compile", "train", "total"]
    for part in ("train", "validation", "test", "baseline"):
        assert list(found[part]) == ["loss", "accuracy"]
    assert (Path(found["run"]) / "model" / "network.json").is_file()


def test_json_counts_the_parameters(backlit):
    found = json.loads(backlit("train", "line", "--network", "Dense(3), ReLU, Dense(1)", "--epochs", "1", "--json").out)
    assert found["parameters"] == 1 * 3 + 3 + 3 * 1 + 1
    assert found["epochs"] == 1
    assert found["stopped"] == "epochs"


def test_quiet_prints_nothing(backlit, houses):
    assert backlit("train", houses, "--target", "dear", *QUICK, "--quiet") == (0, "", "")


def test_one_seed_gives_one_result_and_another_seed_another(backlit, houses):
    def scores(seed: int) -> dict:
        result = json.loads(backlit("train", houses, "--target", "dear", *QUICK, "--seed", seed, "--json").out)
        return {key: result[key] for key in KEYS if key not in ("seconds", "steps_per_second", "run")}

    assert scores(1) == scores(1)
    assert scores(1) != scores(2)


def test_the_settings_of_a_run_repeat_it(backlit, houses):
    backlit("train", houses, "--target", "dear", *QUICK, "--seed", 5, "--l2", 0.01, "--out", "first")
    record = json.loads(Path("first/settings.json").read_text())
    assert record["settings"]["seed"] == 5
    assert record["settings"]["l2"] == 0.01
    assert {"backlit", "jax", "python"} <= set(record["versions"])
    program, *arguments = shlex.split(record["command"])
    assert program == "backlit"
    assert backlit(*(word if word != "first" else "second" for word in arguments)).status == 0
    for name in ("history.csv", "model/network.json", "model/parameters.safetensors"):
        assert Path("first", name).read_bytes() == Path("second", name).read_bytes()


def test_separate_files_are_used_as_given(backlit, houses):
    found = json.loads(
        backlit("train", houses, "--target", "dear", "--validation", houses, "--test", houses, *QUICK, "--json").out
    )
    assert found["rows"] == {"train": 120, "validation": 120, "test": 120}


def test_the_split_and_the_kinds_of_columns_can_be_set(backlit, houses):
    result = backlit(
        *("train", houses, "--target", "dear", "--split", "50/25/25", "--order-by", "sold"),
        *("--column", "rooms=category", *QUICK, "--out", "run"),
    )
    assert "60 training, 30 validation and 30 test rows, in order of sold" in result.out
    rooms = next(line for line in result.out.splitlines() if line.startswith("rooms"))
    assert rooms.split()[1] == "category"


def test_a_network_from_a_file(backlit):
    Path("small.json").write_text('{"network": "Dense(3), Tanh, Dense(1)"}')
    found = json.loads(backlit("train", "line", "--network", "small.json", "--epochs", "1", "--json").out)
    assert found["network"].startswith("Standardize, Dense(3), Tanh, Dense(1)")


def test_an_interruption_keeps_the_best_so_far(backlit, monkeypatch):
    told = Execution._tell

    def interrupt(self, watch):
        told(self, watch)
        raise KeyboardInterrupt

    monkeypatch.setattr(Execution, "_tell", interrupt)
    result = backlit("train", "line", "--network", "Dense(1)", "--epochs", "5", "--out", "run")
    assert result.status == 0
    assert "stopped: interrupted" in result.out
    assert load("run/model").epochs < 5


@pytest.mark.parametrize("name", ["write_csv", "save"])
def test_a_full_disk_leaves_nothing_behind(backlit, monkeypatch, tmp_path, name):
    def fail(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("backlit.training.Model.save" if name == "save" else "backlit.training.History.write_csv", fail)
    result = backlit("train", "line", "--network", "Dense(1)", "--epochs", "1", "--out", "deep/run", "--quiet")
    assert (result.status, result.out) == (2, "")
    assert "No space left on device" in result.err
    assert result.err.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_a_disk_without_room_is_refused_before_training(backlit, monkeypatch, tmp_path):
    import shutil

    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr("shutil.disk_usage", lambda path: usage._replace(free=1000))
    monkeypatch.setattr("backlit.training.Run.train", lambda *_: pytest.fail("it trains"))
    result = backlit("train", "line", "--out", "run", "--quiet")
    assert result.status == 2
    assert "1,000 bytes are free" in result.err
    assert list(tmp_path.iterdir()) == []
