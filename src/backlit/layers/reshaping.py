"""Layers that only arrange numbers anew."""

from dataclasses import dataclass
from math import prod

from backlit.errors import SettingError, ShapeError
from backlit.layers.block import Block, Context, Parameters, State, as_shape
from backlit.layers.plan import Plan
from backlit.shapes import Array, Shape, write


@dataclass(frozen=True)
class Flatten(Block):
    """An example of any shape as one row of features: (B, H, W, C) → (B, H·W·C), the last axis fastest."""

    def plan(self, input: Shape) -> Plan:
        """One axis of features."""
        return Plan(input=input, output=(prod(input),), linear=True)

    def apply(self, parameters: Parameters, state: State, x: Array, context: Context) -> tuple[Array, State]:
        """Reshape."""
        return x.reshape(x.shape[0], prod(x.shape[1:])), {}

    @property
    def streams(self) -> bool:
        """It joins steps, or parts them."""
        return False

    def steps(self, steps: Array | None) -> None:
        """There is no axis of time any more."""


@dataclass(frozen=True)
class Reshape(Block):
    """An example's numbers in another shape, the last axis fastest: (B, *input) → (B, *shape).

    Args:
        shape: of one example, as many numbers as the input's.

    >>> Reshape((4, 3)).plan((12,)).output
    (4, 3)
    """

    shape: tuple[int, ...]

    def __post_init__(self) -> None:
        try:
            object.__setattr__(self, "shape", as_shape(self.shape))
        except ShapeError:
            raise SettingError(f"Reshape takes sizes of at least 1, such as (4, 3), not {self.shape!r}") from None

    def plan(self, input: Shape) -> Plan:
        """The same numbers."""
        if prod(input) != prod(self.shape):
            raise ShapeError(
                f"Reshape makes {write(self.shape)} of its input, and that is {prod(self.shape)} numbers where "
                f"{write(input)} is {prod(input)}"
            )
        return Plan(input=input, output=self.shape, linear=True)

    def apply(self, parameters: Parameters, state: State, x: Array, context: Context) -> tuple[Array, State]:
        """Reshape."""
        return x.reshape(x.shape[0], *self.shape), {}

    @property
    def streams(self) -> bool:
        """It joins steps, or parts them."""
        return False

    def steps(self, steps: Array | None) -> None:
        """The axis of time, if there was one, is another now."""
