"""The vanilla recurrent layer, with the hidden layer (Elman) or the output (Jordan) as its context."""

from dataclasses import dataclass

from backlit.errors import SettingError, nearest
from backlit.functions.activations import ACTIVATIONS
from backlit.functions.initializers import Constant, initializer_named
from backlit.layers.block import Parameters
from backlit.layers.plan import Variable
from backlit.layers.recurrence import Carry, Recurrence
from backlit.layers.settings import keep_whole
from backlit.shapes import Array


@dataclass(frozen=True)
class RNN(Recurrence):
    """Vanilla recurrent layer, with what it carries from step to step by choice.

        context='hidden' (Elman):    h_t = f(x_t W + h_{t−1} U + b)                               output h_t
        context='output' (Jordan):   h_t = f(x_t W + y_{t−1} U + b),   y_t = f(h_t V + c)         output y_t

    The first context is 0. Padded steps leave the context as it is, and give zeros.

    Args:
        units: the width of h, at least 1.
        sequence: whether the output has every step, (B, T, ·), or the last real one alone, (B, ·).
        reverse: whether the sequence is read from its last real step to its first.
        initializer: of W and V, by name or as an initializer; biases start at 0.
        recurrent_initializer: of U, likewise.
        context: 'hidden' or 'output'.
        outputs: the width of y, at least 1, where the context is the output; None: as many as units.
        activation: f, the name of an elementwise activation, such as 'Tanh' or 'ReLU'.

    Shapes: x (B, T, F), W (F, units), U (units, units) or (outputs, units), V (units, outputs).

    Source: Elman 1990, Cognitive Science 14; Jordan 1986, ICS report 8604.

    >>> RNN(16, context="output", outputs=3).plan((20, 5)).output
    (3,)
    """

    context: str = "hidden"
    outputs: int | None = None
    activation: str = "Tanh"

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.context not in ("hidden", "output"):
            raise SettingError(f"RNN takes context='hidden' or context='output', not {self.context!r}")
        if self.outputs is not None:
            keep_whole(self, "outputs")
            if self.context == "hidden":
                raise SettingError("RNN with context='hidden' gives its units; outputs belongs to context='output'")
        elementwise = [name for name, activation in ACTIVATIONS.items() if activation.derivative is not None]
        if self.activation not in elementwise:
            near = nearest(str(self.activation), elementwise)
            raise SettingError(f"RNN takes an elementwise activation, not {self.activation!r}: {near}")

    @property
    def widths(self) -> tuple[int, ...]:
        """The width of the context."""
        return (self.units if self.context == "hidden" else self.outputs or self.units,)

    @property
    def neurons(self) -> int:
        """The units, and the outputs where they are the context."""
        return self.units + (self.widths[0] if self.context == "output" else 0)

    def variables(self, features: int) -> dict[str, Variable]:
        """W, U, b, and V, c where the context is the output."""
        (width,) = self.widths
        variables = {**super().variables(features), "recurrent": self.weights(width, self.recurrent_initializer)}
        if self.context == "output":
            initializer = initializer_named(self.initializer)
            variables["output_weight"] = Variable((self.units, width), initializer, weight=True)
            variables["output_bias"] = Variable((width,), Constant(0.0))
        return variables

    def step(self, parameters: Parameters, inputs: Array, carry: Carry) -> Carry:
        """h_t, or y_t where the context is the output."""
        activate = ACTIVATIONS[self.activation].function
        hidden = activate(inputs + carry[0] @ parameters["recurrent"])
        if self.context == "hidden":
            return (hidden,)
        return (activate(hidden @ parameters["output_weight"] + parameters["output_bias"]),)
