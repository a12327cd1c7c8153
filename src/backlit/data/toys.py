"""Toy sets, made by a formula: two inputs and two classes, or one input and a number.

A name may carry settings: `spirals(n=500, noise=0.1, seed=3)`. It is parsed, never evaluated.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from backlit.calls import read_call
from backlit.data.content import Content
from backlit.errors import SettingError, nearest

MOST = 1_000_000
NOISIEST = 1_000_000
SETTINGS = ("n", "noise", "seed")
Generator = np.random.Generator
Maker = Callable[[int, float, Generator], tuple[np.ndarray, np.ndarray]]


@dataclass(frozen=True)
class Toy:
    """A formula for inputs and targets, with its usual noise and one line about it."""

    make: Maker
    noise: float
    about: str


def circles(n: int, noise: float, random: Generator) -> tuple[np.ndarray, np.ndarray]:
    """A circle of radius 0.5 within one of radius 1, with noise on the plane."""
    classes = np.arange(n) % 2
    angle = random.uniform(0, 2 * np.pi, n)
    radius = np.where(classes == 1, 0.5, 1.0)
    points = radius[:, None] * np.stack([np.cos(angle), np.sin(angle)], 1)
    return points + random.normal(0, noise, points.shape), classes


def moons(n: int, noise: float, random: Generator) -> tuple[np.ndarray, np.ndarray]:
    """Two half circles, each reaching into the other, with noise on the plane."""
    classes = np.arange(n) % 2
    angle = random.uniform(0, np.pi, n)
    upper = np.stack([np.cos(angle), np.sin(angle)], 1)
    points = np.where(classes[:, None] == 0, upper, np.array([1.0, 0.5]) - upper)
    return points + random.normal(0, noise, points.shape), classes


def spirals(n: int, noise: float, random: Generator) -> tuple[np.ndarray, np.ndarray]:
    """Two arms of one and a quarter turns, half a turn apart: radius r, angle 2.5πr, noise on the plane."""
    classes = np.arange(n) % 2
    radius = random.uniform(0.1, 1, n)
    angle = 2.5 * np.pi * radius + np.pi * classes
    points = radius[:, None] * np.stack([np.cos(angle), np.sin(angle)], 1)
    return points + random.normal(0, noise, points.shape), classes


def truth_table(rule: Callable[[np.ndarray, np.ndarray], np.ndarray]) -> Maker:
    """The four points of a truth table, repeated."""

    def make(n: int, noise: float, random: Generator) -> tuple[np.ndarray, np.ndarray]:
        points = np.stack([np.arange(n) // 2 % 2, np.arange(n) % 2], 1)
        classes = rule(points[:, 0], points[:, 1])
        return points + random.normal(0, noise, points.shape), classes

    return make


def line(n: int, noise: float, random: Generator) -> tuple[np.ndarray, np.ndarray]:
    """y = 2x + 1 for x in [−1, 1], with noise on y."""
    x = random.uniform(-1, 1, (n, 1))
    return x, 2 * x[:, 0] + 1 + random.normal(0, noise, n)


def sine(n: int, noise: float, random: Generator) -> tuple[np.ndarray, np.ndarray]:
    """y = sin πx for x in [−1, 1], with noise on y."""
    x = random.uniform(-1, 1, (n, 1))
    return x, np.sin(np.pi * x[:, 0]) + random.normal(0, noise, n)


TOYS = {
    "and": Toy(truth_table(np.bitwise_and), 0.0, "the truth table of AND, repeated"),
    "circles": Toy(circles, 0.05, "a circle within a circle: two classes"),
    "line": Toy(line, 0.1, "y = 2x + 1 and noise: regression"),
    "moons": Toy(moons, 0.1, "two half moons, each reaching into the other: two classes"),
    "or": Toy(truth_table(np.bitwise_or), 0.0, "the truth table of OR, repeated"),
    "sine": Toy(sine, 0.1, "y = sin πx and noise: regression"),
    "spirals": Toy(spirals, 0.03, "two spiral arms: two classes"),
    "xor": Toy(truth_table(np.bitwise_xor), 0.0, "the truth table of exclusive or, repeated"),
}


def read_toy(text: str) -> Content:
    """A toy set by name, with its settings if any.

    Args:
        text: `name` or `name(n=..., noise=..., seed=...)`: n rows from 4 to 1,000,000, default 1000; the noise's
            standard deviation from 0 to 1,000,000; the seed of the points ≥ 0, default 0.

    Raises:
        NotationError: the text cannot be read.
        SettingError: a setting is unknown or out of range.

    >>> read_toy("xor(n=4)").targets.tolist()
    [0, 1, 1, 0]
    """
    name, chosen = read_call(text)
    toy = TOYS[name]
    for word in chosen:
        if word not in SETTINGS:
            raise SettingError(f"{text}: no setting {word!r}; {nearest(word, SETTINGS)}")
    n, noise, seed = chosen.get("n", 1000), chosen.get("noise", toy.noise), chosen.get("seed", 0)
    if not (type(n) is int and 4 <= n <= MOST):
        raise SettingError(f"{text}: n = {n}, but a whole number from 4 to {MOST:,} is needed")
    if not 0 <= noise <= NOISIEST:
        raise SettingError(f"{text}: noise = {noise}, but a standard deviation from 0 to {NOISIEST:,} is needed")
    if not (type(seed) is int and seed >= 0):
        raise SettingError(f"{text}: seed = {seed}, but a whole number ≥ 0 is needed")
    x, y = toy.make(n, noise, np.random.Generator(np.random.PCG64(seed)))
    return Content(name, x.astype(np.float32), y.astype(np.float32 if y.dtype.kind == "f" else np.int32))
