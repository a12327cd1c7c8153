"""Training on data that are all on the device: whole chunks of epochs in one call of the compiled program."""

import time
from collections.abc import Mapping

import jax
import jax.numpy as jnp

from backlit.shapes import Array
from backlit.training.compilation import compiler_options
from backlit.training.objective import Batch
from backlit.training.program import Carry, Epoch, Program, Steps
from backlit.training.scoring import Rows, in_chunks


class Resident:
    """The data of one run on the device, and the run compiled for them.

    Args:
        program, key: the run, and the key of its randomness.
        carry: the run before its first epoch.
        data: all training rows, on the device.
        watched: the rows that are scored each epoch, by part.
    """

    def __init__(self, program: Program, key: Array, carry: Carry, data: Batch, watched: Mapping[str, Rows]) -> None:
        self.program, self.key, self.data = program, key, data
        chunks = jax.device_put({name: in_chunks(*rows) for name, rows in watched.items()})
        self.arguments = (self.data, chunks["train"], chunks.get("validation"), self.key)
        begun = time.perf_counter()
        lowered = Program.run.lower(self.program, carry, *self.arguments, jnp.int32(1))
        self.options = compiler_options(program.objective.network)
        self.compiled = lowered.compile(self.options)
        self.compiling = time.perf_counter() - begun

    def advance(self, carry: Carry, until: int) -> tuple[Carry, Epoch]:
        """Epochs until epoch `until`, or until the run stops, and their records."""
        return self.compiled(carry, *self.arguments, jnp.int32(until))

    def replay(self, carry: Carry, made: int) -> Steps:
        """The first `made` steps of the epoch that follows the carry."""
        steps = (carry, self.data, self.key, jnp.int32(made))
        return Program.replay.lower(self.program, *steps).compile(self.options)(*steps)
