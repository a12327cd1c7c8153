"""A model's folder that is damaged, or that somebody else made: it is refused with the reason, and runs nothing."""

import json
import os
from pathlib import Path

import jax
import numpy as np
import pytest
import safetensors.numpy
from hypothesis import given
from hypothesis import strategies as st

from backlit.errors import FileError
from backlit.files import read_model, write_model
from backlit.layers.composition import Sequential
from backlit.layers.dense import Dense
from backlit.layers.normalization import BatchNorm
from backlit.layers.preprocessing import OneHot

NETWORK = Sequential(OneHot((0, 3)), Dense(5), BatchNorm)
INPUT = (2,)
EXTRA = {"loss": "cross-entropy", "rate": 0.1}
VARIABLES = NETWORK.initialize(INPUT, jax.random.key(0))


def save(path):
    write_model(path, NETWORK, INPUT, *VARIABLES, EXTRA)
    return path


@pytest.fixture
def model(tmp_path):
    return save(tmp_path / "model")


def relink(path):
    """Put a link to a file, or to a folder, in its place."""
    path.rename(path.with_name("elsewhere"))
    path.symlink_to(path.with_name("elsewhere"))


def pipe(path):
    path.unlink()
    os.mkfifo(path)


def edit(**changes):
    """Change entries of the description; ... takes one away."""

    def change(path):
        record = {**json.loads(path.read_text()), **changes}
        record = {key: value for key, value in record.items() if value is not ...}
        path.write_text(json.dumps(record))

    return change


def tensors(**changes):
    """Change the tensors, in a file that is itself whole."""

    def change(path):
        kept = {
            **safetensors.numpy.load_file(path),
            **{name.replace("__", "/"): value for name, value in changes.items()},
        }
        path.write_bytes(safetensors.numpy.save({name: value for name, value in kept.items() if value is not None}))

    return change


def header(text):
    return lambda path: path.write_bytes(len(text).to_bytes(8, "little") + text)


FOREIGN = [
    ("network.json", Path.unlink, "No such file"),
    ("network.json", relink, "it is a link"),
    ("network.json", pipe, "no plain file"),
    ("network.json", lambda path: path.write_bytes(b"x" * 10_000_001), "larger than 10,000,000 bytes"),
    ("network.json", lambda path: path.write_bytes(b""), "JSON cannot be read"),
    ("network.json", lambda path: path.write_bytes(b"\xff"), "JSON cannot be read"),
    ("network.json", lambda path: path.write_bytes(b"[" * 100_000), "JSON cannot be read"),
    ("network.json", lambda path: path.write_bytes(b"[1]"), "its JSON is no object"),
    ("network.json", lambda path: path.write_bytes(b'{"a": 1, "a": 1}'), "a key is given twice"),
    ("network.json", lambda path: path.write_bytes(b'{"a": NaN}'), "no finite number"),
    ("network.json", lambda path: path.write_bytes(b'{"a": 1e999}'), "no finite number"),
    ("network.json", lambda path: path.write_bytes(b"{}"), "describes no Backlit model"),
    ("network.json", edit(version=2), "has version 2, and this Backlit reads version 1"),
    ("network.json", edit(version=True), "is of another type"),
    ("network.json", edit(extra=...), "lacks 'extra'"),
    ("network.json", edit(extra=[]), "'extra' is of another type"),
    ("network.json", edit(code="import os"), "holds code, which no model has"),
    ("network.json", edit(network="__import__('os').system('true')"), "is damaged: cannot read"),
    ("network.json", edit(network="Dens(3)"), "did you mean Dense?"),
    ("network.json", edit(input=[-2]), "sizes of at least 1"),
    ("network.json", edit(input=[7]), "does not fit its input"),
    ("network.json", edit(network="Dense(1000000000), Dense(1000000000)"), "which the network does not have"),
    ("network.json", edit(extra={}), "is not as it was written"),
    ("network.json", edit(sha256="0"), "is not as it was written"),
    ("parameters.safetensors", Path.unlink, "No such file"),
    ("parameters.safetensors", relink, "it is a link"),
    ("parameters.safetensors", pipe, "no plain file"),
    ("parameters.safetensors", lambda path: path.write_bytes(b""), "cut off"),
    ("parameters.safetensors", lambda path: path.write_bytes(b"\xff" * 100), "too long"),
    ("parameters.safetensors", lambda path: path.write_bytes(path.read_bytes()[:-1]), "its tensors take"),
    ("parameters.safetensors", lambda path: path.write_bytes(path.read_bytes() + b"\0"), "its tensors take"),
    ("parameters.safetensors", header(b"[]"), "its JSON is no object"),
    ("parameters.safetensors", header(b'{"a": NaN}'), "no finite number"),
    ("parameters.safetensors", header(b'{"a": {}}'), "its entry 'a' is no tensor"),
    ("parameters.safetensors", header(b'{"a": {"dtype": "F32", "shape": [-1], "data_offsets": [0, 4]}}'), "no tensor"),
    ("parameters.safetensors", header(b'{"a": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}}'), "not have"),
    ("parameters.safetensors", tensors(parameters__dense_1__bias=None), "lacks parameters/dense_1/bias, of shape 5"),
    ("parameters.safetensors", tensors(more=np.zeros(3)), "holds more, which the network does not have"),
    ("parameters.safetensors", tensors(parameters__dense_1__bias=np.zeros(4, np.float32)), "and shape 4; the network"),
    ("parameters.safetensors", tensors(parameters__dense_1__bias=np.zeros(5)), "of type F64"),
    ("parameters.safetensors", tensors(parameters__dense_1__bias=np.ones(5, np.float32)), "not as it was written"),
]


