"""One layer for every activation function: y = f(z), element by element (Softmax: over the last axis)."""

from dataclasses import dataclass, fields
from typing import ClassVar

from backlit.errors import ShapeError
from backlit.functions.activations import ACTIVATIONS, Activation, generalized_relu
from backlit.functions.initializers import Constant
from backlit.layers.block import Block, Context, Parameters, State
from backlit.layers.plan import Plan, Variable
from backlit.layers.settings import keep_flag, keep_number
from backlit.shapes import Array, Shape


class ActivationLayer(Block):
    """What the activation layers share: the shape stays, and nothing is trained."""

    activation: ClassVar[Activation]
    linear: ClassVar[bool] = False

    def plan(self, input: Shape) -> Plan:
        """The shape stays."""
        return Plan(input=input, output=input, linear=self.linear)

    def apply(self, parameters: Parameters, state: State, x: Array, context: Context) -> tuple[Array, State]:
        """y = f(z)."""
        return self.activation.function(x, **self.settings), {}

    @property
    def settings(self) -> dict[str, float]:
        """The function's own parameters, such as the slope of a leaky ReLU."""
        return {entry.name: getattr(self, entry.name) for entry in fields(self)}  # type: ignore[arg-type]


@dataclass(frozen=True)
class Linear(ActivationLayer):
    """y = z."""

    activation = ACTIVATIONS["Linear"]
    linear = True


@dataclass(frozen=True)
class Step(ActivationLayer):
    """y = 1 where z > 0, else 0; its derivative is 0."""

    activation = ACTIVATIONS["Step"]


@dataclass(frozen=True)
class Sign(ActivationLayer):
    """y = 1 where z > 0, −1 where z < 0, 0 at 0; its derivative is 0."""

    activation = ACTIVATIONS["Sign"]


@dataclass(frozen=True)
class Sigmoid(ActivationLayer):
    """y = 1 / (1 + e^−z)."""

    activation = ACTIVATIONS["Sigmoid"]


@dataclass(frozen=True)
class Tanh(ActivationLayer):
    """y = tanh z."""

    activation = ACTIVATIONS["Tanh"]


@dataclass(frozen=True)
class ReLU(ActivationLayer):
    """y = max(0, z)."""

    activation = ACTIVATIONS["ReLU"]


@dataclass(frozen=True)
class LeakyReLU(ActivationLayer):
    """y = max(z, slope·z), slope in [0, 1]."""

    slope: float = 0.01
    activation = ACTIVATIONS["LeakyReLU"]

    def __post_init__(self) -> None:
        keep_number(self, "slope", "from 0 to 1", lambda slope: 0 <= slope <= 1)


@dataclass(frozen=True)
class GeneralizedReLU(ActivationLayer):
    """y = max(0, z) + alpha·min(0, z), for any alpha."""

    alpha: float = 0.25
    activation = ACTIVATIONS["GeneralizedReLU"]

    def __post_init__(self) -> None:
        keep_number(self, "alpha", "that is finite", lambda alpha: True)


@dataclass(frozen=True)
class ELU(ActivationLayer):
    """y = max(0, z) + alpha·min(0, e^z − 1), alpha ≥ 0."""

    alpha: float = 1.0
    activation = ACTIVATIONS["ELU"]

    def __post_init__(self) -> None:
        keep_number(self, "alpha", "of at least 0", lambda alpha: alpha >= 0)


@dataclass(frozen=True)
class Softplus(ActivationLayer):
    """y = log(1 + e^z)."""

    activation = ACTIVATIONS["Softplus"]


@dataclass(frozen=True)
class Swish(ActivationLayer):
    """y = z σ(beta·z)."""

    beta: float = 1.0
    activation = ACTIVATIONS["Swish"]

    def __post_init__(self) -> None:
        keep_number(self, "beta", "that is finite", lambda beta: True)


@dataclass(frozen=True)
class GELU(ActivationLayer):
    """y = z Φ(z), with Φ the standard normal distribution function."""

    activation = ACTIVATIONS["GELU"]


@dataclass(frozen=True)
class Softmax(ActivationLayer):
    """y_i = e^{z_i} / Σ_j e^{z_j}, over the last axis."""

    activation = ACTIVATIONS["Softmax"]

    def plan(self, input: Shape) -> Plan:
        """The shape stays."""
        if not input:
            raise ShapeError("Softmax needs an axis of classes, and its input is a single number; use shape (1,)")
        return super().plan(input)


@dataclass(frozen=True)
class PReLU(Block):
    """y = max(0, z) + α min(0, z), with α trained: one for each channel of the last axis, or one for all.

    Args:
        slope: what α starts from.
        shared: whether one α serves every channel.

    Source: He et al. 2015, arXiv:1502.01852.
    """

    slope: float = 0.25
    shared: bool = False

    def __post_init__(self) -> None:
        keep_number(self, "slope", "that is finite", lambda slope: True)
        keep_flag(self, "shared")

    def plan(self, input: Shape) -> Plan:
        """The shape stays; a slope per channel is trained."""
        slopes = () if self.shared else input[-1:]
        return Plan(input=input, output=input, parameters={"slope": Variable(slopes, Constant(self.slope))})

    def apply(self, parameters: Parameters, state: State, x: Array, context: Context) -> tuple[Array, State]:
        """y = max(0, z) + α min(0, z)."""
        return generalized_relu(x, parameters["slope"]), {}
