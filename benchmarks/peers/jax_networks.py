"""The networks in plain JAX: functions of a flat list of parameters, which they use up in order."""

from collections.abc import Callable, Iterator
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax
from tasks import HEADS, Task

Array = jax.Array
Network = Callable[[list[Array], list[Array], Array, bool], tuple[Array, list[Array]]]
"""(parameters, running statistics, x, training) → (outputs, running statistics after)."""


def network(task: Task) -> Network:
    """The row's network."""
    body = BODIES[task.network]

    def apply(parameters: list[Array], state: list[Array], x: Array, training: bool) -> tuple[Array, list[Array]]:
        after: list[Array] = []
        outputs = body(iter(parameters), Norms(iter(state), after, training), x)
        return outputs, after

    return apply


def statistics(task: Task) -> list[Array]:
    """The running means and variances of the network's batch normalizations."""
    if task.network != "resnet":
        return []
    first, *others = task.widths
    widths = [first, first, first] + [width for width in others for _ in range(3)]
    return [fill(width) for width in widths for fill in (jnp.zeros, jnp.ones)]


class Norms:
    """Batch normalization, whose running statistics are read from one list and written to another."""

    def __init__(self, before: Iterator[Array], after: list[Array], training: bool) -> None:
        self.before, self.after, self.training = before, after, training

    def __call__(self, p: Iterator[Array], x: Array) -> Array:
        mean, variance = next(self.before), next(self.before)
        if self.training:
            batch_mean = x.mean((0, 1, 2))
            batch_variance = jnp.maximum(jnp.square(x).mean((0, 1, 2)) - jnp.square(batch_mean), 0)
            self.after += [0.9 * mean + 0.1 * batch_mean, 0.9 * variance + 0.1 * batch_variance]
            mean, variance = batch_mean, batch_variance
        factor = next(p) * lax.rsqrt(variance + 1e-5)
        return x * factor + (next(p) - mean * factor)


def dense(p: Iterator[Array], x: Array) -> Array:
    return x @ next(p) + next(p)


def convolution(p: Iterator[Array], x: Array, stride: int = 1, padding: int = 0) -> Array:
    sides = [(padding, padding)] * 2
    return lax.conv_general_dilated(x, next(p), (stride, stride), sides, dimension_numbers=("NHWC", "HWIO", "NHWC"))


def halved(x: Array) -> Array:
    """The maximum of each 2×2; as a reshape, whose gradient is much faster than that of `reduce_window`."""
    b, h, w, c = x.shape
    return x.reshape(b, h // 2, 2, w // 2, 2, c).max((2, 4))


def mlp(p: Iterator[Array], _: Norms, x: Array) -> Array:
    parameters = list(p)
    pairs = list(zip(parameters[::2], parameters[1::2], strict=True))
    for weight, bias in pairs[:-1]:
        x = jax.nn.relu(x @ weight + bias)
    weight, bias = pairs[-1]
    return x @ weight + bias


def cnn(p: Iterator[Array], norms: Norms, x: Array) -> Array:
    x = halved(jax.nn.relu(convolution(p, x, padding=2) + next(p)))
    x = halved(jax.nn.relu(convolution(p, x) + next(p)))
    return mlp(p, norms, x.reshape(len(x), -1))


def resnet(p: Iterator[Array], norms: Norms, x: Array) -> Array:
    x = jax.nn.relu(norms(p, convolution(p, x, padding=1)))
    for number in range(3):
        stride = 2 if number else 1
        main = jax.nn.relu(norms(p, convolution(p, x, stride, 1)))
        main = norms(p, convolution(p, main, padding=1))
        x = jax.nn.relu(main + (norms(p, convolution(p, x, stride)) if number else x))
    return dense(p, x.mean((1, 2)))


def lstm(p: Iterator[Array], _: Norms, x: Array) -> Array:
    weight, recurrent, bias = next(p), next(p), next(p)
    inputs = x.swapaxes(0, 1) @ weight + bias

    def step(carry: tuple[Array, Array], entering: Array) -> tuple[tuple[Array, Array], None]:
        hidden, cell = carry
        i, f, g, o = jnp.split(entering + hidden @ recurrent, 4, axis=-1)
        cell = jax.nn.sigmoid(f) * cell + jax.nn.sigmoid(i) * jnp.tanh(g)
        return (jax.nn.sigmoid(o) * jnp.tanh(cell), cell), None

    zeros = jnp.zeros((len(x), len(recurrent)))
    (hidden, _), _ = lax.scan(step, (zeros, zeros), inputs)
    return dense(p, hidden)


def gru(p: Iterator[Array], _: Norms, x: Array) -> Array:
    weight, recurrent, bias, inner = next(p), next(p), next(p), next(p)
    inputs = x.swapaxes(0, 1) @ weight + bias
    width = len(recurrent)

    def step(hidden: Array, entering: Array) -> tuple[Array, None]:
        products = hidden @ recurrent
        gates = jax.nn.sigmoid(entering[:, : 2 * width] + products[:, : 2 * width])
        r, z = jnp.split(gates, 2, axis=-1)
        n = jnp.tanh(entering[:, 2 * width :] + r * (products[:, 2 * width :] + inner))
        return z * hidden + (1 - z) * n, None

    hidden, _ = lax.scan(step, jnp.zeros((len(x), width)), inputs)
    return dense(p, hidden)


def transformer(p: Iterator[Array], _: Norms, x: Array) -> Array:
    x = next(p)[x] + next(p)
    batch, steps, width = x.shape
    for _layer in range(4):
        seen = layer_norm(p, x)
        query, key, value = (dense(p, seen).reshape(batch, steps, HEADS, -1) for _ in range(3))
        mixed = jax.nn.dot_product_attention(query, key, value, is_causal=True)
        x = x + dense(p, mixed.reshape(batch, steps, width))
        x = x + dense(p, jax.nn.gelu(dense(p, layer_norm(p, x)), approximate=False))
    return dense(p, layer_norm(p, x))


def layer_norm(p: Iterator[Array], x: Array) -> Array:
    mean = x.mean(-1, keepdims=True)
    variance = jnp.square(x - mean).mean(-1, keepdims=True)
    return (x - mean) * lax.rsqrt(variance + 1e-5) * next(p) + next(p)


BODIES: dict[str, Any] = {
    "mlp": mlp,
    "cnn": cnn,
    "resnet": resnet,
    "lstm": lstm,
    "gru": gru,
    "transformer": transformer,
}
