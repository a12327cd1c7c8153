"""Recurrence: a sequence read step by step, with a context carried along, h_t = step(x_t, h_{t−1}), h_0 = 0.

Here is what RNN, LSTM and GRU share: the loop over time, padding, direction and streaming. The products of inputs and
weights are computed for all steps at once; the loop holds what depends on the step before, and nothing else. Gates lie
side by side along the last axis of the weights.

Padded steps leave the context as it is, and give zeros. So the last output of a sequence is that of its last real step,
and a reversed layer starts there; a sequence without any real step gives zeros.
"""

from abc import abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar, TypeAlias

import jax
import jax.numpy as jnp
from jax import lax

from backlit.errors import SettingError, ShapeError
from backlit.functions.activations import floats
from backlit.functions.initializers import Constant, Initializer, initializer_named
from backlit.layers.block import Block, Context, Parameters, State, checked_steps
from backlit.layers.plan import EVERYTHING, Plan, Variable
from backlit.layers.settings import keep_flag, keep_initializer, keep_whole
from backlit.shapes import Array, Shape, write

Carry: TypeAlias = tuple[Array, ...]
"""What one step hands to the next, (B, width) each; the first is the step's output."""


@dataclass(frozen=True)
class Gates:
    """An initializer of weights that lie side by side along the last axis, each drawn for itself."""

    each: tuple[Initializer, ...]

    def __call__(self, key: Array, shape: Shape, dtype: Any = jnp.float32) -> Array:
        """As many equal parts of the last axis as there are initializers."""
        part = (*shape[:-1], shape[-1] // len(self.each))
        keys = jax.random.split(key, len(self.each))
        first = self.each[0]
        if all(initializer == first for initializer in self.each):  # the same draws, in a program of a gate's size
            return jnp.moveaxis(jax.vmap(lambda own: first(own, part, dtype))(keys), 0, -2).reshape(shape)
        drawn = [initializer(own, part, dtype) for initializer, own in zip(self.each, keys, strict=True)]
        return jnp.concatenate(drawn, axis=-1)


@dataclass(frozen=True)
class Recurrence(Block):
    """What the recurrent layers share.

    Args:
        units: the width of the context, at least 1.
        sequence: whether the output has every step, (B, T, units), or the last real one alone, (B, units).
        reverse: whether the sequence is read from its last real step to its first.
        initializer: of the inputs' weights, by name or as an initializer; each gate's are drawn apart.
        recurrent_initializer: of the context's weights, likewise.
    """

    units: int
    sequence: bool = False
    reverse: bool = False
    initializer: Initializer | str = "Glorot"
    recurrent_initializer: Initializer | str = "Orthogonal"
    gates: ClassVar[int] = 1
    carried: ClassVar[tuple[str, ...]] = ("hidden",)

    def __post_init__(self) -> None:
        keep_whole(self, "units")
        keep_flag(self, "sequence")
        keep_flag(self, "reverse")
        for name in ("initializer", "recurrent_initializer"):
            keep_initializer(self, name)

    @property
    def widths(self) -> tuple[int, ...]:
        """The widths of what is carried; the first is the output's."""
        return (self.units,) * len(self.carried)

    @property
    def neurons(self) -> int:
        """The units of a step."""
        return self.units

    def variables(self, features: int) -> dict[str, Variable]:
        """The parameters for inputs of so many features: `weight` and `bias` of the inputs, and the context's own."""
        return {
            "weight": self.weights(features, self.initializer),
            "recurrent": self.weights(self.units, self.recurrent_initializer),
            "bias": Variable((self.gates * self.units,), Constant(0.0)),
        }

    def weights(self, inputs: int, initializer: Initializer | str) -> Variable:
        """Weights from so many inputs to every gate."""
        each = Gates((initializer_named(initializer),) * self.gates)
        return Variable((inputs, self.gates * self.units), each, weight=True)

    @abstractmethod
    def step(self, parameters: Parameters, inputs: Array, carry: Carry) -> Carry:
        """One step, from inputs xW + b (B, gates · units) and what the step before carried."""

    def plan(self, input: Shape) -> Plan:
        """The weights serve every step; the context sees all that was read."""
        if len(input) != 2:
            kind = type(self).__name__
            raise ShapeError(
                f"{kind} reads sequences, of shape (T, F), and its input has shape {write(input)}; "
                f"let a recurrent layer before it give them, as {kind}(…, sequence=True) does, or put Embedding before "
                "it for tokens, of shape (T,)"
            )
        parameters = self.variables(input[1])
        products = sum(variable.size for variable in parameters.values() if variable.weight)
        return Plan(
            input=input,
            output=(input[0], self.widths[0]) if self.sequence else self.widths[:1],
            parameters=parameters,
            multiply_adds=input[0] * products,
            neurons=self.neurons,
            reach=EVERYTHING,
        )

    def apply(self, parameters: Parameters, state: State, x: Array, context: Context) -> tuple[Array, State]:
        """Read the sequence; with `context.streaming`, go on from the state and return what is carried."""
        inputs = floats(x).swapaxes(0, 1) @ parameters["weight"] + parameters["bias"]
        steps = checked_steps(context.steps, x)
        real = None if steps is None else steps.T[..., None] > 0

        def turn(carry: Carry, item: tuple[Array, Array | None]) -> tuple[Carry, Array | None]:
            inputs_t, real_t = item
            after = self.step(parameters, inputs_t, carry)
            if real_t is not None:
                after = tuple(jnp.where(real_t, new, old) for new, old in zip(after, carry, strict=True))
            return after, after[0] if self.sequence else None

        first = self._first(state, inputs, context)
        last, outputs = lax.scan(turn, first, (inputs, real), reverse=self.reverse)
        carried = dict(zip(self.carried, last, strict=True)) if context.streaming else {}
        if outputs is None:
            return last[0], carried
        return (outputs if real is None else jnp.where(real, outputs, 0)).swapaxes(0, 1), carried

    def steps(self, steps: Array | None) -> Array | None:
        """The same for a whole sequence; the last output alone has no axis of time."""
        return steps if self.sequence else None

    def _first(self, state: State, inputs: Array, context: Context) -> Carry:
        """What the first step starts from: zeros, or what the stream carries."""
        kind = type(self).__name__
        if context.streaming and self.reverse:
            raise SettingError(f"{kind} with reverse=True starts at a sequence's end, and a stream has none yet")
        if not context.streaming or not state:
            return tuple(jnp.zeros_like(inputs[0, :, :1], shape=(inputs.shape[1], width)) for width in self.widths)
        carry = tuple(state[name] for name in self.carried)
        if len(carry[0]) != inputs.shape[1]:
            raise ShapeError(
                f"{kind} carries a stream of {len(carry[0])} sequences, and {inputs.shape[1]} arrive; "
                "start a new stream for another batch"
            )
        return carry
