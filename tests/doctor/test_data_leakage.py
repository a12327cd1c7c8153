"""A copy of the target among the features is named before training; a strong cause of it is not."""

import numpy as np
import polars as pl
import pytest

from backlit.doctor.data import examine_data
from backlit.doctor.data.leakage import bin_edges, explained_share
from backlit.doctor.remedies import apply_remedy
from backlit.doctor.table import table_of
from backlit.training.preparation import prepare


def leaks(run):
    return [finding for finding in examine_data(run) if finding.fault == "label leakage"]


@pytest.fixture(scope="module")
def noisy():
    """Features (300, 4), a target of numbers that half follows from them, and its sign as classes."""
    random = np.random.default_rng(0)
    x = random.normal(size=(300, 4))
    y = x[:, 0] + x[:, 1] + 1.4 * random.normal(size=300)
    return x.astype(np.float32), y.astype(np.float32), (y > 0).astype(int)


@pytest.mark.parametrize("copy", [lambda y: y, lambda y: 3 - 2 * y, lambda y: np.exp(y), lambda y: y**3])
def test_a_monotone_function_of_a_numbers_target_is_a_proved_leak(noisy, copy):
    x, y, _ = noisy
    found = leaks(prepare(None, np.column_stack([x, copy(y)]).astype(np.float32), y))
    assert [(finding.level, finding.where) for finding in found] == [("fault", "feature 4")]
    assert 0 < found[0].numbers["r² without"] < 0.7


def test_a_copy_with_one_percent_of_noise_is_found(noisy):
    x, y, _ = noisy
    copy = y + 0.01 * y.std() * np.random.default_rng(1).normal(size=300)
    found = leaks(prepare(None, np.column_stack([x, copy]).astype(np.float32), y))
    assert [(finding.level, finding.where) for finding in found] == [("fault", "feature 4")]
    assert found[0].numbers["r² without"] < 0.7 < found[0].numbers["explained"]


def test_copies_of_several_targets_are_leaks(noisy):
    x, y, _ = noisy
    both = np.stack([y, x[:, 2] - np.random.default_rng(1).normal(size=300)], 1)
    copies = np.stack([both[:, 0], 3 - 2 * both[:, 1]], 1)
    found = leaks(prepare(None, np.column_stack([x, copies]).astype(np.float32), both.astype(np.float32)))
    assert {(leak.level, leak.where) for leak in found} == {("fault", "feature 4"), ("fault", "feature 5")}


def test_what_others_know_of_an_exact_copy_may_be_no_line():
    """|x| has no correlation with x: a linear model knows nothing of it, and a forest does."""
    random = np.random.default_rng(0)
    x = random.normal(size=(400, 3)).astype(np.float32)
    y = (np.abs(x[:, 0]) + 0.3 * random.normal(size=400)).astype(np.float32)
    (found,) = leaks(prepare(None, np.column_stack([x, y]), y))
    assert (found.level, found.where) == ("fault", "feature 3")


def test_a_copied_column_of_classes_is_left_out_by_its_remedy(noisy):
    x, _, classes = noisy
    names = np.array(["ill", "well"])[classes]
    frame = pl.DataFrame({"a": x[:, 0], "b": x[:, 1], "code": np.array(["x7", "x9"])[classes], "state": names})
    run = prepare(None, frame, target="state")
    (found,) = leaks(run)
    assert (found.level, found.where, found.remedy.without) == ("fault", "feature code", ("code",))
    mended = apply_remedy(run, found.remedy)[0]
    assert [column.name for column in mended.parts.schema.used] == ["a", "b"]
    assert leaks(mended) == []


def test_the_remedy_takes_the_column_out_of_an_array(noisy):
    x, y, _ = noisy
    run = prepare(None, np.column_stack([y, x]).astype(np.float32), y)
    mended = apply_remedy(run, leaks(run)[0].remedy)[0]
    np.testing.assert_array_equal(mended.dataset.inputs, x)
    assert leaks(run)[0].to_json()["remedy"] | {"words": ""} == {
        "words": "",
        "changes": {},
        "without": ["0"],
        "touches_data": True,
    }


