"""The batch-size finder: the batch is doubled until it no longer fits, and the process survives it.

For each size a step is compiled, and what the compiler says it needs is compared with the memory that is free. The
largest that should fit is then tried for real, and halved until a trial works: on an accelerator in this process, where
running out of memory is an error; on a CPU, where it would be the end, in a process of its own with a limit on memory.
"""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp

from backlit.errors import FileError, SettingError, TrainingError
from backlit.files.description import describe
from backlit.shapes import Array
from backlit.training.compilation import jit
from backlit.training.devices import free_bytes
from backlit.training.objective import Batch
from backlit.training.program import Trained
from backlit.training.settings import OWN
from backlit.training.trial import READY, SIZE_OF_SELF

if TYPE_CHECKING:
    from backlit.training.execution import Execution

SMALLEST = 8  # the first size that is tried


@dataclass(frozen=True)
class BatchSizes:
    """What a search for the batch size saw.

    Attributes:
        largest: the largest batch whose step was made, or where no trial is possible, should fit.
        reason: why no larger one.
        needed: bytes that the compiler says a step needs, by batch size, the data included.
        free: bytes that were free, or the limit that was given.
        tried: whether a step of each size that was tried worked.
    """

    largest: int
    reason: str
    needed: dict[int, int]
    free: int
    tried: dict[int, bool]


def find_batch_size(execution: Execution, limit_bytes: int | None) -> BatchSizes:
    """The largest batch of 8, 16, 32, ... rows, or of all, that was tried and worked; see `BatchSizes`.

    Raises:
        SettingError: the limit is no whole number above 0.
        TrainingError: not even the smallest batch fits.
    """
    if limit_bytes is not None and not (isinstance(limit_bytes, int) and limit_bytes > 0):
        raise SettingError(f"limit_bytes is a whole number above 0, not {limit_bytes!r}")
    free = free_bytes() if limit_bytes is None else limit_bytes
    rows, train = execution.program.rows, execution.run.parts.train
    data = train.x.nbytes + execution.y["train"].nbytes + execution.run.row_weights.nbytes
    sizes = [*(size for size in (SMALLEST << power for power in range(32)) if size < rows), rows]
    needed: dict[int, int] = {}
    tried: dict[int, bool] = {}
    for size in sizes:
        needed[size] = data + bytes_of(compile_step(execution, size))
        if needed[size] > free:
            break
    for size in sorted(needed, reverse=True):
        if needed[size] > free:
            continue
        worked = works(execution, size, free - data)
        if worked is not None:
            tried[size] = worked
        if worked is not False:
            return BatchSizes(size, reason(size, needed, free, tried), needed, free, tried)
    raise TrainingError(
        f"a batch of {sizes[0]:,} rows needs {megabytes(needed[sizes[0]])}, and {megabytes(free)} are free: make the "
        "network or its input smaller"
    )


def compile_step(execution: Execution, size: int) -> Any:
    """One step on a batch of this size, compiled for shapes alone."""

    def step(trained: Trained, batch: Batch) -> tuple[Trained, Array]:
        after, loss, _ = execution.program.step(trained, batch, jax.random.key(0))
        return after, loss

    shapes = shapes_of(execution.carry.trained), batch_of(execution, size)
    return jit(step, execution.run.network).lower(*shapes).compile()


def shapes_of(tree: Any) -> Any:
    """The shapes and types of a tree's arrays."""
    return jax.tree.map(lambda leaf: jax.ShapeDtypeStruct(leaf.shape, leaf.dtype), tree)


def batch_of(execution: Execution, size: int) -> Batch:
    """The shapes and types of a batch of this size."""
    row = execution.data(slice(1))
    return jax.tree.map(lambda leaf: jax.ShapeDtypeStruct((size, *leaf.shape[1:]), leaf.dtype), row)


def bytes_of(compiled: Any) -> int:
    """The memory that a compiled step needs: its arguments, its results and what lies between."""
    memory = compiled.memory_analysis()
    return memory.argument_size_in_bytes + memory.output_size_in_bytes + memory.temp_size_in_bytes


def works(execution: Execution, size: int, limit: int) -> bool | None:
    """Whether a step of this size can be made within so many bytes; None where it cannot be tried without danger."""
    if jax.default_backend() == "cpu":
        return works_apart(execution, size, limit)
    batch = jax.tree.map(lambda leaf: jnp.zeros(leaf.shape, leaf.dtype), batch_of(execution, size))
    try:
        jax.block_until_ready(compile_step(execution, size)(execution.carry.trained, batch))
    except jax.errors.JaxRuntimeError as error:
        if "RESOURCE_EXHAUSTED" not in str(error):
            raise
        return False
    return True


def works_apart(execution: Execution, size: int, limit: int) -> bool | None:
    """Whether it can be made in a process of its own; None where the step cannot be described to one."""
    run, trained = execution.run, execution.carry.trained
    extra = {
        "settings": run.settings.to_json(),
        "classes": run.objective.classes,
        "rows": execution.program.rows,
        "size": size,
        "limit": limit,
        "parameters": described(trained.parameters),
        "state": described(trained.state),
        "batch": [described(row) for row in batch_of(execution, size)],
    }
    if not SIZE_OF_SELF.exists() or run.settings.optimizer == OWN:
        return None
    try:
        description = describe(run.network, run.input_shape, extra, Path("a trial")).pack(b"")
    except FileError:  # layers or a loss of the user's own
        return None
    done = subprocess.run(
        [sys.executable, "-m", "backlit.training.trial"],
        input=description,
        capture_output=True,
        env={**os.environ, "JAX_PLATFORMS": "cpu", "MALLOC_ARENA_MAX": "1"},
    )
    return done.returncode == 0 if READY.encode() in done.stdout else None


def described(tree: Any) -> Any:
    """A tree of dictionaries with each array as a pair of its shape and its type."""
    return jax.tree.map(lambda leaf: [list(leaf.shape), str(leaf.dtype)], tree)


def reason(size: int, needed: dict[int, int], free: int, tried: dict[int, bool]) -> str:
    """Why this batch: what is known of a larger one, or that this one could not be tried."""
    if size not in tried:
        return f"it was not tried; by the compiler's count it needs {megabytes(needed[size])} of {megabytes(free)}"
    larger = min((other for other in needed if other > size), default=None)
    if larger is None:
        return "it holds all training rows"
    if needed[larger] > free:
        return f"{larger:,} would need {megabytes(needed[larger])}, and {megabytes(free)} are free"
    return f"a step of {larger:,} was tried and ran out of memory"


def megabytes(count: int) -> str:
    """A number of bytes as people write it."""
    return f"{count / 1e6:,.1f} MB"
