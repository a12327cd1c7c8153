"""Faults of the data: scales, labels, leaks, copies, rare classes, few rows."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import numpy as np
from benchmarks.doctor.data import Task
from benchmarks.doctor.plants.plant import Plant, Planted
from benchmarks.doctor.recipes import Recipe

import backlit as bl

SEED = 11


def times_255(recipe: Recipe) -> Planted:
    """Standardized inputs × 255, left as they are."""
    x = recipe.task.x
    scaled = 255 * (x - x.mean(0)) / (x.std(0) + 1e-6)
    return _left_alone(recipe, scaled)


def far_from_zero(recipe: Recipe) -> Planted:
    """Inputs of deviation 1 around 1,000."""
    x = recipe.task.x
    return _left_alone(recipe, 1000 + (x - x.mean(0)) / (x.std(0) + 1e-6))


def one_feature_large(recipe: Recipe) -> Planted | None:
    """A feature that says nothing, of deviation 10,000."""
    if recipe.task.x.ndim > 2:
        return None
    x = recipe.task.x
    noise = 1e4 * np.random.default_rng(SEED).normal(size=(len(x), 1))
    return _left_alone(recipe, np.hstack([(x - x.mean(0)) / (x.std(0) + 1e-6), noise]))


def shuffled_labels(recipe: Recipe) -> Planted:
    return _relabeled(recipe, 1.0)


def noisy_labels(recipe: Recipe) -> Planted:
    return _relabeled(recipe, 0.6)


def leaked_target(recipe: Recipe, noise: float = 0.0) -> Planted:
    """The target among the features: a column, a corner of the image, a feature of the last step."""
    x, y, random = recipe.task.x, recipe.task.y, np.random.default_rng(SEED)
    told = y.astype(np.float32) + (noise * y.std() * random.normal(size=len(y))).astype(np.float32)
    if x.ndim == 4:
        x = x.copy()
        x[:, 0, 0, 0] = told
        place: tuple = (slice(None), 0, 0, 0)
    elif x.ndim == 3:
        x = np.concatenate([x, np.zeros((*x.shape[:2], 1), np.float32)], -1)
        x[:, -1, -1] = told
        place = (slice(None), -1, -1)
    else:
        x = np.hstack([x, told[:, None]])
        place = (slice(None), -1)

    def cleanse(rows: np.ndarray) -> np.ndarray:
        rows = rows.copy()
        rows[place] = np.random.default_rng(SEED).permutation(rows[place])
        return rows

    return Planted(replace(recipe.with_task(recipe.task.with_rows(x, y)), cleanse=cleanse))


def copied_rows(recipe: Recipe, change: float = 0.0) -> Planted:
    """A fifth of the rows to train on, and nine in ten of the rows that judge are rows of these."""
    x, y = recipe.task.x, recipe.task.y
    random = np.random.default_rng(SEED)
    train, validation, test = np.split(random.permutation(len(x)), [int(0.2 * len(x)), int(0.6 * len(x))])
    fresh = np.concatenate([validation, test])
    small = replace(
        recipe.with_task(recipe.task.with_rows(x[train], y[train])).with_arguments(epochs=100),
        validation=(x[validation], y[validation]),
        test=(x[test], y[test]),
    )
    parts = []
    for own in (validation, test):
        chosen = np.where(random.random(len(own)) < 0.9, random.choice(train, len(own)), own)
        moved = x[chosen] + change * x.std(0) * random.normal(size=x[chosen].shape)
        parts.append((moved.astype(np.float32), y[chosen]))
    return Planted(replace(small, validation=parts[0], test=parts[1], fresh=(x[fresh], y[fresh])), twin=small)


def rare_class(recipe: Recipe, share: float = 0.01) -> Planted | None:
    """One class in a hundred rows, against the rest; the honest score is that of rows half and half."""
    if not recipe.task.classes:
        return None
    x, y = recipe.task.x, (recipe.task.y == recipe.task.classes - 1).astype(int)
    random = np.random.default_rng(SEED)
    rare, common = (random.permutation(np.flatnonzero(y == k)) for k in (1, 0))
    held = min(len(rare), len(common)) // 3
    fresh = np.concatenate([rare[:held], common[:held]])
    rest = common[held:]
    few = rare[held : held + max(4, int(share * len(rest)))]
    half = min(len(rare) - held, len(rest))
    blocks = {len(recipe.blocks) - 1: bl.Dense(2, initializer="Glorot")}

    def of(rows: np.ndarray) -> Recipe:
        task = Task(recipe.task.name, x[rows], y[rows], 2)
        return replace(recipe.with_task(task).with_blocks(blocks), fresh=(x[fresh], y[fresh]))

    balanced = np.concatenate([rare[held : held + half], rest[:half]])
    return Planted(of(np.concatenate([rest, few])), twin=of(balanced))


def few_rows(recipe: Recipe, count: int = 50) -> Planted:
    """Fifty rows, and epochs enough to learn them by heart."""
    x, y = recipe.task.x, recipe.task.y
    random = np.random.default_rng(SEED)
    order = random.permutation(len(x))
    train, validation, test = order[:count], order[-400:-200], order[-200:]
    if recipe.task.classes:
        firsts = [np.flatnonzero(y[order[:-400]] == k)[:2] for k in range(recipe.task.classes)]
        train = np.unique(np.concatenate([train, *(order[first] for first in firsts)]))
    task = recipe.task.with_rows(x[train], y[train])
    longer = recipe.with_task(task).with_arguments(epochs=200)
    return Planted(replace(longer, validation=(x[validation], y[validation]), test=(x[test], y[test])))


def _left_alone(recipe: Recipe, x: np.ndarray) -> Planted:
    task = recipe.task.with_rows(x.astype(np.float32), recipe.task.y)
    return Planted(recipe.with_task(task).with_arguments(standardize=False))


def _relabeled(recipe: Recipe, share: float) -> Planted:
    """A share of the targets is dealt out anew, in all parts."""
    y, random = recipe.task.y.copy(), np.random.default_rng(SEED)
    chosen = np.flatnonzero(random.random(len(y)) < share)
    y[chosen] = y[random.permutation(chosen)]
    return Planted(recipe.with_task(recipe.task.with_rows(recipe.task.x, y)))


FEW: tuple[str, ...] = ("too few rows",)
Form = Callable[[Recipe], Planted | None]
NOISY_LEAK: Form = partial(leaked_target, noise=0.03)
NEAR_COPIES: Form = partial(copied_rows, change=0.01)

PLANTS = (
    Plant("unnormalized inputs", "× 255", times_255, repairable=True),
    Plant("unnormalized inputs", "around 1,000", far_from_zero, repairable=True),
    Plant("unnormalized inputs", "one of deviation 10,000", one_feature_large, repairable=True),
    Plant("shuffled / noisy labels", "all permuted", shuffled_labels),
    Plant("shuffled / noisy labels", "60 % permuted", noisy_labels),
    Plant("label leakage", "the target as a feature", leaked_target, True, flatters=True),
    Plant("label leakage", "the target and 3 % noise as a feature", NOISY_LEAK, True, flatters=True),
    Plant("train/test contamination", "9 in 10 rows that judge are copies", copied_rows, flatters=True),
    Plant("train/test contamination", "9 in 10 are copies and 1 % noise", NEAR_COPIES, flatters=True),
    Plant("class collapse / imbalance", "99 : 1", rare_class, repairable=True),
    Plant("overfitting", "50 rows", few_rows, also=FEW),
)
