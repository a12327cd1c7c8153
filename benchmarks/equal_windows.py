"""Convolutions, pools and upsampling beside PyTorch's, which has channels first: its kernels are (out, in, *kernel)."""

from typing import Any

import torch
from peer import Peer, Tensors, Theirs, layer
from torch.nn import functional as F

import backlit as bl

CONVOLVE = {1: F.conv1d, 2: F.conv2d, 3: F.conv3d}
TRANSPOSE = {1: F.conv_transpose1d, 2: F.conv_transpose2d, 3: F.conv_transpose3d}


def channels_first(function: Any) -> Theirs:
    """A function of PyTorch on arrays with channels last."""
    return lambda p, x: function(p, x.movedim(-1, 1)).movedim(1, -1)


def convolution(block: bl.Block, input: tuple[int, ...], groups: int = 1, pad: Any = None, **settings: Any) -> Peer:
    """Conv or DepthwiseConv; `pad` is what F.pad adds first."""
    axes = len(input) - 1

    def theirs(p: Tensors, x: torch.Tensor) -> torch.Tensor:
        weight = p["weight"].permute(axes + 1, axes, *range(axes))
        return CONVOLVE[axes](x if pad is None else F.pad(x, pad), weight, p.get("bias"), groups=groups, **settings)

    return layer(block, input, channels_first(theirs))


def transposed(block: bl.Block, input: tuple[int, ...], groups: int = 1, crop: int = 0, **settings: Any) -> Peer:
    """ConvTranspose, whose kernels are (in, out / groups, *kernel) in PyTorch; `crop` is cut off at every end."""
    axes = len(input) - 1

    def theirs(p: Tensors, x: torch.Tensor) -> torch.Tensor:
        *kernel, inputs, filters = p["weight"].shape
        grouped = p["weight"].reshape(*kernel, inputs, groups, filters // groups)
        weight = grouped.permute(axes + 1, axes, axes + 2, *range(axes)).reshape(-1, filters // groups, *kernel)
        y = TRANSPOSE[axes](x, weight, p.get("bias"), groups=groups, **settings)
        return F.pad(y, (0, -crop) * axes)

    return layer(block, input, channels_first(theirs))


def pool(block: bl.Block, input: tuple[int, ...], function: Any, *values: Any, **settings: Any) -> Peer:
    """A pool or Upsample, by PyTorch's function of this shape."""
    return layer(block, input, channels_first(lambda p, x: function(x, *values, **settings)))


def real_alone(function: Any) -> Any:
    """Mean pooling that leaves padding out."""
    return lambda *values: function(*values, count_include_pad=False)


WINDOWS = [
    convolution(bl.Conv(4, 3), (9, 2)),
    convolution(bl.Conv(4, 5, padding="same"), (9, 2), padding="same"),
    convolution(bl.Conv(4, 4, padding="full", dilation=2), (9, 2), padding=6, dilation=2),
    convolution(bl.Conv(4, 3), (8, 7, 3)),
    convolution(bl.Conv(4, 1, bias=False), (8, 7, 3)),
    convolution(bl.Conv(4, (3, 2), padding="same"), (8, 7, 3), padding="same"),
    convolution(bl.Conv(4, 3, stride=2, padding="same"), (8, 7, 3), pad=(1, 1, 0, 1), stride=2),
    convolution(bl.Conv(4, 3, padding="full"), (8, 7, 3), padding=2),
    convolution(
        bl.Conv(4, (3, 2), stride=(2, 3), padding=(1, 2), partial="drop"), (8, 7, 3), stride=(2, 3), padding=(1, 2)
    ),
    convolution(bl.Conv(4, 3, dilation=(2, 1), groups=2), (8, 7, 6), groups=2, dilation=(2, 1)),
    convolution(bl.Conv(4, 3, stride=3, partial="drop"), (8, 7, 3), stride=3),
    convolution(bl.Conv(3, 2, stride=2, padding=1), (4, 6, 4, 2), stride=2, padding=1),
    convolution(bl.Conv(4, 3, groups=2, padding="same"), (4, 5, 3, 2), groups=2, padding="same"),
    convolution(bl.DepthwiseConv(3, padding="same"), (8, 7, 3), groups=3, padding="same"),
    convolution(bl.DepthwiseConv(3, multiplier=2, stride=2), (7, 9, 3), groups=3, stride=2),
    convolution(bl.DepthwiseConv(3, dilation=2, bias=False), (9, 3), groups=3, dilation=2),
    transposed(bl.ConvTranspose(4, 3), (6, 2)),
    transposed(bl.ConvTranspose(4, 3, stride=2, padding=1), (5, 4, 3), stride=2, padding=1),
    transposed(bl.ConvTranspose(4, 3, stride=2, padding="same"), (5, 4, 3), crop=1, stride=2),
    transposed(bl.ConvTranspose(4, (3, 2), padding="full"), (5, 4, 3), padding=(2, 1)),
    transposed(bl.ConvTranspose(6, 3, stride=2, dilation=2, groups=2), (5, 4, 4), groups=2, stride=2, dilation=2),
    transposed(bl.ConvTranspose(2, 2, stride=2, bias=False), (3, 4, 2, 3), stride=2),
    pool(bl.MaxPool(2), (8, 3), F.max_pool1d, 2),
    pool(bl.MaxPool(2), (8, 6, 3), F.max_pool2d, 2),
    pool(bl.MaxPool(3, stride=2, padding=1, partial="drop"), (8, 6, 3), F.max_pool2d, 3, 2, 1),
    pool(bl.MaxPool((3, 2), stride=1), (8, 6, 3), F.max_pool2d, (3, 2), 1),
    pool(bl.MaxPool(2), (4, 6, 4, 3), F.max_pool3d, 2),
    pool(bl.MeanPool(3, stride=1), (8, 3), F.avg_pool1d, 3, 1),
    pool(bl.MeanPool(2), (8, 6, 3), F.avg_pool2d, 2),
    pool(bl.MeanPool(3, stride=2, padding=1, partial="drop"), (8, 6, 3), real_alone(F.avg_pool2d), 3, 2, 1, False),
    pool(bl.MeanPool(2), (4, 6, 4, 3), F.avg_pool3d, 2),
    layer(bl.GlobalMaxPool(), (8, 6, 3), lambda p, x: F.adaptive_max_pool2d(x.movedim(-1, 1), 1).flatten(1)),
    layer(bl.GlobalMeanPool(), (8, 6, 3), lambda p, x: F.adaptive_avg_pool2d(x.movedim(-1, 1), 1).flatten(1)),
    pool(bl.Upsample(3), (5, 3), F.interpolate, scale_factor=3),
    pool(bl.Upsample((2, 3)), (5, 4, 3), F.interpolate, scale_factor=(2, 3)),
    pool(bl.Upsample(3, "linear"), (5, 3), F.interpolate, scale_factor=3, mode="linear"),
    pool(bl.Upsample((2, 3), "linear"), (5, 4, 3), F.interpolate, scale_factor=(2, 3), mode="bilinear"),
    pool(bl.Upsample(2, "linear"), (3, 4, 2, 3), F.interpolate, scale_factor=2, mode="trilinear"),
]
