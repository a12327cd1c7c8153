"""Jacobians and Hessians equal JAX's and those computed by hand."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from backlit.errors import GraphError
from backlit.graph import grad, hessian, hvp, jacobian

X = jnp.array([0.5, -1.0, 2.0])
W = jnp.arange(6.0).reshape(2, 3) / 4


def rosenbrock(x):
    return (100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2).sum()


def layer(w, x):
    return jnp.tanh(w @ x)


def loss(params, x):
    return (jax.nn.relu(params["w"] @ x + params["b"]) ** 3).sum()


PARAMS = {"b": jnp.array([1.0, 0.5]), "w": W}


def assert_same(ours, theirs):
    assert jax.tree.structure(ours) == jax.tree.structure(theirs)
    for a, b in zip(jax.tree.leaves(ours), jax.tree.leaves(theirs), strict=True):
        assert (a.shape, a.dtype) == (b.shape, b.dtype)
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(
    ("f", "args", "argnums"),
    [
        (layer, (W, X), 0),
        (layer, (W, X), (0, 1)),
        (lambda p, x: {"out": p["w"] @ x, "sum": p["b"].sum()}, (PARAMS, X), 0),
        (lambda x: x**2, (jnp.float32(3),), 0),
        (lambda x: jnp.outer(x, x), (X,), 0),
        (lambda x: jax.lax.scan(lambda h, _: (jnp.sin(h), h), x, length=2), (X,), 0),
    ],
)
def test_jacobian_equals_jax(f, args, argnums):
    assert_same(jacobian(f, argnums)(*args), jax.jacobian(f, argnums)(*args))


def test_jacobian_by_hand():
    matrix = jacobian(lambda x: jnp.array([x[0] * x[1], x[0] ** 2]))(jnp.array([3.0, 5.0]))
    np.testing.assert_allclose(matrix, [[5, 3], [6, 0]])


def test_hessian_by_hand():
    x, y = 1.5, -0.5
    expected = [[1200 * x**2 - 400 * y + 2, -400 * x], [-400 * x, 200]]
    np.testing.assert_allclose(hessian(rosenbrock)(jnp.array([x, y])), expected, rtol=1e-6)


@pytest.mark.parametrize(("f", "args", "argnums"), [(rosenbrock, (X,), 0), (loss, (PARAMS, X), (0, 1))])
def test_hessian_equals_jax_and_is_symmetric(f, args, argnums):
    ours = jax.jit(hessian(f, argnums))(*args)
    assert_same(ours, jax.hessian(f, argnums)(*args))
    if f is rosenbrock:
        np.testing.assert_allclose(ours, ours.T, rtol=1e-6)


def test_the_product_with_a_direction_is_that_of_the_hessian():
    direction = jnp.array([1.0, -2.0, 0.5])
    (product,) = hvp(rosenbrock, (X,), (direction,))
    np.testing.assert_allclose(product, hessian(rosenbrock)(X) @ direction, rtol=1e-5)
    tree = jax.tree.map(jnp.ones_like, (PARAMS, X))
    expected = jax.jvp(jax.grad(loss, (0, 1)), (PARAMS, X), tree)[1]
    assert_same(jax.jit(lambda *a: hvp(loss, a, tree))(PARAMS, X), expected)


def test_the_product_goes_through_functions_with_their_own_backward_rule():
    @jax.custom_vjp
    def cube(x):
        return x**3

    cube.defvjp(lambda x: (x**3, x), lambda x, g: (3 * x**2 * g,))
    (product,) = hvp(lambda x: cube(x).sum(), (X,), (X,))
    np.testing.assert_allclose(product, 6 * X * X, rtol=1e-6)


def test_third_derivative():
    np.testing.assert_allclose(grad(grad(grad(lambda x: x**4)))(2.0), 48.0)
    np.testing.assert_allclose(jacobian(hessian(lambda x: (x**3).sum()))(X)[1, 1, 1], 6.0)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: hvp(rosenbrock, (X,), (jnp.ones(2),)), "does not fit"),
        (lambda: hvp(rosenbrock, (jnp.arange(3),), (X,)), "int32"),
        (lambda: jacobian(lambda x: x.astype(int))(X), "needs floats"),
        (lambda: hessian(lambda x: x)(X), "shape 3"),
    ],
)
def test_misuse_is_said_clearly(call, words):
    with pytest.raises(GraphError, match=words):
        call()
