"""Networks as drawings: the numbers are the plan's, the lines are the parameters."""

import jax
import numpy as np
import pytest
from svg_reading import SVG, classes, edges, groups, nodes, overlaps, texts

import backlit as bl
from backlit.networks.named import network_named

BRANCHED = (
    "Conv(4, 3), ReLU, Residual(Conv(4, 3, padding='same'), BatchNorm), "
    "Parallel(GlobalMeanPool, GlobalMaxPool), Repeat(3, Dense(8), ReLU), Skip(Dense(3), Tanh), Dense(3)"
)


def small_text(svg, name):
    return texts(nodes(svg)[name])["small"][0]


@pytest.mark.parametrize(("name", "shape"), [("lenet5", (28, 28, 1)), ("resnet18", (64, 64, 3))])
def test_every_layer_is_drawn_with_its_shape_and_count(name, shape):
    network = network_named(name, shape, 10, rows=1)
    svg = network.draw(shape, depth=9).svg
    drawn = nodes(svg)
    for row in network.summary(shape).rows:
        leaving = [e.get("data-shape") for e in groups(svg, "edge") if e.get("data-from") == row.path]
        assert set(leaving) == {"×".join(map(str, row.output))} or not leaving  # where it leaves through a frame alone
        if row.parameters:
            assert f"{row.parameters:,} parameter" in " ".join(texts(drawn[row.path])["small"])
    assert overlaps(svg) == []
    assert f"{network.summary(shape).parameters:,} parameters" in svg


def test_branches_stand_side_by_side_and_meet_again():
    svg = bl.network(BRANCHED).draw((8, 8, 1), depth=9).svg
    found = {(e.get("data-from"), e.get("data-to")): e.get("data-shape") for e in groups(svg, "edge")}
    assert found["relu_1", "residual_1/conv_1"] == found["relu_1", "residual_1/sum"] == "6×6×4"
    assert found["residual_1/batchnorm_1", "residual_1/sum"] == "6×6×4"
    assert found["residual_1/sum", "parallel_1/globalmeanpool_1"] == "6×6×4"
    assert found["parallel_1/globalmaxpool_1", "parallel_1/join"] == "4"
    assert found["parallel_1/join", "repeat_1"] == "8"
    assert found["repeat_1/relu_1", "skip_1/join"] == "8"
    assert found["skip_1/tanh_1", "skip_1/join"] == "3"
    assert found["skip_1/join", "dense_1"] == "11"
    assert found["dense_1", "output"] == "3"
    assert texts(nodes(svg)["residual_1/sum"])["name"] == ["+"]
    assert small_text(svg, "repeat_1/dense_1") == "dense_1 · 3 × 72 parameters"
    titles = [group.findtext(f"{SVG}text") for group in groups(svg, "group")]
    assert titles == ["residual_1", "parallel_1", "repeat_1 × 3", "skip_1"]
    assert overlaps(svg) == []


def test_a_transformer_is_drawn_as_what_it_is_made_of():
    network = bl.network("Embedding(16, 8), DecoderBlock(2), Dense(16)")
    found = set(edges(network.draw((5,), depth=9).svg))
    assert ("embedding_1", "decoderblock_1/residual_1/layernorm_1") in found
    assert ("decoderblock_1/residual_1/layernorm_1", "decoderblock_1/residual_1/attention_1") in found
    assert ("decoderblock_1/residual_1/attention_1", "decoderblock_1/residual_1/sum") in found


def test_a_decoder_looks_at_its_encoder():
    encoder = "Sequential(Embedding(9, 4), EncoderBlock(2))"
    decoder = "Sequential(Embedding(9, 4), DecoderBlock(2, cross=True), Dense(9))"
    svg = bl.network(f"EncoderDecoder({encoder}, {decoder}, source=3)").draw((7,), depth=9).svg
    found = {(e.get("data-from"), e.get("data-to")) for e in groups(svg, "edge")}
    made = "encoderdecoder_1/encoder/encoderblock_1/residual_2/sum"
    takers = {target for source, target in found if source == made and target.startswith("encoderdecoder_1/decoder/")}
    assert "encoderdecoder_1/decoder/decoderblock_1/residual_2/crossattention_1" in takers
    assert "encoderdecoder_1/decoder/embedding_1" not in takers


def test_a_deep_network_is_collapsed_until_it_can_be_read():
    svg = network_named("resnet50", (64, 64, 3), 10, rows=1).draw((64, 64, 3)).svg
    assert "residual_1" in {group.get("data-name") for group in groups(svg, "collapsed")}
    assert len(groups(svg, "node")) + len(groups(svg, "collapsed")) <= 50


