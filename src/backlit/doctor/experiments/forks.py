"""Forks of a run: short trainings that differ from it in one thing each, in one compiled program.

A fork starts from weights of its own, takes the run's own steps (its rule, batches, penalties, random keys), and may
scale each update, scale the penalties, shift and scale the inputs, see other labels, or see one batch again and again.
Losses without penalties, in evaluation mode, rows by their weights in the objective, and scores are taken on training
and validation rows before the first step and at the end of each quarter.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax import lax

from backlit.doctor.limits import LIMITS
from backlit.doctor.weighing import weights_of
from backlit.functions.penalties import Penalty
from backlit.graph import value_and_grad
from backlit.layers.block import Context
from backlit.layers.composition import blocks_of
from backlit.layers.convolution import Filters
from backlit.layers.recurrence import Recurrence
from backlit.shapes import Array, Tree
from backlit.training import Run
from backlit.training.compilation import ONCE, SOON, compiler_options, known
from backlit.training.devices import on_cpu
from backlit.training.objective import Batch
from backlit.training.program import take
from backlit.training.updates import told

QUARTERS = 4
WATCHED = 512  # rows of training, and of validation, that losses are taken of
HELD = 4096  # training rows that forks learn from, at most
SLOW = (Recurrence, Filters)  # many small operations


@dataclass(frozen=True, eq=False)
class Fork:
    """What one fork changes.

    Attributes:
        name: what it is called.
        start: the parameters and the state it begins with; None: the run's first ones.
        rate: a factor on every update.
        penalty: a factor on the penalties.
        shift, scale: of the inputs, x → (x − shift) · scale, for each feature of the last axis; None: as they are.
        permuted: whether it learns from permuted labels, which take their weights with them.
        one_batch: whether it sees its first batch alone, again and again; its losses are then those of that batch.
        seed: of the order of rows and the random keys, added to the run's own.
    """

    name: str
    start: tuple[Tree, Tree] | None = None
    rate: float = 1.0
    penalty: float = 1.0
    shift: np.ndarray | None = None
    scale: np.ndarray | None = None
    permuted: bool = False
    one_batch: bool = False
    seed: int = 0


@dataclass(frozen=True)
class Trace:
    """What a fork came to.

    Attributes:
        losses: of each step's batch, (steps,).
        train, validation: losses in evaluation mode at the start and after each quarter, (5,); validation is NaN
            without validation rows.
        train_score, validation_score: the share of right classes, or minus the mean squared error, likewise.
        spread: the mean squared deviation of the validation targets, as the loss takes them.
    """

    losses: np.ndarray
    train: np.ndarray
    validation: np.ndarray
    train_score: np.ndarray
    validation_score: np.ndarray
    spread: float = 1.0

    @property
    def reached(self) -> float:
        """The training loss at the end; infinite where it is no number."""
        return float(np.nan_to_num(self.train[-1], nan=np.inf, posinf=np.inf))

    @property
    def lowest(self) -> float:
        """The lowest validation loss on the way; infinite where there is none."""
        return float(np.nan_to_num(self.validation, nan=np.inf, posinf=np.inf).min())


@dataclass
class Nursery:
    """Where the forks of a run grow: its rows, and one program for as many forks as are asked for together.

    Attributes:
        run: the run.
        steps: of each fork; 0: chosen so that all forks cost some seconds where the fewest steps do, by their
            operations alone, and so the same on every machine.
        first: the first parameters and state; None: drawn.
    """

    run: Run
    steps: int = 0
    first: tuple[Tree, Tree] | None = None

    def grow(self, forks: Sequence[Fork]) -> dict[str, Trace]:
        """Train forks side by side; their traces by name."""
        if not forks:
            return {}
        self.steps = self.steps or steps_for(self.run, len(forks))
        seeds = _Rows(self.run)
        first = self.first or first_weights(self.run)
        stacked = [seeds.member(fork, self.steps, first) for fork in forks]
        member = jax.tree.map(lambda *leaves: np.stack([np.asarray(leaf) for leaf in leaves]), *stacked)
        altered = any(fork.shift is not None for fork in forks)
        small = self.steps * len(forks) * _cost(self.run) < LIMITS["forks: operations that compile with least effort"]
        options = known(ONCE) if small else compiler_options(self.run.network) | known(SOON)
        program = jax.jit(_program(self.run, self.steps, altered), compiler_options=options)
        found = jax.device_get(program(member, seeds.train, seeds.watched, seeds.held_out))
        y = np.asarray(seeds.watched.y if seeds.held_out is None else seeds.held_out.y, np.float64)
        spread = float(np.square(y - y.mean(0)).mean()) or 1.0
        return {
            fork.name: replace(Trace(*(column[at] for column in found)), spread=spread) for at, fork in enumerate(forks)
        }


def steps_for(run: Run, forks: int) -> int:
    """How many steps forks of a run take: as many as a fixed number of operations allows, and the run itself has."""
    whole = -(-len(run.parts.train) // int(run.settings.batch_size or 1)) * int(run.settings.epochs or 1)
    affordable = LIMITS["forks: operations"] / (_cost(run) * max(forks, 1))
    least, most = LIMITS["forks: fewest steps"], LIMITS["forks: most steps"]
    return int(QUARTERS * max(1, min(whole, np.clip(affordable, least, most)) // QUARTERS))


def affordable(run: Run, forks: int) -> bool:
    """Whether the fewest steps of so many forks take minutes at most, on a CPU."""
    return not on_cpu() or _cost(run) * forks * LIMITS["forks: fewest steps"] <= LIMITS["forks: most operations"]


def first_weights(run: Run) -> tuple[Tree, Tree]:
    """The first parameters and state of a run, as its seed draws them."""
    key = jax.random.split(jax.random.key(run.settings.seed))[1]
    parameters, state = jax.jit(run.initialize, compiler_options=known(ONCE))(key)
    return parameters, {**state, **run.fitted}


def _cost(run: Run) -> float:
    """Operations of one step, forward and twice that backward; those of `SLOW` blocks take longer."""
    plan = run.network.plan(run.input_shape)
    slow = any(isinstance(block, SLOW) for block in blocks_of(run.network))
    factor = LIMITS["forks: time of a slow operation"] if slow else 1.0
    return 6.0 * factor * (plan.multiply_adds + plan.size) * int(run.settings.batch_size or 1)


class _Rows:
    """The rows that forks see."""

    def __init__(self, run: Run) -> None:
        self.run, self.size = run, min(int(run.settings.batch_size or 1), len(run.parts.train), HELD)
        part = run.parts.train
        random = np.random.default_rng(run.settings.seed)
        self.chosen = random.permutation(len(part.x))[:HELD]
        self.y = run.objective.targets(part.y[self.chosen], run.fitted)
        weights, of_held = (weights_of(run, name) for name in ("train", "validation"))
        self.weights = None if weights is None else weights[self.chosen]
        x = part.x[self.chosen]
        self.train = _batch(x, self.y, self.weights)
        seen = _counted(self.weights, np.arange(len(x)))
        self.watched = _batch(x[seen], self.y[seen], None if self.weights is None else self.weights[seen])
        held = run.parts.validation
        few = _counted(of_held, np.random.default_rng(1).permutation(len(held.x)))
        self.held_out = None
        if len(few):
            y = run.objective.targets(held.y[few], run.fitted)
            self.held_out = _batch(held.x[few], y, None if of_held is None else of_held[few])

    def member(self, fork: Fork, steps: int, first: tuple[Tree, Tree]) -> dict[str, Any]:
        """What the compiled program takes of one fork; one without a start of its own begins with the first weights."""
        random = np.random.default_rng([self.run.settings.seed, fork.seed])
        rows = len(self.chosen)
        if fork.one_batch:
            order = np.broadcast_to(random.permutation(rows)[: self.size], (steps, self.size))
        else:
            epochs = -(-steps * self.size // rows)
            order = np.concatenate([random.permutation(rows) for _ in range(epochs)])[: steps * self.size]
            order = order.reshape(steps, self.size)
        labels = random.permutation(rows) if fork.permuted else np.arange(rows)
        features = self.run.input_shape[-1] if self.run.input_shape else 1
        parameters, state = fork.start or first
        return {
            "parameters": parameters,
            "state": state,
            "rate": np.float32(fork.rate),
            "penalty": np.float32(fork.penalty),
            "shift": np.zeros(features, np.float32) if fork.shift is None else fork.shift.astype(np.float32),
            "scale": np.ones(features, np.float32) if fork.scale is None else fork.scale.astype(np.float32),
            "y": self.y[labels],
            "weight": None if self.weights is None else self.weights[labels],
            "order": order.astype(np.int32),
            "one": np.bool_(fork.one_batch),
            "seed": np.int32(self.run.settings.seed + fork.seed),
        }


def _counted(weights: np.ndarray | None, order: np.ndarray) -> np.ndarray:
    """The first rows of an order that count at all."""
    return (order if weights is None else order[weights[order] > 0])[:WATCHED]


def _batch(x: Any, y: Any, weights: Any = None) -> Batch:
    return Batch(*jax.device_put((x, y, weights, np.ones(len(x), np.float32))))


def _program(run: Run, steps: int, altered: bool) -> Any:
    """The function (members, train, watched, held out) of all forks."""
    objective = run.objective
    data_alone = replace(objective, penalty=Penalty(), penalties=())
    rule = optax.with_extra_args_support(run.transformation)
    convolves = any(isinstance(block, Filters) for block in blocks_of(run.network))

    def inputs(x: Array, member: dict[str, Any]) -> Array:
        return (x.astype(jnp.float32) - member["shift"]) * member["scale"] if altered else x

    def measure(parameters: Tree, state: Tree, batch: Batch, member: dict[str, Any]) -> tuple[Array, Array]:
        outputs = objective.body.apply(parameters, state, inputs(batch.x, member), Context())[0]
        losses = objective.loss.examples(outputs, batch.y)
        predicted = objective.predictions(outputs)
        if objective.classes:
            known_steps = batch.y >= 0
            scores = ((predicted.argmax(-1) == batch.y) & known_steps).sum() / jnp.maximum(known_steps.sum(), 1)
        else:
            scores = -jnp.square(predicted - batch.y.reshape(predicted.shape)).mean()
        mean = losses.mean() if batch.weight is None else (losses * batch.weight).sum() / batch.weight.sum()
        return mean, scores

    def grow(member: dict[str, Any], train: Batch, watched: Batch, held_out: Batch | None) -> Any:
        train = train._replace(y=member["y"], weight=member["weight"])
        key = jax.random.key(member["seed"])
        first = take(train, member["order"][0], False)

        def watch(parameters: Tree, state: Tree) -> Array:
            seen = measure(parameters, state, watched, member)
            one = measure(parameters, state, first, member)
            seen = jax.tree.map(lambda a, b: jnp.where(member["one"], a, b), one, seen)
            judged = (jnp.nan, jnp.nan) if held_out is None else measure(parameters, state, held_out, member)
            return jnp.stack([seen[0], judged[0], seen[1], judged[1]])

        def step(carry: Any, number: Array) -> Any:
            parameters, state, optimizer = carry
            batch = take(train, member["order"][number], False)
            batch = batch._replace(x=inputs(batch.x, member))
            own = jax.random.fold_in(key, number)

            def loss(parameters: Tree) -> tuple[Array, Tree]:
                value, after = data_alone(parameters, state, batch, own)
                return value + member["penalty"] * objective.penalty_of(parameters), after

            (value, after), gradients = value_and_grad(loss, has_aux=True)(parameters)
            extra = told(lambda parameters: loss(parameters)[0], parameters, value, gradients)
            updates, optimizer = rule.update(gradients, optimizer, parameters, **extra)
            updates = jax.tree.map(lambda update: member["rate"] * update, updates)
            return (objective.bound(optax.apply_updates(parameters, updates)), after, optimizer), value

        def quarter(carry: Any, number: Array) -> Any:
            length = steps // QUARTERS
            carry, losses = lax.scan(step, carry, number * length + jnp.arange(length))
            return carry, (losses, watch(carry[0], carry[1]))

        parameters, state = member["parameters"], member["state"]
        before = watch(parameters, state)
        start = (parameters, state, rule.init(parameters))
        _, (losses, seen) = lax.scan(quarter, start, jnp.arange(QUARTERS))
        seen = jnp.concatenate([before[None], seen])
        return losses.reshape(-1), seen[:, 0], seen[:, 1], seen[:, 2], seen[:, 3]

    def every(members: Any, train: Batch, watched: Batch, held_out: Batch | None) -> Any:
        if convolves:  # a convolution with many members' kernels at once is slow
            return lax.map(lambda member: grow(member, train, watched, held_out), members)
        return jax.vmap(grow, in_axes=(0, None, None, None))(members, train, watched, held_out)

    return every
