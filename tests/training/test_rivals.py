"""scikit-learn's classic models beside a network: same rows, same preprocessing, same scores."""

import json

import numpy as np
import pytest
from sklearn.linear_model import LinearRegression
from sklearn.metrics import r2_score, root_mean_squared_error

import backlit as bl
from backlit.cli import main


def by_name(rivals):
    return {rival.name: rival for rival in rivals}


def test_they_are_scored_on_the_networks_own_test_rows():
    run = bl.prepare("linear", "diabetes", epochs=3)
    model = run.train()
    rivals = by_name(bl.baselines(run, model))
    assert next(iter(rivals)) == "network"
    assert rivals["network"].score == pytest.approx(model.scores["test"]["r2"], abs=1e-5)
    assert rivals["network"].rmse == pytest.approx(model.scores["test"]["rmse"], rel=1e-5)
    train, test = run.parts.train, run.parts.test
    theirs = LinearRegression().fit(train.x, train.y)  # no preprocessing changes least squares
    assert rivals["linear regression"].score == pytest.approx(r2_score(test.y, theirs.predict(test.x)), abs=1e-3)
    expected = root_mean_squared_error(test.y, theirs.predict(test.x))
    assert rivals["linear regression"].rmse == pytest.approx(expected, rel=1e-3)


def test_gaps_and_categories_reach_them_as_they_reach_the_network(tmp_path):
    random = np.random.default_rng(0)
    lines = ["size,place,dear"]
    for row, place in enumerate(random.choice(list("abc"), 90)):
        size = "" if row % 9 == 0 else f"{random.normal():.4f}"
        lines.append(f"{size},{place},{'yes' if place == 'a' else 'no'}")
    path = tmp_path / "places.csv"
    path.write_text("\n".join(lines))
    rivals = by_name(bl.baselines(bl.prepare("Dense(1)", path, target="dear")))
    assert list(rivals) == ["nearest neighbor", "logistic regression", "random forest", "support vector machine"]
    assert rivals["logistic regression"].score == 1


def test_kernel_features_are_the_networks_own_and_not_theirs():
    on_points, on_kernel = (
        by_name(bl.baselines(bl.prepare(network, "circles(n=200)")))["logistic regression"].score
        for network in ("linear", "kernel-svm")
    )
    assert on_points == on_kernel < 0.7


def test_rows_of_weight_zero_do_not_count():
    x = np.linspace(-1, 1, 40, dtype=np.float32)[:, None]
    y = 3 * x[:, 0]
    y[::4] += 100
    weights = np.ones(40)
    weights[::4] = 0
    run = bl.prepare("linear", x, y, weights=weights, split=(1, 0, 0))
    linear = by_name(bl.baselines(run))["linear regression"]
    free = LinearRegression().fit(x[weights > 0], y[weights > 0])
    assert linear.rmse == pytest.approx(root_mean_squared_error(y, free.predict(x)), rel=1e-4)


def test_several_targets_and_no_test_rows():
    x = np.random.default_rng(0).normal(size=(30, 2)).astype(np.float32)
    run = bl.prepare("linear", x, x @ np.ones((2, 3), np.float32), split=(1, 0, 0))
    rivals = by_name(bl.baselines(run))
    assert list(rivals) == ["nearest neighbor", "linear regression", "random forest"]
    assert rivals["nearest neighbor"].score == 1  # of training rows
    assert rivals["linear regression"].score == pytest.approx(1)


def test_on_the_command_line(tmp_path, capsys):
    words = ["train", "and(n=60)", "--network", "linear", "--baselines", "--out"]
    for folder, more in (("a", ["--json"]), ("b", [])):
        with pytest.raises(SystemExit) as end:
            main([*words, str(tmp_path / folder), *more])
        assert end.value.code == 0
    said = capsys.readouterr().out
    made, _ = json.JSONDecoder().raw_decode(said)
    assert [rival["name"] for rival in made["baselines"]][:2] == ["network", "nearest neighbor"]
    assert "stored bytes" in said


def test_targets_of_steps_are_refused_before_any_training(tmp_path, capsys):
    book = tmp_path / "book.txt"
    book.write_text("abc abd bcd. " * 60)
    network = "Embedding(7, 4), GRU(4, sequence=True), Dense(7)"
    with pytest.raises(bl.SettingError, match="here it has 8 classes: leave the baselines out"):
        bl.baselines(bl.prepare(network, book, window=8))
    with pytest.raises(SystemExit) as end:
        main(["train", str(book), "--network", network, "--window", "8", "--baselines", "--out", str(tmp_path / "run")])
    said = capsys.readouterr()
    assert end.value.code == 2
    assert "leave the baselines out" in said.err
    assert "epochs in" not in said.out
