"""Compositions: blocks made of blocks.

Sequential is f_n(… f_2(f_1(x))). Residual is x + f(x), so that the gradient has a way around f:
∂L/∂x = ȳ (1 + ∂f/∂x). Parallel is [f_1(x), …, f_n(x)] or f_1(x) + … + f_n(x): several outputs of one input, and, with
Linear as a branch, a skip layer that hands the input straight on.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, replace
from functools import reduce
from operator import add
from typing import Any

import jax
import jax.numpy as jnp

from backlit.errors import SettingError, ShapeError
from backlit.layers.block import Block, Context, Parameters, State, as_block, literal
from backlit.layers.padding import Padding
from backlit.layers.plan import POINT, Plan
from backlit.shapes import Array, Shape, write


@dataclass(frozen=True, init=False, repr=False)
class Composition(Block):
    """What compositions share: blocks with names, each its kind and its number among that kind: `dense_1`, `relu_1`."""

    blocks: tuple[Block, ...]

    def __init__(self, *blocks: Any) -> None:
        object.__setattr__(self, "blocks", tuple(as_block(block) for block in blocks))

    @property
    def named(self) -> dict[str, Block]:
        """The blocks by name, in order."""
        counts: Counter[str] = Counter()
        named = {}
        for block in self.blocks:
            kind = type(block).__name__.lower()
            counts[kind] += 1
            named[f"{kind}_{counts[kind]}"] = block
        return named

    def parts(self, input: Shape) -> Mapping[str, Block]:
        """Its blocks."""
        return self.named

    @property
    def exact(self) -> bool:
        """Its blocks decide, each for itself."""
        return True

    def __str__(self) -> str:
        words = [literal(block) for block in self.blocks]
        for entry in fields(self)[1:]:
            if getattr(self, entry.name) != entry.default:
                words.append(f"{entry.name}={literal(getattr(self, entry.name))}")
        return f"{type(self).__name__}({', '.join(words)})"

    __repr__ = __str__


def blocks_of(block: Block) -> Iterator[Block]:
    """A block and all that it is composed of."""
    yield block
    for inner in block.blocks if isinstance(block, Composition) else ():
        yield from blocks_of(inner)


@dataclass(frozen=True, init=False, repr=False)
class Sequential(Composition):
    """Blocks applied one after another: f_n(… f_2(f_1(x))).

    Args:
        *blocks: blocks, or classes whose hyperparameters all have defaults: `Sequential(Dense(64), ReLU, Dense(10))`.

    >>> print(Sequential())
    Sequential()
    """

    def plan(self, input: Shape) -> Plan:
        """The plans of the blocks in a row."""
        parts, shape, reach = {}, tuple(input), POINT
        for name, block in self.named.items():
            parts[name] = plan_part(name, block, shape)
            if isinstance(block, Composition) and _pads(block):
                raise ShapeError("Padding marks steps for the network around it: move it to the front").within(name)
            shape, reach = parts[name].output, reach.then(parts[name].reach)
        return Plan(
            input=tuple(input),
            output=shape,
            multiply_adds=sum(part.multiply_adds for part in parts.values()),
            neurons=sum(part.neurons for part in parts.values()),
            reach=reach,
            linear=all(part.linear for part in parts.values()),
            parts=parts,
        )

    def apply(self, parameters: Parameters, state: State, x: Array, context: Context) -> tuple[Array, State]:
        """Each block in turn, under its name."""
        after: State = {}
        for index, (name, block) in enumerate(self.named.items()):
            steps = block.mark(x) if isinstance(block, Padding) else block.steps(context.steps)
            x = apply_part(name, block, parameters, state, x, context.enter(name, index), after)
            context = replace(context, steps=steps)
        return x, after

    def steps(self, steps: Array | None) -> Array | None:
        """The real steps after the last block."""
        return reduce(lambda real, block: block.steps(real), self.blocks, steps)

    def _repr_html_(self) -> str | None:
        """The blocks one after another, where there is nothing else to a network."""
        from backlit.layers.drawing import draw_outline

        return draw_outline(self, self.named)._repr_html_() if type(self) is Sequential else None


@dataclass(frozen=True, init=False, repr=False)
class Residual(Sequential):
    """Blocks with a way around them: y = x + f_n(… f_1(x)); the output's shape must be the input's.

    Source: He et al. 2015, arXiv:1512.03385.
    """

    def plan(self, input: Shape) -> Plan:
        """The plan of the blocks, whose output must have the input's shape."""
        plan = super().plan(input)
        if plan.output != plan.input:
            raise ShapeError(
                f"Residual adds its input, of shape {write(plan.input)}, to its blocks' output, "
                f"of shape {write(plan.output)}; make the last block end in {write(plan.input)}"
            )
        return replace(plan, residual=True)

    def apply(self, parameters: Parameters, state: State, x: Array, context: Context) -> tuple[Array, State]:
        """The input plus what the blocks make of it."""
        y, after = super().apply(parameters, state, x, context)
        return x + y, after


