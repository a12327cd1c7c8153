"""Autoencoders, whose targets are their own inputs, and networks from images to images.

An autoencoder squeezes x through a code of few numbers, z = e(x), and builds it again, x̂ = d(z): what it keeps is what
matters. Source: Hinton & Salakhutdinov 2006; with noise, Vincent et al. 2008.
"""

from math import prod

from backlit.errors import ShapeError
from backlit.layers.activation import ReLU
from backlit.layers.block import Block
from backlit.layers.composition import Sequential
from backlit.layers.convolution import Conv
from backlit.layers.dense import Dense
from backlit.layers.noise import Noise
from backlit.layers.pooling import MaxPool
from backlit.layers.reshaping import Flatten, Reshape
from backlit.layers.upsampling import Upsample
from backlit.networks.recipe import Recipe
from backlit.shapes import Shape, write


def autoencoder(input: Shape, units: int, rows: int, *, code: int = 32, hidden: int = 128) -> Sequential:
    """Dense layers down to a linear code and up again.

    Args:
        input: the shape of one example.
        units, rows: not used: the outputs are the inputs.
        code: numbers of the code.
        hidden: units of the layer on either side of it.

    >>> print(autoencoder((8, 8, 1), 1, 100, code=10))
    Sequential(Flatten, Dense(128), ReLU, Dense(10), Dense(128), ReLU, Dense(64), Reshape((8, 8, 1)))
    """
    before: tuple[Block, ...] = (Flatten(),) if len(input) > 1 else ()
    after: tuple[Block, ...] = (Reshape(input),) if len(input) > 1 else ()
    return Sequential(*before, Dense(hidden), ReLU(), Dense(code), Dense(hidden), ReLU(), Dense(prod(input)), *after)


def denoising_autoencoder(
    input: Shape, units: int, rows: int, *, code: int = 32, hidden: int = 128, deviation: float = 0.5
) -> Sequential:
    """An autoencoder whose inputs are disturbed while it trains, and whose targets are not.

    Args:
        input, units, rows, code, hidden: as for `autoencoder`.
        deviation: of the noise, in deviations of the inputs.
    """
    return Sequential(Noise(deviation), *autoencoder(input, units, rows, code=code, hidden=hidden).blocks)


def conv_autoencoder(input: Shape, units: int, rows: int, *, code: int = 4, filters: int = 16) -> Sequential:
    """Convolutions and pooling down to a few small maps, and up again.

    Args:
        input: the shape of one image, (H, W, C), with sides that can be halved twice.
        units, rows: not used: the outputs are the inputs.
        code: maps of the code, a quarter of the image's height and width.
        filters: of the other convolutions.

    Raises:
        ShapeError: the examples are no such images.
    """
    if len(input) != 3 or input[0] % 4 or input[1] % 4:
        raise ShapeError(
            f"conv-autoencoder takes images H×W×C whose sides are multiples of 4, not {write(input)}: "
            "resize them, or take the network autoencoder"
        )

    def conv(maps: int) -> Conv:
        return Conv(maps, 3, padding="same")

    return Sequential(
        *(conv(filters), ReLU(), MaxPool(2), conv(code), ReLU(), MaxPool(2)),
        *(Upsample(2), conv(filters), ReLU(), Upsample(2), conv(filters), ReLU(), conv(input[-1])),
    )


def image_to_image(input: Shape, units: int, rows: int, *, depth: int = 3, filters: int = 32) -> Sequential:
    """Convolutions that keep the size, from images to images: denoising, sharpening, coloring.

    Args:
        input: the shape of one image, (H, W, C).
        units: the channels of the targets.
        rows: not used.
        depth: convolutions, the last included, at least 1.
        filters: of all but the last.

    Raises:
        ShapeError: the examples are no images.
    """
    if len(input) != 3:
        raise ShapeError(f"image-to-image takes images H×W×C, not {write(input)}")
    hidden: list[Block] = [Conv(filters, 3, padding="same"), ReLU()] * (depth - 1)
    return Sequential(*hidden, Conv(units, 3, padding="same"))


AUTOENCODERS: dict[str, Recipe] = {
    "autoencoder": Recipe(autoencoder, "dense layers down to a code of 32 numbers and up again", reconstructs=True),
    "denoising-autoencoder": Recipe(
        denoising_autoencoder, "the same, with noise on the inputs while it trains", reconstructs=True
    ),
    "conv-autoencoder": Recipe(
        conv_autoencoder, "convolutions down to small maps and up again, for images", reconstructs=True
    ),
    "image-to-image": Recipe(image_to_image, "convolutions that keep the size, from images to images"),
}
