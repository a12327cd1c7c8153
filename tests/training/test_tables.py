"""A table with categories, gaps, a date and an id: trained, predicted in another order of columns, saved, loaded."""

import csv

import numpy as np
import pytest

import backlit as bl
from backlit.training import load

NAMES = ["patient_id", "seen", "smoker", "age", "pressure", "sick"]


@pytest.fixture(scope="module")
def rows():
    random = np.random.default_rng(7)
    made = []
    for number in range(180):
        sick = number % 2
        smoker = random.choice(["never", "daily", "seldom"], p=[0.6 - 0.4 * sick, 0.2 + 0.4 * sick, 0.2])
        age = "" if number % 11 == 3 else f"{random.normal(40 + 25 * sick, 6):.1f}"
        seen = f"20{10 + number % 9}-{1 + number % 12:02d}-{1 + number % 28:02d}"
        made.append([f"p{number}", seen, smoker, age, f"{random.normal(120, 9):.1f}", "yes" if sick else "no"])
    return made


def write(path, names, rows):
    with open(path, "w", newline="") as file:
        csv.writer(file).writerows([names, *rows])
    return path


@pytest.fixture(scope="module")
def model(rows, tmp_path_factory):
    path = write(tmp_path_factory.mktemp("data") / "patients.csv", NAMES, rows)
    return bl.fit(None, path, target="sick", epochs=12, learning_rate=0.01)


def test_it_learns_what_the_columns_hold(model):
    assert model.schema.classes == ("no", "yes")
    assert model.scores["test"]["accuracy"] >= 0.85
    assert not any("patient_id" in feature.name for feature in model.schema.features)


def test_the_order_of_columns_and_columns_it_does_not_use_do_not_matter(model, rows, tmp_path):
    whole = write(tmp_path / "whole.csv", NAMES, rows)
    places = [4, 2, 3, 1]  # without the id and the target
    other = write(
        tmp_path / "other.csv", [NAMES[p] for p in places] + ["note"], [[r[p] for p in places] + ["x"] for r in rows]
    )
    np.testing.assert_array_equal(model.predict(whole), model.predict(other))
    np.testing.assert_array_equal(model.predict_proba(whole), model.predict_proba(other))
    assert set(model.predict(other)) == {"no", "yes"}


def test_saved_and_loaded_it_predicts_the_same(model, rows, tmp_path):
    path = write(tmp_path / "whole.csv", NAMES, rows)
    model.save(tmp_path / "model")
    np.testing.assert_array_equal(load(tmp_path / "model").predict_proba(path), model.predict_proba(path))
    assert load(tmp_path / "model").evaluate(path) == model.evaluate(path)


def test_an_unknown_category_and_a_gap_that_training_had_not_are_told_and_answered(model, rows, tmp_path):
    seen, smoker, age, pressure = rows[0][1:5]
    path = write(
        tmp_path / "new.csv",
        NAMES[1:5],
        [[seen, smoker, age, pressure], [seen, "weekly", age, pressure], [seen, smoker, "50", ""], ["", "", "", "120"]],
    )
    p = model.predict_proba(path)
    assert np.isfinite(p).all()
    np.testing.assert_allclose(p.sum(1), 1, rtol=1e-6)
    said = " ".join(model.notes)
    assert "weekly" in said
    assert "'pressure': 1 missing" in said


def test_evaluate_tells_what_it_met(model, rows, tmp_path):
    _, seen, _, age, pressure, sick = rows[0]
    path = write(tmp_path / "scored.csv", NAMES[1:], [[seen, "hourly", age, pressure, sick]])
    model.evaluate(path)
    assert any("hourly" in note for note in model.notes)


def test_a_missing_column_is_an_error_that_names_it(model, rows, tmp_path):
    path = write(tmp_path / "less.csv", NAMES[:4], [row[:4] for row in rows])
    with pytest.raises(bl.DataError, match="pressure"):
        model.predict(path)


def test_the_newest_rows_are_the_test_where_the_order_is_time(rows, tmp_path):
    path = write(tmp_path / "whole.csv", NAMES, rows)
    parts = bl.prepare(None, path, target="sick", order_by="seen").parts
    dates = np.array([row[1] for row in rows], dtype="datetime64[D]")
    assert dates[parts.train.indices].max() <= dates[parts.validation.indices].min()
    assert dates[parts.validation.indices].max() <= dates[parts.test.indices].min()
