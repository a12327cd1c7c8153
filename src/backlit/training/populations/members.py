"""The members of a population: what one compiled program takes as their values, and what all of them share.

A program is rebuilt inside the compiled function from settings whose numbers are the member's own, so that a value
reaches the update rule, the penalties and the layers in the way in which it does in a lone run. What is equal in all
members stays a constant of the program (a number) or one array for all (rows of data, a random key).
"""

from __future__ import annotations

import copy
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import jax
import jax.numpy as jnp
import numpy as np

from backlit.functions.penalties import Penalty
from backlit.layers.block import Block
from backlit.layers.composition import Composition
from backlit.layers.noise import Noise
from backlit.layers.regularization import Dropout
from backlit.optimizers import needs_seed, takes_all_rows
from backlit.shapes import Array, Tree
from backlit.training.regularization import regularized
from backlit.training.settings import OWN, Settings
from backlit.training.updates import update_rule

if TYPE_CHECKING:
    from backlit.training.program import Program
    from backlit.training.run import Run

T = TypeVar("T")
NUMBERS = ("learning_rate", "l1", "l2", "clip", "max_norm", "average", "tolerance")  # of the settings
RATES = {Dropout: "rate", Noise: "deviation"}  # of layers
FREE = ("seed", "split_seed", "class_weight", "initial_scale", "bootstrap")  # of which arrays are made
Path = tuple[str, ...]


def share_program(a: Run, b: Run) -> bool:
    """Whether two runs differ in nothing but what one program takes as values; see `program_of`."""
    key = program_of(a)
    return key is not None and key == program_of(b)


def program_of(run: Run) -> Hashable:
    """What a run has in common with all that one program can train together; None: it is trained alone.

    Such runs have the same data, split in parts of the same sizes, and may differ in the learning rate, the strengths
    of penalties, the rates of Dropout and Noise, clip, max_norm, average, tolerance, the weights of rows, the scale of
    the first weights, and the seed. Update rules that compare the losses of their steps (searches, second order), and
    data that are streamed, are trained alone.
    """
    settings, parts = run.settings, run.parts
    own = settings.optimizer == OWN
    if settings.block_rows is not None or (not own and takes_all_rows(settings.optimizer)):
        return None
    numbers = {name: None if getattr(settings, name) is None else 0.0 for name in NUMBERS}
    if own:  # what stands around a transformation that was given is part of it
        numbers["clip"] = settings.clip
    penalties = {layer: dict.fromkeys(strengths, 0.0) for layer, strengths in (settings.penalties or {}).items()}
    seeded = not own and needs_seed(settings.optimizer)  # the seed is then part of the update rule
    free: dict[str, Any] = {
        name: Settings.__dataclass_fields__[name].default for name in FREE if name != "seed" or not seeded
    }
    common = replace(settings, penalties=None, **free)
    objective = run.objective
    return (
        repr(altered(common, **numbers)),
        repr(sorted(penalties.items())),
        replace(
            objective,
            network=with_rates(objective.network, dict.fromkeys(rates_of(objective.network), 0.0)),
            penalty=Penalty(),
            penalties=tuple((Penalty(), paths) for _, paths in objective.penalties),
            bounded=objective.bounded and (0.0, objective.bounded[1]),
        ),
        run.transformation if own else None,
        id(run.dataset.inputs),
        parts.schema.input_shape,
        tuple((part.x.shape, part.x.dtype.str, part.y.shape) for part in (parts.train, parts.validation, parts.test)),
        jax.tree.structure(run.fitted),
        tuple(np.shape(leaf) for leaf in jax.tree.leaves(run.fitted)),
    )


def values_of(run: Run) -> dict[Path, float]:
    """The numbers of a run that its program may take as values, by path."""
    values: dict[Path, float] = {
        (name,): getattr(run.settings, name) for name in NUMBERS if getattr(run.settings, name) is not None
    }
    for layer, strengths in (run.settings.penalties or {}).items():
        values |= {("penalties", layer, name): strength for name, strength in strengths.items()}
    return values | {("network", *path): rate for path, rate in rates_of(run.network).items()}


def varying(runs: Sequence[Run]) -> dict[Path, np.ndarray]:
    """The values that differ between runs that share a program, (runs,) each."""
    all_values = [values_of(run) for run in runs]
    columns = {path: np.asarray([values[path] for values in all_values], np.float32) for path in all_values[0]}
    return {path: column for path, column in columns.items() if (column != column[0]).any()}


def with_values(program: Program, run: Run, values: Mapping[Path, Any]) -> Program:
    """The program of a run whose values are replaced, by arrays of a compiled function too."""
    settings = altered(run.settings, **{path[0]: value for path, value in values.items() if len(path) == 1})
    penalties: dict[str, dict[str, Any]] = {
        layer: dict(strengths) for layer, strengths in (settings.penalties or {}).items()
    }
    for path, value in values.items():
        if path[0] == "penalties":
            penalties[path[1]][path[2]] = value
    settings = altered(settings, penalties=penalties)
    network = with_rates(run.network, {path[1:]: value for path, value in values.items() if path[0] == "network"})
    plan = run.network.plan(run.input_shape)
    objective = regularized(replace(run.objective, network=network), plan, settings)
    own = settings.optimizer == OWN
    return replace(
        program,
        objective=objective,
        transformation=run.transformation if own else update_rule(settings, program.rows),
        tolerance=settings.tolerance,
        average=settings.average,
    )


