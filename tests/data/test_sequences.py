"""Sequences of unequal length: nested arrays, padded arrays, long tables and .ts files; what is refused, and how."""

import json

import hypothesis.extra.numpy as hnp
import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backlit.data import Schema, read
from backlit.data.sequences import of_arrays, of_padded
from backlit.data.ts import parse_ts
from backlit.errors import DataError, SettingError

LENGTHS = [3, 1, 4, 2, 6, 5]
numbers = st.floats(-1e6, 1e6, width=32)


def ragged(lengths=LENGTHS, features=2):
    random = np.random.default_rng(0)
    return [random.normal(size=(length, features)).astype(np.float32) for length in lengths]


def long_table(lengths=LENGTHS):
    """The steps of all sequences, shuffled, with an id, a time, a number, a category and the sequence's class."""
    rows = [
        {
            "who": f"s{index}",
            "t": step,
            "size": 10.0 * index + step,
            "mood": ("low", "high")[step % 2],
            "y": ("no", "yes")[index % 2],
        }
        for index, length in enumerate(lengths)
        for step in range(length)
    ]
    order = np.random.default_rng(1).permutation(len(rows))
    return pl.DataFrame(rows)[order]


# Nested and padded arrays


@given(st.lists(hnp.arrays(np.float32, st.tuples(st.integers(1, 5), st.just(2)), elements=numbers), min_size=1))
def test_padding_keeps_every_step_and_adds_nothing_but_nan(arrays):
    padded = of_arrays(arrays, "x").pad(length=7)
    assert padded.shape == (len(arrays), 7, 2)
    for array, row in zip(arrays, padded, strict=True):
        np.testing.assert_array_equal(row[: len(array)], array)
        assert np.isnan(row[len(array) :]).all()


@given(
    st.lists(hnp.arrays(np.float32, st.tuples(st.integers(1, 5), st.just(2)), elements=numbers), min_size=1),
    st.integers(0, 3),
)
def test_a_padded_array_comes_back_as_it_was(arrays, more):
    padded = of_arrays(arrays, "x").pad(length=5 + more)
    again = of_padded(padded, "x")
    assert again.lengths.tolist() == [len(array) for array in arrays]
    np.testing.assert_array_equal(again.pad(length=5 + more), padded)


@given(st.lists(st.integers(1, 4), min_size=1, max_size=8), st.data())
def test_a_choice_of_sequences_keeps_their_steps_alone(lengths, data):
    whole = of_arrays(ragged(lengths), "x")
    chosen = np.array(data.draw(st.lists(st.integers(0, len(lengths) - 1), min_size=1)))
    part = whole[chosen]
    np.testing.assert_array_equal(part.pad(length=4), whole.pad(length=4)[chosen])
    assert len(part.steps) == sum(lengths[index] for index in set(chosen.tolist()))


@pytest.mark.parametrize("form", ["list", "objects", "padded"])
def test_nested_and_padded_arrays_are_the_same_sequences(form):
    arrays, y = ragged(), [0, 1, 0, 1, 0, 1]
    source = {
        "list": arrays,
        "objects": np.array([*arrays, None], object)[:-1],
        "padded": np.stack([np.vstack([a, np.full((6 - len(a), 2), np.nan)]) for a in arrays]),
    }[form]
    data = read(source, y=y)
    assert (data.schema.kind, data.schema.input_shape, len(data)) == ("sequence", (6, 2), 6)
    np.testing.assert_array_equal(data.inputs.pad()[3, :2], arrays[3])
    assert "6 sequences of 1 to 6 steps (median 3.5)" in data.notes
    assert "6 sequences of 1 to 6 steps (median 3.5), 2 features" in str(data.card())


