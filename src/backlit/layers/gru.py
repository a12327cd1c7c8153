"""The gated recurrent unit: a context that is renewed in part at each step."""

from dataclasses import dataclass
from typing import ClassVar

import jax.numpy as jnp

from backlit.errors import SettingError
from backlit.functions.activations import sigmoid, tanh
from backlit.functions.initializers import Constant
from backlit.layers.block import Parameters
from backlit.layers.plan import Variable
from backlit.layers.recurrence import Carry, Recurrence
from backlit.shapes import Array


@dataclass(frozen=True)
class GRU(Recurrence):
    """Gated recurrent unit.

        r_t = σ(x_t W_r + h_{t−1} U_r + b_r)                            the reset gate
        z_t = σ(x_t W_z + h_{t−1} U_z + b_z)                            what is kept
        n_t = tanh(x_t W_n + b_n + r_t ⊙ (h_{t−1} U_n + u))             reset='after' the product
        n_t = tanh(x_t W_n + b_n + (r_t ⊙ h_{t−1}) U_n)                 reset='before' the product
        h_t = z_t ⊙ h_{t−1} + (1 − z_t) ⊙ n_t

    h_0 is 0; the gates lie side by side in the order r, z, n. Two forms are published: 'after' is the later one, of
    cuDNN and PyTorch, with one product a step and a bias u of its own; 'before' the first. Padded steps leave h as it
    is, and give zeros.

    Args:
        units: the width of h, at least 1.
        sequence: whether the output has every step, (B, T, units), or the last real one alone, (B, units).
        reverse: whether the sequence is read from its last real step to its first.
        initializer: of W, by name or as an initializer, each gate's drawn apart; biases start at 0.
        recurrent_initializer: of U, likewise.
        reset: 'after' or 'before' the product with U_n.

    Shapes: x (B, T, F), W (F, 3 units), U (units, 3 units), b (3 units,), u (units,).

    Source: Cho et al. 2014, arXiv:1406.1078: versions 1 (before) and 3 (after).

    >>> GRU(16, reset="before").plan((20, 5)).size  # 3 · 16 · (5 + 16 + 1)
    1056
    """

    reset: str = "after"
    gates: ClassVar[int] = 3

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.reset not in ("after", "before"):
            raise SettingError(f"GRU takes reset='after' or reset='before', not {self.reset!r}")

    def variables(self, features: int) -> dict[str, Variable]:
        """W, U, b, and u where the reset comes after the product."""
        own = {"recurrent_bias": Variable((self.units,), Constant(0.0))} if self.reset == "after" else {}
        return {**super().variables(features), **own}

    def step(self, parameters: Parameters, inputs: Array, carry: Carry) -> Carry:
        """h_t."""
        (hidden,) = carry
        gates, candidate = jnp.split(inputs, [2 * self.units], axis=-1)
        if self.reset == "after":
            products = hidden @ parameters["recurrent"]
            r, z = jnp.split(sigmoid(gates + products[:, : 2 * self.units]), 2, axis=-1)
            n = tanh(candidate + r * (products[:, 2 * self.units :] + parameters["recurrent_bias"]))
        else:
            of_gates, of_candidate = jnp.split(parameters["recurrent"], [2 * self.units], axis=-1)
            r, z = jnp.split(sigmoid(gates + hidden @ of_gates), 2, axis=-1)
            n = tanh(candidate + (r * hidden) @ of_candidate)
        return (z * hidden + (1 - z) * n,)
