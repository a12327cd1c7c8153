"""Row 93: what the layers of a convolutional network learn."""

import numpy as np
import pytest

import backlit as bl


@pytest.fixture(scope="module")
def trained():
    """A network that tells images with a vertical edge from images with a horizontal one, and its data."""
    random = np.random.default_rng(0)
    x = random.normal(0, 0.1, (120, 8, 8, 1)).astype(np.float32)
    y = np.arange(120) % 2
    for image, label in zip(x, y, strict=True):
        place = random.integers(2, 6)
        if label:
            image[:, place:] += 1
        else:
            image[place:] += 1
    model = bl.fit("Conv(4, 3), ReLU, GlobalMaxPool, Dense(2)", x, y, standardize=False, epochs=60, learning_rate=0.02)
    return model, x


def test_row_93_the_filters_and_maps_can_be_read(trained):
    """`model.activations(x, "conv_1")`, `bl.strongest_patches(model, x, "conv_1", unit=0)`"""
    model, x = trained
    assert model.scores["test"]["accuracy"] == 1
    filters = np.asarray(model.parameters["conv_1"]["weight"])
    assert filters.shape == (3, 3, 1, 4)
    maps = model.activations(x, "conv_1")
    for row, i, j, k in ((0, 0, 0, 0), (3, 2, 5, 1), (7, 5, 1, 3)):
        by_hand = (x[row, i : i + 3, j : j + 3] * filters[..., k]).sum() + model.parameters["conv_1"]["bias"][k]
        np.testing.assert_allclose(maps[row, i, j, k], by_hand, rtol=1e-4, atol=1e-5)


def test_row_93_the_strongest_patches_are_the_images_pieces_that_the_unit_answers_most(trained):
    model, x = trained
    filters = np.asarray(model.parameters["conv_1"]["weight"])
    for unit in range(4):
        patches = bl.strongest_patches(model, x, "conv_1", unit=unit, count=5)
        assert [patch.strength for patch in patches] == sorted((p.strength for p in patches), reverse=True)
        assert len({patch.row for patch in patches}) == 5
        windows = np.lib.stride_tricks.sliding_window_view(x[..., 0], (3, 3), axis=(1, 2))
        scores = (windows * filters[..., 0, unit]).sum((3, 4)) + np.asarray(model.parameters["conv_1"]["bias"])[unit]
        np.testing.assert_allclose(patches[0].strength, scores.max(), rtol=1e-4)
        top, left = patches[0].corner
        np.testing.assert_array_equal(patches[0].pixels, x[patches[0].row, top : top + 3, left : left + 3])


def test_row_93_deeper_units_see_larger_patches():
    x = np.random.default_rng(1).normal(size=(40, 12, 12, 1)).astype(np.float32)
    notation = "Conv(3, 3), Softplus, Conv(3, 3), Softplus, Conv(3, 3), GlobalMeanPool, Dense(2)"
    model = bl.fit(notation, x, np.arange(40) % 2, epochs=1)
    for layer, side in (("conv_1", 3), ("conv_2", 5), ("conv_3", 7)):
        patch = bl.strongest_patches(model, x, layer, count=1)[0]
        assert patch.pixels.shape == (side, side, 1)


def test_row_93_a_layer_without_places_is_refused(trained):
    model, x = trained
    with pytest.raises(bl.SettingError, match="choose a convolutional layer"):
        bl.strongest_patches(model, x, "dense_1")
    with pytest.raises(bl.SettingError, match="units 0 to 3"):
        bl.strongest_patches(model, x, "conv_1", unit=4)
