"""The decision boundary: its shade is the probability, its line lies between, the units' lines are w·x + b = 0."""

import numpy as np
import pytest
from models import untrained

import backlit as bl
from backlit.pictures import plot_boundary


@pytest.fixture(scope="module")
def cloud():
    random = np.random.default_rng(0)
    x = (random.normal(size=(40, 2)) * [1, 30] + [5, 100]).astype(np.float32)
    return x, (x[:, 0] * 30 + x[:, 1] > 250).astype(int)


@pytest.fixture(scope="module")
def model(cloud):
    return untrained("Dense(3), Tanh, Dense(2)", *cloud)


def lines(axes):
    return [c for c in axes.collections if type(c).__name__ == "QuadContourSet"]


def test_the_shade_is_the_probability(model, cloud):
    (axes, bar) = plot_boundary(model, *cloud).axes
    shade = np.asarray(axes.images[0].get_array())
    left, right, bottom, top = axes.images[0].get_extent()
    across, up = np.linspace(left, right, shade.shape[1]), np.linspace(bottom, top, shade.shape[0])
    for row, column in ((0, 0), (20, 130), (150, 7)):
        point = np.array([[across[column], up[row]]], np.float32)
        np.testing.assert_allclose(shade[row, column], model.predict_proba(point)[0, 1], rtol=1e-4)
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("feature 0", "feature 1")
    assert bar.get_ylabel() == "probability of 1"


def test_the_boundary_is_where_both_classes_are_equally_likely(model, cloud):
    (boundary,) = lines(plot_boundary(model, *cloud).axes[0])
    points = np.concatenate([path.vertices for path in boundary.get_paths()]).astype(np.float32)
    np.testing.assert_allclose(model.predict_proba(points)[:, 1], 0.5, atol=0.01)


def test_each_units_line_is_where_its_sum_is_zero_in_the_data_s_own_units(model, cloud):
    _, *units = lines(plot_boundary(model, *cloud, units=True).axes[0])
    state = model.state["standardize_1"]
    held = model.parameters["dense_1"]
    drawn = 0
    for unit in units:
        points = np.concatenate([path.vertices for path in unit.get_paths()])
        scaled = (points - np.asarray(state["mean"])) / np.asarray(state["scale"])
        sums = scaled @ np.asarray(held["weight"]) + np.asarray(held["bias"])
        drawn += np.abs(sums).max(0).min() < 1e-4
    assert drawn == len(units) == 3


def test_the_points_stand_where_the_data_are_by_class(model, cloud):
    x, y = cloud
    axes = plot_boundary(model, x, y).axes[0]
    dots = {c.get_label(): np.asarray(c.get_offsets()) for c in axes.collections if c.get_label() in ("0", "1")}
    for k in (0, 1):
        np.testing.assert_allclose(dots[str(k)], x[y == k], rtol=1e-6)


def test_other_features_stay_at_their_median():
    model = untrained("Dense(4), ReLU, Dense(3)", "wine")
    picture = plot_boundary(model, "wine", features=("ash", 0))
    axes = picture.axes[0]
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("ash", "alcohol")
    x, _ = model.examples("wine")
    left, _, bottom, _ = axes.images[0].get_extent()
    corner = np.median(x, axis=0)
    corner[2], corner[0] = left, bottom
    likeliest = model.predict_encoded(corner[None].astype(np.float32))[0]
    shade = np.asarray(axes.images[0].get_array())[0, 0]
    color = np.array([[0, 0x72, 0xB2], [0xD5, 0x5E, 0], [0, 0x9E, 0x73]][likeliest.argmax()]) / 255
    strength = 0.08 + 0.5 * (likeliest.max() - 1 / 3) / (2 / 3)
    np.testing.assert_allclose(shade, 1 - strength * (1 - color), atol=1e-4)


def test_the_title_tells_the_slices_own_number_from_the_networks():
    model = untrained("Dense(4), ReLU, Dense(3)", "wine")
    x, y = model.examples("wine")
    on_slice = np.tile(np.median(x, axis=0), (len(x), 1))
    on_slice[:, [0, 2]] = x[:, [0, 2]]
    slices, whole = ((model.predict_encoded(rows.astype(np.float32)).argmax(1) == y).mean() for rows in (on_slice, x))
    assert slices != whole
    title = plot_boundary(model, "wine", features=("alcohol", "ash")).axes[0].get_title()
    assert f"{slices:.1%} of 178 rows right on this slice, {whole:.1%} with all features" in title


def test_scores_without_probabilities_have_a_boundary_too(cloud):
    model = untrained("Dense(1)", *cloud, loss="perceptron")
    axes = plot_boundary(model, *cloud).axes[0]
    points = np.concatenate([path.vertices for path in lines(axes)[0].get_paths()]).astype(np.float32)
    z = model.activations(points, "dense_1")
    np.testing.assert_allclose(z, 0, atol=1e-4)


def test_what_does_not_fit_is_refused_with_what_to_choose(model, cloud):
    wine = untrained("Dense(3)", "wine")
    with pytest.raises(bl.ShapeError, match=r"takes 13: choose two, such as features=\('alcohol', 'malic_acid'\)"):
        plot_boundary(wine, "wine")
    with pytest.raises(bl.SettingError, match="no feature 'alcohl': did you mean alcohol"):
        plot_boundary(wine, "wine", features=("alcohl", "ash"))
    with pytest.raises(bl.SettingError, match="name two different ones"):
        plot_boundary(wine, "wine", features=("ash", "ash"))
    with pytest.raises(bl.SettingError, match="places 0 to 12, not 13"):
        plot_boundary(wine, "wine", features=(0, 13))
    with pytest.raises(bl.SettingError, match="choose plot_fit"):
        plot_boundary(untrained("Dense(1)", "diabetes"), "diabetes")
    with pytest.raises(bl.SettingError, match="tanh_1 is none: choose dense_1, dense_2"):
        plot_boundary(model, *cloud, layer="tanh_1")
    with pytest.raises(bl.DataError, match="no target"):
        plot_boundary(model, cloud[0])
    images = untrained("Flatten, Dense(2)", np.zeros((9, 4, 4, 1), np.float32), np.arange(9) % 2)
    with pytest.raises(bl.ShapeError, match="takes 4×4×1: choose plot_hidden"):
        plot_boundary(images, np.zeros((9, 4, 4, 1)), np.arange(9) % 2)


def test_a_category_is_no_axis(tmp_path):
    table = tmp_path / "t.csv"
    rows = [f"{i},{i * 7 % 5},{'ab'[i % 2]},{'yn'[i % 3 > 0]}" for i in range(30)]
    table.write_text("\n".join(["height,width,color,well", *rows]))
    model = untrained("Dense(2)", table, target="well")
    with pytest.raises(bl.SettingError, match="color is a category"):
        plot_boundary(model, table, features=("height", "color"))
    assert plot_boundary(model, table, features=("height", "width")).axes
