"""AlexNet: five convolutions, three dense layers, dropout."""

from backlit.layers.activation import ReLU
from backlit.layers.block import Block
from backlit.layers.composition import Sequential
from backlit.layers.convolution import Conv
from backlit.layers.dense import Dense
from backlit.layers.pooling import MaxPool
from backlit.layers.regularization import Dropout
from backlit.layers.reshaping import Flatten
from backlit.networks.stages import is_small
from backlit.shapes import Shape


def alexnet(input: Shape, units: int, rows: int) -> Sequential:
    """AlexNet in its one-column form: 61,100,840 parameters for images (224, 224, 3) and 1000 classes.

    Images below 64 pixels a side get a first convolution of 3×3 with stride 2 in place of 11×11 with stride 4, pools of
    2×2 in place of 3×3, and dense layers of 1024 units in place of 4096.

    Args:
        input: the shape of an image (H, W, C), at least 16 pixels a side.
        units: outputs.
        rows: training rows, which change nothing.

    Raises:
        ShapeError: the input is no image, or one too small.

    Source: Krizhevsky 2014, arXiv:1404.5997; Krizhevsky, Sutskever and Hinton 2012. The count is torchvision's.

    >>> alexnet((224, 224, 3), 1000, 1).plan((224, 224, 3)).size
    61100840
    """
    small = is_small(input)
    first = Conv(64, 3, stride=2, padding=1, partial="drop") if small else Conv(64, 11, 4, padding=2, partial="drop")
    pool = MaxPool(2, partial="drop") if small else MaxPool(3, stride=2, partial="drop")
    width = 1024 if small else 4096

    def convolve(filters: int, kernel: int) -> tuple[Block, Block]:
        return Conv(filters, kernel, padding=kernel // 2), ReLU()

    return Sequential(
        *(first, ReLU(), pool),
        *(*convolve(192, 5), pool),
        *(*convolve(384, 3), *convolve(256, 3), *convolve(256, 3), pool),
        *(Flatten(), Dropout(0.5), Dense(width), ReLU(), Dropout(0.5), Dense(width), ReLU(), Dense(units)),
    )
