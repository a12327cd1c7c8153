"""Backlit through its own run, started from the row's weights.

'fit' is all that `fit` does between the first step and the last: shuffling, steps, the scores and the telemetry of
every epoch, stopping, and the visits of Python. 'steps' is the same compiled steps with shuffling alone, which is what
the peers' loops do. 'together' is a population through `train_together`, 'alone' one of its members through `fit`.
"""

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from tasks import HEADS, RATE, Task
from timing import seconds

import backlit as bl
from backlit.layers.composition import Sequential
from backlit.training.compilation import compiler_options
from backlit.training.execution import Execution
from backlit.training.history import History
from backlit.training.model import Model
from backlit.training.objective import Batch
from backlit.training.populations.population import train_together
from backlit.training.program import Carry, Program, Trained
from backlit.training.programs import cache_programs
from backlit.training.run import Run
from backlit.training.stopping import Watch

MANY = 1_000_000  # epochs, so that no chunk ends the run


def build(task: Task, variant: str) -> "Steps | Fit | Together":
    if variant == "together" and task.members > 1:
        return Together(task)
    return Steps(task) if variant == "steps" else Fit(task)


def prepared(task: Task) -> Run:
    """The row's run."""
    x, y = task.data()
    loss = {} if task.numbers else {"loss": "cross-entropy", "task": "many classes"}
    return bl.prepare(
        notation(task),
        x,
        y,
        **loss,
        split=(1, 0, 0),
        epochs=MANY,
        batch_size=task.batch,
        learning_rate=RATE,
        schedule="constant",
        l2=0.0,
    )


def notation(task: Task) -> str:
    """The network as a person writes it."""
    match task.network:
        case "mlp":
            return ", ReLU, ".join(f"Dense({width})" for width in task.sizes[1:])
        case "cnn":
            return "lenet5"
        case "resnet":
            return "resnet-small"
        case "transformer":
            start = f"Embedding({task.outputs}, {task.widths[0]}), Position('learned')"
            blocks = ", ".join([f"DecoderBlock({HEADS})"] * len(task.widths))
            return f"{start}, {blocks}, LayerNorm, Dense({task.outputs})"
        case recurrent:
            return f"{recurrent.upper()}({task.widths[0]}), Dense({task.outputs})"


def filled(tree: Any, weights: Iterator[np.ndarray]) -> Any:
    """A tree of variables with the next weights in their places."""
    if isinstance(tree, dict):
        return {name: filled(inner, weights) for name, inner in tree.items()}
    weight = next(weights)
    assert weight.shape == tree.shape, f"{weight.shape} is not {tree.shape}"
    return jnp.asarray(weight)


def begin_with(weights: list[np.ndarray]) -> None:
    """Every network of this process begins with these weights."""
    initialize = Sequential.initialize

    def given(self: Sequential, *args: Any) -> Any:
        parameters, state = initialize(self, *args)
        return filled(parameters, iter(weights)), state

    Sequential.initialize = given  # type: ignore[method-assign]


class Begun:
    """A run before its first epoch, and its loss."""

    data: Batch

    def __init__(self, task: Task) -> None:
        self.task, self.execution = task, Execution(prepared(task), None, alone=False)
        run, program = self.execution.run, self.execution.program
        state = jax.jit(lambda key: run.network.initialize(run.input_shape, key)[1])(jax.random.key(0))
        parameters = filled(run.network.plan(run.input_shape).tree("parameters"), iter(task.weights()))
        self.execution.key, self.execution.carry = jax.random.key(1), program.begin(parameters, {**state, **run.fitted})
        self.measure = jax.jit(run.objective.measure)

    @property
    def trained(self) -> Trained:
        """What has been trained by now."""
        return self.execution.carry.trained

    def loss(self) -> float:
        trained = self.trained
        total = 0.0
        for start in range(0, self.task.rows, self.task.batch):
            batch = jax.tree.map(lambda a, start=start: a[start : start + self.task.batch], self.data)
            sums = self.measure(trained.parameters, trained.state, batch)
            total += float(sums.loss / sums.rows) / self.task.steps
        return total


class Steps(Begun):
    """The compiled steps of the run, any number of epochs in one call."""

    def __init__(self, task: Task) -> None:
        super().__init__(task)
        self.data = self.execution.data()
        program, watch = self.execution.program, self.execution.carry.watch
        self.state = self.execution.carry.trained
        del self.execution.carry  # with the best parameters so far, which the peers' loops do not keep

        @partial(jax.jit, donate_argnums=0, compiler_options=compiler_options(self.execution.run.network))
        def train(trained: Trained, data: Batch, key: jax.Array, first: jax.Array, until: jax.Array) -> Trained:
            def epoch(index: jax.Array, trained: Trained) -> Trained:
                carry = Carry(trained, None, watch._replace(epoch=index))
                return Program.replay(program, carry, data, key, jnp.int32(program.steps)).trained

            return lax.fori_loop(first, until, epoch, trained)

        self.epochs, self.call = 0, train

    @property
    def trained(self) -> Trained:
        """What has been trained by now."""
        return self.state

    def train(self, epochs: int) -> float:
        def run() -> None:
            first, until = jnp.int32(self.epochs), jnp.int32(self.epochs + epochs)
            self.state = jax.block_until_ready(self.call(self.state, self.data, self.execution.key, first, until))

        self.epochs += epochs
        return seconds(run)


class Fit(Begun):
    """The whole run, again and again for some epochs more."""

    def __init__(self, task: Task) -> None:
        super().__init__(task)
        self.data = self.execution.source.data

    def train(self, epochs: int) -> float:
        execution = self.execution
        execution.carry = execution.carry._replace(watch=Watch.begin())
        execution.settings = replace(execution.settings, epochs=epochs)
        execution.history, execution.made = History(), 0
        return execution.finish().seconds["train"]


class Together:
    """A population that begins anew in every call, its members in the same order of rows, as the peers' are."""

    def __init__(self, task: Task) -> None:
        cache_programs()  # so that only the first call compiles
        begin_with(task.weights())
        self.run, self.rates, self.epochs = prepared(task), task.rates.tolist(), 0

    def train(self, epochs: int) -> float:
        spent = self.members(epochs)[0].seconds
        first, self.epochs = not self.epochs, self.epochs + epochs
        return spent["train"] + (spent["compile"] if first else 0.0)

    def loss(self) -> float:
        if not self.epochs:
            execution = Execution(self.run, None)
            parameters, state = execution.carry.best
            return execution.scorer.score(parameters, state, self.run.parts.train.x, execution.y["train"])["loss"]
        return float(np.mean([model.history["train_loss"][-1] for model in self.members(self.epochs)]))

    def members(self, epochs: int) -> list[Model]:
        """Their models after so many epochs."""
        made = train_together([self.run.change(learning_rate=rate, epochs=epochs) for rate in self.rates])
        models = [model for model in made if isinstance(model, Model)]
        assert len(models) == len(made), "a member left no model"
        return models
