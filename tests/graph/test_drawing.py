"""The drawn graph: every node and edge is there, and the numbers are the values and gradients."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from svg_reading import classes, edges, groups, nodes, number, overlaps, texts

import backlit as bl
from backlit.graph import parse
from backlit.graph.marks import symbol


def drawn_back(f, *args):
    graph = bl.trace(f, *args)
    graph.backward()
    return graph


def network_loss():
    rng = np.random.default_rng(0)
    x, classes = rng.normal(size=(8, 4)).astype("f"), rng.integers(0, 3, 8)
    net = bl.network("Dense(5), ReLU, Residual(Dense(5), Tanh), Dense(3)")
    parameters, _ = net.initialize((4,), jax.random.key(0))

    def loss(parameters, x):
        y, _ = net.apply(parameters, {}, x, bl.Context())
        with jax.named_scope("loss"):
            return (jax.nn.logsumexp(y, axis=1) - y[np.arange(8), classes]).mean()

    return loss, parameters, x


def test_every_node_and_edge_is_drawn_with_its_value_and_gradient():
    def f(x, y, z):
        shared = x * y
        return shared * jnp.exp(shared - z) + jnp.maximum(shared, z) ** 2 + 2.0 * x

    graph = drawn_back(f, 0.5, -1.5, 0.25)
    svg = graph.draw().svg
    assert set(nodes(svg)) == {node.name for node in graph}
    found = edges(svg)
    expected = {(x.name, node.name) for node in graph for x in node.inputs if isinstance(x, bl.Node)}
    assert set(found) == expected | {(graph.outputs[0].name, "output")}
    for node in graph:
        for i, x in enumerate(node.inputs):
            if isinstance(x, bl.Node):
                written = found[x.name, node.name]
                assert number(written["value"][0]) == pytest.approx(float(x.value), rel=1e-3)
                assert number(written["gradient"][0]) == pytest.approx(float(node.downstream(i)), rel=1e-3)
    gradients = jax.grad(f, argnums=(0, 1, 2))(0.5, -1.5, 0.25)
    for name, gradient in zip("xyz", gradients, strict=True):
        sent = sum(float(e.get("data-gradient")) for e in groups(svg, "edge") if e.get("data-from") == name)
        assert sent == pytest.approx(float(gradient), rel=1e-5)


def test_before_backward_the_values_stand_alone_and_before_forward_nothing():
    graph = bl.trace(lambda x, y: jnp.sin(x) * y, 1.0, 2.0)
    assert all(set(written) == set() for written in edges(graph.draw().svg).values())
    graph.forward()
    assert all(set(written) == {"value"} for written in edges(graph.draw().svg).values())
    graph.backward()
    assert all(set(written) == {"value", "gradient"} for written in edges(graph.draw().svg).values())


def test_integers_have_no_gradient():
    graph = drawn_back(lambda x, i: x[i], jnp.arange(3.0), 1)
    written = [texts(edge) for edge in groups(graph.draw().svg, "edge") if edge.get("data-from") == "i"]
    assert written
    assert not any("gradient" in words for words in written)


def test_an_operation_that_takes_a_value_twice_has_two_edges():
    svg = drawn_back(lambda x, y: (x + y) * (x + y), 1.0, 2.0).draw().svg
    two = [e for e in groups(drawn_back(lambda x: x * x, 3.0).draw().svg, "edge") if e.get("data-to") != "output"]
    assert [float(edge.get("data-gradient")) for edge in two] == [3, 3]
    assert overlaps(svg) == []


def test_small_arrays_are_written_in_full_and_large_ones_as_shape_mean_and_deviation():
    graph = drawn_back(lambda a, b: (a @ b).sum(), jnp.array([[1.0, -2.0, 3.0]]), jnp.arange(12.0).reshape(3, 4))
    found = edges(graph.draw().svg)
    (product,) = (node.name for node in graph if node.operation == "dot_general")
    assert found["a", product]["value"] == ["[1  −2  3]"]
    assert found["b", product]["value"] == ["3×4", f"5.5 ± {np.arange(12).std():.3g}"]
    assert found["b", product]["gradient"] == [f"0.667 ± {np.std([1, -2, 3]):.3g}"]


@pytest.mark.parametrize(
    ("f", "expected"),
    [
        (lambda x: x + 1.0, "+1"),
        (lambda x: 1.0 - x, "1−"),
        (lambda x: x - 2.0, "−2"),
        (lambda x: x * 0.5, "×0.5"),
        (lambda x: 1.0 / x, "1/x"),
        (lambda x: x / 3.0, "÷3"),
        (lambda x: x**2, "x²"),
        (lambda x: -x, "×−1"),
        (lambda x: jnp.maximum(x, 0.0), "max 0"),
        (jnp.exp, "exp"),
        (jax.nn.sigmoid, "σ"),
        (jnp.sum, "Σ"),
    ],
)
def test_operations_are_marked_as_lectures_mark_them(f, expected):
    x = jnp.ones(3) if expected == "Σ" else jnp.float32(2)
    assert expected in [symbol(node) for node in bl.trace(f, x) if node.equation]


def test_layers_are_frames_and_a_parameter_stands_in_its_layer():
    graph = drawn_back(*network_loss())
    svg = graph.draw(depth=5).svg
    assert {g.get("data-name") for g in groups(svg, "group")} >= {"dense_1", "residual_1", "residual_1/dense_1", "loss"}
    assert set(nodes(svg)) == {node.name for node in graph}
    (dense,) = (g for g in groups(svg, "group") if g.get("data-name") == "dense_1")
    inside = {g.get("data-name") for g in dense.iter() if "node" in classes(g)}
    assert "parameters['dense_1']['weight']" in inside
    assert "x" not in inside
    assert overlaps(svg) == []


def test_a_collapsed_layer_sends_back_the_gradient_of_its_input():
    loss, parameters, x = network_loss()
    graph = drawn_back(loss, parameters, x)
    svg = graph.draw(depth=0).svg
    collapsed = [group.get("data-name") for group in groups(svg, "collapsed")]
    assert collapsed == ["dense_1", "relu_1", "residual_1", "dense_2", "loss"]
    assert overlaps(svg) == []
    (edge,) = (edge for edge in groups(svg, "edge") if edge.get("data-to") == "residual_1")
    (before,) = (node for node in graph if node.name == edge.get("data-from"))
    mean, deviation = np.mean(before.upstream), np.std(before.upstream)
    assert texts(edge)["gradient"] == [f"{mean:.3g} ± {deviation:.3g}".replace("-", "−")]


def test_a_graph_of_hundreds_of_nodes_is_collapsed_until_it_can_be_read():
    net = bl.network("Conv(2, 3), BatchNorm, ReLU, " * 6 + "Flatten, Dense(2)")
    parameters, state = net.initialize((16, 16, 1), jax.random.key(0))
    training = bl.Context(training=True)
    graph = bl.trace(lambda p, x: net.apply(p, state, x, training)[0].sum(), parameters, jnp.ones((1, 16, 16, 1)))
    assert len(graph) > 200
    svg = graph.draw().svg
    assert len(groups(svg, "node")) + len(groups(svg, "collapsed")) <= 40
    assert overlaps(svg) == []


def test_a_layer_that_runs_twice_is_drawn_twice():
    def f(x):
        with jax.named_scope("shared"):
            y = jnp.sin(x)
        y = y * 2.0
        with jax.named_scope("shared"):
            return jnp.sin(y)

    names = [group.get("data-name") for group in groups(drawn_back(f, 1.0).draw().svg, "group")]
    assert names == ["shared", "shared (2)"]


def test_steps_are_numbered_forward_and_on_backward():
    graph = drawn_back(lambda x, y, z: (x + y) * z, -2.0, 5.0, -4.0)
    svg = graph.draw(steps=True).svg
    written = {name: texts(node) for name, node in nodes(svg).items()}
    assert written["v0"]["step forward"] == ["1"]
    assert written["v1"]["step forward"] == ["2"]
    assert written["v1"]["step backward"] == ["3"]
    assert written["v0"]["step backward"] == ["4"]
    assert not any("step" in text for text in graph.draw().svg.split('class="') if text.startswith("step"))
    assert overlaps(svg) == []


def test_every_step_comes_after_those_that_it_needs():
    graph = drawn_back(*network_loss())
    found = nodes(graph.draw(depth=9).svg)
    for node in graph:
        for x in node.inputs:
            if isinstance(x, bl.Node):
                assert int(found[x.name].get("data-forward")) < int(found[node.name].get("data-forward"))
                if x.upstream is not None and node.upstream is not None:
                    back = [int(found[n.name].get("data-backward")) for n in (node, x)]
                    assert back[0] <= back[1]
                    assert back[0] > int(found[node.name].get("data-forward"))


def test_several_outputs_leave_with_their_own_seeds():
    graph = bl.trace(lambda x, y: (x * y, (x * y) + x), 2.0, 3.0)
    graph.backward((0.5, 2.0))
    sent = {e.get("data-to"): e.get("data-gradient") for e in groups(graph.draw().svg, "edge")}
    assert (sent["output 0"], sent["output 1"]) == ("0.5", "2")


def test_names_may_hold_what_xml_cannot():
    graph = drawn_back(lambda p: p['<a & "b">'] * p["c"] * 1.0, {'<a & "b">': 2.0, "c": 3.0})
    drawing = graph.draw(title="a < b & c")
    assert "p['<a & \"b\">']" in nodes(drawing.svg)
    assert "<title>a &lt; b &amp; c</title>" in drawing.html


@pytest.mark.parametrize("wrong", [-1, 1.5, True, "all"])
def test_depth_is_a_whole_number(wrong):
    with pytest.raises(bl.SettingError, match="how many levels"):
        bl.trace(lambda x: x * 2.0, 1.0).draw(depth=wrong)


def test_a_path_is_of_the_graph_that_draws_it():
    path = drawn_back(lambda x: x * 2.0, 1.0).paths("x")[0]
    with pytest.raises(bl.GraphError, match="another graph"):
        drawn_back(lambda x: x * 2.0, 1.0).draw(path)


@pytest.mark.parametrize("ending", ["svg", "html"])
def test_a_drawing_is_saved(tmp_path, ending):
    drawing = drawn_back(lambda x: x * 2.0, 1.0).draw()
    drawing.save(tmp_path / f"g.{ending}")
    assert (tmp_path / f"g.{ending}").read_text("utf-8") == getattr(drawing, ending)
    with pytest.raises(bl.FileError, match=r"ends in \.svg or \.html"):
        drawing.save(tmp_path / "g.png")


@pytest.mark.parametrize("ending", ["svg", "html"])
def test_what_is_drawn_is_written_to_the_path(tmp_path, ending):
    graph, network = drawn_back(lambda x: x * 2.0, 1.0), bl.network("Dense(2)")
    for i, draw in enumerate([graph.draw, partial(network.draw, (3,))]):
        place = tmp_path / f"{i}.{ending}"
        assert getattr(draw(path=str(place)), ending) == place.read_text("utf-8")
        with pytest.raises(bl.FileError, match=r"ends in \.svg or \.html"):
            draw(path=tmp_path / "g.png")
        with pytest.raises(bl.SettingError, match="path is the file to write"):
            draw(path=3)
        with pytest.raises(bl.SettingError, match="path='"):
            draw("g.svg")


def test_notebooks_show_the_page():
    graph = drawn_back(parse("x*y", {}), 1.0, 2.0)
    assert graph._repr_html_().startswith("<iframe srcdoc=")
    assert graph.draw()._repr_svg_() == graph.draw().svg


def test_the_words_of_a_graph_are_those_of_its_drawing():
    graph = drawn_back(lambda x: -jax.nn.sigmoid(x * 0.0), -1.0)
    assert "sigmoid(v0)" in str(graph)
    assert "-v1" in str(graph)
    assert not {"-0.", "logistic", "neg"} & set(str(graph).split())
    assert "−0" not in [text for label in edges(graph.draw().svg).values() for line in label.values() for text in line]
