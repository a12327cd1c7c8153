"""What a report says is what the numbers say."""

import re
from dataclasses import replace

import numpy as np
import pytest
from sklearn.metrics import confusion_matrix

import backlit as bl
from backlit.data import Schema
from backlit.pictures.report.course import nth, show_course
from backlit.pictures.report.data import show_data
from backlit.pictures.report.examples import picture_shape, worst
from backlit.pictures.report.layers import layers_of, show_layers
from backlit.pictures.report.mistakes import certainty, show_mistakes
from backlit.pictures.report.network import outline
from backlit.pictures.report.scores import show_scores
from backlit.pictures.report.verdict import SPACE, deviation, helps, percent, verdict_of
from backlit.training import History
from backlit.training.answers import ClassAnswers, NumberAnswers, confusions


def said(text: str) -> str:
    return text.replace(SPACE, " ")


def test_the_verdict_says_the_score_beside_the_baseline(hostile):
    test, baseline = hostile.scores["test"]["accuracy"], hostile.scores["baseline"]["accuracy"]
    words = said(verdict_of(hostile))
    assert words.startswith(
        f"The network is right for {said(percent(test))} of {hostile.rows['test']} rows it has never"
    )
    assert f"always saying the most frequent is <i> would be right for {said(percent(baseline))}." in words


def test_the_verdict_on_numbers(numbers):
    own = numbers.scores["test"]
    words = said(verdict_of(numbers))
    assert "Weight and Waist and Pulse" in words
    assert f"root mean square error of {own['rmse']:.4g}" in words
    assert ("explains" in words) == (own["r2"] > 0)


def test_a_network_that_does_not_help_is_called_so(hostile):
    worse = replace(hostile, scores={**hostile.scores, "test": hostile.scores["baseline"]})
    assert not helps(worse)
    assert verdict_of(worse).endswith("The network is no better than that.")
    better = replace(hostile, scores={**hostile.scores, "test": {"loss": 0.1, "accuracy": 1.0}})
    assert helps(better)
    assert "no better" not in verdict_of(better)


def test_scores_on_rows_of_training_alone_are_called_so(hostile):
    alone = replace(hostile, answers=None, scores={"train": hostile.scores["train"]})
    assert "How good it is for new rows is not known" in verdict_of(alone)
    assert "no scores over rows that the network did not learn from" in show_scores(alone).sentence
    assert verdict_of(replace(alone, scores={})) == "How good the network is, is not known: it was never scored."


def test_only_what_is_more_than_chance_is_called_better(hostile):
    def sentence(train: float, test: float, rows: int, loss: float = 0.1) -> str:
        scores = {"train": {"loss": 0.1, "accuracy": train}, "test": {"loss": loss, "accuracy": test}}
        return said(show_scores(replace(hostile, scores=scores, rows={"train": 10**6, "test": rows})).sentence)

    assert sentence(1.0, 0.9, 1000).endswith("for 90.0 %: it is better on the rows it learned from.")
    assert sentence(0.92, 0.9, 100).endswith("a difference that may be chance.")
    assert sentence(0.9, 0.92, 10**6).endswith("it is better on the rows that judge it.")
    assert sentence(0.92, 0.9, 100, loss=0.5).endswith("is 5 times that of training.")


def test_errors_are_held_to_the_same_rule_as_shares(numbers):
    def sentence(new: float, rows: int) -> str:
        errors = np.sqrt(np.random.default_rng(0).uniform(size=rows))  # of squares with deviation / mean = 1 / √3
        found = NumberAnswers("test", np.arange(rows), rows, errors)
        scores = {"train": {"rmse": 1.0}, "test": {"rmse": new}}
        return show_scores(replace(numbers, answers=found, scores=scores, rows={"train": 10**8, "test": rows})).sentence

    apart = 1 / np.sqrt(3 * 400)
    assert "may be chance" in sentence(1 + 0.9 * apart, 400)
    assert "better on the rows it learned from" in sentence(1 + 1.2 * apart, 400)
    assert "is not known" in show_scores(replace(numbers, answers=None)).sentence


