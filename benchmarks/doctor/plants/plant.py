"""What a plant is, and what it makes."""

from collections.abc import Callable
from dataclasses import dataclass

from benchmarks.doctor.recipes import Recipe


@dataclass(frozen=True, eq=False)
class Planted:
    """A sick recipe.

    Attributes:
        recipe: it.
        places: the blocks in which the fault lies; none where it lies in no layer.
        twin: the healthy recipe beside it, where it is not the program's own.
    """

    recipe: Recipe
    places: tuple[int, ...] = ()
    twin: Recipe | None = None


@dataclass(frozen=True)
class Plant:
    """One form of a fault.

    Attributes:
        fault: its name, of `backlit.doctor.faults`.
        form: what was done, in words.
        make: the sick recipe of a healthy one; None where the fault does not fit the program.
        repairable: whether other arguments of `prepare` alone can bring the healthy score back.
        also: other names that are as right, because the plant truly has these faults too.
        flatters: whether it also hurts by reporting a better score than the honest one.
    """

    fault: str
    form: str
    make: Callable[[Recipe], Planted | None]
    repairable: bool = False
    also: tuple[str, ...] = ()
    flatters: bool = False
