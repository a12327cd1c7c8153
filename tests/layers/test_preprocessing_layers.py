"""Preprocessing layers against scikit-learn."""

import jax.numpy as jnp
import numpy as np
import pytest
from sklearn.impute import SimpleImputer
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from backlit.layers.block import Context
from backlit.layers.preprocessing import CHUNK, Impute, OneHot, Standardize
from backlit.layers.scaling import Rescale

RNG = np.random.default_rng(0)


def apply(layer, state, x):
    y, after = layer.apply({}, state, jnp.asarray(x), Context())
    assert after == state
    return np.asarray(y)


def table(rows=200):
    x = RNG.normal([0, 50, -3, 1e-9], [1, 10, 1e-3, 1e-10], (rows, 4))
    x[RNG.random(x.shape) < 0.1] = np.nan
    return x


@pytest.mark.parametrize("rows", [50, CHUNK + 7])
def test_standardize_is_sklearns_scaler(rows):
    x = table(rows)
    state = Standardize().fit(x)
    scaler = StandardScaler().fit(x)
    np.testing.assert_allclose(state["mean"], scaler.mean_, rtol=1e-6)
    np.testing.assert_allclose(state["scale"], scaler.scale_, rtol=1e-6)
    x = x.astype(np.float32)
    np.testing.assert_allclose(apply(Standardize(), state, x), scaler.transform(x), rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("constant", [0.0, 0.1, 1e9, -1 / 3])
def test_a_feature_that_never_varies_becomes_zero(constant):
    x = np.full((1000, 1), constant)
    state = Standardize().fit(x)
    assert state["scale"] == 1
    np.testing.assert_allclose(apply(Standardize(), state, x.astype(np.float32)), 0, atol=1e-6)


def test_skipped_features_stay_as_they_are():
    x = np.nan_to_num(table()).astype(np.float32)
    y = apply(Standardize((1,)), Standardize((1,)).fit(x), x)
    np.testing.assert_array_equal(y[:, 1], x[:, 1])
    np.testing.assert_allclose(y[:, 0].std(), 1, rtol=1e-5)


def test_pixels_are_standardized_by_channel_and_become_floats():
    x = RNG.integers(0, 256, (20, 5, 4, 3), dtype=np.uint8)
    y = apply(Standardize(), Standardize().fit(x), x)
    assert y.dtype == np.float32
    np.testing.assert_allclose(y.mean((0, 1, 2)), 0, atol=1e-5)
    np.testing.assert_allclose(y.std((0, 1, 2)), 1, rtol=1e-5)


def test_impute_is_sklearns_median():
    x = table().astype(np.float32)
    expected = SimpleImputer(strategy="median").fit_transform(x)
    np.testing.assert_allclose(apply(Impute(), Impute().fit(x), x), expected, rtol=1e-6)


def test_impute_fills_what_is_never_known_with_zero_and_keeps_axes():
    x = np.full((4, 2, 3), np.nan, np.float32)
    x[:, 0] = 7
    state = Impute().fit(x)
    np.testing.assert_array_equal(state["fill"], [[7, 7, 7], [0, 0, 0]])
    np.testing.assert_array_equal(apply(Impute(), state, x)[2], state["fill"])


def test_impute_of_sequences_fills_by_feature_and_leaves_padding():
    x = RNG.normal(size=(6, 4, 2)).astype(np.float32)
    x[RNG.random(x.shape) < 0.2] = np.nan
    x[:, 3] = np.nan
    rows = x.reshape(-1, 2)
    padding = np.isnan(rows).all(1)
    state = Impute(sequence=True).fit(x)
    filled = apply(Impute(sequence=True), state, x).reshape(-1, 2)
    expected = SimpleImputer(strategy="median").fit_transform(rows)
    np.testing.assert_allclose(filled[~padding], expected[~padding], rtol=1e-6)
    assert np.isnan(filled[padding]).all()


def test_one_hot_of_sequences_leaves_padding():
    x = np.array([[[1, 0.5], [0, -2], [np.nan, np.nan]]], np.float32)
    y = apply(OneHot((2, 0)), {}, x)
    np.testing.assert_array_equal(y, [[[0, 1, 0.5], [1, 0, -2], [np.nan] * 3]])


@pytest.mark.parametrize("kind", [np.float32, np.int32, np.uint8])
def test_one_hot_is_sklearns_encoder(kind):
    codes = np.stack([RNG.integers(0, 3, 20), RNG.integers(0, 250, 20), RNG.integers(0, 2, 20)], 1)
    categories = [np.arange(3), np.arange(2)]
    encoded = OneHotEncoder(categories=categories, sparse_output=False).fit_transform(codes[:, [0, 2]])
    y = apply(OneHot((3, 0, 2)), {}, codes.astype(kind))
    assert y.dtype == np.float32
    np.testing.assert_array_equal(y, np.concatenate([encoded[:, :3], codes[:, [1]], encoded[:, 3:]], 1))


@pytest.mark.parametrize("unknown", [-1.0, 3.0, np.nan])
def test_an_unknown_code_becomes_zeros(unknown):
    y = apply(OneHot((3, 0)), {}, np.asarray([[unknown, -1.0]], np.float32))
    np.testing.assert_array_equal(y, [[0, 0, 0, -1]])


@pytest.mark.parametrize("shape", [(30,), (30, 2)])
def test_rescale_gives_standardized_targets_back(shape):
    y = RNG.normal(100, 20, shape)
    state = Rescale().fit(y)
    columns = y.reshape(len(y), -1)
    back = apply(Rescale(), state, ((columns - columns.mean(0)) / columns.std(0)).astype(np.float32))
    np.testing.assert_allclose(back, columns, rtol=1e-5)
