"""Sequences, series and several targets from data to predictions: learned, saved, loaded, evaluated."""

import numpy as np
import polars as pl
import pytest

import backlit as bl
from backlit.errors import DataError
from backlit.training import load, prepare


def walks(count=80, seed=0):
    """Sequences of 2 to 9 steps of two numbers; the class is the sign of the first number's sum."""
    random = np.random.default_rng(seed)
    arrays = [random.normal(size=(random.integers(2, 10), 2)).astype(np.float32) for _ in range(count)]
    return arrays, np.array(["down", "up"])[[int(array[:, 0].sum() > 0) for array in arrays]]


def steps_of(arrays, y):
    """The same sequences as one long table of their steps, with a category that says nothing."""
    rows = [
        {"id": f"w{index}", "t": place, "a": float(step[0]), "b": float(step[1]), "kind": "xy"[place % 2], "y": label}
        for index, (array, label) in enumerate(zip(arrays, y, strict=True))
        for place, step in enumerate(array)
    ]
    return pl.DataFrame(rows)


@pytest.fixture(scope="module")
def model():
    return bl.fit("GRU(8), Dense(2)", *walks(), epochs=60, learning_rate=0.02, batch_size=16)


def test_it_learns_from_sequences_of_unequal_length(model):
    assert [type(block).__name__ for block in model.network.blocks[:2]] == ["Standardize", "Padding"]
    assert model.evaluate(*walks(seed=1))["accuracy"] >= 0.85


def test_padding_changes_no_answer(model):
    arrays, _ = walks(6, seed=2)
    together = model.predict_proba(arrays)
    alone = np.concatenate([model.predict_proba([array, arrays[0]])[:1] for array in arrays])
    np.testing.assert_allclose(together, alone, rtol=1e-5)


