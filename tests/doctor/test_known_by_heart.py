"""Rows known by heart: where more rows would help, where a simpler model knows more, and where nothing is wrong."""

import numpy as np
import pytest
from sklearn.datasets import load_digits

from backlit.doctor.case import Case
from backlit.doctor.health import health_of
from backlit.doctor.verdicts.generalization import judge_generalization
from backlit.training import prepare


def overfitted(network, x, y, explained=False, **options):
    """The findings of overfitting in a run, which is trained."""
    run = prepare(network, x, y, seed=0, patience=None, **options)
    model = run.train()
    nothing = {"prior": np.inf, "prior_judged": np.inf}  # so that no course is judged
    case = Case(run, model, (), (), health_of(run, model), None, None, **nothing)
    return [finding for finding in judge_generalization(case, explained) if finding.fault == "overfitting"]


def digits(rows):
    """Rows of digits to train on, and two hundred others that judge."""
    x, y = load_digits(return_X_y=True)
    order = np.random.default_rng(0).permutation(len(x))
    options = {"validation": (x[order[-200:]].astype(np.float32), y[order[-200:]])}
    return x[order[:rows]].astype(np.float32), y[order[:rows]], options


def test_fifty_rows_of_ten_classes_are_learned_by_heart_and_more_would_help():
    x, y, options = digits(60)
    (finding,) = overfitted("Dense(32), ReLU, Dense(10)", x, y, epochs=200, **options)
    assert finding.level == "fault"
    assert finding.numbers["train"] == 1.0
    assert finding.numbers["rise"] > 0.05


def test_a_thousand_rows_are_enough():
    x, y, options = digits(1000)
    assert overfitted("Dense(32), ReLU, Dense(10)", x, y, epochs=60, **options) == []


@pytest.mark.parametrize(("explained", "count"), [(False, 1), (True, 0)])
def test_a_network_that_misses_what_a_line_finds_in_the_same_rows(explained, count):
    """Numbers that are a line of 30 features, in 120 rows: least squares has them nearly whole, however many rows."""
    random = np.random.default_rng(0)
    x = random.normal(size=(420, 30)).astype(np.float32)
    y = (x @ random.normal(size=30) + 0.1 * random.normal(size=420)).astype(np.float32)
    options = {"validation": (x[120:], y[120:])}
    found = overfitted("Dense(256), ReLU, Dense(1)", x[:120], y[:120], explained, epochs=200, **options)
    assert len(found) == count
