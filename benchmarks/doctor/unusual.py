"""Healthy runs that ask for more than a network and a table: losses of a user's own, weights, padding, several targets,
categories, tokens, reconstruction, no rows for validation."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import jax.numpy as jnp
import numpy as np
import polars as pl
from benchmarks.doctor.data import ROWS, Task, task_named
from benchmarks.doctor.programs import blocks
from benchmarks.doctor.recipes import Recipe
from benchmarks.doctor.sick_losses import likelihood

import backlit as bl
from backlit.shapes import Array

Random = np.random.Generator
RATES = (2e-3, 3e-3, 5e-3)
BENDS = ("ReLU", "Tanh", "GELU")


def unusual_numbered(number: int) -> Recipe:
    """The recipe of an unusual healthy run: each kind in turn, of random widths, activations and rates."""
    return UNUSUAL[number % len(UNUSUAL)](np.random.default_rng(2000 + number))


def poisson(z: Array, y: Array) -> Array:
    """A Poisson likelihood of counts, whose logarithm of the mean the network gives."""
    return jnp.exp(z) - y * z


def gamma(z: Array, y: Array) -> Array:
    """A gamma likelihood of amounts, with the same link."""
    return jnp.exp(-z) * y + z


def pinball(z: Array, y: Array) -> Array:
    """The loss of the median, half the absolute error."""
    return jnp.maximum(0.5 * (y - z), 0.5 * (z - y))


def focal(z: Array, y: Array) -> Array:
    """Cross-entropy in which sure answers weigh less."""
    cost = likelihood(z, y)
    return jnp.square(-jnp.expm1(-cost)) * cost


def counts(random: Random) -> Recipe:
    return _linked(random, lambda mean: random.poisson(mean), poisson)


def amounts(random: Random) -> Recipe:
    return _linked(random, lambda mean: random.gamma(4.0, mean / 4), gamma)


def medians(random: Random) -> Recipe:
    return _table(random, task_named("friedman"), loss=pinball)


def focused(random: Random) -> Recipe:
    return _table(random, task_named(str(random.choice(("digits", "cancer")))), loss=focal)


def balanced(random: Random) -> Recipe:
    """One row in seven is of the class that counts for as much as the other."""
    task = task_named("digits")
    y = (task.y == random.integers(10)).astype(int)
    rows = np.sort(np.concatenate([np.flatnonzero(y), np.flatnonzero(y == 0)[: 6 * y.sum()]]))
    return _table(random, replace(task, x=task.x[rows], y=y[rows], classes=2), class_weight="balanced")


def weighted(random: Random) -> Recipe:
    """Each row has a weight of its own."""
    recipe = _table(random, task_named("friedman"))
    return replace(recipe, reading={"weights": random.uniform(0.2, 3.0, ROWS)})


def padded(random: Random) -> Recipe:
    """Waves of 16 to 24 steps."""
    task = task_named("waves")
    ends = random.integers(16, 25, len(task.x))[:, None, None]
    x = np.where(np.arange(24)[:, None] < ends, task.x, np.nan).astype(np.float32)
    return _sequence(random, task.with_rows(x, task.y), "")


def tokens(random: Random) -> Recipe:
    """Which of three tokens is there most often, among twelve others."""
    x = random.integers(15, size=(ROWS, 16))
    counted = np.stack([(x == token).sum(1) for token in range(3)], 1)
    return _sequence(random, Task("tokens", x, counted.argmax(1), 3), "Embedding(15, 12), ")


def two_targets(random: Random) -> Recipe:
    task = task_named("friedman")
    other = np.sin(3 * task.x[:, 0]) + task.x[:, 1] + 0.1 * random.normal(size=len(task.x))
    return _table(random, task.with_rows(task.x, np.stack([task.y, other], 1).astype(np.float32)))


def categories(random: Random) -> Recipe:
    """A table of words and numbers."""
    town, kind = random.choice(["Bern", "Lyon", "Pisa", "Graz"], ROWS), random.choice(["old", "new"], ROWS)
    size, age = random.uniform(20, 200, ROWS), random.uniform(0, 90, ROWS)
    price = size * (1 + 0.5 * (town == "Bern") + 0.2 * (town == "Pisa")) - age * (kind == "new")
    table: Any = pl.DataFrame({"town": town, "kind": kind, "size": size, "age": age})
    return _table(random, Task("homes", table, (price + 10 * random.normal(size=ROWS)).astype(np.float32), 0))


def autoencoder(random: Random) -> Recipe:
    """Sixteen features that bend with four factors."""
    x = np.tanh(random.normal(size=(ROWS, 4)) @ random.normal(size=(4, 16))) + 0.1 * random.normal(size=(ROWS, 16))
    recipe = _table(random, Task("factors", x.astype(np.float32), x, 0))
    return replace(recipe, reading={"y": None, "task": None, "reconstruct": True})


def unvalidated(random: Random) -> Recipe:
    """No rows are held back for validation."""
    return _table(random, task_named(str(random.choice(("digits", "friedman")))), split=(0.8, 0.0, 0.2))


def _linked(random: Random, drawn: Callable[[np.ndarray], np.ndarray], loss: Callable[..., Array]) -> Recipe:
    """Targets, few or many, around a mean whose logarithm is smooth in normal inputs and is what the network gives."""
    x = random.normal(size=(ROWS, 5)).astype(np.float32)
    mean = np.exp(random.uniform(-0.5, 2.5) + np.sin(x[:, 0]) + 0.5 * x[:, 1])
    y = drawn(mean).astype(np.float32)
    recipe = _table(random, Task("rates", x, y, 0), loss=loss, standardize=False)
    return replace(recipe, link=np.exp)


def _table(random: Random, task: Task, **arguments: Any) -> Recipe:
    width, bend = random.choice((32, 64)), random.choice(BENDS)
    return _recipe(random, task, f"Dense({width}), {bend}, Dense({width}), {bend}", arguments)


def _sequence(random: Random, task: Task, before: str) -> Recipe:
    kind = random.choice(("GRU", "LSTM"))
    return _recipe(random, task, f"{before}{kind}(24), Dense(24), {random.choice(BENDS)}", {"clip": 1.0})


def _recipe(random: Random, task: Task, notation: str, arguments: dict[str, Any]) -> Recipe:
    head = bl.Dense(task.units, initializer="Glorot")
    drawn = {"epochs": 40, "learning_rate": float(random.choice(RATES)), "batch_size": int(random.choice((16, 32)))}
    return Recipe(task, (*blocks(notation), head), drawn | arguments)


UNUSUAL = (
    counts,
    amounts,
    medians,
    focused,
    balanced,
    weighted,
    padded,
    tokens,
    two_targets,
    categories,
    autoencoder,
    unvalidated,
)
