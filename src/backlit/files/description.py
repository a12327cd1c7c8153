"""The description of a model, network.json: everything but the numbers, as JSON that a person can read.

    {"format": "backlit", "version": 1, "network": "Dense(64), ReLU, Dense(10)", "input": [4], "extra": {…},
     "sha256": "…"}

The digest is of the description without it, and of the tensors' file, so that a damaged model is never used.
"""

import hashlib
import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from backlit.errors import FileError, InputError
from backlit.layers.block import Block, as_shape
from backlit.layers.notation import read, write
from backlit.shapes import Shape

FORMAT = "backlit"
VERSION = 1
KEYS = {"format": str, "version": int, "network": str, "input": list, "extra": dict, "sha256": str}


@dataclass(frozen=True)
class Description:
    """What network.json holds.

    Attributes:
        network: the network.
        input: the shape of one example.
        extra: whatever else belongs to the model, as JSON.
        digest: of the description and the tensors' file.
    """

    network: Block
    input: Shape
    extra: dict[str, Any]
    digest: str = ""

    def digest_with(self, tensors: bytes) -> str:
        """The digest of this description and of the tensors' file."""
        digest = hashlib.sha256(json.dumps(self._record(), sort_keys=True).encode())
        digest.update(tensors)
        return digest.hexdigest()

    def pack(self, tensors: bytes) -> bytes:
        """The bytes of network.json, for this file of tensors."""
        record = {**self._record(), "sha256": self.digest_with(tensors)}
        return f"{json.dumps(record, indent=2, ensure_ascii=False)}\n".encode()

    def _record(self) -> dict[str, Any]:
        return {
            "format": FORMAT,
            "version": VERSION,
            "network": write(self.network),
            "input": list(self.input),
            "extra": self.extra,
        }


def describe(network: Block, input: Any, extra: Any, path: Path) -> Description:
    """A description that can be written and read again.

    Raises:
        FileError: naming the layer or the value that cannot.
    """
    try:
        back = read(write(network))
    except InputError as error:
        raise FileError(f"cannot write {path}: its network could not be read back: {error}") from None
    if back != network:
        raise FileError(f"cannot write {path}: its network is no Sequential of Backlit's layers: {network}")
    try:
        plain = json.dumps(extra, allow_nan=False, ensure_ascii=False, indent=2)
        return Description(network, as_shape(input), parse_json(plain.encode(), path))
    except (TypeError, ValueError, RecursionError) as error:
        raise FileError(f"cannot write {path}: {error}") from None


def parse_description(data: bytes, path: Path) -> Description:
    """The description that network.json holds.

    Raises:
        FileError: naming what is missing, foreign or wrong.
    """
    record = parse_json(data, path)
    if record.get("format") != FORMAT:
        raise FileError(f"{path} describes no Backlit model")
    if record.get("version") != VERSION:
        raise FileError(f"{path} has version {record.get('version')!r}, and this Backlit reads version {VERSION}")
    for key, kind in KEYS.items():
        if type(record.get(key)) is not kind:
            raise FileError(f"{path} is damaged: it lacks {key!r}, or {key!r} is of another type")
    if len(record) > len(KEYS):
        raise FileError(f"{path} holds {', '.join(sorted(set(record) - set(KEYS)))}, which no model has")
    try:
        return Description(read(record["network"]), as_shape(record["input"]), record["extra"], record["sha256"])
    except InputError as error:
        raise FileError(f"{path} is damaged: {error}") from None


def parse_json(data: bytes, path: Path) -> dict[str, Any]:
    """The JSON object in some bytes: no key twice, no NaN, no infinity.

    Raises:
        FileError: where it is anything else.
    """
    try:
        record = json.loads(data.decode(), object_pairs_hook=_unique, parse_constant=_finite, parse_float=_finite)
    except (ValueError, RecursionError) as error:
        reason = "its brackets nest too deep" if isinstance(error, RecursionError) else error
        raise FileError(f"{path} is damaged: its JSON cannot be read: {reason}") from None
    if not isinstance(record, dict):
        raise FileError(f"{path} is damaged: its JSON is no object")
    return record


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    record = dict(pairs)
    if len(record) < len(pairs):
        raise ValueError("a key is given twice")
    return record


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{text} is no finite number")
    return number