def test_sequences_of_numbers_have_one_feature_and_lists_of_arrays_of_one_length_are_sequences():
    assert read([[1, 2, 3], [4], [5, 6]], y=[0, 1, 0]).schema.input_shape == (3, 1)
    assert read(ragged([4, 4, 4]), y=[0, 1, 0]).schema.kind == "sequence"
    assert read(np.array([*ragged([4, 4]), None], object)[:-1], y=[0, 1]).schema.kind == "sequence"
    whole = read(np.stack(ragged([4, 4])), y=[0, 1])
    assert whole.schema.kind == "array"
    np.testing.assert_array_equal(whole.schema.encode(ragged([4, 4]))[0], whole.inputs)
    assert read([np.zeros((4, 2), np.uint8), np.ones((4, 2), np.uint8)], y=[0, 1]).inputs.shape == (2, 4, 2, 1)


@pytest.mark.parametrize(
    ("arrays", "said"),
    [
        (ragged([3, 0, 2]), r"sequence 1 \(counted from 0\) has no steps"),
        ([*ragged([3, 2]), *ragged([1], features=3)], r"sequence 2 .* 3 features where the first has 2"),
        ([np.zeros((2, 0)), np.zeros((1, 0))], "no features"),
        ([[1.0, 2.0], [3.0, np.nan, 4.0]], r"sequence 1 .* a missing value in step 1"),
        ([[1.0, np.inf], [3.0]], r"sequence 0 .* infinite in 32 bits in step 1"),
        ([[1.0, 1e39], [3.0]], r"sequence 0 .* infinite in 32 bits in step 1"),
        ([[[1.0, 2.0]], [3.0]], "ragged"),
        ([["a", "b"], ["c"]], "ragged|text"),
    ],
)
def test_bad_sequences_are_named(arrays, said):
    with pytest.raises(DataError, match=said):
        read(arrays, y=list(range(len(arrays))))


def test_a_padded_array_with_a_gap_or_nothing_in_it_is_refused():
    x = np.zeros((3, 4, 2), np.float32)
    x[1, 2:] = np.nan
    x[2, 1, 0] = np.nan
    with pytest.raises(DataError, match=r"sequence 2 .* missing value in step 1"):
        read(x, y=[0, 1, 0])
    x[2] = np.nan
    with pytest.raises(DataError, match=r"sequence 2 .* has no steps"):
        read(x, y=[0, 1, 0])


def test_classes_of_steps_are_as_long_as_the_longest_sequence():
    y = np.array([[0, 1, 1, -1], [1, -1, -1, -1], [0, 0, 1, 2]])
    data = read(ragged([3, 1, 4]), y=y, task="many classes")
    np.testing.assert_array_equal(data.targets, y)
    with pytest.raises(DataError, match=r"of up to 4 steps.*\(3, 4\), −1 behind"):
        read(ragged([3, 1, 4]), y=y[:, :3].clip(0), task="many classes")


def test_names_of_columns_are_refused_for_arrays():
    with pytest.raises(DataError, match="names columns, and array is an array"):
        read(ragged(), y=[0, 1] * 3, sequence_by="who")


# A long table


def test_the_rows_of_a_table_become_sequences_in_the_order_of_their_steps():
    table = long_table()
    data = read(table, target="y", sequence_by="who", step_by="t")
    firsts = list(dict.fromkeys(table["who"].to_list()))
    assert data.schema.classes == ("no", "yes")
    assert [column.name for column in data.schema.used] == ["size", "mood"]
    for place, name in enumerate(firsts):
        index = int(name[1:])
        steps = data.inputs[np.array([place])].steps
        assert steps["size"].to_list() == [10.0 * index + step for step in range(LENGTHS[index])]
        assert data.targets[place] == index % 2
    assert any("told apart by 'who', in order of 't'" in note for note in data.notes)


def test_vocabularies_come_from_the_training_sequences_alone():
    table = long_table([4] * 40).with_columns(
        mood=pl.when(pl.col("who") == "s7").then(pl.lit("rare")).otherwise(pl.col("mood"))
    )
    data = read(table, target="y", sequence_by="who", step_by="t")
    seeds = (seed for seed in range(50) if "rare" not in str(data.split(seed=seed).schema.columns))
    parts = data.split(seed=next(seeds))
    assert any("not in training: 'rare' (4)" in note for note in parts.notes)
    assert np.isin(parts.train.x[..., 1], (0, 1)).all()


