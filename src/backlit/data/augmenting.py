"""Augmentation: random changes of the training examples that leave their targets true, new ones at every step.

Each is a pure function (key, x) → x of a batch, so that it runs inside the compiled program and a seed repeats it;
images are (B, H, W, C). A change of geometry reads x at other places, by bilinear interpolation, with 0 outside.
Source: document 2 (mirror, rotate, affine).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.scipy.ndimage import map_coordinates

from backlit.calls import read_calls
from backlit.errors import SettingError, nearest
from backlit.shapes import Array, Shape, Tree, write


def mirror(key: Array, x: Array, probability: float = 0.5) -> Array:
    """Swap left and right of each image with a probability.

    >>> x = jnp.arange(3.0).reshape(1, 1, 3, 1)
    >>> mirror(jax.random.key(0), x, probability=1.0).ravel().tolist()
    [2.0, 1.0, 0.0]
    """
    swapped = jax.random.bernoulli(key, probability, (len(x), 1, 1, 1))
    return jnp.where(swapped, x[:, :, ::-1], x)


def crop(key: Array, x: Array, padding: int = 4) -> Array:
    """Pad each image with zeros and cut out its size at a random place: a move by up to `padding` whole pixels."""
    count, height, width, channels = x.shape
    moves = jax.random.randint(key, (2, count, 1), -padding, padding + 1)
    rows, columns = jnp.arange(height) + moves[0], jnp.arange(width) + moves[1]
    inside = ((rows >= 0) & (rows < height))[:, :, None] & ((columns >= 0) & (columns < width))[:, None, :]
    places = jnp.clip(rows, 0, height - 1)[:, :, None] * width + jnp.clip(columns, 0, width - 1)[:, None, :]
    flat = x.reshape(count, height * width, channels)
    moved = jnp.take_along_axis(flat, places.reshape(count, -1, 1), axis=1, mode="clip")
    return jnp.where(inside[..., None], moved.reshape(x.shape), 0)


def rotate(key: Array, x: Array, degrees: float = 15.0) -> Array:
    """Turn each image about its center by an angle from −degrees to degrees."""
    return affine(key, x, degrees=degrees, shift=0.0, scale=0.0, shear=0.0)


def shift(key: Array, x: Array, pixels: float = 2.0) -> Array:
    """Move each image along both axes by −pixels to pixels, fractions included."""
    return affine(key, x, degrees=0.0, shift=pixels, scale=0.0, shear=0.0)


def affine(
    key: Array, x: Array, degrees: float = 10.0, shift: float = 2.0, scale: float = 0.1, shear: float = 5.0
) -> Array:
    """Turn, move, resize and shear each image at random, in one interpolation.

    Args:
        key: the random key.
        x: images (B, H, W, C).
        degrees: the largest angle of the turn.
        shift: the largest move along either axis, in pixels.
        scale: the largest share by which it grows or shrinks, below 1.
        shear: the largest angle of the shear, in degrees.
    """
    drawn = jax.random.uniform(key, (5, len(x)), minval=-1.0, maxval=1.0)
    lean = jnp.tan(jnp.deg2rad(shear * drawn[3]))
    one, zero = jnp.ones_like(lean), jnp.zeros_like(lean)
    sheared = jnp.stack([jnp.stack([one, zero], -1), jnp.stack([lean, one], -1)], -2)
    maps = rotation(degrees * drawn[0]) @ sheared / (1 + scale * drawn[4])[:, None, None]
    return warp(x, maps, shift * drawn[1:3].T)


def rotation(degrees: Array) -> Array:
    """The maps (B, 2, 2) for `warp` that turn images counterclockwise by angles (B,)."""
    angles = jnp.deg2rad(degrees)
    cosine, sine = jnp.cos(angles), jnp.sin(angles)
    return jnp.stack([jnp.stack([cosine, sine], -1), jnp.stack([-sine, cosine], -1)], -2)


def warp(x: Array, maps: Array, moves: Array) -> Array:
    """Images read at A p + t for each pixel p, measured from the center: bilinear, 0 outside.

    Args:
        x: images (B, H, W, C).
        maps: A, (B, 2, 2), of rows and columns.
        moves: t, (B, 2), in pixels.
    """
    sizes = jnp.asarray(x.shape[1:3])
    center = (sizes[:, None, None] - 1) / 2
    pixels = jnp.stack(jnp.meshgrid(*map(jnp.arange, x.shape[1:3]), indexing="ij")) - center

    def read(image: Array, map_: Array, move: Array) -> Array:
        places = jnp.tensordot(map_, pixels, axes=1) + move[:, None, None] + center
        interpolate = partial(map_coordinates, coordinates=list(places), order=1)
        return jax.vmap(interpolate, in_axes=-1, out_axes=-1)(image)

    return jax.vmap(read)(x, maps, moves)


def cutout(key: Array, x: Array, size: int = 8) -> Array:
    """Zeros in a square of each image whose center is a random pixel. Source: DeVries & Taylor 2017."""
    centers = jax.random.uniform(key, (2, len(x), 1))
    hidden = [
        jnp.abs(jnp.arange(length) + 0.5 - length * center) < size / 2
        for length, center in zip(x.shape[1:3], centers, strict=True)
    ]
    return jnp.where((hidden[0][:, :, None] & hidden[1][:, None, :])[..., None], 0, x)


def noise(key: Array, x: Array, deviation: float = 0.1) -> Array:
    """Add normal noise: `deviation` times the standard deviation of each feature over the training data."""
    return x + deviation * jax.random.normal(key, x.shape, x.dtype)


def mixup(key: Array, x: Array, last: Array | int = -1, alpha: float = 0.2) -> tuple[Array, Array]:
    """λ x_i + (1 − λ) x_j with λ ~ Beta(α, α), one for a batch, and λ.

    The loss is mixed alike, λ l(y_i) + (1 − λ) l(y_j); j is the example before i in the batch, which is shuffled, and
    the last before the first: `last` is its place, behind which padding may lie.
    Source: Zhang et al. 2018, arXiv:1710.09412.
    """
    share = jax.random.beta(key, alpha, alpha).astype(x.dtype)
    return share * x + (1 - share) * partner(x, last), share


def partner(values: Array, last: Array | int) -> Array:
    """What each example of a batch is mixed with: the one before it, and the first with the last."""
    return jnp.concatenate([values[last][None], values[:-1]])


class Kind(NamedTuple):
    """An augmentation: its function, one line for listings, what it is for, and the ranges of its settings."""

    function: Callable[..., Any]
    summary: str
    images: bool
    ranges: Mapping[str, tuple[float, float]]


MOST_ROWS = 10_000  # that deviations are taken of
ANGLE, PIXELS = (0.0, 180.0), (0.0, 1e4)
AUGMENTATIONS: dict[str, Kind] = {
    "mirror": Kind(mirror, "left and right swapped in half of the images", True, {"probability": (0.0, 1.0)}),
    "crop": Kind(crop, "padded with zeros and cut out at a random place", True, {"padding": (1, 10_000)}),
    "rotate": Kind(rotate, "turned by up to so many degrees", True, {"degrees": ANGLE}),
    "shift": Kind(shift, "moved by up to so many pixels, fractions included", True, {"pixels": PIXELS}),
    "affine": Kind(
        affine,
        "turned, moved, resized and sheared in one go",
        True,
        {"degrees": ANGLE, "shift": PIXELS, "scale": (0.0, 0.99), "shear": (0.0, 80.0)},
    ),
    "cutout": Kind(cutout, "a square of zeros at a random place", True, {"size": (1, 10_000)}),
    "noise": Kind(noise, "normal noise, in shares of each feature's deviation", False, {"deviation": (0.0, 1e4)}),
    "mixup": Kind(mixup, "two examples and their losses mixed in shares λ ~ Beta(α, α)", False, {"alpha": (1e-3, 1e3)}),
}
"""Every augmentation by name; a range of whole numbers is of a setting that is one."""


@dataclass(frozen=True)
class Augmentation:
    """Augmentations in a row.

    Attributes:
        calls: names and settings.
        deviations: of the training data's features along the last axis, for noise; 0 for codes, which it leaves alone.
    """

    calls: tuple[tuple[str, tuple[tuple[str, float], ...]], ...]
    deviations: tuple[float, ...]

    def __call__(
        self, key: Array, x: Array, y: Tree, real: Array | None = None
    ) -> tuple[Array, list[tuple[Any, Tree]]]:
        """A batch changed at random, and its targets with their shares in the loss, which sum to 1.

        Args:
            key: the random key.
            x: inputs (B, ...).
            y: targets (B, ...), or a tuple of what belongs to them, such as targets and weights.
            real: (B,), 1 for the examples and 0 for the padding behind them; None: all are real.
        """
        x = x if jnp.issubdtype(x.dtype, jnp.floating) else x.astype(jnp.float32)
        targets: list[tuple[Any, Tree]] = [(1.0, y)]
        last = -1 if real is None else real.sum().astype(int) - 1
        for place, (name, settings) in enumerate(self.calls):
            change = partial(AUGMENTATIONS[name].function, jax.random.fold_in(key, place), **dict(settings))
            if name == "noise":
                x = x + jnp.asarray(self.deviations, x.dtype) * change(jnp.zeros_like(x))
            elif name == "mixup":
                x, share = change(x, last)
                targets = [(share * s, t) for s, t in targets] + [
                    ((1 - share) * s, jax.tree.map(partial(partner, last=last), t)) for s, t in targets
                ]
            else:
                x = change(x)
        return x, targets


def augmentation_named(
    text: str, x: np.ndarray, targets_shape: Shape = (), codes: tuple[int, ...] = ()
) -> Augmentation:
    """The augmentations of a text such as `mirror, rotate(degrees=15)`, for these training data.

    Args:
        text: calls of `AUGMENTATIONS`, in the order in which they are done.
        x: the training inputs (N, ...).
        targets_shape: of one example's target.
        codes: the features of a table that are codes of categories.

    Raises:
        NotationError: the text cannot be read.
        SettingError: an augmentation or a setting is unknown, out of range, or not for these data.
    """
    calls = read_calls(text)
    for name, settings in calls:
        if name not in AUGMENTATIONS:
            raise SettingError(f"There is no augmentation {name!r}: {nearest(name, AUGMENTATIONS)}")
        _check_settings(name, settings)
        _check_data(name, x, targets_shape, codes)
    noisy = any(name == "noise" for name, _ in calls)
    deviations = _deviations(x, codes) if noisy else ()
    return Augmentation(tuple((name, tuple(settings.items())) for name, settings in calls), deviations)


def _deviations(x: np.ndarray, codes: tuple[int, ...]) -> tuple[float, ...]:
    """The standard deviation of each feature, over a spread of rows where there are many."""
    rows = x[:: -(-len(x) // MOST_ROWS)].reshape(-1, x.shape[-1]).astype(np.float64)
    deviations = np.nan_to_num(np.nanstd(rows, axis=0))
    deviations[list(codes)] = 0
    return tuple(deviations.tolist())


def _check_settings(name: str, settings: Mapping[str, float]) -> None:
    ranges = AUGMENTATIONS[name].ranges
    for setting, value in settings.items():
        if setting not in ranges:
            raise SettingError(f"The augmentation {name} has no setting {setting!r}: {nearest(setting, ranges)}")
        low, high = ranges[setting]
        whole = isinstance(low, int)
        if not low <= value <= high or (whole and not isinstance(value, int)):
            kind = "whole number" if whole else "number"
            raise SettingError(f"{name} takes {setting}, a {kind} from {low:g} to {high:g}, not {value!r}")


def _check_data(name: str, x: np.ndarray, targets_shape: Shape, codes: tuple[int, ...]) -> None:
    example = write(x.shape[1:])
    if AUGMENTATIONS[name].images:
        if x.ndim != 4:
            raise SettingError(f"{name} is for images, of shape H×W×C, and an example has the shape {example}")
        if len(targets_shape) == 3:
            raise SettingError(f"{name} moves the pixels of the inputs, and the targets are images, too: leave it out")
    elif x.dtype.kind == "i":
        raise SettingError(f"{name} is for numbers, and these are tokens: leave it out")
    elif name == "mixup" and (codes or np.isnan(x.astype(np.float32)).any()):
        raise SettingError("mixup is for complete numbers, and these data have categories or gaps: leave it out")