@pytest.mark.parametrize(
    ("name", "change", "words"), FOREIGN, ids=lambda value: value if isinstance(value, str) else ""
)
def test_a_damaged_or_foreign_model_is_refused(model, name, change, words):
    change(model / name)
    with pytest.raises(FileError) as caught:
        read_model(model)
    assert words in str(caught.value)


def test_overlapping_tensors_are_refused(model):
    path = model / "parameters.safetensors"
    data = path.read_bytes()
    length = int.from_bytes(data[:8], "little")
    entries = json.loads(data[8 : 8 + length])
    entries["parameters/dense_1/bias"]["data_offsets"] = entries["state/batchnorm_1/mean"]["data_offsets"]
    text = json.dumps(entries).encode()
    path.write_bytes(len(text).to_bytes(8, "little") + text + data[8 + length :])
    with pytest.raises(FileError, match="are not where they belong"):
        read_model(model)


@pytest.fixture(scope="module")
def copies(tmp_path_factory):
    """A model's bytes, and a folder to put changed ones in."""
    source = save(tmp_path_factory.mktemp("source") / "model")
    place = tmp_path_factory.mktemp("place")
    return {name: (source / name).read_bytes() for name in os.listdir(source)}, place


@given(st.data())
def test_no_change_of_bytes_gets_through(copies, data):
    files, place = copies
    name = data.draw(st.sampled_from(sorted(files)))
    changed = bytearray(files[name])
    if data.draw(st.booleans(), "cut"):
        del changed[data.draw(st.integers(0, len(changed))) :]
    else:
        for at in data.draw(st.lists(st.integers(0, len(changed) - 1), min_size=1, max_size=3)):
            changed[at] = data.draw(st.integers(0, 255))
    for each, content in {**files, name: bytes(changed)}.items():
        (place / each).write_bytes(content)
    try:
        stored = read_model(place)
    except FileError:
        return
    assert (stored.network, stored.input_shape, stored.extra) == (NETWORK, INPUT, EXTRA)
    jax.tree.map(np.testing.assert_array_equal, (stored.parameters, stored.state), VARIABLES)


@pytest.mark.parametrize("depth", [100, 900, 990, 2_000, 100_000])
def test_deep_json_is_refused_without_a_traceback(model, depth):
    text = '{"format":"backlit","version":1,"network":"ReLU","input":[2],"sha256":"0","extra":{"a":'
    (model / "network.json").write_text(text + "[" * depth + "]" * depth + "}}")
    (model / "parameters.safetensors").write_bytes(safetensors.numpy.save({}))
    with pytest.raises(FileError):
        read_model(model)
