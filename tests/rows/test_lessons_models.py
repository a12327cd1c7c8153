"""The lessons on what networks can say: each makes its experiment, and what it finds is true."""

from functools import cache

import numpy as np
import pytest

from backlit.lessons.catalog import lesson_named
from backlit.lessons.lesson import Outcome
from backlit.lessons.measures import percent


@cache
def outcome(name: str) -> Outcome:
    return lesson_named(name).run()


def test_row_10_the_lesson_on_the_ladder():
    made = outcome("ladder")
    names = ("constant", "linear", "basis functions", "kernel SVM", "network")
    accuracy = [made.measures[f"accuracy, {name}"] for name in names]
    assert made.holds
    assert accuracy[0] == 0.5
    assert max(accuracy[:2]) < 0.7 < 0.95 < min(accuracy[2:])
    titles = [axes.get_title() for axes in made.picture.axes[:4]]
    assert titles == [f"{name}: {percent(share)}" for name, share in zip(names[:4], accuracy, strict=False)]


def test_row_13_the_lesson_on_stacked_linear_layers():
    made = outcome("stacked-linear")
    assert made.holds
    assert made.measures["difference"] < 1e-5
    stacked, one, _ = (axes.collections[1].get_paths()[0].vertices for axes in made.picture.axes)
    np.testing.assert_allclose(stacked, one, atol=1e-4)  # the same boundary
    slopes = np.diff(one[:, 1]) / np.diff(one[:, 0])
    np.testing.assert_allclose(slopes, slopes.mean(), rtol=1e-2)  # and it is a line
    assert made.measures["accuracy, stacked"] < 0.95 < made.measures["accuracy, curved"]
    assert "337 parameters, give the outputs of a single layer with 3 within" in made.finding


def test_row_27_the_lesson_on_vanishing_gradients():
    made = outcome("vanishing-gradients")
    assert made.holds
    for kind in ("sigmoid", "tanh, saturated"):
        assert made.measures[f"left, {kind}"] < made.measures[f"left half way, {kind}"] / 100 < 1e-3
    assert made.measures["left, sigmoid"] < 2**11 * 0.25**11  # each layer: a slope of at most 1/4, weights near 1
    for kind in ("tanh", "ReLU"):
        assert 0.1 < made.measures[f"left, {kind}"] < 10
    assert "It vanishes with sigmoid and with tanh, saturated" in made.finding


def test_row_29_the_lesson_on_activations():
    made = outcome("activations")
    losses = {name.removeprefix("loss, "): loss for name, loss in made.measures.items()}
    best = min(losses, key=losses.__getitem__)
    assert made.holds
    assert made.finding.startswith(f"{best} has the lowest validation loss, {losses[best]:.2g} ")
    assert made.picture.axes[0].get_title() == f"Chosen by validation loss: {best}"
    assert max(losses, key=losses.__getitem__) == "Sigmoid"
    assert losses["ReLU"] < losses["Sigmoid"] / 10
    drawn = [line.get_xdata()[0] for line in made.picture.axes[0].lines if line.get_markersize() == 9]
    assert drawn == pytest.approx(sorted(losses.values(), reverse=True))
