"""The work of the race: data, network, batch and initial weights, the same for every peer; NumPy alone.

The data are made, of a fixed seed, so that a network of the row's shape can learn something from them and not
everything. Inputs have mean 0 and deviation 1. The initial weights are a flat list in the order in which an example
meets them, in the layout x W + b: dense (in, out), convolution (height, width, in, out).
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

import numpy as np

RATE = 1e-3  # of Adam with β₁ 0.9, β₂ 0.999, ε 1e-8
RATES = (3e-4, 3e-3)  # of a population's members, from the first to the last
SURE = 0.9  # the share of examples whose label is not drawn anew

Weights = list[np.ndarray]


@dataclass(frozen=True)
class Task:
    """One row of the race.

    Attributes:
        name: of the row.
        network: its family: mlp, cnn, resnet, lstm, gru or transformer.
        input: the shape of an example.
        widths: of the hidden layers (mlp), or of the hidden state.
        outputs: classes, or numbers where `numbers`; for the transformer, the vocabulary.
        batch: examples a step.
        steps: an epoch.
        epochs: at least two, after which the losses are compared.
        seconds: that the row may take on two cores; see `race.py`.
        numbers: whether the targets are the inputs, under the mean squared error; else cross-entropy.
        members: networks that are trained at once, with rates from 3e-4 to 3e-3.
        through_fit: whether Backlit's `fit` is what is compared; else the same steps as the peers make, without the
            scores and telemetry of each epoch.
        file: where data and initial weights are stored; None: they are made.
        device: cpu or gpu.
    """

    name: str
    network: str
    input: tuple[int, ...]
    outputs: int
    batch: int
    steps: int
    epochs: int
    seconds: float
    widths: tuple[int, ...] = ()
    numbers: bool = False
    members: int = 1
    through_fit: bool = False
    file: Path | None = None
    device: str = "cpu"

    @property
    def rows(self) -> int:
        """Training examples: whole batches, so that no peer has a short one."""
        return self.batch * self.steps

    @property
    def sizes(self) -> tuple[int, ...]:
        """The widths of an MLP from the inputs to the outputs."""
        return (self.input[0], *self.widths, self.outputs)

    @property
    def rates(self) -> np.ndarray:
        """The learning rate of each member."""
        return np.geomspace(*RATES, self.members).astype(np.float32)

    @property
    def populated(self) -> bool:
        """Whether the row is one of populations, of one member too."""
        return "-x" in self.name

    def stored(self, file: Path) -> "Task":
        """The same, with data and weights in a file, so that making them costs a peer neither time nor memory."""
        x, y = self.data()
        targets = {} if self.numbers else {"y": y}
        np.savez(file, x=x, **targets, **{f"w{place}": weight for place, weight in enumerate(self.weights())})
        return replace(self, file=file)

    def data(self) -> tuple[np.ndarray, np.ndarray]:
        """Inputs and targets."""
        if self.file is not None:
            with np.load(self.file) as held:
                x = held["x"]
                return x, x if self.numbers else held["y"]
        random = np.random.default_rng(0)
        if self.network == "transformer":
            return _tokens(random, self.rows, self.input[0], self.outputs)
        if self.numbers:
            x = random.normal(size=(self.rows, 16)) @ random.normal(size=(16, *self.input))
            x = _standardized(x + random.normal(size=x.shape))
            return x, x
        y = random.integers(0, self.outputs, self.rows)
        coarse = tuple(max(1, side // 4) for side in self.input[:-1])
        means = random.normal(size=(self.outputs, *coarse, self.input[-1]))
        for axis, (side, parts) in enumerate(zip(self.input[:-1], coarse, strict=True), start=1):
            means = np.repeat(means, -(-side // parts), axis=axis).take(range(side), axis=axis)
        noise = random.normal(size=(self.rows, *self.input))
        x = _standardized(means[y] + (2.0 if means[0].size > 10 else 0.5) * noise)
        drawn = random.random(self.rows) > SURE
        return x, np.where(drawn, random.integers(0, self.outputs, self.rows), y).astype(np.int32)

    def weights(self) -> Weights:
        """The initial weights."""
        if self.file is not None:
            with np.load(self.file) as held:
                return [held[f"w{place}"] for place in range(sum(name.startswith("w") for name in held))]
        return list(NETWORKS[self.network](self, Draw()))


class Draw:
    """Draws the parameters of single layers."""

    def __init__(self) -> None:
        self.random = np.random.default_rng(1)

    def matrix(self, *shape: int) -> np.ndarray:
        """Normal, of variance 2 / inputs."""
        return (self.random.normal(size=shape) * np.sqrt(2 / np.prod(shape[:-1]))).astype(np.float32)

    def dense(self, inputs: int, outputs: int) -> Weights:
        return [self.matrix(inputs, outputs), constant(0, outputs)]

    def convolution(self, kernel: int, inputs: int, filters: int) -> Weights:
        return [self.matrix(kernel, kernel, inputs, filters), constant(0, filters)]

    def normalized(self, kernel: int, inputs: int, filters: int) -> Weights:
        """A convolution without biases, then the scale and the shift of its normalization."""
        return [self.matrix(kernel, kernel, inputs, filters), *norm(filters)]


def constant(value: float, *shape: int) -> np.ndarray:
    return np.full(shape, value, np.float32)


def norm(width: int) -> Weights:
    """Scale and shift."""
    return [constant(1, width), constant(0, width)]


def mlp(task: Task, draw: Draw) -> Iterator[np.ndarray]:
    """Dense layers with ReLU between."""
    for inputs, outputs in pairwise(task.sizes):
        yield from draw.dense(inputs, outputs)


def cnn(task: Task, draw: Draw) -> Iterator[np.ndarray]:
    """LeNet-5: 5×5 to 6 maps (padded by 2), ReLU, max 2×2, 5×5 to 16, ReLU, max 2×2, 120, ReLU, 84, ReLU, outputs."""
    yield from draw.convolution(5, task.input[-1], 6)
    yield from draw.convolution(5, 6, 16)
    for inputs, outputs in pairwise((400, 120, 84, task.outputs)):
        yield from draw.dense(inputs, outputs)


def resnet(task: Task, draw: Draw) -> Iterator[np.ndarray]:
    """3×3 to the first width, a residual block a width, the stride 2 from the second on, the mean, outputs."""
    yield from draw.normalized(3, task.input[-1], task.widths[0])
    for before, width in pairwise((task.widths[0], *task.widths)):
        yield from draw.normalized(3, before, width)
        yield from draw.normalized(3, width, width)
        if width != before:
            yield from draw.normalized(1, before, width)
    yield from draw.dense(task.widths[-1], task.outputs)


def recurrent(task: Task, draw: Draw) -> Iterator[np.ndarray]:
    """W, U, b (and the GRU's u), gates side by side: i, f, g, o or r, z, n; the last output to a dense layer."""
    (width,), gates = task.widths, {"lstm": 4, "gru": 3}[task.network]
    yield draw.matrix(task.input[1], gates * width) * 0.7
    yield draw.matrix(width, gates * width) * 0.7
    yield constant(0, gates * width)
    if task.network == "gru":
        yield constant(0, width)
    yield from draw.dense(width, task.outputs)


def transformer(task: Task, draw: Draw) -> Iterator[np.ndarray]:
    """Embedding, learned positions; blocks of normalization, query, key, value, output, normalization, dense to four
    times the width, GELU, dense; normalization, outputs at every step."""
    width, *_ = task.widths
    yield draw.matrix(task.outputs, width)
    yield draw.matrix(task.input[0], width) * 0.1
    for _ in task.widths:
        yield from norm(width)
        for _ in range(4):
            yield from draw.dense(width, width)
        yield from norm(width)
        yield from draw.dense(width, 4 * width)
        yield from draw.dense(4 * width, width)
    yield from norm(width)
    yield from draw.dense(width, task.outputs)


HEADS = 4  # of the transformer's attention

NETWORKS = {"mlp": mlp, "cnn": cnn, "resnet": resnet, "lstm": recurrent, "gru": recurrent, "transformer": transformer}


def _standardized(x: np.ndarray) -> np.ndarray:
    return ((x - x.mean(0)) / x.std(0)).astype(np.float32)


def _tokens(random: np.random.Generator, rows: int, steps: int, vocabulary: int) -> tuple[np.ndarray, np.ndarray]:
    """Chains in which one token usually follows another, and the chains one step on."""
    following = random.permutation(vocabulary)
    chain = random.integers(0, vocabulary, (rows, steps + 1))
    usual = random.random(chain.shape) < 0.8
    for step in range(1, steps + 1):
        chain[:, step] = np.where(usual[:, step], following[chain[:, step - 1]], chain[:, step])
    return chain[:, :-1].astype(np.int32), chain[:, 1:].astype(np.int32)


TINY = Task("mlp-tiny", "mlp", (2,), 2, batch=32, steps=64, epochs=8, seconds=80, widths=(16, 16))
SMALL = Task("mlp-small", "mlp", (64,), 10, batch=32, steps=64, epochs=4, seconds=80, widths=(64, 64))

TASKS = {
    task.name: task
    for task in (
        TINY,
        SMALL,
        Task("mlp-medium", "mlp", (784,), 10, batch=128, steps=64, epochs=2, seconds=100, widths=(512, 512)),
        Task("mlp-large", "mlp", (784,), 10, batch=256, steps=16, epochs=2, seconds=110, widths=(2048, 2048)),
        Task("cnn", "cnn", (28, 28, 1), 10, batch=128, steps=16, epochs=2, seconds=110),
        Task("resnet", "resnet", (32, 32, 3), 10, batch=64, steps=8, epochs=8, seconds=150, widths=(16, 32, 64)),
        Task("lstm", "lstm", (50, 32), 10, batch=64, steps=16, epochs=3, seconds=120, widths=(128,)),
        Task("gru", "gru", (50, 32), 10, batch=64, steps=16, epochs=3, seconds=120, widths=(128,)),
        Task("transformer", "transformer", (128,), 64, batch=16, steps=8, epochs=2, seconds=150, widths=(128,) * 4),
        Task(
            "autoencoder",
            "mlp",
            (784,),
            784,
            batch=128,
            steps=64,
            epochs=2,
            seconds=100,
            widths=(128, 32, 128),
            numbers=True,
        ),
        Task(
            "table", "mlp", (50,), 5, batch=256, steps=400, epochs=2, seconds=110, widths=(256, 128), through_fit=True
        ),
        *(
            replace(TINY, name=f"tiny-x{count}", members=count, epochs=2, seconds=spent)
            for count, spent in ((1, 20), (8, 35), (64, 50), (256, 55))
        ),
        *(
            replace(SMALL, name=f"small-x{count}", members=count, epochs=2, seconds=spent)
            for count, spent in ((1, 20), (8, 35), (64, 50), (256, 55))
        ),
    )
}
"""The rows by name."""
