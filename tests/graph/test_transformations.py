"""Our gradients equal JAX's, alone and under every transformation of JAX's."""

import functools
import subprocess
import sys
import textwrap

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import lax

from backlit.errors import GraphError
from backlit.graph import grad, trace, value_and_grad, vjp

KEY = jax.random.key(0)
X = jax.random.normal(KEY, (3, 4))
W = jax.random.normal(jax.random.key(1), (4, 5)) / 2


def assert_same(ours, theirs):
    assert jax.tree.structure(ours) == jax.tree.structure(theirs)
    for a, b in zip(jax.tree.leaves(ours), jax.tree.leaves(theirs), strict=True):
        assert (a.shape, a.dtype) == (b.shape, b.dtype)
        np.testing.assert_allclose(a, b, rtol=2e-5, atol=1e-6)


@jax.custom_jvp
def doubled_slope(x):
    return jnp.sin(x)


@doubled_slope.defjvp
def doubled_slope_rule(primals, tangents):
    return jnp.sin(primals[0]), 2 * jnp.cos(primals[0]) * tangents[0]


@functools.partial(jax.custom_jvp, nondiff_argnums=(0,))
def powered(n, x, y):
    return x**n * y


@powered.defjvp
def powered_rule(n, primals, tangents):
    (x, y), (x_dot, y_dot) = primals, tangents
    return x**n * y, 7.0 * x_dot + y_dot


@functools.partial(jax.custom_vjp, nondiff_argnums=(1,))
def clipped(x, bound):
    return x**2


clipped.defvjp(lambda x, bound: (x**2, x), lambda bound, x, g: (jnp.clip(2 * x * g, -bound, bound),))


@functools.partial(jax.jit, static_argnums=1)
def powers(x, n):
    return sum(x**i for i in range(n))


def mlp(w, x):
    with jax.named_scope("dense_1"):
        h = jax.nn.relu(x @ w["w"] + w["b"])
    return -jnp.mean(jax.nn.log_softmax(h)[:, 0])


def sampled(x):
    return jnp.where(jax.random.bernoulli(jax.random.key(3), 0.5, x.shape), x, 2.0).sum()


def spectrum(x):
    return jnp.abs(jnp.fft.fft(x)).sum()


FUNCTIONS = {
    "mlp": (mlp, {"w": W, "b": jnp.zeros(5)}, X),
    "softmax": (lambda x: (jax.nn.softmax(x) ** 2).sum(), X),
    "logsumexp": (lambda x: jax.nn.logsumexp(x, axis=-1).sum(), X),
    "gelu": (lambda x: jax.nn.gelu(x).sum(), X),
    "silu": (lambda x: jax.nn.silu(x).sum(), X),
    "relu6": (lambda x: jax.nn.relu6(2 * x).sum(), X),
    "many rows": (lambda x: jnp.sin(jnp.repeat(x, 200, axis=0) @ W).sum(), X),
    "where": (lambda x: jnp.where(x > 0, x, x**3).sum(), X),
    "stop_gradient": (lambda x: (x * jax.lax.stop_gradient(jnp.exp(x))).sum(), X),
    "custom_jvp": (lambda x: doubled_slope(x).sum(), X),
    "custom_jvp nondiff": (lambda x: powered(3, x, x * x).sum(), X),
    "custom_jvp one input": (lambda x: powered(2, x, jnp.ones((3, 4))).sum(), X),
    "custom_vjp": (lambda x: clipped(3 * x, 1.0).sum(), X),
    "checkpoint": (lambda x: jax.checkpoint(lambda y: jnp.sin(jnp.sin(y)).sum())(x), X),
    "checkpoint static": (lambda x: jax.checkpoint(powers, static_argnums=1)(x, 4).sum(), X),
    "nested jit": (lambda x: jax.jit(lambda y: jax.jit(jnp.tanh)(y) * y)(x).sum(), X),
    "static arguments": (lambda x: powers(x, 4).sum(), X),
    "a jit used twice": (lambda x: (jax.nn.silu(jax.nn.silu(x)) * jax.nn.silu(x)).sum(), X),
    "sort": (lambda x: (jnp.sort(x.ravel()) * jnp.arange(12)).sum(), X),
    "fallback": (lambda x: jnp.linalg.inv(x[:, :3] + 5 * jnp.eye(3)).sum(), X),
    "half": (lambda x: (x * 2).sum().astype(jnp.float32), X.astype(jnp.bfloat16)),
    "integers inside": (lambda x: x[jnp.argsort(x[:, 0])][0].sum() * x.shape[0], X),
    "unused": (lambda x: jnp.float32(3.0), X),
    "identity": (lambda x: x, jnp.float32(2.0)),
    "fft": (spectrum, X),
    "random mask": (sampled, X),
}


