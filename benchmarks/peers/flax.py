"""Flax NNX as its documentation writes fast loops: the model split once, one scan over an epoch, state donated.

As for plain JAX, the variant 'step' makes a call a step, which is faster on a CPU where there are convolutions.
"""

from collections.abc import Iterator
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from flax import nnx
from tasks import HEADS, RATE, Task
from timing import seconds

from peers.jax_networks import halved

Array = jax.Array


def build(task: Task, variant: str) -> "Trainer":
    return Trainer(task, variant)


class Trainer:
    """The model and its optimizer, split into a graph and a state."""

    def __init__(self, task: Task, variant: str) -> None:
        self.task, self.variant = task, variant
        self.x, self.y = map(jnp.asarray, task.data())
        self.key = jax.random.key(0)
        model = MODELS[task.network](task, iter(task.weights()), nnx.Rngs(0))
        model.train()
        optimizer = nnx.Optimizer(model, optax.adam(RATE), wrt=nnx.Param)
        self.graph, self.state = nnx.split((model, optimizer))

    def train(self, epochs: int) -> float:
        def run() -> None:
            for _ in range(epochs):
                self.key, key = jax.random.split(self.key)
                if self.variant == "scan":
                    self.state = self.epoch(self.state, self.x, self.y, key)
                else:
                    for x, y in zip(*self.shuffle(self.x, self.y, key), strict=True):
                        self.state = self.step(self.state, x, y)
            jax.block_until_ready(self.state)

        return seconds(run)

    def loss(self) -> float:
        places = range(0, self.task.rows, self.task.batch)
        batches = ((a[at : at + self.task.batch] for a in (self.x, self.y)) for at in places)
        return float(np.mean([self.evaluate(self.state, *batch) for batch in batches]))

    @partial(jax.jit, static_argnums=0, donate_argnums=1)
    def epoch(self, state: Any, x: Array, y: Array, key: Array) -> Any:
        return jax.lax.scan(lambda state, batch: (self.one(state, *batch), None), state, self.batches(x, y, key))[0]

    @partial(jax.jit, static_argnums=0, donate_argnums=1)
    def step(self, state: Any, x: Array, y: Array) -> Any:
        return self.one(state, x, y)

    @partial(jax.jit, static_argnums=0)
    def shuffle(self, x: Array, y: Array, key: Array) -> tuple[list[Array], list[Array]]:
        x, y = self.batches(x, y, key)
        return list(x), list(y)

    @partial(jax.jit, static_argnums=0)
    def evaluate(self, state: Any, x: Array, y: Array) -> Array:
        model, _ = nnx.merge(self.graph, state)
        model.eval()
        return self.value(model, x, y)

    def one(self, state: Any, x: Array, y: Array) -> Any:
        model, optimizer = nnx.merge(self.graph, state)
        gradients = nnx.grad(lambda model: self.value(model, x, y))(model)
        optimizer.update(model, gradients)
        return nnx.state((model, optimizer))

    def batches(self, x: Array, y: Array, key: Array) -> Any:
        order = jax.random.permutation(key, len(x))
        return tuple(a[order].reshape(self.task.steps, -1, *a.shape[1:]) for a in (x, y))

    def value(self, model: nnx.Module, x: Array, y: Array) -> Array:
        outputs = model(x)
        if self.task.numbers:
            return jnp.square(outputs - y).mean()
        return optax.softmax_cross_entropy_with_integer_labels(outputs, y).mean()


def dense(w: Iterator[np.ndarray], rngs: nnx.Rngs) -> nnx.Linear:
    weight = next(w)
    layer = nnx.Linear(*weight.shape, rngs=rngs)
    layer.kernel[...], layer.bias[...] = jnp.asarray(weight), jnp.asarray(next(w))
    return layer


def convolution(w: Iterator[np.ndarray], rngs: nnx.Rngs, stride: int = 1, padding: int = 0, bias: bool = True) -> Any:
    weight = next(w)
    sides = [(padding, padding)] * 2
    layer = nnx.Conv(*weight.shape[2:], weight.shape[:2], stride, padding=sides, use_bias=bias, rngs=rngs)
    layer.kernel[...] = jnp.asarray(weight)
    if bias:
        layer.bias[...] = jnp.asarray(next(w))
    return layer


def normalized(w: Iterator[np.ndarray], rngs: nnx.Rngs, stride: int = 1, padding: int = 0) -> nnx.Sequential:
    layer = convolution(w, rngs, stride, padding, bias=False)
    next(w), next(w)  # scale 1 and shift 0, as Flax's own
    return nnx.Sequential(layer, nnx.BatchNorm(layer.out_features, momentum=0.9, epsilon=1e-5, rngs=rngs))


def layer_norm(w: Iterator[np.ndarray], rngs: nnx.Rngs) -> nnx.LayerNorm:
    next(w)
    return nnx.LayerNorm(len(next(w)), epsilon=1e-5, rngs=rngs)


