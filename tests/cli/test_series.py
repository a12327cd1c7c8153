"""Sequences, series, several targets and damaged images from the command line."""

import csv
import json
import math

import numpy as np
import pytest
from PIL import Image


def write_ts(path, rows, seed):
    random = np.random.default_rng(seed)
    lines = ["@problemName noise", "@dimensions 1", "@equalLength false", "@classLabel true low high", "@data"]
    for row in range(rows):
        values = random.normal((row % 2) * 3, 1, random.integers(2, 8))
        lines.append(",".join(f"{value:.3f}" for value in values) + (":low", ":high")[row % 2])
    path.write_text("\n".join(lines))


def write_table(path, names, rows):
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([names, *rows])


def test_ts_files_are_trained_on_scored_and_predicted(backlit, tmp_path):
    write_ts(tmp_path / "a_TRAIN.ts", 40, 0)
    write_ts(tmp_path / "a_TEST.ts", 20, 1)
    run = backlit(
        *("train", "a_TRAIN.ts", "--test", "a_TEST.ts", "--network", "GRU(4), Dense(1)", "--epochs", 40),
        *("--learning-rate", 0.02, "--out", "run"),
    )
    assert run.status == 0, run.err
    assert "40 sequences of 2 to 7 steps" in run.out
    scores = json.loads(backlit("evaluate", "run", "a_TEST.ts", "--json").out)
    assert scores["accuracy"] >= 0.9
    answers = backlit("predict", "run", "a_TEST.ts").out.splitlines()
    assert (len(answers), answers[0]) == (21, "row,prediction,p(high),p(low)")


def test_a_table_of_steps_is_described_and_trained_on(backlit, tmp_path):
    rows = [(f"s{i}", t, i % 2 * 2 - 1 + 0.1 * t, "ab"[i % 2]) for i in range(30) for t in range(2 + i % 4)]
    write_table(tmp_path / "steps.csv", ("id", "t", "x", "y"), rows)
    layout = ("--target", "y", "--sequence-by", "id", "--step-by", "t")
    card = backlit("data", "steps.csv", *layout)
    assert "30 sequences of 2 to 5 steps" in card.out
    assert "told apart by 'id', in order of 't'" in card.out
    run = backlit("train", "steps.csv", *layout, "--network", "GRU(2), Dense(1)", "--epochs", 2, "--out", "run")
    assert run.status == 0, run.err
    answers = json.loads(backlit("predict", "run", "steps.csv", "--json").out)["predictions"]
    assert [answer["id"] for answer in answers] == [f"s{i}" for i in range(30)]


def test_a_series_is_forecast(backlit, tmp_path):
    rows = [(day, math.sin(day / 3), day % 5) for day in range(120)]
    write_table(tmp_path / "series.csv", ("day", "height", "other"), rows)
    run = backlit(
        *("train", "series.csv", "--target", "height", "--window", 8, "--horizon", "1,2", "--order-by", "day"),
        *("--network", "Flatten, Dense(2)", "--epochs", 3, "--out", "run"),
    )
    assert run.status == 0, run.err
    assert "111 windows of 8 rows" in run.out
    assert "baseline (last value)" in run.out
    answers = backlit("predict", "run", "series.csv").out.splitlines()
    assert (len(answers), answers[0]) == (1 + 113, "after day,prediction height +1,prediction height +2")
    assert [answer.partition(",")[0] for answer in (answers[1], answers[-1])] == ["7", "119"]


def test_several_targets_have_a_column_and_scores_each(backlit, tmp_path):
    write_table(tmp_path / "two.csv", ("x", "a", "b"), [(i, 2 * i + 0.5, 7.5 - i) for i in range(60)])
    run = backlit("train", "two.csv", "--target", "a,b", "--network", "Dense(2)", "--epochs", 3, "--out", "run")
    assert run.status == 0, run.err
    assert next(line.split() for line in run.out.splitlines() if line.startswith("target ")) == [
        *("target", "test", "rmse", "test", "r2")
    ]
    scores = json.loads(backlit("evaluate", "run", "two.csv", "--json").out)
    assert {"rmse a", "r2 a", "rmse b", "r2 b"} <= set(scores)
    assert backlit("predict", "run", "two.csv").out.startswith("row,prediction a,prediction b\n")


def test_images_that_cannot_be_read_are_listed_and_never_predicted(backlit, tmp_path):
    for label in "ab":
        (tmp_path / "shapes" / label).mkdir(parents=True)
        for place in range(8):
            Image.fromarray(np.full((4, 4), 30 * place, np.uint8)).save(tmp_path / "shapes" / label / f"{place}.png")
    (tmp_path / "shapes" / "a" / "torn.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    run = backlit("train", "shapes", "--network", "Flatten, Dense(1)", "--epochs", 1, "--out", "run")
    assert run.status == 0, run.err
    assert "1 image cannot be read: a/torn.png; left out" in run.out
    refused = backlit("predict", "run", "shapes")
    assert refused.status == 2
    assert "a/torn.png; an answer for each is asked" in " ".join(refused.err.split())


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--horizon", "soon", "--window", "3"), "--horizon soon: write whole numbers"),
        (("--horizon", "2"), "needs a window"),
        (("--window", "3", "--sequence-by", "x"), "give only one"),
        (("--window", "99"), "4 rows are fewer than a window of 99"),
    ],
)
def test_bad_options_get_one_clear_error(backlit, tmp_path, options, said):
    write_table(tmp_path / "small.csv", ("x", "y"), [(i, i + 0.5) for i in range(4)])
    result = backlit("train", "small.csv", *options)
    assert result.status == 2
    assert said in " ".join(result.err.split())


def test_a_forecast_of_a_column_that_is_no_input_is_trained(backlit, tmp_path):
    write_table(tmp_path / "s.csv", ("day", "x", "y"), [(day, day % 5, math.sin(day)) for day in range(60)])
    options = ("--target", "y", "--order-by", "day", "--window", 6, "--column", "y=ignored", "--epochs", 1)
    run = backlit("train", "s.csv", *options, "--network", "Flatten, Dense(1)")
    assert run.status == 0, run.err


def test_a_text_is_answered_step_by_step(backlit, tmp_path):
    text = "So it was.\nAnd then, so it is;\nand, so, it goes.\n" * 20
    (tmp_path / "book.txt").write_text(text)
    network = ("--network", f"Embedding(20, 4), GRU(4, sequence=True), Dense({len(set(text)) + 1})")
    run = backlit("train", "book.txt", "--window", 8, *network, "--epochs", 1, "--out", "run")
    assert run.status == 0, run.err
    answers = json.loads(backlit("predict", "run", "book.txt", "--json").out)["predictions"]
    assert [(answer["row"], answer["step"]) for answer in answers[:9]] == [*((0, step) for step in range(8)), (1, 0)]
    told = json.loads(backlit("predict", "run", "book.txt", "--json", "--probabilities").out)["predictions"]
    assert [answer["prediction"] for answer in told] == [answer["prediction"] for answer in answers]
    assert sum(value for name, value in told[0].items() if name.startswith("p(")) == pytest.approx(1, abs=1e-5)
