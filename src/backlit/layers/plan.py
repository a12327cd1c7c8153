"""What a block says of itself before any number exists: shapes, variables, cost and reach. Allocates nothing."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from math import ceil, floor, prod
from operator import add

from backlit.functions.initializers import Initializer
from backlit.shapes import Shape


@dataclass(frozen=True)
class Variable:
    """A named array of a block, not yet allocated.

    Attributes:
        shape: its shape.
        initializer: what draws its first value.
        weight: whether it multiplies inputs: penalties fall on weights, never on scales and shifts, and on biases only
            where they are asked for.
        incoming: the axes along which the weights of one unit lie; None: all but the last.
    """

    shape: Shape
    initializer: Initializer
    weight: bool = False
    incoming: tuple[int, ...] | None = None

    @property
    def size(self) -> int:
        """How many numbers it holds."""
        return prod(self.shape)


@dataclass(frozen=True)
class Reach:
    """How far back a block sees along each spatial axis: the extent of its window, its stride, and where it begins.

    After layers with windows k_l and strides s_l a unit sees r = Σ_l (k_l − 1) Π_{i<l} s_i + 1 positions of the input.
    An empty size is a block that keeps positions apart; a size of None is a block that sees everything. A layer that
    enlarges has a stride below 1, and of its window, which then may span a fraction, whole positions alone are seen.
    The window of the first position begins at `start`, below 0 where there is padding; () is 0 along each axis.

    >>> Reach((3,), (1,)).then(Reach((2,), (2,))).then(Reach((3,), (1,))).extent
    (8,)
    """

    size: tuple[int | Fraction, ...] | None = ()
    stride: tuple[int | Fraction, ...] = ()
    start: tuple[int | Fraction, ...] = ()

    @property
    def extent(self) -> tuple[int, ...] | None:
        """How many positions are seen along each axis, at most."""
        return None if self.size is None else tuple(floor(size) for size in self.size)

    @property
    def starts(self) -> tuple[int | Fraction, ...]:
        """Where the window of the first position begins, along each axis that windows slide along."""
        return self.start or (0,) * len(self.stride)

    def seen_from(self, place: Shape) -> tuple[tuple[int, int], ...]:
        """The first and the last position that the one at `place` sees along each axis, those of the padding included.

        >>> Reach((3, 3), (2, 2), (-1, -1)).seen_from((0, 4))
        ((-1, 1), (7, 9))
        """
        begins = [start + at * stride for start, stride, at in zip(self.starts, self.stride, place, strict=True)]
        return tuple(
            (ceil(begin), floor(begin + size - 1)) for begin, size in zip(begins, self.size or (), strict=True)
        )

    def then(self, later: "Reach") -> "Reach":
        """The reach of this block followed by a later one."""
        if self.size is None or later.size is None:
            return EVERYTHING
        if not self.size or not later.size:
            return self if self.size else later
        if len(self.size) != len(later.size):
            return EVERYTHING
        size = tuple(r + (k - 1) * s for r, k, s in zip(self.size, later.size, self.stride, strict=True))
        start = tuple(a + b * s for a, b, s in zip(self.starts, later.starts, self.stride, strict=True))
        return Reach(size, tuple(a * b for a, b in zip(self.stride, later.stride, strict=True)), start)

    def beside(self, other: "Reach") -> "Reach":
        """The reach of two branches that see the same input."""
        if self.size is None or other.size is None:
            return EVERYTHING
        if not self.size or not other.size:
            return self if self.size else other
        if len(self.size) != len(other.size):
            return EVERYTHING
        start = tuple(map(min, self.starts, other.starts))
        ends = map(max, map(add, self.starts, self.size), map(add, other.starts, other.size))
        return Reach(tuple(end - begin for end, begin in zip(ends, start, strict=True)), self.stride, start)


POINT = Reach()
EVERYTHING = Reach(None)


@dataclass(frozen=True)
class Plan:
    """A block's answer to an input shape. Shapes leave the batch axis out; costs are per example.

    Attributes:
        input: the input's shape.
        output: the output's shape.
        parameters: what training changes, by name.
        state: what is kept but not trained (running statistics, fitted preprocessing), by name.
        multiply_adds: products that are summed, one example forward.
        neurons: units, the inputs not counted.
        reach: how far back the block sees.
        linear: whether the output is an affine map of the input, at prediction.
        parts: the plans of a composition's blocks, by name, in order.
        branched: whether the parts see the same input side by side; else each sees the output of the one before.
        residual: whether the input goes around the parts: added to what they make of it, or joined with it.
        repeats: how often the parts run in a row, each time with parameters of their own, which their plans count.
    """

    input: Shape
    output: Shape
    parameters: Mapping[str, Variable] = field(default_factory=dict)
    state: Mapping[str, Variable] = field(default_factory=dict)
    multiply_adds: int = 0
    neurons: int = 0
    reach: Reach = POINT
    linear: bool = False
    parts: Mapping[str, "Plan"] = field(default_factory=dict)
    branched: bool = False
    residual: bool = False
    repeats: int = 1

    def variables(self, kind: str = "parameters") -> Iterator[tuple[tuple[str, ...], Variable]]:
        """Every variable with its path, those of the parts included; `kind` is 'parameters' or 'state'."""
        for name, variable in getattr(self, kind).items():
            yield (name,), variable
        for name, part in self.parts.items():
            for path, variable in part.variables(kind):
                yield (name, *path), variable

    def tree(self, kind: str = "parameters") -> dict:
        """The variables as nested dictionaries, of the structure that the parameters (or the state) have."""
        tree: dict = {}
        for path, variable in self.variables(kind):
            place = tree
            for name in path[:-1]:
                place = place.setdefault(name, {})
            place[path[-1]] = variable
        return tree

    @property
    def size(self) -> int:
        """The number of parameters, those of the parts included."""
        return sum(variable.size for _, variable in self.variables())
