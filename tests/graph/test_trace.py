"""The graph shows every value and every gradient of a function."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from backlit.errors import GraphError
from backlit.graph import Node, grad, trace

X = jnp.linspace(-1.0, 2.0, 6).reshape(2, 3)


def network(params, x):
    for name, layer in params.items():
        with jax.named_scope(name):
            x = jax.jit(lambda x, layer: jax.nn.relu(x @ layer["w"] + layer["b"]))(x, layer)
    return (x**2).mean()


PARAMS = {
    "dense_1": {"b": jnp.full(4, 0.1), "w": jnp.arange(-4.0, 8.0).reshape(3, 4)},
    "dense_2": {"b": jnp.full(2, 0.2), "w": jnp.linspace(-2.0, 1.0, 8).reshape(4, 2)},
}


def test_values_upstream_local_and_downstream_of_the_lecture():
    graph = trace(lambda x, y, z: (x + y) * z, -2.0, 5.0, -4.0)
    assert float(graph.forward()) == -12
    assert [float(g) for g in graph.backward()] == [-4, -4, 3]
    x, y, z, total, product = graph.nodes
    assert [node.name for node in graph.nodes] == ["x", "y", "z", "v0", "v1"]
    assert [node.operation for node in graph.nodes] == ["input", "input", "input", "add", "mul"]
    assert (total.inputs, product.inputs) == ([x, y], [total, z])
    assert [float(node.value) for node in graph.nodes] == [-2, 5, -4, 3, -12]
    assert [float(node.upstream) for node in graph.nodes] == [-4, -4, 3, -4, 1]
    assert [float(product.local(i)) for i in (0, 1)] == [-4, 3]
    assert [float(product.downstream(i)) for i in (0, 1)] == [-4, 3]
    assert graph.inputs == [x, y, z]
    assert graph.outputs == [product]
    assert graph["v1"] is product


def test_a_graph_reads_like_a_lecture():
    graph = trace(lambda x, y, z: (x + y) * z, -2.0, 5.0, -4.0)
    graph.forward()
    graph.backward()
    assert str(graph).splitlines() == [
        "name  operation  shape  value  gradient",
        "x     input      ()     -2.    -4.",
        "y     input      ()     5.     -4.",
        "z     input      ()     -4.    3.",
        "v0    x + y      ()     3.     -4.",
        "v1    v0 * z     ()     -12.   1.",
    ]


def test_names_layers_and_large_values_in_the_table():
    graph = trace(network, PARAMS, X)
    assert [node.name for node in graph.inputs[:2]] == ["params['dense_1']['b']", "params['dense_1']['w']"]
    graph.forward()
    rows = str(graph).splitlines()
    assert any("dense_2" in row and "relu(" in row for row in rows)
    assert any("params['dense_1']['w']" in row and "3×4" in row and "1.5 ± 3.452" in row for row in rows)
    assert {node.path for node in graph.nodes} == {"", "dense_1", "dense_2"}
    assert len({len(row.split("  ")[0]) for row in rows}) > 1


def test_forward_and_backward_agree_with_the_function_and_its_gradient():
    graph = trace(network, PARAMS, X)
    np.testing.assert_allclose(graph.forward(PARAMS, X), network(PARAMS, X), rtol=1e-6)
    ours, theirs = graph.backward(), jax.grad(network, argnums=(0, 1))(PARAMS, X)
    assert jax.tree.structure(ours) == jax.tree.structure(theirs)
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-7), ours, theirs)
    np.testing.assert_allclose(graph.forward(PARAMS, 2 * X), network(PARAMS, 2 * X), rtol=1e-6)


def test_nodes_are_in_topological_order():
    graph = trace(network, PARAMS, X)
    position = {node: i for i, node in enumerate(graph)}
    assert all(position[x] < position[node] for node in graph for x in node.inputs if isinstance(x, Node))


def test_upstream_is_the_sum_of_what_the_consumers_send_down():
    graph = trace(network, PARAMS, X)
    graph.forward()
    graph.backward()
    sent = {}
    for node in graph:
        for i, x in enumerate(node.inputs):
            gradient = node.downstream(i) if isinstance(x, Node) else None
            if gradient is not None:
                sent[x] = sent.get(x, 0) + gradient
    assert len(sent) > 10
    for node, total in sent.items():
        np.testing.assert_allclose(node.upstream, total, rtol=1e-6)


def test_a_shared_node_is_evaluated_once_and_its_gradients_are_summed():
    calls = []

    def counted(x):
        calls.append(x)
        return np.exp(x)

    def f(x):
        shared = jax.pure_callback(counted, jax.ShapeDtypeStruct((), jnp.float32), jax.lax.stop_gradient(x)) * x
        return shared * shared + 3 * shared

    graph = trace(f, 1.0)
    graph.forward()
    assert len(calls) == 1
    e = np.e
    np.testing.assert_allclose(graph.backward()[0], (2 * e + 3) * e, rtol=1e-6)
    assert len(calls) == 1


def test_a_local_derivative_is_an_array_or_a_function():
    w = jnp.arange(6.0).reshape(3, 2)
    graph = trace(lambda x, w: jnp.tanh(x @ w), X, w)
    graph.forward()
    product, tanh = graph.nodes[-2:]
    np.testing.assert_allclose(tanh.local(0), 1 - tanh.value**2, rtol=1e-6)
    np.testing.assert_allclose(product.local(0)(jnp.ones((2, 2))), jnp.ones((2, 2)) @ w.T)
    np.testing.assert_allclose(product.local(1)(jnp.ones((2, 2))), X.T @ jnp.ones((2, 2)))


def test_a_seed_for_an_output_of_any_shape():
    graph = trace(lambda x: {"double": 2 * x, "square": x**2}, X)
    graph.forward()
    (gradient,) = graph.backward({"double": jnp.ones((2, 3)), "square": X})
    np.testing.assert_allclose(gradient, 2 + 2 * X**2, rtol=1e-6)


def test_integers_constants_and_unused_inputs():
    table = jnp.arange(12.0).reshape(6, 2)
    graph = trace(lambda i, x, unused: (table[i] * x).sum(), jnp.array([1, 5]), 2.0, X)
    graph.forward()
    gradients = graph.backward()
    assert gradients[0] is None
    assert float(gradients[1]) == table[1].sum() + table[5].sum()
    np.testing.assert_array_equal(gradients[2], jnp.zeros((2, 3)))
    assert "constant" in {node.operation for node in graph}


def test_an_operation_with_several_outputs_has_a_node_for_each():
    def f(x):
        left, right = jnp.split(x, 2, axis=1)
        return (left * right**2).sum()

    x = jnp.arange(4.0).reshape(1, 4)
    graph = trace(f, x)
    graph.forward()
    np.testing.assert_allclose(graph.backward()[0], jax.grad(f)(x))
    left, right = [node for node in graph if node.operation == "split"]
    np.testing.assert_allclose(left.downstream(0) + right.downstream(0), jax.grad(f)(x))


def test_paths_add_up_to_the_gradient():
    def f(w, x):
        h = jnp.tanh(w * x)
        return (jnp.sin(h) * h + 3 * h).sum() + w

    graph = trace(f, 0.7, 1.3)
    paths = graph.paths("w")
    assert len(paths) == 4
    np.testing.assert_allclose(sum(path.contribution for path in paths), jax.grad(f)(0.7, 1.3), rtol=1e-6)
    assert all(path.nodes[0].name == "w" and path.nodes[-1] is graph.outputs[0] for path in paths)
    assert str(paths[0]).startswith("w → v0 → v1 → ")
    assert graph.paths(graph["v0"], "v1")[0].contribution.shape == ()


def test_paths_through_a_network_of_arrays():
    graph = trace(network, PARAMS, X)
    whole = jax.grad(network)(PARAMS, X)["dense_1"]["w"]
    paths = graph.paths("params['dense_1']['w']")
    np.testing.assert_allclose(sum(path.contribution for path in paths), whole, rtol=1e-5)


def test_names_of_arguments_are_not_given_again():
    graph = trace(lambda v0, c0: (v0 * c0 + X).sum() * v0, 2.0, 3.0)
    names = [node.name for node in graph]
    assert {"v0", "c0", "v1", "c1"} <= set(names)
    assert len(set(names)) == len(names)


def test_paths_go_where_the_gradient_goes():
    def count(x):
        return jax.pure_callback(lambda v: np.asarray(v), jax.ShapeDtypeStruct((), jnp.float32), x)

    graph = trace(lambda x: x * jax.lax.stop_gradient(count(x)), 2.0)
    assert [float(path.contribution) for path in graph.paths("x")] == [float(graph.backward()[0])] == [2.0]
    assert trace(lambda x: 2.0, 1.0).paths("x") == []


def test_paths_have_a_limit():
    def f(x):
        for _ in range(12):
            x = x + x
        return x

    with pytest.raises(GraphError, match="more than 100 paths"):
        trace(f, 1.0).paths("x", limit=100)


def test_where_the_first_value_or_gradient_is_not_finite():
    graph = trace(lambda x: jnp.sum(jnp.log(x) * 2), jnp.array([1.0, 0.0]))
    graph.forward()
    assert graph.first_nonfinite().operation == "log"
    graph = trace(lambda x: jnp.sum(jnp.sqrt(x) + x), jnp.array([1.0, 0.0]))
    graph.forward()
    assert graph.first_nonfinite() is None
    graph.backward()
    assert graph.first_nonfinite().name == "x"


def test_the_rules_say_where_they_come_from():
    rules = trace(lambda x: jnp.linalg.cholesky(jnp.tanh(x @ x.T)), X).rules()
    assert rules["dot_general"].source == rules["tanh"].source == "ours"
    assert "y" in rules["tanh"].equation
    assert rules["cholesky"].source == "jax"
    assert trace(jax.lax.stop_gradient, X > 1).rules()["stop_gradient"].equation.startswith("no derivative")


def test_backward_uses_the_same_walk_as_grad():
    f = lambda x: jax.lax.scan(lambda h, _: (jnp.sin(h), h), x, length=3)[0].sum()  # noqa: E731
    graph = trace(f, X)
    np.testing.assert_array_equal(graph.backward()[0], grad(f)(X))


def test_tracing_from_shapes_alone():
    graph = trace(lambda x: x.sum(), jax.ShapeDtypeStruct((2, 3), jnp.float32))
    assert graph.inputs[0].shape == (2, 3)
    with pytest.raises(GraphError, match="shapes alone"):
        graph.forward()
    np.testing.assert_allclose(graph.forward(X), X.sum())


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: trace(lambda x: x * 2, X).backward(), "shape 2×3.*seed"),
        (lambda: trace(lambda x: x * 2, X).backward(jnp.ones(3)), "upstream gradient has shapes 3"),
        (lambda: trace(lambda x: x * 2, X).forward(jnp.ones(3)), "x 2×3, and received 3"),
        (lambda: trace(lambda x: x * 2, X)["v1"], "no node 'v1': known names: v0, x"),
        (lambda: trace(lambda x: x * 2, X)["v0"].local(0), "graph.forward"),
        (lambda: trace(lambda x: x * 2, X)["v0"].local(2), "2 inputs, and none numbered 2"),
        (lambda: trace(lambda x: x * 2, X)["x"].downstream(0), "0 inputs"),
        (lambda: trace(lambda x: x * 2, X).paths("x"), "single number"),
    ],
)
def test_misuse_is_said_clearly(call, words):
    with pytest.raises(GraphError, match=words):
        call()
