"""`backlit predict` and `backlit evaluate`: answers for new data, by the names of the columns."""

import io
import json
from pathlib import Path

import jax
import numpy as np
import polars as pl
import pytest

from backlit.training import load


def test_answers_are_the_models_own(backlit, houses, trained):
    model = load(trained / "model")
    table = pl.read_csv(io.StringIO(backlit("predict", trained, houses).out))
    assert table.columns == ["id", "prediction", "p(no)", "p(yes)"]
    assert table["id"].to_list() == pl.read_csv(houses)["id"].to_list()
    assert table["prediction"].to_list() == list(model.predict(houses))
    np.testing.assert_allclose(table.select("p(no)", "p(yes)").to_numpy(), model.predict_proba(houses), rtol=1e-5)


def test_a_model_folder_serves_as_a_run_folder(backlit, houses, trained):
    assert backlit("predict", trained / "model", houses) == backlit("predict", trained, houses)


def test_a_run_folder_loads_in_python_and_a_quiet_pipe_still_gets_the_answers(backlit, houses, trained):
    assert list(load(trained).predict(houses)) == list(load(trained / "model").predict(houses))
    assert backlit("predict", trained, houses, "--quiet").out == backlit("predict", trained, houses).out


def test_columns_in_another_order_give_the_same_answers(backlit, houses, trained):
    frame = pl.read_csv(houses, infer_schema=False)
    frame.select(reversed(frame.columns)).drop("dear").write_csv("turned.csv")
    assert backlit("predict", trained, "turned.csv").out == backlit("predict", trained, houses).out


def test_unknown_categories_and_missing_columns_are_reported(backlit, houses, trained):
    frame = pl.read_csv(houses, infer_schema=False).head(3)
    frame.with_columns(district=pl.lit("west")).drop("rooms").write_csv("new.csv")
    result = backlit("predict", trained, "new.csv")
    assert result.status == 0
    assert "'west' (3)" in result.err
    assert "rooms" in result.err
    assert len(result.out.splitlines()) == 4


def test_a_needed_column_that_is_missing_is_an_error(backlit, houses, trained):
    pl.read_csv(houses).drop("size").write_csv("new.csv")
    result = backlit("predict", trained, "new.csv", "-o", "answers.csv")
    assert result.status == 2
    assert "'size'" in result.err
    assert not Path("answers.csv").exists()


@pytest.mark.parametrize(
    ("name", "read"),
    [
        ("answers.csv", pl.read_csv),
        ("answers.tsv", lambda path: pl.read_csv(path, separator="\t")),
        ("answers.parquet", pl.read_parquet),
    ],
)
def test_answers_in_a_file(backlit, houses, trained, name, read):
    result = backlit("predict", trained, houses, "-o", name)
    assert result.out == f"120 predictions in {name}\n"
    assert read(name)["prediction"].to_list() == list(load(trained / "model").predict(houses))
    assert [path.name for path in Path().iterdir()] == [name]


def test_answers_as_json(backlit, houses, trained):
    found = json.loads(backlit("predict", trained, houses, "--json").out)
    assert found["rows"] == len(found["predictions"]) == 120
    assert list(found["predictions"][0]) == ["id", "prediction", "p(no)", "p(yes)"]


def test_numbers_are_answers_too(backlit):
    told = backlit("train", "line", "--network", "Dense(1)", "--epochs", "2", "--out", "run", "--precision", "auto").out
    assert f", in {'float32' if jax.default_backend() == 'cpu' else 'bfloat16'}, seed 0\n" in told
    table = pl.read_csv(io.StringIO(backlit("predict", "run", "line").out), infer_schema=False)
    assert table["row"].to_list() == [str(row) for row in range(len(table))]
    shortest = [np.format_float_positional(value, trim="-") for value in load("run/model").predict("line")]
    assert [text.removesuffix(".0") for text in table["prediction"]] == shortest
    told = json.loads(backlit("predict", "run", "line", "--json").out)["predictions"]
    assert [answer["prediction"] for answer in told] == [float(text) for text in shortest]


def test_text_where_a_number_belongs_is_told_by_file_column_and_row(backlit, houses, trained):
    frame = pl.read_csv(houses, infer_schema=False).head(3)
    frame.with_columns(size=pl.Series(["50.5", "large", "70"])).write_csv("new.csv")
    for command in ("predict", "evaluate"):
        result = backlit(command, trained, "new.csv")
        assert result.status == 2
        assert result.err.startswith("Error: new.csv: column 'size': 'large' in row 1 (counted from 0)")
        assert "leave them empty" in result.err
        assert "columns=" not in result.err


def test_several_targets_have_a_column_each(backlit):
    backlit("train", "linnerud", "--network", "Dense(3)", "--epochs", "2", "--out", "run", "--quiet")
    table = pl.read_csv(io.StringIO(backlit("predict", "run", "linnerud").out))
    assert table.columns == ["row", "prediction Weight", "prediction Waist", "prediction Pulse"]


def test_evaluation_gives_the_models_scores(backlit, houses, trained):
    expected = load(trained / "model").evaluate(houses)
    assert json.loads(backlit("evaluate", trained, houses, "--json").out) == pytest.approx(expected)
    shown = dict(line.split() for line in backlit("evaluate", trained, houses).out.splitlines())
    assert float(shown["accuracy"]) == pytest.approx(expected["accuracy"], abs=1e-4)


def test_evaluation_tells_which_columns_are_missing(backlit, houses, trained):
    pl.read_csv(houses).drop("rooms").write_csv("new.csv")
    assert backlit("evaluate", trained, "new.csv").err == "Note: missing columns, filled as missing values: rooms\n"


def test_evaluation_needs_the_target(backlit, houses, trained):
    pl.read_csv(houses).drop("dear").write_csv("new.csv")
    result = backlit("evaluate", trained, "new.csv")
    assert result.status == 2
    assert "'dear'" in result.err
