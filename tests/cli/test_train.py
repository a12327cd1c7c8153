"""`backlit train`: what it shows, what it writes, and that its settings repeat it."""

import csv
import errno
import json
import re
import shlex
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path

import pytest

from backlit.cli.app import run
from backlit.cli.train import knows_nothing
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
    "findings",
    "report",
]


@pytest.fixture(scope="module")
def shown(houses, tmp_path_factory) -> tuple[Path, str]:
    """The folder of a run, in folders that were not there before, and what the command printed."""
    folder = tmp_path_factory.mktemp("shown") / "deep" / "run"
    return folder, printed("train", houses, "--target", "dear", *QUICK, "--seed", 5, "--l2", 0.01, "--out", folder)


@pytest.fixture(scope="module")
def described(houses, tmp_path_factory) -> dict:
    """The same run's JSON."""
    folder = tmp_path_factory.mktemp("described") / "run"
    line = ("train", houses, "--target", "dear", *QUICK, "--seed", 5, "--l2", 0.01, "--out", folder, "--json")
    return json.loads(printed(*line))


def printed(*arguments: object) -> str:
    with redirect_stdout(StringIO()) as out:
        assert run([str(argument) for argument in arguments]) == 0
    return out.getvalue()


def test_a_run_shows_data_network_scores_and_folder(shown):
    folder, text = shown
    for word in (
        "houses",
        "two classes",
        "district",
        "dense_1",
        "parameters",
        "epoch 1/12",
        "left",
        f"folder: {folder}",
    ):
        assert word in text
    starts = [line.split()[0] for line in text.splitlines() if line.strip()]
    parts = ["train", "validation", "test", "baseline"]
    assert [start for start in starts if start in parts] == parts


def test_output_that_is_no_terminal_is_plain(shown):
    _, text = shown
    assert "\x1b" not in text
    assert "\r" not in text
    assert len([line for line in text.splitlines() if line.startswith("epoch ")]) <= 11


def test_a_run_folder_is_whole(shown):
    folder, _ = shown
    top = folder.parent.parent
    found = sorted(str(path.relative_to(top)) for path in top.rglob("*") if path.is_file())
    assert found == [
        "deep/run/findings.json",
        "deep/run/history.csv",
        "deep/run/model/network.json",
        "deep/run/model/parameters.safetensors",
        "deep/run/predictions.csv",
        "deep/run/report.html",
        "deep/run/report.json",
        "deep/run/settings.json",
    ]
    rows = list(csv.DictReader((folder / "history.csv").read_text().splitlines()))
    assert [row["epoch"] for row in rows] == [str(epoch) for epoch in range(1, 13)]
    assert isinstance(load(folder / "model"), Model)


def test_the_settings_of_a_run_repeat_it(backlit, shown):
    first, _ = shown
    record = json.loads((first / "settings.json").read_text())
    assert record["settings"]["seed"] == 5
    assert record["settings"]["l2"] == 0.01
    assert {"backlit", "jax", "python"} <= set(record["versions"])
    program, *arguments = shlex.split(record["command"])
    assert program == "backlit"
    assert backlit(*(word if word != str(first) else "second" for word in arguments)).status == 0
    for name in ("history.csv", "model/network.json", "model/parameters.safetensors"):
        assert (first / name).read_bytes() == Path("second", name).read_bytes()


def test_json_describes_the_run(described):
    assert list(described) == KEYS
    assert described["task"] == "two classes"
    assert sum(described["rows"].values()) == 120
    assert list(described["rows"]) == ["train", "validation", "test"]
    assert list(described["seconds"]) == ["compile", "train", "total"]
    for part in ("train", "validation", "test", "baseline"):
        assert list(described[part]) == ["loss", "accuracy"]
    assert (Path(described["run"]) / "model" / "network.json").is_file()


