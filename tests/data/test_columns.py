"""What is inferred from the values of a column, and how each kind is encoded."""

import datetime as dt
import json
import math

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backlit.data import Schema, read
from backlit.data.columns import KINDS, Column
from backlit.errors import DataError, FileError

COUNT = 60
LABEL = ["no", "yes", "yes"] * (COUNT // 3)


def frame(**columns):
    return pl.DataFrame({**columns, "label": LABEL}, strict=False)


def spread(*values):
    return [values[i % len(values)] for i in range(COUNT)]


DAYS = [dt.date(2020, 1, 1) + dt.timedelta(days=17 * i) for i in range(COUNT)]


@pytest.mark.parametrize(
    ("name", "values", "kind"),
    [
        ("age", spread(20, 30.5, 41), "number"),
        ("age", spread("20", "30.5", "NA", "?", " 7 "), "number"),
        ("count", spread(1, 2, 3), "number"),
        ("flag", spread(True, False, None), "boolean"),
        ("flag", spread("true", "False", ""), "boolean"),
        ("city", spread("Rome", "Oslo", "n/a"), "category"),
        ("grade", spread("1", "2", "x"), "category"),
        ("joined", DAYS, "date"),
        ("joined", [str(day) for day in DAYS], "date"),
        ("joined", [day.strftime("%d.%m.%Y") for day in DAYS], "date"),
        ("joined", [day.strftime("%m/%d/%Y") for day in DAYS], "date"),
        ("joined", [f"{day}T10:30:00Z" for day in DAYS], "date"),
        ("joined", [f"{day} 10:30:00.5" for day in DAYS], "date"),
        ("customer_id", list(range(COUNT)), "id"),
        ("PassengerId", list(range(1, COUNT + 1)), "id"),
        ("uuid", [f"k{i}" for i in range(COUNT)], "id"),
        ("", list(range(COUNT)), "id"),
        ("area", list(range(COUNT)), "number"),
        ("id", spread(1, 2, 3), "number"),
        ("same", spread(7), "constant"),
        ("empty", spread(None), "constant"),
        ("remark", [f"remark number {i}" for i in range(COUNT)], "text"),
        ("pair", [[1, 2]] * COUNT, "ignored"),
        ("span", [dt.timedelta(seconds=i) for i in range(COUNT)], "number"),
    ],
)
def test_the_kind_of_a_column_is_inferred(name, values, kind):
    data = read(frame(**{name: values, "other": spread(1.5, 2.5)}), "label")
    assert data.schema.columns[0].kind == kind
    assert data.schema.columns[0].used == (kind in ("number", "boolean", "category", "date"))


def test_a_kind_can_be_given():
    table = frame(zip=list(range(COUNT)), code=spread(1, 2, 3), other=spread(1.5, 2.5))
    schema = read(table, "label", columns={"zip": "ignored", "code": "category"}).split().schema
    assert [column.kind for column in schema.columns] == ["ignored", "category", "number"]
    assert [tuple(feature) for feature in schema.features] == [("code", 3), ("other", 0)]
    assert schema.columns[1].categories == ("1", "2", "3")
    compact = read(frame(day=[day.strftime("%Y%m%d") for day in DAYS]), "label", columns={"day": "date"})
    assert [day.date() for day in compact.inputs["day"]] == DAYS


@pytest.mark.parametrize(
    ("values", "task", "classes"),
    [
        (spread("b", "a"), "two classes", ("a", "b")),
        (spread(True, False), "two classes", ("False", "True")),
        (spread("true", "false"), "two classes", ("False", "True")),
        (spread(10, 9, 2), "many classes", ("2", "9", "10")),
        (spread("10", "9", "2.0"), "many classes", ("2", "9", "10")),
        (spread(0.0, 1.0, None), "two classes", ("0", "1")),
        (spread("c10", "c9"), "two classes", ("c9", "c10")),
        (spread(0.5, 1.0, 2.0), "regression", ()),
        (list(range(COUNT)), "regression", ()),
    ],
)
def test_the_task_is_inferred_with_classes_in_natural_order(values, task, classes):
    data = read(pl.DataFrame({"a": spread(1, 2.5, 3), "y": values}, strict=False), "y")
    assert data.schema.task == task
    assert data.schema.classes == classes
    kept = [value for value in values if value is not None]
    if classes:
        assert len(data.schema.decode(data.targets)) == len(kept)
    else:
        np.testing.assert_array_equal(data.targets, np.array(kept, np.float32))


def test_a_task_can_be_given():
    values = spread(1, 2, 3)
    table = pl.DataFrame({"a": spread(1.0, 2.5), "y": values})
    assert read(table, "y").schema.task == "many classes"
    assert read(table, "y", task="regression").targets.tolist() == values


def test_free_text_is_no_target():
    with pytest.raises(DataError, match="too many for classes"):
        read(pl.DataFrame({"a": list(range(COUNT)), "y": [f"text {i}" for i in range(COUNT)]}), "y")


def test_a_date_becomes_days_and_cycles():
    schema = read(frame(day=[f"{day} 06:00" for day in DAYS]), "label").schema.fit(frame(day=DAYS).drop("label"))
    names = [feature.name.partition(".")[2] for feature in schema.features]
    assert names == ["days", "year_sine", "year_cosine", "week_sine", "week_cosine", "day_sine", "day_cosine"]
    encoded, _ = schema.encode(pl.DataFrame({"day": ["2000-01-01 00:00", "2000-01-03 12:00", None]}))
    year, week = 2 * math.pi * 2.5 / 365.25, 2 * math.pi * 0.5 / 7
    expected = [2.5, math.sin(year), math.cos(year), math.sin(week), math.cos(week), 0, -1]
    np.testing.assert_allclose(encoded[1], expected, atol=1e-6)
    assert encoded[0, 0] == 0
    assert np.isnan(encoded[2]).all()


def test_numbers_far_from_zero_stay_apart():
    seconds = 1_700_000_000 + np.arange(COUNT)
    parts = read(frame(t=seconds, a=spread(0.1, 0.2)), "label").split((1, 0, 0))
    first, second = parts.schema.encode(pl.DataFrame({"t": seconds, "a": 0.1}))[0][:, 0].reshape(2, -1)
    np.testing.assert_array_equal(second - first, COUNT // 2)
    np.testing.assert_array_equal(np.diff(first), 1)
    assert [column.origin for column in parts.schema.columns] == [np.median(seconds), 0]
    assert parts.notes == ("column 't': 60 different values become 1 in float32, so 1700000029.5 is subtracted first",)


def test_targets_and_arrays_far_from_zero_are_reported():
    seconds = 1_700_000_000 + np.arange(COUNT)
    said = "60 different values become 1 in float32; subtract an origin"
    assert any(said in note for note in read(frame(t=seconds), "t").notes)
    assert any(f"column 1 of array (counted from 0): {said}" in note for note in both(seconds).notes)
    assert not both(np.arange(COUNT)).notes


def both(values):
    """An array of small numbers and the given ones."""
    return read(np.stack([np.arange(COUNT) / 7, values], axis=1), y=LABEL)


def test_dates_that_fit_the_month_first_too_are_reported():
    ambiguous = frame(day=spread("01/02/2020", "03/04/2020"), a=spread(0.5, 1.5))
    assert any("'day': the dates are read with the day first" in note for note in read(ambiguous, "label").notes)
    for clear in ("13/02/2020", "02/13/2020"):
        assert not read(frame(day=spread("01/02/2020", clear)), "label").notes


def fitted(table=None):
    table = table if table is not None else frame(age=spread(1.5, None, 3), city=spread("b", "a", None), joined=DAYS)
    return read(table, "label").split((1, 0, 0)).schema


def test_columns_are_matched_by_name_and_reported():
    schema = fitted()
    row = {"age": [2.0], "city": ["a"], "joined": ["2020-02-01"]}
    straight, notes = schema.encode(pl.DataFrame(row))
    assert notes == ()
    other, notes = schema.encode(pl.DataFrame({"zip": [1], **dict(reversed(row.items()))}))
    np.testing.assert_array_equal(straight, other)
    assert notes == ("columns not in training, ignored: zip",)
    lacking, notes = schema.encode(pl.DataFrame({"joined": ["2020-02-01"]}))
    assert notes == ("missing columns, filled as missing values: age, city",)
    assert np.isnan(lacking[0, 0])
    assert lacking[0, 1] == 2
    with pytest.raises(DataError, match=r"no column 'joined', .*; did you mean joinde"):
        schema.encode(pl.DataFrame({"age": [1], "city": ["a"], "joinde": ["2020-02-01"]}))


def test_unknown_categories_are_minus_one_and_counted():
    encoded, notes = fitted().encode(
        pl.DataFrame({"age": [1, 2, 3], "city": ["c", "b", "c"], "joined": ["2020-02-01"] * 3})
    )
    assert encoded[:, 1].tolist() == [-1, 1, -1]
    assert notes == ("column 'city': 2 values of categories not in training: 'c' (2)",)


def test_text_where_numbers_are_needed_is_refused_in_prediction():
    with pytest.raises(DataError, match=r"'age': 'old' in row 1 .* where a number is needed"):
        fitted().encode(pl.DataFrame({"age": ["1", "old"], "city": ["a", "a"], "joined": ["2020-02-01"] * 2}))


def test_targets_of_another_source_are_coded_by_the_known_classes():
    schema = fitted()
    row = {"age": [2.0], "city": ["a"], "joined": ["2020-02-01"]}
    assert schema.targets_of(pl.DataFrame(row)) is None
    assert schema.targets_of(pl.DataFrame({**row, "label": ["yes"]})).tolist() == [1]
    with pytest.raises(DataError, match="'maybe', in 1 rows, outside the classes no, yes"):
        schema.targets_of(pl.DataFrame({**row, "label": ["maybe"]}))
    with pytest.raises(DataError, match="missing in row 0"):
        schema.targets_of(pl.DataFrame({**row, "label": [None]}, schema_overrides={"label": pl.String}))


def test_an_array_stands_for_the_used_columns_in_their_order():
    schema = read("iris").split().schema
    x = np.array([[5.1, 3.5, 1.4, 0.2]])
    np.testing.assert_allclose(schema.encode(x)[0], x, rtol=1e-6)
    with pytest.raises(DataError, match="the 4 columns"):
        schema.encode(x[:, :3])


def test_a_schema_for_arrays_names_the_shape_it_needs():
    schema = read("digits").schema
    with pytest.raises(DataError, match=r"\(N, 64\) is needed"):
        schema.encode(np.zeros((2, 63)))
    numbers = pl.DataFrame(np.ones((2, 64)))
    np.testing.assert_array_equal(schema.encode(numbers)[0], np.ones((2, 64)))


text = st.text(max_size=8)
column = st.builds(
    Column,
    name=text,
    kind=st.sampled_from(KINDS),
    reason=text,
    form=text,
    clock=st.booleans(),
    missing=st.booleans(),
    origin=st.floats(allow_nan=False, allow_infinity=False),
    categories=st.none() | st.lists(text, max_size=4).map(tuple),
)


@settings(max_examples=80, deadline=None)
@given(columns=st.lists(column, max_size=5).map(tuple), classes=st.lists(text, min_size=2, max_size=4).map(tuple))
def test_a_schema_survives_json(columns, classes):
    width = sum(len(column.features) for column in columns)
    schema = Schema("table", "many classes", classes, ("y",), columns, (max(width, 1),))
    if not width:
        return
    assert Schema.from_json(json.loads(json.dumps(schema.to_json()))) == schema


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("kind", "tree"),
        ("task", "sorting"),
        ("classes", []),
        ("classes", "ab"),
        ("target", []),
        ("columns", [{"name": "a"}]),
        ("columns", "none"),
        ("input_shape", [3]),
        ("input_shape", [-1]),
        ("input_shape", ["4"]),
        ("dtype", "object"),
        ("surprise", 1),
    ],
)
def test_a_damaged_schema_is_refused(name, value):
    held = fitted().to_json()
    with pytest.raises(FileError, match="schema"):
        Schema.from_json({**held, name: value})
    with pytest.raises(FileError, match="schema"):
        Schema.from_json({key: kept for key, kept in held.items() if key != "kind"})
    with pytest.raises(FileError, match="schema"):
        Schema.from_json([])
