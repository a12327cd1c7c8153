"""Activations and losses as pictures, against NumPy's float64."""

import numpy as np
import pytest

import backlit as bl
from backlit.functions.activations import ACTIVATIONS

pictures = bl.pictures


def curves(axes):
    """Each curve's data by its label."""
    return {line.get_label(): np.array(line.get_data(), float) for line in axes.lines if line.get_label()[0] != "_"}


def shown(picture):
    return [axes for axes in picture.axes if axes.get_visible()]


def test_every_activation_has_a_panel_with_its_equation():
    titles = [axes.get_title() for axes in shown(pictures.plot_activations())]
    assert titles == [f"{name}\n{activation.equation}" for name, activation in ACTIVATIONS.items()]


def test_activations_are_chosen_by_name_in_any_case():
    tanh, relu = shown(pictures.plot_activations("tanh", "RELU"))
    z, value = curves(tanh)["f(z)"]
    np.testing.assert_allclose(value, np.tanh(z), rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(curves(tanh)["derivative"][1], 1 / np.cosh(z) ** 2, rtol=1e-4, atol=1e-6)
    assert relu.get_title() == "ReLU\nmax(z, 0)"


def test_the_softmax_of_two_scores_is_the_sigmoid():
    drawn = curves(shown(pictures.plot_activations("softmax"))[0])
    z, value = drawn["f(z)"]
    right = 1 / (1 + np.exp(-z))
    np.testing.assert_allclose(value, right, rtol=1e-5)
    np.testing.assert_allclose(drawn["derivative"][1], right * (1 - right), rtol=1e-4, atol=1e-6)


def test_losses_of_numbers_are_over_the_error():
    loss, gradient = shown(pictures.plot_losses("mse", bl.Huber(delta=2.0)))
    e, squares = curves(loss)["mse"]
    np.testing.assert_allclose(squares, e**2, rtol=1e-5)
    np.testing.assert_allclose(curves(gradient)["huber(delta=2.0)"][1], np.clip(e, -2, 2), rtol=1e-5, atol=1e-6)


def test_losses_without_probabilities_are_over_the_margin_alone():
    margin, _, probability, _ = shown(pictures.plot_losses("squared-hinge", "perceptron", "bce"))
    assert set(curves(probability)) == {"bce", "squared error, $(1 - p_y)^2$"}
    m, squared = curves(margin)["squared-hinge"]
    np.testing.assert_allclose(squared, np.maximum(0, 1 - m) ** 2, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(curves(margin)["perceptron"][1], np.maximum(0, -m), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    ("show", "said"),
    [
        (lambda: pictures.plot_activations("rellu"), "no activation 'rellu': did you mean ReLU"),
        (lambda: pictures.plot_losses("hing"), "no loss 'hing'"),
        (lambda: pictures.plot_losses("mse", "hinge"), "no axis in common"),
        (lambda: pictures.plot_losses("gaussian"), "no function of one error or score: choose of mse"),
        (lambda: pictures.plot_losses(lambda outputs, targets: outputs), "no function of one error"),
        (lambda: pictures.plot_losses(*["hinge"] * 7), "6 losses .* not 7"),
        (lambda: pictures.plot_scores([1.0], 0), "at least two finite numbers"),
        (lambda: pictures.plot_scores([[1.0, 2.0]], 0), "at least two finite numbers"),
        (lambda: pictures.plot_scores([1.0, np.nan], 0), "at least two finite numbers"),
        (lambda: pictures.plot_scores(["a", "b"], 0), "at least two finite numbers"),
        (lambda: pictures.plot_scores([1.0, 2.0], 2), "classes 0 to 1, not 2"),
    ],
)
def test_what_cannot_be_shown_is_named(show, said):
    with pytest.raises(bl.InputError, match=said):
        show()
