"""Array types and the vocabulary of axes.

B batch, T time, H height, W width, C channels, F features, K classes, P population.
Images are NHWC (batch, height, width, channels) and kernels HWIO (height, width, in, out).
A `Shape` that describes one example leaves the batch axis out.
"""

from typing import TypeAlias

import jax
from jaxtyping import PyTree

Array: TypeAlias = jax.Array
Shape: TypeAlias = tuple[int, ...]
Tree: TypeAlias = PyTree[Array]


def write(shape: Shape) -> str:
    """A shape as people write it: `32×32×3`, and `()` for a single number."""
    return "×".join(str(size) for size in shape) if shape else "()"