def test_a_table_is_encoded_again_as_it_was_read(tmp_path):
    table = long_table()
    data = read(table, target="y", sequence_by="who", step_by="t", columns={"mood": "category"})
    parts = data.split((1.0, 0.0, 0.0))
    back = np.argsort(parts.train.indices)
    schema = Schema.from_json(json.loads(json.dumps(parts.schema.to_json())))
    assert schema == parts.schema
    table.write_csv(tmp_path / "long.csv")
    for source in (table, tmp_path / "long.csv", table.drop("y")):
        np.testing.assert_array_equal(schema.encode(source)[0], parts.train.x[back])
    np.testing.assert_array_equal(schema.targets_of(table), parts.train.y[back])
    assert schema.targets_of(table.drop("y")) is None


def test_longer_sequences_are_kept_whole_and_shorter_ones_padded():
    schema = read(ragged(), y=[0, 1] * 3).schema
    assert schema.encode(ragged([9, 2]))[0].shape == (2, 9, 2)
    assert schema.encode(ragged([2, 2]))[0].shape == (2, 6, 2)
    with pytest.raises(DataError, match="sequences of 3 features where 2 are needed"):
        schema.encode(ragged([9, 2], features=3))
    with pytest.raises(DataError, match="a table where sequences are needed"):
        schema.encode(long_table())


def test_a_separate_part_may_have_the_longest_sequence():
    parts = read(ragged([4] * 9 + [2]), y=[0, 1] * 5).with_parts(test=(ragged([8, 3]), [0, 1])).split((0.8, 0.2, 0.0))
    assert {part.x.shape[1:] for part in (parts.train, parts.validation, parts.test)} == {(8, 2)}


