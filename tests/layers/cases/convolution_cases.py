"""Cases of convolutions, locally connected layers and upsampling."""

from layer_case import Case

from backlit.layers.convolution import Conv, DepthwiseConv
from backlit.layers.local import LocallyConnected
from backlit.layers.transposed import ConvTranspose
from backlit.layers.upsampling import Upsample

CASES = [
    Case(Conv(4, 3), (7, 2), (5, 4), 28, bad=(2, 2)),
    Case(Conv(4, 3, padding="same"), (6, 5, 2), (6, 5, 4), 76, bad=(6,)),
    Case(Conv(4, (2, 3), stride=(1, 2), padding=(0, 1), bias=False), (5, 7, 2), (4, 4, 4), 48, bad=(5, 6, 2)),
    Case(Conv(4, 3, stride=2, padding="same"), (6, 9, 2), (3, 5, 4), 76, bad=(2, 2, 2, 2, 2)),
    Case(Conv(2, 3, padding="full", dilation=2), (6, 5, 1), (10, 9, 2), 20, bad=(5,)),
    Case(Conv(4, 3, stride=3, partial="drop", initializer="Glorot"), (7, 8, 1), (2, 2, 4), 40, bad=(2, 8, 1)),
    Case(Conv(6, 2, groups=3), (4, 4, 3), (3, 3, 6), 30, bad=(4, 4, 4)),
    Case(Conv(2, 2), (3, 4, 3, 2), (2, 3, 2, 2), 34, bad=(1, 4, 3, 2)),
    Case(DepthwiseConv(3, padding="same"), (5, 6, 3), (5, 6, 3), 30, bad=(3,)),
    Case(DepthwiseConv(2, multiplier=2, stride=2, bias=False), (6, 2), (3, 4), 8, bad=(7, 2)),
    Case(LocallyConnected(3, 2), (4, 5, 2), (3, 4, 3), 324, bad=(4, 1, 2)),
    Case(LocallyConnected(2, 3, stride=2, padding="same", bias=False), (5, 2), (3, 2), 36, bad=(5,)),
    Case(ConvTranspose(3, 3), (4, 2), (6, 3), 21, bad=(2,)),
    Case(ConvTranspose(3, 3, stride=2, padding="same"), (4, 4, 2), (8, 8, 3), 57, bad=(3,)),
    Case(ConvTranspose(4, 4, stride=2, padding=1, groups=2, bias=False), (3, 4, 2), (6, 8, 4), 64, bad=(3, 4, 3)),
    Case(ConvTranspose(2, 3, stride=2, dilation=2), (3, 3, 3, 1), (9, 9, 9, 2), 56, bad=(1,)),
    Case(ConvTranspose(2, 2, padding="full"), (4, 2), (3, 2), 10, bad=(1, 2)),
    Case(Upsample(2), (4, 3, 2), (8, 6, 2), bad=(3,)),
    Case(Upsample((1, 3)), (4, 3, 2), (4, 9, 2), bad=(4, 2)),
    Case(Upsample(3, "linear"), (4, 2), (12, 2), bad=(4,)),
    Case(Upsample(2, method="linear"), (4, 5, 1), (8, 10, 1), bad=(4,)),
]
