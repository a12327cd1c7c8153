"""Losses of a user's own that are wrong in one way each: (outputs, targets) → (B,).

They are functions at the top level, so that runs which share one share a program.
"""

import jax
import jax.numpy as jnp

from backlit.shapes import Array


def likelihood(z: Array, y: Array) -> Array:
    """Cross-entropy, of one output (B,) or of several (B, K)."""
    if z.ndim == 1:
        return jax.nn.softplus(z) - y * z
    return jax.nn.logsumexp(z, axis=-1) - at_class(z, y)


def at_class(z: Array, y: Array) -> Array:
    return jnp.take_along_axis(z, y[:, None].astype(int), axis=-1)[:, 0]


def negated_likelihood(z: Array, y: Array) -> Array:
    return -likelihood(z, y)


def negated_squares(z: Array, y: Array) -> Array:
    return -jnp.square(z - y)


def accuracy_like(z: Array, y: Array) -> Array:
    """The probability of the right class, made small."""
    if z.ndim == 1:
        return jax.nn.sigmoid(jnp.where(y > 0, z, -z))
    return at_class(jax.nn.softmax(z), y)


def correlation_like(z: Array, y: Array) -> Array:
    """The negative of the absolute error, with a bound."""
    return jnp.exp(-jnp.square(z - y))


def clipped_log(p: Array, y: Array) -> Array:
    """−log p of the right class, of probabilities that are clipped to [1e-7, 1]."""
    p = jnp.where(y > 0, p, 1 - p) if p.ndim == 1 else at_class(p, y)
    return -jnp.log(jnp.clip(p, 1e-7, 1.0))


def raw_log(p: Array, y: Array) -> Array:
    """−log of the right class's output, as it is."""
    return -jnp.log(p if p.ndim == 1 else at_class(p, y))


def by_hand(z: Array, y: Array) -> Array:
    """−Σ y log p + (1 − y) log(1 − p), where p may reach 1."""
    p, t = (jax.nn.sigmoid(z), y) if z.ndim == 1 else (jax.nn.softmax(z), jax.nn.one_hot(y, z.shape[-1]))
    terms = t * jnp.log(p) + (1 - t) * jnp.log(1 - p)
    return -(terms if z.ndim == 1 else terms.sum(-1))


def tiny_half(z: Array, y: Array) -> Array:
    """Cross-entropy times 1e-9 in float16, which is 0."""
    return (likelihood(z, y).astype(jnp.float16) * jnp.float16(1e-4) * jnp.float16(1e-5)).astype(jnp.float32)


def tiny_half_squares(z: Array, y: Array) -> Array:
    error = (z - y).astype(jnp.float16) * jnp.float16(1e-4)
    return jnp.square(error).astype(jnp.float32)


def exponents_in_half(z: Array, y: Array) -> Array:
    """Cross-entropy with exponentials of 4 z in float16, infinite above 11."""
    low = (4 * z).astype(jnp.float16)
    p = jnp.exp(low) / jnp.exp(low).sum(-1, keepdims=True)
    return -jnp.log(at_class(p, y) + 1e-7).astype(jnp.float32)


def batch_likelihood(z: Array, y: Array) -> Array:
    """Cross-entropy with its softmax over the batch."""
    return -at_class(jax.nn.log_softmax(z, axis=0), y)


def logistic_of_numbers(z: Array, y: Array) -> Array:
    """Binary cross-entropy where targets are numbers, also below 0 and above 1."""
    return jax.nn.softplus(z) - y * z


def squares_of_ids(z: Array, y: Array) -> Array:
    """Squared error of every class's output from the class's number."""
    return jnp.square(z - y[:, None]).mean(-1)
