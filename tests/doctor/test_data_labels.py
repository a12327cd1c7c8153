"""Labels that do not follow from the inputs, that are rare, or that are numbers by name only."""

import numpy as np
import pytest
from sklearn.datasets import load_digits, load_wine, make_blobs, make_moons

import backlit as bl
from backlit import Dense, ReLU, Sequential
from backlit.doctor.data import examine_data
from backlit.doctor.data.flipped import overlap_certainty
from backlit.doctor.data.targets import class_ids
from backlit.doctor.table import table_of
from backlit.training.preparation import prepare, prepare_again


def found_of(run, fault):
    return [finding for finding in examine_data(run) if finding.fault == fault]


def levels(run, fault):
    return [finding.level for finding in found_of(run, fault)]


@pytest.mark.parametrize("name", ["iris", "diabetes"])
def test_shuffled_targets_are_suspected_and_right_ones_are_not(name):
    right = prepare(None, name)
    assert "suspicion" not in levels(right, "shuffled / noisy labels")
    x, y = np.concatenate([right.parts.train.x, right.parts.test.x]), right.parts.train.y
    y = np.random.default_rng(0).permutation(np.concatenate([y, right.parts.test.y]))
    assert levels(prepare(None, x, y), "shuffled / noisy labels") == ["suspicion"]


@pytest.mark.parametrize("slope", [0.12, 0.2])
def test_a_weak_effect_in_much_noise_is_no_suspicion(slope):
    """An r² of slope²/(1 + slope²): 0.014 and 0.04."""
    random = np.random.default_rng(0)
    x = random.normal(size=(3000, 6)).astype(np.float32)
    y = slope * x[:, 0] + random.normal(size=3000)
    assert "suspicion" not in levels(prepare(None, x, y), "shuffled / noisy labels")
    noise = prepare(None, x, random.permutation(y))
    assert levels(noise, "shuffled / noisy labels") == ["suspicion"]


@pytest.mark.parametrize("size", [1e-25, 1e30])
@pytest.mark.filterwarnings("error")
def test_the_size_of_targets_says_nothing_of_their_labels(size):
    random = np.random.default_rng(0)
    x = random.normal(size=(200, 3)).astype(np.float32)
    y = (2 + x[:, 0] + 0.5 * random.normal(size=200)) * size
    assert examine_data(prepare(None, x, y.astype(np.float32))) == []


def exchanged(y, share, seed=0):
    """Labels of which a share is dealt out anew."""
    random = np.random.default_rng(seed)
    y, chosen = y.copy(), np.flatnonzero(random.random(len(y)) < share)
    y[chosen] = y[random.permutation(chosen)]
    return y


@pytest.mark.parametrize("classes", [2, 4])
@pytest.mark.parametrize("share", [0.4, 0.6])
def test_labels_exchanged_in_part_are_a_fault(classes, share):
    """Of a share that is dealt out anew, 1 / K come back to their class: the others weaken the labels to 1 − share."""
    x, y = make_blobs(1000, centers=classes, n_features=4, random_state=0)
    (found,) = found_of(prepare(None, x, exchanged(y, share)), "shuffled / noisy labels")
    assert found.level == "fault"
    assert found.numbers["right"] == pytest.approx(1 - share * (1 - 1 / classes), abs=0.06)
    assert found.numbers["lost"] == pytest.approx(1 - (1 - share) ** 2, abs=0.1)


def test_errors_that_twice_as_many_rows_make_up_for_are_a_hint():
    x, y = make_blobs(1000, centers=4, n_features=4, random_state=0)
    (found,) = found_of(prepare(None, x, exchanged(y, 0.2)), "shuffled / noisy labels")
    assert found.level == "hint"
    assert found.numbers["lost"] == pytest.approx(1 - 0.8**2, abs=0.1)


@pytest.mark.parametrize("noise", [0.4, 0.6, 0.8])
def test_overlap_is_no_exchange(noise):
    x, y = make_moons(1000, noise=noise, random_state=0)
    assert set(levels(prepare(None, x, y), "shuffled / noisy labels")) <= {"hint"}
    x, y = make_blobs(1000, centers=4, n_features=3, cluster_std=15 * noise, random_state=0)
    assert set(levels(prepare(None, x, y), "shuffled / noisy labels")) <= {"hint"}


def test_a_feature_of_two_values_that_tells_half_of_the_matter_is_no_exchange():
    random = np.random.default_rng(0)
    x = random.normal(size=(1000, 4))
    x[:, 0] = random.integers(0, 2, 1000)
    y = (random.random(1000) < np.where(x[:, 0] > 0, 0.75, 0.2)).astype(int)
    assert set(levels(prepare(None, x, y), "shuffled / noisy labels")) <= {"hint"}


def test_the_certainty_of_overlap_is_that_of_two_gaussian_classes():
    z = np.random.default_rng(0).normal(0.8, 1, 4000)
    right, sure = z > 0, np.abs(z)
    pairs = (sure[right][:, None] > sure[~right]).mean()
    assert overlap_certainty(float(right.mean())) == pytest.approx(pairs, abs=0.02)
    assert overlap_certainty(0.5) == pytest.approx(0.5, abs=1e-6)


