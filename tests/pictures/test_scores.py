"""Fit, confusion and calibration, against scikit-learn's scores."""

import numpy as np
import pytest
from matplotlib.figure import Figure
from models import untrained
from sklearn.calibration import calibration_curve
from sklearn.metrics import confusion_matrix, r2_score

import backlit as bl
from backlit.pictures import plot_calibration, plot_confusion, plot_fit


@pytest.fixture(scope="module")
def wine():
    return untrained("Dense(3)", "wine")


@pytest.fixture(scope="module")
def moons():
    return untrained("Dense(4), Tanh, Dense(1)", "moons")


def answers(model, name):
    x, y = model.examples(name)
    return model.predict_encoded(x), y


def test_a_fit_of_one_input_is_a_curve_through_the_points():
    model = untrained("Dense(4), Tanh, Dense(1)", "sine(n=50)")
    axes = plot_fit(model, "sine(n=50)").axes[0]
    x, y = model.examples("sine(n=50)")
    np.testing.assert_allclose(axes.collections[0].get_offsets(), np.column_stack([x[:, 0], y]), rtol=1e-6)
    along, curve = axes.lines[0].get_data()
    np.testing.assert_allclose(curve, model.predict(along[:, None]), rtol=1e-5)
    assert f"{r2_score(y, model.predict_encoded(x)[:, 0]):.3f}" in axes.get_title()


def test_a_fit_of_several_inputs_is_predicted_against_actual():
    model = untrained("Dense(1)", "diabetes")
    axes = plot_fit(model, "diabetes").axes[0]
    predicted, actual = answers(model, "diabetes")
    points, band = axes.collections
    np.testing.assert_allclose(points.get_offsets(), np.column_stack([actual, predicted[:, 0]]), rtol=1e-6)
    diagonal = axes.lines[0].get_data()
    np.testing.assert_array_equal(diagonal[0], diagonal[1])
    rms = np.sqrt(np.mean((actual - predicted[:, 0]) ** 2))
    edges = band.get_paths()[0].vertices
    np.testing.assert_allclose(np.abs(edges[:, 1] - edges[:, 0]), rms, rtol=1e-4)
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("actual target", "predicted target")


def test_of_several_targets_one_is_chosen():
    model = untrained("Dense(3)", "linnerud")
    with pytest.raises(bl.SettingError, match="gives 3 numbers: choose one, such as target='Weight'"):
        plot_fit(model, "linnerud")
    with pytest.raises(bl.SettingError, match="no target 3: choose one of 'Weight', 'Waist', 'Pulse'"):
        plot_fit(model, "linnerud", target=3)
    _, targets = model.examples("linnerud")
    for target in ("Pulse", 2):
        points = plot_fit(model, "linnerud", target=target).axes[0].collections[0].get_offsets()
        np.testing.assert_allclose(points[:, 0], targets[:, 2], rtol=1e-6)


def test_classes_have_no_fit_and_numbers_no_confusion(wine):
    with pytest.raises(bl.SettingError, match="choose plot_confusion"):
        plot_fit(wine, "wine")
    with pytest.raises(bl.SettingError, match="choose plot_fit"):
        plot_confusion(untrained("Dense(1)", "diabetes"), "diabetes")


def test_the_confusion_is_scikit_learns(wine):
    axes = plot_confusion(wine, "wine").axes[0]
    probabilities, targets = answers(wine, "wine")
    counts = confusion_matrix(targets, probabilities.argmax(-1))
    np.testing.assert_allclose(axes.images[0].get_array(), counts / counts.sum(1, keepdims=True))
    cells = {tuple(map(int, text.get_position())): text.get_text() for text in axes.texts}
    for actual, predicted in np.ndindex(counts.shape):
        count, share = counts[actual, predicted], counts[actual, predicted] / counts[actual].sum()
        assert cells.get((predicted, actual)) == (f"{count}\n{share:.0%}" if count else None)
    assert [label.get_text() for label in axes.get_yticklabels()] == ["class_0", "class_1", "class_2"]
    wrong = counts.sum() - np.trace(counts)
    assert f"{wrong} of 178 wrong" in axes.get_title()


@pytest.mark.parametrize(("classes", "numbers"), [(20, True), (21, False)])
def test_many_classes_have_shades_alone(classes, numbers):
    random = np.random.default_rng(0)
    x, y = random.normal(size=(6 * classes, 3)).astype(np.float32), np.arange(6 * classes) % classes
    axes = plot_confusion(untrained(f"Dense({classes})", x, y, task="many classes"), x, y).axes[0]
    assert bool(axes.texts) == numbers
    assert len(axes.get_yticklabels()) == classes


def test_the_calibration_is_scikit_learns(moons, wine):
    for model, name, bins in ((moons, "moons", 10), (wine, "wine", 7)):
        probabilities, targets = answers(model, name)
        if model is moons:
            came, stated = targets, probabilities[:, 1]
        else:
            came, stated = targets == probabilities.argmax(1), probabilities.max(1)
        observed, means = calibration_curve(came, stated, n_bins=bins)
        above, below = plot_calibration(model, name, bins=bins).axes
        x, y = above.lines[1].get_data()
        np.testing.assert_allclose(x, means, rtol=1e-5)
        np.testing.assert_allclose(y, observed, rtol=1e-5)
        counts = np.array([bar.get_height() for bar in below.patches])
        assert counts.sum() == len(targets)
        assert [text.get_text() for text in below.texts] == [str(int(count)) for count in counts]
        sizes = np.concatenate([dots.get_sizes() for dots in above.collections if hasattr(dots, "get_sizes")])
        np.testing.assert_array_equal(np.argsort(sizes, kind="stable"), np.argsort(counts, kind="stable"))
        error = (counts / counts.sum() * np.abs(observed - means)).sum()
        assert f"{error:.3f}" in above.get_title()


def test_calibration_needs_probabilities(moons):
    with pytest.raises(bl.SettingError, match="no probabilities"):
        plot_calibration(untrained("Dense(1)", "moons", loss="hinge"), "moons")
    with pytest.raises(bl.SettingError, match="bins is a whole number of at least 2"):
        plot_calibration(moons, "moons", bins=1)


def test_a_plot_on_given_axes_and_in_a_file(wine, tmp_path):
    axes = Figure().subplots()
    assert plot_confusion(wine, "wine", axes=axes, path=None) is axes.figure
    plot_confusion(wine, "wine", path=tmp_path / "c.svg")
    assert "predicted class" in (tmp_path / "c.svg").read_text()
    with pytest.raises(bl.FileError, match="there is no folder"):
        plot_confusion(wine, "wine", path=tmp_path / "none" / "c.png")
