"""A cohort: members of a population that train in one compiled program, epoch by epoch together.

An epoch of a member is `Program.epoch`, the lone run's own, of a program whose values are the member's; under `vmap` it
becomes the epoch of several. Rows of data lie on the device once: a member's order of rows points into them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from backlit.graph import spell_out
from backlit.shapes import Array
from backlit.training.compilation import ONCE, compiler_options, known
from backlit.training.devices import on_cpu
from backlit.training.execution import Execution
from backlit.training.objective import Batch
from backlit.training.populations.members import Stacked, Table, at_rows, varying, with_values
from backlit.training.program import CHUNK_EPOCHS, Carry, Epoch, Program, Steps, epoch_keys
from backlit.training.scoring import in_chunks
from backlit.training.stopping import RUNNING

LONG = 1 << 19  # steps of all members, from which on it pays to compile small products as sums, some seconds longer


class Own(NamedTuple):
    """What members may differ in.

    Attributes:
        seed: of the initialization, the shuffling and the dropout.
        values: hyperparameters by path, see `members.varying`.
        fitted: the state of the preprocessing layers.
        y, weight: of the table's rows; no weight where all of all members are 1.
        rows: the table's row of each training row; None where they are the same.
        train, validation: chunks of what is scored each epoch, x the numbers of the table's rows.
    """

    seed: Any
    values: Any
    fitted: Any
    y: Any
    weight: Any
    rows: Any
    train: Batch
    validation: Batch | None


class Cohort:
    """The compiled functions and the data of runs that share a program.

    Args:
        executions: of the runs, none begun.
    """

    def __init__(self, executions: Sequence[Execution]) -> None:
        runs = [execution.run for execution in executions]
        self.seeds = np.asarray([run.settings.seed for run in runs], np.int32)
        self.scales = np.asarray([run.settings.initial_scale for run in runs], np.float32)
        self.run, self.program = runs[0], replace(executions[0].program, together=True)
        values, fitted = varying(runs), [jax.tree.map(np.asarray, run.fitted) for run in runs]
        same = all(run.parts.schema == self.run.parts.schema for run in runs)
        separate = self.run.dataset.validation is not None
        train = Table.of([run.parts.train for run in runs], same)
        validation = Table.of([run.parts.validation for run in runs], same or separate)
        y = train.spread([execution.y["train"] for execution in executions])
        equal = all((run.row_weights == 1).all() for run in runs)
        weight = [None] * len(runs) if equal else train.spread([run.row_weights for run in runs])
        own = [
            Own(
                seed=self.seeds[place],
                values={path: column[place] for path, column in values.items()},
                fitted=fitted[place],
                y=y[place],
                weight=weight[place],
                rows=None if train.shared else train.places[place],
                train=in_chunks(train.places[place][execution.sample], execution.watched["train"].y),
                validation=in_chunks(validation.places[place], execution.watched["validation"].y)
                if "validation" in execution.watched
                else None,
            )
            for place, execution in enumerate(executions)
        ]
        self.own = Stacked.of(own)
        self.tables = jax.device_put((train.x, validation.x))

    def begin(self) -> Carry:
        """The members before their first epoch, stacked, on the host."""

        def begin(seed: Array, scale: Array) -> Carry:
            parameters, state = self.run.initialize(begun(seed)[1], scale)
            return self.program.begin(parameters, self._apart(state))

        return jax.device_get(jax.jit(jax.vmap(begin), compiler_options=known(ONCE))(self.seeds, self.scales))

    def key(self, member: int) -> Array:
        """The key of a member's randomness."""
        return begun(self.seeds[member])[0]

    def compile(self, carry: Carry, own: Own, width: int) -> Callable[..., tuple[Carry, Epoch]]:
        """The function (carry, own, tables, done, until) of `width` members: epochs until `until` or until all stop."""
        one = jax.jit(self._single if width == 1 else self._several)  # traced once, for its shapes and in the loop

        @partial(jax.jit, donate_argnums=0)
        def advance(carry: Carry, own: Own, tables: Any, done: Array, until: Array) -> tuple[Carry, Epoch]:
            own = self._read(own, tables)

            def unfinished(loop: tuple[Array, Carry, Epoch]) -> Array:
                return (loop[0] < until) & (loop[1].watch.stop == RUNNING).any()

            def epoch(loop: tuple[Array, Carry, Epoch]) -> tuple[Array, Carry, Epoch]:
                number, carry, records = loop
                after, record = one(carry, own, tables, number)
                kept = jax.tree.map(lambda rows, row: rows.at[number - done].set(row), records, record)
                return number + 1, after, kept

            shapes = jax.eval_shape(one, carry, own, tables, done)[1]
            records = jax.tree.map(lambda s: jnp.zeros((CHUNK_EPOCHS, *s.shape), s.dtype), shapes)
            return lax.while_loop(unfinished, epoch, (done, carry, records))[1:]

        lowered = advance.lower(carry, own, self.tables, np.int32(0), np.int32(1))
        return lowered.compile(compiler_options(self.run.network, spelled_out=width > 1 and self._spelled_out))

    def replay(self, carry: Carry, own: Own, made: int) -> Steps:
        """The first `made` steps of one member's epoch that follows the carry."""
        steps = (carry, own, jnp.int32(made))
        return Cohort._replay.lower(self, *steps).compile(compiler_options(self.run.network))(*steps)

    @partial(jax.jit, static_argnums=0)  # one program for all members; the cohort is hashed by its identity
    def _replay(self, carry: Carry, own: Own, made: Array) -> Steps:
        program = replace(self._program(own), together=False)
        key, data, order = self._batches(program, self._read(own, self.tables), self.tables, carry.watch.epoch)
        return program.more_steps(Steps.begin(carry.trained), data, order, key, 0, made)

    def joined(self, carry: Carry, fitted: Any) -> Carry:
        """The carry of one member with the state of its preprocessing layers, which no step changes."""
        return _with_state(carry, lambda state: {**state, **fitted})

    def _apart(self, state: Any) -> Any:
        return {name: value for name, value in state.items() if name not in self.run.fitted}

    def _program(self, own: Own) -> Program:
        return with_values(self.program, self.run, own.values)

    def _read(self, own: Own, tables: Any) -> Own:
        """What is scored, in place of the numbers of its rows."""
        validation = None if own.validation is None else at_rows(own.validation, tables[1])
        return own._replace(train=at_rows(own.train, tables[0]), validation=validation)

    def _batches(self, program: Program, own: Own, tables: Any, number: Array) -> tuple[Array, Batch, Array]:
        """The key of an epoch's steps, the rows, and their order."""
        key = begun(own.seed)[0]
        order, x = program.order(key, number), tables[0]
        if own.rows is not None:
            place = own.rows[jnp.minimum(order, program.rows - 1)]
            order = jnp.where(order < program.rows, place, len(x))
        return epoch_keys(key, number)[1], Batch(x, own.y, own.weight, own.weight), order

    def _epoch(self, carry: Carry, own: Own, tables: Any, number: Array) -> tuple[Carry, Epoch]:
        """One epoch of one member; it changes nothing once the member has stopped."""
        program = self._program(own)
        key, data, order = self._batches(program, own, tables, number)
        full = self.joined(carry, own.fitted)
        after, record = program.epoch(full, data, order, own.train, own.validation, key, number)
        running = carry.watch.stop == RUNNING
        after = _with_state(after, self._apart)
        return jax.tree.map(lambda new, old: jnp.where(running, new, old), after, carry), record

    def _several(self, carry: Carry, own: Own, tables: Any, number: Array) -> tuple[Carry, Epoch]:
        """One epoch of a stack of members side by side."""
        epoch = jax.vmap(self._epoch, in_axes=(0, self.own.axes, None, None))
        return (spell_out(epoch) if self._spelled_out else epoch)(carry, own, tables, number)

    @property
    def _spelled_out(self) -> bool:
        """Whether small products are compiled as sums, where the run is long enough."""
        steps = len(self.seeds) * self.program.steps * int(self.run.settings.epochs or 1)
        return steps >= LONG and on_cpu()

    def _single(self, carry: Carry, own: Own, tables: Any, number: Array) -> tuple[Carry, Epoch]:
        """One epoch of a stack of one member, without `vmap`."""
        first = jax.tree.map(lambda leaf: leaf[0], carry)
        after = self._epoch(first, Stacked(own, self.own.stacked).take(0), tables, number)
        return jax.tree.map(lambda leaf: leaf[None], after)


def begun(seed: Array) -> Array:
    """The keys of a run's randomness and of its first weights, as a lone run has them."""
    return jax.random.split(jax.random.key(seed))


def _with_state(carry: Carry, change: Callable[[Any], Any]) -> Carry:
    """A carry with other state of the layers, wherever it is held."""
    trained = carry.trained._replace(state=change(carry.trained.state))
    if trained.average is not None:
        trained = trained._replace(average=trained.average._replace(state=change(trained.average.state)))
    parameters, state = carry.best
    return carry._replace(trained=trained, best=(parameters, change(state)))
