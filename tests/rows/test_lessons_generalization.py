"""Rows 71 to 82: the lessons on capacity and generalization, each run once, and what their findings say."""

from functools import cache
from itertools import pairwise

import numpy as np
import pytest

from backlit.lessons.catalog import lesson_named
from backlit.lessons.lesson import Outcome
from backlit.lessons.measures import percent


@cache
def outcome(name: str) -> Outcome:
    """The outcome of a lesson, which runs once."""
    return lesson_named(name).run()


def axes_of(name: str) -> list:
    """The panels of a lesson's picture."""
    return outcome(name).picture.axes


def heights(container) -> list[float]:
    """The middles of a curve with error bars."""
    return container.lines[0].get_ydata().tolist()


def test_row_71_more_hidden_units_separate_better():
    """`backlit lesson hidden-units`"""
    found = outcome("hidden-units")
    three, six, twenty = (found.measures[f"accuracy, {units} units"] for units in (3, 6, 20))
    assert three < six < twenty
    assert twenty > 0.95
    assert found.holds
    for units, accuracy in ((3, three), (6, six), (20, twenty)):
        assert f"with {units} for {percent(accuracy)}" in found.finding
    titles = [axes.get_title() for axes in axes_of("hidden-units")]
    for title, (units, accuracy) in zip(titles, ((3, three), (6, six), (20, twenty)), strict=True):
        assert title.startswith(f"{units} hidden units\n{percent(accuracy)} ")


def test_row_72_the_boundary_is_smoother_with_a_larger_constant():
    """`backlit lesson regularization`"""
    found = outcome("regularization")
    slopes = [value for name, value in found.measures.items() if name.startswith("slope")]
    assert len(slopes) > 3
    assert found.holds == all(after < before for before, after in pairwise(slopes))
    assert slopes[-1] < slopes[0]
    np.testing.assert_allclose(heights(axes_of("regularization")[-1].containers[0]), slopes, rtol=1e-6)


def test_row_73_few_units_underfit_many_overfit_and_more_rows_close_the_gap():
    """`backlit lesson bias-variance`"""
    found = outcome("bias-variance")
    error = {
        (part, units, rows): found.measures[f"{part} error, {units} units, {rows} rows"]
        for part in ("training", "test")
        for units in (1, 5, 30)
        for rows in (20, 200)
    }
    noise = found.measures["noise"]
    assert min(error["training", 1, 20], error["test", 1, 20]) > 2 * noise
    assert error["training", 30, 20] < noise < error["test", 30, 20]
    assert error["training", 5, 20] < error["training", 1, 20]
    gaps = [error["test", 30, rows] - error["training", 30, rows] for rows in (20, 200)]
    assert gaps[1] < gaps[0] / 2
    assert found.holds


def test_row_74_the_error_falls_with_width_and_stays_for_a_polynomial():
    """`backlit lesson universal-approximation`"""
    found = outcome("universal-approximation")
    x = np.linspace(-1, 1, 128)
    y = np.exp(x) * np.sin(2 * np.pi * x)
    design = np.stack([np.ones_like(x), x, x**2], 1)
    bound = np.sqrt(np.mean(np.square(y - design @ np.linalg.lstsq(design, y, rcond=None)[0])))
    assert found.measures["error of the best parabola"] == pytest.approx(bound, rel=1e-4)
    for units in (1, 4, 10, 30):
        assert found.measures[f"error, az + bz², {units} units"] >= bound * (1 - 1e-4)
    for name in ("tanh", "ReLU"):
        assert found.measures[f"error, {name}, 30 units"] < found.measures[f"error, {name}, 1 units"] / 5
        assert found.measures[f"error, {name}, 30 units"] < bound / 5
    assert found.holds


def test_row_75_three_units_make_a_triangle_and_more_any_hull():
    """`backlit lesson convex-hull`"""
    found = outcome("convex-hull")
    assert found.measures["accuracy by hand, triangle"] == found.measures["accuracy by hand, hull"] == 1
    assert found.measures["best accuracy trained"] > 0.95
    assert found.holds


def test_row_75_the_units_by_hand_are_the_sides_of_the_triangle():
    from backlit.lessons.generalization.convex_hull import TRIANGLE, half_planes, outputs

    sides = half_planes(TRIANGLE)["dense_1"]
    distances = TRIANGLE @ sides["weight"] + sides["bias"]
    assert (np.isclose(distances, 0, atol=1e-9).sum(0) == 2).all()  # each line goes through two corners
    shares = np.random.default_rng(3).dirichlet(np.ones(3), 200)
    edge = shares.min(1) > 1e-3
    assert (outputs(half_planes(TRIANGLE), (shares @ TRIANGLE).astype(np.float32))[edge] > 0).all()
    beyond = shares.copy()
    beyond[:, 0] = -beyond[:, 0]  # on the other side of the edge across from the first corner
    beyond /= beyond.sum(1, keepdims=True)
    outside = np.abs(beyond[:, 0]) > 1e-3
    assert (outputs(half_planes(TRIANGLE), (beyond @ TRIANGLE).astype(np.float32))[outside] < 0).all()