def everything(gradient, f, *args):
    """The gradient, those of a batch, its directional derivative, and the gradient of its norm."""
    batch = jax.tree.map(lambda x: jnp.stack([x, x / 2]), args)
    results = [gradient(f)(*args), jax.vmap(gradient(f))(*batch)]
    if f is not spectrum:
        first = lambda x: gradient(f)(x, *args[1:])  # noqa: E731
        norm = lambda x: sum((g.astype(jnp.float32) ** 2).sum() for g in jax.tree.leaves(first(x)))  # noqa: E731
        results += [jax.jvp(first, args[:1], args[:1])[1], gradient(norm)(args[0])]
    return results


@pytest.mark.parametrize("name", FUNCTIONS)
def test_gradients_equal_jax_jitted_mapped_pushed_forward_and_nested(name):
    f, *args = FUNCTIONS[name]
    assert_same(
        jax.jit(lambda *a: everything(grad, f, *a))(*args), jax.jit(lambda *a: everything(jax.grad, f, *a))(*args)
    )


@pytest.mark.parametrize("name", ["mlp", "softmax", "custom_jvp", "custom_vjp", "unused", "half"])
def test_gradients_equal_jax_without_compilation(name):
    f, *args = FUNCTIONS[name]
    assert_same(value_and_grad(f)(*args), jax.value_and_grad(f)(*args))


@pytest.mark.parametrize("name", ["mlp", "custom_jvp nondiff", "custom_vjp", "checkpoint", "sort"])
@pytest.mark.parametrize(("outer", "inner"), [(grad, jax.grad), (jax.grad, grad)])
def test_our_gradient_and_that_of_jax_nest(name, outer, inner):
    f, x, *rest = FUNCTIONS[name]
    norm = lambda inner: lambda x: sum((g**2).sum() for g in jax.tree.leaves(inner(f)(x, *rest)))  # noqa: E731
    assert_same(jax.jit(outer(norm(inner)))(x), jax.jit(jax.grad(norm(jax.grad)))(x))


def test_argnums_auxiliary_and_keyword_arguments():
    def f(x, text, y, *, scale):
        return (x * y["a"]).sum() * scale, {"mean": x.mean()}

    args = (X, None, {"a": 2 * X, "b": X})
    ours = value_and_grad(f, argnums=(0, 2), has_aux=True)(*args, scale=3.0)
    assert_same(ours, jax.value_and_grad(f, argnums=(0, 2), has_aux=True)(*args, scale=3.0))
    assert_same(grad(f, argnums=-1, has_aux=True)(*args, scale=3.0), jax.grad(f, -1, has_aux=True)(*args, scale=3.0))


def test_arguments_that_are_not_differentiated_may_be_anything():
    def f(x, mode, count):
        return (x**count).sum() if mode == "power" and count > 1 else x.sum()

    assert_same(grad(f)(X, "power", 3), 3 * X**2)


def test_vjp_pulls_gradients_of_several_outputs():
    f = lambda x, w: {"product": x @ w, "count": x.astype(int).sum()}  # noqa: E731
    output, pull = vjp(f, X, W)
    upstream = {"product": jnp.ones((3, 5)), "count": jnp.zeros(())}
    _, expected = jax.vjp(lambda x, w: x @ w, X, W)
    assert_same(pull(upstream), expected(upstream["product"]))
    assert_same(output, f(X, W))
    *_, auxiliary = vjp(lambda x: (x.sum(), x.max()), X, has_aux=True)
    assert_same(auxiliary, X.max())


def test_a_pull_may_be_used_twice_and_mapped():
    _, pull = vjp(jnp.tanh, X[0])
    rows = jax.vmap(pull)(jnp.eye(4))[0]
    assert_same(rows, jax.jacobian(jnp.tanh)(X[0]))


