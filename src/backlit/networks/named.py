"""A network by what a user calls it: a name, the notation, or a file that holds the notation."""

import json
from pathlib import Path

from backlit.calls import call_named, read_call
from backlit.errors import FileError, NotationError, nearest
from backlit.layers.composition import Sequential
from backlit.layers.notation import read
from backlit.layers.registry import LAYERS
from backlit.networks.autoencoders import AUTOENCODERS
from backlit.networks.classic import CLASSIC
from backlit.networks.default import default_network
from backlit.networks.images import IMAGE_NETWORKS
from backlit.networks.recipe import Recipe
from backlit.networks.sequences import SEQUENCE_NETWORKS
from backlit.networks.text import TEXT_NETWORKS
from backlit.shapes import Shape

NETWORKS: dict[str, Recipe] = {
    "default": Recipe(default_network, "a multilayer perceptron with two hidden layers of ReLU"),
    **AUTOENCODERS,
    **CLASSIC,
    **IMAGE_NETWORKS,
    **SEQUENCE_NETWORKS,
    **TEXT_NETWORKS,
}
"""Every named network."""


def recipe_named(text: str) -> Recipe | None:
    """The recipe of a name, with or without settings, such as `kernel-svm(gamma=2)`; None: the text is no name.

    `gru` and `gru(units=8)` name a network, `GRU(8)` is a layer.
    """
    name, bracket, _ = text.partition("(")
    if bracket and name.strip() in LAYERS:
        return None
    return NETWORKS.get(_name_in(text))


def network_named(text: str, input: Shape, units: int, rows: int) -> Sequential:
    """The network that a name, a notation or a JSON file with a "network" entry describes.

    Args:
        text: what the user calls it; a name may have settings, such as `kernel-svm(gamma=2)`.
        input: the shape of one example.
        units: the number of outputs of a named network.
        rows: the number of training rows.

    Raises:
        NotationError: for an unknown name or a text that cannot be read.
        SettingError: for a setting that the named network does not have, or one out of range.
        ShapeError: for examples that the named network cannot take.
        FileError: for a file without a network.
    """
    if (recipe := recipe_named(text)) is not None:
        name, settings = read_call(text)
        return call_named("network", name, recipe.build, (input, units, rows), settings)
    if text.endswith(".json"):
        return read(_notation_in(Path(text)))
    name = text.partition("(")[0].strip()
    if name.replace("-", "_").isidentifier() and "," not in text and name not in LAYERS:
        raise NotationError(f"unknown network {name!r}: {nearest(name, [*NETWORKS, *LAYERS])}")
    return read(text)


def _name_in(text: str) -> str:
    return text.partition("(")[0].strip().lower().replace("_", "-")


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
