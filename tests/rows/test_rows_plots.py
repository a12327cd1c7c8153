"""The plots of rows 25, 32, 33 and 57: what is drawn is what the formulas and the verdict say."""

import jax.numpy as jnp
import numpy as np
import pytest

import backlit as bl


def curves(axes):
    return {line.get_label(): np.array(line.get_data(), float) for line in axes.lines}


# In NumPy's float64, with the derivative from the left at a corner.
ROW_25 = {
    "Linear": (lambda z: z, lambda z: np.ones_like(z)),
    "Step": (lambda z: (z > 0) * 1.0, lambda z: np.zeros_like(z)),
    "Sign": (np.sign, lambda z: np.zeros_like(z)),
    "Sigmoid": (lambda z: 1 / (1 + np.exp(-z)), lambda z: np.exp(-z) / (1 + np.exp(-z)) ** 2),
    "Tanh": (np.tanh, lambda z: 1 / np.cosh(z) ** 2),
    "ReLU": (lambda z: np.maximum(0, z), lambda z: (z > 0) * 1.0),
    "LeakyReLU": (lambda z: np.maximum(z, 0.01 * z), lambda z: np.where(z > 0, 1, 0.01)),
    "GeneralizedReLU": (lambda z: np.maximum(0, z) + 0.25 * np.minimum(0, z), lambda z: np.where(z > 0, 1, 0.25)),
    "ELU": (lambda z: np.where(z > 0, z, np.expm1(np.minimum(z, 0))), lambda z: np.where(z > 0, 1, np.exp(z))),
    "Softplus": (lambda z: np.log1p(np.exp(z)), lambda z: 1 / (1 + np.exp(-z))),
    "Swish": (
        lambda z: z / (1 + np.exp(-z)),
        lambda z: 1 / (1 + np.exp(-z)) + z * np.exp(-z) / (1 + np.exp(-z)) ** 2,
    ),
}


def test_row_25_the_plot_shows_every_activation_and_its_derivative():
    """`bl.pictures.plot_activations()`"""
    panels = {axes.get_title().partition("\n")[0]: axes for axes in bl.pictures.plot_activations().axes}
    assert "Softmax" in panels
    for name, (value, derivative) in ROW_25.items():
        z, drawn = curves(panels[name])["f(z)"]
        np.testing.assert_allclose(drawn, value(z), rtol=1e-5, atol=1e-6)
        np.testing.assert_allclose(curves(panels[name])["derivative"][1], derivative(z), rtol=1e-4, atol=1e-6)


def test_row_32_the_plot_shows_a_large_gradient_where_the_right_class_is_improbable():
    """`bl.pictures.plot_losses()`"""
    by_margin, slopes, by_probability, steepness = bl.pictures.plot_losses().axes
    p, entropy = curves(by_probability)["cross-entropy"]
    np.testing.assert_allclose(entropy, -np.log(p), rtol=1e-4, atol=1e-6)
    gradient = curves(steepness)["cross-entropy"][1]
    np.testing.assert_allclose(gradient, -1 / p, rtol=1e-3)
    assert gradient[0] < 50 * gradient[-1] < 0  # p_y = 0.01 beside p_y = 0.99
    m, by_score = curves(slopes)["cross-entropy"]
    np.testing.assert_allclose(by_score, 1 / (1 + np.exp(-m)) - 1, rtol=1e-4, atol=1e-6)
    squares = curves(slopes)["squared error, $(1 - p_y)^2$"][1]
    assert by_score[0] < -0.99 < -0.02 < squares[0]  # the squared error has stopped learning there
    np.testing.assert_allclose(curves(by_margin)["hinge"][1], np.maximum(0, 1 - m), rtol=1e-5, atol=1e-6)


def test_row_33_the_plot_shows_what_the_two_losses_make_of_the_scores():
    """`bl.pictures.plot_scores((-2.85, 0.86, 0.28), 2)`"""
    left, right = bl.pictures.plot_scores((-2.85, 0.86, 0.28), 2).axes
    assert (left.get_title(), right.get_title()) == ("hinge loss 1.58", "cross-entropy 1.04 nats")
    scores, costs = (group.datavalues for group in left.containers)
    assert scores == pytest.approx([-2.85, 0.86, 0.28])
    assert costs == pytest.approx([1.58])
    powers = np.exp([-2.85, 0.86, 0.28])
    assert right.containers[0].datavalues == pytest.approx(powers / powers.sum())


@pytest.mark.parametrize(("rate", "says"), [(0.01, "still falling"), (0.5, "converged"), (8.0, "oscillating")])
def test_row_57_the_trace_plot_says_whether_the_rate_is_right(rate, says):
    """`bl.pictures.plot_trace(bl.minimize(f, start, learning_rate=0.01).values)`"""
    made = bl.minimize(lambda w: jnp.sqrt(1 + w**2) - 1, 3.0, learning_rate=rate, steps=100)
    axes = bl.pictures.plot_trace(made.values).axes[0]
    assert axes.get_title().lower().startswith(says)
    np.testing.assert_allclose(axes.lines[0].get_ydata(), made.values)
    assert axes.patches[0].get_x() == len(made.values) // 2  # the half that is judged
