"""Rows 99 and 101 to 104: showing networks and using them, as lessons that are run."""

from functools import cache
from pathlib import Path

import numpy as np
import pytest

from backlit.lessons.lesson import Outcome
from backlit.lessons.measures import percent
from backlit.lessons.using import LESSONS

BY_NAME = {lesson.name: lesson for lesson in LESSONS}
HISTORY = Path(__file__).parent.parent.parent / "docs" / "history.md"


@cache
def outcome(name: str) -> Outcome:
    """What the lesson showed, run once."""
    return BY_NAME[name].run()


def test_row_99_the_circuits_of_the_lectures_are_drawn_with_values_and_gradients(tmp_path):
    """`backlit lesson circuits`, `graph.draw(path="graph.svg")`"""
    shown = outcome("circuits")
    assert shown.holds
    s = 1 / (1 + np.exp(-1.0))  # σ(2·(−1) + (−3)(−2) − 3)
    slope = s * (1 - s)
    by_hand = {"x": -4, "y": -4, "z": 3, "w0": -slope, "x0": 2 * slope, "w1": -2 * slope, "x1": -3 * slope, "w2": slope}
    assert shown.measures["sigmoid"] == pytest.approx(s, abs=1e-6)
    assert {name: shown.measures[f"gradient of {name}"] for name in by_hand} == pytest.approx(by_hand, abs=1e-6)
    shown.picture.save(tmp_path / "circuits.svg")
    drawn = (tmp_path / "circuits.svg").read_text(encoding="utf-8")
    for number in ("−12", "0.7311", "0.3932", "−0.5898", "1.368", "−0.5344"):
        assert f">{number}<" in drawn


def test_row_101_a_network_that_memorizes_is_found_out_by_unseen_rows_alone():
    """`backlit lesson unseen-data`, `bl.read("digits").split(seed=7).description`, `backlit train digits`"""
    shown = outcome("unseen-data")
    measures = shown.measures
    assert shown.holds
    assert measures["train"] == 1
    assert measures["test"] == pytest.approx(0.5, abs=0.1)  # 240 coins: three standard deviations
    assert "learned the rows by heart" in shown.finding


def test_row_101_copies_inflate_the_test_score_and_are_counted():
    measures = outcome("unseen-data").measures
    assert measures["copies"] == 0
    share = measures["leaked copies"] / 240
    known = share + (1 - share) / 2  # a copy is known, else it is a coin
    assert measures["leaked test"] == pytest.approx(known, abs=0.1)
    assert f"{measures['leaked copies']:.0f} of 240 test rows also occur in training" in outcome("unseen-data").finding


def test_row_102_a_neuron_of_random_weights_learns_from_a_table():
    """`backlit lesson single-neuron`, `bl.fit("Dense(1)", "patients.csv", optimizer="gradient-descent")`"""
    shown = outcome("single-neuron")
    measures = shown.measures
    assert shown.holds
    assert measures["random accuracy"] < measures["baseline accuracy"] < measures["trained accuracy"]
    assert percent(measures["random accuracy"], 0) in shown.finding.split("After")[0]  # the random weights come first
    assert measures["spread of weights"] < 0.5


def test_row_103_one_network_shows_all_four_ideas():
    """`backlit lesson four-ideas`"""
    shown = outcome("four-ideas")
    measures = shown.measures
    assert shown.holds
    assert measures["filters moved"] > 0.1
    assert measures["mistake"] < 1e-6
    assert measures["end to end"] > measures["frozen"]
    assert measures["behind conv 1"] < measures["behind conv 2"] < measures["behind dense"]
    assert "every block adds" in shown.finding


def test_row_104_the_history_is_told_with_its_sources():
    """`docs/history.md`"""
    told = HISTORY.read_text(encoding="utf-8")
    for name, *years in (
        ("McCulloch", "1943"),
        ("Pitts", "1943"),
        ("Rosenblatt", "1958"),
        ("Minsky", "1969"),
        ("Papert", "1969"),
        ("Rumelhart", "1986"),
        ("Hinton", "1986", "2006"),
        ("Williams", "1986"),
        ("Hubel", "1959", "1962"),
        ("Wiesel", "1959", "1962"),
        ("LeCun", "1989", "1998"),
        ("Krizhevsky", "2012"),
        ("Vaswani", "2017"),
    ):
        assert name in told
        assert all(year in told for year in years)
