"""Reading arrays: NumPy's and any other library's, `.npy`, `.npz`, and the IDX files that MNIST comes in.

An IDX file is two zero bytes, a byte for the type, a byte for the number of axes, each axis' length as a big-endian
32-bit integer, and the values. Source: yann.lecun.com/exdb/mnist.
"""

from __future__ import annotations

import gzip
import math
import zipfile
import zlib
from dataclasses import replace
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from backlit.data import sequences
from backlit.data.content import Content
from backlit.data.values import check_finite, merging
from backlit.errors import DataError

IDX_TYPES = {0x08: ">u1", 0x09: ">i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}
INPUT_NAMES = ("x", "inputs", "data", "images", "features")
TARGET_NAMES = ("y", "targets", "target", "labels", "label")
FORMS = {
    "train": ("{}", "{}_train", "train_{}"),
    "validation": ("{}_val", "val_{}", "{}_validation", "{}_valid"),
    "test": ("{}_test", "test_{}"),
}
IDX_FILES = ("{}-images-idx3-ubyte", "{}-images.idx3-ubyte"), ("{}-labels-idx1-ubyte", "{}-labels.idx1-ubyte")
BLOCK = 1 << 24


def content_of(x: Any, y: Any = None, name: str = "array", target: tuple[str, ...] = ()) -> Content:
    """The content of an array of inputs (N, ...) and its targets (N,) or (N, T), if any.

    Numbers become float32, but uint8 stays; grayscale images (N, H, W) of uint8 gain their axis of channels, and plain
    numbers (N,) become (N, 1). A list of arrays (T, F), or of arrays (T,) of unequal length, holds sequences, and so
    does an array (N, T, F) with NaN in every feature of the steps behind their ends.

    Raises:
        DataError: the values are no numbers, or are missing or infinite, or the lengths differ.
    """
    found = sequences.nested(x)
    if isinstance(found, list):
        return sequence_content(sequences.of_arrays(found, name), y, name, target)
    given = numeric(x if found is None else found, name)
    if given.ndim == 3 and given.dtype.kind == "f" and np.isnan(given).all(-1).any():
        return sequence_content(sequences.of_padded(given, name), y, name, target)
    inputs = stored(given, name)
    if not inputs.ndim or not len(inputs):
        raise DataError(f"{name} has shape {inputs.shape}: an array (N, ...) with a row an example is needed")
    notes = rounding(given, name)
    if inputs.ndim == 1:
        inputs, notes = inputs[:, None], [*notes, f"inputs of shape ({len(inputs)},) read as ({len(inputs)}, 1)"]
    elif inputs.ndim == 3 and inputs.dtype == np.uint8:
        inputs, notes = inputs[..., None], [f"{len(inputs)} grayscale images, with one channel"]
    targets = None if y is None else targets_of(y, len(inputs))
    return Content(name, inputs, targets, target, notes=tuple(notes))


def sequence_content(found: sequences.Sequences, y: Any, name: str, target: tuple[str, ...]) -> Content:
    """The content of sequences and their targets, if any."""
    targets = None if y is None else targets_of(y, len(found))
    return Content(name, found, targets, target, notes=(found.describe(),))


def targets_of(y: Any, count: int) -> np.ndarray:
    """The targets as an array (N,), (N, T), or (N, ...) such as images.

    Raises:
        DataError: they are of another shape, or not as many as the inputs.
    """
    try:
        targets = np.asarray(y)
    except ValueError:
        raise DataError("the targets are ragged: an array (N,) or (N, T) is needed") from None
    if not targets.ndim or len(targets) != count:
        raise DataError(f"targets of shape {targets.shape} for {count} rows of inputs: ({count},) is needed")
    return targets


def numeric(x: Any, name: str) -> np.ndarray:
    """The source as an array of numbers."""
    try:
        array = np.asarray(x)
    except (ValueError, TypeError):
        raise DataError(f"{name} is ragged: all rows need the same shape") from None
    if array.dtype.kind not in "biuf" and array.dtype.name != "bfloat16":
        kind = "text or objects" if array.dtype.kind in "OSUT" else str(array.dtype)
        raise DataError(f"{name} holds {kind} where numbers are needed: give a table for mixed columns")
    return array


def stored(array: np.ndarray, name: str) -> np.ndarray:
    """The array as float32, or as it is where it holds bytes."""
    if array.dtype == np.uint8:
        return array
    with np.errstate(over="ignore"):
        array = array.astype(np.float32, copy=False)
    check_finite(array, name)
    missing = np.isnan(array)
    if missing.any():
        raise DataError(
            f"{name} has missing values (NaN), the first in row {int(np.argwhere(missing)[0][0])} (counted from 0): "
            f"fill them, or give a table (a CSV file or a frame), whose missing values are handled"
        )
    return array


def rounding(array: np.ndarray, name: str) -> list[str]:
    """What there is to report where float32 merges the different numbers of a column, which lie far from 0."""
    if array.ndim not in (1, 2) or array.dtype.name in ("bool", "uint8", "float32"):
        return []
    columns = (array[:, None] if array.ndim == 1 else array).astype(np.float64, copy=False)
    low, high = columns.min(axis=0), columns.max(axis=0)
    far = (low < high) & (np.maximum(abs(low), abs(high)) > 1024 * (high - low))
    met = ((place, merging(columns[:, place])) for place in np.flatnonzero(far))
    return [
        f"column {place} of {name} (counted from 0): {merged}; subtract an origin, such as its mean, first"
        for place, merged in met
        if merged
    ]


def read_numpy(path: Path) -> Content:
    """Arrays from a `.npy` or `.npz` file; in an archive named x and y, or x_train, y_train, x_test and y_test.

    Raises:
        DataError: the file is corrupt, holds objects, or names its arrays otherwise.
    """
    try:
        held = np.load(path, allow_pickle=False)
        arrays = {"x": held} if isinstance(held, np.ndarray) else {name.lower(): held[name] for name in held.files}
    except (OSError, ValueError, EOFError, KeyError, zipfile.BadZipFile, zlib.error, MemoryError) as error:
        raise DataError(f"{path} cannot be read as NumPy arrays: {error} (arrays of objects are refused)") from None
    whole = pick(arrays, path.name, *FORMS["train"])
    if whole is None:
        names = ", ".join(f"{name} {array.shape}" for name, array in arrays.items()) or "nothing"
        raise DataError(
            f"{path} holds {names}: name the inputs x and the targets y (or x_train, y_train, x_test, y_test)"
        )
    parts = {part: pick(arrays, f"{path.name}:{part}", *FORMS[part]) for part in ("validation", "test")}
    return replace(whole, parts={part: content for part, content in parts.items() if content})


def pick(arrays: dict[str, np.ndarray], name: str, *forms: str) -> Content | None:
    """The content of the inputs and targets whose names have one of the forms, or None."""
    for form in forms:
        x = next((arrays[form.format(word)] for word in INPUT_NAMES if form.format(word) in arrays), None)
        y = next((arrays[form.format(word)] for word in TARGET_NAMES if form.format(word) in arrays), None)
        if x is not None:
            return content_of(x, y, name)
    return None


def read_idx(path: Path) -> Content:
    """Inputs from an IDX file, gzipped or not, with the labels from the file beside it that is named alike, if any.

    Raises:
        DataError: the file is no IDX file, or its size is not what its header says.
    """
    beside = path.name.removesuffix(".gz").replace("images", "labels").replace("idx3", "idx1")
    return read_pair(path, find_idx(path.parent, [beside]) if "images" in path.name else None)


def read_pair(inputs: Path, labels: Path | None) -> Content:
    """Inputs from one IDX file and labels from another, if any."""
    if labels is None:
        return content_of(idx_array(inputs), None, inputs.name)
    return content_of(idx_array(inputs), idx_array(labels), inputs.name, ("label",))


def read_idx_folder(folder: Path) -> Content | None:
    """The training files and the separate test files of a folder in MNIST's manner, or None where it has none.

    Raises:
        DataError: a file of the four is missing, or corrupt.
    """
    pairs = {}
    for part, prefix in (("train", "train"), ("test", "t10k")):
        pairs[part] = [find_idx(folder, [form.format(prefix) for form in forms]) for forms in IDX_FILES]
    if not any(file for pair in pairs.values() for file in pair):
        return None
    for prefix, (images, labels) in zip(("train", "t10k"), pairs.values(), strict=True):
        if (images is None) != (labels is None) or (prefix == "train" and images is None):
            wanted = [
                forms[0].format(prefix) for forms, file in zip(IDX_FILES, (images, labels), strict=True) if not file
            ]
            raise DataError(f"{folder} has no {' and no '.join(wanted)} (or .gz): images and labels are both needed")
    contents = {part: read_pair(images, labels) for part, (images, labels) in pairs.items() if images}
    whole = contents.pop("train")
    return Content(folder.resolve().name, whole.inputs, whole.targets, ("label",), contents, whole.notes)


def find_idx(folder: Path, names: list[str]) -> Path | None:
    """The first of the names, gzipped or not, that is a file of the folder."""
    candidates = (folder / f"{name}{end}" for name in names for end in ("", ".gz"))
    return next((path for path in candidates if path.is_file()), None)


def idx_array(path: Path) -> np.ndarray:
    """The array of an IDX file, gzipped or not.

    Raises:
        DataError: the file cannot be opened, is no IDX file, or its size is not what its header says.
    """
    try:
        with path.open("rb") as plain:
            zipped = plain.read(2) == b"\x1f\x8b"
            plain.seek(0)
            if not zipped:
                return parse_idx(plain, path)
            with gzip.open(plain) as unzipped:
                return parse_idx(unzipped, path)
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f"{path} cannot be read: {error}") from None


def parse_idx(file: BinaryIO | gzip.GzipFile, path: Path) -> np.ndarray:
    """The array of an open IDX file."""
    magic = file.read(4)
    if len(magic) < 4 or magic[:2] != b"\0\0" or magic[2] not in IDX_TYPES or not 1 <= magic[3] <= 8:
        raise DataError(
            f"{path} is no IDX file: it starts with {magic.hex(' ') or 'nothing'}, not 00 00, a type and axes"
        )
    sizes = file.read(4 * magic[3])
    shape = tuple(np.frombuffer(sizes, ">u4").tolist()) if len(sizes) == 4 * magic[3] else ()
    dtype = np.dtype(IDX_TYPES[magic[2]])
    expected = math.prod(shape) * dtype.itemsize
    held = bytearray()
    while shape and len(held) <= expected and (block := file.read(min(BLOCK, expected + 1 - len(held)))):
        held += block
    if not shape or len(held) != expected:
        more = "more" if len(held) > expected else f"{len(held)}"
        raise DataError(f"{path} is cut short or corrupt: shape {shape} needs {expected} bytes, it holds {more}")
    array = np.frombuffer(held, dtype).reshape(shape)
    return array.astype(dtype.newbyteorder("="), copy=False)
