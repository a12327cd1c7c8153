"""Batched products of small matrices as sums: the same numbers, wherever in a program they stand."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import lax

from backlit.graph import spell_out


def drawn(*shapes):
    random = np.random.default_rng(0)
    return [random.normal(size=shape).astype(np.float32) for shape in shapes]


def products_in(function, *args):
    """How many matrix products a function is made of."""
    return str(jax.make_jaxpr(function)(*args)).count("dot_general")


@pytest.mark.parametrize(("first", "second"), [("pmk", "pkn"), ("pkm", "pkn"), ("mpk", "pnk"), ("kmp", "nkp")])
@pytest.mark.parametrize("columns", [2, 12])
def test_a_batch_of_products_is_the_sum_of_its_terms(first, second, columns):
    sizes = {"p": 3, "m": 5, "k": 4, "n": columns}
    a, b = drawn([sizes[axis] for axis in first], [sizes[axis] for axis in second])

    def product(a, b):
        return jnp.einsum(f"{first},{second}->pmn", a, b)

    assert products_in(product, a, b) == 1
    assert products_in(spell_out(product), a, b) == 0
    expected = np.einsum(f"{first},{second}->pmn", a.astype(np.float64), b)
    np.testing.assert_allclose(jax.jit(spell_out(product))(a, b), expected, rtol=1e-5, atol=1e-6)


def test_products_in_loops_branches_and_calls():
    x, w = drawn((2, 3, 4), (2, 4, 4))

    def run(x, w, count):
        def turn(_, x):
            return jnp.tanh(jax.jit(jnp.matmul)(x, w))

        x = lax.fori_loop(0, count, turn, x)
        x = lax.scan(lambda x, _: (jnp.tanh(x @ w), x.sum()), x, length=2)[0]
        return {"x": lax.cond(count > 1, lambda: x @ w, lambda: x)}

    assert products_in(spell_out(run), x, w, 2) == 0
    for count in (0, 2):
        np.testing.assert_allclose(spell_out(run)(x, w, count)["x"], run(x, w, count)["x"], rtol=1e-5, atol=1e-6)


def test_what_a_library_multiplies_better_stays():
    large, small = drawn((2, 64, 64), (2, 8, 8))
    for function, arrays in (
        (jnp.matmul, (large, large)),
        (jnp.matmul, (small[0], small[0])),
        (jnp.matmul, (small.astype(jnp.bfloat16), small.astype(jnp.bfloat16))),
        (lambda a: jnp.einsum("pmk,pkm->p", a, a), (small,)),
    ):
        assert products_in(spell_out(function), *arrays) == products_in(function, *arrays) > 0
