"""Minimizing any function of arrays with the update rules that train networks, in one compiled loop, with its trace."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax import lax

from backlit.errors import SettingError
from backlit.graph import value_and_grad
from backlit.layers.settings import LARGEST, is_whole
from backlit.optimizers import LearningRate, optimizer_named
from backlit.shapes import Array, Tree
from backlit.training.updates import told
from backlit.training.verdicts import verdict

SMALL = 1_000_000  # numbers that a trace of points may hold


@dataclass(frozen=True)
class Minimum:
    """Where a minimization ended, and how it got there.

    Attributes:
        point: the last point, of the start's structure.
        value: f there.
        values: f at the start and after each step, (steps + 1,).
        norms: |∇f| at the same points, (steps + 1,).
        points: the points themselves, each leaf with an axis of steps + 1 before its own; None where they are many.
        stopped: 'tolerance', 'steps', or 'non-finite'.
    """

    point: Any
    value: float
    values: np.ndarray
    norms: np.ndarray
    points: Any
    stopped: str

    @property
    def steps(self) -> int:
        """The steps that were made."""
        return len(self.values) - 1

    @property
    def verdict(self) -> str:
        """What the trace says, see `backlit.verdict`; a search that met its tolerance has converged."""
        return "converged" if self.stopped == "tolerance" else verdict(self.values)


def minimize(
    f: Callable[[Any], Array],
    start: Any,
    optimizer: str | optax.GradientTransformation = "gradient-descent",
    steps: int = 100,
    learning_rate: LearningRate | None = None,
    tolerance: float = 0.0,
) -> Minimum:
    """Minimize a function by any update rule, our own or Optax's: θ ← θ + update, until |∇f| ≤ tolerance.

    Args:
        f: a function of one array or pytree of arrays, with one floating number as its output.
        start: where it begins.
        optimizer: an update rule by name, `newton`, `adam(decay=0.8)`, or a transformation in Optax's protocol.
        steps: the most steps, at least 1; default 100.
        learning_rate: of a rule given by name, above 0, or an Optax schedule; None: the rule's default.
        tolerance: the gradient's norm at which it ends, at least 0; default 0: where the gradient is exactly 0.

    Returns:
        The point, and the trace of values and gradient norms.

    Raises:
        SettingError: an unknown rule or a setting out of range.
        GraphError: f cannot be traced or differentiated.

    >>> minimize(lambda w: (w - 3.0) ** 2, 0.0, "newton").point
    Array(3., dtype=float32)
    """
    if not is_whole(steps, 1):
        raise SettingError(f"steps is a whole number from 1 to {LARGEST:,}, not {steps!r}")
    if not isinstance(tolerance, int | float) or not 0 <= tolerance < float("inf"):
        raise SettingError(f"tolerance is a finite number of at least 0, not {tolerance!r}")
    if isinstance(optimizer, str):
        rule = optimizer_named(optimizer, learning_rate)
    elif not isinstance(optimizer, optax.GradientTransformation):
        raise SettingError(f"optimizer is the name of an update rule, such as 'newton', or the rule, not {optimizer!r}")
    elif learning_rate is None:
        rule = optimizer
    else:
        raise SettingError("learning_rate is part of the transformation that is given as the optimizer: set it there")
    try:
        start = jax.tree.map(lambda leaf: jnp.asarray(leaf) * 1.0, start)
    except (TypeError, ValueError):
        raise SettingError(f"start is an array of numbers, or a tree of them, not {start!r}") from None
    if not any(leaf.size for leaf in jax.tree.leaves(start)):
        raise SettingError("start has no numbers: give an array of at least one, or a tree of them")
    keeps = (int(steps) + 1) * sum(leaf.size for leaf in jax.tree.leaves(start)) <= SMALL
    made, point, trace = _descend(f, optax.with_extra_args_support(rule), int(steps), float(tolerance), keeps, start)
    values, norms, points = jax.tree.map(lambda rows: np.asarray(rows)[: int(made) + 1], trace)
    finite = np.isfinite(values[-1]) and np.isfinite(norms[-1])
    stopped = "non-finite" if not finite else "tolerance" if norms[-1] <= tolerance else "steps"
    return Minimum(point, float(values[-1]), values, norms, points if keeps else None, stopped)


def _descend(
    f: Callable[[Any], Array],
    rule: optax.GradientTransformationExtraArgs,
    steps: int,
    tolerance: float,
    keeps: bool,
    start: Tree,
) -> tuple[Array, Tree, Any]:
    """The number of steps made, the last point, and the trace with room for all steps."""

    def look(point: Tree) -> tuple[Array, Tree, Array]:
        value, gradient = value_and_grad(f)(point)
        return value, gradient, optax.tree.norm(gradient)

    def noted(trace: Any, place: Array, value: Array, norm: Array, point: Tree) -> Any:
        return jax.tree.map(lambda rows, row: rows.at[place].set(row), trace, (value, norm, point if keeps else ()))

    def unfinished(loop: tuple[Any, ...]) -> Array:
        made, _, (value, _, norm), _, _ = loop
        return (made < steps) & (norm > tolerance) & jnp.isfinite(value)

    def advance(loop: tuple[Any, ...]) -> tuple[Any, ...]:
        made, point, (value, gradient, _), state, trace = loop
        updates, state = rule.update(gradient, state, point, **told(f, point, value, gradient))
        point = optax.apply_updates(point, updates)
        here = look(point)
        return made + 1, point, here, state, noted(trace, made + 1, here[0], here[2], point)

    @jax.jit
    def descend(start: Tree) -> tuple[Array, Tree, Any]:
        value, gradient, norm = look(start)
        rows = (value, norm, start if keeps else ())
        trace = jax.tree.map(lambda row: jnp.zeros((steps + 1, *row.shape), row.dtype), rows)
        first = noted(trace, jnp.int32(0), value, norm, start)
        begun = (jnp.int32(0), start, (value, gradient, norm), rule.init(start), first)
        made, point, _, _, trace = lax.while_loop(unfinished, advance, begun)
        return made, point, trace

    return descend(start)
