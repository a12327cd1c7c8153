"""Small data sets without a download: scikit-learn's, and tables, images and sequences made by a formula.

Each has 1,000 rows at most, so that a run costs about a second. Targets that are numbers have mean 0 and deviation 1.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import numpy as np

Random = np.random.Generator
ROWS = 1_000


@dataclass(frozen=True, eq=False)
class Task:
    """Inputs (N, ...), or a frame, and targets (N,): class numbers, or floats, (N, K) too, where `classes` is 0."""

    name: str
    x: np.ndarray
    y: np.ndarray
    classes: int

    @property
    def units(self) -> int:
        return self.classes or int(np.prod(self.y.shape[1:]))

    @property
    def words(self) -> str:
        return {0: "regression", 2: "two classes"}.get(self.classes, "many classes")

    def with_rows(self, x: np.ndarray, y: np.ndarray) -> "Task":
        return replace(self, x=x, y=y)


@cache
def task_named(name: str) -> Task:
    """The data set of this name, its rows shuffled."""
    x, y, classes = SETS[name](np.random.default_rng(7))
    order = np.random.default_rng(8).permutation(len(x))[:ROWS]
    x, y = x[order].astype(np.float32), y[order]
    if not classes:
        y = ((y - y.mean()) / y.std()).astype(np.float32)
    return Task(name, x, y, classes)


def digits(random: Random) -> Any:
    from sklearn.datasets import load_digits

    found = load_digits()
    return found.data, found.target, 10


def digit_images(random: Random) -> Any:
    x, y, classes = digits(random)
    return x.reshape(-1, 8, 8, 1) / 16, y, classes


def digit_rows(random: Random) -> Any:
    """Each row of pixels is a step of 8 features."""
    x, y, classes = digits(random)
    return x.reshape(-1, 8, 8), y, classes


def cancer(random: Random) -> Any:
    from sklearn.datasets import load_breast_cancer

    found = load_breast_cancer()
    return found.data, found.target, 2


def wine(random: Random) -> Any:
    from sklearn.datasets import load_wine

    found = load_wine()
    return found.data, found.target, 3


def diabetes(random: Random) -> Any:
    from sklearn.datasets import load_diabetes

    found = load_diabetes()
    return found.data, found.target, 0


def friedman(random: Random) -> Any:
    from sklearn.datasets import make_friedman1

    x, y = make_friedman1(ROWS, n_features=10, noise=1.0, random_state=3)
    return x, y, 0


def spirals(random: Random) -> Any:
    """Two arms of one and a quarter turns."""
    y = np.arange(ROWS) % 2
    radius = random.uniform(0.1, 1, ROWS)
    angle = 2.5 * np.pi * radius + np.pi * y
    x = radius[:, None] * np.stack([np.cos(angle), np.sin(angle)], 1)
    return x + random.normal(0, 0.03, x.shape), y, 2


def moons(random: Random) -> Any:
    from sklearn.datasets import make_moons

    return *make_moons(800, noise=0.25, random_state=3), 2


def circles(random: Random) -> Any:
    from sklearn.datasets import make_circles

    return *make_circles(800, noise=0.1, factor=0.5, random_state=3), 2


def stripes(random: Random) -> Any:
    """Waves across an image of 10×10 in one of four directions, of any phase, in noise."""
    y = random.integers(4, size=ROWS)
    place = np.arange(10)
    angle, phase = (y * np.pi / 4)[:, None, None], random.uniform(0, 2 * np.pi, ROWS)[:, None, None]
    across = place[:, None] * np.cos(angle) + place * np.sin(angle)
    waves = np.sin(2 * np.pi * across / 4 + phase)
    return (waves + random.normal(0, 0.8, waves.shape))[..., None], y, 4


def rings(random: Random) -> Any:
    """How large a ring is, somewhere in an image of 10×10."""
    place = np.arange(10)
    center = random.uniform(3, 6, (2, ROWS, 1, 1))
    radius = random.uniform(1, 4, ROWS)
    away = np.hypot(place[:, None] - center[0], place - center[1])
    rings = np.exp(-np.square(away - radius[:, None, None]))
    return (rings + random.normal(0, 0.2, rings.shape))[..., None], radius, 0


def waves(random: Random) -> Any:
    """A sine, a square or a triangle of any phase and frequency, in noise, over 24 steps."""
    y = random.integers(3, size=ROWS)
    t = np.arange(24) * random.uniform(0.08, 0.14, (ROWS, 1)) + random.uniform(0, 1, (ROWS, 1))
    sine = np.sin(2 * np.pi * t)
    kinds = np.stack([sine, np.sign(sine), 4 * np.abs((t - 0.25) % 1 - 0.5) - 1])
    shapes = kinds[y, np.arange(ROWS)] * random.uniform(0.8, 1.2, (ROWS, 1))
    return (shapes + random.normal(0, 0.1, shapes.shape))[..., None], y, 3


def marked_sums(random: Random) -> Any:
    """The sum of the two numbers that are marked, among 16 steps: the adding problem."""
    values = random.uniform(-1, 1, (ROWS, 16))
    marks = np.zeros_like(values)
    for first, last in ((0, 8), (8, 16)):
        marks[np.arange(ROWS), random.integers(first, last, ROWS)] = 1
    return np.stack([values, marks], -1), (values * marks).sum(1), 0


def checkers(random: Random) -> Any:
    """Black and white of a board of 3×3 fields, and two features that say nothing."""
    x = random.uniform(0, 3, (ROWS, 4))
    return x, x[:, :2].astype(int).sum(1) % 2, 2


def spots(random: Random) -> Any:
    """How many spots an image of 12×12 has, one to four, of any size and place."""
    y = random.integers(4, size=ROWS)
    quarter = np.array([[3, 3], [3, 9], [9, 3], [9, 9]])
    place, shown = np.arange(12), random.random((ROWS, 4)).argsort(1) <= y[:, None]
    center = quarter + random.uniform(-1, 1, (ROWS, 4, 2))
    across = np.square(place[:, None] - center[..., None, None, 0]) + np.square(place - center[..., None, None, 1])
    spots = np.exp(-across / random.uniform(0.7, 2, (ROWS, 4, 1, 1))) * shown[..., None, None]
    return (spots.sum(1) + random.normal(0, 0.1, (ROWS, 12, 12)))[..., None], y, 4


def orders(random: Random) -> Any:
    """Which of two features has its pulse first, in noise, over 20 steps."""
    y = np.arange(ROWS) % 2
    times = np.sort(random.random((ROWS, 20)).argsort(1)[:, :2], 1)
    x = random.normal(0, 0.15, (ROWS, 20, 2))
    x[np.arange(ROWS), times[:, 0], y] += 1
    x[np.arange(ROWS), times[:, 1], 1 - y] += 1
    return x, y, 2


SETS: dict[str, Callable[[Random], Any]] = {
    "digits": digits,
    "cancer": cancer,
    "wine": wine,
    "diabetes": diabetes,
    "friedman": friedman,
    "spirals": spirals,
    "moons": moons,
    "circles": circles,
    "digit-images": digit_images,
    "stripes": stripes,
    "rings": rings,
    "digit-rows": digit_rows,
    "waves": waves,
    "sums": marked_sums,
    "checkers": checkers,
    "spots": spots,
    "orders": orders,
}
