"""Rows 38 to 51: backpropagation and the graph."""

from importlib import import_module
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import backlit as bl
from backlit.layers.registry import LAYERS

HARNESS = Path(__file__).parent.parent / "layers" / "cases"
CASES = {
    type(case.block).__name__: case for path in HARNESS.glob("*_cases.py") for case in import_module(path.stem).CASES
}


def random(seed, *shape):
    return np.random.default_rng(seed).normal(size=shape)


def close(found, expected, digits=5):
    np.testing.assert_allclose(found, expected, rtol=10.0**-digits, atol=10.0**-digits)


def test_row_38_the_quotient_of_differences_tends_to_the_derivative():
    """`bl.check_gradients(function, parameters, x)`"""
    slope = float(bl.grad(lambda x: x**3)(2.0))
    errors = [abs(((2 + h) ** 3 - 2**3) / h - slope) for h in (1e-1, 1e-2, 1e-3)]
    np.testing.assert_allclose(errors, [6e-1, 6e-2, 6e-3], rtol=0.1)
    assert errors == sorted(errors, reverse=True)


@pytest.mark.parametrize("name", LAYERS)
def test_row_38_a_gradient_check_passes_on_every_block(name):
    block, input, tokens = CASES[name].block, CASES[name].input, CASES[name].tokens
    memory = jnp.asarray(random(4, 4, *CASES[name].memory)) if CASES[name].memory else None
    context = bl.Context(training=True, key=jax.random.key(3), memory=memory)
    x = np.arange(4 * np.prod(input)).reshape(4, *input) % tokens if tokens else random(0, 4, *input)
    parameters, state = block.initialize(input, jax.random.key(1))
    parameters = jax.tree.map(lambda leaf: leaf + 0.1 * random(2, *leaf.shape), parameters)

    def apply(parameters, x):
        return block.apply(parameters, state, x, context)[0]

    if tokens:  # which have no gradient
        assert bl.check_gradients(lambda parameters: apply(parameters, x), parameters) < 1e-6
    else:
        assert bl.check_gradients(apply, parameters, x) < 1e-6


def test_row_38_a_wrong_gradient_is_found_and_named():
    @jax.custom_vjp
    def wrong(x):
        return x**2

    wrong.defvjp(lambda x: (x**2, x), lambda x, upstream: (3 * x * upstream,))
    with pytest.raises(bl.GraphError, match=r"respect to weight is -?6 .* give -?4"):
        bl.check_gradients(lambda bias, weight: bias + wrong(weight), 1.0, 2.0)


@pytest.mark.parametrize(
    ("f", "expected"),
    [(lambda x, y: x + y, (1, 1)), (lambda x, y: x * y, (3, 5)), (jnp.maximum, (1, 0))],
    ids=["sum", "product", "maximum"],
)
def test_row_39_the_gates(f, expected):
    """`backlit graph "max(x, y)" x=5 y=3`"""
    assert [float(g) for g in bl.grad(f, argnums=(0, 1))(5.0, 3.0)] == list(expected)


def test_row_39_the_tie_of_a_maximum_is_shared_and_documented():
    graph = bl.trace(lambda x, y: jnp.maximum(x, y), 2.0, 2.0)
    assert [float(g) for g in graph.backward()] == [0.5, 0.5]
    assert "½ where a = b" in graph.rules()["max"].equation


def test_row_40_x_plus_y_times_z():
    """`backlit graph "(x+y)*z" x=-2 y=5 z=-4`"""
    graph = bl.trace(lambda x, y, z: (x + y) * z, -2.0, 5.0, -4.0)
    assert float(graph.forward()) == -12
    assert [float(g) for g in graph.backward()] == [-4, -4, 3]
    drawn = {line.split()[0]: line.split() for line in str(graph).splitlines() if line.strip()}
    for name, value, gradient in (("x", -2, -4), ("y", 5, -4), ("z", -4, 3), ("v0", 3, -4), ("v1", -12, 1)):
        assert [float(number) for number in drawn[name][-2:]] == [value, gradient]


def test_row_41_the_sigmoid_circuit():
    """`backlit graph "sigmoid(w0*x0+w1*x1+w2)" w0=2 x0=-1 w1=-3 x1=-2 w2=-3`"""
    graph = bl.trace(lambda w, x: bl.sigmoid(w[0] * x[0] + w[1] * x[1] + w[2]), [2.0, -3.0, -3.0], [-1.0, -2.0])
    close(graph.forward(), 0.731, digits=3)
    w_bar, x_bar = graph.backward()
    close(w_bar, [-0.197, -0.393, 0.197], digits=3)
    close(x_bar, [0.393, -0.590], digits=3)