def test_row_76_the_hidden_space_becomes_linearly_separable():
    """`backlit lesson depth-and-difficulty`"""
    found = outcome("depth-and-difficulty")
    spirals = [
        found.measures[f"linear accuracy, spirals, {layer}"] for layer in ("input", "tanh_1", "tanh_2", "tanh_3")
    ]
    assert spirals[0] < 0.7
    assert spirals[-1] > 0.97
    assert spirals[0] < spirals[1] < spirals[-1]
    assert found.measures["linear accuracy, circles, tanh_1"] > spirals[1]
    assert found.measures["linear accuracy, circles, input"] < 0.6


def test_row_77_the_lesson_compares_equal_parameters_and_says_what_came_out():
    """`backlit lesson depth`"""
    found = outcome("depth")
    assert {found.measures[f"parameters, {depth} layers"] for depth in (1, 2, 3)} == {177}
    for task in ("spirals", "moons"):
        shallow, *deeper = (found.measures[f"test accuracy, {task}, {depth} layers"] for depth in (1, 2, 3))
        assert found.measures[f"gain of depth, {task}"] == pytest.approx(max(deeper) - shallow)
        assert f"on the {task} 1 hidden layer is right for {percent(shallow)}" in found.finding
    assert found.holds == (found.finding.count("a clear gain") == 2)
    assert found.finding.count("clear gain") == 2


def test_row_78_the_lesson_stops_at_best_and_patience():
    """`backlit lesson early-stopping`"""
    found = outcome("early-stopping")
    assert found.measures["stops at best + patience"] == 1
    assert found.measures["epochs, patience 10"] < found.measures["epochs, patience 100"]
    assert found.measures["lowest validation loss"] < found.measures["last validation loss"]
    gained = found.measures["test loss, patience 10"] - found.measures["test loss, patience 100"]
    assert ("gained nothing" in found.finding) == (gained <= 0)


def test_row_79_the_lesson_averages_masks_and_closes_the_gap():
    """`backlit lesson dropout`"""
    found = outcome("dropout")
    off = found.measures["mean over masks"] - found.measures["at test time"]
    assert abs(off) < 4 * found.measures["standard error"]
    gaps = [
        found.measures[f"test loss, rate {rate}"] - found.measures[f"train loss, rate {rate}"] for rate in ("0", "0.5")
    ]
    assert gaps[1] < gaps[0]
    assert found.holds


def test_row_80_the_lesson_gains_where_the_symmetry_holds():
    """`backlit lesson augmentation`"""
    found = outcome("augmentation")
    none, affine, mirror = (found.measures[f"accuracy, {name}"] for name in ("none", "affine", "mirror"))
    assert mirror < none < affine
    assert found.measures["mirror, other digits"] < found.measures["mirror, symmetric digits"]


def test_row_81_learning_curves_of_a_network_and_classical_models():
    """`backlit lesson amount-of-data`"""
    found = outcome("amount-of-data")
    names = ("network", "nearest neighbor", "logistic regression", "random forest", "support vector machine")
    accuracy = {
        (name, size): found.measures[f"accuracy, {name}, {size} rows"]
        for name in names
        for size in (30, 100, 300, 1000)
    }
    for name in names:
        curve = [accuracy[name, size] for size in (30, 100, 300, 1000)]
        assert curve == sorted(curve)
        assert curve[-1] > 0.93
    best = max(accuracy["network", 1000], *(accuracy[name, 1000] for name in names[1:]))
    ahead = best == accuracy["network", 1000]
    assert ("does not overtake" in found.finding) == (not found.holds)
    assert ahead or not found.holds
    (axes,) = axes_of("amount-of-data")
    drawn = {bars.get_label(): heights(bars) for bars in axes.containers}
    for name in names:
        np.testing.assert_allclose(
            drawn[name], [100 - 100 * accuracy[name, size] for size in (30, 100, 300, 1000)], rtol=1e-6
        )


def test_row_82_units_answer_to_digits_and_the_cost_is_known_before_training():
    """`backlit lesson what-layers-mean`"""
    found = outcome("what-layers-mean")
    assert found.measures["parameters as predicted"] == 1
    for width in (64, 512, 1024):
        assert found.measures[f"multiply-adds, {width} units"] == 64 * width + width * width + 10 * width
    assert found.measures["test accuracy"] > 0.9
    assert found.measures["lowest contrast"] > 1.2
    image = axes_of("what-layers-mean")[0].images[0].get_array()
    assert image.shape == (35, 35)
    assert np.ma.getmaskarray(image)[8].all()  # a gap between two rows of units
