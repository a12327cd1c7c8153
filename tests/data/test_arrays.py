"""Reading arrays: NumPy's, JAX's, archives and IDX files."""

import gzip
import struct

import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from backlit.data import read
from backlit.data.arrays import IDX_TYPES, idx_array
from backlit.errors import DataError

CODES = {np.dtype(dtype).newbyteorder("="): code for code, dtype in IDX_TYPES.items()}


def write_idx(path, array, zipped=False):
    header = bytes([0, 0, CODES[array.dtype], array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape)
    held = header + array.astype(array.dtype.newbyteorder(">")).tobytes()
    path.write_bytes(gzip.compress(held) if zipped else held)
    return path


def write_mnist(folder, zipped=False):
    random = np.random.default_rng(0)
    end = ".gz" if zipped else ""
    for prefix, rows in (("train", 30), ("t10k", 10)):
        images = random.integers(0, 256, (rows, 4, 5), np.uint8)
        write_idx(folder / f"{prefix}-images-idx3-ubyte{end}", images, zipped)
        write_idx(folder / f"{prefix}-labels-idx1-ubyte{end}", (np.arange(rows) % 3).astype(np.uint8), zipped)
    return folder


@pytest.mark.parametrize("zipped", [False, True])
def test_a_folder_in_mnists_manner_has_its_own_test_rows(tmp_path, zipped):
    data = read(write_mnist(tmp_path, zipped))
    assert data.inputs.dtype == np.uint8
    assert data.inputs.shape == (30, 4, 5, 1)
    parts = data.split(seed=1)
    assert len(parts.test) == 10
    assert len(parts.train) + len(parts.validation) == 30
    assert parts.train.x.dtype == np.uint8
    assert "the test rows are separate" in parts.description


def test_one_idx_file_finds_the_labels_beside_it(tmp_path):
    write_mnist(tmp_path)
    data = read(tmp_path / "t10k-images-idx3-ubyte")
    assert data.targets.tolist() == [0, 1, 2, 0, 1, 2, 0, 1, 2, 0]


def test_labels_may_be_named_apart(tmp_path):
    inputs = write_idx(tmp_path / "pixels.idx", np.arange(12, dtype=np.uint8).reshape(4, 3))
    labels = write_idx(tmp_path / "answers.idx", np.array([0, 1, 1, 0], np.uint8))
    assert read(inputs, y=labels).targets.tolist() == [0, 1, 1, 0]
    with pytest.raises(DataError, match="no targets"):
        read(inputs)


arrays = st.sampled_from(sorted(CODES, key=str)).flatmap(
    lambda dtype: hnp.arrays(dtype, hnp.array_shapes(min_dims=1, max_dims=4, min_side=0, max_side=5))
)


@settings(max_examples=60, deadline=None)
@given(array=arrays, zipped=st.booleans())
def test_any_array_survives_an_idx_file(tmp_path_factory, array, zipped):
    path = write_idx(tmp_path_factory.mktemp("idx") / "array.idx", array, zipped)
    back = idx_array(path)
    assert back.dtype == array.dtype
    np.testing.assert_array_equal(back, array)


@settings(max_examples=60, deadline=None)
@given(cut=st.integers(0, 20), more=st.binary(max_size=5))
def test_an_idx_file_of_another_size_is_refused(tmp_path_factory, cut, more):
    path = write_idx(tmp_path_factory.mktemp("idx") / "array.idx", np.arange(20, dtype=np.uint8).reshape(4, 5))
    held = path.read_bytes()
    changed = held[: len(held) - cut] + more
    assume(len(changed) != len(held))
    path.write_bytes(changed)
    with pytest.raises(DataError):
        idx_array(path)


def test_an_idx_file_that_claims_to_be_huge_is_refused_without_memory(tmp_path):
    path = tmp_path / "huge.idx"
    path.write_bytes(bytes([0, 0, 0x0E, 3]) + struct.pack(">3I", 2**32 - 1, 2**32 - 1, 2**32 - 1) + b"1234")
    with pytest.raises(DataError, match="cut short or corrupt"):
        read(path)


def test_archives_are_read_by_the_names_of_their_arrays(tmp_path):
    x, y = np.arange(40.0).reshape(20, 2), np.arange(20) % 2
    np.savez(tmp_path / "plain.npz", X=x, y=y)
    np.savez(tmp_path / "parts.npz", x_train=x, y_train=y, x_test=x[:4], y_test=y[:4])
    np.savez(tmp_path / "other.npz", a=x, b=y)
    np.savez(tmp_path / "objects.npz", x=np.array([{}, []], object), y=y[:2])
    assert read(tmp_path / "plain.npz").targets.tolist() == y.tolist()
    assert len(read(tmp_path / "parts.npz").split().test) == 4
    with pytest.raises(DataError, match="name the inputs x"):
        read(tmp_path / "other.npz")
    with pytest.raises(DataError, match="objects are refused"):
        read(tmp_path / "objects.npz")


@pytest.mark.parametrize("make", [np.asarray, jnp.asarray, lambda values: values.tolist()])
def test_arrays_of_any_library_are_read_alike(make):
    x, y = np.arange(12, dtype=np.float32).reshape(6, 2), np.array([0, 1, 0, 1, 1, 0])
    data = read(make(x), y=make(y))
    assert data.schema.kind == "array"
    assert data.inputs.dtype == np.float32
    np.testing.assert_array_equal(data.inputs, x)
    assert data.targets.tolist() == y.tolist()


X = np.arange(8.0).reshape(4, 2)


@pytest.mark.parametrize(
    ("x", "y", "settings", "said"),
    [
        (X, [0, 1, 0], {}, r"targets of shape \(3,\) for 4 rows"),
        (X, None, {}, "no targets"),
        (X, [1, 1, 1, 1], {}, "one class, '1'"),
        (X, [None] * 4, {}, "missing in every row"),
        (X, [0.5, np.inf, 1, 2], {}, "infinite value"),
        (X + np.inf, [0, 1, 0, 1], {}, "infinite value"),
        (np.where(X == 3, np.nan, X), [0, 1, 0, 1], {}, "missing values .* row 1"),
        (np.array([["a"], ["b"]]), [0, 1], {}, "text or objects where numbers are needed"),
        ([[[1, 2]], [3]], [0, 1], {}, "ragged"),
        (np.zeros((0, 2)), [], {}, "with a row an example"),
        (np.float64(3), [1], {}, "with a row an example"),
        (X, [0, 1, 0, 1], {"target": "y"}, "is an array"),
        (X, [0, 1, 0, 1], {"weights": [1, 2]}, r"weights of shape \(2,\)"),
        (X, [0, 1, 0, 1], {"weights": [1, 2, 1, np.nan]}, "weight of row 3"),
        (X, np.zeros((3, 2, 2)), {}, r"\(4,\) is needed"),
        (X, np.eye(4)[:, :3] / 2, {"task": "many classes"}, "whole numbers from 0"),
        (None, [0], {}, "no data in NoneType"),
        ({"a": [1]}, [0], {}, "no data in dict"),
    ],
)
def test_bad_arrays_get_one_clear_error(x, y, settings, said):
    with pytest.raises(DataError, match=said):
        read(x, y=y, **settings)


def test_a_column_of_targets_is_squeezed_and_said_so():
    data = read(X, y=np.array([[0.5], [1.5], [2.5], [0.1]]))
    assert data.targets.shape == (4,)
    assert any("(4, 1) read as (4,)" in note for note in data.notes)


def test_several_targets_are_a_regression():
    y = np.array([[1, 2], [3, np.nan], [5, 6], [7, 8]])
    data = read(X, y=y)
    assert data.schema.task == "regression"
    assert data.schema.target == ("y0", "y1")
    np.testing.assert_array_equal(data.targets, y[[0, 2, 3]])


def test_one_hot_targets_are_classes_when_asked():
    data = read(X, y=np.eye(4)[[2, 0, 1, 3]], task="many classes")
    assert data.targets.tolist() == [2, 0, 1, 3]
