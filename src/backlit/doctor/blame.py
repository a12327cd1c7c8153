"""A value that is not finite, in words: what made it, of what, and what to do."""

from dataclasses import dataclass

import numpy as np

from backlit.graph.marks import write_number
from backlit.shapes import Shape, write

REPAIRS = {
    "acos": "keep what it is taken of inside −1 and 1",
    "asin": "keep what it is taken of inside −1 and 1",
    "atanh": "keep what it is taken of inside −1 and 1",
    "div": "keep the divisor away from 0: add a small number to it, or choose with jnp.where before dividing",
    "exp": "subtract the maximum first, as jax.nn.softmax and jax.nn.logsumexp do, or bound what it is taken of",
    "gather": "keep the indices inside the array: what lies outside is read as NaN",
    "input": "look at these values where they are made: in the data, or in the step before",
    "constant": "look at these values where they are made",
    "log": "keep what it is taken of above 0: use jax.nn.log_softmax or log_sigmoid, or add a small number",
    "log1p": "keep what it is taken of above −1",
    "rsqrt": "keep what it is taken of above 0: add a small number under the root",
    "sqrt": "keep what it is taken of above 0: add a small number under the root",
}
"""What to do, by the operation."""
INFINITE = {
    "add": "∞ − ∞ is no number: leave at least one place of a mask open, or mask with a large finite number",
    "dot_general": "0 · ∞ is no number: choose with jnp.where instead of multiplying by a mask",
    "mul": "0 · ∞ is no number: choose with jnp.where instead of multiplying by a mask",
    "sub": "∞ − ∞ is no number: leave at least one place of a mask open, or mask with a large finite number",
}
"""What to do, by the operation, where it was given an infinity that is meant."""
UNUSED = "give the branch that is not chosen a harmless input, by a jnp.where before it: 0 · ∞ is no number"
SMALLER = "make what goes into it smaller: a lower learning rate, smaller first weights, normalized inputs"


@dataclass(frozen=True)
class Operand:
    """What an operation was made of.

    Attributes:
        name: of an argument, or v0, v1, ... for a value inside.
        shape: its shape.
        low, high: the least and the largest of its finite values; NaN where none is.
        bad: how many of its values are not finite.
        here: its values at the places that are named, where the operation acts on each element alone.
    """

    name: str
    shape: Shape
    low: float
    high: float
    bad: int
    here: tuple[float, ...]

    def __str__(self) -> str:
        size = f" of shape {write(self.shape)}" if self.shape else ""
        if np.isnan(self.low):
            return f"{self.name}{size}" + (", not finite" if self.bad else "")
        span = number(self.low) if self.low == self.high else f"{number(self.low)} to {number(self.high)}"
        bad = f", and {self.bad} that are not finite" if self.bad else ""
        return f"{self.name}{bad}" if self.name == span else f"{self.name}{size}: {span}{bad}"


@dataclass(frozen=True)
class NonFinite:
    """The first value that is not finite although what it is made of is; `print` says it in three lines.

    Attributes:
        operation: JAX's name of the operation; 'input' where an argument holds it already.
        words: the operation, as people call it.
        path: the layer, by `jax.named_scope`; '' outside of every layer.
        name: the node's name: an argument's own for an input.
        backward: whether it is the gradient that the operation sends back; its value may be finite.
        shape, dtype: of the value or gradient.
        count: how many of its elements are NaN, or infinite where none is.
        positions: the first few of them.
        values: what is there.
        inputs: what the operation was made of; going back, the gradient that arrived comes last, as 'gradient'.
        loop: 'step 3 of 10 of a loop' where it lies in one; '' else.
        unused: whether the gradient goes into a value that the result does not use, as of a branch not chosen.
        precision: the narrow dtype whose range it left, where the same program in float32 is finite; '' else.
    """

    operation: str
    words: str
    path: str
    name: str
    backward: bool
    shape: Shape
    dtype: str
    count: int
    positions: tuple[tuple[int, ...], ...]
    values: tuple[float, ...]
    inputs: tuple[Operand, ...]
    loop: str = ""
    unused: bool = False
    precision: str = ""

    @property
    def fault(self) -> str:
        """Its name among `faults.FAULTS`."""
        return "precision overflow / underflow" if self.precision else "NaN / Inf"

    @property
    def place(self) -> str:
        """Where it is, in words: 'layer dense_1', 'argument x'."""
        if self.operation == "input" and not self.backward:
            return f"argument {self.name}"
        return f"layer {self.path}" if self.path else ""

    @property
    def what(self) -> str:
        """What happened, as a sentence without its full stop."""
        kind = "NaN" if any(map(np.isnan, self.values)) else "an infinity"
        way = f"the gradient that {self.words} sends back is {kind}" if self.backward else f"{self.words} gives {kind}"
        if self.operation == "input" and not self.backward:
            way = f"the argument {self.name} holds {kind}"
        inside = f" in layer {self.path}" if self.path else ""
        loop = f", in {self.loop}" if self.loop else ""
        size = int(np.prod(self.shape))
        share = f"{self.count} of {size} values" if size > 1 else "its one value"
        first = f", the first at {self.positions[0]}" if size > 1 else ""
        return f"{way}{inside}{loop} ({share}{first})"

    @property
    def evidence(self) -> str:
        """What it was made of, as a sentence without its full stop."""
        if not self.inputs:
            return f"at {self.positions[0]}: {number(self.values[0])}" if self.shape else number(self.values[0])
        here = [f"{one.name} = {number(one.here[0])}" for one in self.inputs if one.here]
        at = f"; there {', '.join(here)} → {number(self.values[0])}" if here else f" → {number(self.values[0])}"
        return f"it is made of {'; '.join(map(str, self.inputs))}{at}"

    @property
    def repair(self) -> str:
        """What to do, as a sentence without its full stop."""
        if self.precision:
            return f"compute this in float32: it is finite there, and leaves the range of {self.precision}"
        if self.unused:
            return UNUSED
        if self.operation in INFINITE and any(one.bad for one in self.inputs):
            return INFINITE[self.operation]
        return REPAIRS.get(self.operation, SMALLER)

    def __str__(self) -> str:
        title = f"{self.fault}: {self.what}."
        return f"{title}\n  Evidence: {self.evidence}.\n  Remedy: {self.repair}."


def number(value: float) -> str:
    """A number as people write it: 0.5, −∞, NaN."""
    if np.isnan(value):
        return "NaN"
    if np.isinf(value):
        return "∞" if value > 0 else "−∞"
    return write_number(value)
