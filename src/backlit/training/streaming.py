"""Training on data that do not fit on the device: the same epochs, with the rows sent over in blocks of whole batches.

Shuffling, batches and steps are those of a resident run; only Python's part in an epoch is larger.
"""

from collections.abc import Callable, Iterator, Mapping

import jax
import jax.numpy as jnp
import numpy as np

from backlit.shapes import Array
from backlit.training.compilation import jit
from backlit.training.objective import Batch, Sums
from backlit.training.program import Carry, Epoch, Program, Steps, epoch_keys
from backlit.training.scoring import Rows, Scorer


class Blocks:
    """The epochs of one run, block by block; two blocks at most are on the device.

    Args:
        program, key: the run, and the key of its randomness.
        data: training rows by their numbers, on the device.
        watched: the rows that are scored each epoch, by part.
        scorer: what scores them.
        block_rows: the most rows on the device at a time, at least one batch.
    """

    compiling = 0.0  # each function is compiled as it is first called

    def __init__(
        self,
        program: Program,
        key: Array,
        data: Callable[[np.ndarray], Batch],
        watched: Mapping[str, Rows],
        scorer: Scorer,
        block_rows: int,
    ) -> None:
        self.program, self.key, self.data, self.watched, self.scorer = program, key, data, watched, scorer
        self.open = jit(self.program.opening, program.objective.network)
        self.more = jit(self.program.more_steps, program.objective.network)
        self.close = jax.jit(self.program.close)
        self.steps = max(1, block_rows // self.program.batch_size)

    def advance(self, carry: Carry, until: int) -> tuple[Carry, Epoch]:
        """One epoch; `until` is looked at by the resident run alone."""
        key = epoch_keys(self.key, carry.watch.epoch)[1]
        limit = jnp.int32(self.program.steps)
        blocks = self._blocks(carry)
        data, order = next(blocks)
        done, telemetry, made = self.open(carry.trained, data, order, key, carry.watch.epoch)
        done = self.more(done, data, order, key, made, limit)
        for data, order in blocks:
            done = self.more(jax.block_until_ready(done), data, order, key, jnp.int32(0), limit)
        sums = {name: self._measure(done, rows) for name, rows in self.watched.items()}
        after = self.close(carry, done, sums["train"], sums.get("validation"))
        record = Epoch(done.loss / done.made, sums["train"], sums.get("validation", sums["train"]), telemetry)
        return after, jax.tree.map(lambda value: jnp.asarray(value)[None], record)

    def replay(self, carry: Carry, made: int) -> Steps:
        """The first `made` steps of the epoch that follows the carry."""
        key = epoch_keys(self.key, carry.watch.epoch)[1]
        done = Steps.begin(carry.trained)
        for data, order in self._blocks(carry):
            done = self.more(jax.block_until_ready(done), data, order, key, jnp.int32(0), jnp.int32(made))
        return done

    def _blocks(self, carry: Carry) -> Iterator[tuple[Batch, Array]]:
        """The rows of a few steps on the device, and each step's rows among them."""
        order, rows = np.asarray(self.program.order(self.key, carry.watch.epoch)), self.program.rows
        for start in range(0, len(order), self.steps):
            block = order[start : start + self.steps]
            local = np.where(block < rows, np.arange(block.size).reshape(block.shape), block.size)
            yield self.data(np.minimum(block.ravel(), rows - 1)), jnp.asarray(local)

    def _measure(self, done: Steps, rows: Rows) -> Sums:
        sums = self.scorer.measure(*done.trained.kept, *rows)
        return Sums(*(jnp.asarray(value, jnp.float32) for value in sums))