def test_indicators_of_all_classes_are_copies_together():
    random = np.random.default_rng(0)
    y = random.integers(0, 3, 240)
    x = np.column_stack([y + random.normal(size=240), np.eye(3)[y]]).astype(np.float32)
    assert {(leak.level, leak.where) for leak in leaks(prepare(None, x, y))} == {
        ("fault", f"feature {place}") for place in (1, 2, 3)
    }


def test_an_indicator_of_one_class_of_many_is_no_copy():
    random = np.random.default_rng(0)
    y = random.integers(0, 3, 240)
    x = np.column_stack([y + random.normal(size=240), y == 0]).astype(np.float32)
    assert all(leak.level == "hint" for leak in leaks(prepare(None, x, y)))


def test_a_pixel_that_holds_the_class_is_named_by_its_place():
    random = np.random.default_rng(0)
    y = random.integers(0, 2, 120)
    x = random.integers(0, 200, (120, 5, 4, 1))
    x[:, 2:, :, 0] += 40 * y[:, None, None]
    x[:, 1, 3, 0] = 20 * y
    (found,) = leaks(prepare(None, x.astype(np.uint8), y))
    assert (found.level, found.where) == ("fault", "pixel (1, 3)")


def test_a_feature_of_sequences_that_holds_the_class_is_named():
    random = np.random.default_rng(0)
    y = random.integers(0, 2, 90)
    steps = [np.column_stack([random.normal(size=(7, 2)) + code, np.full(7, code)]) for code in y]
    (found,) = leaks(prepare(None, [one[: 4 + place % 4] for place, one in enumerate(steps)], y))
    assert (found.level, found.where) == ("fault", "feature 2")


def test_strong_causes_are_hints_at_most():
    random = np.random.default_rng(0)
    x = random.normal(size=(400, 5)).astype(np.float32)
    near = x.copy()
    near[:, 1] = x[:, 0] + random.normal(size=400)
    tasks = {
        "a threshold": (x, (x[:, 0] > 0).astype(int)),
        "a threshold of a cause that others resemble": (near, (x[:, 0] > 0).astype(int)),
        "one linear cause": (x, 3 * x[:, 0]),
        "a line": (x[:, :1], 2 * x[:, 0] + 1),
    }
    assert {
        name: [leak.level for leak in leaks(prepare(None, *task)) if leak.level != "hint"]
        for name, task in tasks.items()
    } == {name: [] for name in tasks}


def test_the_past_of_a_forecast_and_the_state_before_are_no_leaks():
    random = np.random.default_rng(0)
    level = np.sin(np.arange(300) / 40)
    series = pl.DataFrame({"level": level, "hint": level + 0.3 * random.normal(size=300)})
    runs = [prepare(None, series, target="level", window=4)]
    for pace in (50, 500):  # r² of neighbors in time is cos²(1/pace): 1 − 4e-6 for the slower
        state = np.stack([np.sin(np.arange(300) / pace), np.cos(np.arange(300) / pace)], 1).astype(np.float32)
        timed = np.column_stack([state, np.arange(300)]).astype(np.float32)
        runs += [prepare(None, state[:-1], state[1:]), prepare(None, timed[:-1], state[1:])]
    for run in runs:
        assert all(leak.level == "hint" for leak in leaks(run))


def test_values_that_count_the_rows_of_sorted_classes_are_suspected():
    random = np.random.default_rng(0)
    x = np.column_stack([random.normal(size=200), np.arange(200)]).astype(np.float32)
    (found,) = leaks(prepare(None, x, (np.arange(200) >= 100).astype(int)))
    assert (found.level, found.where) == ("suspicion", "feature 1")


