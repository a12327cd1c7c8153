"""Sums over axes of an array, as of gradients of biases and of statistics of channels.

On a CPU a row of few channels is a short loop. Several positions' channels side by side are a longer one: the sum
over the positions in a row comes last, of one row alone. Half precision is added up in single precision: a sum in its
own would soon be too large for the next number to count.
"""

from collections.abc import Sequence
from math import prod

import jax
import jax.numpy as jnp
from jax import lax

from backlit.graph.sharding import is_spelled_out
from backlit.shapes import Array

SHORT = 256  # numbers: a row below that is made longer


def sum_over(x: Array, axes: Sequence[int]) -> Array:
    """Σ over these axes."""
    if jnp.issubdtype(x.dtype, jnp.floating) and x.dtype.itemsize < 4:
        return sum_over(x.astype(jnp.float32), axes).astype(x.dtype)
    first, last = min(axes, default=0), max(axes, default=0)
    channels = prod(x.shape[last + 1 :])
    beside = 2 <= len(axes) == last - first + 1 and last + 1 < x.ndim
    if not beside or not 0 < channels < SHORT or jax.default_backend() != "cpu" or is_spelled_out(jax.typeof(x)):
        return lax.reduce_sum(x, axes)
    rows = lax.reshape(x, (*x.shape[:last], x.shape[last] * channels))
    row = lax.reduce_sum(rows, range(first, last))
    return lax.reduce_sum(lax.reshape(row, (*x.shape[:first], *x.shape[last:])), [first])
