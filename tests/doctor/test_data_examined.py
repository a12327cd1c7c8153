"""Healthy data are not called sick, data of any kind are examined, inputs are those of the first trained layer."""

import numpy as np
import polars as pl
import pytest

from backlit import BatchNorm, Dense, Embedding, Flatten, ReLU, Sequential
from backlit.doctor.data import examine_data
from backlit.doctor.data.inputs import first_inputs
from backlit.doctor.data.split import ks_distances
from backlit.doctor.references import no_references, references, score_of
from backlit.training.preparation import prepare, prepare_again

SETS = ("digits", "breast_cancer", "wine", "iris", "diabetes", "linnerud", "circles", "moons", "spirals", "line", "xor")


def found_of(run, fault):
    return [finding for finding in examine_data(run) if finding.fault == fault]


@pytest.mark.parametrize("name", SETS)
def test_no_bundled_set_has_worse_than_hints(name):
    for seed in (0, 3):
        assert [found for found in examine_data(prepare(None, name, split_seed=seed)) if found.level != "hint"] == []


def kinds():
    random = np.random.default_rng(0)
    x, classes = random.normal(size=(40, 3)).astype(np.float32), np.arange(40) % 2
    sequences = [random.normal(size=(3 + place % 4, 2)) for place in range(40)]
    tokens = Sequential(Embedding(9, 2), Flatten, Dense(2))
    gaps = pl.DataFrame({"a": [None, 1.0, 2.0, 4.0] * 10, "b": ["u", None, "v", "w"] * 10, "y": ["p", "q"] * 20})
    steps, pixels = random.normal(size=(40, 5, 2)), random.integers(0, 255, (40, 28, 28, 1)).astype(np.uint8)
    of_steps = {"y": np.zeros((40, 5), int) + classes[:, None], "task": "many classes"}
    return {
        "three rows": (None, x[:3], {"y": x[:3, 0], "split": (1, 0, 0)}),
        "one feature": (None, x[:, :1], {"y": classes}),
        "a constant target": (None, x, {"y": np.ones(40), "task": "regression"}),
        "constant inputs": (None, np.ones((40, 2)), {"y": classes}),
        "pixels": (None, pixels, {"y": classes}),
        "sequences": (None, sequences, {"y": classes}),
        "several targets": (None, x, {"y": x[:, :2] + 1}),
        "classes of steps": (Dense(2), steps, of_steps),
        "a reconstruction": (Dense(3), x, {"reconstruct": True}),
        "tokens": (tokens, random.integers(0, 9, (40, 4)), {"y": classes}),
        "a table with gaps": (None, gaps, {"target": "y"}),
    }


@pytest.mark.parametrize("kind", kinds())
def test_data_of_any_kind_are_examined(kind):
    network, data, settings = kinds()[kind]
    run = prepare(network, data, **settings)
    assert all(finding.to_json()["evidence"] for finding in examine_data(run))
    assert (references(run) is None) == (no_references(run) is not None)


def test_references_learn_what_there_is_to_learn():
    found = references(prepare(None, "digits"))
    assert found.measure == "accuracy"
    assert found.models[found.best].score > 0.95 > 0.15 > found.chance.score
    assert found.above_chance
    noise = np.random.default_rng(0).normal(size=(300, 4))
    assert not references(prepare(None, noise[:, 1:], noise[:, 0])).above_chance


def test_scores_are_those_of_their_definitions():
    probabilities = np.array([[0.5, 0.5], [0.25, 0.75], [0.8, 0.2]])
    found = score_of(probabilities, np.array([0, 1, 1]), 2)
    assert found.score == pytest.approx(2 / 3)
    assert found.loss == pytest.approx(-np.log([0.5, 0.75, 0.2]).mean())
    # squared errors 0, 1, 1 of targets with variance 2/3: r² = 1 − (2/3) / (2/3)
    numbers = score_of(np.array([[1.0], [3], [2]]), np.array([[1.0], [2], [3]]), 0)
    assert (numbers.score, numbers.loss) == (pytest.approx(0), pytest.approx(2 / 3))


def test_inputs_are_measured_behind_the_run_s_own_preprocessing():
    x = 100 * np.random.default_rng(0).normal(size=(60, 3)).astype(np.float32) + 500
    y = (x[:, 0] > 500).astype(int)
    assert found_of(prepare(Sequential(Dense(4), ReLU, Dense(1)), x, y), "unnormalized inputs") == []
    raw = prepare(Sequential(Dense(4), ReLU, Dense(1)), x, y, standardize=False)
    (found,) = found_of(raw, "unnormalized inputs")
    assert (found.level, found.layers) == ("suspicion", ("dense_1",))
    np.testing.assert_allclose(np.sort(first_inputs(raw)[1], 0), np.sort(raw.parts.train.x, 0))
    assert found.numbers["root mean square"] == pytest.approx(np.sqrt(np.square(raw.parts.train.x).mean()), rel=1e-5)
    assert found_of(prepare_again(raw, **found.remedy.changes), "unnormalized inputs") == []
    normalized = Sequential(BatchNorm, Dense(4), ReLU, Dense(1))
    assert found_of(prepare(normalized, x, y, standardize=False), "unnormalized inputs") == []


