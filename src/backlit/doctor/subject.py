"""What is examined, as pure functions of arrays: a run of Backlit's, or anybody's JAX loss and parameters."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax

from backlit.layers.block import Context
from backlit.shapes import Array, Tree
from backlit.training import Run
from backlit.training.compilation import ONCE, known
from backlit.training.objective import Batch

ROWS = 256  # of the batch that is looked at


@dataclass(frozen=True)
class Subject:
    """Functions and one batch; what is None cannot be examined, and is said to be left out.

    Attributes:
        loss: (parameters, state, batch, key) → the loss in training mode with its penalties, and the state after it.
        batch: rows of training data; a `Batch` for a run of Backlit's, else whatever the loss takes.
        parameters, state: the first ones.
        draw: key → parameters and state, drawn anew.
        rule: the update rule.
        outputs: (parameters, state, x) → what the loss is taken of, in evaluation mode: (B, ...).
        judge: (outputs, y) → the loss of each example (B,).
        score: (outputs, y) → how well each example is answered (B,), the larger the better.
        x, y: the inputs and the targets in the batch.
        run: the run of Backlit's.
    """

    loss: Callable[[Tree, Tree, Any, Array], tuple[Array, Tree]]
    batch: Any
    parameters: Tree
    state: Tree
    draw: Callable[[Array], tuple[Tree, Tree]] | None = None
    rule: optax.GradientTransformation | None = None
    outputs: Callable[[Tree, Tree, Array], Array] | None = None
    judge: Callable[[Array, Array], Array] | None = None
    score: Callable[[Array, Array], Array] | None = None
    x: Any = None
    y: Any = None
    run: Run | None = None


def subject_of(run: Run, rows: int = ROWS) -> Subject:
    """A run as a subject, before its first step: with the first weights of its seed, and its first training rows.

    Args:
        run: ready to train.
        rows: how many training rows are looked at, at most.
    """
    part, objective = run.parts.train, run.objective
    chosen = np.random.default_rng(run.settings.seed).permutation(len(part.x))[:rows]
    x, y = jnp.asarray(part.x[chosen]), jnp.asarray(objective.targets(part.y[chosen], run.fitted))
    weights = jnp.asarray(run.row_weights[chosen]) if (run.row_weights != 1).any() else None
    batch = Batch(x, y, weights, jnp.ones(len(chosen)))

    def draw(key: Array) -> tuple[Tree, Tree]:
        parameters, state = run.initialize(key)
        return parameters, {**state, **run.fitted}

    def loss(parameters: Tree, state: Tree, batch: Batch, key: Array) -> tuple[Array, Tree]:
        return objective(parameters, state, batch, key)

    def outputs(parameters: Tree, state: Tree, x: Array) -> Array:
        return objective.body.apply(parameters, state, x, Context())[0]

    def score(outputs: Array, y: Array) -> Array:
        predicted = objective.predictions(outputs)
        if objective.classes:
            right = (predicted.argmax(-1) == y) & (y >= 0)
            return right.reshape(len(right), -1).mean(-1)
        return -jnp.square(predicted - y.reshape(predicted.shape)).reshape(len(predicted), -1).mean(-1)

    parameters, state = jax.jit(draw, compiler_options=known(ONCE))(
        jax.random.split(jax.random.key(run.settings.seed))[1]
    )
    return Subject(
        loss=loss,
        batch=batch,
        parameters=parameters,
        state=state,
        draw=draw,
        rule=run.transformation,
        outputs=outputs,
        judge=objective.loss.examples,
        score=score,
        x=x,
        y=y,
        run=run,
    )
