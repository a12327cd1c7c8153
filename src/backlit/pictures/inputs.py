"""What pictures of a model show of its inputs: one row, the image that a row is, and the names of features."""

from math import isqrt, prod
from typing import Any

import numpy as np

from backlit.errors import DataError, SettingError, ShapeError
from backlit.shapes import Shape, write
from backlit.training.model import Model

LONGEST, LABEL = 16, 40  # characters of a class's name beside a tick, of a feature's along an axis
LEAST_SIDE = 4  # pixels, of an image that numbers without names are taken for


def one_row(model: Model, row: Any) -> np.ndarray:
    """A single input as the network takes it, (1, *input_shape).

    Args:
        model: the network.
        row: one input, or data with a single one.

    Raises:
        DataError: the data hold several, or do not fit.
    """
    given = row
    if not isinstance(row, str) and hasattr(row, "__array__"):
        shape = np.shape(row)
        if len(shape) == len(model.input_shape) or (*shape, 1) == model.input_shape:
            given = np.asarray(row)[None]
    encoded = model.encoded(given)
    if len(encoded) != 1:
        raise DataError(f"this picture is of one input, and the data hold {len(encoded):,}: give one, such as x[0]")
    return encoded


def image_shape_of(model: Model, given: Shape | None, size: int | None = None) -> Shape | None:
    """The shape (H, W, C) of the image that an input of the network is; None: it is none.

    Numbers without names, as many as a square of at least 4×4 has pixels, are taken for an image: so digits of 64
    numbers are 8×8.

    Args:
        model: the network.
        given: (H, W) or (H, W, C), or () for no image; None: as the input's shape and names say.
        size: how many numbers the image must have; None: as many as the input.

    Raises:
        SettingError: the given shape does not have that many numbers.
    """
    size = size or prod(model.input_shape)
    if given is not None:
        if given == ():
            return None
        shape = (*given, 1) if len(given) == 2 else tuple(given)
        if len(shape) != 3 or prod(shape) != size:
            raise SettingError(
                f"image_shape = {given!r} for {size} numbers: give (H, W) or (H, W, C) with H·W·C = {size}"
            )
        return shape
    if len(model.input_shape) == 3 and model.input_shape[2] in (1, 3) and prod(model.input_shape) == size:
        return model.input_shape
    side = isqrt(size)
    unnamed = model.schema.kind == "array" and not model.schema.columns and len(model.input_shape) == 1
    return (side, side, 1) if unnamed and side * side == size and side >= LEAST_SIDE else None


def image_of(model: Model, row: np.ndarray, given: Shape | None) -> np.ndarray:
    """The image of an encoded row: (H, W), or (H, W, 3) between 0 and 1.

    Raises:
        ShapeError: the row is no image.
        SettingError: as for `image_shape_of`.
    """
    shape = image_shape_of(model, given, row.size)
    if shape is None:
        raise ShapeError(
            f"this picture is of an image (H, W, 1) or (H, W, 3), and the network takes {write(model.input_shape)}: "
            "say which image that is, such as image_shape=(8, 8), or choose a network on images"
        )
    return shown(row.reshape(shape))


def shown(pixels: np.ndarray) -> np.ndarray:
    """Pixels (H, W, C) as they can be drawn: (H, W) for one channel, (H, W, 3) between 0 and 1 for colors."""
    if pixels.shape[-1] == 1:
        return pixels[..., 0].astype(float)
    if pixels.dtype == np.uint8:
        return pixels / 255
    low, high = float(pixels.min()), float(pixels.max())
    return pixels.astype(float) if low >= 0 and high <= 1 else (pixels - low) / ((high - low) or 1)


def feature_names(model: Model) -> list[str]:
    """The names of the numbers of a row: of a table its columns', else their places from 0."""
    named = model.schema.features or model.schema.columns
    names = [feature.name for feature in named]
    return names or [f"feature {place}" for place in range(model.input_shape[0])]


def shorten(name: str, longest: int = LONGEST) -> str:
    """A name as it fits beside an axis.

    >>> shorten("the mean radius of the cells", 16)
    'the mean radius…'
    """
    return name if len(name) <= longest else f"{name[: longest - 1].rstrip()}…"
