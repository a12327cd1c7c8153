"""`backlit summary`, `graph`, `data` and `list`."""

import json
import math
from pathlib import Path

import pytest

from backlit.functions.activations import ACTIVATIONS
from backlit.functions.losses import LOSSES
from backlit.layers.registry import LAYERS


@pytest.mark.parametrize(
    ("network", "shape", "neurons", "parameters"),
    [
        ("Dense(4), ReLU, Dense(2)", "3", 6, 26),
        ("Dense(4), ReLU, Dense(4), ReLU, Dense(1)", "3", 9, 41),
        ("Dense(3), Softmax", "2", 3, 9),
        ("Dense(4), ReLU, Dense(3)", "2", 7, 27),
        ("Flatten, Dense(10)", "32,32,3", 10, 32 * 32 * 3 * 10 + 10),
    ],
)
def test_a_summary_counts(backlit, network, shape, neurons, parameters):
    result = backlit("summary", network, "--input", shape)
    assert result.status == 0
    assert f"{neurons} neurons, {parameters:,} parameters" in result.out
    found = json.loads(backlit("summary", network, "--input", shape, "--json").out)
    assert (found["neurons"], found["parameters"]) == (neurons, parameters)
    assert found["weights"] + found["biases"] == parameters
    assert sum(layer["parameters"] for layer in found["layers"]) == parameters


def test_a_run_knows_its_own_input(backlit, trained):
    found = json.loads(backlit("summary", trained, "--json").out)
    assert found["output"] in ([1], [2])
    assert "dense_1" in backlit("summary", trained / "model").out


def test_a_network_by_name(backlit):
    found = json.loads(backlit("summary", "default", "--input", "64", "--outputs", "10", "--json").out)
    assert found["output"] == [10]


def test_the_graph_of_a_product(backlit):
    found = json.loads(backlit("graph", "(x+y)*z", "x=-2", "y=5", "z=-4", "--json").out)
    assert found["value"] == -12
    assert found["gradients"] == {"x": -4, "y": -4, "z": 3}
    values = {node["name"]: (node["value"], node["gradient"]) for node in found["nodes"]}
    assert values["x"] == (-2, -4)
    assert (3, -4) in values.values()
    assert (-12, 1) in values.values()


def test_the_graph_of_a_neuron(backlit):
    values = ("w0=2", "x0=-1", "w1=-3", "x1=-2", "w2=-3")
    found = json.loads(backlit("graph", "sigmoid(w0*x0+w1*x1+w2)", *values, "--json").out)
    p = 1 / (1 + math.exp(-1))
    assert found["value"] == pytest.approx(p, abs=1e-6)
    slope = p * (1 - p)
    expected = {"w0": -slope, "x0": 2 * slope, "w1": -2 * slope, "x1": -3 * slope, "w2": slope}
    assert found["gradients"] == pytest.approx(expected, abs=1e-6)


def test_a_graph_reads_as_a_lecture(backlit):
    shown = backlit("graph", "(x+y)*z", "z=-4", "x=-2", "y=5").out
    assert shown.splitlines()[-1] == "(x+y)*z = -12"
    assert [line.split()[0] for line in shown.splitlines()[1:4]] == ["x", "y", "z"]
    assert "x + y" in shown


@pytest.mark.parametrize("ending", ["svg", "html"])
def test_a_graph_is_drawn_and_the_table_is_printed_as_before(backlit, ending):
    plain = backlit("graph", "(x+y)*x", "x=-2", "y=5")
    drawn = backlit("graph", "(x+y)*x", "x=-2", "y=5", "-o", f"g.{ending}", "--steps", "--path", "x:2")
    assert drawn.out == plain.out + f"Drawing: g.{ending}\n"
    text = Path(f"g.{ending}").read_text("utf-8")
    assert all(words in text for words in ("One path: x → v1", "contributes 3 of ∂v1/∂x = 1", "step forward"))


@pytest.mark.parametrize(
    ("options", "error"),
    [
        (("-o", "g.png"), "ends in .svg or .html"),
        (("-o", "nowhere/g.svg"), "there is no folder nowhere"),
        (("--steps",), "add -o graph.svg"),
        (("-o", "g.svg", "--path", "w"), "no path leads from 'w'"),
        (("-o", "g.svg", "--path", "x:3"), "2 paths lead from x"),
        (("-o", "g.svg", "--path", "x:zero"), "2 paths lead from x"),
    ],
)
def test_a_drawing_that_cannot_be_made_is_one_error_and_no_file(backlit, options, error):
    result = backlit("graph", "(x+y)*x", "x=-2", "y=5", *options)
    assert result.status == 2
    assert error in result.err
    assert result.err.count("\n") == 1
    assert not list(Path().iterdir())


