"""`backlit sweep`: sets of values in text, the table, and a run folder that the other commands take."""

import csv
import json
from pathlib import Path

import pytest

from backlit import Progress
from backlit.cli.app import run
from backlit.cli.progress import left
from backlit.cli.values import read_sets
from backlit.training.sweeps import grids

SETS = ("--over", "learning-rate=1e-3..1e-1:2", "--over", "l2=0,1e30", "--seeds", "2")
NETWORK = ("--network", "Dense(2)", "--optimizer", "gradient-descent", "--epochs", "3")


@pytest.fixture(scope="module")
def swept(houses, tmp_path_factory):
    """The folder of a sweep of which half of the members fail."""
    folder = tmp_path_factory.mktemp("swept") / "houses"
    assert run(["sweep", str(houses), "--target", "dear", *NETWORK, *SETS, "--quiet", "--out", str(folder)]) == 0
    return folder


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("learning-rate=1e-4..1e-1:4", [1e-4, 1e-3, 1e-2, 1e-1]),
        ("learning-rate=0.1..0.4:4", [0.1, 0.2, 0.3, 0.4]),
        ("learning-rate=0.1..1.9:3:linear", [0.1, 1.0, 1.9]),
        ("learning-rate=1..4:3:log", [1.0, 2.0, 4.0]),
        ("l2=0..1:3", [0.0, 0.5, 1.0]),
        ("l2 = 0, 1e-4 ,1e-2", [0.0, 1e-4, 1e-2]),
        ("seed=0..3", [0, 1, 2, 3]),
        ("batch-size=16..256:5", [16, 32, 64, 128, 256]),
        ("batch_size=8,full", [8, "full"]),
        ("epochs=1..3:9", [1, 2, 3]),
        ("clip=none,1", [None, 1.0]),
        ("standardize=true,false", [True, False]),
        ("bootstrap=false,0,1", [False, 0, 1]),
        ("precision=float32,bfloat16", ["float32", "bfloat16"]),
        ("patience=none,3", [None, 3]),
        ("optimizer=adam,adamw(b1=0.8, b2=0.9)", ["adam", "adamw(b1=0.8, b2=0.9)"]),
        ("network=Dense(2), ReLU, Dense(3) | linear", ["Dense(2), ReLU, Dense(3)", "linear"]),
        ("augment=none | mirror, rotate(degrees=5)", [None, "mirror, rotate(degrees=5)"]),
        ("dropout_1.rate=0.1..0.3:3", [0.1, 0.2, 0.3]),
    ],
)
def test_sets_of_values_in_text(text, values):
    ((name, made),) = read_sets([text]).items()
    assert name == text.partition("=")[0].strip().replace("-", "_")
    assert (made, [type(value) for value in made]) == (values, [type(value) for value in values])


