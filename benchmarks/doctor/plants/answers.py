"""Faults of what is answered: losses, heads, numbers that are not finite, modes, leaks between rows."""

from collections.abc import Callable
from dataclasses import replace

from benchmarks.doctor import sick_losses
from benchmarks.doctor.plants.plant import Plant, Planted
from benchmarks.doctor.recipes import Recipe
from benchmarks.doctor.sick_blocks import (
    BatchCentered,
    BatchSoftmax,
    HalfNormalized,
    Log,
    RootNormalized,
    StaleBatchNorm,
    UnscaledDropout,
)

import backlit as bl
from backlit.layers.block import Block


def flipped_likelihood(recipe: Recipe) -> Planted:
    if not recipe.task.classes:
        return _with_loss(recipe, sick_losses.negated_squares)
    return _with_loss(recipe, sick_losses.negated_likelihood)


def flipped_score(recipe: Recipe) -> Planted:
    """The probability of the right answer is made small."""
    return _with_loss(recipe, sick_losses.accuracy_like if recipe.task.classes else sick_losses.correlation_like)


def clipped_log(recipe: Recipe) -> Planted | None:
    return _with_loss(recipe, sick_losses.clipped_log, linked=False) if recipe.task.classes > 2 else None


def raw_log(recipe: Recipe) -> Planted | None:
    return _with_loss(recipe, sick_losses.raw_log, linked=False) if recipe.task.classes > 2 else None


def double_softmax(recipe: Recipe) -> Planted | None:
    if not recipe.task.classes:
        return None
    link = _link(recipe)
    both: tuple[Block, ...] = (bl.Sigmoid(), bl.Sigmoid()) if link == "Sigmoid" else (bl.Softmax(), bl.Softmax())
    return _with_end(recipe, *both)


def ids_as_numbers(recipe: Recipe) -> Planted | None:
    """A regression on the classes' numbers."""
    if recipe.task.classes < 3:
        return None
    head = bl.Dense(1, initializer="Glorot")
    changed = recipe.with_blocks({len(recipe.blocks) - 1: head})
    return Planted(replace(changed, rounded=True))


def squares_of_ids(recipe: Recipe) -> Planted | None:
    """Every output is brought to the class's number."""
    return _with_loss(recipe, sick_losses.squares_of_ids, linked=False) if recipe.task.classes > 2 else None


def logistic_of_numbers(recipe: Recipe) -> Planted | None:
    return None if recipe.task.classes else _with_loss(recipe, sick_losses.logistic_of_numbers)


def sigmoid_of_numbers(recipe: Recipe) -> Planted | None:
    """A sigmoid head, and targets of mean 100."""
    if recipe.task.classes:
        return None
    far = recipe.task.with_rows(recipe.task.x, 100 + 10 * recipe.task.y)
    plain = recipe.with_task(far).with_arguments(standardize=True)
    return _with_end(plain, bl.Sigmoid(), bl.Linear())


def rectified_numbers(recipe: Recipe) -> Planted | None:
    """A head that is never below 0, and targets that are."""
    return None if recipe.task.classes else _with_end(recipe, bl.ReLU(), bl.Linear())


def narrow_logits(recipe: Recipe) -> Planted | None:
    """Scores of 0 and more: what speaks against a class cannot be said."""
    if not recipe.task.classes or _link(recipe) == "Sigmoid":
        return None
    return _with_end(recipe, bl.ReLU(), bl.Linear())


def log_of_zero(recipe: Recipe) -> Planted | None:
    """The logarithm of what a ReLU gives."""
    places = [place + 1 for place in recipe.after(bl.ReLU)]
    return _with_block_after(recipe, places[-1], Log()) if places else None


def root_of_zero(recipe: Recipe) -> Planted:
    return _with_block_after(recipe, len(recipe.blocks) - 2, RootNormalized())


def logs_by_hand(recipe: Recipe) -> Planted | None:
    """log(1 − p) where p reaches 1, with steps that make it sure."""
    if not recipe.task.classes:
        return None
    return _with_loss(recipe.with_arguments(learning_rate=0.01), sick_losses.by_hand)


def squares_in_half(recipe: Recipe) -> Planted:
    return _with_block_after(recipe, len(recipe.blocks) - 2, HalfNormalized())


def loss_in_half(recipe: Recipe) -> Planted:
    return _with_loss(recipe, sick_losses.tiny_half if recipe.task.classes else sick_losses.tiny_half_squares)


def exponents_in_half(recipe: Recipe) -> Planted | None:
    if recipe.task.classes < 3:
        return None
    return _with_loss(recipe, sick_losses.exponents_in_half)