def test_a_gradient_that_nobody_asked_for_cannot_fail():
    def f(x, n):
        turns = jax.lax.while_loop(lambda s: s < 10, lambda s: 2 * s, n)
        return (x * turns).sum()

    assert_same(grad(f)(X, 1.0), jnp.full((3, 4), 16.0))
    dead = lambda x: (x.sum(), jax.lax.while_loop(lambda s: s < 9, lambda s: s * 2, x.max()))  # noqa: E731
    assert_same(grad(dead, has_aux=True)(X)[0], jnp.ones((3, 4)))


def test_closed_over_tracers():
    def outer(w):
        return jax.jit(lambda v: grad(lambda x: (x @ v).sum())(X))(w)

    assert_same(jax.jit(outer)(W), jax.grad(lambda x: (x @ W).sum())(X))
    assert_same(jax.vmap(outer)(jnp.stack([W, W]))[1], outer(W))


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: grad(lambda x: x * 2.0)(3), "x, which is int"),
        (lambda: grad(lambda p: p["a"] * 2.0)({"a": jnp.arange(3)}), r"p\['a'\], which is int32 of shape 3"),
        (lambda: grad(lambda x, flag: x * 2.0, argnums=1)(1.0, True), "flag, which is bool"),
        (lambda: grad(lambda x: abs(x))(1j), "x, which is complex"),
        (lambda: vjp(lambda x, n: x * n, 1.0, 2), "n, which is int"),
        (lambda: grad(lambda x: x * 2)(X), "shape 3×4, float32"),
        (lambda: grad(lambda x: (x, x))(1.0), "returns tuple"),
        (lambda: grad(lambda x: x.astype(int))(jnp.float32(1)), "int32"),
        (lambda: grad(lambda x: x, argnums=3)(1.0), "argnums=3"),
        (lambda: grad(lambda x: x if x > 0 else -x)(1.0), "jnp.where"),
        (lambda: grad(lambda x: "text")(1.0), "str"),
        (lambda: grad(lambda x: x, has_aux=True)(1.0), "pair"),
        (lambda: vjp(jnp.sum, X)[1](jnp.ones(3)), "upstream gradient has shapes 3"),
        (lambda: trace(lambda x: x, "text"), "str"),
        (lambda: grad(lambda x: x)("text"), "str"),
        (lambda: grad(lambda x: x)(object()), "object"),
        (lambda: grad(lambda x: x, argnums="x")(1.0), "argnums='x'"),
        (lambda: grad(lambda x: x[x > 0].sum())(X), "mask"),
        (lambda: grad(lambda x: (x, 1, 2), has_aux=True)(1.0), "pair"),
        (
            lambda: grad(
                lambda x: lax.reduce_window(x, -jnp.inf, lax.max, (2,), (1,), "VALID", window_dilation=(2,)).sum()
            )(X[0]),
            "reduce_window_max",
        ),
    ],
)
def test_what_cannot_be_differentiated_is_said_clearly(call, words):
    with pytest.raises(GraphError, match=words):
        call()


def test_one_argument_may_be_numbered_by_numpy():
    assert float(grad(lambda a, b: a * b, argnums=np.int64(1))(2.0, 3.0)) == 2.0


def test_auxiliary_data_may_be_anything():
    auxiliary = {"text": "loss", "count": 3, "array": X}
    gradient, passed = grad(lambda x: (x**2, {**auxiliary, "twice": 2 * x}), has_aux=True)(3.0)
    assert (float(gradient), float(passed.pop("twice"))) == (6.0, 6.0)
    np.testing.assert_array_equal(passed.pop("array"), X)
    assert passed == {"text": "loss", "count": 3}


def test_a_backward_function_may_index_a_constant():
    @jax.custom_vjp
    def f(a, weights):
        return a * weights.sum()

    def backward(weights, gradient):
        total, _ = lax.scan(lambda carry, i: (carry + weights[i], None), 0.0, jnp.arange(2))
        return gradient * total, None

    f.defvjp(lambda a, weights: (f(a, weights), weights), backward)
    assert float(grad(lambda a: f(a, jnp.array([1.0, 2.0])))(2.0)) == 3.0
    assert float(grad(lambda a: f(a, np.float32([1.0, 2.0])))(2.0)) == 3.0


def test_a_function_with_its_own_gradient_may_return_a_number():
    @jax.custom_vjp
    def f(a):
        return 2 * a, 3

    f.defvjp(lambda a: (f(a), a), lambda a, gradients: (gradients[0] * a,))
    assert float(grad(lambda a: f(a)[0])(5.0)) == 5.0


