"""Keras 3 on JAX through `fit`, compiled; several steps an execution, as its documentation advises for small networks.

The variants are the steps of one execution: Keras writes them out one after another in one program.
"""

import os

os.environ["KERAS_BACKEND"] = "jax"

from collections.abc import Iterator
from typing import Any

import keras
import numpy as np
from keras import layers
from tasks import HEADS, RATE, Task
from timing import seconds


def build(task: Task, variant: str) -> "Trainer":
    return Trainer(task, int(variant.split()[0]))


class Trainer:
    """The compiled model."""

    def __init__(self, task: Task, steps: int) -> None:
        keras.utils.set_random_seed(0)
        self.task = task
        self.x, self.y = task.data()
        self.model = model(task)
        loss: Any = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        self.model.compile(
            optimizer=keras.optimizers.Adam(RATE, epsilon=1e-8),
            loss="mean_squared_error" if task.numbers else loss,
            steps_per_execution=steps,
            jit_compile=True,
        )

    def train(self, epochs: int) -> float:
        return seconds(lambda: self.model.fit(self.x, self.y, batch_size=self.task.batch, epochs=epochs, verbose=0))

    def loss(self) -> float:
        return float(self.model.evaluate(self.x, self.y, batch_size=self.task.batch, verbose=0))


def model(task: Task) -> keras.Model:
    """The row's network, in its initial weights."""
    ordered: list[Any] = []
    x = inputs = keras.Input(task.input, dtype="int32" if task.network == "transformer" else "float32")
    if task.network == "mlp":
        x = mlp(x, task.sizes[1:])
    elif task.network == "cnn":
        x = layers.MaxPooling2D()(layers.Conv2D(6, 5, padding="same", activation="relu")(x))
        x = layers.MaxPooling2D()(layers.Conv2D(16, 5, activation="relu")(x))
        x = mlp(layers.Flatten()(x), (120, 84, task.outputs))
    elif task.network == "resnet":
        x, ordered = resnet(x, task)
    elif task.network == "transformer":
        x = transformer(x, task)
    else:
        kind = layers.LSTM if task.network == "lstm" else layers.GRU
        x = layers.Dense(task.outputs)(kind(task.widths[0])(x))
    built = keras.Model(inputs, x)
    weights = iter(task.weights())
    for layer in ordered or built.layers:
        if layer.weights:
            fill(layer, weights, task)
    return built


def mlp(x: Any, widths: tuple[int, ...]) -> Any:
    for width in widths[:-1]:
        x = layers.Dense(width, activation="relu")(x)
    return layers.Dense(widths[-1])(x)


def resnet(x: Any, task: Task) -> tuple[Any, list[Any]]:
    """The outputs, and the layers in the order of the weights."""
    ordered: list[Any] = []

    def normalized(x: Any, width: int, kernel: int, stride: int = 1) -> Any:
        if kernel == 3:
            x = layers.ZeroPadding2D(1)(x)
        ordered.append(layers.Conv2D(width, kernel, strides=stride, use_bias=False))
        ordered.append(layers.BatchNormalization(momentum=0.9, epsilon=1e-5))
        return ordered[-1](ordered[-2](x))

    x = layers.ReLU()(normalized(x, task.widths[0], 3))
    for number, width in enumerate(task.widths):
        stride = 2 if number else 1
        main = layers.ReLU()(normalized(x, width, 3, stride))
        main = normalized(main, width, 3)
        x = layers.ReLU()(layers.Add()([main, normalized(x, width, 1, stride) if number else x]))
    ordered.append(layers.Dense(task.outputs))
    return ordered[-1](layers.GlobalAveragePooling2D()(x)), ordered


class Positions(layers.Layer):
    """x[t] + p[t]."""

    def build(self, shape: Any) -> None:
        self.positions = self.add_weight(shape=tuple(shape[1:]))

    def call(self, x: Any) -> Any:
        return x + self.positions


def transformer(x: Any, task: Task) -> Any:
    width = task.widths[0]
    x = Positions()(layers.Embedding(task.outputs, width)(x))
    for _ in task.widths:
        seen = layers.LayerNormalization(epsilon=1e-5)(x)
        x = x + layers.MultiHeadAttention(HEADS, width // HEADS)(seen, seen, use_causal_mask=True)
        wide = layers.Dense(4 * width, activation="gelu")(layers.LayerNormalization(epsilon=1e-5)(x))
        x = x + layers.Dense(width)(wide)
    return layers.Dense(task.outputs)(layers.LayerNormalization(epsilon=1e-5)(x))


def fill(layer: Any, weights: Iterator[np.ndarray], task: Task) -> None:
    """Set a layer's weights: Keras's own shapes, the GRU's gates in the order z, r, n, its two biases apart."""
    shapes = [tuple(weight.shape) for weight in layer.weights if weight.trainable]
    if isinstance(layer, layers.GRU):
        width = layer.units

        def ordered(weight: np.ndarray) -> np.ndarray:
            r, z, n = np.split(weight, 3, axis=-1)
            return np.concatenate([z, r, n], axis=-1)

        weight, recurrent, bias, inner = (next(weights) for _ in range(4))
        both = np.stack([ordered(bias), np.concatenate([np.zeros(2 * width, np.float32), inner])])
        layer.set_weights([ordered(weight), ordered(recurrent), both])
        return
    given = [next(weights).reshape(shape) for shape in shapes]
    for weight, value in zip((weight for weight in layer.weights if weight.trainable), given, strict=True):
        weight.assign(value)