def test_rows_that_are_given_are_never_called_unseen(hostile):
    given = replace(
        hostile,
        answers=replace(hostile.answers, part="mine"),
        scores={**hostile.scores, "mine": {"loss": 0.1, "accuracy": 0.988}},
        rows={**hostile.rows, "mine": 569},
    )
    unknown = "Whether it learned from some of these is not known."
    sentences = show_data(given).sentence, verdict_of(given), show_scores(given).sentence
    assert all("569 rows of mine" in sentence and unknown in sentence for sentence in sentences)
    assert not any(word in " ".join(sentences) for word in ("never seen", "None of those", "others", "chance"))


def test_rows_that_also_occur_in_training_are_not_called_unseen(hostile):
    assert "it has never seen" in verdict_of(hostile)
    assert "never seen" not in verdict_of(replace(hostile, duplicates=3))


def test_chance_moves_a_share_by_two_standard_deviations():
    assert deviation(0.5, 400) == pytest.approx(2 * np.sqrt(0.25 / 400), rel=1e-2)
    assert deviation(1.0, 100) > 0


def test_confusions_and_certainty():
    random = np.random.default_rng(0)
    truth, predicted, sure = random.integers(3, size=60), random.integers(3, size=60), random.uniform(0.34, 1, 60)
    found = ClassAnswers("test", np.arange(60), 60, truth, predicted, sure, sure)
    np.testing.assert_array_equal(confusions(truth, predicted, 3), confusion_matrix(truth, predicted))
    bins = certainty(found)
    assert sum(size for _, _, size, _, _ in bins) == 60
    for low, high, size, mean, right in bins:
        here = (sure >= low) & ((sure < high) | (high == 1))
        assert (size, mean, right) == (here.sum(), sure[here].mean(), (truth == predicted)[here].mean())


def test_the_worst_are_those_that_gave_the_truth_least():
    given = np.array([0.9, 0.1, 0.4, 0.05])
    found = ClassAnswers("test", np.arange(4), 4, np.zeros(4, int), np.array([0, 1, 0, 1]), given, given)
    assert worst(found).tolist() == [3, 1, 2, 0]
    assert worst(replace(found, sure=None, given=None)).tolist() == [1, 3]
    assert worst(NumberAnswers("test", np.arange(3), 3, np.array([1.0, 3.0, 2.0]))).tolist() == [1, 2, 0]


def test_what_happens_most_often_is_named(hostile):
    truth, predicted = np.array([0, 0, 1, 2, 2, 2]), np.array([0, 1, 1, 1, 1, 2])
    sentence = show_mistakes(replace(hostile, answers=ClassAnswers("test", np.arange(6), 6, truth, predicted))).sentence
    assert sentence.startswith("3 of 6 rows are answered wrongly.")
    names = hostile.model.schema.classes
    assert f"{names[2]} is taken for {names[1]}: 2 times." in sentence
    right = ClassAnswers("test", np.arange(3), 3, np.arange(3), np.arange(3))
    assert show_mistakes(replace(hostile, answers=right)).sentence == "All 3 rows are answered rightly."


def test_what_happens_equally_often_is_named_together(hostile):
    truth, predicted = np.array([0, 0, 1, 1, 2]), np.array([1, 1, 0, 0, 0])
    sentence = show_mistakes(replace(hostile, answers=ClassAnswers("test", np.arange(5), 5, truth, predicted))).sentence
    first, second = hostile.model.schema.classes[:2]
    assert f"{first} is taken for {second} and {second} is taken for {first}: 2 times each." in sentence


def test_a_long_network_is_outlined():
    long = bl.network(f"OneHot({tuple([0] * 50)}), Dense(3)")
    assert outline(long) == "OneHot(…), Dense(3)"
    assert outline(bl.network("Dense(4), ReLU")) == "Dense(4), ReLU"


