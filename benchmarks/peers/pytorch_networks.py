"""The networks in PyTorch, from its own layers, with the weights of the row."""

from collections.abc import Iterator

import numpy as np
import torch
from tasks import HEADS, Task, Weights
from torch import Tensor, nn
from torch.nn import functional as F


def network(task: Task) -> nn.Module:
    """The row's network, in its initial weights."""
    return {"mlp": mlp, "cnn": cnn, "resnet": ResNet, "lstm": Recurrent, "gru": Recurrent, "transformer": Transformer}[
        task.network
    ](task, iter(task.weights()))


def fill(parameter: Tensor, value: np.ndarray) -> None:
    with torch.no_grad():
        parameter.copy_(torch.from_numpy(np.ascontiguousarray(value)))


def dense(w: Iterator[np.ndarray]) -> nn.Linear:
    weight, bias = next(w), next(w)
    layer = nn.Linear(*weight.shape)
    fill(layer.weight, weight.T)
    fill(layer.bias, bias)
    return layer


def convolution(w: Iterator[np.ndarray], stride: int = 1, padding: int = 0, bias: bool = True) -> nn.Conv2d:
    weight = next(w).transpose(3, 2, 0, 1)
    layer = nn.Conv2d(weight.shape[1], weight.shape[0], weight.shape[2], stride, padding, bias=bias)
    fill(layer.weight, weight)
    if layer.bias is not None:
        fill(layer.bias, next(w))
    return layer


def normalized(w: Iterator[np.ndarray], stride: int = 1, padding: int = 0) -> nn.Sequential:
    layer = convolution(w, stride, padding, bias=False)
    next(w), next(w)  # scale 1 and shift 0, as PyTorch's own
    return nn.Sequential(layer, nn.BatchNorm2d(layer.out_channels))


def layer_norm(w: Iterator[np.ndarray]) -> nn.LayerNorm:
    next(w)
    return nn.LayerNorm(len(next(w)))


def mlp(task: Task, w: Iterator[np.ndarray]) -> nn.Sequential:
    layers = [layer for _ in task.sizes[1:] for layer in (dense(w), nn.ReLU())]
    return nn.Sequential(*layers[:-1])


def cnn(task: Task, w: Iterator[np.ndarray]) -> nn.Sequential:
    def ordered(weight: np.ndarray) -> np.ndarray:
        """The rows of the first dense layer, as PyTorch flattens: channels before positions."""
        return weight.reshape(5, 5, 16, -1).transpose(2, 0, 1, 3).reshape(400, -1)

    first, second = convolution(w, padding=2), convolution(w)
    wide = dense(iter([ordered(next(w)), next(w)]))
    stages = [first, nn.ReLU(), nn.MaxPool2d(2), second, nn.ReLU(), nn.MaxPool2d(2)]
    return nn.Sequential(*stages, nn.Flatten(), wide, nn.ReLU(), dense(w), nn.ReLU(), dense(w))


class ResNet(nn.Module):
    def __init__(self, task: Task, w: Iterator[np.ndarray]) -> None:
        super().__init__()
        self.stem = normalized(w, padding=1)
        self.blocks = nn.ModuleList()
        for number in range(len(task.widths)):
            stride = 2 if number else 1
            main = [*normalized(w, stride, 1), nn.ReLU(inplace=True), *normalized(w, 1, 1)]
            around = normalized(w, stride) if number else nn.Identity()
            self.blocks.append(nn.ModuleList([nn.Sequential(*main), around]))
        self.head = dense(w)

    def forward(self, x: Tensor) -> Tensor:
        x = F.relu(self.stem(x), inplace=True)
        for main, around in self.blocks:
            x = F.relu(main(x) + around(x), inplace=True)
        return self.head(x.mean((2, 3)))


class Recurrent(nn.Module):
    def __init__(self, task: Task, w: Iterator[np.ndarray]) -> None:
        super().__init__()
        kind = nn.LSTM if task.network == "lstm" else nn.GRU
        self.layer = kind(task.input[1], task.widths[0], batch_first=True)
        fill(self.layer.weight_ih_l0, next(w).T)
        fill(self.layer.weight_hh_l0, next(w).T)
        fill(self.layer.bias_ih_l0, next(w))
        own = np.zeros(self.layer.bias_hh_l0.shape, np.float32)
        if task.network == "gru":
            own[-task.widths[0] :] = next(w)
        fill(self.layer.bias_hh_l0, own)
        self.head = dense(w)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.layer(x)[0][:, -1])


class Transformer(nn.Module):
    def __init__(self, task: Task, w: Iterator[np.ndarray]) -> None:
        super().__init__()
        tokens, positions = next(w), next(w)
        self.tokens = nn.Embedding(*tokens.shape)
        fill(self.tokens.weight, tokens)
        self.positions = nn.Parameter(torch.from_numpy(positions))
        self.blocks = nn.Sequential(*(Block(w) for _ in task.widths))
        self.norm = layer_norm(w)
        self.head = dense(w)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.norm(self.blocks(self.tokens(x) + self.positions)))


class Block(nn.Module):
    """Query, key and value as one product."""

    def __init__(self, w: Iterator[np.ndarray]) -> None:
        super().__init__()
        self.before = layer_norm(w)
        three: Weights = [next(w) for _ in range(6)]
        self.three = dense(iter([np.concatenate(three[::2], 1), np.concatenate(three[1::2])]))
        self.out = dense(w)
        self.between = layer_norm(w)
        self.wide, self.narrow = dense(w), dense(w)

    def forward(self, x: Tensor) -> Tensor:
        batch, steps, width = x.shape
        three = self.three(self.before(x)).view(batch, steps, 3, HEADS, -1).permute(2, 0, 3, 1, 4)
        mixed = F.scaled_dot_product_attention(*three.unbind(0), is_causal=True)
        x = x + self.out(mixed.transpose(1, 2).reshape(batch, steps, width))
        return x + self.narrow(F.gelu(self.wide(self.between(x))))
