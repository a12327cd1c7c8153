import jax
import jax.numpy as jnp
import numpy as np
import pytest

from backlit.errors import GraphError, SettingError
from backlit.graph.checking import check_gradients


def with_slope(slope):
    """x³, whose derivative is said to be `slope`."""

    @jax.custom_jvp
    def cube(x):
        return x**3

    cube.defjvp(lambda primals, tangents: (cube(*primals), slope(*primals) * tangents[0]))
    return cube


def test_the_largest_relative_error_of_a_right_gradient_is_tiny():
    tree = {"w": np.linspace(-1, 1, 6, dtype="float32").reshape(2, 3), "b": 0.3}
    error = check_gradients(lambda tree, x: jnp.tanh(tree["w"] @ x + tree["b"]), tree, np.ones(3), order=3)
    assert 0 <= error < 1e-8


@pytest.mark.parametrize("wrong_by", [1e-5, -1e-3, 2.0])
def test_a_wrong_first_derivative_is_found(wrong_by):
    cube = with_slope(lambda x: 3 * x**2 * (1 + wrong_by))
    with pytest.raises(GraphError, match=r"respect to tree\['b'\] is .*central differences give .*order 1"):
        check_gradients(lambda tree: tree["a"] * cube(tree["b"]), {"a": 2.0, "b": np.array([0.5, -2.0])})


def test_a_wrong_second_derivative_is_found():
    cube = with_slope(lambda x: with_slope_of_square(x) * 3)

    @jax.custom_jvp
    def with_slope_of_square(x):
        return x**2

    with_slope_of_square.defjvp(lambda primals, tangents: (primals[0] ** 2, 3 * primals[0] * tangents[0]))
    assert check_gradients(cube, 2.0) < 1e-8
    with pytest.raises(GraphError, match="order 2"):
        check_gradients(cube, 2.0, order=2)


def test_a_gradient_that_is_zero_everywhere_by_mistake_is_found():
    with pytest.raises(GraphError, match=" is 0 along"):
        check_gradients(with_slope(lambda x: 0 * x), 2.0)


def test_a_gradient_that_is_truly_zero_passes():
    assert check_gradients(lambda x: jnp.sin(x - x) + (x**2 - x * x), np.linspace(-3, 3, 5), order=2) < 1e-6


def test_the_seed_and_the_step_change_the_error_and_the_tolerance_bounds_it():
    errors = [check_gradients(jnp.exp, np.ones(3), seed=seed, step=1e-3, tolerance=1e-4) for seed in (0, 0, 1)]
    assert errors[0] == errors[1] != errors[2]
    assert 1e-8 < errors[0] < 1e-5
    with pytest.raises(GraphError, match=r"allowed 1\.0e-09"):
        check_gradients(jnp.exp, np.ones(3), step=1e-3, tolerance=1e-9)


def test_integers_and_keys_are_passed_through():
    def f(x, n, key):
        return x * n + jax.random.uniform(key, x.shape)

    assert check_gradients(f, np.ones(2, "float32"), np.int32(3), jax.random.key(0)) < 1e-8


def test_precision_is_restored():
    check_gradients(jnp.sin, 1.0)
    assert jnp.ones(()).dtype == jnp.float32


def test_a_function_that_is_not_finite_is_refused():
    with pytest.raises(GraphError, match="nan"):
        check_gradients(jnp.log, -1.0)


@pytest.mark.parametrize(
    ("settings", "message"),
    [({"order": 0}, "order is 0"), ({"step": -1.0}, "step is -1.0"), ({"tolerance": 0.0}, "tolerance is 0.0")],
)
def test_settings_out_of_range(settings, message):
    with pytest.raises(SettingError, match=message):
        check_gradients(jnp.sin, 1.0, **settings)


def test_nothing_to_differentiate():
    with pytest.raises(GraphError, match="no floating argument"):
        check_gradients(lambda n: n * 2, 3)
    with pytest.raises(GraphError, match="no floating output"):
        check_gradients(lambda x: x > 0, 3.0)
