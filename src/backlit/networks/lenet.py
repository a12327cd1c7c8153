"""LeNet-5: two stages of convolution and pooling, and a dense head."""

from backlit.layers.activation import ReLU
from backlit.layers.composition import Sequential
from backlit.layers.convolution import Conv
from backlit.layers.dense import Dense
from backlit.layers.pooling import MaxPool
from backlit.layers.reshaping import Flatten
from backlit.networks.stages import require_image
from backlit.shapes import Shape


def lenet5(input: Shape, units: int, rows: int) -> Sequential:
    """LeNet-5 in its common dense form: every map sees all maps before it, ReLU and maxima, a linear end.

    61,706 parameters for images (32, 32, 1), or (28, 28, 1), which are padded by 2, and 10 classes. The published one
    connects its maps in part, squashes by scaled tanh and ends in radial basis functions.

    Args:
        input: the shape of an image (H, W, C); below 32 pixels a side it is padded by 2.
        units: outputs.
        rows: training rows, which change nothing.

    Raises:
        ShapeError: the input is no image, or one too small.

    Source: LeCun et al. 1998, Proc. IEEE 86.

    >>> lenet5((28, 28, 1), 10, 60_000).plan((28, 28, 1)).size
    61706
    """
    height, width, _ = require_image(input)
    first = Conv(6, 5, padding=2 if min(height, width) < 32 else "valid")
    return Sequential(
        *(first, ReLU(), MaxPool(2, partial="drop")),
        *(Conv(16, 5), ReLU(), MaxPool(2, partial="drop")),
        *(Flatten(), Dense(120), ReLU(), Dense(84), ReLU(), Dense(units)),
    )
