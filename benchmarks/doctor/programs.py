"""Healthy programs: an architecture and a data set, as a recipe.

The halves of the benchmark are told apart by program: limits were corrected where half A showed them wrong. What
failed in half B has been looked at, too; the programs of C came after that, and are the ones that nobody had seen.
"""

from typing import Any

from benchmarks.doctor.data import task_named
from benchmarks.doctor.recipes import Recipe

import backlit as bl
from backlit.layers.block import Block

MLP = {
    "digits": ("Dense(48), ReLU, Dense(48), ReLU", {"epochs": 30}),
    "spirals": ("Dense(32), ReLU, Dense(32), ReLU", {"epochs": 60, "learning_rate": 0.01}),
    "cancer": ("Dense(24), Tanh, Dense(24), Tanh", {"epochs": 40}),
    "friedman": ("Dense(32), ReLU, Dense(32), ReLU", {"epochs": 40, "learning_rate": 0.003}),
    "checkers": ("Dense(48), GELU, Dense(48), GELU", {"epochs": 60, "learning_rate": 0.01}),
}
CNN = {
    "digit-images": ("Conv(8, 3), ReLU, MaxPool(2), Flatten, Dense(32), ReLU", {"epochs": 30, "learning_rate": 0.003}),
    "stripes": ("Conv(8, 3), ReLU, Conv(8, 3), ReLU, MeanPool(2), Flatten, Dense(32), ReLU", {"epochs": 30}),
    "rings": ("Conv(8, 3), ReLU, MaxPool(2), Flatten, Dense(32), ReLU", {"epochs": 40, "learning_rate": 0.002}),
    "spots": ("Conv(6, 3), Tanh, MeanPool(2), Conv(8, 3), Tanh, Flatten, Dense(24), Tanh", {"epochs": 30}),
}
RECURRENT = {
    "digit-rows": ("GRU(24), Dense(24), ReLU", {"epochs": 30, "learning_rate": 0.005}),
    "waves": ("RNN(24), Dense(24), Tanh", {"epochs": 40, "learning_rate": 0.003}),
    "sums": ("LSTM(24), Dense(24), ReLU", {"epochs": 60, "learning_rate": 0.01}),
    "orders": ("GRU(16), Dense(16), Tanh", {"epochs": 40, "learning_rate": 0.005}),
}
ATTENTION = "Dense(16), Position, EncoderBlock(2, multiple=2), GlobalMeanPool, Dense(24), ReLU"
TRANSFORMER = {
    "digit-rows": (ATTENTION, {"epochs": 30, "learning_rate": 0.005}),
    "sums": (ATTENTION, {"epochs": 40, "learning_rate": 0.005}),
}
ARCHITECTURES: dict[str, dict[str, tuple[str, dict[str, Any]]]] = {
    "mlp": MLP,
    "cnn": CNN,
    "recurrent": RECURRENT,
    "transformer": TRANSFORMER,
}
ONE_UNIT = ("spirals",)  # two classes on one output, so that both forms are met

UNSEEN = ("checkers-mlp", "spots-cnn", "orders-recurrent")  # the last, so that the others keep their forms
PROGRAMS = sorted((f"{data}-{kind}" for kind, sets in ARCHITECTURES.items() for data in sets), key=UNSEEN.__contains__)
CORE = [name for name in PROGRAMS if name not in ("cancer-mlp", "sums-recurrent", "digit-rows-transformer")]
QUICK_PROGRAMS = ["digits-mlp", "digit-images-cnn", "digit-rows-recurrent"]
HALVES = {
    f"{data}-{kind}": "AB"[(place + turn) % 2]
    for turn, (kind, sets) in enumerate(ARCHITECTURES.items())
    for place, data in enumerate(sets)
} | dict.fromkeys((*UNSEEN, "unusual"), "C")
"""The half of each program, and of the unusual healthy runs."""


def program_named(name: str) -> Recipe:
    """The healthy recipe of a program."""
    data, _, kind = name.rpartition("-")
    notation, arguments = ARCHITECTURES[kind][data]
    task = task_named(data)
    head = bl.Dense(1 if data in ONE_UNIT else task.units, initializer="Glorot")
    return Recipe(task, (*blocks(notation), head), arguments)


def blocks(notation: str) -> tuple[Block, ...]:
    """The blocks that a notation names."""
    return bl.network(notation).blocks