@dataclass(frozen=True, init=False, repr=False)
class Skip(Sequential):
    """Blocks whose input goes straight on beside their output: y = [x, f_n(… f_1(x))], joined along the last axis.

    >>> from backlit import Dense, Tanh
    >>> print(Skip(Dense(8), Tanh).plan((3,)).output)
    (11,)
    """

    def plan(self, input: Shape) -> Plan:
        """The plan of the blocks, whose output may differ from the input in its last axis alone."""
        plan = super().plan(input)
        if not plan.output or plan.output[:-1] != plan.input[:-1]:
            raise ShapeError(
                f"Skip joins its input, of shape {write(plan.input)}, and its blocks' output, of shape "
                f"{write(plan.output)}, along the last axis; make them differ in that axis alone"
            )
        joined = (*plan.output[:-1], plan.input[-1] + plan.output[-1])
        return replace(plan, output=joined, residual=True)

    def apply(self, parameters: Parameters, state: State, x: Array, context: Context) -> tuple[Array, State]:
        """The input and what the blocks make of it, side by side."""
        y, after = super().apply(parameters, state, x, context)
        return jnp.concatenate([x, y], axis=-1), after


@dataclass(frozen=True, init=False, repr=False)
class Parallel(Composition):
    """Branches that see the same input, side by side: y = [f_1(x), …, f_n(x)], or y = f_1(x) + … + f_n(x).

    Args:
        *blocks: the branches, at least one; Linear hands the input straight on (a skip layer).
        combine: 'concatenate' (along the last axis) or 'add' (outputs of one shape).

    >>> from backlit import Dense, Linear, Tanh
    >>> print(Parallel(Linear, Sequential(Dense(8), Tanh)).plan((3,)).output)
    (11,)
    """

    combine: str = "concatenate"

    def __init__(self, *blocks: Any, combine: str = "concatenate") -> None:
        super().__init__(*blocks)
        object.__setattr__(self, "combine", combine)
        if not blocks:
            raise SettingError("Parallel needs at least one branch, such as Parallel(Linear, Dense(8))")
        if combine not in ("concatenate", "add"):
            raise SettingError(f"Parallel takes combine='concatenate' or combine='add', not {combine!r}")

    def plan(self, input: Shape) -> Plan:
        """The plans of the branches, whose outputs must fit together."""
        parts = {name: plan_part(name, block, tuple(input)) for name, block in self.named.items()}
        outputs = [part.output for part in parts.values()]
        reach = next(iter(parts.values())).reach
        for part in parts.values():
            reach = reach.beside(part.reach)
        return Plan(
            input=tuple(input),
            output=self._combined(outputs),
            multiply_adds=sum(part.multiply_adds for part in parts.values()),
            neurons=sum(part.neurons for part in parts.values()),
            reach=reach,
            linear=all(part.linear for part in parts.values()),
            parts=parts,
            branched=True,
        )

    def apply(self, parameters: Parameters, state: State, x: Array, context: Context) -> tuple[Array, State]:
        """Each branch on the same input, under its name; then their outputs together."""
        after: State = {}
        outputs = [
            apply_part(name, block, parameters, state, x, context.enter(name, index), after)
            for index, (name, block) in enumerate(self.named.items())
        ]
        return (jnp.concatenate(outputs, axis=-1) if self.combine == "concatenate" else reduce(add, outputs)), after

    def steps(self, steps: Array | None) -> Array | None:
        """The real steps of the branches' outputs, which have one axis of time."""
        return next((real for block in self.blocks if (real := block.steps(steps)) is not None), None)

    def _combined(self, outputs: list[Shape]) -> Shape:
        shapes = ", ".join(write(output) for output in outputs)
        if self.combine == "add":
            if len(set(outputs)) > 1:
                raise ShapeError(f"Parallel adds branches of one shape, and theirs are {shapes}")
            return outputs[0]
        if () in outputs or len({output[:-1] for output in outputs}) > 1:
            raise ShapeError(f"Parallel joins branches that differ in their last axis alone, and theirs are {shapes}")
        return (*outputs[0][:-1], sum(output[-1] for output in outputs))


def _pads(block: Block) -> bool:
    return isinstance(block, Padding) or (isinstance(block, Composition) and any(map(_pads, block.blocks)))


def plan_part(name: str, block: Block, input: Shape) -> Plan:
    """The plan of a composition's block `name`; its errors are told with the path to it."""
    try:
        return block.plan(input)
    except ShapeError as error:
        raise error.within(name) from None


def apply_part(
    name: str, block: Block, parameters: Parameters, state: State, x: Array, context: Context, after: State
) -> Array:
    """The output of a composition's block `name`; its variables are those of that name, its state goes to `after`."""
    if context.streaming and not block.streams and x.ndim > 2:
        raise SettingError(
            f"layer {context.path}: {block} keeps no earlier steps, so it cannot take a sequence piece by piece"
        )
    with jax.named_scope(name):
        trained = bool(parameters.get(name)) and not block.exact
        if context.precision is not None and trained and jnp.issubdtype(x.dtype, jnp.floating):
            x = x.astype(context.precision)
        y, kept = block.apply(parameters.get(name, {}), state.get(name, {}), x, context)
    if kept:
        after[name] = kept
    if context.observe is not None:
        context.observe(context.path, block, x, y)
    return y
