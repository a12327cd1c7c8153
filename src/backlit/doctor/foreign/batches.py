"""Batches as they were given: one, a list, or whatever yields them."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import islice
from typing import Any, TypeAlias

import jax
import jax.numpy as jnp
import numpy as np

from backlit.doctor.limits import LIMITS
from backlit.errors import InputError
from backlit.shapes import write

Taking: TypeAlias = Callable[[Any], Any]
"""A batch → the shapes of what the loss gives for it; raises where it does not fit."""


@dataclass(frozen=True)
class Batches:
    """Batches of one shape, stacked along a new first axis.

    Attributes:
        stacked: (N, B, ...) each array.
        count: N.
        result: the shapes of what the loss gives for one.
        notes: what was left out, in words.
    """

    stacked: Any
    count: int
    result: Any
    notes: tuple[str, ...]

    def __getitem__(self, place: Any) -> Any:
        """One of them."""
        return jax.tree.map(lambda leaf: leaf[place], self.stacked)


def read_batches(batches: Any, takes: Taking, name: str) -> Batches:
    """The batches that fit the loss, and have the shape of the first of them.

    Args:
        batches: one batch, a list of them, or anything that yields them.
        takes: whether and how the loss takes one.
        name: of the loss function.

    Raises:
        InputError: there are none, or none fits.
    """
    found = _listed(batches, takes)
    if not found:
        raise InputError("there are no batches: give one, or a list of them")
    result, first, problem = None, None, ""
    notes = []
    for place, batch in enumerate(found):
        try:
            result, first = takes(batch), place
            break
        except Exception as error:  # whatever the function itself raises
            problem = problem or first_line(error)
    if first is None:
        what = "the batch" if len(found) == 1 else f"any of {len(found)} batches"
        raise InputError(f"{name} does not take {what} ({_shapes(found[0])}): {problem}")
    if first:
        notes.append(f"the first {first} batches, which do not fit {name}: {problem}")
    fitting = [batch for batch in found[first:] if _form(batch) == _form(found[first])]
    others = [batch for batch in found[first:] if _form(batch) != _form(found[first])]
    if others:
        notes.append(_others(others, len(found), takes, name))
    return Batches(jax.tree.map(lambda *leaves: jnp.stack(leaves), *fitting), len(fitting), result, tuple(notes))


def first_line(error: BaseException) -> str:
    """What an error says first."""
    return next(iter(str(error).splitlines()), "") or type(error).__name__


def fewer_rows(batch: Any, rows: int) -> Any:
    """The first rows of a batch whose arrays have one leading axis in common; the batch itself where they have not."""
    sizes = {leaf.shape[0] if leaf.ndim else None for leaf in jax.tree.leaves(batch)}
    if len(sizes) != 1 or None in sizes:
        return batch
    return jax.tree.map(lambda leaf: leaf[:rows], batch)


def _listed(batches: Any, takes: Taking) -> list[Any]:
    items: Iterable[Any]
    if isinstance(batches, list):
        if batches and not _taken(batches[0], takes) and _taken(batches, takes):
            return [_arrays(batches, "the batch")]
        items = batches
    elif isinstance(batches, tuple):  # a pair (x, y) is one batch before it is two
        several = batches and not _taken(batches, takes) and any(_taken(batch, takes) for batch in batches)
        items = batches if several else [batches]
    elif isinstance(batches, Iterable) and jax.tree_util.all_leaves([batches]) and not hasattr(batches, "dtype"):
        items = batches
    else:
        items = [batches]
    few = islice(items, int(LIMITS["examine_batches"]))
    return [_arrays(batch, f"batch {place + 1}") for place, batch in enumerate(few)]


def _taken(batch: Any, takes: Taking) -> bool:
    try:
        takes(_arrays(batch, "the batch"))
    except Exception:  # whatever the function itself raises
        return False
    return True


def _arrays(batch: Any, what: str) -> Any:
    def array(path: Any, leaf: Any) -> Any:
        if isinstance(leaf, jax.Array):
            return leaf
        found = np.asarray(leaf)
        if found.dtype.kind not in "biufc" and not jnp.issubdtype(found.dtype, jnp.number):
            place = jax.tree_util.keystr(path) or "its root"
            raise InputError(f"{what} holds {type(leaf).__name__} at {place}, and batches are of numbers")
        return jnp.asarray(found)

    return jax.tree_util.tree_map_with_path(array, batch)


def _form(batch: Any) -> Any:
    return jax.tree.structure(batch), [(leaf.shape, leaf.dtype) for leaf in jax.tree.leaves(batch)]


def _others(others: list[Any], count: int, takes: Taking, name: str) -> str:
    for batch in others:
        try:
            takes(batch)
        except Exception as error:  # whatever the function itself raises
            return f"{len(others)} of {count} batches: {_shapes(batch)} does not fit {name} ({first_line(error)})"
    return f"{len(others)} of {count} batches, which have another shape than the first"


def _shapes(batch: Any) -> str:
    shapes = [write(leaf.shape) for leaf in jax.tree.leaves(batch)]
    return f"arrays of shapes {', '.join(shapes)}" if shapes else "no arrays"
