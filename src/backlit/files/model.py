"""A model on the disk: a folder of network.json and parameters.safetensors, data alone and never code."""

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jax.numpy as jnp
import numpy as np

from backlit.errors import FileError, InputError
from backlit.files.description import Description, describe, parse_description
from backlit.files.storage import check_folder, new_folder, open_file
from backlit.files.tensors import FLOAT32, check, pack, unpack
from backlit.layers.block import Block, Parameters, State
from backlit.shapes import Shape

DESCRIPTION = "network.json"
TENSORS = "parameters.safetensors"
LARGEST_DESCRIPTION = 10_000_000
LARGEST_TENSORS = 2**40


@dataclass(frozen=True)
class StoredModel:
    """A model as it was stored.

    Attributes:
        network: its description.
        input_shape: the shape of one example.
        parameters: the values of what training changes, by layer and name.
        state: the values of what is kept and not trained, likewise.
        extra: whatever else the writer stored, as JSON.
    """

    network: Block
    input_shape: Shape
    parameters: Parameters
    state: State
    extra: dict[str, Any]


def write_model(
    path: str | Path,
    network: Block,
    input_shape: Shape,
    parameters: Parameters,
    state: State,
    extra: Mapping[str, Any],
    overwrite: bool = False,
) -> None:
    """Write a model as a folder, whole or not at all.

    Args:
        path: the folder; nothing may be there.
        network: a Sequential of Backlit's layers.
        input_shape: the shape of one example.
        parameters: float32, of the network's plan.
        state: likewise.
        extra: whatever else belongs to the model; JSON without NaN.
        overwrite: whether a model that is there is replaced; anything else never is.

    Raises:
        FileError: it cannot be written, or could not be read again; then nothing is left behind.
    """
    target = Path(path)
    description = describe(network, input_shape, extra, target)
    values = {
        name: np.asarray(value)
        for kind, tree in (("parameters", parameters), ("state", state))
        for name, value in _flatten(kind, tree)
    }
    kinds = {name: FLOAT32 if value.dtype == np.float32 else str(value.dtype) for name, value in values.items()}
    check(_expected(description), {name: (kinds[name], value.shape) for name, value in values.items()}, target)
    tensors = pack(values)
    text = description.pack(tensors)
    if len(text) > LARGEST_DESCRIPTION:
        raise FileError(f"cannot write {target}: its description takes more than {LARGEST_DESCRIPTION:,} bytes")
    with new_folder(target, _is_model if overwrite else None) as folder:
        (folder / TENSORS).write_bytes(tensors)
        (folder / DESCRIPTION).write_bytes(text)


def read_model(path: str | Path) -> StoredModel:
    """Read a model from its folder; names, shapes, types and sizes are checked before any number is read.

    Args:
        path: the model's folder, or the folder of a run, which holds it as `model`.

    Raises:
        FileError: naming what is missing, damaged or foreign.
    """
    folder = Path(path)
    check_folder(folder)
    if not (folder / DESCRIPTION).exists() and (folder / "model").is_dir():
        folder = folder / "model"
        check_folder(folder)
    description = _read_description(folder)
    opened = open_file(folder / TENSORS, LARGEST_TENSORS)
    try:
        values, data = unpack(opened, _expected(description), folder / TENSORS)
    finally:
        os.close(opened)
    if description.digest_with(data) != description.digest:
        raise FileError(f"{folder} is damaged: {DESCRIPTION} or {TENSORS} is not as it was written")
    trees: dict[str, dict] = {"parameters": {}, "state": {}}
    for name, value in values.items():
        *way, last = name.split("/")
        place: dict = trees
        for step in way:
            place = place.setdefault(step, {})
        place[last] = jnp.asarray(value)
    return StoredModel(description.network, description.input, **trees, extra=description.extra)


def _read_description(folder: Path) -> Description:
    path = folder / DESCRIPTION
    opened = open_file(path, LARGEST_DESCRIPTION)
    with os.fdopen(opened, "rb") as file:
        return parse_description(file.read(), path)


def _expected(description: Description) -> dict[str, Shape]:
    """The names and shapes of the tensors that the network has."""
    try:
        plan = description.network.plan(description.input)
    except InputError as error:
        raise FileError(f"the network {description.network} does not fit its input: {error}") from None
    return {
        "/".join((kind, *way)): variable.shape
        for kind in ("parameters", "state")
        for way, variable in plan.variables(kind)
    }


def _flatten(name: str, tree: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(tree, Mapping):
        for key, branch in tree.items():
            yield from _flatten(f"{name}/{key}", branch)
    else:
        yield name, tree


def _is_model(folder: Path) -> bool:
    """Whether a folder holds a Backlit model and nothing else."""
    try:
        _read_description(folder)
        return sorted(os.listdir(folder)) == [DESCRIPTION, TENSORS]
    except (OSError, FileError):
        return False
