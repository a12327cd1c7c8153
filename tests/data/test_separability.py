"""Linear separability against constructions whose answer is known."""

import numpy as np
import pytest

import backlit as bl

RANDOM = np.random.default_rng(0)


@pytest.mark.parametrize("rows", [20, 500])
@pytest.mark.parametrize("scale", [1e-6, 1.0, 1e6])
def test_points_on_two_sides_of_a_plane_are_separable_until_one_is_moved(rows, scale):
    x = RANDOM.normal(size=(rows, 3))
    side = x @ [1.0, -2.0, 0.5]
    x, y = scale * (x + 5)[np.abs(side) > 0.05], (side > 0)[np.abs(side) > 0.05]
    assert bl.linearly_separable(x, y)
    inside = x[y].mean(0)  # between points of its own class
    assert not bl.linearly_separable(np.vstack([x, inside]), np.append(y, False))


def test_many_classes_are_separable_where_every_one_has_the_largest_score():
    angle = np.arange(5) * 2 * np.pi / 5
    corners = np.stack([np.cos(angle), np.sin(angle)], 1)
    assert bl.linearly_separable(corners, list("abcde"))
    on_a_line = [[-1], [0], [1], [2]]
    assert bl.linearly_separable(on_a_line, list("abcd"))
    assert not bl.linearly_separable(on_a_line, list("abac"))  # what is largest at −1 and at 1 is so between them


def test_more_features_than_rows_separate_anything():
    assert bl.linearly_separable(RANDOM.normal(size=(10, 10)), RANDOM.integers(0, 3, 10))


def test_equal_rows_of_two_classes_cannot_be_told_apart_and_one_class_needs_no_telling():
    assert not bl.linearly_separable([[1.0], [1.0]], [0, 1])
    assert bl.linearly_separable([[1.0], [1.0], [2.0]], [0, 0, 1])
    assert bl.linearly_separable([[1.0], [2.0]], ["a", "a"])


def test_images_are_rows_of_their_pixels():
    assert bl.linearly_separable(RANDOM.integers(0, 255, (6, 4, 4, 1), dtype=np.uint8), [0, 1, 0, 1, 1, 0])


@pytest.mark.parametrize(
    ("x", "y", "message"),
    [
        ([[1.0], [2.0]], [0], "one class for each row"),
        ([], [], "one class for each row"),
        ([[np.nan], [2.0]], [0, 1], "missing values"),
        ([["a"], ["b"]], [0, 1], "finite numbers"),
    ],
)
def test_what_cannot_be_decided_is_refused(x, y, message):
    with pytest.raises(bl.DataError, match=message):
        bl.linearly_separable(x, y)
