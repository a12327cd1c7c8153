"""Two losses in plain JAX, as people write them: a multilayer perceptron and a small transformer."""

from collections.abc import Callable
from itertools import pairwise
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from backlit.shapes import Array, Tree


class Workload(NamedTuple):
    """A scalar loss of parameters and data."""

    loss: Callable[..., Array]
    parameters: Tree
    data: tuple[Any, ...]


def mlp(batch: int = 256, widths: tuple[int, ...] = (64, 256, 256, 10)) -> Workload:
    """Affine layers with ReLU between them, softmax cross-entropy."""
    keys = iter(jax.random.split(jax.random.key(0), len(widths) + 2))
    parameters = [(jax.random.normal(next(keys), (m, n)) * (2 / m) ** 0.5, jnp.zeros(n)) for m, n in pairwise(widths)]

    def loss(parameters: Tree, x: Array, y: Array) -> Array:
        for weight, bias in parameters[:-1]:
            x = jax.nn.relu(x @ weight + bias)
        weight, bias = parameters[-1]
        return cross_entropy(x @ weight + bias, y)

    x = jax.random.normal(next(keys), (batch, widths[0]))
    y = jax.random.randint(next(keys), (batch,), 0, widths[-1])
    return Workload(loss, parameters, (x, y))


def transformer(batch: int = 8, time: int = 64, width: int = 128, heads: int = 4, layers: int = 3) -> Workload:
    """A causal language model: embeddings, attention and GELU blocks with layer normalization, cross-entropy."""
    vocabulary = 256
    keys = iter(jax.random.split(jax.random.key(0), 8 * layers + 8))

    def matrix(m: int, n: int) -> Array:
        return jax.random.normal(next(keys), (m, n)) * m**-0.5

    parameters = {
        "tokens": matrix(vocabulary, width),
        "places": matrix(time, width),
        "blocks": [
            {
                "attention_scale": jnp.ones(width),
                "attention_shift": jnp.zeros(width),
                "query": matrix(width, width),
                "key": matrix(width, width),
                "value": matrix(width, width),
                "out": matrix(width, width),
                "hidden_scale": jnp.ones(width),
                "hidden_shift": jnp.zeros(width),
                "hidden": matrix(width, 4 * width),
                "hidden_bias": jnp.zeros(4 * width),
                "output": matrix(4 * width, width),
                "output_bias": jnp.zeros(width),
            }
            for _ in range(layers)
        ],
        "scale": jnp.ones(width),
        "shift": jnp.zeros(width),
        "head": matrix(width, vocabulary),
    }

    def normalize(x: Array, scale: Array, shift: Array) -> Array:
        mean = x.mean(-1, keepdims=True)
        variance = jnp.square(x - mean).mean(-1, keepdims=True)
        return (x - mean) * jax.lax.rsqrt(variance + 1e-5) * scale + shift

    def attend(x: Array, block: Tree) -> Array:
        def split(name: str) -> Array:
            return (x @ block[name]).reshape(batch, time, heads, width // heads)

        scores = jnp.einsum("bqhd,bkhd->bhqk", split("query"), split("key")) * (width // heads) ** -0.5
        past = jnp.tril(jnp.ones((time, time), bool))
        shares = jax.nn.softmax(jnp.where(past, scores, -1e30), axis=-1)
        mixed = jnp.einsum("bhqk,bkhd->bqhd", shares, split("value"))
        return mixed.reshape(batch, time, width) @ block["out"]

    def loss(parameters: Tree, tokens: Array, following: Array) -> Array:
        x = jnp.take(parameters["tokens"], tokens, axis=0) + parameters["places"]
        for block in parameters["blocks"]:
            x = x + attend(normalize(x, block["attention_scale"], block["attention_shift"]), block)
            hidden = normalize(x, block["hidden_scale"], block["hidden_shift"]) @ block["hidden"]
            x = x + jax.nn.gelu(hidden + block["hidden_bias"]) @ block["output"] + block["output_bias"]
        return cross_entropy(normalize(x, parameters["scale"], parameters["shift"]) @ parameters["head"], following)

    tokens = jax.random.randint(next(keys), (batch, time + 1), 0, vocabulary)
    return Workload(loss, parameters, (tokens[:, :-1], tokens[:, 1:]))


def cross_entropy(scores: Array, y: Array) -> Array:
    """The mean of −log softmax(scores)[y]."""
    logarithms = jax.nn.log_softmax(scores)
    return -jnp.take_along_axis(logarithms, y[..., None], axis=-1).mean()