def test_the_values_of_a_name_that_comes_again_are_added():
    assert read_sets(["l2=0", "l1=1", "l2=1..2:2"]) == {"l2": [0.0, 1.0, 2.0], "l1": [1.0]}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "nothing is swept: give --over NAME=VALUES"),
        (["--over", "l2"], "--over l2: write NAME=VALUES"),
        (["--over", "l2="], "--over l2=: write NAME=VALUES"),
        (["--over", "learning-rat=1"], "no setting 'learning_rat' to sweep: did you mean learning_rate?"),
        (["--over", "optimizr=adam"], "did you mean optimizer?"),
        (["--over", "split=70/15/15,80/10/10"], "split cannot be a set of values"),
        (["--over", "l2=0,x"], "--over l2=0,x: 'x' is no number"),
        (["--over", "l2=0,,1"], "a value is missing between two separators"),
        (["--over", "network=Dense(3) |"], "a value is missing between two separators"),
        (["--over", "batch-size=8..full"], "'full' is no number, and a range goes from one number to another"),
        (["--over", "clip=none..1:3"], "'none' is no number"),
        (["--over", "standardize=false..true:2"], "'false' is no number"),
        (["--over", "penalties=1,2"], "sweep them in Python"),
        (["--over", "batch-size=1.5"], "'1.5' is no whole number"),
        (["--over", "standardize=yes"], "standardize is true or false, not 'yes'"),
        (["--over", "l2=1..2"], "say how many numbers, as in 1..2:8"),
        (["--over", "seed=0..10000"], "a range has 10,000 values at most"),
        (["--over", "l2=2..1:3"], "the range begins at 2, above its end 1: write 1..2"),
        (["--over", "l2=1..2..3:3"], "a range goes from one number to another, as in 1e-4..1e-1:4, not '1..2..3'"),
        (["--over", "l2=1..2:x"], "how many numbers is a whole number from 2 to 10,000, as in 1..2:8, not 'x'"),
        (["--over", "l2=1..2:3:exp"], "log or linear, not 'exp': 1..2:3:log"),
        (["--over", "l2=1..2:log"], "say how many numbers before log, as in 1..2:8:log"),
        (["--over", "l2=1..2:3:log:4"], "two colons at most, as in 1..2:3:log, and here are 3"),
        (["--over", "l2=1..1:3"], "begins where it ends: give the one value, 1"),
        (["--over", "l2=a..b:3"], "'a' is no number"),
        (["--over", "time-limit=1,2"], "it holds for the whole sweep"),
        (["--l2", "0,1"], "several values are swept: backlit sweep DATA --over l2=0,1"),
        (["--seeds", "0..3"], "several values are swept: backlit sweep DATA --over seed=0..3"),
        (["--over", "l2=0..1:1"], "a whole number from 2 to 10,000, as in 0..1:8, not '1'"),
        (["--over", "l2=0..1:3:log"], "lie above 0, and 0 does not: begin above 0"),
        (["--over", "l2=0..1:0"], "a whole number from 2 to 10,000, as in 0..1:8, not '0'"),
        (["--over", "l2=0,0"], "l2 is swept over 0.0 twice: leave one out"),
        (["--over", "l2=0,-1"], "l2 is a finite number of at least 0, not -1.0"),
        (["--over", "l2=0,1", "--l2", "0.5"], "l2 is given twice"),
        (["--over", "seed=1,2", "--seeds", "2"], "seeds and a set for seed are the same"),
        (["--seeds", "0"], "seeds is a whole number of at least 1"),
        (["--seeds", "200", "--over", "l2=0..1:100"], "100 of l2 × 200 of seed are 20,000 members"),
        (["--over", "network=Dense(3) | Dens(3)"], "did you mean Dense?"),
        (["--over", "optimizer=adam,adem"], "There is no optimizer 'adem': did you mean adam"),
        (["--over", "dropout_1.rate=0.1,0.2"], "it has no Dropout or Noise layer"),
        (["--seeds", "3", "--halving", "--split", "80/0/20"], "validation rows, and there are none"),
        (["--over", "batch-size=8,16", "--halving"], "here each has its own"),
    ],
)
def test_what_cannot_be_swept_is_one_error_and_nothing_is_written(backlit, tmp_path, arguments, words):
    result = backlit("sweep", "iris", *arguments)
    assert (result.status, result.out, result.err.count("\n")) == (2, "", 1)
    assert result.err.startswith("Error: ")
    assert words in result.err
    assert list(tmp_path.iterdir()) == []


def test_the_folder_holds_the_table_and_every_member(swept):
    table, histories = rows_of(swept / "sweep.csv"), rows_of(swept / "histories.csv")
    assert [row["learning_rate"] for row in table[:2]] == ["0.1", "0.001"]
    assert [(row["l2"], row["failed"], row["stopped"]) for row in table[2:]] == [("1e+30", "2", "failed")] * 2
    losses = [float(row["validation_loss"]) for row in table[:2]]
    assert losses == sorted(losses)
    assert {(row["learning_rate"], row["l2"], row["seed"]) for row in histories} >= {
        (rate, "0.0", seed) for rate in ("0.001", "0.1") for seed in ("0", "1")
    }
    kept = json.loads((swept / "sweep.json").read_text())
    assert kept["criterion"] == "validation loss"
    assert kept["table"][0]["validation_loss"] == losses[0]
    assert len(kept["members"]) == 8
    assert sum(member["failed"] for member in kept["members"]) == 4
    assert not any("test" in member for member in kept["members"])


def test_the_best_model_is_kept_as_that_of_train(backlit, swept, houses):
    best = json.loads((swept / "sweep.json").read_text())["best"]
    settings = json.loads((swept / "settings.json").read_text())
    assert {name: settings["settings"][name] for name in best} == best == {"learning_rate": 0.1, "l2": 0.0, **best}
    assert settings["command"].startswith("backlit sweep")
    own = [row for row in rows_of(swept / "histories.csv") if all(float(row[n]) == value for n, value in best.items())]
    assert [row["loss"] for row in rows_of(swept / "history.csv")] == [row["loss"] for row in own]
    assert backlit("predict", swept, houses, "-o", "predicted.csv").status == 0
    scored = backlit("evaluate", swept, houses, "--json")
    assert set(json.loads(scored.out)) >= {"loss", "accuracy"}


