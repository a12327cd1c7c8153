"""Whole runs: the same seed, the same bits; how they end; data in blocks."""

import jax
import numpy as np
import pytest

import backlit as bl
from backlit.training import execution

NETWORK = "Dense(4), ReLU, Dropout(0.2), Dense(3)"
CHOSEN = {"epochs": 6, "batch_size": 8, "learning_rate": 0.2, "seed": 6}


def parameters(model):
    return [np.asarray(leaf) for leaf in jax.tree.leaves((model.parameters, model.state))]


def assert_same(one, other, **tolerance):
    for a, b in zip(parameters(one), parameters(other), strict=True):
        np.testing.assert_allclose(a, b, **tolerance)
    assert one.history.columns == other.history.columns
    for column in one.history.columns:
        np.testing.assert_allclose(one.history[column], other.history[column], err_msg=column, **tolerance)


EXACTLY = {"rtol": 0, "atol": 0}


@pytest.fixture(scope="module")
def model(points):
    return bl.fit(NETWORK, *points, **CHOSEN)


@pytest.mark.parametrize("seconds", [0, 100])
def test_the_same_seed_gives_the_same_bits_however_often_python_looks(seconds, model, points, monkeypatch):
    monkeypatch.setattr(execution, "GLANCE", seconds)
    told = []
    again = bl.fit(NETWORK, *points, **CHOSEN, progress=told.append)
    assert_same(model, again, **EXACTLY)
    assert (model.scores, model.best_epoch) == (again.scores, again.best_epoch)
    assert [news.epoch for news in told] == (list(range(1, 7)) if seconds == 0 else [1, 3, 6])


def test_another_seed_gives_another_run(model, points):
    other = bl.fit(NETWORK, *points, **{**CHOSEN, "seed": 4})
    assert not np.array_equal(model.history["loss"], other.history["loss"])


def test_the_best_epoch_comes_back(model, points):
    losses = model.history["validation_loss"]
    assert model.best_epoch == int(losses.argmin()) + 1 < model.epochs
    assert model.scores["validation"]["loss"] == pytest.approx(losses.min(), rel=1e-5)
    assert model.stopped == "epochs"
    assert model.epochs == len(model.history) == 6
    assert model.scores["train"]["loss"] == pytest.approx(model.history["train_loss"][model.best_epoch - 1], rel=1e-5)


def test_a_run_in_blocks_is_the_run_on_the_device(model, points, tmp_path):
    np.save(tmp_path / "x.npy", points[0])
    mapped = np.load(tmp_path / "x.npy", mmap_mode="r")
    streamed = bl.fit(NETWORK, mapped, points[1], **CHOSEN, block_rows=17)
    assert_same(model, streamed, rtol=1e-5, atol=1e-6)
    assert streamed.best_epoch == model.best_epoch


def interrupt_at(epoch):
    def follow(progress):
        if progress.epoch == epoch:
            raise KeyboardInterrupt

    return follow


@pytest.mark.parametrize("blocks", [None, 17])
def test_an_interrupt_keeps_the_best_so_far(blocks, model, points, monkeypatch):
    monkeypatch.setattr(execution, "GLANCE", 0)
    follow = interrupt_at(4)
    stopped = bl.fit(NETWORK, *points, **CHOSEN, progress=follow, block_rows=blocks)
    assert (stopped.stopped, stopped.epochs, len(stopped.history)) == ("interrupted", 4, 4)
    losses = stopped.history["validation_loss"]
    np.testing.assert_allclose(losses, model.history["validation_loss"][:4], rtol=1e-5)
    assert stopped.best_epoch == int(losses.argmin()) + 1
    assert stopped.scores["validation"]["loss"] == pytest.approx(losses.min(), rel=1e-5)


def test_an_interrupt_while_scoring_keeps_the_model(model, points, monkeypatch):
    def interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(execution, "baseline_scores", interrupt)
    kept = bl.fit(NETWORK, *points, **CHOSEN)
    assert kept.scores == {}
    assert any("interrupted while it was scored" in note for note in kept.notes)
    for a, b in zip(parameters(model), parameters(kept), strict=True):
        np.testing.assert_array_equal(a, b)


def test_rows_of_weight_zero_do_no_harm():
    x = np.random.default_rng(0).normal(size=(20_000, 2)).astype(np.float32)
    y = x @ np.float32([1, -2]) + 1
    weights = np.isin(np.arange(len(x)), [5, 700, 9_000])  # so that whole batches, and the scored sample, have none
    model = bl.fit("Dense(1)", x, y, weights=weights, epochs=2, learning_rate=0.1, split=(1, 0, 0))
    assert model.stopped == "epochs"
    assert model.scores["train"]["loss"] < model.scores["baseline"]["loss"] == pytest.approx(1, rel=1e-4)
    assert model.evaluate(x, y)["loss"] == pytest.approx(model.scores["train"]["loss"], rel=1e-6)


def test_a_time_limit_ends_a_run(points):
    model = bl.fit(NETWORK, *points, **CHOSEN, time_limit=1e-6)
    assert (model.stopped, model.epochs, len(model.history)) == ("time", 1, 1)


def test_progress_says_where_a_run_is(points, monkeypatch):
    monkeypatch.setattr(execution, "GLANCE", 0)
    told = []
    model = bl.fit(NETWORK, *points, **CHOSEN, progress=told.append)
    for news, row in zip(told, model.history.rows(), strict=True):
        assert (news.loss, news.validation_loss) == (row["train_loss"], row["validation_loss"])
        assert (news.score_name, news.score, news.validation_score) == (
            "accuracy",
            row["train_accuracy"],
            row["validation_accuracy"],
        )
        assert news.epochs == 6
        assert news.seconds_left >= 0
    assert told[-1].seconds_left == 0


def test_history_is_a_row_an_epoch_and_csv_holds_it(model, tmp_path):
    model.history.write_csv(tmp_path / "history.csv")
    lines = (tmp_path / "history.csv").read_text().splitlines()
    assert len(lines) == 1 + model.epochs
    assert tuple(lines[0].split(",")) == model.history.columns
    assert model.history.columns[:6] == (
        "epoch",
        "loss",
        "train_loss",
        "train_accuracy",
        "validation_loss",
        "validation_accuracy",
    )
    assert float(lines[2].split(",")[1]) == pytest.approx(model.history["loss"][1], rel=1e-6)
    assert {"dense_1/mean", "relu_1/zeros", "relu_1/slope", "dense_2/weight/gradient"} <= set(model.history.columns)
