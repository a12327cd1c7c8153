"""Every rule against central differences in float64 and against jax.vjp: alone, under jit, under vmap, inside scan."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from cases import CASES, Case
from jax import lax

from backlit.graph import trace, vjp
from backlit.graph.checking import check_gradients
from backlit.graph.rulebook import RULES


@pytest.fixture(scope="module", autouse=True)
def quick_compilation():
    before = jax.config.read("jax_disable_most_optimizations")
    jax.config.update("jax_disable_most_optimizations", True)
    yield
    jax.config.update("jax_disable_most_optimizations", before)


every_case = pytest.mark.parametrize("case", CASES, ids=str)


def test_every_rule_has_a_case():
    assert set(RULES) == {case.primitive for case in CASES}


@every_case
def test_the_case_holds_its_primitive(case: Case):
    assert case.primitive in {node.operation for node in trace(case.function, *case.arguments)}


@pytest.mark.parametrize("case", [case for case in CASES if case.order], ids=str)
def test_central_differences_agree(case: Case):
    check_gradients(case.function, *case.arguments, order=case.order)


def is_float(x) -> bool:
    return jnp.issubdtype(jnp.asarray(x).dtype, jnp.floating)


def closed(case: Case, dtype: str = "float32"):
    """The case as a function of its floating arguments, and those."""
    point = [jnp.asarray(x, dtype) if is_float(x) else jnp.asarray(x) for x in case.arguments]
    chosen = [i for i, x in enumerate(point) if is_float(x)]

    def function(*floats):
        full = list(point)
        for i, x in zip(chosen, floats, strict=True):
            full[i] = x
        return case.function(*full)

    return function, [point[i] for i in chosen]


@every_case
def test_jax_agrees_under_jit_vmap_and_scan(case: Case):
    function, point = closed(case)
    random = np.random.default_rng(0)
    batch = [jnp.stack([x, x[..., ::-1] if x.ndim else x + 0.1]) for x in point]
    upstream = jax.tree.map(
        lambda y: jnp.asarray(random.standard_normal((2, *y.shape)), y.dtype), jax.eval_shape(function, *point)
    )

    def pull(derive, x, upstream):
        value, pull = derive(function, *x)
        return value, pull(upstream)

    def ours(x, upstream):
        return pull(vjp, x, upstream)

    @jax.jit
    def everything(batch, upstream):
        reference = jax.vmap(lambda x, u: pull(jax.vjp, x, u))(batch, upstream)
        one = ours([x[0] for x in batch], jax.tree.map(lambda u: u[0], upstream))
        scanned = lax.scan(lambda _, each: (None, ours(*each)), None, (batch, upstream))[1]
        return reference, one, jax.vmap(ours)(batch, upstream), scanned

    reference, one, mapped, scanned = everything(batch, upstream)
    first = jax.tree.map(lambda r: r[0], reference)
    for expected, found in ((first, one), (reference, mapped), (reference, scanned)):
        jax.tree.map(lambda e, f: np.testing.assert_allclose(f, e, rtol=2e-5, atol=2e-5), expected, found)


@every_case
def test_a_gradient_has_the_shape_and_dtype_of_its_input(case: Case):
    function, point = closed(case, "bfloat16")

    def gradients(*x):
        value, pull = vjp(function, *x)
        return pull(jax.tree.map(jnp.ones_like, value))

    for x, gradient in zip(point, jax.eval_shape(gradients, *point), strict=True):
        assert (gradient.shape, gradient.dtype) == (x.shape, x.dtype)


@pytest.mark.parametrize(
    "function",
    [
        lambda a, b: lax.dot_general(a, b, (((1,), (0,)), ((), ())), preferred_element_type="float32"),
        lambda a, b: lax.conv(a[None, None], b[None, None], (1, 1), "SAME", preferred_element_type="float32"),
    ],
    ids=["dot_general", "conv_general_dilated"],
)
def test_a_product_of_bfloat16_accumulated_in_float32(function):
    a, b = (jnp.asarray(np.random.default_rng(i).standard_normal((4, 4)), "bfloat16") for i in range(2))
    value, pull = vjp(function, a, b)
    expected = jax.vjp(function, a, b)[1](jnp.cos(value))
    for gradient, reference in zip(pull(jnp.cos(value)), expected, strict=True):
        assert gradient.dtype == jnp.bfloat16
        np.testing.assert_array_equal(gradient.astype("float32"), reference.astype("float32"))


def test_bounds_that_are_single_numbers_sum_their_gradients():  # JAX has no derivative for them
    check_gradients(lambda l, x, u: lax.clamp(l, x**2, u), 0.5, np.linspace(-2, 2, 7), 1.4, order=2)


def test_a_power_zero_of_zero_has_no_slope():
    gradient = vjp(lambda a, b: a**b, jnp.zeros(1), jnp.zeros(1))[1](jnp.ones(1))
    np.testing.assert_array_equal(gradient, np.zeros((2, 1)))


def test_of_repeated_places_one_update_alone_has_the_gradient():
    _, pull = vjp(lambda u: jnp.zeros(2).at[np.int32([1, 1])].set(u), jnp.array([3.0, 4.0]))
    assert sorted(pull(jnp.array([5.0, 7.0]))[0].tolist()) == [0.0, 7.0]
