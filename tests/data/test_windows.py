"""Windows over a series: what they hold, what they forecast, and that no part of the data knows another's future."""

import json
from itertools import pairwise

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from backlit.data import Schema, read
from backlit.errors import DataError, SettingError


def series(rows=60):
    """A series whose value in row i is i + 0.5, beside a second column and a time in days."""
    rows = np.arange(rows)
    return pl.DataFrame({"day": rows + 100, "value": rows + 0.5, "other": (rows % 7) * 1.5})


@given(st.integers(1, 6), st.integers(1, 6), st.integers(14, 30))
def test_a_window_holds_the_rows_before_the_one_it_forecasts(window, horizon, rows):
    data = read(series(rows), target="value", window=window, horizon=horizon, order_by="day")
    assert len(data) == rows - window - horizon + 1
    assert data.schema.input_shape == (window, 2)
    x = data.inputs.pad(data.schema.encode_table(data.inputs.steps)[0])
    np.testing.assert_array_equal(x[:, :, 0], np.arange(len(data))[:, None] + np.arange(window) + 0.5)
    np.testing.assert_array_equal(data.targets, x[:, -1, 0] + horizon)


def test_rows_are_put_in_order_of_time_and_the_time_is_no_input():
    shuffled = series()[np.random.default_rng(0).permutation(60)]
    sorted_data = read(series(), target="value", window=5, order_by="day")
    data = read(shuffled, target="value", window=5, order_by="day")
    np.testing.assert_array_equal(data.targets, sorted_data.targets)
    assert [column.name for column in data.schema.columns] == ["value", "other"]
    assert "55 windows of 5 rows in order of 'day', each with value 1 row after its last" in data.notes
    assert "55 windows of 5 rows, 2 columns" in str(data.card())


@pytest.mark.parametrize("horizon", [1, 4, (1, 2, 3)])
def test_no_row_is_forecast_in_two_parts_and_the_past_alone_is_seen(horizon):
    parts = read(series(), target="value", window=5, horizon=horizon, order_by="day").split()
    assert "in order of day" in parts.description
    assert "which no other part has" in parts.description
    targets = [part.y.reshape(len(part), -1) for part in (parts.train, parts.validation, parts.test)]
    assert all(earlier.max() < later.min() for earlier, later in pairwise(targets))
    for part, y in zip((parts.train, parts.validation, parts.test), targets, strict=True):
        assert (part.x[:, :, 0].max(1) < y.min(1)).all()
    assert parts.train.x[..., 0].max() < parts.test.y.min()


def test_several_steps_ahead_are_as_many_targets():
    data = read(series(), target="value", window=5, horizon=[3, 1])
    assert data.schema.target == ("value +1", "value +3")
    np.testing.assert_array_equal(data.targets[0], [5.5, 7.5])


def test_several_columns_can_be_forecast():
    data = read(series(), target=["value", "other"], window=5, horizon=2)
    assert data.schema.target == ("value", "other")
    np.testing.assert_array_equal(data.targets[0], [6.5, 9])


def test_an_array_is_a_series_too():
    table = series().drop("day")
    data = read(table.to_numpy(), window=5)
    assert data.schema.target == ("column_2",)
    np.testing.assert_array_equal(data.targets, table["other"][5:])
    assert read(table["value"].to_numpy(), window=5).schema.input_shape == (5, 1)
    apart = read(table.to_numpy(), y=-table["value"].to_numpy(), window=5)
    assert (apart.schema.input_shape, apart.schema.target) == ((5, 3), ("y",))
    assert apart.targets[0] == -5.5


def test_a_series_to_predict_gives_every_window_up_to_the_last_rows():
    data = read(series(), target="value", window=5, horizon=2, order_by="day")
    schema = Schema.from_json(json.loads(json.dumps(data.split().schema.to_json())))
    x, _ = schema.encode(series(8))
    np.testing.assert_array_equal(x[:, -1, 0], [4.5, 5.5, 6.5, 7.5])
    np.testing.assert_array_equal(schema.targets_of(series(8)), [6.5, 7.5])
    np.testing.assert_array_equal(schema.encode(series(8).drop("day").to_numpy())[0], x)
    with pytest.raises(DataError, match="4 rows are fewer than a window of 5"):
        schema.encode(series(4))
    with pytest.raises(DataError, match="no column 'day'"):
        schema.encode(series(8).drop("day"))


def test_missing_targets_leave_their_windows_out_and_missing_inputs_stay_missing():
    gappy = series().with_columns(value=pl.when(pl.col("day") == 130).then(None).otherwise("value"))
    data = read(gappy, target="value", window=5, order_by="day")
    assert len(data) == 54
    assert "rows without a target, left out: 1" in data.notes
    parts = data.split((1.0, 0.0, 0.0))
    assert np.isnan(parts.train.x[..., 0]).sum() == 5


def test_a_separate_part_is_a_series_of_its_own():
    parts = read(series(), target="value", window=5, order_by="day").with_parts(test=series(9)).split((0.8, 0.2, 0.0))
    np.testing.assert_array_equal(parts.test.y, [5.5, 6.5, 7.5, 8.5])
    assert len(parts.test.x) == 4


def test_weights_are_those_of_the_rows_that_are_forecast():
    data = read(series(), target="value", window=5, order_by="day", weights="other")
    assert [column.name for column in data.schema.columns] == ["value"]
    np.testing.assert_array_equal(data.weights, series()["other"][5:])


@pytest.mark.parametrize(
    ("given", "error", "said"),
    [
        ({"window": 0}, SettingError, "window = 0: whole numbers from 1"),
        ({"window": 2.5}, SettingError, "window = 2.5"),
        ({"window": 5, "horizon": 0}, SettingError, "horizon = 0"),
        ({"window": 5, "horizon": ()}, SettingError, "horizon"),
        ({"horizon": 2}, SettingError, "needs a window"),
        ({"window": 5, "step_by": "day"}, SettingError, "order_by orders a single series"),
        ({"window": 60}, DataError, "61 are needed at least"),
        ({"window": 61}, DataError, "60 rows are fewer than a window of 61"),
        ({"window": 5, "order_by": "night"}, DataError, "no column 'night'"),
    ],
)
def test_bad_windows_get_one_clear_error(given, error, said):
    with pytest.raises(error, match=said):
        read(series(), target="value", **given)


def test_what_cannot_be_windows_is_told_in_the_words_of_the_settings():
    with pytest.raises(DataError, match=r"window = 3 cuts one series, and .* holds sequences"):
        read([np.zeros((4, 2)), np.ones((5, 2))], y=[0, 1], window=3)
    table = pl.DataFrame({"day": np.arange(20), "y": np.arange(20) / 3})
    schema = read(table, "y", order_by="day", window=3).schema
    with pytest.raises(DataError, match="order_by: no column 'day'"):
        schema.encode(table.drop("day"))
