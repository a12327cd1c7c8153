"""Initializers: how a parameter is drawn before training.

He, Glorot and LeCun choose the variance so that signals keep their size from layer to layer. For a weight of shape
(..., in, out), with every leading axis part of a window (Dense: in × out; Conv: kernel HWIO):

    fan_in  = window · in      fan_out = window · out
"""

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, Protocol

import jax
import jax.numpy as jnp

from backlit.errors import SettingError, nearest
from backlit.functions.settings import require_finite, require_positive
from backlit.shapes import Array, Shape

Distribution = Literal["normal", "uniform"]


class Initializer(Protocol):
    """Draws a parameter: an immutable description that is called with a key, a shape and a dtype."""

    def __call__(self, key: Array, shape: Shape, dtype: Any = jnp.float32) -> Array:
        """An array of this shape and dtype, the same for the same key."""
        ...


@dataclass(frozen=True)
class VarianceScaling(ABC):
    """Draws weights of mean 0 and a variance chosen from the fans: the base of He, Glorot and LeCun.

    Args:
        distribution: `normal`, or `uniform` on ±√(3 variance); default `normal`.

    Raises:
        SettingError: the distribution is neither.
    """

    name: ClassVar[str]
    distribution: Distribution = "normal"

    def __post_init__(self) -> None:
        if self.distribution not in ("normal", "uniform"):
            raise SettingError(
                f"{self.name}'s distribution is {self.distribution!r}, but it must be 'normal' or 'uniform'"
            )

    @abstractmethod
    def variance(self, fan_in: int, fan_out: int) -> float:
        """The variance of one weight."""

    def __call__(self, key: Array, shape: Shape, dtype: Any = jnp.float32) -> Array:
        """Weights of this shape, of the initializer's variance."""
        deviation = math.sqrt(self.variance(*fans(shape)))
        if self.distribution == "normal":
            return deviation * jax.random.normal(key, shape, dtype)
        limit = math.sqrt(3) * deviation
        return jax.random.uniform(key, shape, dtype, -limit, limit)


class He(VarianceScaling):
    """Variance 2 / fan_in, for ReLU and its relatives. Source: He et al. 2015.

    >>> He().variance(fan_in=50, fan_out=10)
    0.04
    """

    name = "He"

    def variance(self, fan_in: int, fan_out: int) -> float:
        """2 / fan_in: ReLU passes half of the variance on."""
        return 2 / fan_in


class Glorot(VarianceScaling):
    """Variance 2 / (fan_in + fan_out), for tanh and sigmoid. Source: Glorot & Bengio 2010.

    >>> Glorot().variance(fan_in=30, fan_out=20)
    0.04
    """

    name = "Glorot"

    def variance(self, fan_in: int, fan_out: int) -> float:
        """2 / (fan_in + fan_out): between what the forward and the backward pass need."""
        return 2 / (fan_in + fan_out)


class LeCun(VarianceScaling):
    """Variance 1 / fan_in, for linear units. Source: LeCun et al. 1998.

    >>> LeCun().variance(fan_in=25, fan_out=10)
    0.04
    """

    name = "LeCun"

    def variance(self, fan_in: int, fan_out: int) -> float:
        """1 / fan_in: a linear unit keeps its input's variance."""
        return 1 / fan_in


@dataclass(frozen=True)
class Constant:
    """Every entry the same value; default 0, the usual bias.

    >>> Constant(2.0)(jax.random.key(0), (3,))
    Array([2., 2., 2.], dtype=float32)
    """

    value: float = 0.0

    def __post_init__(self) -> None:
        require_finite("Constant's value", self.value)

    def __call__(self, key: Array, shape: Shape, dtype: Any = jnp.float32) -> Array:
        """An array filled with the value; the key is not used."""
        return jnp.full(shape, self.value, dtype)


