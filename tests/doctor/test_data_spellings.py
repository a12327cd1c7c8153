"""Classes that are one class in several spellings; names that differ in more are left alone."""

import numpy as np
import pytest

from backlit.doctor.data import examine_data
from backlit.doctor.data.spellings import groups_of
from backlit.training.preparation import prepare


def found_of(run, fault):
    return [finding for finding in examine_data(run) if finding.fault == fault]


@pytest.mark.parametrize(
    ("names", "groups"),
    [
        (("NO", "No", "Yes", "no", "yes"), [[0, 1, 3], [2, 4]]),
        (("1", "1.0", "2"), [[0, 1]]),
        (("New York", "new-york", "York"), [[0, 1]]),
        (("A+", "A-", "A"), []),
        (("<=50K", ">50K"), []),
        (("-1", "1", "1-2", "12"), []),
        (("+", "-", "?"), []),
    ],
)
def test_names_that_differ_by_case_spaces_and_punctuation_alone_are_one(names, groups):
    assert groups_of(names) == groups


def test_spellings_of_one_class_are_named_and_not_taken_for_labels_with_errors():
    random = np.random.default_rng(0)
    x = random.normal(size=(600, 3)).astype(np.float32)
    names = np.where(
        x[:, 0] > 0,
        random.choice(["yes", "Yes"], 600, p=[0.8, 0.2]),
        random.choice(["no", "No", "NO"], 600, p=[0.8, 0.1, 0.1]),
    )
    (found,) = found_of(prepare(None, x, names), "shuffled / noisy labels")
    assert (found.level, found.numbers["classes"], found.numbers["different"]) == ("suspicion", 5, 2)
    assert "'Yes' (" in found.evidence
    assert found_of(prepare(None, x, np.char.lower(names)), "shuffled / noisy labels") == []
    found = found_of(prepare(None, random.normal(size=(600, 3)), names), "shuffled / noisy labels")
    assert [one.where for one in found] == ["the names of the classes"]  # and not that nothing tells the classes apart
    letters = np.array(list("aAbBcC"))[np.digitize(x[:, 0], [-1, -0.5, 0, 0.5, 1])]
    assert [found.level for found in found_of(prepare(None, x, letters), "shuffled / noisy labels")] == ["hint"]
