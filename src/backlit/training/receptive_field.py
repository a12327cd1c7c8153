"""The window of an image that one place of a layer sees.

By the layers, with windows k_l and strides s_l, it spans Σ_l (k_l − 1) Π_{i<l} s_i + 1 positions; by the gradient
∂a/∂x, it is where that is not 0 for any unit at that place.
"""

from dataclasses import dataclass
from typing import Any

import jax.numpy as jnp
import numpy as np

from backlit.errors import SettingError, ShapeError
from backlit.graph import grad
from backlit.layers.block import Parameters, State
from backlit.layers.settings import is_whole
from backlit.shapes import Array, write
from backlit.training.model import Model
from backlit.training.representation import layer_reader

Window = tuple[tuple[int, int], tuple[int, int]]


@dataclass(frozen=True, eq=False)
class ReceptiveField:
    """What one place of a layer sees of an image. Windows are the first and last row, and the first and last column.

    Attributes:
        image: (H, W, C).
        place: (row, column) in the layer's output.
        window: by the layers, cut where the image ends.
        seen: with a gradient; None: there is none.
    """

    image: np.ndarray
    place: tuple[int, int]
    window: Window
    seen: Window | None


def receptive_field(model: Model, x: np.ndarray, layer: str, place: Any = None) -> ReceptiveField:
    """The receptive field of a place of a layer, on an encoded image (1, H, W, C).

    Args:
        model: a network on images.
        x: the image.
        layer: its path as the summary has it; the output is (H′, W′, C′).
        place: (row, column) from 0; None: the middle.

    Raises:
        ShapeError: the network is not on images.
        SettingError: there is no such layer or place, or the layer has no places.
    """
    plan = model.network.plan(model.input_shape)
    read = layer_reader(model.network, plan, layer)
    if len(model.input_shape) != 3:
        raise ShapeError(f"a receptive field lies on an image (H, W, C), and this network takes {write(plan.input)}")
    rows = {row.path: row for row in model.summary().rows}
    if layer not in rows or len(rows[layer].output) != 3:
        maps = [path for path, row in rows.items() if len(row.output) == 3]
        raise SettingError(f"{layer} is no single layer with places (H, W, C): choose one of {', '.join(maps)}")
    sizes = rows[layer].output[:2]
    chosen = tuple(size // 2 for size in sizes) if place is None else tuple(place)
    if len(chosen) != 2 or not all(is_whole(at, 0) and at < size for at, size in zip(chosen, sizes, strict=True)):
        raise SettingError(f"{layer} has the places (0, 0) to ({sizes[0] - 1}, {sizes[1] - 1}), not {place!r}")
    reach = rows[layer].reach
    ends = [(0, size - 1) for size in model.input_shape[:2]]
    if reach.size is not None:
        spans = reach.seen_from(chosen) if reach.size else [(at, at) for at in chosen]
        ends = [(max(low, 0), min(high, last)) for (low, high), (_, last) in zip(spans, ends, strict=True)]

    def slope(parameters: Parameters, state: State, x: Array) -> Array:
        # Weights of their own keep the units' gradients from adding up to 0.
        weights = jnp.linspace(1.0, 2.0, rows[layer].output[2])
        return grad(lambda x: (read(parameters, state, x)[:, chosen[0], chosen[1]] @ weights).sum())(x)

    found = np.argwhere(np.abs(model.each(slope, x.astype(np.float32))[0]).max(-1) > 0)
    seen = None
    if len(found):
        (top, left), (bottom, right) = found.min(0).tolist(), found.max(0).tolist()
        seen = (top, bottom), (left, right)
    return ReceptiveField(x[0], chosen, (ends[0], ends[1]), seen)