def test_a_network_is_drawn(backlit, trained):
    result = backlit("summary", "Conv(4, 3), ReLU, Flatten, Dense(2)", "--input", "8,8,1", "-o", "net.svg")
    assert result.out.endswith("Drawing: net.svg\n")
    assert "conv_1 · 40 parameters" in Path("net.svg").read_text("utf-8")
    assert backlit("summary", trained, "-o", "run.html").status == 0
    assert "dense_1" in Path("run.html").read_text("utf-8")
    assert backlit("summary", "Dense(2)", "--input", "3", "-o", "net.pdf").status == 2


def test_an_expression_may_begin_with_a_sign(backlit):
    assert json.loads(backlit("graph", "-x**2", "x=3", "--json").out)["gradients"] == {"x": -6}


def test_what_is_not_finite_is_null_in_json(backlit):
    assert json.loads(backlit("graph", "log(x)", "x=0", "--json").out)["value"] is None


@pytest.mark.parametrize("name", [a.function.__name__ for a in ACTIVATIONS.values() if a.derivative])
def test_every_activation_is_a_function_of_expressions(backlit, name):
    found = json.loads(backlit("graph", f"{name}(x)", "x=0.5", "--json").out)
    activation = next(a for a in ACTIVATIONS.values() if a.function.__name__ == name)
    assert found["gradients"]["x"] == pytest.approx(float(activation.derivative(0.5)), abs=1e-6)


def test_a_data_card(backlit, houses):
    shown = backlit("data", houses, "--target", "dear").out
    words = [line.split() for line in shown.splitlines() if not line.startswith(" ")]
    kinds = {line[0]: line[1] for line in words if len(line) > 1}
    assert (kinds["id"], kinds["sold"], kinds["district"], kinds["size"]) == ("id", "date", "category", "number")
    assert "two classes" in shown


def test_a_data_card_as_json(backlit, houses):
    found = json.loads(backlit("data", houses, "--target", "dear", "--column", "rooms=ignored", "--json").out)
    assert (found["rows"], found["task"], found["classes"]) == (120, "two classes", ["no", "yes"])
    assert {"column": "rooms", "kind": "ignored"}.items() <= found["columns"][3].items()


def test_lists_name_everything(backlit):
    found = json.loads(backlit("list", "--json").out)
    assert set(found["layers"]) | set(found["activations"]) == set(LAYERS)
    assert set(found["losses"]) == set(LOSSES)
    assert {"digits", "spirals", "diabetes"} <= set(found["data"])
    assert "adam" in found["optimizers"]
    assert "cosine" in found["schedules"]
    assert [about for family in found.values() for about in family.values() if not about.strip()] == []


@pytest.mark.parametrize("family", ["layers", "activations", "losses", "optimizers", "schedules", "data"])
def test_a_family_is_one_line_each(backlit, family):
    found = json.loads(backlit("list", family, "--json").out)[family]
    lines = backlit("list", family).out.splitlines()
    assert lines[0] == family
    assert [line.split()[0] for line in lines[1:]] == [name.split()[0] for name in found]


@pytest.mark.parametrize(
    ("family", "name", "settings"),
    [
        ("layers", "GRU", "sequence=False"),
        ("layers", "gru", "reset='after'"),
        ("activations", "LeakyReLU", "slope=0.01"),
        ("losses", "focal", "gamma=2"),
        ("optimizers", "heavy-ball", "decay="),
        ("optimizers", "lion", "b1="),
        ("schedules", "cosine", "warmup="),
        ("augmentations", "rotate", "degrees="),
        ("networks", "kernel-svm", "gamma="),
    ],
)
def test_one_of_a_family_is_shown_with_its_settings(backlit, family, name, settings):
    told = json.loads(backlit("list", family, name, "--json").out)
    assert settings in told["settings"]
    assert told["name"].lower() == name.lower()
    assert told["about"].splitlines()[0] in backlit("list", family, name).out


def test_an_unknown_member_is_refused_with_the_nearest(backlit):
    assert "did you mean Conv" in backlit("list", "layers", "Cnov").err
    assert backlit("list", "data", "digits").out.startswith("digits")