def test_the_share_explained_is_the_correlation_ratio_or_the_squared_correlation():
    x = np.array([[1.0, 5], [2, 5], [3, 9], [6, 9]], np.float32)
    classes = table_of(prepare(None, x, np.array([0, 0, 1, 1]), split=(1, 0, 0)))
    # class means 1.5 and 4.5 with a deviation of 1.1 within: no copy
    np.testing.assert_allclose(explained_share(classes), [0, 1], rtol=1e-6)
    apart = np.array([[1.0], [2], [21], [22]], np.float32)
    classes = table_of(prepare(None, apart, np.array([0, 0, 1, 1]), split=(1, 0, 0)))
    # total 401 about the mean 11.5, between 4·10² = 400
    np.testing.assert_allclose(explained_share(classes), [400 / 401], rtol=1e-6)
    random = np.random.default_rng(0)
    numbers = random.normal(size=(50, 1)).astype(np.float32)
    y = (numbers[:, 0] + random.normal(size=50)).astype(np.float32)
    found = explained_share(table_of(prepare(None, numbers, y, split=(1, 0, 0))))
    ranks = [np.argsort(np.argsort(values)) for values in (numbers[:, 0], y)]
    expected = max(np.corrcoef(numbers[:, 0], y)[0, 1] ** 2, np.corrcoef(*ranks)[0, 1] ** 2)
    np.testing.assert_allclose(found, [expected], rtol=1e-5)


def collections(gap, exceptions=0, drawn=600):
    """Four features, one of which the target half follows, and one that is 0 for the first class alone."""
    random = np.random.default_rng(0)
    x = random.normal(size=(drawn, 5)).astype(np.float32)
    y = (x[:, 0] + 0.5 * random.normal(size=drawn) > 0.3).astype(int)
    x[:, 4] = np.where(y == 1, gap + 369 * random.random(drawn), 0)
    x[np.flatnonzero(y == 0)[:exceptions], 4] = 40
    return x, y


@pytest.mark.parametrize(("gap", "exceptions", "level"), [(31, 0, "fault"), (0, 0, "suspicion"), (31, 3, "suspicion")])
def test_a_value_that_marks_a_class_is_a_leak_though_the_other_class_has_a_spread(gap, exceptions, level):
    x, y = collections(gap, exceptions)
    run = prepare(None, x, y)
    assert [(leak.level, leak.where) for leak in leaks(run)] == [(level, "feature 4")]
    np.testing.assert_array_equal(apply_remedy(run, leaks(run)[0].remedy)[0].dataset.inputs, x[:, :4])


def test_a_missing_value_may_be_the_mark():
    x, y = collections(31)
    frame = pl.DataFrame(
        {"a": x[:, 0], "b": x[:, 1], "boat": [float(i % 97) if code else None for i, code in enumerate(y)], "y": y}
    )
    assert [(leak.level, leak.where) for leak in leaks(prepare(None, frame, target="y"))] == [("fault", "feature boat")]


def test_a_feature_that_tells_all_is_a_hint_where_others_tell_as_well_or_values_are_a_grid():
    random = np.random.default_rng(0)
    y = random.integers(0, 2, 300)
    easy = random.normal(size=(300, 4)) + 20 * y[:, None] * [1, 1, 0.2, 0]
    grid = random.integers(0, 3, (400, 3)).astype(float)  # 0 is no more frequent than 1 and 2
    grid[:, 1] = (grid[:, 0] > 0) + 0.5 * random.normal(size=400)
    x, few = collections(31, drawn=40)
    few = np.where(np.arange(40) < 4, 1, 0)
    x[:, 4] = few * (1 + np.arange(40))  # zero but for four rows
    for inputs, classes in ((easy, y), (grid, (grid[:, 0] > 0).astype(int)), (x, few)):
        found = leaks(prepare(None, inputs, classes))
        assert [leak.level for leak in found] == ["hint"], classes


def test_bins_have_equally_many_rows():
    x = np.concatenate([np.zeros(500), np.linspace(1, 2, 500)]).astype(np.float32)[:, None]
    y = np.sin(6 * x[:, 0]).astype(np.float32)
    table = table_of(prepare(None, x, y, split=(1, 0, 0)))
    edges = bin_edges(table, 0, table.train.y[:, 0])
    # half of the rows are 0: eight of sixteen bins are one, and the other eight have 62 or 63 rows each
    assert np.bincount(np.searchsorted(edges, x[:, 0], "right"))[1:].tolist()[0] == 500
    assert set(np.bincount(np.searchsorted(edges, x[:, 0], "right"))[2:]) <= {62, 63}
