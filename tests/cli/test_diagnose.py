"""`backlit diagnose`: findings of a run's folder, and their remedies; the diagnosis itself is a stand-in here."""

import json
import shlex
import shutil
import sys
from pathlib import Path
from types import ModuleType

import pytest

from backlit.cli.app import run
from backlit.doctor.finding import Examination, Finding, Remedy

NETWORK = "Dense(8), Tanh, Dense(3)"


def finding(changes, level="fault"):
    return Finding(
        "learning rate too high", level, "", "a fork descends", "steps overshoot", Remedy("lower it", changes)
    )


@pytest.fixture
def diagnosed(monkeypatch):
    """What the diagnosis finds."""

    def use(*findings):
        asked = []

        def diagnose(model, **options):
            asked.append((model, options))
            return Examination(findings, ("a stand-in",))

        module = ModuleType("backlit.doctor.diagnosis")
        module.diagnose = diagnose
        monkeypatch.setitem(sys.modules, "backlit.doctor.diagnosis", module)
        return asked

    return use


@pytest.fixture(scope="module")
def trained_badly(tmp_path_factory):
    """A run whose rate is far too high."""
    folder = tmp_path_factory.mktemp("runs") / "bad"
    options = ["--network", NETWORK, "--epochs", "30", "--learning-rate", "100", "--quiet", "--no-report"]
    assert run(["train", "wine", *options, "--out", str(folder)]) == 0
    return folder


@pytest.fixture
def wine(trained_badly, backlit):
    """A copy of it, in the folder where the commands run."""
    return str(shutil.copytree(trained_badly, "bad"))


def test_findings_are_printed_and_make_the_status(backlit, wine, diagnosed):
    asked = diagnosed(finding({"learning_rate": 0.03}))
    said = backlit("diagnose", wine, "--quick")
    assert (said.status, said.err) == (1, "")
    assert said.out.splitlines() == [
        "Fault: learning rate too high. Steps overshoot.",
        "  Evidence: a fork descends.",
        "  Remedy: lower it.",
    ]
    model, options = asked[0]
    assert model.run.settings == model.settings
    assert options["quick"] is True
    diagnosed(finding({}, level="hint"))
    assert backlit("diagnose", wine).status == 0
    assert backlit("diagnose", wine, "--fix").status == 0
    shown = backlit("diagnose", wine, "--json")
    assert json.loads(shown.out)["findings"][0]["level"] == "hint"
    assert sorted(path.name for path in Path().iterdir()) == ["bad"]


def test_the_mended_run_has_a_folder_and_can_be_diagnosed(backlit, wine, diagnosed):
    diagnosed(finding({"learning_rate": 0.03}))
    said = backlit("diagnose", wine, "--fix", "--json", "--out", "good")
    assert said.status == 1
    shown = json.loads(said.out)
    assert shown["repair"]["run"] == "good"
    assert shown["repair"]["changes"] == {"learning_rate": 0.03}
    assert shown["repair"]["after"]["validation"]["loss"] < 0.5 < shown["repair"]["before"]["validation"]["loss"]
    names = {"curves.svg", "history.csv", "model", "repair.json", "report.html", "settings.json"}
    assert names <= {path.name for path in Path("good").iterdir()}
    assert "before" in Path("good/curves.svg").read_text()
    assert json.loads(Path("good/repair.json").read_text())["steps"][0]["kept"] is True
    record = json.loads(Path("good/settings.json").read_text())
    expected = f"backlit train wine --network '{NETWORK}' --epochs 30 --learning-rate 0.03"
    assert set(shlex.split(record["command"])) == set(shlex.split(expected))
    asked = diagnosed()
    again = backlit("diagnose", "good")
    assert again.status == 0
    assert asked[0][0].run.settings.learning_rate == 0.03


def test_where_nothing_helps_there_is_no_folder(backlit, wine, diagnosed):
    diagnosed(finding({"learning_rate": -1}))
    said = backlit("diagnose", wine, "--fix")
    assert said.status == 1
    assert "it cannot be applied: learning_rate is a finite number above 0, not -1" in said.out
    assert "Nothing is changed: no remedy was proved to help." in said.out
    assert sorted(path.name for path in Path().iterdir()) == ["bad"]


def test_a_model_alone_is_examined_as_far_as_it_goes(backlit, wine, diagnosed):
    asked = diagnosed()
    Path("bad/settings.json").unlink()
    Path("bad/findings.json").unlink()
    said = backlit("diagnose", wine, "--fix")
    assert (said.status, asked) == (1, [])
    assert "learning rate too high" in said.out
    assert "not examined: what needs the data or a rerun, for the folder has no settings.json" in said.out
    assert "backlit diagnose" not in said.out
    assert said.err == "Note: --fix makes the run again, and it cannot be prepared: nothing was tried\n"


def test_a_folder_that_is_none_or_taken_is_one_error(backlit, wine, diagnosed):
    diagnosed()
    assert backlit("diagnose", "nowhere") == (
        2,
        "",
        "Error: there is no folder nowhere: give the folder of a run, as backlit train names it\n",
    )
    taken = backlit("diagnose", wine, "--fix", "--out", wine)
    assert (taken.status, taken.err) == (2, "Error: bad exists already: choose another --out\n")


def test_the_status_is_in_the_help(backlit):
    shown = backlit("diagnose", "--help").out
    assert "exit status is 0 where nothing is worse than a hint, else 1" in " ".join(shown.split())


def test_a_command_repeats_what_was_asked(backlit, houses):
    options = [
        *("--target", "dear", "--column", "district=category", "--order-by", "sold", "--split", "60/20/20"),
        *("--network", "Dense(4), ReLU, Dense(1)", "--penalty", "dense_1:l2=0.01", "--no-standardize", "--l1", "0.001"),
        *(
            "--penalize-biases",
            "--bootstrap",
            "3",
            "--class-weight",
            "balanced",
            "--optimizer",
            "momentum",
            "--seed",
            4,
        ),
        *("--learning-rate", "0.05", "--schedule", "cosine", "--batch-size", "full", "--epochs", 1, "--split-seed", 2),
    ]
    from backlit.cli.repetition import command_of

    assert backlit("train", houses, *options, "--out", "one", "--quiet", "--no-report").status == 0
    asked = json.loads(Path("one/settings.json").read_text())["asked"]
    repeated = shlex.split(command_of(asked))[1:]
    assert backlit(*repeated, "--out", "two", "--quiet", "--no-report").status == 0
    assert json.loads(Path("two/settings.json").read_text())["asked"] == asked
