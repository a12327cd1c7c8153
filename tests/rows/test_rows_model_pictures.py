"""Rows 8 and 93 as pictures: templates of classes, filters, maps, and the patches that excite a unit."""

import numpy as np
import pytest

import backlit as bl


@pytest.fixture(scope="module")
def digits():
    return bl.fit("Dense(10)", "digits", epochs=2, standardize=False)


@pytest.fixture(scope="module")
def bars():
    """A network that tells a vertical bar from a horizontal one, and its images."""
    random = np.random.default_rng(0)
    x = random.normal(0, 0.1, (60, 7, 7, 1)).astype(np.float32)
    y = np.arange(60) % 2
    for image, label in zip(x, y, strict=True):
        place = random.integers(1, 6)
        image[(slice(None), place) if label else place] += 1
    model = bl.fit("Conv(4, 3), ReLU, GlobalMaxPool, Dense(2)", x, y, standardize=False, epochs=5, learning_rate=0.02)
    return model, x


def drawn(picture):
    return [np.asarray(image.get_array()) for image in picture.axes[0].images]


def test_row_8_the_rows_of_w_are_images_with_the_names_of_the_classes(digits):
    """`bl.pictures.plot_weights(model, "dense_1")`"""
    picture = bl.pictures.plot_weights(digits, "dense_1")
    w = np.asarray(digits.parameters["dense_1"]["weight"]).T  # K×D, as lectures write it
    assert w.shape == (10, 64)
    np.testing.assert_array_equal(drawn(picture), w.reshape(10, 8, 8))
    assert [text.get_text() for text in picture.axes[0].texts] == [str(digit) for digit in range(10)]
    assert "images of 8×8" in picture.axes[0].get_title()


def test_row_8_a_template_s_product_with_the_image_is_the_score(digits):
    x, _ = digits.examples("digits")
    templates = drawn(bl.pictures.plot_weights(digits))
    bias = np.asarray(digits.parameters["dense_1"]["bias"])
    scores = [(template * x[0].reshape(8, 8)).sum() + b for template, b in zip(templates, bias, strict=True)]
    np.testing.assert_allclose(digits.activations(x[:1], "dense_1")[0], scores, rtol=1e-4, atol=1e-4)


def test_row_93_the_filter_grid(bars):
    """`bl.pictures.plot_filters(model)`, `plot_feature_maps(model, image)`, `plot_patches(model, x, "conv_1", unit)`"""
    model, _ = bars
    filters = np.asarray(model.parameters["conv_1"]["weight"])[:, :, 0]
    np.testing.assert_array_equal(drawn(bl.pictures.plot_filters(model)), filters.transpose(2, 0, 1))


def test_row_93_the_maps_are_the_image_slid_over_by_the_filters(bars):
    model, x = bars
    maps = drawn(bl.pictures.plot_feature_maps(model, x[0], "conv_1"))[1:]
    windows = np.lib.stride_tricks.sliding_window_view(x[0, ..., 0], (3, 3))
    held = model.parameters["conv_1"]
    for unit, shown in enumerate(maps):
        by_hand = (windows * np.asarray(held["weight"])[:, :, 0, unit]).sum((2, 3)) + held["bias"][unit]
        np.testing.assert_allclose(shown, by_hand, rtol=1e-4, atol=1e-5)


def test_row_93_the_strongest_patches(bars):
    model, x = bars
    patches = drawn(bl.pictures.plot_patches(model, x, "conv_1", 2, count=4))
    windows = np.lib.stride_tricks.sliding_window_view(x[..., 0], (3, 3), axis=(1, 2))
    scores = (windows * np.asarray(model.parameters["conv_1"]["weight"])[..., 0, 2]).sum((3, 4))
    rows = np.argsort(-scores.reshape(60, -1).max(1))[:4]
    for row, patch in zip(rows, patches, strict=True):
        place = np.unravel_index(scores[row].argmax(), scores[row].shape)
        np.testing.assert_array_equal(patch, windows[row][place])
