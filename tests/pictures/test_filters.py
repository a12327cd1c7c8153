"""Weights, filters, maps, patches and receptive fields: what is drawn is what the network holds and makes."""

import numpy as np
import pytest
from matplotlib.patches import Rectangle
from models import untrained

import backlit as bl
from backlit.pictures import plot_feature_maps, plot_filters, plot_patches, plot_receptive_field, plot_weights

NOTATION = "Conv(3, 3, padding='same'), ReLU, MaxPool(2), Conv(4, (2, 3)), Softplus, Flatten, Dense(2)"


@pytest.fixture(scope="module")
def images():
    x = np.random.default_rng(0).normal(size=(20, 8, 10, 1)).astype(np.float32)
    return x, np.arange(20) % 2


@pytest.fixture(scope="module")
def model(images):
    return untrained(NOTATION, *images)


def tiles(picture):
    return [np.asarray(image.get_array()) for image in picture.axes[0].images]


def weight(model, layer):
    return np.asarray(model.parameters[layer]["weight"])


def test_filters_on_one_channel(model):
    picture = plot_filters(model)
    np.testing.assert_array_equal(tiles(picture), weight(model, "conv_1")[:, :, 0].transpose(2, 0, 1))
    low, high = picture.axes[0].images[0].get_clim()
    assert -low == high == np.abs(weight(model, "conv_1")).max()


