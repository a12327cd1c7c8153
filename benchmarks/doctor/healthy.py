"""Healthy runs: networks, activations, update rules, rates, batches and data drawn at random, all within reason.

What is drawn together is known to work: each update rule has rates that suit it, deep networks have normalization or a
modest depth, and each data set has epochs that suffice. Hard tasks (noise, little signal, rare classes) are among them.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
from benchmarks.doctor.data import Task, task_named
from benchmarks.doctor.programs import blocks
from benchmarks.doctor.recipes import Recipe
from benchmarks.doctor.unusual import unusual_numbered

import backlit as bl

COUNT = 216
EVERY = 9  # of so many one is an unusual one
RULES: tuple[tuple[str, tuple[float, ...]], ...] = (
    ("adam", (1e-3, 2e-3, 5e-3)),
    ("adamw", (1e-3, 3e-3)),
    ("rmsprop", (5e-4, 1e-3)),
    ("momentum", (0.02, 0.05)),
    ("nesterov", (0.02, 0.05)),
    ("gradient_descent", (0.05, 0.1)),
)
SEQUENCE_RULES: tuple[tuple[str, tuple[float, ...]], ...] = (
    ("adam", (3e-3, 5e-3)),
    ("adamw", (3e-3, 5e-3)),
    ("rmsprop", (2e-3, 3e-3)),
)
BENDS = ("ReLU", "Tanh", "LeakyReLU", "GELU", "Swish", "ELU", "Sigmoid")
TABLES = ("digits", "cancer", "wine", "diabetes", "friedman", "moons", "circles")
IMAGES = ("digit-images", "stripes", "rings")
SEQUENCES = ("digit-rows", "waves", "sums")
KINDS = ("table", "table", "image", "sequence")
NAMES = {"table": TABLES, "image": IMAGES, "sequence": SEQUENCES}
HARD = ("none", "none", "none", "noise", "rare", "faint")
Random = np.random.Generator


def healthy_numbered(number: int) -> Recipe:
    """The recipe of a healthy run."""
    if number % EVERY == EVERY - 1:
        return unusual_numbered(number // EVERY)
    random = np.random.default_rng(1000 + number)
    kind = KINDS[number % len(KINDS)]
    task = harder(task_named(str(random.choice(NAMES[kind]))), str(random.choice(HARD)), random)
    notation, arguments = DRAWN[kind](random)
    head = bl.Dense(task.units, initializer="Glorot")
    rules = SEQUENCE_RULES if kind == "sequence" else RULES
    rule, rates = rules[random.integers(len(rules))]
    epochs = int(random.choice((40, 60))) * (2 if len(task.x) < 500 else 1)
    arguments |= {"optimizer": rule, "learning_rate": float(random.choice(rates)), "epochs": epochs}
    arguments["batch_size"] = int(random.choice((16, 32, 64)))
    arguments["schedule"] = str(random.choice(("constant", "cosine")))
    return Recipe(task, (*blocks(notation), head), arguments)


def program_of(number: int) -> str:
    """The kind and the data of a healthy run, by which it belongs to a half; or that it is unusual."""
    if number % EVERY == EVERY - 1:
        return "unusual"
    kind = KINDS[number % len(KINDS)]
    return f"{np.random.default_rng(1000 + number).choice(NAMES[kind])}-{kind}"


def harder(task: Task, how: str, random: Random) -> Task:
    """The task with a fifth of its labels wrong, one class in five, or inputs in noise."""
    x, y = task.x, task.y
    if how == "noise" and task.classes:
        wrong = random.random(len(y)) < 0.15
        y = np.where(wrong, random.integers(task.classes, size=len(y)), y)
    elif how == "noise":
        y = (y + 0.7 * random.normal(size=len(y))).astype(np.float32)
    elif how == "faint":
        x = (x + 0.5 * x.std(0) * random.normal(size=x.shape)).astype(np.float32)
    elif how == "rare" and task.classes:
        y = (y == task.classes - 1).astype(int)
        rare, common = np.flatnonzero(y == 1), np.flatnonzero(y == 0)
        rows = np.concatenate([common, rare[: len(common) // 4]])
        return replace(task, x=x[rows], y=y[rows], classes=2)
    return replace(task, x=x, y=y)


def table_network(random: Random) -> tuple[str, dict[str, Any]]:
    depth, width, bend = random.integers(1, 5), random.choice((16, 32, 64, 128)), str(random.choice(BENDS))
    if bend == "Sigmoid":
        depth = min(depth, 2)
    normal = str(random.choice(("", "", "BatchNorm, ", "LayerNorm, ")))
    dropped = ", Dropout(0.2)" if width >= 64 and random.random() < 0.3 else ""
    return ", ".join([f"Dense({width}), {normal}{bend}{dropped}"] * depth), regularized(random)


def image_network(random: Random) -> tuple[str, dict[str, Any]]:
    filters, bend = random.choice((6, 8, 12)), str(random.choice(BENDS[:5]))
    normal = str(random.choice(("", "BatchNorm, ")))
    first = f"Conv({filters}, 3), {normal}{bend}"
    second = f", Conv({filters}, 3, padding='same'), {normal}{bend}" if random.random() < 0.5 else ""
    pool = str(random.choice(("MaxPool(2), Flatten", "MeanPool(2), Flatten")))
    return f"{first}{second}, {pool}, Dense(32), {bend}", regularized(random)


def sequence_network(random: Random) -> tuple[str, dict[str, Any]]:
    kind = str(random.choice(("GRU", "LSTM", "RNN", "attention")))
    if kind == "attention":
        return "Dense(16), Position, EncoderBlock(2, multiple=2), GlobalMeanPool, Dense(24), ReLU", {}
    width = random.choice((16, 24, 32))
    return f"{kind}({width}), Dense(24), {random.choice(BENDS[:3])}", {"clip": 1.0}


def regularized(random: Random) -> dict[str, Any]:
    """Mostly nothing, sometimes a mild penalty."""
    return {"l2": 1e-4} if random.random() < 0.3 else {}


DRAWN: dict[str, Callable[[Random], tuple[str, dict[str, Any]]]] = {
    "table": table_network,
    "image": image_network,
    "sequence": sequence_network,
}
