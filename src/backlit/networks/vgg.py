"""VGG-16: thirteen convolutions of 3×3 in five stages, three dense layers."""

from backlit.layers.activation import ReLU
from backlit.layers.block import Block
from backlit.layers.composition import Sequential
from backlit.layers.convolution import Conv
from backlit.layers.dense import Dense
from backlit.layers.pooling import MaxPool
from backlit.layers.regularization import Dropout
from backlit.layers.reshaping import Flatten
from backlit.networks.stages import is_small, rectified
from backlit.shapes import Shape

STAGES = ((64, 2), (128, 2), (256, 3), (512, 3), (512, 3))
"""Filters and convolutions of each stage."""


def vgg16(input: Shape, units: int, rows: int) -> Sequential:
    """VGG-16: 138,357,544 parameters for images (224, 224, 3) and 1000 classes.

    Images below 64 pixels a side get BatchNorm after every convolution and one dense layer of 512 units in place of two
    of 4096.

    Args:
        input: the shape of an image (H, W, C).
        units: outputs.
        rows: training rows, which change nothing.

    Raises:
        ShapeError: the input is no image.

    Source: Simonyan and Zisserman 2015, arXiv:1409.1556.

    >>> vgg16((224, 224, 3), 1000, 1).plan((224, 224, 3)).size
    138357544
    """
    small = is_small(input)
    blocks: list[Block] = []
    for filters, count in STAGES:
        for _ in range(count):
            blocks += rectified(filters, 3) if small else (Conv(filters, 3, padding="same"), ReLU())
        blocks.append(MaxPool(2, padding="same"))
    blocks.append(Flatten())
    for width in (512,) if small else (4096, 4096):
        blocks += Dense(width), ReLU(), Dropout(0.5)
    return Sequential(*blocks, Dense(units))
