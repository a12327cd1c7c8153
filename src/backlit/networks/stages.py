"""What the networks for images share.

Where images are smaller than 64 pixels along a side, first layers made for 224×224 leave nothing to see: the networks
then have versions that keep the resolution at first, described where they are built.
"""

from backlit.errors import ShapeError
from backlit.layers.activation import ReLU
from backlit.layers.block import Block
from backlit.layers.convolution import Conv
from backlit.layers.normalization import BatchNorm
from backlit.shapes import Shape, write

SMALL = 64


def require_image(input: Shape) -> Shape:
    """The shape of an image (H, W, C).

    Raises:
        ShapeError: it has other axes.
    """
    if len(input) != 3:
        raise ShapeError(f"the network takes images, (height, width, channels), and its input is {write(input)}")
    return input


def is_small(input: Shape) -> bool:
    """Whether images of this shape get the version for small ones.

    Raises:
        ShapeError: it is not the shape of an image.

    >>> is_small((28, 28, 1)), is_small((224, 224, 3))
    (True, False)
    """
    height, width, _ = require_image(input)
    return min(height, width) < SMALL


def normalized(filters: int, kernel: int, stride: int = 1) -> tuple[Block, Block]:
    """A convolution, padded by half its kernel, and BatchNorm, which makes up for its biases."""
    padding = kernel // 2
    return Conv(filters, kernel, stride=stride, padding=padding, bias=False, partial="drop"), BatchNorm()


def rectified(filters: int, kernel: int, stride: int = 1) -> tuple[Block, ...]:
    """A normalized convolution and ReLU."""
    return *normalized(filters, kernel, stride), ReLU()
