"""`backlit sweep`: sets of values in text, the table, and a run folder that the other commands take."""

import csv
import json
from pathlib import Path

import pytest

from backlit.cli.app import run
from backlit.cli.values import read_sets

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
        (["--over", "batch-size=8..full"], "a range is FIRST..LAST:COUNT"),
        (["--over", "clip=none..1:3"], "a range is FIRST..LAST:COUNT"),
        (["--over", "standardize=false..true:2"], "a range is FIRST..LAST:COUNT"),
        (["--over", "penalties=1,2"], "sweep them in Python"),
        (["--over", "batch-size=1.5"], "'1.5' is no whole number"),
        (["--over", "standardize=yes"], "standardize is true or false, not 'yes'"),
        (["--over", "l2=1..2"], "say how many numbers, as in 1..2:8"),
        (["--over", "seed=0..10000"], "a range has 10,000 values at most"),
        (["--over", "l2=2..1:3"], "a range is FIRST..LAST:COUNT, the first below the last"),
        (["--over", "l2=1..2..3:3"], "a range is FIRST..LAST:COUNT"),
        (["--over", "l2=1..2:x"], "a range is FIRST..LAST:COUNT"),
        (["--over", "l2=1..2:3:exp"], "a range is FIRST..LAST:COUNT"),
        (["--over", "l2=0..1:3:log"], "lie above 0, and 0 does not"),
        (["--over", "l2=0..1:0"], "a whole number of values from 1 to 10,000, not 0"),
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
    assert "epoch 8/8" in result.out
    lines = result.out.splitlines()
    start = next(place for place, line in enumerate(lines) if line.startswith("network "))
    assert lines[start].split()[:4] == ["network", "learning_rate", "validation", "loss"]
    assert [line.split()[-1] for line in lines[start + 1 : start + 7]] == ["epochs"] * 2 + ["halved"] * 4
    assert lines[start + 7].startswith("best: network ")
    assert lines[-1] == "Run folder: run"


def test_json_is_one_object_and_nothing_else(backlit):
    arguments = ("--over", "l2=0,1", "--network", "Dense(1)", "--epochs", "2", "--out", "run", "--json")
    result = backlit("sweep", "line(n=40)", *arguments)
    assert (result.status, result.err) == (0, "")
    told = json.loads(result.out)
    assert told["sweep"] == json.loads(Path("run/sweep.json").read_text())
    assert told["sweep"]["best"] == {"l2": 0.0, "seed": 0}
    assert told["validation"]["loss"] == told["sweep"]["table"][0]["validation_loss"]