def test_neurons_are_joined_by_their_weights():
    network = bl.network("Dense(3), Tanh, Dense(1)")
    parameters, _ = network.initialize((2,), jax.random.key(0))
    svg = network.draw((2,), parameters).svg
    assert set(nodes(svg)) == {"x1", "x2", "dense_1[0]", "dense_1[1]", "dense_1[2]", "dense_2[0]"}
    drawn = {(e.get("data-from"), e.get("data-to")): e for e in groups(svg, "edge")}
    assert len(drawn) == 2 * 3 + 3
    first = np.asarray(parameters["dense_1"]["weight"])
    widths = {}
    for (i, j), weight in np.ndenumerate(first):
        edge = drawn[f"x{i + 1}", f"dense_1[{j}]"]
        assert float(edge.get("data-weight")) == pytest.approx(weight, rel=1e-6)
        line = edge.find(f"{SVG}path")
        assert ("positive" if weight >= 0 else "negative") in classes(line)
        widths[abs(weight)] = float(line.get("style").removeprefix("stroke-width: "))
    assert sorted(widths.values()) == [widths[size] for size in sorted(widths)]
    assert "4 neurons, 13 parameters" in svg
    assert overlaps(svg) == []


def test_without_parameters_all_lines_are_alike():
    svg = bl.network("Dense(4), ReLU, Dense(2)").draw((3,)).svg
    assert {line.get("style") for edge in groups(svg, "edge") for line in edge.findall(f"{SVG}path")} == {None}
    assert len(groups(svg, "edge")) == 20


@pytest.mark.parametrize(
    ("network", "shape", "reason"),
    [
        ("Dense(13)", (2,), "13 units"),
        ("Conv(4, 3), Flatten, Dense(2)", (8, 8, 1), "more than one axis"),
        ("Skip(Dense(3)), Dense(1)", (2,), "skip_1 is of another kind"),
        ("ReLU", (3,), "it has none"),
    ],
)
def test_what_is_not_drawn_as_neurons_says_why(network, shape, reason):
    assert "positive" not in bl.network(network).draw(shape).svg.split("</style>")[1]
    with pytest.raises(bl.SettingError, match=reason):
        bl.network(network).draw(shape, neurons=True)


def test_parameters_of_another_network_are_refused():
    network = bl.network("Dense(3), Tanh, Dense(1)")
    other, _ = bl.network("Dense(4), Tanh, Dense(1)").initialize((2,), jax.random.key(0))
    with pytest.raises(bl.ShapeError, match="dense_1/weight is of shape 2×4, and the network's has the shape 2×3"):
        network.draw((2,), other)
    with pytest.raises(bl.ShapeError, match="dense_1/weight is missing"):
        network.draw((2,), {})


def test_a_network_that_does_not_fit_says_so():
    with pytest.raises(bl.ShapeError, match="conv_1"):
        bl.network("Conv(4, 3)").draw((8,))


def test_notation_with_quotes_is_escaped():
    svg = bl.network("Conv(4, 3, padding='same'), Dense(2)").draw((8, 8, 1)).svg
    assert "Conv(4, 3, padding='same')" in texts(nodes(svg)["conv_1"])["name"]


def test_notebooks_show_a_network_without_its_input():
    shown = bl.network("Dense(3), Tanh, Residual(Dense(3))")._repr_html_()
    assert all(word in shown for word in ("Dense(3)", "Tanh", "Residual(Dense(3))"))
    assert bl.Residual(bl.Dense(3))._repr_html_() is None  # the text says more than a row of blocks


def test_a_model_draws_its_own_weights():
    x = np.random.default_rng(0).normal(size=(40, 2)).astype("f")
    run = bl.prepare("Dense(2), Tanh, Dense(1)", x, x.sum(1))
    parameters, state = run.initialize(jax.random.key(0))
    model = bl.Model(
        network=run.network,
        input_shape=run.input_shape,
        schema=run.parts.schema,
        loss=run.loss,
        parameters=parameters,
        state={**state, **run.fitted},
        settings=run.settings,
    )
    drawn = {(e.get("data-from"), e.get("data-to")): e for e in groups(model.draw().svg, "edge")}
    weight = model.parameters["dense_1"]["weight"]
    assert float(drawn["x1", "dense_1[1]"].get("data-weight")) == pytest.approx(float(weight[0, 1]), rel=1e-6)
    assert model._repr_html_().startswith("<iframe")