class MLP(nnx.Module):
    def __init__(self, task: Task, w: Iterator[np.ndarray], rngs: nnx.Rngs) -> None:
        layers = [layer for weight in task.sizes[1:] for layer in (dense(w, rngs), nnx.relu)]
        self.layers = nnx.Sequential(*layers[:-1])

    def __call__(self, x: Array) -> Array:
        return self.layers(x)


class CNN(nnx.Module):
    def __init__(self, task: Task, w: Iterator[np.ndarray], rngs: nnx.Rngs) -> None:
        self.first, self.second = convolution(w, rngs, padding=2), convolution(w, rngs)
        self.head = nnx.Sequential(dense(w, rngs), nnx.relu, dense(w, rngs), nnx.relu, dense(w, rngs))

    def __call__(self, x: Array) -> Array:
        x = halved(nnx.relu(self.first(x)))
        x = halved(nnx.relu(self.second(x)))
        return self.head(x.reshape(len(x), -1))


class ResNet(nnx.Module):
    def __init__(self, task: Task, w: Iterator[np.ndarray], rngs: nnx.Rngs) -> None:
        self.stem = normalized(w, rngs, padding=1)
        blocks = []
        for number in range(len(task.widths)):
            stride = 2 if number else 1
            main = nnx.Sequential(normalized(w, rngs, stride, 1), nnx.relu, normalized(w, rngs, 1, 1))
            blocks.append(Residual(main, normalized(w, rngs, stride) if number else nnx.Sequential()))
        self.blocks = nnx.Sequential(*blocks)
        self.head = dense(w, rngs)

    def __call__(self, x: Array) -> Array:
        return self.head(self.blocks(nnx.relu(self.stem(x))).mean((1, 2)))


class Residual(nnx.Module):
    def __init__(self, main: nnx.Sequential, around: nnx.Sequential) -> None:
        self.main, self.around = main, around

    def __call__(self, x: Array) -> Array:
        return nnx.relu(self.main(x) + (self.around(x) if self.around.layers else x))


class Recurrent(nnx.Module):
    def __init__(self, task: Task, w: Iterator[np.ndarray], rngs: nnx.Rngs) -> None:
        features, width = task.input[1], task.widths[0]
        weight, recurrent, bias = next(w), next(w), next(w)
        if task.network == "lstm":
            cell: Any = nnx.OptimizedLSTMCell(features, width, rngs=rngs)
            cell.dense_i.kernel[...], cell.dense_h.kernel[...] = jnp.asarray(weight), jnp.asarray(recurrent)
            cell.dense_h.bias[...] = jnp.asarray(bias)
        else:
            cell = nnx.GRUCell(features, width, rngs=rngs)
            next(w)
            cell.dense_i.kernel[...], cell.dense_h.kernel[...] = jnp.asarray(weight), jnp.asarray(recurrent)
            cell.dense_i.bias[...] = jnp.asarray(bias)
        self.layer = nnx.RNN(cell, return_carry=True, rngs=rngs)
        self.lstm = task.network == "lstm"
        self.head = dense(w, rngs)

    def __call__(self, x: Array) -> Array:
        carry, _ = self.layer(x)
        return self.head(carry[1] if self.lstm else carry)


class Transformer(nnx.Module):
    def __init__(self, task: Task, w: Iterator[np.ndarray], rngs: nnx.Rngs) -> None:
        tokens = next(w)
        self.tokens = nnx.Embed(*tokens.shape, rngs=rngs)
        self.tokens.embedding[...] = jnp.asarray(tokens)
        self.positions = nnx.Param(jnp.asarray(next(w)))
        self.blocks = nnx.Sequential(*(Block(w, rngs) for _ in task.widths))
        self.norm = layer_norm(w, rngs)
        self.head = dense(w, rngs)

    def __call__(self, x: Array) -> Array:
        return self.head(self.norm(self.blocks(self.tokens(x) + self.positions[...])))


class Block(nnx.Module):
    def __init__(self, w: Iterator[np.ndarray], rngs: nnx.Rngs) -> None:
        self.before = layer_norm(w, rngs)
        self.query, self.key, self.value, self.out = (dense(w, rngs) for _ in range(4))
        self.between = layer_norm(w, rngs)
        self.wide, self.narrow = dense(w, rngs), dense(w, rngs)

    def __call__(self, x: Array) -> Array:
        seen = self.before(x)
        query, key, value = (
            product(seen).reshape(*x.shape[:2], HEADS, -1) for product in (self.query, self.key, self.value)
        )
        x = x + self.out(jax.nn.dot_product_attention(query, key, value, is_causal=True).reshape(x.shape))
        return x + self.narrow(nnx.gelu(self.wide(self.between(x)), approximate=False))


MODELS: dict[str, Any] = {
    "mlp": MLP,
    "cnn": CNN,
    "resnet": ResNet,
    "lstm": Recurrent,
    "gru": Recurrent,
    "transformer": Transformer,
}
