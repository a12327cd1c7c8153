"""`backlit train` ends with a report, `backlit report` makes it again, and neither harms a run."""

import json
import shutil
from pathlib import Path

import pytest


@pytest.fixture
def run(trained, tmp_path):
    """A copy of a run's folder."""
    return Path(shutil.copytree(trained, tmp_path / "run"))


def test_training_ends_with_a_report(backlit):
    said = backlit("train", "iris", "--epochs", 2, "--out", "run")
    assert said.out.splitlines()[-1] == f"Report: {Path('run/report.html')}"
    assert said.err == ""
    page, rows = Path("run/report.html").read_text(), Path("run/predictions.csv").read_text().splitlines()
    assert "backlit train iris --epochs 2 --out run" in page
    assert len(rows) == 1 + json.loads(Path("run/report.json").read_text())["answers"]["total"]


def test_a_report_can_be_left_out(backlit):
    said = json.loads(backlit("train", "iris", "--epochs", 1, "--out", "run", "--json", "--no-report").out)
    assert said["report"] is None
    assert sorted(path.name for path in Path("run").iterdir()) == [
        "findings.json",
        "history.csv",
        "model",
        "settings.json",
    ]


def test_json_says_where_the_report_is(backlit):
    said = json.loads(backlit("train", "iris", "--epochs", 1, "--out", "run", "--json").out)
    assert Path(said["report"]).is_file()


def test_a_report_that_fails_does_not_lose_the_run(backlit, monkeypatch):
    def fail(evidence):
        raise OSError("the disk is full")

    monkeypatch.setattr("backlit.pictures.report.page_of", fail)
    said = backlit("train", "iris", "--epochs", 1, "--out", "run")
    assert said.status == 0
    assert said.err == (
        "Note: there is no report: the disk is full; the run is whole, and backlit report run tries again\n"
    )
    assert Path("run/model/network.json").is_file()
    assert not Path("run/report.html").exists()


def test_a_sweep_ends_with_the_report_of_its_best(backlit):
    said = backlit("sweep", "iris", "--over", "l2=0,1", "--epochs", 1, "--out", "run")
    assert said.out.splitlines()[-1] == f"Report: {Path('run/report.html')}"
    assert "backlit sweep iris" in Path("run/report.html").read_text()


def test_a_report_is_made_again(backlit, run):
    (run / "report.html").write_text("old")
    said = backlit("report", run)
    assert (said.status, said.out, said.err) == (0, f"Report: {run / 'report.html'}\n", "")
    assert "never seen" in (run / "report.html").read_text()


def test_of_a_run_without_a_history_the_rest_is_shown(backlit, run):
    (run / "history.csv").unlink()
    said = backlit("report", run, "--json")
    assert said.status == 0
    assert "no history" in said.err
    assert json.loads(said.out)["missing"][0].startswith("the course of the training")
    page = (run / "report.html").read_text()
    assert "no history" in page
    assert 'id="mistakes"' in page
    assert 'id="training"' not in page


def test_of_an_older_run_the_rest_is_shown(backlit, run):
    for name in ("predictions.csv", "report.json"):
        (run / name).unlink()
    said = backlit("report", run)
    assert said.status == 0
    assert "report.json" in said.err
    assert 'id="training"' in (run / "report.html").read_text()


def test_a_model_saved_by_hand_has_a_report_beside_it(backlit, run, houses):
    saved = Path(shutil.copytree(run / "model", "saved"))
    assert backlit("report", saved).out == "Report: saved-report.html\n"
    assert sorted(path.name for path in saved.iterdir()) == ["network.json", "parameters.safetensors"]
    assert 'id="mistakes"' not in Path("saved-report.html").read_text()
    said = backlit("report", saved, "--data", houses, "-o", "houses.html")
    assert said.status == 0
    assert "120 rows of houses" in Path("houses.html").read_text()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["report", "nowhere"], "there is no folder nowhere"),
        (["report", "run", "-o", "report.pdf"], "ends in .html"),
        (["report", "run", "-o", "nowhere/report.html"], "there is no folder nowhere"),
        (["report", "run", "--data", "iris"], "the data have no target 'dear'"),
        (["compare", "run"], "name two folders of runs"),
        (["compare", "run", "run/../run"], "named twice"),
        (["compare", "run", "nowhere"], "there is no folder nowhere"),
        (["compare", "run", "other", "-o", "page.csv"], "ends in .html"),
    ],
)
def test_what_cannot_be_used_is_named(backlit, run, arguments, words):
    shutil.copytree(run / "model", "other")
    said = backlit(*arguments)
    assert said.status == 2
    assert words in said.err
    assert said.err.count("\n") == 1


def test_runs_are_compared(backlit, run, houses, open_page):
    assert backlit("train", houses, "--target", "dear", "--epochs", 2, "--l2", "0.5", "--out", "two", "-q").status == 0
    said = backlit("compare", run, "two", "-o", "compare.html")
    lines = {line.split()[0]: line.split()[1:] for line in said.out.splitlines() if line}
    assert lines["l2"][-1] == "0.5"
    assert "seed" not in lines
    assert lines["epochs"][-1] == "2"
    found = json.loads(backlit("compare", run, "two", "--json").out)
    kept = (json.loads(Path(folder, "model/network.json").read_text()) for folder in (run, "two"))
    scores = [one["extra"]["scores"] for one in kept]
    assert found["results"]["test accuracy"] == [score["test"]["accuracy"] for score in scores]
    assert set(found["settings"]) == {"l2", "epochs"}
    best = max(score["test"]["accuracy"] for score in scores)
    assert f"its test accuracy is {100 * best:.3g}" in said.out
    for width in (400, 1600):
        with open_page(Path("compare.html"), width=width) as page:
            assert page.evaluate("document.documentElement.scrollWidth") <= width
            assert page.locator("svg polyline, svg path").count() > 2


def test_runs_on_other_rows_are_told_apart(backlit, run, houses):
    backlit("train", houses, "--target", "dear", "--epochs", 1, "--split-seed", 5, "--out", "two", "-q")
    said = backlit("compare", run, "two")
    assert "judged by different rows" in said.err
    assert "none can be called the best" in said.out
    assert "is the best" not in said.out
    backlit("train", "iris", "--epochs", 1, "--out", "three", "-q")
    assert "different tasks or targets" in backlit("compare", run, "three").err
