"""All plants, by fault; and pairs of faults that have nothing to do with each other."""

from dataclasses import replace

from benchmarks.doctor.plants import answers, rows, signals, steps
from benchmarks.doctor.plants.plant import Plant, Planted
from benchmarks.doctor.recipes import Recipe

PLANTS: tuple[Plant, ...] = (*signals.PLANTS, *steps.PLANTS, *answers.PLANTS, *rows.PLANTS)
FAULTS = tuple(dict.fromkeys(plant.fault for plant in PLANTS))


def forms_of(fault: str) -> list[Plant]:
    return [plant for plant in PLANTS if plant.fault == fault]


def both(recipe: Recipe, first: Plant, second: Plant) -> Planted | None:
    """Two faults in one run."""
    one = first.make(recipe)
    two = second.make(one.recipe) if one is not None else None
    return None if one is None or two is None else replace(two, places=(), twin=None)


def form(words: str) -> Plant:
    """The plant of this form."""
    return next(plant for plant in PLANTS if plant.form == words)


PAIRS: tuple[tuple[Plant, Plant], ...] = (
    (form("× 255"), form("bias −10 in one layer")),
    (form("60 % permuted"), form("Adam's rate × 100")),
    (form("the target as a feature"), form("Adam at 1e-7")),
    (form("two links at the end"), form("around 1,000")),
    (form("none between the layers"), form("Adam at 1e-7")),
    (form("L2 = 1"), form("60 % permuted")),
    (form("the loss is negated"), form("0.1 everywhere")),
    (form("stale batch statistics"), form("60 % permuted")),
    (form("stop_gradient before the head"), form("× 255")),
    (form("50 rows"), form("Adam's rate × 100")),
)
