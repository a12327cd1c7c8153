"""GoogLeNet: nine inception modules, each looking through windows of several sizes at once."""

from backlit.layers.block import Block
from backlit.layers.composition import Parallel, Sequential
from backlit.layers.dense import Dense
from backlit.layers.pooling import GlobalMeanPool, MaxPool
from backlit.layers.regularization import Dropout
from backlit.networks.stages import is_small, rectified
from backlit.shapes import Shape

STAGES = (
    ((64, 96, 128, 16, 32, 32), (128, 128, 192, 32, 96, 64)),
    (
        (192, 96, 208, 16, 48, 64),
        (160, 112, 224, 24, 64, 64),
        (128, 128, 256, 24, 64, 64),
        (112, 144, 288, 32, 64, 64),
        (256, 160, 320, 32, 128, 128),
    ),
    ((256, 160, 320, 32, 128, 128), (384, 192, 384, 48, 128, 128)),
)
"""The filters of each stage's inception modules, in the order of `inception`."""


def googlenet(input: Shape, units: int, rows: int) -> Sequential:
    """GoogLeNet with BatchNorm, without auxiliary heads: 6,624,904 parameters for images (224, 224, 3), 1000 classes.

    As torchvision has it: BatchNorm after every convolution in place of biases and local response normalization, and
    3×3 windows where the paper has 5×5. Images below 64 pixels a side get a stem of one 3×3 convolution.

    Args:
        input: the shape of an image (H, W, C).
        units: outputs.
        rows: training rows, which change nothing.

    Raises:
        ShapeError: the input is no image.

    Source: Szegedy et al. 2015, arXiv:1409.4842; the count is torchvision's.

    >>> googlenet((224, 224, 3), 1000, 1).plan((224, 224, 3)).size
    6624904
    """
    halve = MaxPool(3, stride=2, padding="same")
    published = (*rectified(64, 7, 2), halve, *rectified(64, 1), *rectified(192, 3), halve)
    blocks: list[Block] = [*(rectified(192, 3) if is_small(input) else published)]
    for number, stage in enumerate(STAGES):
        if number:
            blocks.append(halve if number == 1 else MaxPool(2, padding="same"))
        blocks += [inception(*filters) for filters in stage]
    return Sequential(*blocks, GlobalMeanPool(), Dropout(0.2), Dense(units))


def inception(one: int, before_three: int, three: int, before_five: int, five: int, pooled: int) -> Parallel:
    """Four branches side by side: 1×1; 1×1 and 3×3; 1×1 and another 3×3; a pool and 1×1. The numbers are filters.

    >>> inception(64, 96, 128, 16, 32, 32).plan((28, 28, 192)).output
    (28, 28, 256)
    """
    return Parallel(
        Sequential(*rectified(one, 1)),
        Sequential(*rectified(before_three, 1), *rectified(three, 3)),
        Sequential(*rectified(before_five, 1), *rectified(five, 3)),
        Sequential(MaxPool(3, stride=1, padding="same"), *rectified(pooled, 1)),
    )
