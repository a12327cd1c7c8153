"""A model's folder: the same model comes back, whole or not at all, and nothing foreign or damaged gets in."""

import errno
import json
import os
import resource
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import safetensors.numpy
from hypothesis import given
from hypothesis import strategies as st

from backlit.errors import FileError
from backlit.files import new_folder, read_model, write_model
from backlit.layers.activation import ReLU, Softmax
from backlit.layers.block import Block, Context
from backlit.layers.composition import Parallel, Residual, Sequential
from backlit.layers.dense import Dense
from backlit.layers.normalization import BatchNorm
from backlit.layers.plan import Plan
from backlit.layers.preprocessing import Impute, OneHot, Standardize

NETWORK = Sequential(
    Impute,
    Standardize,
    OneHot((0, 3)),
    Dense(5),
    Residual(BatchNorm, ReLU, Dense(5)),
    Parallel(ReLU, Dense(2)),
    Softmax,
)
INPUT = (2,)
EXTRA = {"loss": "cross-entropy", "classes": ["setosa", "größer", "日本"], "none": None, "rates": [0.1, 1e-30, -0.0]}
VARIABLES = NETWORK.initialize(INPUT, jax.random.key(0))


def save(path, **changes):
    given = {
        "network": NETWORK,
        "input_shape": INPUT,
        "parameters": VARIABLES[0],
        "state": VARIABLES[1],
        "extra": EXTRA,
    }
    write_model(path, **{**given, **changes})
    return path


def assert_is_the_model(stored):
    assert (stored.network, stored.input_shape, stored.extra) == (NETWORK, INPUT, EXTRA)
    for kept, expected in zip((stored.parameters, stored.state), VARIABLES, strict=True):
        assert jax.tree.structure(kept) == jax.tree.structure(expected)
        jax.tree.map(np.testing.assert_array_equal, kept, expected)


@pytest.fixture
def model(tmp_path):
    return save(tmp_path / "model")


def test_what_was_written_is_read(model):
    stored = read_model(model)
    assert_is_the_model(stored)
    x = jnp.asarray([[np.nan, 1.0], [0.5, -1.0]])
    before, after = (NETWORK.apply(*variables, x, Context())[0] for variables in (VARIABLES, stored_variables(stored)))
    np.testing.assert_array_equal(before, after)


def stored_variables(stored):
    return stored.parameters, stored.state


def test_the_folder_holds_plain_data_that_other_tools_read(model):
    assert sorted(os.listdir(model)) == ["network.json", "parameters.safetensors"]
    record = json.loads((model / "network.json").read_text(encoding="utf-8"))
    assert record["network"].startswith("Impute, Standardize, OneHot((0, 3)), Dense(5)")
    assert (record["format"], record["version"], record["input"], record["extra"]) == ("backlit", 1, [2], EXTRA)
    tensors = safetensors.numpy.load_file(model / "parameters.safetensors")
    np.testing.assert_array_equal(tensors["parameters/dense_1/weight"], VARIABLES[0]["dense_1"]["weight"])
    assert tensors["state/residual_1/batchnorm_1/variance"].shape == (5,)


def test_a_network_without_variables(tmp_path):
    path = save(tmp_path / "model", network=Sequential(ReLU), parameters={}, state={})
    assert read_model(path).parameters == read_model(path).state == {}


def test_keys_of_other_types_become_text_as_in_json(tmp_path):
    path = save(tmp_path / "model", extra={10: "ten", 2: ("a", "b")})
    assert read_model(path).extra == {"10": "ten", "2": ["a", "b"]}