def stale_statistics(recipe: Recipe) -> Planted:
    return _normalized(recipe, StaleBatchNorm())


def slow_statistics(recipe: Recipe) -> Planted:
    return _normalized(recipe, bl.BatchNorm(momentum=0.9999))


def unscaled_dropout(recipe: Recipe) -> Planted:
    return _with_block_after(recipe, recipe.places[-1] + 1, UnscaledDropout())


def batch_centered(recipe: Recipe) -> Planted:
    planted = _with_block_after(recipe, recipe.places[-1], BatchCentered())
    return replace(planted, recipe=replace(planted.recipe, alone=True))


def batch_softmax(recipe: Recipe) -> Planted:
    planted = _with_block_after(recipe, recipe.places[-1] + 1, BatchSoftmax())
    return replace(planted, recipe=replace(planted.recipe, alone=True))


def batch_likelihood(recipe: Recipe) -> Planted | None:
    return _with_loss(recipe, sick_losses.batch_likelihood) if recipe.task.classes > 2 else None


def _link(recipe: Recipe) -> str | None:
    if not recipe.task.classes:
        return None
    return "Sigmoid" if recipe.blocks[-1].units == 1 else "Softmax"  # type: ignore[attr-defined]


def _with_loss(recipe: Recipe, function: Callable, linked: bool = True) -> Planted:
    link = _link(recipe) if linked or _link(recipe) == "Sigmoid" else None
    return Planted(recipe.with_arguments(loss=bl.FunctionLoss(function, link=link)))


def _with_end(recipe: Recipe, *blocks: Block) -> Planted:
    last = len(recipe.blocks) - 1
    places = tuple(range(last, last + 1 + len(blocks)))
    return Planted(recipe.with_blocks({last: (recipe.blocks[last], *blocks)}), places)


def _normalized(recipe: Recipe, block: Block) -> Planted:
    """A normalization behind every hidden layer with weights; its blocks' places in the new network."""
    places = recipe.places
    deeper = recipe.with_blocks({place: (recipe.blocks[place], block) for place in places})
    return Planted(deeper, tuple(place + 1 + turn for turn, place in enumerate(places)))


def _with_block_after(recipe: Recipe, place: int, block: Block) -> Planted:
    return Planted(recipe.with_blocks({place: (recipe.blocks[place], block)}), (place + 1,))


PLANTS = (
    Plant("flipped loss sign", "the loss is negated", flipped_likelihood, repairable=True),
    Plant("flipped loss sign", "the right answer's probability as the loss", flipped_score, repairable=True),
    Plant("missing softmax", "−log of clipped outputs", clipped_log, repairable=True),
    Plant("missing softmax", "−log of outputs", raw_log, True, ("NaN / Inf",)),
    Plant("double softmax", "two links at the end", double_softmax, repairable=True),
    Plant("wrong loss for the target", "a regression on class numbers", ids_as_numbers, repairable=True),
    Plant("wrong loss for the target", "squares of outputs less class numbers", squares_of_ids, repairable=True),
    Plant(
        "wrong loss for the target", "logistic loss of numbers", logistic_of_numbers, True, ("output range mismatch",)
    ),
    Plant("output range mismatch", "a sigmoid head for 100 ± 10", sigmoid_of_numbers, repairable=True),
    Plant("output range mismatch", "a ReLU head for ± 1", rectified_numbers, True, ("dying ReLU",)),
    Plant("output range mismatch", "a ReLU head for scores", narrow_logits, True, ("dying ReLU",)),
    Plant("NaN / Inf", "log of a ReLU", log_of_zero),
    Plant("NaN / Inf", "root of 0", root_of_zero),
    Plant("NaN / Inf", "log(1 − p) by hand", logs_by_hand, repairable=True),
    Plant("precision overflow / underflow", "squares in float16", squares_in_half, also=("NaN / Inf",)),
    Plant("precision overflow / underflow", "a tiny loss in float16", loss_in_half, repairable=True),
    Plant("precision overflow / underflow", "exponentials in float16", exponents_in_half, True, ("NaN / Inf",)),
    Plant("train/evaluation mismatch", "stale batch statistics", stale_statistics),
    Plant("train/evaluation mismatch", "batch statistics of momentum 0.9999", slow_statistics, repairable=True),
    Plant("train/evaluation mismatch", "dropout without its factor", unscaled_dropout),
    Plant("axis / mask leak", "features centered over the batch", batch_centered),
    Plant("axis / mask leak", "softmax over the batch", batch_softmax),
    Plant(
        "axis / mask leak", "softmax over the batch in the loss", batch_likelihood, True, ("wrong loss for the target",)
    ),
)
