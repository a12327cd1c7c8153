"""Rows that are in two parts are a fault; data that repeat themselves are not."""

import numpy as np
import pytest

from backlit.doctor.data import examine_data
from backlit.training.preparation import prepare, prepare_again


def twins(run):
    return {finding.where: finding for finding in examine_data(run) if finding.fault == "train/test contamination"}


@pytest.fixture(scope="module")
def parts():
    """Training (200, 6) and validation rows (60, 6), with classes."""
    random = np.random.default_rng(0)
    x = random.normal(size=(260, 6)).astype(np.float32)
    y = (x[:, 0] > 0).astype(int)
    return (x[:200], y[:200]), (x[200:], y[200:])


@pytest.mark.parametrize("noise", [0.0, 1e-3])
def test_copied_rows_are_counted_and_the_part_is_given_up(parts, noise):
    (x, y), (other, other_y) = parts
    planted = np.concatenate([x[:20] + noise, other]).astype(np.float32)
    run = prepare(None, x, y, validation=(planted, np.concatenate([y[:20], other_y])), split=(1, 0, 0))
    found = twins(run)["validation rows"]
    assert (found.level, found.numbers["rows"]) == ("fault", 20)
    assert twins(prepare_again(run, **found.remedy.changes, split=(0.8, 0.2, 0))) == {}


def test_rows_apart_are_clean(parts):
    assert twins(prepare(None, *parts[0], validation=parts[1])) == {}


def test_a_source_that_holds_every_row_twice_is_a_fault(parts):
    x, y = parts[0]
    run = prepare(None, np.concatenate([x, x]), np.concatenate([y, y]))
    assert {where: found.level for where, found in twins(run).items()} == {
        "validation rows": "fault",
        "test rows": "fault",
    }


def test_rows_of_few_categories_repeat_by_chance():
    random = np.random.default_rng(0)
    votes = random.random((400, 1)) < 0.5
    x = (votes ^ (random.random((400, 10)) < 0.1)).astype(np.float32)
    found = twins(prepare(None, x, (votes[:, 0] ^ (random.random(400) < 0.1)).astype(int)))
    assert found["validation rows"].numbers["rows"] > 5
    assert {one.level for one in found.values()} == {"hint"}


@pytest.mark.parametrize("name", ["xor", "and", "line", "circles"])
def test_toys_are_clean(name):
    assert all(found.level == "hint" for found in twins(prepare(None, name)).values())