class Foreign(Block):
    """A user's own layer."""

    def plan(self, input):
        """The shape stays."""
        return Plan(input, input)

    def apply(self, parameters, state, x, context):
        """The identity."""
        return x, {}

    def __str__(self):
        return "Foreign"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"network": Sequential(Foreign())}, "unknown layer 'Foreign'"),
        ({"network": Dense(3)}, "no Sequential of Backlit's layers: Dense(3)"),
        ({"extra": {"loss": float("nan")}}, "Out of range float"),
        ({"extra": {"loss": object()}}, "not JSON serializable"),
        ({"extra": {"name": "\ud800"}}, "surrogates not allowed"),
        ({"extra": {"text": "x" * 10_000_001}}, "more than 10,000,000 bytes"),
        ({"input_shape": (3,)}, "does not fit its input: layer onehot_1"),
        ({"state": {}}, "lacks state/impute_1/fill, of shape 2"),
        (
            {"parameters": {**VARIABLES[0], "dense_9": {"bias": np.zeros(1, np.float32)}}},
            "holds parameters/dense_9/bias",
        ),
        ({"parameters": {**VARIABLES[0], "dense_1": {"weight": np.zeros((4, 5)), "bias": np.zeros(5)}}}, "float64"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_could_not_be_read_again_is_not_written(tmp_path, changes, words):
    with pytest.raises(FileError) as caught:
        save(tmp_path / "model", **changes)
    assert words in str(caught.value)
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("overwrite", [False, True])
@pytest.mark.parametrize("there", ["file", "empty folder", "other folder", "link", "model and more", "damaged model"])
def test_what_is_there_is_kept(tmp_path, there, overwrite):
    target = tmp_path / "model"
    match there:
        case "file":
            target.write_text("mine")
        case "empty folder":
            target.mkdir()
        case "other folder":
            target.mkdir()
            (target / "mine").write_text("mine")
        case "link":
            target.symlink_to(save(tmp_path / "elsewhere"))
        case "model and more":
            (save(target) / "notes.txt").write_text("mine")
        case "damaged model":
            (save(target) / "network.json").write_text("{}")
    before = contents(tmp_path)
    with pytest.raises(FileError, match=r"exists already|is kept"):
        save(target, overwrite=overwrite)
    assert contents(tmp_path) == before


def contents(folder):
    return {
        path.relative_to(folder): path.read_bytes() if path.is_file() else None for path in sorted(folder.rglob("*"))
    }


def test_a_model_is_replaced_when_asked(tmp_path):
    target = save(tmp_path / "model", extra={"version": "old"})
    with pytest.raises(FileError, match="exists already; choose another name or remove it"):
        save(target)
    assert read_model(target).extra == {"version": "old"}
    save(target, overwrite=True)
    assert_is_the_model(read_model(target))
    assert os.listdir(tmp_path) == ["model"]


@pytest.mark.parametrize("old", [False, True])
@pytest.mark.parametrize("place", ["write_bytes", "rename"])
def test_a_failure_leaves_everything_as_it_was(tmp_path, monkeypatch, place, old):
    target = tmp_path / "model"
    if old:
        save(target)
    before = contents(tmp_path)
    original, calls = getattr(Path, place), []

    def full(self, *rest):
        calls.append(self)
        # The first file, or the first folder to move, succeeds; what follows finds the disk full.
        if len(calls) == 2 or (place == "rename" and not old):
            raise OSError(errno.ENOSPC, "No space left on device")
        return original(self, *rest)

    with monkeypatch.context() as patch:
        patch.setattr(Path, place, full)
        with pytest.raises(FileError, match="No space left on device; nothing was written"):
            save(target, overwrite=old, extra={})
    assert contents(tmp_path) == before


def test_a_limit_on_the_size_of_files_is_a_full_disk(tmp_path):
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (500, hard))
    try:
        with pytest.raises(FileError, match="nothing was written"):
            save(tmp_path / "model")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert os.listdir(tmp_path) == []


def test_an_interrupt_leaves_nothing(tmp_path):
    def half():
        with new_folder(tmp_path / "run") as folder:
            (folder / "half").write_text("half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        half()
    assert os.listdir(tmp_path) == []


def test_folders_within_a_new_folder_appear_together(tmp_path):
    with new_folder(tmp_path / "run") as folder:
        save(folder / "model")
        assert not (tmp_path / "run").exists()
    assert_is_the_model(read_model(tmp_path / "run" / "model"))
    assert os.listdir(tmp_path) == ["run"]


@pytest.mark.parametrize("path", ["nowhere/model", "file/model", "x" * 300])
def test_a_place_that_cannot_be_written(tmp_path, path):
    (tmp_path / "file").write_text("")
    with pytest.raises(FileError, match="cannot write"):
        save(tmp_path / path)
    assert os.listdir(tmp_path) == ["file"]


@pytest.mark.parametrize("kind", ["nothing", "file", "link"])
def test_only_a_folder_is_read(model, kind):
    path = model.with_name("other")
    match kind:
        case "file":
            path.write_text("")
        case "link":
            path.symlink_to(model)
    with pytest.raises(FileError, match="cannot read the model"):
        read_model(path)


@given(st.dictionaries(st.text(), st.recursive(st.none() | st.booleans() | st.floats() | st.text(), st.lists)))
def test_any_json_comes_back_or_is_refused(tmp_path_factory, extra):
    path = tmp_path_factory.mktemp("any") / "model"
    try:
        save(path, network=Sequential(ReLU), parameters={}, state={}, extra=extra)
    except FileError:
        assert not path.exists()
        return
    assert read_model(path).extra == extra