def test_a_wrong_label_is_named_by_its_row():
    x, y = make_blobs(200, centers=2, cluster_std=0.5, random_state=0)
    run = prepare(None, x, y)
    row = int(run.parts.train.indices[7])
    wrong = y.copy()
    wrong[row] = 1 - wrong[row]
    (found,) = found_of(prepare(None, x, wrong, split=(1, 0, 0)), "shuffled / noisy labels")
    assert found.level == "hint"
    assert f"(rows {row}, counted" in found.evidence


def test_one_row_in_a_hundred_is_suspected_and_weights_are_its_remedy():
    random = np.random.default_rng(0)
    y = (np.arange(400) % 100 == 0).astype(int)
    run = prepare(None, random.normal(size=(400, 2)) + 3 * y[:, None], y)
    (found,) = found_of(run, "class collapse / imbalance")
    assert (found.level, found.where) == ("suspicion", "class 1")
    mended = prepare_again(run, **found.remedy.changes)
    assert levels(mended, "class collapse / imbalance") == ["hint"]


def test_ids_of_classes_in_a_regression_are_a_fault_that_a_task_of_classes_mends():
    digits = load_digits()
    network = Sequential(Dense(8), ReLU, Dense(1))
    run = prepare(network, digits.data[:600], digits.target[:600].astype(float), task="regression")
    (found,) = found_of(run, "wrong loss for the target")
    assert found.level == "fault"
    assert found.numbers["right as classes"] > found.numbers["right as numbers"] + 0.1
    mended = prepare_again(run, **found.remedy.changes)
    assert (mended.objective.classes, str(mended.loss)) == (10, "cross-entropy")


def test_counts_and_ratings_are_numbers():
    random = np.random.default_rng(0)
    bits = random.random((300, 6)) < 0.5
    x = random.normal(size=(300, 4))
    rating = np.clip(np.round(2 + x[:, 0] + 0.5 * random.normal(size=300)), 0, 4)
    for inputs, y in ((bits.astype(float), bits.sum(1).astype(float)), (x, rating)):
        assert levels(prepare(None, inputs, y, task="regression"), "wrong loss for the target") == []


def test_overlapping_classes_are_not_said_to_have_wrong_labels():
    for seed in range(4):
        x, y = make_moons(600, noise=0.3, random_state=seed)
        assert found_of(prepare(None, x, y), "shuffled / noisy labels") == []


def test_neighborhoods_that_features_without_meaning_mix_are_no_errors():
    random = np.random.default_rng(12)
    x = random.normal(size=(600, 6))
    x[:, 0] = random.integers(0, 90, 600)
    x[:, 1] = x[:, 0] * 0.02 + random.normal(size=600) * 0.5
    assert levels(prepare(None, x, np.digitize(x[:, 0], [18, 65])), "shuffled / noisy labels") == []


def test_counts_that_were_taken_as_classes_are_asked_about():
    random = np.random.default_rng(0)
    x = random.normal(size=(900, 3)).astype(np.float32)
    visits = random.poisson(np.exp(0.5 * x[:, 0] - 0.3 * x[:, 1] + 0.8))
    run = prepare(None, x, visits)
    assert run.parts.schema.task == "many classes"
    (found,) = found_of(run, "wrong loss for the target")
    assert found.level == "hint"
    assert found.numbers["off as numbers"] < found.numbers["off as classes"]
    assert found_of(run, "class collapse / imbalance") == []
    mended = prepare_again(run, **found.remedy.changes)
    assert mended.parts.schema.task == "regression"
    assert found_of(prepare(None, x, visits, task="many classes"), "wrong loss for the target") == []
    assert found_of(prepare(None, "digits"), "wrong loss for the target") == []
    assert found_of(prepare(None, x, random.permutation(visits)), "wrong loss for the target") == []


def test_few_ids_from_0_are_asked_about():
    wine = load_wine()
    (found,) = found_of(prepare(None, wine.data, wine.target, task="regression"), "wrong loss for the target")
    assert found.level == "hint"
    assert found.remedy.words.startswith("ask")
    two = (wine.target > 0).astype(float)
    assert class_ids(table_of(prepare(None, wine.data, two, task="regression"))) is None


def test_a_network_that_was_given_as_text_gets_its_head_from_the_remedy():
    digits = load_digits()
    x, y = digits.data[:600], digits.target[:600].astype(float)
    run = prepare("Dense(8), ReLU, Dense(1)", x, y, task="regression")
    (found,) = found_of(run, "wrong loss for the target")
    assert found.remedy.changes["network"] == "Dense(8), ReLU, Dense(10)"
    mended = prepare_again(run, **found.remedy.changes)
    assert (mended.objective.classes, str(mended.loss)) == (10, "cross-entropy")


def test_a_class_of_one_row_leaves_a_fold_without_it_and_is_examined_all_the_same():
    x = np.random.default_rng(0).normal(size=(60, 3)).astype(np.float32)
    examined = bl.check("Dense(2)", x, np.r_[1, np.zeros(59, int)], split=(1, 0, 0))
    assert examined.left_out == ()
