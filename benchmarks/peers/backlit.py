"""Backlit through its own run, started from the row's weights.

'fit' is all that `fit` does between the first step and the last: shuffling, steps, the scores and the telemetry of
every epoch, stopping, and the visits of Python. 'steps' is the same compiled steps with shuffling alone, which is what
the peers' loops do.
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
from backlit.training.execution import Execution
from backlit.training.history import History
from backlit.training.objective import Batch
from backlit.training.program import Carry, Program
from backlit.training.stopping import Watch

MANY = 1_000_000  # epochs, so that no chunk ends the run


def build(task: Task, variant: str) -> "Steps":
    return (Fit if variant == "fit" else Steps)(task)


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


class Steps:
    """The compiled steps of the run, any number of epochs in one call."""

    def __init__(self, task: Task) -> None:
        x, y = task.data()
        loss = {} if task.numbers else {"loss": "cross-entropy", "task": "many classes"}
        run = bl.prepare(
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
        self.task, self.execution = task, Execution(run, None)
        parameters = filled(run.network.plan(run.input_shape).tree("parameters"), iter(task.weights()))
        program, state = self.execution.program, self.execution.carry.trained.state
        self.execution.carry = program.begin(parameters, state)
        self.data = self.execution.data()
        self.measure = jax.jit(run.objective.measure)
        self.start()

    def start(self) -> None:
        program, key = self.execution.program, self.execution.key

        @partial(jax.jit, donate_argnums=0)
        def train(carry: Carry, data: Batch, first: jax.Array, until: jax.Array) -> Carry:
            def epoch(index: jax.Array, carry: Carry) -> Carry:
                watched = carry._replace(watch=carry.watch._replace(epoch=index))
                steps = Program.replay(program, watched, data, key, jnp.int32(program.steps))
                return carry._replace(trained=steps.trained)

            return lax.fori_loop(first, until, epoch, carry)

        self.epochs, self.call = 0, train
        self.execution.carry = jax.tree.map(jnp.copy, self.execution.carry)

    def train(self, epochs: int) -> float:
        def run() -> None:
            first, until = jnp.int32(self.epochs), jnp.int32(self.epochs + epochs)
            self.execution.carry = jax.block_until_ready(self.call(self.execution.carry, self.data, first, until))

        self.epochs += epochs
        return seconds(run)

    def loss(self) -> float:
        trained = self.execution.carry.trained
        total = 0.0
        for start in range(0, self.task.rows, self.task.batch):
            batch = jax.tree.map(lambda a, start=start: a[start : start + self.task.batch], self.data)
            sums = self.measure(trained.parameters, trained.state, batch)
            total += float(sums.loss / sums.rows) / self.task.steps
        return total


class Fit(Steps):
    """The whole run, again and again for some epochs more."""

    def start(self) -> None:
        self.run = self.execution.run
        self.compiled = self.execution.source

    def train(self, epochs: int) -> float:
        execution = self.execution
        execution.carry = execution.carry._replace(watch=Watch.begin())
        execution.settings = replace(execution.settings, epochs=epochs)
        execution.history, execution.made = History(), 0
        return execution.finish().seconds["train"]
