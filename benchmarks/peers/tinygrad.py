"""tinygrad: the whole step as one `TinyJit`. On a CPU it calls clang; where there is none, the one inside Zig."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from tasks import RATE, Task
from timing import seconds
from tinygrad import Tensor, TinyJit
from tinygrad.helpers import Context
from tinygrad.nn.optim import Adam

ZIG = """#!/bin/sh
for word; do shift; case "$word" in --target=*) ;; *) set -- "$@" "$word" ;; esac; done
exec {zig} cc -g0 -fno-sanitize=all -fno-stack-protector -fno-unwind-tables -fno-asynchronous-unwind-tables "$@"
"""  # Zig's own defaults are for debugging, and it does not know tinygrad's target by that name


def build(task: Task, variant: str) -> "Trainer":
    zig = find_spec("ziglang")
    if not shutil.which("clang") and "CC" not in os.environ and zig is not None and zig.origin is not None:
        compiler = Path(tempfile.mkdtemp()) / "cc"
        compiler.write_text(ZIG.format(zig=Path(zig.origin).with_name("zig")))
        compiler.chmod(0o700)
        os.environ["CC"] = str(compiler)
    return Trainer(task)


class Trainer:
    """The parameters and the compiled step."""

    def __init__(self, task: Task) -> None:
        self.task = task
        self.random = np.random.default_rng(0)
        self.x, self.y = task.data()
        if task.network == "cnn":
            self.x = np.ascontiguousarray(self.x.transpose(0, 3, 1, 2))
        self.parameters = [Tensor(weight).realize() for weight in converted(task)]
        self.optimizer = Adam(self.parameters, lr=RATE, eps=1e-8)
        self.jitted = TinyJit(self.step)
        self.evaluated = TinyJit(lambda x, y: self.value(x, y).realize())

    def step(self, x: Tensor, y: Tensor) -> Tensor:
        self.optimizer.zero_grad()
        value = self.value(x, y).backward()
        return value.realize(*self.optimizer.schedule_step())

    def train(self, epochs: int) -> float:
        def run() -> None:
            with Context(TRAINING=1):
                for _ in range(epochs):
                    for x, y in self.batches(self.random.permutation(len(self.x))):
                        value = self.jitted(x, y)
            value.item()

        return seconds(run)

    def loss(self) -> float:
        return float(np.mean([self.evaluated(x, y).item() for x, y in self.batches(np.arange(len(self.x)))]))

    def batches(self, order: np.ndarray) -> Iterator[tuple[Tensor, Tensor]]:
        x, y = self.x[order], self.y[order]
        for start in range(0, len(x), self.task.batch):
            rows = slice(start, start + self.task.batch)
            yield Tensor(x[rows]).realize(), Tensor(y[rows]).realize()

    def value(self, x: Tensor, y: Tensor) -> Tensor:
        outputs = self.outputs(x)
        return (outputs - y).square().mean() if self.task.numbers else outputs.sparse_categorical_crossentropy(y)

    def outputs(self, x: Tensor) -> Tensor:
        p = iter(self.parameters)
        if self.task.network == "cnn":
            x = x.conv2d(next(p), next(p), padding=2).relu().max_pool2d()
            x = x.conv2d(next(p), next(p)).relu().max_pool2d().flatten(1)
        rest = list(p)
        for weight, bias in zip(rest[:-2:2], rest[1:-2:2], strict=True):
            x = (x @ weight + bias).relu()
        return x @ rest[-2] + rest[-1]


def converted(task: Task) -> list[np.ndarray]:
    """The weights as tinygrad lays them out: filters before channels, and flattened so."""
    weights = task.weights()
    if task.network == "cnn":
        for place in (0, 2):
            weights[place] = np.ascontiguousarray(weights[place].transpose(3, 2, 0, 1))
        first = weights[4].reshape(5, 5, 16, -1).transpose(2, 0, 1, 3)
        weights[4] = np.ascontiguousarray(first.reshape(400, -1))
    return weights
