"""A run whose first epoch fails leaves a folder without a model, which says what it was, and can be diagnosed."""

import json
import shutil
from pathlib import Path

import pytest

from backlit.cli.app import run

NETWORK = "Dense(16), ReLU, Dense(16), ReLU, Dense(1)"
OPTIONS = ["--target", "dear", "--network", NETWORK, "--optimizer", "sgd", "--learning-rate", "50", "--batch-size", "1"]
SAID = "the loss turned non-finite in the first epoch"


def train(houses, folder, *options):
    return run(["train", str(houses), *OPTIONS, "--epochs", "12", "--quiet", *options, "--out", str(folder)])


@pytest.fixture(scope="module")
def failed(houses, tmp_path_factory):
    """The folder of a run whose first epoch turns non-finite."""
    folder = tmp_path_factory.mktemp("runs") / "failed"
    assert train(houses, folder) == 1
    return folder


@pytest.fixture
def copied(failed, tmp_path):
    """A copy of it, beside the folder that commands run in."""
    return Path(shutil.copytree(failed, tmp_path / "failed"))


def test_a_run_that_fails_leaves_what_repeats_it_and_no_model(failed):
    assert sorted(path.name for path in failed.iterdir()) == ["findings.json", "history.csv", "settings.json"]
    record = json.loads((failed / "settings.json").read_text())
    assert record["asked"]["learning_rate"] == 50
    assert record["failed"].startswith(SAID)
    assert (failed / "history.csv").read_text().splitlines() == ["epoch,loss"]
    found = json.loads((failed / "findings.json").read_text())
    assert found["findings"][0]["fault"] == "NaN / Inf"
    assert "the data" in found["examined"]
    assert found["left_out"] == ["the course of the run: its first epoch failed"]
    assert [path.name for path in failed.parent.iterdir()] == ["failed"]


def test_the_error_ends_with_the_command_that_says_why(backlit, houses):
    said = backlit("train", houses, *OPTIONS, "--no-doctor", "--out", "deep/failed")
    assert said.status == 1
    first, last = said.err.splitlines()
    assert first.startswith(f"Error: {SAID}")
    assert last == "backlit diagnose deep/failed says why"
    assert sorted(path.name for path in Path("deep/failed").iterdir()) == ["history.csv", "settings.json"]


@pytest.mark.parametrize(
    "line",
    ["report FAILED", "compare FAILED other", "evaluate FAILED iris", "predict FAILED iris", "summary FAILED"],
)
def test_what_needs_a_model_is_one_error(backlit, copied, line):
    said = backlit(*line.replace("FAILED", "failed").split())
    assert (said.status, said.out, said.err.count("\n")) == (2, "", 1)
    assert said.err.startswith(f"Error: failed holds no model, as its run failed: {SAID}")
    assert "backlit diagnose failed says why" in said.err


def test_a_failed_run_is_diagnosed_and_mended(backlit, copied):
    said = backlit("diagnose", "failed", "--fix", "--json", "--out", "mended")
    assert said.status == 1
    shown = json.loads(said.out)
    assert shown["findings"][0]["fault"] == "learning rate too high"
    assert shown["repair"]["before"] == {}
    assert shown["repair"]["after"]["validation"]["accuracy"] > 0.8
    names = {"curves.svg", "findings.json", "history.csv", "model", "repair.json", "settings.json"}
    assert names <= {path.name for path in Path("mended").iterdir()}
    assert "the course of the run" in json.loads(Path("mended/findings.json").read_text())["examined"]


def test_without_experiments_a_failed_run_is_still_no_healthy_one(backlit, copied):
    said = backlit("diagnose", "failed", "--quick")
    assert said.status == 1
    assert said.out.startswith("Fault: NaN / Inf")


def test_a_failed_run_whose_data_are_gone_repeats_what_was_found(backlit, copied, monkeypatch):
    monkeypatch.setattr("backlit.training.Run.train", None)
    record = json.loads((copied / "settings.json").read_text())
    record["data"]["path"] = "/nowhere/houses.csv"
    (copied / "settings.json").write_text(json.dumps(record))
    said = backlit("diagnose", "failed", "--fix")
    assert said.status == 1
    assert "NaN / Inf" in said.out
    assert "(findings.json says so of the training)" in said.out
    assert "there are no data at /nowhere/houses.csv any more: say --data FILE" in said.out
    assert "nothing was tried" in said.err


def test_a_repair_where_nothing_helps_has_no_model(houses):
    import backlit as bl
    from backlit.doctor.finding import Finding, Remedy

    ready = bl.prepare(NETWORK, str(houses), target="dear", optimizer="sgd", learning_rate=1e30, batch_size=1, epochs=2)
    remedy = Remedy("take another seed", {"seed": 7})
    made = bl.repair(ready, [Finding("learning rate too high", "fault", "", "a test", "a cause", remedy)], seeds=2)
    assert (made.model, made.original, made.kept, made.curves) == (None, None, (), {})
    assert made.to_json()["after"] == {}
    with pytest.raises(bl.DataError, match="no model"):
        made.plot()
