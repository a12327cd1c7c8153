"""Splitting: disjoint, whole, seeded, stratified, by time, with separate parts; and the weights of classes."""

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.utils.class_weight import compute_class_weight

from backlit.data import class_weights, read
from backlit.errors import DataError, SettingError


def numbered(sizes):
    """One input column that counts the rows, and classes of the given sizes."""
    y = np.repeat(np.arange(len(sizes)), sizes)
    return read(np.arange(len(y), dtype=float)[:, None], y=[f"c{code}" for code in y], task="many classes")


@settings(max_examples=60, deadline=None)
@given(
    sizes=st.lists(st.integers(1, 40), min_size=2, max_size=6).filter(
        lambda sizes: sum(s for s in sizes if s > 2) >= 12
    ),
    seed=st.integers(0, 2**40),
)
def test_parts_are_disjoint_whole_and_stratified(sizes, seed):
    data = numbered(sizes)
    parts = data.split((0.6, 0.2, 0.2), seed=seed)
    rows = np.concatenate([parts.train.indices, parts.validation.indices, parts.test.indices])
    assert sorted(rows.tolist()) == list(range(sum(sizes)))
    for part in (parts.train, parts.validation, parts.test):
        np.testing.assert_array_equal(part.x[:, 0], part.indices)
        np.testing.assert_array_equal(part.y, data.targets[part.indices])
    counts = [np.bincount(part.y, minlength=len(sizes)) for part in (parts.train, parts.validation, parts.test)]
    for code, size in enumerate(sizes):
        if size < 3:
            assert [count[code] for count in counts] == [size, 0, 0]
        else:
            expected = size * np.array([0.6, 0.2, 0.2])
            assert counts[0][code] >= 1
            assert np.abs([count[code] for count in counts] - expected).max() < 2


def test_the_same_seed_gives_the_same_rows_and_another_others():
    data = read("iris")
    first, again, other = data.split(seed=1), data.split(seed=1), data.split(seed=2)
    np.testing.assert_array_equal(first.test.indices, again.test.indices)
    assert not np.array_equal(first.test.indices, other.test.indices)


def test_the_rows_are_shuffled():
    train = read("iris").split().train
    assert np.count_nonzero(np.diff(train.y)) > 40


def test_order_of_time_puts_the_newest_rows_last():
    days = [f"2020-{month:02d}-{day:02d}" for month in range(1, 11) for day in range(1, 11)]
    shuffled = np.random.default_rng(0).permutation(days).tolist()
    table = pl.DataFrame({"day": shuffled, "a": list(range(100)), "y": [0.5 * i for i in range(100)]})
    parts = read(table, "y", order_by="day").split()
    found = [[shuffled[row] for row in part.indices] for part in (parts.train, parts.validation, parts.test)]
    assert [day for part in found for day in part] == sorted(days)
    assert [len(part) for part in found] == [70, 15, 15]
    assert "in order of day" in parts.description


def test_separate_parts_are_used_as_given():
    table = pl.DataFrame({"a": list(range(40)), "c": list("xyzw") * 10, "y": ["p", "q"] * 20})
    one_class = pl.DataFrame({"y": ["q"] * 3, "c": ["x", "new", None], "a": [1, 2, 3]})
    parts = read(table, "y").with_parts(test=one_class).split((0.5, 0.25, 0.25))
    assert parts.test.y.tolist() == [1, 1, 1]
    assert parts.test.x[:, 0].tolist() == [1, 2, 3]
    assert parts.test.x[1:, 1].tolist() == [-1, -1]
    assert any(note.startswith("test: column 'c': 1 values of categories not in training") for note in parts.notes)
    assert len(parts.train) + len(parts.validation) == 40
    assert len(parts.validation) == 13
    both = read(table, "y").with_parts(validation=read(table, "y"), test=read(table, "y")).split()
    assert [len(part) for part in (both.train, both.validation, both.test)] == [40, 40, 40]
    assert both.duplicates == 40


def test_separate_parts_are_coded_alike_whatever_classes_they_hold():
    x = np.arange(9.0)[:, None]
    data = read(x, y=list("abc") * 3).with_parts(validation=read(x[:4], y=list("cbcb")))
    assert data.validation.targets.tolist() == [2, 1, 2, 1]
    pair = read(x, y=list("abc") * 3).with_parts(test=(x[:2], ["c", "c"]))
    assert pair.test.targets.tolist() == [2, 2]
    with pytest.raises(DataError, match="classes that array has not: z"):
        read(x, y=list("abc") * 3).with_parts(test=read(x[:2], y=list("az")))
    with pytest.raises(DataError, match="no target"):
        read(x, y=list("abc") * 3).with_parts(test=x)


