"""Upsampling: more positions from few, by repeating them or along straight lines between them; no parameters."""

from dataclasses import dataclass
from fractions import Fraction

import jax.numpy as jnp
import numpy as np

from backlit.errors import SettingError
from backlit.functions.activations import floats
from backlit.layers.block import Block, Context, Parameters, State
from backlit.layers.plan import Plan, Reach
from backlit.layers.windows import Sizes, keep_sizes, per_axis, real_positions, require_channels
from backlit.shapes import Array, Shape


@dataclass(frozen=True)
class Upsample(Block):
    """f positions for each one: (B, W, C) → (B, f W, C), along every axis but the channels'.

        nearest: y[p] = x[⌊p/f⌋]        linear: y[p] = x at (p + ½)/f − ½, between the two positions beside it

    Args:
        factor: f, at least 1: a number, or one an axis.
        method: 'nearest' or 'linear' (bilinear on images; beyond the outermost positions their values go on).

    >>> x = jnp.asarray([[[0.0], [4.0]]])
    >>> Upsample(2).apply({}, {}, x, Context())[0].ravel().tolist()
    [0.0, 0.0, 4.0, 4.0]
    >>> Upsample(2, "linear").apply({}, {}, x, Context())[0].ravel().tolist()
    [0.0, 1.0, 3.0, 4.0]
    """

    factor: Sizes
    method: str = "nearest"

    def __post_init__(self) -> None:
        keep_sizes(self, "factor")
        if self.method not in ("nearest", "linear"):
            raise SettingError(f"Upsample takes method='nearest' or method='linear', not {self.method!r}")

    def plan(self, input: Shape) -> Plan:
        """f times as many positions along each axis."""
        require_channels(self, input)
        factors = per_axis(self, "factor", len(input) - 1)
        # As a convolution over the input with f − 1 zeros between its positions: its window, in those steps.
        windows = [f if self.method == "nearest" else 2 * f - f % 2 for f in factors]
        return Plan(
            input=input,
            output=(*(f * size for f, size in zip(factors, input, strict=False)), input[-1]),
            reach=Reach(
                tuple(1 + Fraction(k - 1, f) for k, f in zip(windows, factors, strict=True)),
                tuple(Fraction(1, f) for f in factors),
                tuple(Fraction((k - f) // 2 + 1 - k, f) for k, f in zip(windows, factors, strict=True)),
            ),
            linear=True,
        )

    def apply(self, parameters: Parameters, state: State, x: Array, context: Context) -> tuple[Array, State]:
        """Repeat, or a product with the weights of `straight_lines`, axis by axis."""
        factors = per_axis(self, "factor", x.ndim - 2)
        real = real_positions(x, context)
        if real is not None and self.method == "linear":  # the last real step goes on, as at the end of a sequence
            last = jnp.maximum(real[..., 0].sum(1).astype(int) - 1, 0)
            x = jnp.where(real > 0, x, jnp.take_along_axis(x, last[:, None, None], axis=1))
        for axis, factor in enumerate(factors, start=1):
            if self.method == "nearest":
                x = jnp.repeat(x, factor, axis)
            else:
                x = floats(x)
                weights = jnp.asarray(straight_lines(x.shape[axis], factor), x.dtype)
                x = jnp.moveaxis(jnp.moveaxis(x, axis, -1) @ weights, -1, axis)
        return x, {}

    @property
    def streams(self) -> bool:
        """Straight lines end at the next step."""
        return self.method == "nearest"

    def steps(self, steps: Array | None) -> Array | None:
        """Each real step, f times."""
        return None if steps is None else jnp.repeat(steps, per_axis(self, "factor", 1)[0], 1)


def straight_lines(size: int, factor: int) -> np.ndarray:
    """How much of each of `size` positions is in each of the `factor` times as many: (size, factor·size).

    >>> straight_lines(2, 2).tolist()
    [[1.0, 0.75, 0.25, 0.0], [0.0, 0.25, 0.75, 1.0]]
    """
    places = np.clip((np.arange(factor * size) + 0.5) / factor - 0.5, 0, size - 1)
    return np.maximum(0, 1 - np.abs(places - np.arange(size)[:, None]))
