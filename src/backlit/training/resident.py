"""Training on data that are all on the device: whole chunks of epochs in one call of the compiled program."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import jax
import jax.numpy as jnp

from backlit.training.program import Carry, Epoch, Program, Steps
from backlit.training.scoring import in_chunks

if TYPE_CHECKING:
    from backlit.training.execution import Execution


class Resident:
    """The data of one run on the device, and the run compiled for them."""

    def __init__(self, execution: Execution) -> None:
        self.program, self.data, self.key = execution.program, execution.data(), execution.key
        parts = (execution.watched("train"), execution.watched("validation"))
        train, validation = (jax.tree.map(jnp.asarray, in_chunks(*rows)) if rows else None for rows in parts)
        self.arguments = (self.data, train, validation, self.key)
        begun = time.perf_counter()
        lowered = Program.run.lower(self.program, execution.carry, *self.arguments, jnp.int32(1))
        self.compiled = lowered.compile()
        self.compiling = time.perf_counter() - begun

    def advance(self, carry: Carry, until: int) -> tuple[Carry, Epoch]:
        """Epochs until epoch `until`, or until the run stops, and their records."""
        return self.compiled(carry, *self.arguments, jnp.int32(until))

    def replay(self, carry: Carry, made: int) -> Steps:
        """The first `made` steps of the epoch that follows the carry."""
        return self.program.replay(carry, self.data, self.key, jnp.int32(made))
