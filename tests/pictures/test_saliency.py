"""Saliency: the picture shows the numbers of `bl.saliency`; these are tested in tests/training/test_saliency.py."""

import numpy as np
import pytest
from models import untrained

import backlit as bl
from backlit.pictures import plot_saliency


@pytest.fixture(scope="module")
def images():
    x = np.random.default_rng(0).integers(0, 256, (12, 6, 6, 3)).astype(np.uint8)
    return x, np.arange(12) % 3


@pytest.fixture(scope="module")
def model(images):
    return untrained("Conv(3, 3), Tanh, Flatten, Dense(3)", *images)


def test_the_gradient_is_the_largest_of_the_colors(model, images):
    x, _ = images
    left, right, _ = plot_saliency(model, x[0], target=2).axes
    np.testing.assert_allclose(left.images[0].get_array(), x[0] / 255)
    np.testing.assert_allclose(right.images[0].get_array(), bl.saliency(model, x[:1], target=2)[0].max(-1), rtol=1e-5)
    probabilities = model.predict_proba(x[:1])[0]
    assert f"answer {probabilities.argmax()}, {probabilities.max():.0%}" in left.get_title()


def test_integrated_gradients_are_summed_over_the_colors_around_zero(model, images):
    shade = plot_saliency(model, images[0][0], "integrated", steps=4).axes[1].images[0]
    expected = bl.saliency(model, images[0][:1], "integrated", steps=4)[0].sum(-1)
    np.testing.assert_allclose(shade.get_array(), expected, rtol=1e-4, atol=1e-6)
    low, high = shade.get_clim()
    assert -low == high


def test_grad_cam_lies_over_the_image(model, images):
    picture, heat = plot_saliency(model, images[0][0], "grad-cam").axes[1].images
    np.testing.assert_allclose(picture.get_array(), images[0][0] / 255)
    np.testing.assert_allclose(heat.get_array(), bl.saliency(model, images[0][:1], "grad-cam")[0], rtol=1e-5)


def test_a_row_of_numbers_is_an_image_where_one_says_so():
    model = untrained("Dense(3)", "wine")
    x, _ = model.examples("wine")
    with pytest.raises(bl.ShapeError, match=r"the network takes 13: say which image that is"):
        plot_saliency(model, x[0])
    shade = plot_saliency(model, x[0], image_shape=(13, 1)).axes[1].images[0]
    np.testing.assert_allclose(shade.get_array()[:, 0], bl.saliency(model, x[:1])[0], rtol=1e-5)


def test_digits_are_images_of_8_by_8():
    model = untrained("Dense(10)", "digits")
    x, _ = model.examples("digits")
    np.testing.assert_array_equal(plot_saliency(model, x[5]).axes[0].images[0].get_array(), x[5].reshape(8, 8))
