"""A network by what a user calls it: a name, the notation, or a file that holds the notation."""

import json
from collections.abc import Callable
from pathlib import Path

from backlit.errors import FileError, NotationError, nearest
from backlit.layers.composition import Sequential
from backlit.layers.notation import read
from backlit.layers.registry import LAYERS
from backlit.networks.default import default_network
from backlit.shapes import Shape

NETWORKS: dict[str, Callable[[Shape, int, int], Sequential]] = {"default": default_network}
"""Every named network: a function of the input shape, the number of outputs and the number of training rows."""


def network_named(text: str, input: Shape, units: int, rows: int) -> Sequential:
    """The network that a name, a notation or a JSON file with a "network" entry describes.

    Raises:
        NotationError: for an unknown name or a text that cannot be read.
        FileError: for a file without a network.
    """
    if text in NETWORKS:
        return NETWORKS[text](input, units, rows)
    if text.endswith(".json"):
        return read(_notation_in(Path(text)))
    if text.isidentifier() and text not in LAYERS:
        raise NotationError(f"unknown network {text!r}: {nearest(text, [*NETWORKS, *LAYERS])}")
    return read(text)


def _notation_in(path: Path) -> str:
    try:
        notation = json.loads(path.read_text(encoding="utf-8"))["network"]
    except OSError as error:
        raise FileError(f"cannot read the network file {path}: {error.strerror}") from None
    except (ValueError, KeyError, TypeError, RecursionError):
        notation = None
    if not isinstance(notation, str):
        raise FileError(f'{path} holds no network: expected JSON such as {{"network": "Dense(64), ReLU, Dense(10)"}}')
    return notation
