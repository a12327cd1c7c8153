"""Numbers that stand for no number are named; far values, caps and counts are numbers."""

import numpy as np
import polars as pl
import pytest

from backlit.doctor.data import examine_data
from backlit.doctor.data.sentinels import is_code, sentinels_of
from backlit.doctor.remedies import apply_remedy
from backlit.training.preparation import prepare

DRAWN = 400


def sentinels(run):
    return [found for found in examine_data(run) if found.fault == "unnormalized inputs" and "value" in found.numbers]


def frame_with(values, share=0.05):
    """A table of one feature in which a share of these values is another, beside a feature without any."""
    random = np.random.default_rng(0)
    other = random.normal(size=DRAWN)
    planted = values(random)
    return pl.DataFrame({"other": other, "planted": planted, "y": other + random.normal(size=DRAWN)})


def some(random, value, others, share=0.05):
    return np.where(np.arange(DRAWN) % round(1 / share) == 3, value, others)


PLANTED = {
    "-999 among unit normals": (-999, lambda r: some(r, -999, r.normal(size=DRAWN)), "suspicion"),
    "9999 among ages": (9999, lambda r: some(r, 9999, r.integers(18, 80, DRAWN)), "suspicion"),
    "-1 among weights": (-1, lambda r: some(r, -1, r.normal(70, 9, DRAWN)), "hint"),
    "-999 among incomes": (-999, lambda r: some(r, -999, r.lognormal(10, 1, DRAWN)), "hint"),
    "0 among pressures": (0, lambda r: some(r, 0, r.normal(70, 2, DRAWN)), "hint"),
    "no code, but far": (-87.5, lambda r: some(r, -87.5, r.normal(size=DRAWN)), "suspicion"),
}


@pytest.mark.parametrize("name", PLANTED)
def test_a_value_far_from_all_others_is_named_with_its_distance(name):
    value, values, level = PLANTED[name]
    frame = frame_with(values)
    run = prepare(None, frame, target="y")
    (found,) = sentinels(run)
    assert (found.level, found.where, found.numbers["value"]) == (level, "feature planted", value)
    x = run.parts.train.x[:, 1].astype(float)
    rest = x[x != value]
    assert found.numbers["share"] == pytest.approx((x == value).mean())
    assert found.numbers["away"] == pytest.approx(abs(value - rest.mean()) / rest.std(), rel=1e-4)
    assert found.numbers["scale"] == pytest.approx(rest.std() / x.std(), rel=1e-4)
    empty = frame.with_columns(planted=pl.when(pl.col("planted") == value).then(None).otherwise(pl.col("planted")))
    assert sentinels(prepare(None, empty, target="y")) == []


HEALTHY = {
    "an outlier": lambda r: np.where(np.arange(DRAWN) == 3, -999.0, r.normal(size=DRAWN)),
    "a cap": lambda r: np.minimum(r.lognormal(3, 1, DRAWN), 99),
    "counts with many zeros": lambda r: np.where(r.random(DRAWN) < 0.9, 0, r.lognormal(8, 1, DRAWN)),
    "counts": lambda r: r.poisson(3, DRAWN),
    "a scale from -1": lambda r: r.integers(-1, 3, DRAWN),
    "differences": lambda r: r.integers(-1, 20, DRAWN),
    "heavy tails": lambda r: r.standard_cauchy(DRAWN),
    "fractions cut off at -1": lambda r: np.maximum(r.normal(size=DRAWN), -1),
}


@pytest.mark.parametrize("name", HEALTHY)
def test_values_that_are_numbers_are_left_alone(name):
    assert sentinels(prepare(None, frame_with(HEALTHY[name]), target="y")) == []


def test_padding_with_a_number_is_taken_out_by_its_remedy():
    random = np.random.default_rng(0)
    y = random.integers(0, 2, 120)
    x = random.normal(size=(120, 12, 2)).astype(np.float32) + y[:, None, None]
    lengths = 5 + np.arange(120) % 8
    padded = np.where(np.arange(12)[None, :, None] < lengths[:, None, None], x, np.float32(-999))
    assert sentinels(prepare("gru", x, y)) == []
    run = prepare("gru", padded, y)
    (found,) = sentinels(run)
    assert (found.level, found.numbers["value"]) == ("suspicion", -999)
    assert found.where == "2 features with -999"
    assert found.to_json()["remedy"]["changes"] == {"data": "steps of -999 as missing ones"}
    mended, changes = apply_remedy(run, found.remedy)
    np.testing.assert_array_equal(np.isnan(changes["data"]).all(-1).sum(1), 12 - lengths)
    assert mended.parts.schema.kind == "sequence"
    assert sentinels(mended) == []


def test_two_codes_of_one_feature_are_both_found():
    column = np.concatenate([np.linspace(20, 60, 50), np.full(4, -99), np.full(5, 9999)]).astype(np.float32)
    assert sorted(one.value for one in sentinels_of(column[:, None])) == [-99, 9999]


def test_codes_are_nines_and_ends_of_types():
    assert [value for value in (-1, 99, -999, 32767, 9, 12, 0.5, 990, -2) if is_code(value)] == [-1, 99, -999, 32767]
