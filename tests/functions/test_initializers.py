"""Initializers: the variance each promises, its reproducibility, and its refusals."""

import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import backlit as bl
from backlit.functions import INITIALIZERS, initializer_named

KEY = jax.random.key(0)
DENSE, KERNEL = (300, 200), (3, 3, 40, 60)


@pytest.mark.parametrize(
    ("kind", "shape", "variance"),
    [
        (bl.He, DENSE, 2 / 300),
        (bl.He, KERNEL, 2 / (9 * 40)),
        (bl.Glorot, DENSE, 2 / 500),
        (bl.Glorot, KERNEL, 2 / (9 * 100)),
        (bl.LeCun, DENSE, 1 / 300),
        (bl.LeCun, KERNEL, 1 / (9 * 40)),
    ],
)
@pytest.mark.parametrize("distribution", ["normal", "uniform"])
def test_weights_have_the_promised_variance(kind, shape, variance, distribution):
    weights = np.asarray(kind(distribution=distribution)(KEY, shape))
    # Four standard errors of the mean and of the variance (a normal's kurtosis is 3; a uniform's is smaller).
    assert abs(weights.mean()) < 4 * math.sqrt(variance / weights.size)
    assert abs(weights.var() / variance - 1) < 4 * math.sqrt(2 / weights.size)
    if distribution == "uniform":
        assert abs(weights).max() <= math.sqrt(3 * variance) * (1 + 1e-6)
    else:
        assert abs(weights).max() > 3.5 * math.sqrt(variance)


@pytest.mark.parametrize("initializer", [kind() for kind in INITIALIZERS.values()], ids=INITIALIZERS)
@pytest.mark.parametrize("shape", [(), (4,), (2, 3), (3, 3, 1, 2), (0, 3)])
@pytest.mark.parametrize("dtype", [jnp.float32, jnp.bfloat16])
def test_every_initializer_gives_the_shape_and_dtype_and_is_repeatable(initializer, shape, dtype):
    drawn = initializer(KEY, shape, dtype)
    assert (drawn.shape, drawn.dtype) == (shape, dtype)
    np.testing.assert_array_equal(drawn, initializer(KEY, shape, dtype))
    assert jnp.isfinite(drawn).all()
    assert eval(repr(initializer), dict(INITIALIZERS)) == initializer


@pytest.mark.parametrize("shape", [(6, 6), (6, 4), (4, 6), (3, 2, 5)])
def test_orthogonal_rows_or_columns_are_orthonormal_times_the_scale(shape):
    q = np.asarray(bl.Orthogonal(2.0)(KEY, shape), np.float64).reshape(-1, shape[-1])
    q = q if q.shape[0] >= q.shape[1] else q.T
    np.testing.assert_allclose(q.T @ q, 4 * np.eye(q.shape[1]), atol=1e-5)


def test_orthogonal_draws_favor_no_sign():
    diagonals = jax.vmap(lambda key: jnp.diagonal(bl.Orthogonal()(key, (2, 2))))(jax.random.split(KEY, 2000))
    assert abs(diagonals.mean(0)).max() < 4 * math.sqrt(0.5 / 2000)  # an entry's variance is 1 / 2


def test_the_plain_distributions():
    assert bl.Constant()(KEY, (2,)).tolist() == [0, 0]
    assert bl.Constant(3.0)(KEY, (2,)).tolist() == [3, 3]
    uniform = bl.Uniform(0.5)(KEY, (10_000,))
    assert 0.49 < uniform.max() <= 0.5
    assert -0.5 <= uniform.min() < -0.49
    assert abs(bl.Normal(2.0)(KEY, (40_000,)).std() - 2) < 4 * 2 / math.sqrt(2 * 40_000)


def test_names():
    assert initializer_named("Glorot") == initializer_named("glorot") == bl.Glorot()
    mine = bl.He(distribution="uniform")
    assert initializer_named(mine) is mine
    assert initializer_named(bl.Uniform) == bl.Uniform()
    with pytest.raises(bl.SettingError, match="no initializer 'Glorto': did you mean Glorot"):
        initializer_named("Glorto")


@pytest.mark.parametrize("other", [jax.nn.initializers.ones, lambda key, shape, dtype: jnp.ones(shape), bl.Dense, 0.1])
def test_what_the_notation_cannot_write_is_refused(other):
    with pytest.raises(bl.SettingError, match="must be one of He, "):
        initializer_named(other)


@pytest.mark.parametrize(
    "make",
    [
        lambda: bl.He(distribution="gaussian"),
        lambda: bl.Normal(0.0),
        lambda: bl.Normal(float("nan")),
        lambda: bl.Uniform(-1.0),
        lambda: bl.Uniform(float("inf")),
        lambda: bl.Normal("a"),
        lambda: bl.Uniform(True),
        lambda: bl.Constant("a"),
        lambda: bl.Constant(float("nan")),
    ],
)
def test_settings_out_of_range_are_refused(make):
    with pytest.raises(bl.SettingError, match="must be"):
        make()
