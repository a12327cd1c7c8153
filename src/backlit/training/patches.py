"""What a unit of a convolutional network looks for: the pieces of images that make it strongest.

A unit sees a window of the image, its receptive field; where the image ends, the window does too. The window is where
the gradient of the unit by the image, ∂a/∂x, is not zero.

Source: M. Zeiler, R. Fergus, "Visualizing and Understanding Convolutional Networks", arXiv 1311.2901, section 4.
"""

from dataclasses import dataclass
from typing import Any

import jax.numpy as jnp
import numpy as np

from backlit.errors import SettingError
from backlit.graph import grad
from backlit.layers.settings import is_whole
from backlit.shapes import write
from backlit.training.compilation import jit
from backlit.training.model import Model
from backlit.training.representation import layer_reader


@dataclass(frozen=True, eq=False)
class Patch:
    """A piece of an image, and how strong it makes a unit.

    Attributes:
        pixels: the piece (h, w, C), as the data has it.
        row: the image's row in the data.
        corner: the place of its upper left pixel in the image.
        strength: the unit's output.
    """

    pixels: np.ndarray
    row: int
    corner: tuple[int, int]
    strength: float


def strongest_patches(model: Model, data: Any, layer: str, unit: int = 0, count: int = 9) -> list[Patch]:
    """The pieces of different images that make a unit of a layer strongest, the strongest first.

    Args:
        model: a network on images (H, W, C).
        data: images, as for `Model.predict`.
        layer: the layer's path as the summary has it, such as 'conv_2'; its output is (H', W', K).
        unit: which of the K maps, from 0; default 0.
        count: how many, at least 1; default 9; fewer where the data have fewer images.

    Raises:
        SettingError: there is no such layer or unit, or it has no place in the image.
    """
    maps = model.activations(data, layer)
    if len(model.input_shape) != 3 or maps.ndim != 4:
        raise SettingError(
            f"patches are of images (H, W, C) and maps (H', W', K): the network takes {write(model.input_shape)}, "
            f"and {layer} gives {write(maps.shape[1:])}; choose a convolutional layer"
        )
    if not is_whole(unit, 0) or unit >= maps.shape[-1]:
        raise SettingError(f"{layer} has the units 0 to {maps.shape[-1] - 1}, not {unit!r}")
    if not is_whole(count, 1):
        raise SettingError(f"count is a whole number of at least 1, not {count!r}")
    images = model.schema.encode(data)[0]
    read = layer_reader(model.network, model.network.plan(model.input_shape), layer)

    def strength(image: Any, place: Any) -> Any:
        return read(model.parameters, model.state, image[None])[0, :, :, unit].ravel()[place]

    slope = jit(grad(strength), model.network)
    flat = maps[..., unit].reshape(len(maps), -1)
    patches = []
    for row in np.argsort(-flat.max(1), kind="stable")[:count]:
        place = int(flat[row].argmax())
        gradient = np.asarray(slope(jnp.asarray(images[row], jnp.float32), place))
        seen = np.argwhere(np.abs(gradient).max(-1) > 0)
        if len(seen):
            (top, left), (bottom, right) = seen.min(0), seen.max(0) + 1
            pixels = images[row, top:bottom, left:right]
            patches.append(Patch(pixels, int(row), (int(top), int(left)), float(flat[row, place])))
    return patches
