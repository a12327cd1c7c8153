"""What the settings of a run make of its penalties and bounds: which variables each falls on."""

from dataclasses import replace
from typing import Any, TypeAlias

from backlit.errors import SettingError, nearest
from backlit.functions.penalties import Penalty
from backlit.layers.plan import Plan
from backlit.training.objective import Objective
from backlit.training.settings import Settings

Path: TypeAlias = tuple[str, ...]
Axes: TypeAlias = tuple[int, ...]


def penalized_of(plan: Plan, biases: bool = False) -> tuple[Path, ...]:
    """The paths of the variables that penalties fall on: weights, biases where asked for, never scales and shifts."""
    return tuple(path for path, variable in plan.variables() if variable.weight or (biases and path[-1] == "bias"))


def penalties_of(plan: Plan, settings: Settings) -> list[tuple[Penalty, tuple[Path, ...]]]:
    """The penalty of the whole network, then those of single layers, which take its place there; of two of which one
    is inside the other, the inner one's.

    Raises:
        SettingError: a layer that the network does not have, or one without weights.
    """
    whole = Penalty(l1=settings.l1, l2=0.0 if settings.l2 is None else settings.l2)
    every = free = penalized_of(plan, settings.penalize_biases)
    single = []
    for layer, strengths in sorted((settings.penalties or {}).items(), key=lambda item: -item[0].count("/")):
        way = tuple(layer.split("/"))
        own = tuple(path for path in every if path[: len(way)] == way)
        if not own:
            layers = {"/".join(path[:-1]) for path in penalized_of(plan)}
            raise SettingError(f"penalties: no layer {layer!r} has weights to penalize; {nearest(layer, layers)}")
        single.append((replace(whole, **strengths), tuple(path for path in own if path in free)))
        free = tuple(path for path in free if path not in own)
    return [(whole, free), *single]


def bounds_of(plan: Plan, settings: Settings) -> Any:
    """The bound on the norm of a unit's incoming weights, with the weights' paths and incoming axes; None: no bound."""
    if settings.max_norm is None:
        return None
    places = []
    for path, variable in plan.variables():
        if variable.weight:
            axes = tuple(range(len(variable.shape) - 1)) if variable.incoming is None else variable.incoming
            places.append((path, axes))
    return settings.max_norm, tuple(places)


def regularized(objective: Objective, plan: Plan, settings: Settings) -> Objective:
    """The objective with the penalties and the bound that the settings say."""
    (penalty, penalized), *single = penalties_of(plan, settings)
    bounded = bounds_of(plan, settings)
    return replace(objective, penalty=penalty, penalized=penalized, penalties=tuple(single), bounded=bounded)