def test_the_step_in_words_is_that_of_the_table(hostile):
    last = {layer.path: layer.step[-1] for layer in layers_of(hostile.model.history) if len(layer.step)}
    sentence = said(show_layers(hostile).sentence)
    assert all(f"{100 * step:.2g} %" in sentence for step in last.values())


def test_the_worst_errors_are_named(numbers):
    found, words = numbers.answers, show_mistakes(numbers).sentence
    assert f"typical error is {np.median(found.errors):.4g}" in words
    assert f"for row {found.rows[found.errors.argmax()]}" in words


def history_of(**columns: object) -> History:
    return History({"epoch": np.arange(1, 4), **{k.replace("__", "/"): np.array(v) for k, v in columns.items()}})


def test_layers_are_as_the_history_has_them(hostile):
    layers = layers_of(hostile.model.history)
    assert [layer.path for layer in layers] == ["dense_1", "relu_1", "dense_2"]
    history = hostile.model.history
    update, weight = history["dense_1/weight/update"], history["dense_1/weight/weight"]
    np.testing.assert_allclose(layers[0].step, update / weight)
    assert set(layers[1].shares) == {"zeros", "saturated", "dead"}


@pytest.mark.parametrize(
    ("first", "dead", "words"),
    [
        (0.0, 0.0, ("No gradient arrives in dense_1",)),
        (1e-6, 0.0, ("The gradients vanish: in dense_1 they are 1e-06", "No unit is dead.")),
        (1e6, 0.05, ("The gradients explode", "At most 5.0 % of a layer's units are dead")),
        (1.0, 0.5, ("neither vanish nor explode", "In relu_1, 50.0 % of the units are dead")),
    ],
)
def test_layers_that_do_not_learn_are_named(hostile, first, dead, words):
    made = {"dense_1__mean": [0, 0, 0], "dense_1__deviation": [1, 1, 1], "dense_1__zeros": [0, 0, 0]}
    made |= {f"relu_1__{name}": [0.0, 0.0, 0.0] for name in ("mean", "deviation", "zeros", "slope", "saturated")}
    made |= {
        "relu_1__dead": [0.0, 0.0, dead],
        **{name.replace("1", "2"): v for name, v in made.items() if "dense" in name},
    }
    for layer, size in (("dense_1", first), ("dense_2", 1.0)):
        made |= {f"{layer}__weight__gradient": [size] * 3, f"{layer}__weight__update": [1e-3] * 3}
        made |= {f"{layer}__weight__weight": [1.0] * 3}
    history, model = hostile.model.history, hostile.model
    model.history = history_of(**made)
    try:
        sentence = said(show_layers(hostile).sentence)
    finally:
        model.history = history
    assert all(word in sentence for word in words)
    assert "0.1 %" in sentence


def test_the_course_names_the_best_epoch(hostile):
    words = show_course(hostile).sentence
    assert f"Of {len(hostile.model.history)} epochs" in words
    assert f"lowest after the {nth(hostile.model.best_epoch)}" in words


def test_a_row_of_numbers_is_a_picture_where_neighbors_are_alike():
    schema = Schema("array", "many classes", ("a", "b"), input_shape=(64,))
    across, down = np.meshgrid(np.arange(8), np.arange(8))
    smooth = np.stack([(across + k * down).ravel() for k in range(1, 5)])
    noise = np.random.default_rng(0).normal(size=(50, 64))
    assert picture_shape(schema, smooth) == (8, 8, 1)
    assert picture_shape(schema, noise) is None
    assert picture_shape(schema, smooth[:, :60]) is None


def test_percentages():
    assert [said(percent(share)) for share in (0, 0.0001, 0.5, 1)] == ["0 %", "<0.1 %", "50.0 %", "100 %"]
    assert re.fullmatch(r"\d+(st|nd|rd|th)", nth(111))