def test_the_table_is_printed_best_first(backlit, houses):
    sets = (
        "--over",
        "network=Dense(2) | Dense(3), ReLU, Dense(2)",
        "--over",
        "learning-rate=1e-3,0.1,1e-6",
        "--halving",
    )
    result = backlit(
        "sweep", houses, "--target", "dear", *NETWORK[2:4], "--epochs", "4", *sets, "--halving", "--out", "run"
    )
    assert (result.status, result.err) == (0, "")
    assert "Training: bce loss" not in result.out
    assert "6 members in 2 programs" in result.out
    assert "compiling program 1 of 2: 3 members of network Dense(2)" in result.out
    assert "program 2 of 2, epoch 4/4, best of 3 members: loss " in result.out
    made = len(rows_of(Path("run/histories.csv")))
    assert f"6 runs with {made} epochs in all took" in result.out
    lines = result.out.splitlines()
    start = next(place for place, line in enumerate(lines) if line.startswith("network "))
    assert lines[start].split()[:4] == ["network", "learning_rate", "validation", "loss"]
    assert [line.split()[-1] for line in lines[start + 1 : start + 7]] == ["epochs"] * 2 + ["halved"] * 4
    assert lines[start + 7].startswith("best: network ")
    assert lines[-2:] == ["Run folder: run", f"Report: {Path('run/report.html')}"]


def test_json_is_one_object_and_nothing_else(backlit):
    arguments = ("--over", "l2=0,1", "--network", "Dense(1)", "--epochs", "2", "--out", "run", "--json")
    result = backlit("sweep", "line(n=40)", *arguments)
    assert (result.status, result.err) == (0, "")
    told = json.loads(result.out)
    assert told["sweep"] == json.loads(Path("run/sweep.json").read_text())
    assert told["sweep"]["best"] == {"l2": 0.0, "seed": 0}
    assert told["validation"]["loss"] == told["sweep"]["table"][0]["validation_loss"]


def test_an_interruption_keeps_what_is_done(backlit, monkeypatch):
    trained, calls = grids.train_part, []

    def interrupted(*arguments):
        calls.append(arguments)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return trained(*arguments)

    monkeypatch.setattr(grids, "train_part", interrupted)
    arguments = ("--network", "Dense(1)", "--epochs", "2", "--over", "batch-size=8,16", "--seeds", "2")
    result = backlit("sweep", "line(n=40)", *arguments)
    (folder,) = Path("runs").iterdir()
    assert folder.name.startswith("sweep-line-2")
    assert (result.status, result.err) == (130, f"interrupted; what was done is kept in {folder}\n")
    assert "interrupted: 2 of 4 members had not begun" in result.out
    assert [row["stopped"] for row in rows_of(folder / "sweep.csv")] == ["epochs", "not begun"]
    assert backlit("evaluate", folder, "line(n=40)").status == 0


@pytest.mark.parametrize("command", [["train"], ["sweep", "--seeds", "2"]])
def test_mistakes_are_told_in_the_order_of_what_they_cost(backlit, command):
    Path("taken").mkdir()
    data = (*command, "nowhere.csv")
    assert "l2 is a finite number" in backlit(*data, "--out", "taken", "--l2", "-1").err
    assert "did you mean Dense?" in backlit(*data, "--out", "taken", "--network", "Dens(2)").err
    assert "taken" in backlit(*data, "--out", "taken").err
    assert "nowhere.csv" in backlit(*data, "--out", "free").err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--learning-rate", "1e-3,1e-2"], "backlit sweep DATA --over learning-rate=1e-3,1e-2"),
        (["--batch-size=8..16"], "backlit sweep DATA --over batch-size=8..16"),
        (["--seed", "0..3"], "backlit sweep DATA --over seed=0..3"),
        (["--over", "l2=0,1e-4"], "that is what a sweep takes: backlit sweep iris --over l2=0,1e-4"),
    ],
)
def test_sets_of_values_for_one_run_point_to_a_sweep(backlit, arguments, words):
    result = backlit("train", "iris", *arguments)
    assert (result.status, result.err.count("\n")) == (2, 1)
    assert words in result.err


def test_a_time_that_is_not_known_is_not_told():
    told = Progress(1, 4, 0.5, None, 0.5, None, "accuracy", 1, 1.0, 12.0)
    assert left(told) == ", ≤ 12 s left"
    assert left(told._replace(bounded=False)) == ", about 12 s left"
    assert left(told._replace(seconds_left=float("nan"))) == ""