def test_a_data_set_of_another_form_is_no_separate_part():
    x = np.arange(60.0).reshape(20, 3)
    y = x[:, 0] / 4
    narrow = read(pl.DataFrame({"a": x[:, 0], "y": y}), "y")
    wide = read(pl.DataFrame({"a": x[:, 0], "b": x[:, 1], "c": x[:, 2], "y": y}), "y")
    with pytest.raises(DataError, match=r"1 columns where an array \(N, 3\) is needed"):
        read(x, y=y).with_parts(narrow)
    with pytest.raises(DataError, match=r"shape \(20, 3\) where the 1 columns a are needed"):
        narrow.with_parts(read(x, y=y))
    with pytest.raises(DataError, match=r"shape \(20, 2\) where \(N, 3\) is needed"):
        read(x, y=y).with_parts(read(x[:, :2], y=y))
    with pytest.raises(DataError, match="the same number of targets"):
        read(x, y=np.stack([y, y], axis=1)).with_parts(read(x, y=y))
    for data, other in [(read(x, y=y), wide), (wide, read(x, y=y))]:
        np.testing.assert_array_equal(data.with_parts(other).split().validation.x, x)


def test_a_separate_part_is_a_pair_and_its_weights_are_numbers():
    table = pl.DataFrame({"a": [1.5, 2.0, 3.0], "w": ["1", "2", "2"], "y": [0.5, 1.0, 2.0]})
    data = read(table, "y", weights="w")
    assert data.with_parts(table).validation.weights.tolist() == [1, 2, 2]
    with pytest.raises(DataError, match=r"'w': 'x' in row 1 .* where a number is needed"):
        data.with_parts(table.with_columns(w=pl.Series(["1", "x", "2"])))
    with pytest.raises(DataError, match="a separate part of 3 things: a pair"):
        read(np.ones((3, 1)), y=[0.5, 1.5, 2.5]).with_parts((np.ones((3, 1)), [1, 2, 3], [1, 2, 3]))


def test_too_few_rows_say_the_least_number():
    x = np.arange(20.0)[:, None]
    with pytest.raises(DataError, match=r"3 rows are too few .* at least 4 are needed"):
        read(x[:3], y=[0.5, 1.5, 2.5]).split()
    assert len(read(x[:4], y=[0.5, 1.5, 2.5, 3.5]).split().test) == 1
    with pytest.raises(DataError, match=r"at least 500,001 are needed"):
        read(x, y=x[:, 0] / 3).split((1 - 2e-6, 1e-6, 1e-6))
    with pytest.raises(DataError, match=r"40 rows are too few .*; more rows are needed, and 3 or more a class"):
        numbered([2] * 20).split()


@pytest.mark.parametrize(
    "fractions", [(0.7, 0.2), (0.7, 0.2, 0.2), (0, 0.5, 0.5), (1.2, -0.1, -0.1), (float("nan"), 0, 1)]
)
def test_fractions_out_of_range_are_refused(fractions):
    with pytest.raises(SettingError, match="add up to 1"):
        read("iris").split(fractions)


def test_a_bad_seed_is_refused():
    with pytest.raises(SettingError, match="seed"):
        read("iris").split(seed=-1)


def test_everything_may_be_for_training():
    parts = read("iris").split((1, 0, 0))
    assert [len(parts.train), len(parts.validation), len(parts.test)] == [150, 0, 0]


def test_weights_follow_their_rows():
    weights = np.arange(1, 31)
    parts = read(np.arange(30.0)[:, None], y=[0, 1] * 15, weights=weights).split()
    for part in (parts.train, parts.validation, parts.test):
        np.testing.assert_array_equal(part.weights, weights[part.indices])


def test_balanced_class_weights_are_scikit_learns():
    y = np.random.default_rng(0).choice(4, 200, p=[0.6, 0.25, 0.1, 0.05])
    expected = compute_class_weight("balanced", classes=np.arange(4), y=y)
    np.testing.assert_allclose(class_weights(y, ("a", "b", "c", "d")), expected, rtol=1e-6)


def test_class_weights_may_be_given_by_name():
    assert class_weights(np.array([0, 1]), ("cat", "dog"), {"dog": 3}).tolist() == [1, 3]
    for bad in ("equal", {"dgo": 1}, {"dog": -1}):
        with pytest.raises(SettingError):
            class_weights(np.array([0, 1]), ("cat", "dog"), bad)