def test_row_42_the_chain_rule():
    """`bl.grad(lambda x: jnp.sin(x**2))`"""
    x = np.linspace(-2, 2, 9, dtype=np.float32)
    close(jax.vmap(bl.grad(lambda x: jnp.sin(x**2)))(x), 2 * x * np.cos(x**2))


def test_row_43_the_jacobian_has_a_row_an_output_and_a_column_an_input():
    """`bl.jacobian(function)(x)`"""
    jacobian = bl.jacobian(lambda x: jnp.stack([x[0] * x[1], jnp.exp(x[2]) + x[0] ** 2]))(jnp.array([2.0, 3.0, 0.5]))
    assert jacobian.shape == (2, 3)
    close(jacobian, [[3, 2, 0], [4, 0, np.exp(0.5)]])


def test_row_44_the_squared_error_of_a_linear_neuron():
    """`bl.grad(lambda w: (y - w @ x) ** 2)(w)`"""
    w, x, y = random(0, 4), random(1, 4), 0.7
    close(bl.grad(lambda w: (y - w @ x) ** 2)(jnp.asarray(w)), -2 * x * (y - w @ x))


def test_row_45_the_log_likelihood_of_a_logistic_neuron():
    """`bl.grad(lambda w: -jnp.log(bl.sigmoid(w @ x)))(w)`"""
    w, x = random(0, 4), random(1, 4)
    close(bl.grad(lambda w: -jnp.log(bl.sigmoid(w @ x)))(jnp.asarray(w)), -x / (1 + np.exp(w @ x)))


def test_row_46_upstream_and_local_at_every_node_of_a_chain_of_layers():
    """`graph = bl.trace(loss, weights); graph.backward()`; `node.upstream`, `node.local(0)`, `node.downstream(0)`"""
    weights, x, target, rate = [0.7, -1.2, 0.9], 0.5, 0.3, 0.1

    def loss(weights):
        z = x
        for w in weights:
            z = jnp.tanh(w * z)
        return 0.5 * (z - target) ** 2

    graph = bl.trace(loss, weights)
    (gradient,) = graph.backward()
    for node in graph.nodes:
        for i, source in enumerate(node.inputs):
            if isinstance(source, bl.Node):
                close(node.downstream(i), node.upstream * node.local(i))
    layers = [node for node in graph.nodes if node.operation == "mul" and node.inputs[0] in graph.inputs]
    assert len(layers) == len(weights)
    for w, node, slope in zip(weights, layers, gradient, strict=True):
        close(w - rate * slope, w - rate * node.upstream * node.local(0))
    z = np.tanh(weights[0] * x)
    last = np.tanh(weights[2] * np.tanh(weights[1] * z))
    close(gradient[2], (last - target) * (1 - last**2) * np.tanh(weights[1] * z))


def test_row_47_the_paths_add_up_to_the_gradient():
    """`bl.trace(loss, *point).paths("w111")`"""

    def loss(w111, w211, w212, w311, w312):
        a11 = bl.sigmoid(w111 * 0.5)
        a21, a22 = bl.sigmoid(w211 * a11), bl.sigmoid(w212 * a11)
        return (1.0 - bl.sigmoid(w311 * a21 + w312 * a22)) ** 2

    point = (0.4, -0.6, 0.8, 1.1, -0.7)
    graph = bl.trace(loss, *point)
    graph.forward()
    gradients = bl.grad(loss, argnums=range(5))(*point)
    for name, gradient, count in zip(("w111", "w211", "w212", "w311", "w312"), gradients, (2, 1, 1, 1, 1), strict=True):
        paths = graph.paths(name)
        assert len(paths) == count
        close(sum(path.contribution for path in paths), gradient)


