"""`backlit diagnose` of a folder that misses something says what was not examined, and never that all is well."""

import json
import shutil
from pathlib import Path

import pytest

from backlit.cli.app import run

NETWORK = "Dense(8), Tanh, Dense(3)"
HEALTHY = "No fault found"
UNTOLD = "Nothing was examined that could tell"
OF_TRAINING = "(findings.json says so of the training)"


def train(folder, rate):
    options = ["--network", NETWORK, "--epochs", "30", "--learning-rate", rate, "--quiet", "--no-report"]
    assert run(["train", "wine", *options, "--out", str(folder)]) == 0
    return folder


@pytest.fixture(scope="module")
def sick(tmp_path_factory):
    """A run whose rate is far too high."""
    return train(tmp_path_factory.mktemp("runs") / "sick", "100")


@pytest.fixture(scope="module")
def well(tmp_path_factory):
    """A run in which nothing is wrong."""
    return train(tmp_path_factory.mktemp("runs") / "well", "0.03")


@pytest.fixture
def copied(sick, well, tmp_path):
    """Copies of both in the folder where the commands run."""
    shutil.copytree(sick, tmp_path / "sick")
    shutil.copytree(well, tmp_path / "well")
    return tmp_path


def cut(text):
    return "".join(text.splitlines(keepends=True)[:5])


HISTORIES = [
    (lambda text: None, "the folder has no history.csv"),
    (lambda text: "", "holds no history"),
    (lambda text: text.splitlines(keepends=True)[0], "history.csv holds no epochs"),
    (lambda text: text[: len(text) // 2], "history.csv, line"),
    (cut, "the course of the run after epoch 4: history.csv holds 4 of its 30 epochs"),
]


@pytest.mark.parametrize(("change", "words"), HISTORIES, ids=["missing", "empty", "header", "cut", "short"])
@pytest.mark.parametrize("folder", ["well", "sick"])
def test_a_history_that_is_missing_or_broken_is_named(backlit, copied, folder, change, words):
    file = copied / folder / "history.csv"
    text = change(file.read_text())
    file.unlink()
    if text is not None:
        file.write_text(text)
    said = backlit("diagnose", folder, "--quick", "--json")
    shown = json.loads(said.out)
    assert any(words in reason for reason in shown["left_out"])
    assert any(reason.startswith("the course of the run") for reason in shown["left_out"])
    assert ("the course of the run" in shown["examined"]) == (change is cut)
    assert said.status == (folder == "sick")


def broken_settings(folder, text):
    file = Path(folder, "settings.json")
    file.unlink()
    if text is not None:
        file.write_text(text)


@pytest.mark.parametrize("text", [None, "", "[]", "{", '{"data": 3}', '{"data": {"path": null}, "asked": 3}'])
def test_without_settings_history_and_findings_still_speak(backlit, copied, text):
    broken_settings("sick", text)
    said = backlit("diagnose", "sick", "--quick")
    assert said.status == 1
    assert "learning rate too high" in said.out
    assert OF_TRAINING not in said.out  # the history says it itself
    assert HEALTHY not in said.out
    assert "backlit diagnose" not in said.out
    assert "older Backlit" not in said.out
    assert ("has no settings.json" if text is None else "settings.json cannot be read") in said.out
    Path("sick/history.csv").unlink()
    said = backlit("diagnose", "sick", "--quick")
    assert said.status == 1
    assert OF_TRAINING in said.out


def test_a_run_of_an_older_backlit_is_said_to_be_one(backlit, copied):
    record = json.loads(Path("well/settings.json").read_text())
    del record["asked"]
    broken_settings("well", json.dumps(record))
    assert "as runs of an older Backlit do not" in backlit("diagnose", "well").out


@pytest.mark.parametrize("history", [True, False], ids=["with its history", "without"])
def test_what_could_not_tell_is_never_headed_as_healthy(backlit, copied, history):
    broken_settings("well", None)
    Path("well/findings.json").unlink()
    if not history:
        Path("well/history.csv").unlink()
    said = backlit("diagnose", "well")
    assert said.status == 0
    assert said.out.startswith(UNTOLD)
    assert HEALTHY not in said.out


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"findings": [3]}', '{"findings": [{"fault": "no such thing"}]}'])
def test_findings_that_cannot_be_read_are_named(backlit, copied, text):
    broken_settings("well", None)
    Path("well/findings.json").write_text(text)
    said = backlit("diagnose", "well")
    assert said.status == 0
    assert "not examined: what was found when it was trained: well/findings.json cannot be read" in said.out


def test_the_model_in_a_folder_finds_what_lies_beside_it(backlit, copied):
    broken_settings("sick", None)
    Path("sick/history.csv").unlink()
    said = backlit("diagnose", "sick/model")
    assert said.status == 1
    assert OF_TRAINING in said.out


def test_data_that_are_gone_are_asked_for(backlit, copied):
    record = json.loads(Path("sick/settings.json").read_text())
    record["data"]["path"] = "/nowhere/wine.csv"
    broken_settings("sick", json.dumps(record))
    said = backlit("diagnose", "sick")
    assert said.status == 1
    assert "there are no data at /nowhere/wine.csv any more: say --data FILE" in said.out
    assert "backlit diagnose" not in said.out
    assert "learning rate too high" in said.out
