"""Fixed features against scikit-learn and against the kernels that they stand for."""

import jax.numpy as jnp
import numpy as np
import pytest
from sklearn.metrics.pairwise import polynomial_kernel, rbf_kernel
from sklearn.preprocessing import PolynomialFeatures

import backlit as bl

X = np.random.default_rng(0).normal(size=(40, 3)).astype(np.float32)
NEW = np.random.default_rng(1).normal(size=(7, 3)).astype(np.float32)


def apply(layer, x, state=None):
    return np.asarray(layer.apply({}, layer.fit(X) if state is None else state, jnp.asarray(x), bl.Context())[0])


@pytest.mark.parametrize("degree", [1, 2, 3, 5])
def test_the_products_are_scikit_learns(degree):
    theirs = PolynomialFeatures(degree, include_bias=False).fit_transform(X.astype(np.float64))
    np.testing.assert_allclose(apply(bl.Polynomial(degree), X, {}), theirs, rtol=1e-5)
    alone = np.concatenate([X**power for power in range(1, degree + 1)], 1)
    np.testing.assert_allclose(apply(bl.Polynomial(degree, mixed=False), X, {}), alone, rtol=1e-5)


def test_too_many_products_are_refused_before_any_is_made():
    with pytest.raises(bl.ShapeError, match=r"80,931,144 products of 784 inputs.*mixed=False"):
        bl.network("Flatten, Polynomial(3)").plan((28, 28))


@pytest.mark.parametrize(
    ("layer", "kernel"),
    [
        (bl.Kernel(40, gamma=0.7), lambda a, b: rbf_kernel(a, b, gamma=0.7)),
        (bl.Kernel(40), lambda a, b: rbf_kernel(a, b, gamma=1 / (3 * X.var()))),
        (
            bl.Kernel(40, kernel="polynomial", gamma=0.5, degree=2, offset=2.0),
            lambda a, b: polynomial_kernel(a, b, degree=2, gamma=0.5, coef0=2.0),
        ),
    ],
)
def test_kernel_features_are_the_kernel(layer, kernel):
    np.testing.assert_allclose(apply(layer, NEW), kernel(NEW, X), rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("kernel", ["rbf", "polynomial"])
def test_with_all_rows_as_centers_inner_products_are_the_kernel(kernel):
    exact = bl.Nystroem(40, kernel=kernel, gamma=0.4)
    ours = apply(exact, NEW) @ apply(exact, X).T
    wanted = rbf_kernel(NEW, X, gamma=0.4) if kernel == "rbf" else polynomial_kernel(NEW, X, gamma=0.4)
    np.testing.assert_allclose(ours, wanted, rtol=2e-3, atol=2e-3 * wanted.max())
    assert exact.note(40) is None


def test_with_fewer_centers_it_is_nystroems_approximation_and_says_so():
    layer = bl.Nystroem(10, gamma=0.4)
    centers = layer.fit(X)["center"]
    assert {tuple(row) for row in centers} < {tuple(row) for row in X}
    between = rbf_kernel(X, centers.astype(np.float64), gamma=0.4)
    wanted = between @ np.linalg.inv(rbf_kernel(centers.astype(np.float64), gamma=0.4)) @ between.T
    np.testing.assert_allclose(apply(layer, X) @ apply(layer, X).T, wanted, atol=1e-3)
    assert layer.note(40) == "the kernel is Nyström's approximation by 10 of the 40 training rows, not exact"


def test_equal_rows_leave_no_direction_out_of_hand():
    repeated = np.repeat(X[:4], 10, axis=0)
    layer = bl.Nystroem(40, gamma=0.4)
    features = apply(layer, repeated, layer.fit(repeated))
    np.testing.assert_allclose(features @ features.T, rbf_kernel(repeated, gamma=0.4), atol=1e-3)


def test_random_waves_approach_the_kernel_like_the_root_of_their_number():
    errors = []
    for units in (100, 10_000):
        features = apply(bl.RandomFourier(units, gamma=0.3), X)
        errors.append(np.abs(features @ features.T - rbf_kernel(X, gamma=0.3)).mean())
    assert errors[1] < 0.01
    assert errors[0] / errors[1] == pytest.approx(10, rel=0.5)


def test_the_seed_draws_and_the_same_seed_draws_the_same():
    for make in (lambda seed: bl.RandomFourier(5, seed=seed), lambda seed: bl.Kernel(5, seed=seed)):
        first, again, other = (apply(make(seed), NEW) for seed in (0, 0, 1))
        np.testing.assert_array_equal(first, again)
        assert not np.array_equal(first, other)


def test_more_centers_than_rows_are_refused():
    with pytest.raises(bl.SettingError, match=r"Nystroem takes 50 training rows as centers, and there are 40"):
        bl.Nystroem(50).fit(X)


@pytest.mark.parametrize(
    "text",
    [
        "Polynomial(0)",
        "Polynomial(2, mixed=2)",
        "Kernel(0)",
        "Kernel(3, gamma=0)",
        "Kernel(3, kernel='laplace')",
        "Kernel(3, offset=-1)",
        "Nystroem(3, degree=0)",
        "RandomFourier(0)",
        "RandomFourier(3, gamma=-1.0)",
        "RandomFourier(3, seed=-1)",
    ],
)
def test_settings_out_of_range_are_refused(text):
    with pytest.raises(bl.SettingError, match=text.partition("(")[0]):
        bl.network(text)
