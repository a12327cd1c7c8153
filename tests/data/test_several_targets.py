"""Several columns of a table as targets at once."""

import numpy as np
import polars as pl
import pytest

from backlit.data import read
from backlit.errors import DataError, SettingError

TABLE = pl.DataFrame({"x": [1.0, 2, 4, 8], "a": [1.5, 2, 3, 4], "b": [10.0, None, 30, 40], "name": list("pqrs")})


@pytest.mark.parametrize("target", [["a", "b"], ("a", "b"), "a,b", "a, b"])
def test_several_columns_are_targets_and_no_inputs(target):
    data = read(TABLE, target=target, columns={"name": "category"})
    assert data.schema.target == ("a", "b")
    assert data.schema.task == "regression"
    assert [column.name for column in data.schema.columns] == ["x", "name"]
    np.testing.assert_array_equal(data.targets, [[1.5, 10], [3, 30], [4, 40]])
    assert "rows without a target, left out: 1" in data.notes


def test_another_table_has_its_targets_by_name():
    schema = read(TABLE, target=["a", "b"]).schema
    other = pl.DataFrame({"b": [1.0, 2], "a": [3.0, 4], "x": [5.0, 6], "name": ["p", "q"]})
    np.testing.assert_array_equal(schema.targets_of(other), [[3, 1], [4, 2]])
    assert schema.targets_of(other.drop("a")) is None


def test_a_column_whose_name_has_a_comma_is_one_target():
    table = TABLE.rename({"a": "a,b"})
    assert read(table, target="a,b").schema.target == ("a,b",)


def test_one_name_in_a_list_is_one_target():
    assert read(TABLE, target=["a"]).targets.tolist() == [1.5, 2, 3, 4]


@pytest.mark.parametrize(
    ("target", "error", "said"),
    [
        (["a", "name"], DataError, "'name' holds 'p': several targets have to be numbers"),
        (["a", "c"], DataError, "no column 'c'"),
        ("a,c", DataError, "no column 'c'"),
        (["a", "a"], DataError, "twice"),
        ([], SettingError, "the name of a column is needed"),
        ([1], SettingError, "the name of a column is needed"),
        (["x", "a", "b", "name"], DataError, "no columns but its targets"),
    ],
)
def test_bad_targets_get_one_clear_error(target, error, said):
    with pytest.raises(error, match=said):
        read(TABLE, target=target)


def test_whole_numbers_from_minus_one_may_be_classes_of_steps():
    y = np.array([[0, 1, -1], [1, 0, 2]])
    with pytest.raises(DataError, match="task='many classes'"):
        read(np.zeros((2, 3, 1), np.float32), y=y)
    assert read(np.zeros((2, 3, 1), np.float32), y=y, task="regression").schema.task == "regression"
