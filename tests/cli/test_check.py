"""`backlit check`, and what `backlit train` says of findings."""

import json
import sys
import threading
from types import ModuleType

import pytest

from backlit.doctor.finding import Finding, Remedy
from backlit.training import Run

QUICK = ("--network", "Dense(3)", "--epochs", "3", "--no-report")
LEARNED = ("--network", "Dense(8), ReLU, Dense(3)", "--epochs", "20", "--no-report")


def planted(level):
    return Finding(
        "label leakage", level, "feature size", "it alone explains 100 %", "it is the target", Remedy("leave it out")
    )


@pytest.fixture
def examiners(monkeypatch):
    """Puts examiners of the data and of the start in the place of the doctor's own."""

    def put(data=lambda run: [], start=lambda subject: []):
        for name, examine in (("data", data), ("start", start)):
            module = ModuleType(f"backlit.doctor.{name}")
            setattr(module, f"examine_{name}", lambda examined, *_, examine=examine: examine(examined))
            monkeypatch.setitem(sys.modules, f"backlit.doctor.{name}", module)

    put()
    return put


def broken(_):
    raise RuntimeError("out of order\nsecond line")


@pytest.mark.parametrize(("level", "status"), [("fault", 1), ("suspicion", 1), ("hint", 0), (None, 0)])
def test_the_status_of_check_is_1_where_something_is_worse_than_a_hint(backlit, examiners, level, status):
    examiners(data=lambda run: [planted(level)] if level else [])
    result = backlit("check", "iris")
    assert result.status == status
    assert ("label leakage in feature size" in result.out) == (level is not None)
    assert ("No fault found" in result.out) == (status == 0)


def test_check_as_json_gives_all_of_a_finding(backlit, examiners):
    examiners(start=lambda subject: [planted("fault")])
    result = backlit("check", "iris", "--json")
    assert result.status == 1
    (finding,) = json.loads(result.out)["findings"]
    assert finding == planted("fault").to_json()


def test_check_takes_the_options_of_train_and_writes_nothing(backlit, examiners, tmp_path):
    seen = []
    examiners(data=lambda run: seen.append(run.settings.learning_rate) or [])
    assert backlit("check", "iris", "--network", "Dense(3)", "--learning-rate", "0.5").status == 0
    assert seen == [0.5]
    assert list(tmp_path.iterdir()) == []
    assert backlit("check", "iris", "--network", "Dens(3)").status == 2


def test_an_examiner_that_fails_is_left_out_and_leaves_train_alone(backlit, examiners, tmp_path):
    examiners(data=broken, start=lambda subject: [planted("suspicion")])
    result = backlit("train", "iris", *QUICK, "--out", "run")
    assert result.status == 0
    assert "not examined: the data: out of order" in result.out
    assert "label leakage" in result.out
    kept = json.loads((tmp_path / "run" / "findings.json").read_text())
    assert [one["fault"] for one in kept["findings"]] == ["label leakage"]
    assert kept["left_out"] == ["the data: out of order"]


def test_train_ends_with_what_is_worse_than_a_hint_and_how_it_is_settled(backlit, examiners):
    examiners(data=lambda run: [planted("suspicion")])
    end = backlit("train", "iris", *LEARNED, "--out", "run").out.partition("Findings:")[2]
    assert "Suspicion: label leakage" in end
    assert "backlit diagnose run settles these" in end


def test_only_what_is_open_is_settled_by_experiments(backlit, examiners):
    proved = Finding("train/test contamination", "fault", "", "e", "c", Remedy("r"))
    examiners(data=lambda run: [proved])
    end = backlit("train", "iris", *LEARNED, "--out", "proved").out.partition("Findings:")[2]
    assert "Fault: train/test contamination" in end
    assert "backlit diagnose" not in end
    examiners(data=lambda run: [proved, planted("suspicion")])
    end = backlit("train", "iris", *LEARNED, "--out", "both").out.partition("Findings:")[2]
    assert "backlit diagnose both settles the suspicions by experiments" in end


def test_of_many_hints_three_are_shown_before_a_run(backlit, examiners):
    hints = [Finding("useless features", "hint", f"feature f{n}", "e", "c", Remedy("r")) for n in range(5)]
    examiners(data=lambda run: hints)
    shown = backlit("train", "iris", *QUICK).out
    assert shown.count("Hint: useless features") == 3
    assert "and 2 more: backlit check" in shown
    assert "Findings:" not in shown


def test_a_run_begins_before_a_long_examination_of_its_data_ends(backlit, examiners, monkeypatch):
    begun, train = threading.Event(), Run.train

    def begin(run, *follow):
        begun.set()
        return train(run, *follow)

    monkeypatch.setattr(Run, "train", begin)
    examiners(data=lambda run: [planted("fault")] if begun.wait(30) else [])
    before, _, end = backlit("train", "iris", *LEARNED).out.partition("Findings:")
    assert "Fault: label leakage" in before
    assert "Fault: label leakage" in end


def test_what_the_data_say_at_once_is_shown_before_training(backlit, examiners, monkeypatch, capsys):
    shown, train = [], Run.train

    def begin(run, *follow):
        shown.append(capsys.readouterr().out)
        return train(run, *follow)

    monkeypatch.setattr(Run, "train", begin)
    examiners(data=lambda run: [planted("fault")])
    backlit("train", "iris", *QUICK)
    assert "Fault: label leakage" in shown[0]


def test_a_run_without_the_doctor_says_and_keeps_nothing(backlit, examiners, tmp_path):
    examiners(data=broken, start=broken)
    result = backlit("train", "iris", *QUICK, "--no-doctor", "--out", "run")
    assert result.status == 0
    assert "examined" not in result.out
    assert not (tmp_path / "run" / "findings.json").exists()


def test_quiet_prints_no_findings_and_json_lists_them(backlit, examiners):
    examiners(data=lambda run: [planted("fault")])
    quiet = backlit("train", "iris", *QUICK, "--quiet")
    assert (quiet.out, quiet.err) == ("", "")
    described = json.loads(backlit("train", "iris", *QUICK, "--json").out)
    assert [one["fault"] for one in described["findings"]] == ["label leakage"]


def test_stop_when_hopeless_ends_a_run_early(backlit, examiners):
    line = ("train", "digits", "--learning-rate", "100", "--epochs", "60", "--no-report", "--json")
    described = json.loads(backlit(*line, "--stop-when", "hopeless").out)
    assert described["stopped"] == "hopeless: learning rate too high"
    assert described["epochs"] < 60
    assert described["findings"][0]["fault"] == "learning rate too high"


@pytest.mark.parametrize("wrong", [("--stop-when", "bored"), ("--stop-when", "hopeless", "--no-doctor")])
def test_a_stop_that_nobody_makes_is_refused(backlit, wrong, tmp_path):
    result = backlit("train", "iris", *wrong)
    assert result.status == 2
    assert "--stop-when" in result.err
    assert list(tmp_path.iterdir()) == []