@dataclass(frozen=True)
class Normal:
    """Normal, of mean 0 and standard deviation `scale` (positive; default 0.01)."""

    scale: float = 0.01

    def __post_init__(self) -> None:
        require_positive("Normal's scale", self.scale)

    def __call__(self, key: Array, shape: Shape, dtype: Any = jnp.float32) -> Array:
        """Normal draws of this shape."""
        return self.scale * jax.random.normal(key, shape, dtype)


@dataclass(frozen=True)
class Uniform:
    """Uniform on ±`limit` (positive; default 0.05)."""

    limit: float = 0.05

    def __post_init__(self) -> None:
        require_positive("Uniform's limit", self.limit)

    def __call__(self, key: Array, shape: Shape, dtype: Any = jnp.float32) -> Array:
        """Uniform draws of this shape."""
        return jax.random.uniform(key, shape, dtype, -self.limit, self.limit)


@dataclass(frozen=True)
class Orthogonal:
    """A random matrix with orthonormal columns (rows, where it is wide), times `scale` (positive; default 1).

    QᵀQ = scale² · I, with Q the orthogonal factor of a normal matrix, uniform over all such; leading axes of the shape
    count as rows. A recurrent product with it neither grows nor shrinks its context. Source: Saxe et al. 2014.

    >>> q = Orthogonal()(jax.random.key(0), (3, 2))
    >>> bool(jnp.allclose(q.T @ q, jnp.eye(2), atol=1e-6))
    True
    """

    scale: float = 1.0

    def __post_init__(self) -> None:
        require_positive("Orthogonal's scale", self.scale)

    def __call__(self, key: Array, shape: Shape, dtype: Any = jnp.float32) -> Array:
        """An orthogonal draw of this shape."""
        rows, columns = math.prod(shape[:-1]), math.prod(shape[-1:])
        tall = max(rows, columns), min(rows, columns)
        exact = jnp.promote_types(dtype, jnp.float32)  # half precision has no factorization
        q, r = jnp.linalg.qr(jax.random.normal(key, tall, exact))
        q = q * jnp.where(jnp.diagonal(r) < 0, -self.scale, self.scale)
        return (q if rows >= columns else q.T).reshape(shape).astype(dtype)


INITIALIZERS: dict[str, type[Initializer]] = {
    "He": He,
    "Glorot": Glorot,
    "LeCun": LeCun,
    "Constant": Constant,
    "Normal": Normal,
    "Uniform": Uniform,
    "Orthogonal": Orthogonal,
}


def initializer_named(initializer: str | type[Initializer] | Initializer) -> Initializer:
    """The initializer of this name or class, in its defaults; an initializer is given back as it is.

    Args:
        initializer: a key of `INITIALIZERS` in any case, one of its classes, or an instance of one: these alone can be
            written in the notation.

    Raises:
        SettingError: no initializer has this name, or it is another thing.

    >>> initializer_named("he")
    He(distribution='normal')
    """
    if isinstance(initializer, str):
        known = {name.lower(): kind for name, kind in INITIALIZERS.items()}
        if initializer.lower() not in known:
            raise SettingError(f"There is no initializer {initializer!r}: {nearest(initializer, INITIALIZERS)}")
        return known[initializer.lower()]()
    if (initializer if isinstance(initializer, type) else type(initializer)) not in INITIALIZERS.values():
        raise SettingError(
            f"An initializer must be one of {', '.join(INITIALIZERS)}, such as 'He' or Normal(0.1), not {initializer!r}"
        )
    return initializer() if isinstance(initializer, type) else initializer


def fans(shape: Shape) -> tuple[int, int]:
    """fan_in and fan_out of a weight of shape (..., in, out), at least 1 each.

    >>> fans((3, 3, 16, 32))
    (144, 288)
    """
    window = math.prod(shape[:-2])
    inputs, outputs = ((1, 1, *shape))[-2:]
    return max(window * inputs, 1), max(window * outputs, 1)