def test_standardization_counts_the_real_steps_alone():
    run = prepare("GRU(2), Dense(2)", *walks())
    real = run.parts.train.x[~np.isnan(run.parts.train.x).all(-1)]
    np.testing.assert_allclose(run.fitted["standardize_1"]["mean"], real.mean(0), rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(run.fitted["standardize_1"]["scale"], real.std(0), rtol=1e-5)


def test_saved_and_loaded_it_says_the_same_of_lists_and_of_padded_arrays(model, tmp_path):
    arrays, y = walks(9, seed=3)
    model.save(tmp_path / "model")
    again = load(tmp_path / "model")
    assert (again.predict(arrays) == model.predict(arrays)).all()
    assert again.evaluate(arrays, y) == model.evaluate(arrays, y)
    padded = np.full((9, 12, 2), np.nan, np.float32)
    for row, array in zip(padded, arrays, strict=True):
        row[: len(array)] = array
    np.testing.assert_allclose(again.predict_proba(padded), model.predict_proba(arrays), rtol=1e-5)


def test_longer_sequences_are_taken_where_the_network_has_no_end(model):
    longer = [np.ones((15, 2), np.float32), np.ones((40, 2), np.float32)]
    assert model.predict(longer).tolist() == ["up", "up"]
    flat = bl.fit("Flatten, Dense(2)", *walks(), epochs=1)
    with pytest.raises(DataError, match="up to 40 steps, and this network takes 9 at most"):
        flat.predict(longer)


def test_where_no_network_is_named_sequences_have_a_recurrent_one():
    run = prepare(None, *walks())
    assert "GRU" in str(run.network)
    assert "Flatten" not in str(run.network)


def test_a_network_with_preprocessing_of_its_own_has_to_take_the_padding_away():
    with pytest.raises(DataError, match="training sequences have padding"):
        prepare("Standardize, GRU(2), Dense(2)", *walks())
    assert prepare("Standardize, Padding, GRU(2), Dense(2)", *walks()).network.blocks[1] == bl.Padding()


def test_a_long_table_is_learned_and_answered_sequence_by_sequence(tmp_path):
    arrays, y = walks(60)
    table = steps_of(arrays, y).with_columns(b=pl.when(pl.col("t") == 1).then(None).otherwise("b"))
    model = bl.fit(
        "GRU(8), Dense(2)",
        table,
        target="y",
        sequence_by="id",
        step_by="t",
        epochs=60,
        learning_rate=0.02,
        batch_size=16,
    )
    assert "Impute(sequence=True), Standardize(skip=(2,)), OneHot((0, 0, 2)), Padding" in str(model.network)
    assert model.scores["train"]["accuracy"] >= 0.9
    model.save(tmp_path / "model")
    answers = load(tmp_path / "model").predict(table.drop("y"))
    assert len(answers) == 60
    backwards = table.reverse()
    np.testing.assert_array_equal(load(tmp_path / "model").predict(backwards), answers[::-1])
    assert load(tmp_path / "model").evaluate(backwards)["accuracy"] == np.mean(answers == y)


def series(rows=220):
    """A wave of twenty rows with some noise, and its time."""
    noise = np.random.default_rng(0).normal(0, 0.02, rows)
    return pl.DataFrame({"day": np.arange(rows), "height": 50 + 3 * np.sin(np.arange(rows) * np.pi / 10) + noise})


@pytest.fixture(scope="module")
def forecast():
    return bl.fit(
        "Flatten, Dense(8), Tanh, Dense(1)",
        series(),
        target="height",
        window=12,
        horizon=4,
        order_by="day",
        epochs=150,
        learning_rate=0.01,
    )


def test_a_forecast_beats_the_mean_and_the_last_value(forecast):
    scores = forecast.scores
    assert scores["test"]["r2"] > 0.95 > scores["persistence"]["r2"]
    assert scores["persistence"]["rmse"] > 5 * scores["test"]["rmse"]


def test_persistence_says_that_the_last_value_stays(forecast):
    height = series()["height"].to_numpy()
    rows = forecast.rows["test"]
    difference = height[4:][-rows:] - height[:-4][-rows:]
    assert forecast.scores["persistence"]["rmse"] == pytest.approx(np.sqrt(np.mean(difference**2)), rel=1e-3)


def test_a_forecast_reaches_beyond_the_last_row(forecast, tmp_path):
    forecast.save(tmp_path / "model")
    model = load(tmp_path / "model")
    answers = model.predict(series(40))
    assert len(answers) == 40 - 12 + 1
    truth = series(44)["height"].to_numpy()[15:]
    np.testing.assert_allclose(answers, truth, atol=1)
    last = model.predict(series(40)[-12:])
    np.testing.assert_allclose(last, answers[-1:], rtol=1e-5)
    assert model.evaluate(series(40))["rmse"] == pytest.approx(
        np.sqrt(np.mean((answers[:-4] - series(40)["height"].to_numpy()[15:]) ** 2)), rel=1e-3
    )


def test_each_of_several_targets_has_its_scores():
    random = np.random.default_rng(0)
    x = random.normal(size=(90, 3))
    table = pl.DataFrame({"p": x[:, 0], "q": x[:, 1], "r": x[:, 2], "sum": x.sum(1), "wide": 100 * x[:, 0] + 7})
    model = bl.fit("Dense(2)", table, target=["sum", "wide"], epochs=100, learning_rate=0.05)
    answers, scores = model.predict(table), model.evaluate(table)
    assert answers.shape == (90, 2)
    for place, name in enumerate(("sum", "wide")):
        truth = table[name].to_numpy()
        errors = np.mean((answers[:, place] - truth) ** 2)
        assert scores[f"rmse {name}"] == pytest.approx(np.sqrt(errors), rel=1e-3)
        assert scores[f"r2 {name}"] == pytest.approx(1 - errors / truth.var(), abs=1e-5)
    assert scores["r2"] == pytest.approx((scores["r2 sum"] + scores["r2 wide"]) / 2, abs=1e-6)
    assert set(model.scores["baseline"]) == set(model.scores["test"]) == set(scores)


@pytest.mark.parametrize(("units", "loss"), [(2, None), (1, None), (1, "bce")])
def test_two_classes_a_step_are_learned_and_scored_on_other_lengths(units, loss):
    x = np.random.default_rng(0).normal(size=(40, 6, 1)).astype(np.float32)
    x[::2, 4:] = np.nan
    y = np.where(np.isnan(x[..., 0]), -1, x[..., 0] > 0).astype(np.int32)
    network, how = f"GRU(4, sequence=True), Dense({units})", {"task": "two classes", "loss": loss}
    model = bl.fit(network, x, y, epochs=60, learning_rate=0.05, **how)
    assert model.loss.name == ("cross-entropy" if units == 2 else "bce")
    assert model.scores["test"]["accuracy"] > 0.9
    scores = model.evaluate(list(x[::2, :4]), y[::2, :4])
    assert scores == pytest.approx(model.evaluate(x[::2], y[::2]), rel=1e-5)
    with pytest.raises(DataError, match="at most 6 steps"):
        model.evaluate(list(x[::2, :4]), np.zeros((20, 7), int))
    with pytest.raises(bl.ShapeError, match=r"keep the time axis, GRU\(…, sequence=True\)"):
        bl.prepare(f"GRU(4), Dense({units})", x, y, **how)


def test_lists_of_tokens_of_unequal_length_go_to_an_embedding():
    lists = [np.random.default_rng(row).integers(0, 12, 3 + row % 6) for row in range(150)]
    labels = np.array([int((tokens == 3).any()) for tokens in lists])
    model = bl.fit("Embedding(12, 8), GRU(8), Dense(2)", lists, labels, epochs=40, learning_rate=0.02)
    assert model.scores["test"]["accuracy"] > 0.9
    alone = model.predict_proba([lists[0]])
    np.testing.assert_allclose(model.predict_proba(lists)[:1], alone, rtol=1e-5)
    with pytest.raises(bl.DataError, match="hold 30, and Embedding"):
        model.predict([np.array([3, 30])])
    with pytest.raises(bl.DataError, match="2 numbers a step"):
        bl.fit("Embedding(5, 8), GRU(8), Dense(2)", [np.zeros((3 + row % 2, 2)) for row in range(20)], labels[:20])
