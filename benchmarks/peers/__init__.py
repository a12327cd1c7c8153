"""Who runs in the race. A peer is one module beside this file, imported in a process of its own alone.

A module has `build(task, variant)`, which gives an object with two methods:

    train(epochs) -> seconds    that many more epochs, each over all rows in a new order, and the time that they took
    loss() -> float             of all rows as the network stands, in evaluation mode; of members the mean
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from tasks import Task


class Trainer(Protocol):
    """One network, or population, that is trained."""

    def train(self, epochs: int) -> float: ...

    def loss(self) -> float: ...


@dataclass(frozen=True)
class Peer:
    """A peer.

    Attributes:
        name: as the table has it.
        module: in this package.
        variants: ways to run it, of which the fastest counts, found by one short round.
        serves: the rows that a person would use it for.
    """

    name: str
    module: str
    variants: tuple[str, ...]
    serves: Callable[[Task], bool]


def single(task: Task) -> bool:
    return task.members == 1 and not task.name.endswith("-x1")


def populated(task: Task) -> bool:
    return not single(task)


THREADS = ("1 thread", "all threads")

PEERS = (
    Peer("Backlit", "backlit", ("steps",), single),
    Peer("Backlit fit", "backlit", ("fit",), single),
    Peer("PyTorch", "pytorch", THREADS, single),
    Peer("torch.compile", "pytorch", tuple(f"compiled, {threads}" for threads in THREADS), single),
    Peer("JAX + Optax", "jax_optax", ("scan", "step"), single),
    Peer("Keras", "keras", ("1 step", "8 steps", "32 steps"), single),
    Peer("Flax NNX", "flax", ("scan", "step"), single),
    Peer("scikit-learn", "sklearn", ("partial_fit",), lambda task: task.network == "mlp" and single(task)),
    Peer("tinygrad", "tinygrad", ("TinyJit",), lambda task: task.network in ("mlp", "cnn") and single(task)),
    Peer("PyTorch, one by one", "pytorch", ("1 thread",), populated),
    Peer("PyTorch, vmap", "pytorch", tuple(f"vmap, {threads}" for threads in THREADS), lambda task: task.members > 1),
    Peer("JAX + Optax", "jax_optax", ("scan",), populated),
)
