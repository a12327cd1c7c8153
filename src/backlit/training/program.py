"""The compiled run: shuffle, batches, forward, backward, update, metrics, stopping and telemetry in one program.

Epochs are a loop inside the program, steps a loop inside an epoch. Python is entered when a chunk of epochs is done,
for progress; how long a chunk is changes nothing in the results.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax
from jax import lax

from backlit.graph import value_and_grad
from backlit.optimizers import Plateau
from backlit.shapes import Array
from backlit.training.averaging import Average
from backlit.training.objective import Batch, Objective, Sums
from backlit.training.plateaus import Decline
from backlit.training.shuffling import permutation
from backlit.training.stopping import Watch, observe_epoch
from backlit.training.telemetry import CADENCE, Recorder, Telemetry, describe_variables, is_recorded
from backlit.training.updates import told

CHUNK_EPOCHS = 256  # the most epochs between two visits to Python
GATHERED = 1 << 22  # bytes of inputs up to which the rows of all steps are gathered at once, at a third of the cost


class Trained(NamedTuple):
    """What a step changes: parameters, the blocks' state, the optimizer's state; where the run has them, the average of
    the weights and what plateaus have left of the learning rate."""

    parameters: Any
    state: Any
    optimizer: Any
    average: Average | None = None
    decline: Decline | None = None

    @property
    def kept(self) -> tuple[Any, Any]:
        """The parameters and the state that are scored and kept: the averages where there are any."""
        return (self.parameters, self.state) if self.average is None else self.average[:2]


class Carry(NamedTuple):
    """A run between two epochs: what is trained, the best of it so far, and the watch over stopping."""

    trained: Trained
    best: Any
    watch: Watch


class Steps(NamedTuple):
    """What a row of steps left: the sum of their losses, how many were made, whether all losses were finite."""

    trained: Trained
    loss: Array
    made: Array
    finite: Array

    @classmethod
    def begin(cls, trained: Trained) -> "Steps":
        """Before the first step."""
        return cls(trained, jnp.float32(0), jnp.int32(0), jnp.bool_(True))


class Epoch(NamedTuple):
    """The record of one epoch."""

    loss: Array
    train: Sums
    validation: Sums
    telemetry: Telemetry


@dataclass(frozen=True)
class Program:
    """The functions of a run, all pure and compiled.

    Attributes:
        objective: what is minimized.
        transformation: the update rule.
        rows: the number of training rows.
        batch_size: rows a step.
        patience: epochs without a better loss, or None.
        tolerance: relative change of the loss that counts as none, or None.
        average: the decay of the average of the weights, or None.
        plateau: when and how much the learning rate falls on a plateau of the watched loss, or None.
        telemetry: steps between two epochs with telemetry.
        together: whether members of a population go through an epoch together: a loss that is not finite then ends
            no epoch early, and counts for nothing in the end, as it does alone.
    """

    objective: Objective
    transformation: optax.GradientTransformation
    rows: int
    batch_size: int
    patience: int | None
    tolerance: float | None
    average: float | None = None
    plateau: Plateau | None = None
    telemetry: int = CADENCE
    together: bool = False

    @property
    def steps(self) -> int:
        """Steps an epoch; the last batch may be short, and is padded."""
        return -(-self.rows // self.batch_size)

    @partial(jax.jit, static_argnums=0)
    def begin(self, parameters: Any, state: Any) -> Carry:
        """The run before its first epoch."""
        trained = Trained(
            parameters,
            state,
            self.transformation.init(parameters),
            None if self.average is None else Average.begin(parameters, state),
            None if self.plateau is None else Decline.begin(),
        )
        return Carry(trained, (parameters, state), Watch.begin())

    def order(self, key: Array, epoch: Array) -> Array:
        """The rows of each step (steps, batch) of an epoch, every row once; padding is marked by `rows` and above."""
        shuffled = permutation(epoch_keys(key, epoch)[0], self.rows)
        padding = jnp.arange(self.rows, self.steps * self.batch_size)
        return jnp.concatenate([shuffled, padding]).reshape(self.steps, self.batch_size)

    def step(
        self, trained: Trained, batch: Batch, key: Array, recorder: Recorder | None = None
    ) -> tuple[Trained, Array, Any]:
        """One step: the loss, its gradients by our backpropagation, the update; statistics where they are recorded."""

        def loss(parameters: Any) -> tuple[Array, Any]:
            value, state = self.objective(parameters, trained.state, batch, key, recorder)
            return value, (state, recorder.blocks if recorder else {})

        (value, (state, blocks)), gradients = value_and_grad(loss, has_aux=True)(trained.parameters)
        known = told(self._loss(trained, batch, key), trained.parameters, value, gradients)
        rule = optax.with_extra_args_support(self.transformation)
        updates, optimizer = rule.update(gradients, trained.optimizer, trained.parameters, **known)
        if trained.decline is not None:
            updates = trained.decline.applied(updates)
        parameters = self.objective.bound(optax.apply_updates(trained.parameters, updates))
        average = trained.average
        if average is not None and self.average is not None:
            average = average.after(parameters, state, self.average)
        after = Trained(parameters, state, optimizer, average, trained.decline)
        variables = describe_variables(gradients, updates, trained.parameters) if recorder else {}
        return after, value, Telemetry(blocks, variables)

    def _loss(self, trained: Trained, batch: Batch, key: Array) -> Callable[[Any], Array]:
        """The loss of a batch as a function of the parameters alone."""
        return lambda parameters: self.objective(parameters, trained.state, batch, key)[0]

    def first_step(self, trained: Trained, data: Batch, order: Array, key: Array) -> tuple[Steps, Telemetry]:
        """The first step of an epoch, with telemetry."""
        batch = self.batches(data, order[:1])(0)
        after, loss, telemetry = self.step(trained, batch, jax.random.fold_in(key, 0), Recorder())
        return Steps(after, loss, jnp.int32(1), jnp.isfinite(loss)), telemetry

    def opening(
        self, trained: Trained, data: Batch, order: Array, key: Array, number: Array
    ) -> tuple[Steps, Telemetry, Array]:
        """What comes before the loop over steps: the first step, with telemetry, where epoch `number` has any, else no
        step and NaN; and the number of steps made."""
        every = -(-self.telemetry // self.steps)
        if every == 1:
            return *self.first_step(trained, data, order, key), jnp.int32(1)
        first = jax.jit(self.first_step)  # traced once, for its shapes and in the condition
        shapes = jax.eval_shape(first, trained, data, order, key)[1]
        due = is_recorded(number, every)

        def unrecorded(trained: Trained, *_: Any) -> tuple[Steps, Telemetry]:
            return Steps.begin(trained), jax.tree.map(lambda s: jnp.full(s.shape, jnp.nan, s.dtype), shapes)

        return *lax.cond(due, first, unrecorded, trained, data, order, key), due.astype(jnp.int32)

    def more_steps(self, done: Steps, data: Batch, order: Array, key: Array, start: Array | int, limit: Array) -> Steps:
        """The steps of `order` from `start` on, as long as losses are finite and fewer than `limit` steps are made."""
        before, batch = done.made - start, self.batches(data, order)

        def unfinished(loop: tuple[Array, Steps]) -> Array:
            going = (loop[0] < len(order)) & (before + loop[0] < limit)
            return going if self.together else going & loop[1].finite

        def advance(loop: tuple[Array, Steps]) -> tuple[Array, Steps]:
            index, so_far = loop
            step_key = jax.random.fold_in(key, before + index)
            trained, loss, _ = self.step(so_far.trained, batch(index), step_key)
            made, finite = so_far.made + so_far.finite, so_far.finite & jnp.isfinite(loss)
            return index + 1, Steps(trained, so_far.loss + loss, made, finite)

        return lax.while_loop(unfinished, advance, (jnp.int32(start), done))[1]

    def batches(self, data: Batch, order: Array) -> Callable[[Array | int], Batch]:
        """The batch of each step of an order of rows (steps, batch), by the step's number."""
        padded = self.rows % self.batch_size > 0
        most = GATHERED // 4 if self.together else GATHERED  # of which every member has its own
        if data.x.size * data.x.dtype.itemsize > most:
            return lambda index: take(data, order[index], padded)
        rows = take(data, order, padded)
        return lambda index: jax.tree.map(lambda column: column[index], rows)

    def measure(self, trained: Trained, chunks: Batch) -> Sums:
        """Loss and errors over chunks (chunks, rows, ...) in evaluation mode."""

        def add(total: Sums, batch: Batch) -> tuple[Sums, None]:
            here = self.objective.measure(*trained.kept, batch)
            return jax.tree.map(jnp.add, total, here), None

        first = jax.tree.map(lambda a: a[0], chunks)
        shapes = jax.eval_shape(self.objective.measure, *trained.kept, first)
        return lax.scan(add, jax.tree.map(lambda s: jnp.zeros(s.shape, s.dtype), shapes), chunks)[0]

    def close(self, carry: Carry, steps: Steps, train: Sums, validation: Sums | None) -> Carry:
        """The end of an epoch: keep the best, decide whether to stop.

        A non-finite epoch leaves no trace in a population; alone, whoever asked for it goes back (`Execution`), so that
        the steps can be made in place.
        """
        watched = train if validation is None else validation
        loss = watched.loss / watched.rows
        if validation is None:  # the training loss alone would undo the penalties
            loss = loss + self.objective.penalty_of(steps.trained.kept[0])
        finite = steps.finite & jnp.isfinite(loss) & jnp.isfinite(train.loss)
        train_loss = train.loss / train.rows
        watch, better = observe_epoch(carry.watch, loss, train_loss, finite, steps.made, self.patience, self.tolerance)
        best = _choose(better, steps.trained.kept, carry.best)
        trained = steps.trained
        if trained.decline is not None and self.plateau is not None:
            trained = trained._replace(decline=trained.decline.after(watch.epoch, better, self.plateau))
        return Carry(_choose(finite, trained, carry.trained) if self.together else trained, best, watch)

    def epoch(
        self,
        carry: Carry,
        data: Batch,
        order: Array,
        train: Batch,
        validation: Batch | None,
        key: Array,
        number: Array,
    ) -> tuple[Carry, Epoch]:
        """Epoch `number` in this order of rows, and its record; `key` is that of its steps."""
        steps, telemetry, made = self.opening(carry.trained, data, order, key, number)
        steps = self.more_steps(steps, data, order, key, made, jnp.int32(self.steps))
        sums = self.measure(steps.trained, train)
        scored = sums if validation is None else self.measure(steps.trained, validation)
        after = self.close(carry, steps, sums, None if validation is None else scored)
        return after, Epoch(steps.loss / steps.made, sums, scored, telemetry)

    @partial(jax.jit, static_argnums=0)
    def run(
        self, carry: Carry, data: Batch, train: Batch, validation: Batch | None, key: Array, until: Array
    ) -> tuple[Carry, Epoch]:
        """Epochs until epoch `until`, or until the run stops: the run after them, and their records, a row an epoch."""

        def epoch(carry: Carry) -> tuple[Carry, Epoch]:
            number = carry.watch.epoch
            order = self.order(key, number)
            return self.epoch(carry, data, order, train, validation, epoch_keys(key, number)[1], number)

        shapes = jax.eval_shape(epoch, carry)[1]
        records = jax.tree.map(lambda s: jnp.zeros((CHUNK_EPOCHS, *s.shape), s.dtype), shapes)
        first = carry.watch.epoch

        def unfinished(loop: tuple[Carry, Epoch]) -> Array:
            watch = loop[0].watch
            return (watch.stop == 0) & (watch.epoch < until) & (watch.epoch - first < CHUNK_EPOCHS)

        def advance(loop: tuple[Carry, Epoch]) -> tuple[Carry, Epoch]:
            place = loop[0].watch.epoch - first
            after, record = epoch(loop[0])
            return after, jax.tree.map(lambda rows, row: rows.at[place].set(row), loop[1], record)

        return lax.while_loop(unfinished, advance, (carry, records))

    @partial(jax.jit, static_argnums=0)
    def replay(self, carry: Carry, data: Batch, key: Array, made: Array) -> Steps:
        """The first `made` steps of the epoch that follows the carry, exactly as the run made them."""
        order = self.order(key, carry.watch.epoch)
        steps_key = epoch_keys(key, carry.watch.epoch)[1]
        return self.more_steps(Steps.begin(carry.trained), data, order, steps_key, 0, made)


def epoch_keys(key: Array, epoch: Array) -> Array:
    """The two random keys of an epoch: of its shuffling, and of its steps."""
    return jax.random.split(jax.random.fold_in(key, epoch))


def take(data: Batch, rows: Array, padded: bool = True) -> Batch:
    """A batch of rows; where it may be `padded`, rows past the end are copies of the last that count for nothing."""
    last = len(data.x) - 1
    real = (rows <= last).astype(jnp.float32) if padded else jnp.ones(rows.shape)
    index = jnp.minimum(rows, last)
    x, y = (a.at[index].get(mode="promise_in_bounds") for a in (data.x, data.y))
    weight = None if data.weight is None else data.weight.at[index].get(mode="promise_in_bounds") * real
    return Batch(x, y, weight, real)


def _choose(condition: Array, yes: Any, no: Any) -> Any:
    return jax.tree.map(lambda a, b: jnp.where(condition, a, b), yes, no)
