"""The questions that the lectures ask: each has an answer that runs, and what the answers say is true."""

from functools import cache

import numpy as np
import pytest

from backlit.lessons.catalog import LESSONS as CATALOG
from backlit.lessons.lesson import Outcome
from backlit.lessons.questions import LESSONS
from backlit.lessons.questions.table import QUESTIONS

BY_NAME = {lesson.name: lesson for lesson in LESSONS}


@cache
def outcome(name: str) -> Outcome:
    """What the lesson showed, run once."""
    return BY_NAME[name].run()


def test_question_every_answer_is_a_lesson_of_the_catalog():
    answers = {name for names in QUESTIONS.values() for name in names}
    assert sorted(answers - set(CATALOG)) == []


@pytest.mark.parametrize("name", BY_NAME)
def test_question_the_claim_holds_and_the_picture_can_be_saved(name, tmp_path):
    shown = outcome(name)
    assert shown.holds is True
    assert all(np.isfinite(value) for value in shown.measures.values())
    shown.picture.save(tmp_path / f"{name}.{BY_NAME[name].kind}")


def test_question_a_line_is_trained_where_there_is_one_and_settles_where_there_is_none():
    measures = outcome("linear-function").measures
    for way in ("perceptron", "logistic", "hinge"):
        assert measures[f"AND {way} errors"] == 0
        assert measures[f"XOR {way} errors"] >= 0.25  # one corner of four at least
        assert 0 < measures[f"clouds {way} errors"] < 0.3
    assert measures["clouds perceptron swing"] > measures["clouds logistic swing"]


def test_question_the_update_of_a_weight_is_upstream_times_local():
    measures = outcome("update-of-a-weight").measures
    assert measures["mistake"] < 1e-6
    assert measures["missing"] < 1e-6
    assert measures["paths"] == 3  # over h₂, over the product alone, over the sum alone
    assert measures["after"] < measures["before"]
    assert measures["local w1"] == pytest.approx(1.5 * (1 - np.tanh(1.4 * 1.5) ** 2), rel=1e-5)  # x tanh'(w₁ x)


def test_question_rates_of_their_own_end_the_oscillation():
    measures = outcome("rates-per-parameter").measures
    # At its best rate each step of gradient descent leaves (κ − 1) / (κ + 1) of the distance.
    kappa = measures["condition"]
    by_hand = np.log(1e-3) / 2 / np.log((kappa - 1) / (kappa + 1))
    assert measures["gradient-descent steps"] == pytest.approx(by_hand, rel=0.05)
    assert min(measures[f"{rule} steps"] for rule in ("adagrad", "rmsprop", "adam")) < by_hand


def test_question_parameters_are_counted_as_by_hand():
    measures = outcome("how-many-parameters").measures
    assert measures["equal"] == measures["networks"] == 9
    assert "100,000,000" in outcome("how-many-parameters").finding


def test_question_padding_decides_what_happens_at_the_edges():
    measures = outcome("at-the-edges").measures
    assert [measures[f"{padding} size"] for padding in ("valid", "same", "full")] == [6, 8, 10]
    assert [measures[f"{padding} corner"] for padding in ("valid", "same", "full")] == [1, 4, 9]


def test_question_a_learned_filter_finds_edges_and_trained_ones_look_like_edges():
    measures = outcome("what-convolutions-see").measures
    assert measures["mistake"] < 1e-3
    assert measures["worst trained"] > 2 / 9  # what chance puts into two of nine dimensions
    assert measures["edges trained"] > measures["edges drawn"]


def test_question_pooling_makes_detection_robust_to_the_place():
    measures = outcome("robust-to-place").measures
    assert measures["in place"] > 0.95
    assert measures["pooled away"] > 0.9 > measures["away"] + 0.2


def test_question_a_network_says_where_the_eye_is():
    measures = outcome("where-is-the-eye").measures
    assert measures["error at 1600"] < measures["error at 400"] < measures["error at 100"] < measures["guess"]
    assert measures["error at 1600"] < 1


def test_question_scaled_weights_give_the_same_labels_and_other_gradients():
    measures = outcome("scaling-weights").measures
    assert measures["forms with the same labels"] == 1
    assert measures["loss apart"] < 1e-5
    ratios = [measures[f"layer {layer} ratio"] for layer in (1, 2, 3)]
    assert ratios == pytest.approx([1 / 10, 1 / 0.5, 1 / 0.2], rel=1e-3)


def test_question_a_softmax_sums_to_one_and_its_loss_starts_at_the_logarithm_of_the_classes():
    measures = outcome("many-classes").measures
    assert measures["softmax off"] < 1e-6
    assert measures["first loss"] == pytest.approx(np.log(3), abs=1e-6)
    assert measures["unclear rows"] > 0
    assert measures["softmax accuracy"] > 0.85


def test_question_the_hidden_layer_makes_one_line_enough():
    measures = outcome("the-hidden-layer").measures
    assert (measures["separable before"], measures["separable after"], measures["accuracy"]) == (0, 1, 1)


def test_question_absolute_error_withstands_outliers_and_squared_error_follows_them():
    measures = outcome("regression").measures
    # A tenth of the targets is 4 too high: the mean is 0.4 too high, and the median of the noise moves by 0.014.
    assert measures["squared"] == pytest.approx(0.4, abs=0.1)
    assert measures["absolute"] < 0.1
    assert measures["refused"] == 1


def test_question_data_that_do_not_fit_in_memory_stream_to_the_same_weights():
    measures = outcome("memory-and-complexity").measures
    assert measures["apart"] < 1e-5
    assert (measures["bytes"], measures["block bytes"]) == (1500 * 20 * 4, 150 * 20 * 4)
    assert measures["growth by rows"] == 4
    wide, narrow = (20 * width + width * width + width for width in (256, 64))
    assert measures["growth by width"] == pytest.approx(wide / narrow)
