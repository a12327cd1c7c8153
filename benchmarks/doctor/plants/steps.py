"""Faults of the steps: rates, updates, penalties, sizes."""

from dataclasses import replace
from typing import Any

import jax
import optax
from benchmarks.doctor.plants.plant import Plant, Planted
from benchmarks.doctor.recipes import Recipe

import backlit as bl
from backlit.layers.block import Block
from backlit.layers.recurrence import Recurrence

USUAL = 1e-3  # Adam's rate


def rate_times(recipe: Recipe, factor: float) -> Planted:
    rate = recipe.arguments.get("learning_rate", USUAL)
    return Planted(recipe.with_arguments(learning_rate=rate * factor, schedule="constant"))


def rate_high(recipe: Recipe) -> Planted:
    return rate_times(recipe, 100)


def rate_very_high(recipe: Recipe) -> Planted:
    return rate_times(recipe, 3000)


def descent_high(recipe: Recipe) -> Planted:
    return Planted(recipe.with_arguments(optimizer="gradient_descent", learning_rate=10.0, schedule="constant"))


def rate_low(recipe: Recipe) -> Planted:
    return Planted(recipe.with_arguments(learning_rate=1e-7))


def rate_rather_low(recipe: Recipe) -> Planted:
    return rate_times(recipe, 0.003)


def descent_low(recipe: Recipe) -> Planted:
    return Planted(recipe.with_arguments(optimizer="gradient_descent", learning_rate=1e-5))


def edge_of_stability(recipe: Recipe) -> Planted:
    """Gradient descent on all rows with steps that cross the valley."""
    return Planted(
        recipe.with_arguments(optimizer="gradient_descent", learning_rate=5.0, batch_size="full", epochs=100)
    )


def heavy_swings(recipe: Recipe) -> Planted:
    """Momentum at a rate that swings from wall to wall."""
    heavy = optax.sgd(1.0, momentum=0.95)
    return Planted(replace(recipe, arguments={**_without_rate(recipe), "optimizer": heavy, "batch_size": 128}))


def nothing_updated(recipe: Recipe) -> Planted:
    planted = _updated(recipe, optax.chain(optax.adam(USUAL), optax.set_to_zero()))
    return replace(planted, places=(*recipe.places, len(recipe.blocks) - 1))


def head_alone_updated(recipe: Recipe) -> Planted:
    """All but the last layer's variables are masked."""

    def is_not_head(tree: Any) -> Any:
        names = [name for name in tree if tree[name]]
        return {name: jax.tree.map(lambda _, n=name: n != names[-1], held) for name, held in tree.items()}

    masked = optax.chain(optax.adam(0.005), optax.masked(optax.set_to_zero(), is_not_head))
    return _updated(recipe, masked)


def l2_of_10(recipe: Recipe) -> Planted:
    return Planted(recipe.with_arguments(l2=10.0))


def l2_of_1(recipe: Recipe) -> Planted:
    return Planted(recipe.with_arguments(l2=1.0))


def l1_of_1(recipe: Recipe) -> Planted:
    return Planted(recipe.with_arguments(l1=1.0))


def one_unit(recipe: Recipe) -> Planted:
    """Every hidden layer has one unit."""
    blocks: dict[int, Block] = {}
    for place in recipe.places:
        block = recipe.blocks[place]
        if isinstance(block, bl.Dense | Recurrence):
            blocks[place] = replace(block, units=2 if _before_attention(recipe, place) else 1)
        elif isinstance(block, bl.Conv):
            blocks[place] = replace(block, filters=1)
    return Planted(recipe.with_blocks(blocks), tuple(recipe.places))


def _before_attention(recipe: Recipe, place: int) -> bool:
    """Two heads need two features."""
    return any(isinstance(block, bl.EncoderBlock) for block in recipe.blocks[place:])


def _without_rate(recipe: Recipe) -> dict[str, Any]:
    return {name: value for name, value in recipe.arguments.items() if name not in ("learning_rate", "schedule")}


def _updated(recipe: Recipe, rule: optax.GradientTransformation) -> Planted:
    return Planted(replace(recipe, arguments={**_without_rate(recipe), "optimizer": rule}), tuple(recipe.places))


PLANTS = (
    Plant("learning rate too high", "Adam's rate × 100", rate_high, True, ("oscillating loss",)),
    Plant("learning rate too high", "gradient descent at 10", descent_high, True, ("oscillating loss",)),
    Plant("learning rate too high", "Adam's rate × 3000", rate_very_high, True, ("oscillating loss",)),
    Plant("learning rate too low", "Adam at 1e-7", rate_low, repairable=True),
    Plant("learning rate too low", "gradient descent at 1e-5", descent_low, repairable=True),
    Plant("learning rate too low", "Adam's rate × 0.003", rate_rather_low, repairable=True),
    Plant("oscillating loss", "full-batch descent at 5", edge_of_stability, True, ("learning rate too high",)),
    Plant("oscillating loss", "momentum 0.95 at 1", heavy_swings, True, ("learning rate too high",)),
    Plant("update not applied", "all updates are zero", nothing_updated, repairable=True),
    Plant("update not applied", "all but the head's are zero", head_alone_updated, repairable=True),
    Plant("over-regularization", "L2 = 10", l2_of_10, repairable=True),
    Plant("over-regularization", "L2 = 1", l2_of_1, repairable=True),
    Plant("over-regularization", "L1 = 1", l1_of_1, repairable=True),
    Plant("underfitting (capacity)", "one unit a layer", one_unit, repairable=True),
)