def test_an_error_in_a_forward_function_stays_its_own():
    @jax.custom_vjp
    def f(a):
        return a

    def forward(a):
        raise ValueError("mine")

    f.defvjp(forward, lambda _, gradient: (gradient,))
    with pytest.raises(ValueError, match="mine"):
        grad(f)(1.0)


def test_a_derivative_that_is_never_used_is_not_asked_for():
    def f(x):
        return x * lax.stop_gradient(jax.pure_callback(np.asarray, jax.ShapeDtypeStruct((), jnp.float32), x))

    assert float(grad(f)(2.0)) == 2.0


def test_an_operation_without_any_derivative_is_named():
    def f(x):
        return jax.pure_callback(lambda v: np.asarray(v), jax.ShapeDtypeStruct((), jnp.float32), x)

    with pytest.raises(GraphError, match="pure_callback"):
        grad(f)(1.0)


def test_layer_names_survive_the_gradient():
    jaxpr = jax.make_jaxpr(grad(mlp))({"w": W, "b": jnp.zeros(5)}, X)
    paths = {
        str(equation.source_info.name_stack) for equation in jaxpr.eqns if equation.primitive.name == "dot_general"
    }
    assert paths == {"dense_1"}


SHARDED = """
    import jax, jax.numpy as jnp, numpy as np
    from jax.sharding import Mesh, NamedSharding, PartitionSpec as P
    from backlit.graph import grad
    assert len(jax.devices()) == 4
    mesh = Mesh(np.array(jax.devices()), ("batch",))
    over, alike = NamedSharding(mesh, P("batch")), NamedSharding(mesh, P())
    x, w = jax.random.normal(jax.random.key(0), (8, 4)), jax.random.normal(jax.random.key(1), (4, 4))

    def f(w, x):
        h = jax.lax.with_sharding_constraint(jnp.tanh(x @ w), over)
        h = jax.jit(jnp.sin, in_shardings=over, out_shardings=over)(h)
        carry, _ = jax.lax.scan(lambda h, _: (jnp.tanh(h @ w), None), h, length=3)
        return (carry ** 2).mean()

    expected = jax.grad(f)(w, x)
    placed = jax.device_put(w, alike), jax.device_put(x, over)
    sharded = jax.jit(grad(f), in_shardings=(alike, over), out_shardings=alike)(*placed)
    np.testing.assert_allclose(sharded, expected, rtol=1e-5, atol=1e-6)

    def members(w, x):
        return jax.vmap(grad(f_member))(w, x)

    def f_member(w, x):
        h, _ = jax.lax.scan(lambda h, _: (jax.nn.relu(h @ w), None), x, length=3)
        return jax.checkpoint(lambda h: (h ** 2).mean())(h)

    ws, xs = jnp.stack([w] * 4), jnp.stack([x] * 4)
    split = jax.shard_map(members, mesh=mesh, in_specs=(P("batch"), P("batch")), out_specs=P("batch"))
    np.testing.assert_allclose(jax.jit(split)(ws, xs), jax.vmap(jax.grad(f_member))(ws, xs), rtol=1e-5, atol=1e-6)

    def shared(w, x):
        return jax.lax.pmean(((x @ w) ** 2).mean(), "batch")

    mean = jax.shard_map(shared, mesh=mesh, in_specs=(P(), P("batch")), out_specs=P())
    np.testing.assert_allclose(jax.jit(grad(mean))(w, x), jax.grad(mean)(w, x), rtol=1e-5, atol=1e-6)

    explicit = jax.make_mesh((4,), ("batch",), axis_types=(jax.sharding.AxisType.Explicit,))
    with jax.set_mesh(explicit):
        typed = jax.device_put(x, NamedSharding(explicit, P("batch")))
        ours, theirs = (g(lambda w, x: jnp.tanh(x @ w).sum(), (0, 1))(w, typed) for g in (grad, jax.grad))
    np.testing.assert_allclose(ours[0], theirs[0], rtol=1e-5, atol=1e-6)
    assert ours[1].sharding == theirs[1].sharding
    print("equal")
"""


def test_gradients_over_several_devices():
    start = "import jax; jax.config.update('jax_platforms', 'cpu'); jax.config.update('jax_num_cpu_devices', 4)\n"
    command = [sys.executable, "-c", start + textwrap.dedent(SHARDED)]
    result = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert result.stdout == "equal\n", result.stderr
