"""Training on data that do not fit on the device: the same epochs, with the rows sent over in blocks of whole batches.

Shuffling, batches and steps are those of a resident run; only Python's part in an epoch is larger.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import jax
import jax.numpy as jnp
import numpy as np

from backlit.training.devices import SHARE, free_bytes
from backlit.training.objective import Sums
from backlit.training.program import Epoch, Steps, epoch_keys
from backlit.training.telemetry import Telemetry

if TYPE_CHECKING:
    from backlit.training.execution import Execution


class Stream:
    """The epochs of one run, block by block."""

    def __init__(self, execution: Execution) -> None:
        self.execution = execution
        program = execution.program
        self.first = jax.jit(program.first_step)
        self.more = jax.jit(program.more_steps)
        self.close = jax.jit(program.close)
        row_bytes = max(execution.run.parts.train.x[:1].nbytes, 1)
        rows = execution.settings.block_rows or int(SHARE * free_bytes() / row_bytes)
        self.steps = max(1, rows // program.batch_size)

    def advance(self, until: int) -> Epoch:
        """One epoch; `until` is looked at by the resident run alone."""
        execution, program = self.execution, self.execution.program
        epoch = execution.carry.watch.epoch
        order = np.asarray(program.order(execution.key, epoch))
        key = epoch_keys(execution.key, epoch)[1]
        done: Steps | None = None
        telemetry: Telemetry | None = None
        for start in range(0, len(order), self.steps):
            rows = order[start : start + self.steps]
            data = execution.data(np.minimum(rows.ravel(), program.rows - 1))
            local = jnp.asarray(np.where(rows < program.rows, np.arange(rows.size).reshape(rows.shape), rows.size))
            if done is None:
                done, telemetry = self.first(execution.carry.trained, data, local, key)
                done = self.more(done, data, local, key, 1, jnp.int32(program.steps))
            else:
                done = self.more(done, data, local, key, 0, jnp.int32(program.steps))
        assert done is not None
        sums = {name: self._measure(done, name) for name in execution.watched_targets}
        execution.carry = self.close(execution.carry, done, sums["train"], sums.get("validation"))
        record = Epoch(done.loss / done.made, sums["train"], sums.get("validation", sums["train"]), telemetry)
        return jax.tree.map(lambda value: jnp.asarray(value)[None], record)

    def _measure(self, done: Steps, name: str) -> Sums:
        execution = self.execution
        rows = execution.watched(name)
        sums = execution.scorer.measure(done.trained.parameters, done.trained.state, *rows)
        return Sums(*(jnp.asarray(value, jnp.float32) for value in sums))
