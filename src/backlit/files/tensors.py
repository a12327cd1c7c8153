"""Tensors in safetensors: a header of names, types, shapes and places, then the numbers; checked before they are read.

    8 bytes          the header's length n, least significant byte first
    n bytes          JSON: {name: {"dtype": "F32", "shape": [3, 4], "data_offsets": [begin, end]}}
    the rest         the numbers, one tensor after another, without gaps

Source: the safetensors format, https://github.com/huggingface/safetensors.
"""

import os
from collections.abc import Mapping
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
import safetensors.numpy

from backlit.errors import FileError
from backlit.files.description import parse_json
from backlit.shapes import Shape, write

LONGEST_HEADER = 10_000_000
FLOAT32 = "F32"


def pack(tensors: Mapping[str, np.ndarray]) -> bytes:
    """The bytes of a safetensors file."""
    return safetensors.numpy.save({name: np.asarray(tensor, order="C") for name, tensor in tensors.items()})


def unpack(opened: int, expected: Mapping[str, Shape], path: Path) -> tuple[dict[str, np.ndarray], bytes]:
    """The tensors of an open safetensors file, and its bytes; its header is compared before any number is read.

    Args:
        opened: a descriptor at the file's beginning.
        expected: the names and shapes that the network has.
        path: the file, for errors.

    Raises:
        FileError: naming the tensor that is missing, foreign or of another shape or type, or the damage.
    """
    size = os.fstat(opened).st_size
    start = _read(opened, 8)
    length = int.from_bytes(start, "little")
    if len(start) < 8 or length > min(size - 8, LONGEST_HEADER):
        raise FileError(f"{path} is damaged: its header is cut off or too long")
    header = _read(opened, length)
    entries = parse_json(header, path)
    check(expected, {name: _entry(name, entry, path) for name, entry in entries.items()}, path)
    _check_places(entries, size - 8 - length, path)
    data = start + header + _read(opened, size - 8 - length)
    try:
        return safetensors.numpy.load(data), data
    except safetensors.SafetensorError as error:
        raise FileError(f"{path} is damaged: {error}") from None


def check(expected: Mapping[str, Shape], found: Mapping[str, tuple[str, Shape]], path: Path) -> None:
    """Compare the types and shapes of tensors with those that the network has.

    Raises:
        FileError: naming the first tensor that differs.
    """
    for name in found:
        if name not in expected:
            raise FileError(f"{path} holds {name}, which the network does not have")
    for name, shape in expected.items():
        if name not in found:
            raise FileError(f"{path} lacks {name}, of shape {write(shape)}")
        if found[name] != (FLOAT32, shape):
            kind, other = found[name]
            raise FileError(
                f"{path} holds {name} of type {kind} and shape {write(other)}; "
                f"the network has type {FLOAT32} and shape {write(shape)}"
            )


def _entry(name: str, entry: Any, path: Path) -> tuple[str, Shape]:
    match entry:
        case {"dtype": str() as kind, "shape": [*sizes], "data_offsets": [begin, end]} if len(entry) == 3:
            if all(type(number) is int and number >= 0 for number in (*sizes, begin, end)):
                return kind, tuple(sizes)
    raise FileError(f"{path} is damaged: its entry {name!r} is no tensor")


def _check_places(entries: dict[str, Any], size: int, path: Path) -> None:
    end = 0
    for name, entry in sorted(entries.items(), key=lambda item: item[1]["data_offsets"]):
        if entry["data_offsets"] != [end, end + 4 * prod(entry["shape"])]:
            raise FileError(f"{path} is damaged: the numbers of {name} are not where they belong")
        end = entry["data_offsets"][1]
    if end != size:
        raise FileError(f"{path} is damaged: its tensors take {end:,} bytes, and it holds {size:,}")


def _read(opened: int, size: int) -> bytes:
    """Up to `size` bytes; fewer at the end of the file."""
    parts = []
    while size and (part := os.read(opened, min(size, 1 << 26))):
        parts.append(part)
        size -= len(part)
    return b"".join(parts)
