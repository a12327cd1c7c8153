"""Finding the reader for a source: a path, the name of a data set, a frame or an array."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import jax

from backlit.data import arrays, images, tables, text
from backlit.data.bundled import BUNDLED, read_bundled
from backlit.data.content import Content
from backlit.data.toys import TOYS, read_toy
from backlit.data.ts import read_ts
from backlit.errors import DataError, nearest

TEXT = frozenset({".csv", ".tsv", ".txt", ".tab", ".data"})
OTHER = {
    ".xlsx": "a workbook",
    ".xls": "a workbook",
    ".json": "JSON",
    ".jsonl": "JSON",
    ".feather": "Feather",
    ".arrow": "Arrow",
    ".h5": "HDF5",
    ".hdf5": "HDF5",
    ".mat": "MATLAB's",
    ".pkl": "a pickle, which can run code",
    ".pickle": "a pickle, which can run code",
    ".pt": "a pickle, which can run code",
    ".zip": "an archive",
}


def names() -> dict[str, str]:
    """The data sets known by name, each with one line about it."""
    return {**BUNDLED, **{name: toy.about for name, toy in TOYS.items()}}


def load(source: Any, y: Any = None) -> Content:
    """What a source holds, before anything is inferred.

    Args:
        source: a path, a name (see `names`), a frame, an array (N, ...), a list of sequences, each an array (T, F) or
            (T,), or a `Content`, which is given back.
        y: the targets of a source that has none: an array (N,) or (N, T), or the path of one.

    Raises:
        DataError: the source cannot be found or read.
    """
    if isinstance(source, Content):
        return source
    check_known(source)
    check_known(y)
    if isinstance(source, str | os.PathLike):
        content = load_path(Path(source)) if os.path.exists(source) else load_name(str(source))
    elif tables.is_frame(source):
        content = tables.read_frame(source)
    elif source is None or isinstance(source, dict | set | bytes):
        raise DataError(f"no data in {type(source).__name__}: give a path, the name of a data set, a frame or an array")
    else:
        content = arrays.content_of(source)
    if y is None:
        return content
    if content.targets is not None or content.target:
        raise DataError(f"{content.name} has its own targets: leave y= out")
    if isinstance(y, str | os.PathLike):
        y = load(y).inputs
    return replace(content, targets=arrays.targets_of(y, len(content.inputs)))


def check_known(values: Any) -> None:
    """Refuse what has no values yet: the arguments of a function that JAX traces.

    Raises:
        DataError: naming what stands in for `predict` there.
    """
    if isinstance(values, jax.core.Tracer):
        raise DataError(
            "data are wanted, and here is an argument of a function inside jax.jit, jax.vmap or jax.grad, or an array "
            "made there, which has no values yet (NumPy's have): there, model.network.apply(model.parameters, "
            "model.state, x, backlit.Context())[0] gives the outputs of the last layer, one column a unit"
        )


def load_name(name: str) -> Content:
    """A data set by name; an error with the nearest files and names where there is none."""
    bare = name.partition("(")[0].strip()
    if name in BUNDLED:
        return read_bundled(name)
    if bare in TOYS:
        return read_toy(name)
    name = name[:200]
    folder = os.path.dirname(name)
    try:
        files = [os.path.join(folder, file) for file in os.listdir(folder or ".")[:1000]]
    except (OSError, ValueError):
        files = []
    hint = nearest(name, [*files, *names()])
    if hint.startswith("known names"):
        hint = f"the data sets known by name are {', '.join(sorted(names()))}"
    raise DataError(f"no file, folder or data set {name!r}; {hint}")


def load_path(path: Path) -> Content:
    """What a file or folder holds, by its suffix or else by its first bytes."""
    content = load_folder(path) if path.is_dir() else load_file(path)
    if path.name not in names():
        return content
    note = f"{path} is read, not the data set of that name; to have the set, run where no such file is"
    return replace(content, notes=(*content.notes, note))


def load_folder(folder: Path) -> Content:
    """IDX files in MNIST's manner, or images."""
    return arrays.read_idx_folder(folder) or images.read_images(folder)


def is_text(path: Path) -> bool:
    """Whether a file is text that is no table."""
    suffix = path.suffix.lower()
    return suffix in text.SUFFIXES and (suffix != ".txt" or text.is_prose(path, tables.SEPARATORS))


def load_file(path: Path) -> Content:
    """The reader for a file."""
    suffix = path.suffix.lower()
    try:
        with path.open("rb") as file:
            start = file.read(4)
    except OSError as error:
        raise DataError(f"{path} cannot be opened: {error.strerror}") from None
    if not start:
        raise DataError(f"{path} is empty")
    if suffix in OTHER:
        raise DataError(f"{path} is {OTHER[suffix]}: save the data as CSV, Parquet, .npz, IDX or a folder of images")
    if suffix in images.SUFFIXES:
        return images.read_images(path)
    if suffix in (".npz", ".npy"):
        return arrays.read_numpy(path)
    if suffix == ".ts":
        return read_ts(path)
    if suffix in (".parquet", ".pq") or start == b"PAR1":
        return tables.read_parquet(path)
    if suffix == ".gz" and Path(path.stem).suffix.lower() in TEXT:
        return tables.read_text(path)
    if is_text(path):
        whole: Any = text.read_text(path)
        return Content(path.name, whole)
    if suffix not in TEXT and (start[:2] in (b"\0\0", b"\x1f\x8b") or "idx" in path.name or "ubyte" in path.name):
        return arrays.read_idx(path)
    return tables.read_text(path)
