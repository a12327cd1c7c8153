"""Branches and loops: gradients equal JAX's, and a loop of unknown length says why it has none."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import lax
from jax.experimental import io_callback

from backlit.errors import GraphError
from backlit.graph import grad, trace, value_and_grad

KEYS = jax.random.split(jax.random.key(0), 4)
X = jax.random.normal(KEYS[0], (3, 4))
XS = jax.random.normal(KEYS[1], (5, 3, 4))
WEIGHTS = {
    "x": jax.random.normal(KEYS[2], (4, 4)) / 2,
    "h": jax.random.normal(KEYS[3], (4, 4)) / 2,
    "b": jnp.linspace(-1.0, 1.0, 4),
}


def recurrent(reverse=False, unroll=1, checkpoint=False):
    def f(w, xs, h):
        def step(h, x):
            with jax.named_scope("cell"):
                h = jnp.tanh(x @ w["x"] + h @ w["h"] + w["b"])
            return h, (h, h.sum())

        body = jax.checkpoint(step) if checkpoint else step
        h, (hs, sums) = lax.scan(body, h, xs, reverse=reverse, unroll=unroll)
        return (hs**2).mean() + h.sum() + (sums * jnp.arange(5)).mean()

    return f


def gated(w, xs, h):
    def step(state, x):
        h, c, turn = state
        gates = x @ w["x"] + h @ w["h"]
        c = jax.nn.sigmoid(gates) * c + jax.nn.relu(gates + w["b"]) * turn
        return (jnp.tanh(c), c, turn + 1), None

    return lax.scan(step, (h, h, 0), xs)[0][0].sum()


def nested(w, xs, h):
    def outer(h, x):
        h, ys = lax.scan(lambda h, _: (jnp.sin(h @ w["h"]) + x, h.sum()), h, length=3)
        return h, ys.sum()

    h, ys = lax.scan(outer, h, xs)
    return h.sum() + ys.sum()


def branch_in_loop(w, xs, h):
    def step(h, x):
        h = lax.cond(x.sum() > 0, lambda h: jnp.tanh(h @ w["h"]), lambda h: h * 0.5 + x, h)
        return jnp.where(h > 0, h, 2 * h), None

    return lax.scan(step, h, xs)[0].sum()


def few_active(w, xs, h):
    def step(state, x):
        still, moving, key = state
        key, part = jax.random.split(key)
        mask = jax.random.bernoulli(part, 0.5, x.shape)
        fixed = jnp.exp(w["b"])
        return (still, moving * fixed + still * mask, key), (still * 2, w["b"], x.astype(int))

    state, (a, b, _) = lax.scan(step, (xs[0], h, jax.random.key(1)), xs)
    return state[1].sum() + a.mean() + (b**2).sum()


def shared_factor(w, xs, h):
    def step(h, x):
        m = w["x"] @ w["h"]
        return h @ m + (h @ w["x"].T) @ w["x"] + (h * w["b"]).T.T, h

    h, hs = lax.scan(step, h, xs)
    return h.sum() + (hs**2).sum()


def batched_product(w, xs, h):
    def step(h, x):
        return jnp.einsum("bi,bij->bj", h, jnp.stack([w["x"]] * 3)) + jnp.einsum("bi,ij->bj", x, w["h"]), None

    return (lax.scan(step, h, xs)[0] ** 2).sum()


LOOPS = {
    "recurrent": recurrent(),
    "reversed": recurrent(reverse=True),
    "unrolled": recurrent(unroll=2),
    "checkpointed body": recurrent(checkpoint=True),
    "integers and relu": gated,
    "nested": nested,
    "branch in the body": branch_in_loop,
    "few are active": few_active,
    "weights used twice": shared_factor,
    "batched product": batched_product,
    "map": lambda w, xs, h: lax.map(lambda x: jnp.sin(x @ w["x"]).sum(), xs).sum(),
    "associative": lambda w, xs, h: lax.associative_scan(jnp.multiply, xs + 2).sum(),
    "cumsum": lambda w, xs, h: (jnp.cumsum(xs, axis=0) ** 2).sum(),
    "counted": lambda w, xs, h: lax.fori_loop(0, 4, lambda i, h: jnp.sin(h @ w["h"]) * i, h).sum(),
    "only the last y": lambda w, xs, h: lax.scan(lambda h, x: (h + x, jnp.sin(h * w["b"])), h, xs)[1][-1].sum(),
    "cond": lambda w, xs, h: lax.cond(h.sum() > -99, lambda a: jnp.sin(a) @ w["h"], lambda a: a * 2, h @ w["x"]).sum(),
    "switch": lambda w, xs, h: sum(
        lax.switch(i, [jnp.sin, lambda a: jnp.ones_like(a), lambda a: a * w["b"]], h).sum() for i in (0, 1, 2, 7)
    ),
}


compiled = functools.partial(jax.jit, compiler_options={"xla_llvm_disable_expensive_passes": True})


def assert_same(ours, theirs):
    for a, b in zip(jax.tree.leaves(ours), jax.tree.leaves(theirs), strict=True):
        assert (a.shape, a.dtype) == (b.shape, b.dtype)
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-5)


def first_order(gradient, f):
    """The gradients, and those of a batch of which a part is shared."""
    both = gradient(f, argnums=(0, 1, 2))
    return lambda w, xs, h: [both(w, xs, h), jax.vmap(both, in_axes=(None, None, 0))(w, xs, jnp.stack([h, h / 2]))]


def second_order(gradient, f):
    """The directional derivative of the gradients, and the gradient of their norm."""
    both = gradient(f, argnums=(0, 1, 2))
    norm = lambda w, xs, h: sum((g**2).sum() for g in jax.tree.leaves(both(w, xs, h)))  # noqa: E731
    return lambda *args: [jax.jvp(both, args, args)[1], gradient(norm)(*args)]


@pytest.mark.parametrize("name", LOOPS)
def test_gradients_equal_jax_jitted_and_mapped(name):
    ours = compiled(first_order(grad, LOOPS[name]))(WEIGHTS, XS, X)
    assert_same(ours, compiled(first_order(jax.grad, LOOPS[name]))(WEIGHTS, XS, X))


@pytest.mark.parametrize("name", ["reversed", "integers and relu", "nested", "branch in the body", "few are active"])
def test_gradients_equal_jax_pushed_forward_and_nested(name):
    ours = compiled(second_order(grad, LOOPS[name]))(WEIGHTS, XS, X)
    assert_same(ours, compiled(second_order(jax.grad, LOOPS[name]))(WEIGHTS, XS, X))


def test_gradients_without_compilation_and_the_value():
    f = LOOPS["recurrent"]
    assert_same(value_and_grad(f)(WEIGHTS, XS, X), jax.value_and_grad(f)(WEIGHTS, XS, X))


def test_an_empty_loop_passes_the_gradient_through():
    assert_same(grad(lambda h: lax.scan(lambda h, x: (h * x, x), h, jnp.zeros((0, 4)))[0].sum())(X), jnp.ones((3, 4)))


def test_the_loop_keeps_the_activation_and_no_value_of_the_weights_alone():
    """Of tanh(x·W + h·U + b) the backward pass needs y and the h that came in; a fourth stack would be waste."""
    jaxpr = jax.make_jaxpr(grad(recurrent()))(WEIGHTS, XS, X)
    forward, backward = [equation for equation in jaxpr.eqns if equation.primitive.name == "scan"]
    stacked = [variable.aval.shape for variable in forward.outvars if variable.aval.shape[0] == 5]
    assert sorted(stacked) == [(5,), (5, 3, 4), (5, 3, 4)]
    inside = [equation.primitive.name for equation in backward.params["jaxpr"].jaxpr.eqns]
    assert inside.count("dot_general") == 1  # h̄·Uᵀ; the products of weight gradients wait until after the loop


def io_callback_of_nothing(function):
    io_callback(function, None)


def test_a_print_in_the_body_happens_once_a_turn(capfd):
    def f(x):
        def step(h, _):
            jax.debug.print("turn {}", h)
            return h * x, None

        return lax.scan(step, 1.0, length=3)[0]

    assert float(grad(f)(2.0)) == 12.0
    jax.effects_barrier()
    assert capfd.readouterr().out.count("turn") == 3


@pytest.mark.parametrize("callback", [jax.debug.callback, io_callback_of_nothing])
def test_a_callback_of_nothing_in_the_body_happens_once_a_turn(callback):
    calls = []

    def f(x):
        def step(h, _):
            callback(lambda: calls.append(1))
            return jnp.sin(h), None

        return lax.scan(step, x, length=4)[0]

    grad(f)(1.0)
    jax.effects_barrier()
    assert len(calls) == 4


def test_what_a_callback_returns_is_used_by_the_backward_loop():
    scales = iter((2.0, 3.0, 5.0))

    def f(x):
        def step(h, _):
            return h * io_callback(lambda: np.float32(next(scales)), jax.ShapeDtypeStruct((), "float32")), None

        return lax.scan(step, x, length=3)[0]

    assert float(grad(f)(1.0)) == 30.0


@pytest.mark.parametrize("summand", ["constant", "carry"])
def test_a_long_chain_of_light_operations_in_the_body(summand):
    def f(u):
        def step(h, x):
            v = u if summand == "constant" else h
            for _ in range(600):
                v = -v
            return v * h + x, None

        return lax.scan(step, u, jnp.arange(2.0))[0]

    assert_same(grad(f)(0.5), jax.grad(f)(0.5))


def test_doublings_of_a_constant_in_the_body():
    def f(u):
        def step(h, x):
            v = u
            for _ in range(40):
                v = v + v
            return h + v * x, None

        return lax.scan(step, 0.0, jnp.arange(3.0))[0]

    assert float(grad(f)(1.0)) == 3 * 2.0**40


def test_a_loop_of_unknown_length_runs_forward():
    def f(x):
        return lax.while_loop(lambda s: s < 100, lambda s: s * x, x)

    graph = trace(f, 3.0)
    assert float(graph.forward()) == 243.0
    count = lambda x: (x * lax.while_loop(lambda n: n < 5, lambda n: n + 1, 0)).sum()  # noqa: E731
    assert_same(grad(count)(X), jnp.full((3, 4), 5.0))


def test_what_a_loop_does_not_touch_keeps_its_gradient():
    def f(x):
        turns, _ = lax.while_loop(lambda s: s[0] < 5, lambda s: (s[0] + 1.0, s[1] * 2), (0.0, x))
        return turns * x

    assert float(grad(f)(3.0)) == 5.0


@pytest.mark.parametrize(
    "f",
    [
        lambda x: lax.while_loop(lambda s: s < 100, lambda s: s * x, x),
        lambda x: lax.fori_loop(0, jnp.int32(x), lambda i, s: s * x, x),
    ],
)
@pytest.mark.parametrize("wrap", [lambda f: f, jax.jit])
def test_a_loop_of_unknown_length_cannot_be_reversed(f, wrap):
    with pytest.raises(GraphError, match=r"unknown length.*fixed count"):
        wrap(grad(f))(3.0)
    with pytest.raises(GraphError, match="unknown length"):
        trace(f, 3.0).backward()