def test_json_and_tables_give_the_same_scores(shown, described):
    words = [line.split() for line in shown[1].splitlines()]
    test = next(line for line in words if line[:1] == ["test"])
    assert [int(test[1]), *map(float, test[2:])] == pytest.approx(
        [described["rows"]["test"], *described["test"].values()], abs=1e-4
    )


def test_another_seed_gives_another_result(backlit, houses, described):
    line = ("train", houses, "--target", "dear", *QUICK, "--seed", 6, "--l2", 0.01, "--json")
    assert json.loads(backlit(*line).out)["train"] != described["train"]


def test_a_terminal_gets_a_bar_and_colors(backlit, monkeypatch):
    monkeypatch.setenv("FORCE_COLOR", "1")
    text = backlit("train", "line", "--network", "Dense(1)", "--epochs", "3").out
    assert "\x1b[" in text
    assert "compiling" in text
    assert "epoch 1/3:" not in text
    monkeypatch.setenv("NO_COLOR", "1")
    colors = re.compile(r"\x1b\[[0-9;]*(3[0-7]|9[0-7]|38;5;\d+)m")
    assert colors.search(text)
    assert not colors.search(backlit("train", "line", "--network", "Dense(1)", "--epochs", "3").out)


def test_a_regression_stands_beside_the_mean(backlit):
    shown = backlit("train", "line", "--network", "Dense(1)", "--epochs", "3", "--out", "run").out
    assert "baseline (mean)" in shown
    assert "rmse" in shown
    assert "r2" in shown


def test_quiet_runs_without_a_name_never_meet(backlit, tmp_path):
    for _ in range(2):
        assert backlit("train", "line", "--network", "Dense(1)", "--epochs", "1", "--quiet") == (0, "", "")
    names = sorted(path.name for path in (tmp_path / "runs").iterdir())
    assert len(names) == 2
    assert all(name.startswith("line-20") for name in names)


def test_json_is_one_object_and_nothing_else(backlit):
    result = backlit("train", "line", "--network", "Dense(3), ReLU, Dense(1)", "--epochs", "1", "--json")
    assert result.err == ""
    found = json.loads(result.out)
    assert found["parameters"] == 1 * 3 + 3 + 3 * 1 + 1
    assert found["epochs"] == 1
    assert found["stopped"] == "epochs"


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
    told = Execution.tell

    def interrupt(self, watch):
        told(self, watch)
        raise KeyboardInterrupt

    monkeypatch.setattr(Execution, "tell", interrupt)
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


CONSTANT = "This network knows no more than a constant answer: backlit diagnose"


@pytest.mark.parametrize("examined", ["--doctor", "--no-doctor"])
def test_a_network_that_knows_nothing_is_told_with_what_says_why(backlit, examined):
    line = ("train", "digits", "--network", "Dense(16), ReLU, Dense(10)", "--learning-rate", "1e-6", "--epochs", "1")
    text = backlit(*line, examined, "--no-report", "--out", "run").out
    assert text.splitlines()[-1] == f"{CONSTANT} run says why."
    assert "settles" not in text


def test_a_network_that_knows_something_is_left_alone(backlit):
    assert CONSTANT not in backlit("train", "iris", "--epochs", "20", "--no-report").out


def test_a_network_is_compared_with_a_constant_answer_in_score_and_loss():
    import backlit as bl

    model = bl.fit("Dense(8), ReLU, Dense(3)", "iris", epochs=1)
    scores = {**model.scores, "baseline": {"loss": 1.0, "accuracy": 0.5}}

    def lost(loss, accuracy):
        model.scores = {**scores, "test": {"loss": loss, "accuracy": accuracy}}
        return knows_nothing(model)

    assert lost(1.2, 0.5)
    assert lost(0.99, 0.6)
    assert lost(float("nan"), 0.2)
    assert not lost(1.2, 0.95)
    assert not lost(0.8, 0.5)
    model.scores = {}
    assert not knows_nothing(model)
