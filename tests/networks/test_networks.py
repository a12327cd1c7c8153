"""Networks by what a user calls them."""

import json

import pytest

import backlit as bl
from backlit.networks.classic import CLASSIC
from backlit.networks.default import default_network
from backlit.networks.named import network_named


@pytest.mark.parametrize("name", ["default", *CLASSIC])
@pytest.mark.parametrize("shape", [(1,), (4,), (28, 28, 1), (32, 32, 3)])
@pytest.mark.parametrize("units", [1, 10])
@pytest.mark.parametrize("rows", [10, 19_999, 20_000])
def test_the_default_and_the_classic_models_fit_every_input_and_output(name, shape, units, rows):
    network = network_named(name, shape, units, rows)
    assert network.plan(shape).output == (units,)
    assert bl.network(str(network)) == network


def test_the_default_grows_with_the_rows_and_starts_with_relu():
    small, large = (default_network((10,), 3, rows) for rows in (19_999, 20_000))
    assert str(small) == "Sequential(Dense(64), ReLU, Dense(64), ReLU, Dense(3))"
    assert small.summary((10,)).parameters < large.summary((10,)).parameters


def test_images_are_flattened_first():
    assert default_network((8, 8, 1), 3, 10).blocks[0] == bl.Flatten()


def test_the_notation_and_a_file_of_it_are_the_same_network(tmp_path):
    text = "Dense(8), Tanh, Dense(2)"
    (tmp_path / "net.json").write_text(json.dumps({"network": text, "note": "any"}))
    named = [network_named(given, (3,), 2, 10) for given in (text, str(tmp_path / "net.json"))]
    assert named[0] == named[1] == bl.Sequential(bl.Dense(8), bl.Tanh, bl.Dense(2))


@pytest.mark.parametrize("text", ["defalt", "Dence", "resnet9000"])
def test_an_unknown_name_is_refused_with_those_known(text):
    with pytest.raises(bl.NotationError, match=r"did you mean (default|Dense|resnet50)"):
        network_named(text, (3,), 2, 10)


@pytest.mark.parametrize("held", ["", "[]", "{}", '{"network": 3}', "Dense(3)", "\udcff", "[" * 200_000])
def test_a_file_without_a_network_is_refused(held, tmp_path):
    path = tmp_path / "net.json"
    path.write_bytes(held.encode("utf-8", "surrogateescape"))
    with pytest.raises(bl.FileError, match=r"net\.json holds no network"):
        network_named(str(path), (3,), 2, 10)


def test_a_file_that_cannot_be_read_is_refused(tmp_path):
    with pytest.raises(bl.FileError, match="cannot read"):
        network_named(str(tmp_path / "none.json"), (3,), 2, 10)
    (tmp_path / "folder.json").mkdir()
    with pytest.raises(bl.FileError, match="cannot read"):
        network_named(str(tmp_path / "folder.json"), (3,), 2, 10)


@pytest.mark.parametrize("text", ["", " ", "__import__('os')", "Dense(3), open('x')", "(" * 10_000])
def test_hostile_text_is_refused(text):
    with pytest.raises(bl.NotationError):
        network_named(text, (3,), 2, 10)