def rates_of(block: Block, path: Path = ()) -> dict[Path, float]:
    """The rates of a network's Dropout and Noise layers, by the layers' paths."""
    if type(block) in RATES:
        return {path: getattr(block, RATES[type(block)])}
    inner = block.named.items() if isinstance(block, Composition) else ()
    return {place: rate for name, part in inner for place, rate in rates_of(part, (*path, name)).items()}


def with_rates(block: Any, rates: Mapping[Path, Any], path: Path = ()) -> Any:
    """The network with other rates, by the layers' paths."""
    if path in rates:
        return altered(block, **{RATES[type(block)]: rates[path]})
    if not isinstance(block, Composition) or not rates:
        return block
    return altered(block, blocks=tuple(with_rates(part, rates, (*path, name)) for name, part in block.named.items()))


def altered(thing: T, **values: Any) -> T:
    """A copy of a frozen description with other values, unchecked: they may be traced, and have no number yet."""
    changed = copy.copy(thing)
    for name, value in values.items():
        object.__setattr__(changed, name, value)
    return changed


class Table(NamedTuple):
    """The rows of one part of all members, once: x (N, ...), and each member's rows among them."""

    x: np.ndarray
    places: list[np.ndarray]

    @property
    def shared(self) -> bool:
        """Whether every member has all rows, in the table's order."""
        return all(place is self.places[0] for place in self.places) and len(self.places[0]) == len(self.x)

    @classmethod
    def of(cls, parts: Sequence[Any], same_rows: bool) -> Table:
        """The rows that occur in any of the parts.

        Args:
            parts: of the members, of equal sizes.
            same_rows: whether a row of the source is the same numbers in every part.
        """
        first = parts[0]
        if all(part is first or (part.x is first.x) or _equal(part.x, first.x) for part in parts):
            return cls(first.x, [np.arange(len(first.x), dtype=np.int32)] * len(parts))
        if not same_rows:
            x = np.concatenate([part.x for part in parts])
            return cls(x, list(np.arange(len(x), dtype=np.int32).reshape(len(parts), -1)))
        known = np.unique(np.concatenate([part.indices for part in parts]))
        x = np.empty((len(known), *first.x.shape[1:]), first.x.dtype)
        places = [np.searchsorted(known, part.indices).astype(np.int32) for part in parts]
        for part, place in zip(parts, places, strict=True):
            x[place] = part.x
        return cls(x, places)

    def spread(self, columns: Sequence[np.ndarray]) -> list[np.ndarray]:
        """A column of each member's rows as columns of the table; one for all where no two members disagree."""
        spread = np.zeros((len(self.x), *columns[0].shape[1:]), columns[0].dtype)
        for place, column in zip(self.places, columns, strict=True):
            spread[place] = column
        if all(_equal(spread[place], column) for place, column in zip(self.places, columns, strict=True)):
            return [spread] * len(columns)
        each = []
        for place, column in zip(self.places, columns, strict=True):
            own = np.zeros_like(spread)
            own[place] = column
            each.append(own)
        return each


def _equal(a: np.ndarray, b: np.ndarray) -> bool:
    return a is b or (a.shape == b.shape and np.array_equal(a, b, equal_nan=a.dtype.kind == "f"))


@dataclass(frozen=True)
class Stacked:
    """Trees of several members as one: leaves that differ are stacked along a new first axis, equal ones are held once.

    Attributes:
        tree: the leaves.
        stacked: whether each leaf is stacked, in their order.
    """

    tree: Any
    stacked: tuple[bool, ...]

    @classmethod
    def of(cls, trees: Sequence[Tree]) -> Stacked:
        """From the members' trees, of NumPy arrays and numbers."""
        columns = list(zip(*map(jax.tree.leaves, trees), strict=True))
        stacked = tuple(
            not all(_equal(np.asarray(leaf), np.asarray(column[0])) for leaf in column) for column in columns
        )
        leaves = [np.stack(column) if differ else column[0] for column, differ in zip(columns, stacked, strict=True)]
        return cls(jax.tree.unflatten(jax.tree.structure(trees[0]), leaves), stacked)

    @property
    def axes(self) -> Any:
        """0 where a leaf is stacked, None where it is held once: what `jax.vmap` takes as `in_axes`."""
        axes = [0 if stacked else None for stacked in self.stacked]
        return jax.tree.unflatten(jax.tree.structure(self.tree), axes)

    def take(self, members: Any) -> Any:
        """The tree of some members, or of one where a number is given."""
        leaves, structure = jax.tree.flatten(self.tree)
        taken = [leaf[members] if stacked else leaf for leaf, stacked in zip(leaves, self.stacked, strict=True)]
        return jax.tree.unflatten(structure, taken)


def at_rows(batch: Any, x: Array) -> Any:
    """A batch, or chunks of batches, whose x are row numbers, with those rows of the table in their place."""
    return batch._replace(x=jnp.take(x, batch.x, axis=0, mode="clip"))
