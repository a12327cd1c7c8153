"""Blocks in a row with the same description: Repeat runs them as one loop; Recompute keeps nothing inside them.

Repeat is f_n(… f_2(f_1(x))), where f_1 … f_n have one description and parameters of their own, stacked along a first
axis. XLA compiles the description once, so that a hundred layers compile as fast as two. Recompute trades time for
memory: the backward pass computes what is inside once more, from the input alone, so that n blocks of k layers keep n
inputs in place of n·k outputs.

Source of Recompute: Chen et al. 2016, "Training deep nets with sublinear memory cost", arXiv:1604.06174.
"""

from dataclasses import dataclass, replace
from functools import reduce
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax

from backlit.errors import ShapeError
from backlit.functions.activations import floats
from backlit.functions.initializers import Initializer
from backlit.layers.block import Context, Parameters, State, literal
from backlit.layers.composition import Composition, Sequential
from backlit.layers.plan import Plan, Reach, Variable
from backlit.layers.settings import keep_whole
from backlit.shapes import Array, Shape, write


@dataclass(frozen=True, init=False, repr=False)
class Repeat(Composition):
    """The same blocks several times in a row, each time with parameters of their own: f_n(… f_2(f_1(x))).

    The loop is compiled once, whatever `count` is. Its parameters and state have a first axis of `count`. Penalties and
    telemetry take all times of a block together; a bound on norms holds for each unit of each time.

    Args:
        count: how often, at least 1.
        *blocks: blocks whose output has the shape of their input.

    Shapes: x (B, ...), y (B, ...), the same.

    >>> from backlit import Dense, ReLU
    >>> print(Repeat(100, Dense(64), ReLU))
    Repeat(100, Dense(64), ReLU)
    >>> Repeat(100, Dense(64), ReLU).plan((64,)).size == 100 * (64 * 64 + 64)
    True
    """

    count: int = 1

    def __init__(self, count: int, *blocks: Any) -> None:
        super().__init__(*blocks)
        object.__setattr__(self, "count", count)
        keep_whole(self, "count")

    def __str__(self) -> str:
        return f"Repeat({', '.join([str(self.count), *map(literal, self.blocks)])})"

    __repr__ = __str__

    @property
    def exact(self) -> bool:
        """No: what goes round the loop keeps one precision."""
        return False

    def plan(self, input: Shape) -> Plan:
        """The plan of the blocks, `count` times."""
        once = Sequential(*self.blocks).plan(input)
        if once.output != once.input:
            raise ShapeError(
                f"Repeat feeds its blocks their own output, of shape {write(once.output)}, and their input has the "
                f"shape {write(once.input)}; make the last block end in {write(once.input)}"
            )
        reach = reduce(Reach.then, [once.reach] * (self.count - 1), once.reach)
        return replace(_stacked(once, self.count), reach=reach, repeats=self.count)

    def apply(self, parameters: Parameters, state: State, x: Array, context: Context) -> tuple[Array, State]:
        """A loop over the first axis of parameters and state."""
        body = Sequential(*self.blocks)

        def turn(carry: tuple[Array, Any], own: tuple[Parameters, State, Array]) -> Any:
            (x, steps), (weights, kept, index) = carry, own
            key = None if context.key is None else jax.random.fold_in(context.key, index)
            observer = None if context.observe is None else context.observe.inner()
            inner = replace(context, key=key, steps=steps, observe=observer)
            y, after = body.apply(weights, kept, x, inner)
            return (y, self._marks(steps)), (after, {} if observer is None else observer.seen)

        x = floats(x)
        x = x.astype(jnp.result_type(x, *jax.tree.leaves(parameters)))
        places = jnp.arange(self.count)
        (y, _), (after, seen) = lax.scan(turn, (x, context.steps), (parameters, state, places))
        if context.observe is not None:
            context.observe.seen |= seen
        return y, after

    def steps(self, steps: Array | None) -> Array | None:
        """The real steps after the last time."""
        if steps is None or self._marks(steps) is steps:
            return steps
        after: Array = lax.fori_loop(0, self.count, lambda _, real: self._marks(real), steps)
        return after

    def _marks(self, steps: Array | None) -> Array | None:
        """The real steps after the blocks, in the form that these have before them."""
        if steps is None:
            return None
        after = Sequential(*self.blocks).steps(steps)
        return jnp.ones_like(steps) if after is None else after.astype(steps.dtype) if after is not steps else steps


@dataclass(frozen=True, init=False, repr=False)
class Recompute(Sequential):
    """Blocks one after another, of which training keeps the input alone: the backward pass runs them forward again.

    Values and gradients are those of the blocks themselves; a training step takes up to a third longer, and needs less
    memory: `Repeat(100, Recompute(Dense(64), ReLU))` keeps 100 arrays in place of some 300.

    Args:
        *blocks: blocks, or classes whose hyperparameters all have defaults.

    Source: Chen et al. 2016, arXiv:1604.06174.

    >>> from backlit import DecoderBlock
    >>> print(Recompute(DecoderBlock(4)))
    Recompute(DecoderBlock(4))
    """

    def apply(self, parameters: Parameters, state: State, x: Array, context: Context) -> tuple[Array, State]:
        """Each block in turn, with nothing kept between them."""

        def run(parameters: Parameters, state: State, x: Array) -> tuple[Array, State, dict[str, Any]]:
            observer = None if context.observe is None else context.observe.inner()
            y, after = Sequential.apply(self, parameters, state, x, replace(context, observe=observer))
            return y, after, {} if observer is None else observer.seen

        y, after, seen = jax.checkpoint(run)(parameters, state, x)
        if context.observe is not None:
            context.observe.seen |= seen
        return y, after


@dataclass(frozen=True)
class Stacked:
    """Draws an array (count, ...) whose entries along the first axis the initializer draws, each by itself."""

    initializer: Initializer

    def __call__(self, key: Array, shape: Shape, dtype: Any = jnp.float32) -> Array:
        """An array of this shape."""
        return jax.vmap(lambda own: self.initializer(own, shape[1:], dtype))(jax.random.split(key, shape[0]))


def _stacked(plan: Plan, count: int) -> Plan:
    """The plan of blocks that run `count` times."""

    def stack(variable: Variable) -> Variable:
        incoming = range(len(variable.shape) - 1) if variable.incoming is None else variable.incoming
        return replace(
            variable,
            shape=(count, *variable.shape),
            initializer=Stacked(variable.initializer),
            incoming=tuple(axis % len(variable.shape) + 1 for axis in incoming),
        )

    return replace(
        plan,
        parameters={name: stack(variable) for name, variable in plan.parameters.items()},
        state={name: stack(variable) for name, variable in plan.state.items()},
        multiply_adds=count * plan.multiply_adds,
        neurons=count * plan.neurons,
        parts={name: _stacked(part, count) for name, part in plan.parts.items()},
    )