def test_row_48_the_seven_gradients_of_a_network_with_one_hidden_layer():
    """`graph = bl.trace(loss, w1, b1, w2, b2); graph.backward()`; `node.path`, `node.upstream`"""
    x, k = random(0, 6, 3), np.array([0, 1, 2, 1, 0, 2])
    w1, b1, w2, b2 = random(1, 3, 4), random(2, 4), random(3, 4, 3), random(4, 3)

    def loss(w1, b1, w2, b2):
        with jax.named_scope("Z1"):
            z1 = x @ w1 + b1
        with jax.named_scope("A1"):
            a1 = jnp.maximum(z1, 0)
        with jax.named_scope("Z2"):
            z2 = a1 @ w2 + b2
        return (jax.nn.logsumexp(z2, axis=1) - z2[np.arange(6), k]).sum()

    graph = bl.trace(loss, *map(jnp.asarray, (w1, b1, w2, b2)))
    dw1, db1, dw2, db2 = graph.backward()
    dz1, da1, dz2 = ([node for node in graph.nodes if node.path == path][-1].upstream for path in ("Z1", "A1", "Z2"))

    z1 = x @ w1 + b1
    a1 = np.where(z1 > 0, z1, 0)
    p = np.exp(a1 @ w2 + b2)
    p /= p.sum(1, keepdims=True)
    expected_dz2 = p - np.eye(3)[k]
    expected_da1 = expected_dz2 @ w2.T
    expected_dz1 = expected_da1 * (z1 > 0)
    close(dz2, expected_dz2)
    close(dw2, a1.T @ expected_dz2)
    close(db2, expected_dz2.sum(0))
    close(da1, expected_da1)
    close(dz1, expected_dz1)
    close(dw1, x.T @ expected_dz1)
    close(db1, expected_dz1.sum(0))


def test_row_49_the_recursion_of_the_deltas():
    """`graph = bl.trace(risk, weights); graph.backward()`"""
    x, y = random(0, 5, 3), random(1, 5, 2)
    weights = [random(2, 3, 4), random(3, 4, 3), random(4, 3, 2)]

    def risk(weights):
        z = x
        for name, w in zip("jkl", weights, strict=True):
            with jax.named_scope(name):
                a = z @ w
            z = bl.sigmoid(a)
        return 0.5 * ((y - z) ** 2).sum() / len(x)

    graph = bl.trace(risk, [jnp.asarray(w) for w in weights])
    (gradients,) = graph.backward()

    z = [x]
    for w in weights:
        z.append(1 / (1 + np.exp(-z[-1] @ w)))
    delta = -(y - z[3]) * z[3] * (1 - z[3])
    for layer in (2, 1, 0):
        close(gradients[layer], z[layer].T @ delta / len(x))
        close([node for node in graph.nodes if node.path == "jkl"[layer]][-1].upstream, delta / len(x))
        delta = delta @ weights[layer].T * z[layer] * (1 - z[layer])


def test_row_50_the_regularized_logistic_unit():
    """`bl.check_gradients(loss, w, b, order=2)`"""

    def loss(w, b):
        return 0.5 * (y - bl.sigmoid(w * x + b)) ** 2 + rate * w**2

    x, y, rate, w, b = 1.5, 0.2, 0.1, 0.8, -0.3
    assert bl.check_gradients(loss, w, b, order=2) < 1e-6
    s = 1 / (1 + np.exp(-(w * x + b)))
    slope = -(y - s) * s * (1 - s)
    close(bl.grad(loss, argnums=(0, 1))(w, b), (slope * x + 2 * rate * w, slope))


def test_row_51_a_shared_node_is_evaluated_once_and_sums_its_gradients():
    """`graph = bl.trace(f, 0.5, 2.0); graph.forward(); graph.backward()`"""
    calls = []

    def counted(x):
        return jax.pure_callback(lambda x: calls.append(1) or x, jax.ShapeDtypeStruct((), "float32"), x)

    def f(x, y):
        shared = jnp.sin(x) * y
        return shared * jnp.exp(shared) + shared + counted(jax.lax.stop_gradient(shared))

    graph = bl.trace(f, 0.5, 2.0)
    graph.forward()
    assert len(calls) == 1
    graph.backward()
    assert len(calls) == 1
    (shared,) = (node for node in graph.nodes if node.operation == "mul" and node.inputs[1] is graph["y"])
    children = [(node, i) for node in graph.nodes for i, source in enumerate(node.inputs) if source is shared]
    sent = [node.downstream(i) for node, i in children]
    assert len(children) == 4
    close(shared.upstream, sum(gradient for gradient in sent if gradient is not None))
    s = 2 * np.sin(0.5)
    close(shared.upstream, np.exp(s) * (1 + s) + 1)
    order = {node: position for position, node in enumerate(graph.nodes)}
    assert all(order[source] < order[node] for node in graph.nodes for source in node.inputs if source in order)
