"""Long short-term memory: a cell that keeps what its gates let it, so that gradients last over many steps."""

from dataclasses import dataclass
from typing import ClassVar

import jax.numpy as jnp

from backlit.functions.activations import sigmoid, tanh
from backlit.functions.initializers import Constant
from backlit.layers.block import Parameters
from backlit.layers.plan import Variable
from backlit.layers.recurrence import Carry, Gates, Recurrence
from backlit.layers.settings import keep_number
from backlit.shapes import Array


@dataclass(frozen=True)
class LSTM(Recurrence):
    """Long short-term memory.

        i_t = σ(x_t W_i + h_{t−1} U_i + b_i)        what enters the cell
        f_t = σ(x_t W_f + h_{t−1} U_f + b_f)        what the cell keeps
        g_t = tanh(x_t W_g + h_{t−1} U_g + b_g)
        o_t = σ(x_t W_o + h_{t−1} U_o + b_o)        what it shows
        c_t = f_t ⊙ c_{t−1} + i_t ⊙ g_t
        h_t = o_t ⊙ tanh c_t

    h_0 and c_0 are 0; the gates lie side by side in the order i, f, g, o. Padded steps leave h and c as they are, and
    give zeros.

    Args:
        units: the width of h and c, at least 1.
        sequence: whether the output has every step, (B, T, units), or the last real one alone, (B, units).
        reverse: whether the sequence is read from its last real step to its first.
        initializer: of W, by name or as an initializer, each gate's drawn apart.
        recurrent_initializer: of U, likewise.
        forget_bias: what b_f starts from; the other biases start at 0.

    Shapes: x (B, T, F), W (F, 4 units), U (units, 4 units), b (4 units,).

    Source: Hochreiter & Schmidhuber 1997; the forget gate: Gers et al. 2000; its bias: Jozefowicz et al. 2015.

    >>> LSTM(16, sequence=True).plan((20, 5)).size  # 4 · 16 · (5 + 16 + 1)
    1408
    """

    forget_bias: float = 1.0
    gates: ClassVar[int] = 4
    carried: ClassVar[tuple[str, ...]] = ("hidden", "cell")

    def __post_init__(self) -> None:
        super().__post_init__()
        keep_number(self, "forget_bias", "that is finite", lambda bias: True)

    def variables(self, features: int) -> dict[str, Variable]:
        """W, U and b."""
        biases = Gates(tuple(Constant(value) for value in (0.0, self.forget_bias, 0.0, 0.0)))
        return {**super().variables(features), "bias": Variable((4 * self.units,), biases)}

    def step(self, parameters: Parameters, inputs: Array, carry: Carry) -> Carry:
        """h_t and c_t."""
        hidden, cell = carry
        i, f, g, o = jnp.split(inputs + hidden @ parameters["recurrent"], 4, axis=-1)
        cell = sigmoid(f) * cell + sigmoid(i) * tanh(g)
        return sigmoid(o) * tanh(cell), cell
