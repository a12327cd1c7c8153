"""The eigenvalues of a loss's Hessian at a network's weights: how steep the loss is in which direction.

Of a small network all of them, exactly. Of a larger one the Hessian H, n × n, is never built: from a random direction,
k steps of Lanczos' method, a product H·v each, give a tridiagonal k × k matrix, whose eigenvalues θ, weighed by the
squares τ² of the first components of its eigenvectors, stand for all: n·τ² eigenvalues lie near θ. The largest and the
smallest are nearly exact.

Sources: C. Lanczos 1950; B. Ghorbani, S. Krishnan, Y. Xiao, "An Investigation into Neural Net Optimization via Hessian
Eigenvalue Density", arXiv 1901.10159.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jax.flatten_util import ravel_pytree

from backlit.errors import SettingError
from backlit.graph import hvp
from backlit.graph.landscape import classify_point
from backlit.layers.settings import is_whole
from backlit.shapes import Array
from backlit.training.compilation import jit
from backlit.training.model import Model
from backlit.training.surfaces import loss_of

EXACT = 500  # parameters, up to which the whole Hessian is built
ROUNDING = 1e-4  # of the largest entry so far: a shorter residual in single precision is no direction


@dataclass(frozen=True, eq=False)
class Spectrum:
    """The eigenvalues of the Hessian of a loss at a model's weights.

    Attributes:
        eigenvalues: ascending, (k,).
        counts: how many eigenvalues of the Hessian each of them stands for, (k,), n in all: 1 where they are exact.
        kind: 'minimum', 'saddle', 'maximum', 'flat' or 'slope', see `backlit.classify_point`; '' where they are
            estimated.
    """

    eigenvalues: np.ndarray
    counts: np.ndarray
    kind: str = ""

    @property
    def exact(self) -> bool:
        """Whether all eigenvalues are there."""
        return bool(self.kind)


def hessian_spectrum(
    model: Model, data: Any, y: Any = None, *, steps: int = 60, draws: int = 4, seed: int = 0
) -> Spectrum:
    """The eigenvalues of the loss's Hessian at a model's weights: all up to 500 parameters, else an estimate.

    In evaluation mode and without penalties, of 1,024 rows at most.

    Args:
        model: a trained network.
        data, y: with targets, as for `Model.evaluate`.
        steps: of Lanczos' method in an estimate, at least 2; default 60.
        draws: random directions that an estimate is the mean over, at least 1; default 4.
        seed: of the directions.

    Raises:
        InputError: the data or a setting cannot be used.
        GraphError: the loss is not finite at the weights.
    """
    if not isinstance(model, Model):
        raise SettingError(f"hessian_spectrum takes a trained model, not {type(model).__name__}")
    for name, value, least in (("steps", steps, 2), ("draws", draws, 1), ("seed", seed, 0)):
        if not is_whole(value, least):
            raise SettingError(f"{name} is a whole number of at least {least}, not {value!r}")
    loss = loss_of(model.objective, model.state, model.labeled(data, y))
    flat, restore = ravel_pytree(model.parameters)
    if flat.size <= EXACT:
        point = classify_point(loss, model.parameters)
        return Spectrum(point.eigenvalues, np.ones(len(point.eigenvalues)), point.kind)

    def product(vector: Array) -> Array:
        return ravel_pytree(hvp(loss, (model.parameters,), (restore(vector),))[0])[0]

    starts = jax.random.normal(jax.random.key(seed), (draws, flat.size))
    run = jit(lambda start: _lanczos(product, start, min(steps, flat.size)), model.network)
    found = [_nodes(*(np.asarray(row, np.float64) for row in run(start))) for start in starts]
    eigenvalues = np.concatenate([values for values, _ in found])
    counts = np.concatenate([weights for _, weights in found]) * flat.size / draws
    order = np.argsort(eigenvalues)
    return Spectrum(eigenvalues[order], counts[order])


def _lanczos(product: Callable[[Array], Array], start: Array, steps: int) -> tuple[Array, Array]:
    """The diagonal (steps,) and the one beside it (steps − 1,) of the tridiagonal matrix.

    Where the space that the product spans is smaller, what is left is rounding, and zeros follow.
    """

    def step(number: Array, loop: tuple[Array, Array, Array]) -> tuple[Array, Array, Array]:
        basis, diagonal, beside = loop
        image = product(basis[number])
        diagonal = diagonal.at[number].set(image @ basis[number])
        for _ in range(2):  # once is not enough in single precision
            image = image - basis.T @ (basis @ image)
        length = jnp.linalg.norm(image)
        found = length > ROUNDING * jnp.maximum(jnp.abs(diagonal).max(), beside.max())
        following = jnp.where(found, image / jnp.where(found, length, 1), 0)
        return basis.at[number + 1].set(following), diagonal, beside.at[number].set(jnp.where(found, length, 0))

    basis = jnp.zeros((steps + 1, start.size)).at[0].set(start / jnp.linalg.norm(start))
    _, diagonal, beside = lax.fori_loop(0, steps, step, (basis, jnp.zeros(steps), jnp.zeros(steps)))
    return diagonal, beside[:-1]


def _nodes(diagonal: np.ndarray, beside: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The eigenvalues of a tridiagonal matrix, and the squares of the first components of its eigenvectors."""
    values, vectors = np.linalg.eigh(np.diag(diagonal) + np.diag(beside, 1) + np.diag(beside, -1))
    weights = np.square(vectors[0])
    met = weights > np.finfo(np.float64).eps  # the zeros behind a space that ended early are not met
    return values[met], weights[met]
