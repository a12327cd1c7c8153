"""The bundled and toy sets by name."""

import numpy as np
import pytest
from sklearn import datasets

from backlit.data import names, read
from backlit.errors import DataError, InputError


@pytest.mark.parametrize("name", sorted(names()))
def test_every_set_known_by_name_can_be_read_split_and_described(name):
    data = read(name)
    parts = data.split(seed=3)
    assert len(parts.train) + len(parts.validation) + len(parts.test) == len(data)
    assert parts.train.x.dtype == np.float32
    assert np.isfinite(parts.train.x).all()
    assert str(data.card()).startswith(name)
    assert data.schema.task in str(data.card())


@pytest.mark.parametrize("name", ["digits", "breast_cancer", "wine", "iris", "diabetes"])
def test_bundled_sets_are_scikit_learns(name):
    found = getattr(datasets, f"load_{name}")()
    data = read(name)
    encoded, _ = data.schema.encode(data.inputs)
    np.testing.assert_array_equal(encoded, found.data.astype(np.float32))
    if data.schema.classes:
        named = [str(found.target_names[code]) for code in found.target]
        assert data.schema.decode(data.targets) == named
    else:
        np.testing.assert_array_equal(data.targets, found.target.astype(np.float32))


@pytest.mark.parametrize(
    ("name", "ones"), [("and", [(1, 1)]), ("or", [(0, 1), (1, 0), (1, 1)]), ("xor", [(0, 1), (1, 0)])]
)
def test_truth_tables_are_true(name, ones):
    data = read(name)
    assert {tuple(point) for point in data.inputs.tolist()} == {(0, 0), (0, 1), (1, 0), (1, 1)}
    assert [tuple(point) in ones for point in data.inputs.tolist()] == (data.targets == 1).tolist()


def test_formulas_without_noise_hold():
    line = read("line(noise=0)")
    np.testing.assert_allclose(line.targets, 2 * line.inputs[:, 0] + 1, atol=1e-6)
    sine = read("sine(n=50, noise=0)")
    np.testing.assert_allclose(sine.targets, np.sin(np.pi * sine.inputs[:, 0].astype(float)), atol=1e-6)
    circles = read("circles(noise=0)")
    np.testing.assert_allclose(np.linalg.norm(circles.inputs, axis=1), np.where(circles.targets, 0.5, 1), rtol=1e-6)
    spirals = read("spirals(noise=0)")
    radius = np.linalg.norm(spirals.inputs, axis=1)
    angle = 2.5 * np.pi * radius + np.pi * spirals.targets
    np.testing.assert_allclose(spirals.inputs, radius[:, None] * np.stack([np.cos(angle), np.sin(angle)], 1), atol=1e-5)


def test_settings_are_read_and_a_seed_gives_the_same_points():
    data = read("spirals(n=60, noise=0.1, seed=4)")
    assert len(data) == 60
    np.testing.assert_array_equal(data.inputs, read("spirals(seed=4, noise=0.1, n=60)").inputs)
    assert not np.array_equal(data.inputs, read("spirals(n=60, noise=0.1, seed=5)").inputs)
    assert len(read("and(n=8)")) == 8


@pytest.mark.parametrize(
    "text",
    [
        "spirals(n=__import__('os'))",
        "spirals(n=3)",
        "spirals(n=1e3)",
        "spirals(n=10**9)",
        "spirals(noise=-1)",
        "spirals(noise=1e999)",
        "spirals(noise=1e39)",
        "spirals(rows=5)",
        "spirals(5)",
        "spirals(**{'n': 5})",
        "spirals(n=5",
        "spirals()()",
        "spirals(n=True)",
        "spirals" + "(" * 10_000,
        "spirals(n=5) or exit()",
    ],
)
def test_bad_settings_of_a_toy_are_refused(text):
    with pytest.raises(InputError):
        read(text)


def test_a_set_that_takes_no_settings_says_so():
    with pytest.raises(DataError, match="did you mean diabetes"):
        read("diabetes(n=3)")


def test_a_set_with_targets_takes_no_others():
    with pytest.raises(DataError, match="leave y= out"):
        read("iris", y=np.zeros(150))
