"""The fully connected layer: Z = XW + b."""

from dataclasses import dataclass
from math import prod

from backlit.errors import ShapeError
from backlit.functions.initializers import Constant, Initializer, initializer_named
from backlit.layers.block import Block, Context, Parameters, State
from backlit.layers.plan import EVERYTHING, POINT, Plan, Variable
from backlit.layers.settings import keep_flag, keep_initializer, keep_whole
from backlit.shapes import Array, Shape


@dataclass(frozen=True)
class Dense(Block):
    """Fully connected layer, z = xW + b, over the last axis; axes before it are kept apart.

    Args:
        units: outputs, at least 1.
        bias: whether b is added.
        initializer: of W, by name or as an initializer: 'He', 'Glorot', 'LeCun', Constant(0.1); b starts at 0.

    Shapes: x (..., F), W (F, units), b (units,), z (..., units).

    >>> print(Dense(3, bias=False))
    Dense(3, bias=False)
    """

    units: int
    bias: bool = True
    initializer: Initializer | str = "He"

    def __post_init__(self) -> None:
        keep_whole(self, "units")
        keep_flag(self, "bias")
        keep_initializer(self, "initializer")

    def plan(self, input: Shape) -> Plan:
        """One weight per feature and unit, one bias per unit."""
        if not input:
            raise ShapeError("Dense needs an axis of features, and its input is a single number; use shape (1,)")
        weight = Variable((input[-1], self.units), initializer_named(self.initializer), weight=True)
        bias = {"bias": Variable((self.units,), Constant(0.0))} if self.bias else {}
        positions = prod(input[:-1])
        return Plan(
            input=input,
            output=(*input[:-1], self.units),
            parameters={"weight": weight, **bias},
            multiply_adds=positions * weight.size,
            neurons=positions * self.units,
            reach=POINT if len(input) > 1 else EVERYTHING,
            linear=True,
        )

    def apply(self, parameters: Parameters, state: State, x: Array, context: Context) -> tuple[Array, State]:
        """z = xW + b."""
        z = x @ parameters["weight"]
        return (z + parameters["bias"] if self.bias else z), {}
