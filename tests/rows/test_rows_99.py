"""Row 99: graphs as drawings; rows 40 and 47 on the drawn graph."""

import re
from itertools import pairwise
from xml.etree import ElementTree

import jax
import jax.numpy as jnp
import pytest
from svg_reading import classes, edges, groups, nodes, number, overlaps, texts

import backlit as bl
from backlit.cli.app import run


def test_row_99_a_graph_is_drawn_with_its_values_and_gradients():
    """`backlit graph "(x+y)*z" x=-2 y=5 z=-4 -o graph.svg`, `bl.trace(f, *args).draw()`"""

    def neuron(w, x):
        return bl.sigmoid(w["0"] * x["0"] + w["1"] * x["1"] + w["2"])

    w, x = {"0": 2.0, "1": -3.0, "2": -3.0}, {"0": -1.0, "1": -2.0}
    graph = bl.trace(neuron, w, x)
    graph.backward()
    svg = graph.draw().svg
    assert set(nodes(svg)) == {node.name for node in graph}
    sent = {edge.get("data-from"): edge for edge in groups(svg, "edge")}
    for argument, gradients in zip("wx", jax.grad(neuron, argnums=(0, 1))(w, x), strict=True):
        for name, gradient in gradients.items():
            written = texts(sent[f"{argument}['{name}']"])["gradient"][0]
            assert number(written) == pytest.approx(float(gradient), rel=1e-3)
    assert overlaps(svg) == []


def test_row_99_svg_and_html_need_no_other_program(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", "")
    for ending in ("svg", "html"):
        assert run(["graph", "(x+y)*z", "x=-2", "y=5", "z=-4", "-o", str(tmp_path / f"g.{ending}")]) == 0
    svg, page = ((tmp_path / f"g.{ending}").read_text("utf-8") for ending in ("svg", "html"))
    ElementTree.fromstring(svg)
    assert svg in page
    assert re.findall(r"(?:src|href|url)\s*[=(]", page) == []


def test_row_40_the_drawn_graph_has_the_lecture_s_numbers(tmp_path):
    assert run(["graph", "(x+y)*z", "x=-2", "y=5", "z=-4", "-o", str(tmp_path / "g.svg")]) == 0
    found = edges((tmp_path / "g.svg").read_text("utf-8"))
    written = {ends: (words["value"], words["gradient"]) for ends, words in found.items()}
    assert written == {
        ("x", "v0"): (["−2"], ["−4"]),
        ("y", "v0"): (["5"], ["−4"]),
        ("v0", "v1"): (["3"], ["−4"]),
        ("z", "v1"): (["−4"], ["3"]),
        ("v1", "output"): (["−12"], ["1"]),
    }


def test_row_47_one_path_of_the_drawn_graph_is_lit_with_what_it_contributes():
    def loss(w111, w211, w212, w311, w312):
        a11 = bl.sigmoid(w111 * 0.5)
        a21, a22 = bl.sigmoid(w211 * a11), bl.sigmoid(w212 * a11)
        return (1.0 - bl.sigmoid(w311 * a21 + w312 * a22)) ** 2

    point = tuple(map(jnp.float32, (0.4, -0.6, 0.8, 1.1, -0.7)))
    graph = bl.trace(loss, *point)
    graph.backward()
    total = 0.0
    for path in graph.paths("w111"):
        svg = graph.draw(path).svg
        names = [node.name for node in path.nodes]
        lit = {(e.get("data-from"), e.get("data-to")): texts(e) for e in groups(svg, "edge") if "lit" in classes(e)}
        assert set(lit) == {*pairwise(names), (names[-1], "output")}
        assert {name for name, node in nodes(svg).items() if "lit" in classes(node)} == set(names)
        (first,) = lit[names[0], names[1]]["contribution"]
        total += number(first.removeprefix("path: "))
        assert f"contributes {number(first.removeprefix('path: ')):.4g}".replace("-", "−") in svg
        assert overlaps(svg) == []
    assert total == pytest.approx(float(bl.grad(loss)(*point)), rel=1e-3)
