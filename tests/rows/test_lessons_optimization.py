"""The lessons on descent: each makes its experiment, and what it finds is true."""

from functools import cache

import numpy as np
import pytest

from backlit.lessons.catalog import lesson_named
from backlit.lessons.lesson import Outcome


@cache
def outcome(name: str) -> Outcome:
    return lesson_named(name).run()


def test_row_52_the_lesson_on_searches():
    made = outcome("searches")
    losses = [made.measures[f"loss, {name}"] for name in ("gradient descent", "random local search", "random search")]
    assert made.holds
    assert losses[0] < losses[1] / 100 < losses[2] / 1000
    assert "300 evaluations brought gradient descent to" in made.finding
    assert [line.get_ydata()[-1] for line in made.picture.axes[0].lines] == pytest.approx(losses[::-1])


def test_row_56_the_lesson_on_the_closed_form():
    made = outcome("closed-form")
    assert made.holds
    assert made.measures["difference"] < 1e-5
    for what, powers in {"closed form": (1, 2), "step": (1, 1)}.items():
        found = [made.measures[f"doubling {over}, {what}"] for over in ("rows", "features")]
        assert found == pytest.approx(powers, abs=0.05)


def test_row_57_the_lesson_on_step_sizes():
    made = outcome("step-sizes")
    assert made.holds
    titles = [axes.get_title() for axes in made.picture.axes[3:]]
    assert titles == ["trace: still falling", "trace: converged", "trace: oscillating"]
    lowest = np.log(2) - np.log(3) * 3 / 4 + np.log(2)  # where the slope is zero, exp(2w) = 1/3
    assert made.measures["last loss, right"] == pytest.approx(lowest, abs=1e-5)
    assert min(made.measures.values()) == made.measures["last loss, right"]


def test_row_58_the_lesson_on_curvature():
    made = outcome("curvature")
    assert made.holds
    assert made.measures["slope, gentle"] == made.measures["slope, steep"] == -2
    assert made.measures["best step, gentle"] == pytest.approx(2 / 1)  # the slope over the second derivative
    assert made.measures["best step, steep"] == pytest.approx(2 / 8)
    assert made.measures["loss, steep, cosine"] < made.measures["loss, steep, constant"] / 1000


def test_row_59_the_lesson_on_newton():
    made = outcome("newton")
    assert made.holds
    assert made.measures["steps, quadratic, newton"] == 1
    bottom = made.picture.axes[0].lines[1].get_xydata()[-1]
    np.testing.assert_allclose(bottom, [1, -1], atol=1e-5)
    other = made.picture.axes[1].lines[1].get_xydata()[-1]  # where all three slopes cancel
    np.testing.assert_allclose(other, [-np.log(2) / 2, 0], atol=1e-4)


def test_row_62_the_lesson_on_momentum():
    made = outcome("momentum")
    assert made.holds
    for condition in (30, 100, 300):  # at its best rate each step leaves (κ − 1)/(κ + 1) of the distance
        expected = np.log(1e-3) / np.log((condition - 1) / (condition + 1))
        assert made.measures[f"gradient descent, condition {condition}"] == pytest.approx(expected, rel=0.05)
    assert made.measures["momentum, condition 300"] < 2 * np.log(1e-3) / np.log(0.8**0.5)  # of at best √α a step
    assert made.measures["crossings, gradient-descent"] == 40
    assert made.measures["crossings, momentum"] < 10
    assert "gradient descent needs 330 steps there and momentum 0.8 63" in made.finding
    assert "In wider valleys (condition numbers 1, 3, 10) momentum is no faster." in made.finding


def test_row_65_the_lesson_on_critical_points():
    made = outcome("critical-points")
    assert made.holds
    titles = [axes.get_title() for axes in made.picture.axes]
    assert titles[:3] == ["minimum\nλ = 2 and 4", "maximum\nλ = −4 and −2", "saddle\nλ = −2 and 4"]
    assert titles[3:5] == ["flat\nλ = 0 and 2", "poorly conditioned minimum\nλ = 1 and 100"]
    # (1 − 1/κ)ⁿ ≤ 1/1000 ends the gentle direction
    assert made.measures["steps, condition 100"] == np.ceil(np.log(1e-3) / np.log(0.99))
    # of [[a, b], [b, c]] with a, c ~ N(0, 4) and b ~ N(0, 2), the determinant is negative with probability 1/√2
    assert made.measures["share of saddles, 2 weights"] == pytest.approx(0.5**0.5, abs=0.03)


def test_row_66_the_lesson_on_noise():
    made = outcome("noise")
    rates = [made.measures[f"escaped, batches of {size}"] for size in (1, 2, 4, 8)]
    assert made.holds
    assert rates[0] > 0.5 > rates[1] > rates[2] >= rates[3] == 0
    assert [bar.get_height() for bar in made.picture.axes[1].patches] == pytest.approx([100 * rate for rate in rates])


def test_row_68_the_lesson_on_exploding_gradients():
    made = outcome("exploding-gradients")
    assert made.holds
    for scale in (0.5, 0.71, 1.41, 2):  # a factor forward and one back at each layer
        assert made.measures[f"powers of ten a layer, {scale:g}"] == pytest.approx(2 * np.log10(scale), abs=0.03)


def test_row_70_the_lesson_on_the_training_minimum():
    made = outcome("training-minimum")
    assert made.holds
    assert made.measures["best epoch, unseen rows"] < made.measures["best epoch, training rows"] / 4
    assert made.measures["unseen loss, there"] > 1.5 * made.measures["unseen loss, lowest"]
    assert made.measures["earlier"] == 8