def test_filters_on_many_channels_are_rows(model):
    drawn = tiles(plot_filters(model, "conv_2"))
    for place, tile in enumerate(drawn):
        np.testing.assert_array_equal(tile, weight(model, "conv_2")[:, :, place % 3, place // 3])
    assert len(drawn) == 3 * 4


def test_filters_on_colors_have_gray_for_zero():
    random = np.random.default_rng(0)
    x = random.integers(0, 256, (12, 5, 5, 3)).astype(np.uint8)
    model = untrained("Conv(2, 3), Flatten, Dense(2)", x, np.arange(12) % 2)
    held = weight(model, "conv_1")
    for tile, own in zip(tiles(plot_filters(model)), held.transpose(3, 0, 1, 2), strict=True):
        np.testing.assert_allclose((tile - 0.5) * 2 * np.abs(held).max(), own, atol=1e-6)


def test_filters_along_time():
    x = np.random.default_rng(0).normal(size=(12, 9, 2)).astype(np.float32)
    model = untrained("Conv(3, 4), GlobalMeanPool, Dense(2)", x, np.arange(12) % 2)
    np.testing.assert_array_equal(tiles(plot_filters(model)), weight(model, "conv_1").transpose(2, 1, 0))


def test_feature_maps_are_the_activations_behind_the_image(model, images):
    x, _ = images
    picture = plot_feature_maps(model, x[3], "relu_1")
    image, *maps = tiles(picture)
    made = model.activations(x[3:4], "relu_1")[0]
    np.testing.assert_array_equal(maps, made.transpose(2, 0, 1))
    span = x[3].max() - x[3].min()
    np.testing.assert_allclose(image[..., 0], (x[3, ..., 0] - x[3].min()) / span, rtol=1e-5)
    assert "relu_1: 3 maps of 8×10" in picture.axes[0].get_title()


def test_patches_are_the_strongest(model, images):
    x, _ = images
    picture = plot_patches(model, x, "conv_2", 1, count=4)
    patches = bl.strongest_patches(model, x, "conv_2", 1, 4)
    for tile, patch in zip(tiles(picture), patches, strict=True):
        np.testing.assert_array_equal(tile, patch.pixels[..., 0])
    labels = [text.get_text() for text in picture.axes[0].texts]
    assert labels == [f"{patch.strength:.3g} (row {patch.row})" for patch in patches]


def windows(picture):
    """The rectangles as (top, bottom, left, right), by the pixels that they hold."""
    boxes = [box for box in picture.axes[0].patches if isinstance(box, Rectangle)]
    return [
        tuple(
            round(edge)
            for edge in (
                box.get_y() + 0.4,
                box.get_y() + box.get_height() - 0.4,
                box.get_x() + 0.4,
                box.get_x() + box.get_width() - 0.4,
            )
        )
        for box in boxes
    ]


@pytest.mark.parametrize(
    ("layer", "place", "expected"),
    [
        ("conv_1", (0, 4), (0, 1, 3, 5)),  # cut by the upper edge
        ("maxpool_1", (2, 1), (3, 6, 1, 4)),  # rows 4 and 5, columns 2 and 3, and one more around them
        ("conv_2", (1, 0), (1, 6, 0, 6)),  # pools 1 and 2 by 0 to 2
    ],
)
def test_the_receptive_field_lies_where_the_layers_windows_do(model, images, layer, place, expected):
    drawn = windows(plot_receptive_field(model, images[0][0], layer, place))
    assert drawn[0] == expected
    for inner in drawn[1:]:
        assert inner[0] >= expected[0]
        assert inner[1] <= expected[1]
        assert inner[2] >= expected[2]
        assert inner[3] <= expected[3]


def test_a_changed_pixel_outside_the_receptive_field_changes_nothing(model, images):
    x = images[0][:1]
    top, bottom, left, right = windows(plot_receptive_field(model, x[0], "conv_2", (1, 0)))[0]
    other = x + 5
    other[:, top : bottom + 1, left : right + 1] = x[:, top : bottom + 1, left : right + 1]
    one, two = (model.activations(array, "conv_2")[0, 1, 0] for array in (x, other))
    np.testing.assert_array_equal(one, two)


def test_a_place_without_gradient_says_so(images):
    x, y = images
    model = untrained("Conv(2, 3), ReLU, GlobalMeanPool, Dense(2)", x, y)
    model.parameters["conv_1"]["bias"] = np.full(2, -1e6, np.float32)
    picture = plot_receptive_field(model, x[0], "relu_1", (2, 2))
    assert len(windows(picture)) == 1
    assert "no gradient" in picture.axes[0].get_legend().get_texts()[-1].get_text()


def test_weights_on_features_are_a_heat_map():
    model = untrained("Dense(4), ReLU, Dense(3)", "wine")
    axes = plot_weights(model).axes[0]
    np.testing.assert_array_equal(axes.images[0].get_array(), weight(model, "dense_1").T)
    labels = [label.get_text() for label in plot_weights(model, "dense_2").axes[0].get_yticklabels()]
    assert labels == ["class_0", "class_1", "class_2"]


def test_the_weights_of_an_image_behind_flatten_are_images(images):
    model = untrained("Flatten, Dense(2)", *images)
    np.testing.assert_array_equal(tiles(plot_weights(model)), weight(model, "dense_1").T.reshape(2, 8, 10))


def test_what_does_not_fit_is_refused_with_what_to_choose(model, images):
    x, _ = images
    wine = untrained("Dense(4), ReLU, Dense(3)", "wine")
    cases = [
        (lambda: plot_filters(wine), bl.SettingError, "no convolution layer, only .*dense_1.*choose plot_weights"),
        (
            lambda: plot_filters(model, "conv_3"),
            bl.SettingError,
            "'conv_3' is no convolution.*did you mean conv_2",
        ),
        (lambda: plot_weights(model, "conv_1"), bl.SettingError, "'conv_1' is no Dense layer"),
        (lambda: plot_weights(wine, image_shape=(3, 4)), bl.SettingError, r"for 13 numbers: give \(H, W\)"),
        (lambda: plot_feature_maps(model, x), bl.DataError, r"of one input, and the data hold 20: give one"),
        (lambda: plot_feature_maps(model, x[0], "dense_1"), bl.SettingError, "choose .*conv_1, relu_1"),
        (lambda: plot_patches(model, x, "dense_1"), bl.SettingError, "choose a convolutional layer"),
        (lambda: plot_receptive_field(model, x[0], "dense_1"), bl.SettingError, "choose one of .*conv_1"),
        (lambda: plot_receptive_field(model, x[0], "conv_1", (8, 0)), bl.SettingError, r"\(0, 0\) to \(7, 9\)"),
        (lambda: plot_receptive_field(wine, np.zeros(13), "dense_1"), bl.ShapeError, "this network takes 13"),
    ]
    for draw, kind, said in cases:
        with pytest.raises(kind, match=said):
            draw()


def test_weights_on_a_table_have_the_names_of_its_columns():
    axes = plot_weights(untrained("Dense(3)", "wine")).axes[0]
    assert [label.get_text() for label in axes.get_xticklabels()][:2] == ["alcohol", "malic_acid"]
    assert len(axes.get_xticks()) == 13
