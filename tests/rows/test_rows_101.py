"""Row 101: training and testing, on unseen data: the split is reported, and nothing leaks from one part to another."""

import numpy as np
import polars as pl

from backlit.data import read


def table(count=300):
    """A table in which every row has a category, most of them rare."""
    random = np.random.default_rng(0)
    x = random.normal(size=count)
    city = random.integers(0, 120, count)
    return pl.DataFrame({"x": x, "city": [f"city {c}" for c in city], "label": ["yes" if v > 0 else "no" for v in x]})


def test_row_101_the_split_is_reported():
    """`bl.read("digits").split(seed=7).description`, `backlit train digits --split 70/15/15`"""
    parts = read("digits").split(seed=7)
    for said in ("1,258 training", "270 validation", "269 test", "stratified by class", "seed 7"):
        assert said in parts.description


def test_row_101_parts_are_disjoint_and_cover_all_rows():
    parts = read("digits").split()
    rows = np.concatenate([parts.train.indices, parts.validation.indices, parts.test.indices])
    assert len(rows) == len(np.unique(rows)) == 1797


def test_row_101_the_vocabulary_is_fitted_on_training_rows_only():
    frame = table()
    parts = read(frame, "label", columns={"city": "category"}).split()
    seen = {frame["city"][int(row)] for row in parts.train.indices}
    column = next(column for column in parts.schema.columns if column.name == "city")
    assert set(column.categories) == seen
    assert set(frame["city"]) > seen
    unseen = [frame["city"][int(row)] not in seen for row in parts.test.indices]
    assert any(unseen)
    assert (parts.test.x[:, 1] == -1).tolist() == unseen


def test_row_101_test_rows_do_not_change_what_training_rows_become():
    frame = table()
    data = read(frame, "label", columns={"city": "category"})
    parts = data.split()
    changed = frame.with_columns(
        pl.when(pl.int_range(pl.len()).is_in(parts.test.indices))
        .then(pl.lit("elsewhere"))
        .otherwise("city")
        .alias("city")
    )
    again = read(changed, "label", columns={"city": "category"}).split()
    np.testing.assert_array_equal(again.train.x, parts.train.x)
    assert again.schema == parts.schema or again.schema.features == parts.schema.features


def test_row_101_test_rows_that_also_occur_in_training_are_counted():
    x = np.random.default_rng(0).normal(size=(100, 3))
    parts = read(x, y=[0, 1] * 50).split()
    assert parts.duplicates == 0
    copied = x.copy()
    copied[parts.test.indices[:4]] = x[parts.train.indices[:4]]
    parts = read(copied, y=[0, 1] * 50).split()
    assert parts.duplicates == 4
    assert "4 of 15 test rows also occur in training" in parts.description
