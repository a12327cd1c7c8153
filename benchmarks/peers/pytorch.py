"""PyTorch as its documentation makes it fast: fused Adam, channels last, gradients set to None, nothing read in a step.

An epoch is shuffled and cut into batches at once. One thread and all of them: the faster counts. Compiled, the forward
pass, the loss and the backward pass are one program each. A population is trained one member after another, or all at
once with `torch.func.vmap`. On a GPU float32 products may use TF32, as JAX's do, and compiled steps are CUDA graphs.
"""

import numpy as np
import torch
from tasks import RATE, Task
from timing import CORES, seconds
from torch import Tensor
from torch.func import functional_call, grad, vmap
from torch.nn import functional as F

from peers.pytorch_networks import network

DEVICES = {"cpu": "cpu", "gpu": "cuda"}


def build(task: Task, variant: str) -> "Trainer | Members | Stack":
    torch.set_num_threads(1 if "1 thread" in variant else CORES)
    torch.set_flush_denormal(True)
    torch.set_float32_matmul_precision("high")
    torch.backends.cudnn.benchmark = True
    torch.manual_seed(0)
    if "vmap" in variant:
        return Stack(task)
    if task.members > 1:
        return Members(task)
    trainer = Trainer(task)
    if "compiled" in variant:
        trainer.trained_value = torch.compile(
            trainer.value, mode="reduce-overhead" if task.device == "gpu" else "default"
        )
    return trainer


class Trainer:
    """A network, its optimizer and the loop."""

    def __init__(self, task: Task, rate: float = RATE) -> None:
        self.task, device = task, DEVICES[task.device]
        x, y = task.data()
        self.x = torch.from_numpy(x).to(device)
        self.y = self.x if task.numbers else torch.from_numpy(y.astype(np.int64)).to(device)
        self.network = network(task).to(device)
        if len(task.input) == 3:
            self.x = self.x.permute(0, 3, 1, 2)
            self.network = self.network.to(memory_format=torch.channels_last)
        self.optimizer = torch.optim.Adam(self.network.parameters(), lr=rate, fused=True)
        self.trained_value = self.value

    def train(self, epochs: int) -> float:
        def run() -> None:
            self.network.train()
            for _ in range(epochs):
                order = torch.randperm(len(self.x), device=self.x.device)
                batches = (a[order].split(self.task.batch) for a in (self.x, self.y))
                for x, y in zip(*batches, strict=True):
                    self.step(x, y)
            if self.x.is_cuda:
                torch.cuda.synchronize()

        return seconds(run)

    def step(self, x: Tensor, y: Tensor) -> None:
        self.optimizer.zero_grad(set_to_none=True)
        self.trained_value(x, y).backward()
        self.optimizer.step()

    def value(self, x: Tensor, y: Tensor) -> Tensor:
        outputs = self.network(x)
        if self.task.numbers:
            return F.mse_loss(outputs, y)
        return F.cross_entropy(outputs.flatten(0, -2), y.flatten())

    @torch.no_grad()
    def loss(self) -> float:
        self.network.eval()
        batches = (a.split(self.task.batch) for a in (self.x, self.y))
        return float(np.mean([float(self.value(x, y)) for x, y in zip(*batches, strict=True)]))


class Members:
    """A population, one member after another."""

    def __init__(self, task: Task) -> None:
        self.trainers = [Trainer(task, rate) for rate in task.rates.tolist()]

    def train(self, epochs: int) -> float:
        return sum(trainer.train(epochs) for trainer in self.trainers)

    def loss(self) -> float:
        return float(np.mean([trainer.loss() for trainer in self.trainers]))


class Stack:
    """A population as one network of stacked parameters, under `torch.func.vmap`, with Adam written out for them."""

    def __init__(self, task: Task) -> None:
        self.one = Trainer(task)
        self.parameters = {
            name: parameter.detach().expand(task.members, *parameter.shape).clone()
            for name, parameter in self.one.network.named_parameters()
        }
        self.mean, self.squares = ({name: torch.zeros_like(p) for name, p in self.parameters.items()} for _ in range(2))
        self.rates = torch.from_numpy(task.rates).to(self.one.x.device)
        self.made = 0

    def value(self, parameters: dict[str, Tensor], x: Tensor, y: Tensor) -> Tensor:
        return F.cross_entropy(functional_call(self.one.network, parameters, (x,)), y)

    def train(self, epochs: int) -> float:
        gradient = vmap(grad(self.value), in_dims=(0, None, None))

        @torch.no_grad()
        def run() -> None:
            for _ in range(epochs):
                order = torch.randperm(len(self.one.x), device=self.one.x.device)
                batches = (a[order].split(self.one.task.batch) for a in (self.one.x, self.one.y))
                for x, y in zip(*batches, strict=True):
                    self.update(gradient(self.parameters, x, y))
            if self.one.x.is_cuda:
                torch.cuda.synchronize()

        return seconds(run)

    def update(self, gradients: dict[str, Tensor]) -> None:
        self.made += 1
        rates = self.rates * (1 - 0.999**self.made) ** 0.5 / (1 - 0.9**self.made)
        delta = 1e-8 * (1 - 0.999**self.made) ** 0.5
        for name, g in gradients.items():
            mean = self.mean[name].lerp_(g, 0.1)
            squares = self.squares[name].mul_(0.999).addcmul_(g, g, value=0.001)
            rate = rates.view(-1, *[1] * (g.ndim - 1))
            self.parameters[name].sub_(rate * mean / squares.sqrt().add_(delta))

    @torch.no_grad()
    def loss(self) -> float:
        values = vmap(self.value, in_dims=(0, None, None))(self.parameters, self.one.x, self.one.y)
        return float(values.mean())
