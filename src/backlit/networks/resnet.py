"""Residual networks: stages of blocks y = ReLU(x + f(x)), so that the gradient has a way around every f.

Where a block changes the shape, its way around is a projection, a 1×1 convolution.

Source: He et al. 2015, arXiv:1512.03385.
"""

from backlit.layers.activation import ReLU
from backlit.layers.block import Block
from backlit.layers.composition import Parallel, Residual, Sequential
from backlit.layers.dense import Dense
from backlit.layers.pooling import GlobalMeanPool, MaxPool
from backlit.networks.stages import is_small, normalized, rectified, require_image
from backlit.shapes import Shape

WIDTHS = (64, 128, 256, 512)


def resnet18(input: Shape, units: int, rows: int) -> Sequential:
    """ResNet-18: 11,689,512 parameters for images (224, 224, 3) and 1000 classes.

    Images below 64 pixels a side get a 3×3 convolution of stride 1 in place of the 7×7 of stride 2 and its pool.

    Args:
        input: the shape of an image (H, W, C).
        units: outputs.
        rows: training rows, which change nothing.

    Raises:
        ShapeError: the input is no image.

    >>> resnet18((224, 224, 3), 1000, 1).plan((224, 224, 3)).size
    11689512
    """
    return Sequential(*stem(input), *stages(WIDTHS, (2, 2, 2, 2)), GlobalMeanPool(), Dense(units))


def resnet50(input: Shape, units: int, rows: int) -> Sequential:
    """ResNet-50, of bottlenecks with the stride on their 3×3: 25,557,032 parameters for (224, 224, 3), 1000 classes.

    Images below 64 pixels a side get a 3×3 convolution of stride 1 in place of the 7×7 of stride 2 and its pool.

    Args:
        input: the shape of an image (H, W, C).
        units: outputs.
        rows: training rows, which change nothing.

    Raises:
        ShapeError: the input is no image.

    >>> resnet50((224, 224, 3), 1000, 1).plan((224, 224, 3)).size
    25557032
    """
    return Sequential(*stem(input), *stages(WIDTHS, (3, 4, 6, 3), bottleneck=True), GlobalMeanPool(), Dense(units))


def resnet_small(input: Shape, units: int, rows: int) -> Sequential:
    """A residual network for small images: stages of 16, 32 and 64 filters, as the paper has them for CIFAR-10.

    One block a stage, for a good score within minutes on a CPU: 77,754 parameters for images (28, 28, 1), 10 classes.

    Args:
        input: the shape of an image (H, W, C).
        units: outputs.
        rows: training rows, which change nothing.

    Raises:
        ShapeError: the input is no image.

    >>> resnet_small((28, 28, 1), 10, 60_000).plan((28, 28, 1)).size
    77754
    """
    require_image(input)
    return Sequential(*rectified(16, 3), *stages((16, 32, 64), (1, 1, 1)), GlobalMeanPool(), Dense(units))


def stem(input: Shape) -> tuple[Block, ...]:
    """What comes before the stages: the resolution a quarter, or as it is for small images."""
    if is_small(input):
        return rectified(64, 3)
    return *rectified(64, 7, 2), MaxPool(3, stride=2, padding=1, partial="drop")


def stages(widths: tuple[int, ...], counts: tuple[int, ...], bottleneck: bool = False) -> list[Block]:
    """Stages of blocks, `counts` of them; each stage but the first halves the resolution at its first block."""
    blocks: list[Block] = []
    before = widths[0]
    for number, (width, count) in enumerate(zip(widths, counts, strict=True)):
        for place in range(count):
            stride = 2 if number and not place else 1
            after = 4 * width if bottleneck else width
            if bottleneck:
                main = (*rectified(width, 1), *rectified(width, 3, stride), *normalized(after, 1))
            else:
                main = (*rectified(width, 3, stride), *normalized(width, 3))
            if stride == 1 and before == after:
                blocks.append(Residual(*main))
            else:
                around = Sequential(*normalized(after, 1, stride))
                blocks.append(Parallel(Sequential(*main), around, combine="add"))
            blocks.append(ReLU())
            before = after
    return blocks
