"""What kind of point a function is at, from its gradient and the eigenvalues λ of its Hessian there.

    |∇f| > 0              a slope
    all λ > 0             a minimum
    all λ < 0             a maximum
    some of each          a saddle
    else                  flat: some λ = 0, and the second derivatives do not decide

The condition number max|λ| / min|λ| says how narrow the valley is: gradient descent needs about so many steps. Source:
documents 0 and 2; Goodfellow et al. 2016, 4.3.1.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree

from backlit.errors import GraphError, SettingError
from backlit.graph.curvature import hvp
from backlit.graph.gradients import grad
from backlit.shapes import Array

TOLERANCE = 1e-3


class PointKind(NamedTuple):
    """What a function is at a point.

    Attributes:
        kind: 'slope', 'minimum', 'maximum', 'saddle' or 'flat'.
        slope: |∇f|.
        eigenvalues: λ of the Hessian, ascending, (n,).
        condition: max|λ| / min|λ|, at least 1; infinite where a λ is 0.
    """

    kind: str
    slope: float
    eigenvalues: np.ndarray
    condition: float


def classify_point(f: Callable[[Any], Array], point: Any, tolerance: float = TOLERANCE) -> PointKind:
    """Whether a function has a minimum, a maximum or a saddle at a point, and how it is conditioned there.

    Args:
        f: a function of one array or pytree of arrays, with one floating number as its output.
        point: where; n numbers in all, whose Hessian, n × n, is built.
        tolerance: |λ| up to this share of the largest counts as 0, and so does |∇f| up to this share of it; default
            0.001.

    Raises:
        GraphError: f cannot be traced or differentiated, or is not finite at the point.
        SettingError: the point has no numbers.

    >>> classify_point(lambda x: x[0] ** 2 - 4 * x[1] ** 2, jnp.zeros(2)).kind
    'saddle'
    """
    start = jax.tree.map(lambda leaf: jnp.asarray(leaf) * 1.0, point)
    flat, restore = ravel_pytree(start)
    if not flat.size:
        raise SettingError("the point has no numbers: give an array of at least one, or a tree of them")

    @jax.jit
    def look(flat: Array) -> tuple[Array, Array]:
        gradient = ravel_pytree(grad(f)(restore(flat)))[0]
        row = jax.vmap(lambda v: ravel_pytree(hvp(f, (restore(flat),), (restore(v),))[0])[0])
        hessian = row(jnp.eye(flat.size, dtype=flat.dtype))
        return jnp.linalg.norm(gradient), jnp.linalg.eigvalsh(hessian, symmetrize_input=True)

    slope, eigenvalues = (np.asarray(value) for value in look(flat))
    if not (np.isfinite(f(start)) and np.isfinite(slope) and np.isfinite(eigenvalues).all()):
        raise GraphError("the function is not finite at the point, or its derivatives are not: give another point")
    sizes = np.abs(eigenvalues)
    largest, smallest = float(sizes.max()), float(sizes.min())
    rising, falling = eigenvalues > tolerance * largest, eigenvalues < -tolerance * largest
    condition = largest / smallest if smallest > np.finfo(sizes.dtype).eps * largest else float("inf")
    if slope > tolerance * max(largest, float(np.finfo(sizes.dtype).tiny)):
        kind = "slope"
    elif rising.any() and falling.any():
        kind = "saddle"
    elif rising.all() or falling.all():
        kind = "minimum" if rising.all() else "maximum"
    else:
        kind = "flat"
    return PointKind(kind, float(slope), eigenvalues, condition)