def test_splits_are_by_sequence_and_alike_in_every_class():
    table = long_table([3] * 40)
    parts = read(table, target="y", sequence_by="who", step_by="t").split((0.5, 0.25, 0.25))
    assert [np.bincount(part.y).tolist() for part in (parts.train, parts.validation, parts.test)] == [
        [10, 10],
        [5, 5],
        [5, 5],
    ]
    origins = [set(np.unique(part.x[..., 0] // 10)) for part in (parts.train, parts.validation, parts.test)]
    assert not origins[0] & origins[1] | origins[1] & origins[2] | origins[0] & origins[2]


def test_sequences_can_be_split_in_the_order_of_their_first_steps():
    table = long_table([3] * 10).with_columns(day=pl.col("who").str.slice(1).cast(pl.Int32))
    parts = read(table, target="y", sequence_by="who", step_by="t", order_by="day").split((0.6, 0.2, 0.2))
    days = [set(np.unique(part.x[..., 0] // 10)) for part in (parts.train, parts.validation, parts.test)]
    assert days == [{0, 1, 2, 3, 4, 5}, {6, 7}, {8, 9}]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"y": pl.col("mood")}, "'y' changes within the sequence 's0' of 'who'"),
        ({"who": pl.when(pl.col("t") == 5).then(None).otherwise(pl.col("who"))}, "sequence_by 'who': no value in row"),
        ({"t": pl.when(pl.col("t") == 5).then(pl.lit("x")).otherwise("t")}, "step_by 't': 'x' in row"),
    ],
)
def test_bad_tables_of_steps_get_one_clear_error(change, said):
    table = long_table([3, 6]).sort("who", "t").with_columns(**change)
    with pytest.raises(DataError, match=said):
        read(table, target="y", sequence_by="who", step_by="t")


def test_the_columns_of_the_layout_have_to_be_there():
    with pytest.raises(DataError, match=r"sequence_by: no column 'whom'; did you mean who\?"):
        read(long_table(), target="y", sequence_by="whom")
    with pytest.raises(SettingError, match="needs sequence_by"):
        read(long_table(), target="y", step_by="t")
    with pytest.raises(SettingError, match="give only one"):
        read(long_table(), target="y", sequence_by="who", window=3)
    schema = read(long_table(), target="y", sequence_by="who", step_by="t").schema
    with pytest.raises(DataError, match="sequence_by: no column 'who'"):
        schema.encode(long_table().drop("who"))


# .ts files

VOWELS = """#two features, unequal lengths
@problemName vowels
@timeStamps false
@dimensions 2
@equalLength false
@classLabel true a b
@data
1,2,3:4,5,6:a
7:8:b
9,?,11,?:12,?,?,?:a
"""


def test_a_ts_file_holds_a_sequence_a_line(tmp_path):
    path = tmp_path / "vowels.ts"
    path.write_text(VOWELS)
    data = read(path)
    assert (data.schema.kind, data.schema.classes, data.schema.target) == ("sequence", ("a", "b"), ("class",))
    assert data.inputs.lengths.tolist() == [3, 1, 3]
    nan = np.nan
    np.testing.assert_array_equal(data.inputs.pad()[2], [[9, 12], [nan, nan], [11, nan]])


def test_a_ts_file_may_hold_numbers_as_targets_or_none(tmp_path):
    path = tmp_path / "cases.ts"
    path.write_text("@targetLabel true\n@data\n1,2:0.5\n3:7\n4:8\n")
    data = read(path)
    assert data.schema.task == "regression"
    assert data.targets.tolist() == [0.5, 7, 8]
    path.write_text("@classLabel false\n@data\n1,2\n3\n")
    assert data.schema.encode(path)[0].shape == (2, 2, 1)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("1,2:a\n", "line 1: '1,2:a' where a line of the header"),
        ("@classLabel true a\n", "no line @data"),
        ("@classLabel true a\n@data\n", "holds no sequences"),
        ("@timeStamps true\n@data\n(0,1),(1,2):a\n", "time stamps"),
        ("@classLabel true a\n@data\n1,2:3:a\n", "line 3: features of 1/2 values"),
        ("@classLabel true a\n@data\n1,2::a\n", "line 3: features of no values"),
        ("@classLabel true a\n@data\na\n", "line 3: features of no values"),
        ("@classLabel true a\n@data\n1,2:a\n1,2:b\n", "line 4: the label 'b' is none of"),
        ("@classLabel true a\n@data\n1,2:3,4\n", "line 3: no label"),
        ("@targetLabel true\n@data\n1,2\n", "line 3: no label"),
        ("@classLabel true a\n@data\n1,x:a\n", "line 3: .*'x': numbers are needed"),
        ("@classLabel true a\n@data\n?,?:a\n", r"sequence 0 \(counted from 0\) has no steps"),
        ("@classLabel true a\n@data\n1:2:a\n1:a\n", "sequence 1 .* 1 features where the first has 2"),
        ("@classLabel true a\n@data\n1,inf:a\n", "infinite"),
    ],
)
def test_bad_ts_files_name_the_line(text, said):
    with pytest.raises(DataError, match=said):
        parse_ts(text.splitlines(), "bad.ts")


@settings(max_examples=300)
@given(
    st.lists(
        st.one_of(
            st.sampled_from(["@data", "@classLabel true a b", "@targetLabel true", "@timeStamps true", "1,2:3,4:a"]),
            st.text(alphabet="0123456789.,:?-+einfa@ \t_#%", max_size=20),
            st.text(max_size=10),
        ),
        max_size=8,
    )
)
def test_whatever_the_text_it_is_read_or_refused(lines):
    try:
        content = parse_ts(["@dimensions 1", *lines], "odd.ts")
    except DataError:
        return
    assert len(content.inputs) == len(content.inputs.lengths) >= 1
    assert content.inputs.lengths.min() >= 1
    assert not np.isinf(content.inputs.steps).any()