def test_pixels_from_zero_to_one_are_fine():
    x = np.random.default_rng(0).uniform(size=(40, 6, 6, 1)).astype(np.float32)
    run = prepare(Sequential(Flatten, Dense(1)), x, np.arange(40) % 2, standardize=False)
    assert found_of(run, "unnormalized inputs") == []


def test_constant_and_copied_features_are_named():
    x = np.random.default_rng(0).normal(size=(60, 4)).astype(np.float32)
    x[:, 1], x[:, 3] = 7, x[:, 0]
    found = found_of(prepare(None, x, np.arange(60) % 2), "useless features")
    assert {finding.where for finding in found} == {"feature 1", "feature 3"}
    assert {finding.level for finding in found} == {"hint"}


def test_a_validation_set_of_another_distribution_is_suspected():
    random = np.random.default_rng(0)
    x, other = random.normal(size=(200, 3)), random.normal(size=(80, 3))
    y, other_y = np.arange(200) % 2, np.arange(80) % 2
    assert found_of(prepare(None, x, y, validation=(other, other_y)), "split shift") == []
    other[:, 2] += 2
    (found,) = found_of(prepare(None, x, y, validation=(other, other_y)), "split shift")
    assert found.level == "suspicion"
    assert "feature 2" in found.evidence


def test_many_categories_that_training_rows_lack_are_no_shift():
    random = np.random.default_rng(0)
    frame = pl.DataFrame({"w": [f"x{v:.1f}" for v in random.normal(80, 10, 1000)], "a": random.normal(size=1000)})
    frame = frame.with_columns(y=(pl.col("a") > 0).cast(pl.String))
    assert found_of(prepare(None, frame, target="y"), "split shift") == []


def test_rows_in_order_of_time_may_shift():
    time = np.arange(200.0)
    frame = pl.DataFrame({"day": time, "level": time + np.sin(7 * time), "y": np.cos(time)})
    found = found_of(prepare(None, frame, target="y", order_by="day"), "split shift")
    assert {finding.level for finding in found} == {"hint"}


def test_distances_of_distributions_are_those_of_scipy():
    from scipy.stats import ks_2samp

    random = np.random.default_rng(0)
    first, second = random.normal(size=(50, 3)), random.normal(0.5, size=(30, 3)).round(1)
    expected = [ks_2samp(left, right).statistic for left, right in zip(first.T, second.T, strict=True)]
    np.testing.assert_allclose(ks_distances(first, second), expected)


def test_rows_that_are_few_are_said_in_right_words():
    x = np.random.default_rng(0).normal(size=(41, 2)).astype(np.float32)
    parts = {"validation": (x[40:], x[40:, 0]), "split": (1, 0, 0)}
    (found,) = found_of(prepare(None, x[:40], x[:40, 0], **parts), "too few rows")
    assert found.evidence == "there is 1 row that judges"
    parts = {"validation": (x[36:], np.arange(5) % 2), "split": (1, 0, 0)}
    (found,) = found_of(prepare(None, x[:36], np.arange(36) % 2, **parts), "too few rows")
    assert found.evidence == "there are 5 rows that judge, so that an accuracy has a standard error of up to 22%"


def test_a_category_of_numbers_and_a_word_is_named():
    ages = [str(18 + place % 60) if place % 20 else "unknown" for place in range(200)]
    codes = [f"{'ABC'[place % 3]}{place % 4}" for place in range(200)]
    frame = pl.DataFrame({"age": ages, "code": codes, "size": np.sin(np.arange(200.0)), "y": ["p", "q"] * 100})
    (found,) = found_of(prepare(None, frame, target="y"), "useless features")
    assert (found.level, found.where) == ("hint", "feature age")
    assert "'unknown'" in found.evidence


@pytest.mark.parametrize(
    ("rule", "levels"), [("steepest-descent", ["suspicion"]), ("lbfgs(memory=5)", []), ("newton", [])]
)
def test_only_rules_of_curvature_are_free_of_scale(rule, levels):
    x = 100 * np.random.default_rng(0).normal(size=(60, 3)).astype(np.float32) + 500
    run = prepare("Dense(1)", x, (x[:, 0] > 500).astype(int), standardize=False, optimizer=rule)
    assert [found.level for found in found_of(run, "unnormalized inputs")] == levels
