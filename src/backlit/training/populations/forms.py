"""The form of a population: how many members go through one compiled step side by side, and in how many threads.

On a CPU members are laid side by side, under `vmap`, as long as all that a step touches stays in the cache: then the
cost of an operation's start is shared, and nothing is fetched from memory. Each thread runs groups of its own, one core
each. `benchmarks/populations.py` prints the table that the two constants come from. On a GPU all are side by side.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING, Any

import jax

from backlit.layers.block import Block
from backlit.layers.composition import blocks_of
from backlit.layers.convolution import Filters
from backlit.layers.plan import Plan
from backlit.shapes import Array
from backlit.training.devices import on_cpu

if TYPE_CHECKING:
    from backlit.training.run import Run

CACHE_BYTES = 1 << 22  # that the members of one group may touch in a step
MOST = 64  # members side by side, beyond which nothing is gained
COPIES = 3  # of the activations: themselves, their gradients, what passes between them


@dataclass(frozen=True)
class Form:
    """How members are trained: `width` side by side in one program, in `threads` at a time."""

    width: int
    threads: int


def form_of(network: Block, members: int, touched: int) -> Form:
    """The form for this many members.

    Args:
        network: of each.
        members: how many train together.
        touched: the bytes that a step of one member touches, see `touched_bytes`.
    """
    if not on_cpu():
        return Form(members, 1)
    threads = min(members, len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1)
    each = -(-members // threads)
    # Under vmap a convolution becomes a grouped one, which is slow in XLA on a CPU.
    widest = 1 if any(isinstance(block, Filters) for block in blocks_of(network)) else CACHE_BYTES // touched
    width = min(max(widest, 1), MOST, each)
    return Form(-(-each // -(-each // width)), threads)


def touched_bytes(run: Run, carried: int) -> int:
    """The bytes that a step of one member touches: what it carries, its gradients, its activations.

    Args:
        run: of the member.
        carried: bytes of the parameters, the layers' state and the optimizer's.
    """
    plan = run.network.plan(run.input_shape)
    return carried + 4 * (plan.size + COPIES * int(run.settings.batch_size or 1) * sum(_sizes(plan)))


def member_bytes(run: Run) -> int:
    """The bytes that one member needs on the device: twice what it carries, and what a step touches."""

    def carried(key: Array) -> Any:
        parameters, state = run.initialize(key)
        return parameters, parameters, state, state, run.transformation.init(parameters)

    leaves = jax.tree.leaves(jax.eval_shape(carried, jax.random.key(0)))
    held = sum(leaf.size * leaf.dtype.itemsize for leaf in leaves)
    return held + touched_bytes(run, held)


def _sizes(plan: Plan) -> Iterator[int]:
    """The numbers that each layer puts out for one row."""
    if not plan.parts:
        yield prod(plan.output)
    for part in plan.parts.values():
        yield from (plan.repeats * size for size in _sizes(part))
