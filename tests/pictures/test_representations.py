"""The hidden space, against scikit-learn's principal components."""

import numpy as np
import pytest
from models import untrained
from sklearn.decomposition import PCA

import backlit as bl
from backlit.pictures import plot_hidden


@pytest.fixture(scope="module")
def model():
    return untrained("Dense(6), Tanh, Dense(2), Dense(3)", "wine")


def test_two_units_are_drawn_as_they_are(model):
    axes = plot_hidden(model, "wine").axes[0]
    x, y = model.examples("wine")
    codes = model.activations_encoded(x, "dense_2")
    for k, dots in enumerate(axes.collections):
        np.testing.assert_allclose(dots.get_offsets(), codes[y == k], rtol=1e-5)
    assert axes.get_xlabel() == "unit 0"


def test_more_units_are_drawn_along_their_principal_components(model):
    axes = plot_hidden(model, "wine", layer="tanh_1").axes[0]
    x, y = model.examples("wine")
    found = PCA(2).fit(outputs := model.activations_encoded(x, "tanh_1").astype(np.float64))
    points = found.transform(outputs)
    drawn = np.concatenate([dots.get_offsets() for dots in axes.collections])
    order = np.argsort(y, kind="stable")
    for axis in range(2):
        sign = np.sign(drawn[0, axis] * points[order[0], axis])
        np.testing.assert_allclose(drawn[:, axis], sign * points[order, axis], rtol=1e-4, atol=1e-5)
    shares = [f"{share:.0%} of the variance" for share in found.explained_variance_ratio_]
    assert shares[0] in axes.get_xlabel()
    assert shares[1] in axes.get_ylabel()


def test_ten_classes_have_ten_colors_and_their_names_at_their_medians():
    model = untrained("Dense(2), Dense(10)", "digits")
    axes = plot_hidden(model, "digits", layer="dense_1").axes[0]
    assert len({tuple(dots.get_facecolor()[0]) for dots in axes.collections}) == 10
    for text, dots in zip(axes.texts, axes.collections, strict=True):
        assert text.get_text() == dots.get_label()
        np.testing.assert_allclose(text.xy, np.median(np.asarray(dots.get_offsets()), axis=0))


def test_numbers_are_told_by_the_shade():
    model = untrained("Dense(2), Dense(1)", "diabetes")
    axes, bar = plot_hidden(model, "diabetes", layer="dense_1").axes
    np.testing.assert_allclose(axes.collections[0].get_array(), model.examples("diabetes")[1], rtol=1e-6)
    assert bar.get_ylabel() == "target"


def test_a_single_output_is_no_plane():
    with pytest.raises(bl.SettingError, match="dense_2 has a single output"):
        plot_hidden(untrained("Dense(2), Dense(1)", "diabetes"), "diabetes", layer="dense_2")


def test_an_unknown_layer_is_refused(model):
    with pytest.raises(bl.SettingError, match="no layer 'dense_9'"):
        plot_hidden(model, "wine", layer="dense_9")
