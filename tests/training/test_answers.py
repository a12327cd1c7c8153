"""What a network answers row by row is what it predicts, and comes back from its file."""

import numpy as np
import pytest

import backlit as bl
from backlit.data import Schema
from backlit.training.answers import ClassAnswers, NumberAnswers, answers, read_answers, write_answers


@pytest.fixture(scope="module")
def classified(points):
    run = bl.prepare("Dense(3)", *points, epochs=2)
    return run, run.train()


def test_answers_are_the_predictions_of_the_rows_with_their_truth(classified, points):
    run, model = classified
    found = answers(model, run.parts.test, "test")
    x, y = points
    np.testing.assert_array_equal(found.rows, run.parts.test.indices)
    np.testing.assert_array_equal(model.classes[found.truth], y[found.rows])
    np.testing.assert_array_equal(model.classes[found.predicted], model.predict(x[found.rows]))
    chances = model.predict_proba(x[found.rows])
    np.testing.assert_allclose(found.chances, chances, rtol=1e-5)
    np.testing.assert_allclose(found.sure, chances.max(1), rtol=1e-5)
    np.testing.assert_allclose(found.given, chances[range(len(y[found.rows])), found.truth], rtol=1e-5)
    assert found.total == len(found) == len(run.parts.test)


def test_errors_are_in_the_units_of_the_targets(line):
    x, y = line
    run = bl.prepare("Dense(1)", x, 1000 * y, epochs=2)
    model = run.train()
    found = answers(model, run.parts.test, "test")
    np.testing.assert_allclose(found.errors, abs(model.predict(x[found.rows]) - 1000 * y[found.rows]), rtol=1e-4)


def test_of_many_rows_some_are_kept_evenly(classified, monkeypatch):
    run, model = classified
    monkeypatch.setattr("backlit.training.answers.MOST", 3)
    found = answers(model, run.parts.train, "train")
    assert found.rows.tolist() == run.parts.train.indices[[0, len(run.parts.train) // 2 - 1, -1]].tolist()
    assert found.total == len(run.parts.train)


CLASSES = Schema("array", "many classes", ("a,b", 'say "c"', "\n"))
NUMBERS = Schema("array", "regression", target=("width", "height"))
CODES = np.array([0, 2, 1]), np.array([0, 1, 1])
SURE = np.array([0.5, 0.75, 1.0])


@pytest.mark.parametrize(
    ("found", "schema", "header"),
    [
        (
            ClassAnswers("test", np.array([7, 3, 5]), 9, *CODES, SURE, SURE, np.eye(3)[[0, 2, 1]]),
            CLASSES,
            'row,truth,prediction,"p(a,b)","p(say ""c"")","p(\n)"',
        ),
        (
            ClassAnswers("test", np.array([7, 7, 5]), 9, *CODES, SURE, SURE / 2, steps=np.array([0, 1, 0])),
            CLASSES,
            "row,step,truth,prediction,p of the prediction,p of the truth",
        ),
        (ClassAnswers("test", np.array([7, 3, 5]), 3, *CODES), CLASSES, "row,truth,prediction"),
        (
            NumberAnswers("test", np.array([4, 1]), 2, np.array([0.5, 2.0]), np.eye(2), 3 * np.eye(2)),
            NUMBERS,
            "row,truth width,truth height,prediction width,prediction height,error",
        ),
        (NumberAnswers("test", np.array([4, 1]), 2, np.array([0.5, 2.0])), NUMBERS, "row,error"),
    ],
)
def test_answers_come_back_from_their_file(found, schema, header, tmp_path):
    path = tmp_path / "predictions.csv"
    write_answers(path, found, schema)
    assert path.read_bytes().decode().startswith(f"{header}\r\n")
    again = read_answers(path, schema, found.part, found.total)
    assert type(again) is type(found)
    for name, value in vars(found).items():
        if name not in ("sure", "given") or getattr(found, "chances", None) is None:
            np.testing.assert_array_equal(getattr(again, name), value, err_msg=name)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "row,truth\n1,a\n",
        "row,truth,prediction\n1,a,z\n",
        "row,truth,prediction\nx,\n",
        "row,truth,prediction\n1\n",
    ],
)
def test_what_is_no_file_of_answers_is_named(text, tmp_path):
    (tmp_path / "predictions.csv").write_text(text)
    with pytest.raises(bl.FileError, match=r"predictions\.csv holds no predictions of this network"):
        read_answers(tmp_path / "predictions.csv", Schema("array", "two classes", ("a", "b")), "test", 1)
