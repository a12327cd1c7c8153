"""The layers that PyTorch has, each with the same layer in PyTorch, as a function of Backlit's parameters."""

from equal_sequences import SEQUENCES
from equal_windows import WINDOWS
from peer import Peer, layer
from torch.nn import functional as F

import backlit as bl

ACTIVATIONS = [
    layer(bl.Sigmoid(), (5, 4), lambda p, x: F.sigmoid(x)),
    layer(bl.Tanh(), (5, 4), lambda p, x: F.tanh(x)),
    layer(bl.ReLU(), (5, 4), lambda p, x: F.relu(x)),
    layer(bl.LeakyReLU(0.2), (5, 4), lambda p, x: F.leaky_relu(x, 0.2)),
    layer(bl.GeneralizedReLU(-1.0), (5, 4), lambda p, x: F.leaky_relu(x, -1.0)),
    layer(bl.PReLU(), (5, 4), lambda p, x: F.prelu(x.movedim(-1, 1), p["slope"]).movedim(1, -1)),
    layer(bl.PReLU(shared=True), (5, 4), lambda p, x: F.prelu(x, p["slope"])),
    layer(bl.ELU(0.5), (5, 4), lambda p, x: F.elu(x, 0.5)),
    layer(bl.GELU(), (5, 4), lambda p, x: F.gelu(x)),
    layer(bl.Softplus(), (5, 4), lambda p, x: F.softplus(x)),
    layer(bl.Swish(), (5, 4), lambda p, x: F.silu(x)),
    layer(bl.Softmax(), (5, 4), lambda p, x: F.softmax(x, -1)),
]
DENSE = [
    layer(bl.Dense(6), (4,), lambda p, x: F.linear(x, p["weight"].T, p["bias"])),
    layer(bl.Dense(6, bias=False), (5, 4), lambda p, x: F.linear(x, p["weight"].T)),
]
NORMALIZATIONS = [
    layer(
        bl.BatchNorm(),
        input,
        lambda p, x: F.batch_norm(x.movedim(-1, 1), None, None, p["scale"], p["shift"], True).movedim(1, -1),
        bl.Context(training=True),
    )
    for input in ((4,), (5, 6, 4))
] + [
    layer(bl.LayerNorm(), (5, 4), lambda p, x: F.layer_norm(x, (4,), p["scale"], p["shift"])),
    layer(bl.RMSNorm(), (5, 4), lambda p, x: F.rms_norm(x, (4,), p["scale"], 1e-6)),
    layer(
        bl.GroupNorm(2),
        (5, 6, 4),
        lambda p, x: F.group_norm(x.movedim(-1, 1), 2, p["scale"], p["shift"]).movedim(1, -1),
    ),
]
LAYERS: list[Peer] = [*DENSE, *ACTIVATIONS, *NORMALIZATIONS, *WINDOWS, *SEQUENCES]
