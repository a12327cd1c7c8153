"""Shuffling: every row once, every order equally likely."""

from math import factorial

import jax
import numpy as np
import pytest

from backlit.training.shuffling import permutation


def orders(rows: int, count: int) -> np.ndarray:
    keys = jax.random.split(jax.random.key(5), count)
    return np.asarray(jax.jit(jax.vmap(lambda key: permutation(key, rows)))(keys))


@pytest.mark.parametrize("rows", [1, 2, 33, 1000])
def test_every_row_comes_once(rows):
    np.testing.assert_array_equal(np.sort(orders(rows, 50), axis=1), np.tile(np.arange(rows), (50, 1)))


def test_every_order_of_a_few_rows_is_equally_likely():
    made = orders(5, 24_000) @ 5 ** np.arange(5)
    counts = np.unique(made, return_counts=True)[1]
    assert len(counts) == factorial(5)
    # χ² with 119 degrees of freedom has the mean 119 and the deviation 15.4.
    assert ((counts - 200.0) ** 2 / 200).sum() < 119 + 4 * 15.4


def test_neighbors_are_parted_and_every_place_is_as_likely_for_every_row():
    made = orders(100, 20_000)
    places = np.argsort(made, axis=1)
    assert (places[:, 1] - places[:, 0] == 1).mean() == pytest.approx(0.01, abs=0.003)
    counts = np.stack([np.bincount(column, minlength=100) for column in made.T])
    chi_squared, freedom = ((counts - 200.0) ** 2 / 200).sum(), 99**2
    assert chi_squared < freedom + 4 * np.sqrt(2 * freedom)
