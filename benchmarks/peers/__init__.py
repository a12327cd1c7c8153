"""Who runs in the race. A peer is one module beside this file, imported in a process of its own alone.

A module has `build(task, variant)`, which gives an object with two methods:

    train(epochs) -> seconds    that many more epochs, each over all rows in a new order, and the time that they took
    loss() -> float             of all rows as the network stands, in evaluation mode; of members the mean
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, TypeAlias

from tasks import Task


class Trainer(Protocol):
    """One network, or population, that is trained."""

    def train(self, epochs: int) -> float: ...

    def loss(self) -> float: ...


Found: TypeAlias = dict[str, str]
"""The fastest variant of each peer so far, by the peer's name."""


@dataclass(frozen=True)
class Peer:
    """A peer.

    Attributes:
        name: as the table has it.
        module: in this package.
        variants: ways to run it on a row, of which the fastest counts, found in the first epochs; none where nobody
            would use it.
    """

    name: str
    module: str
    variants: Callable[[Task, Found], tuple[str, ...]]


def alone(*variants: str) -> Callable[[Task, Found], tuple[str, ...]]:
    """These variants in the rows of single networks."""
    return lambda task, _: () if task.populated else variants


def populations(*variants: str, least: int = 1, most: int = 256) -> Callable[[Task, Found], tuple[str, ...]]:
    """These variants in the rows of populations with so many members."""
    return lambda task, _: variants if task.populated and least <= task.members <= most else ()


def compiled(task: Task, found: Found) -> tuple[str, ...]:
    """PyTorch's fastest threads, since compiling takes long."""
    return () if task.populated or "PyTorch" not in found else (f"compiled, {found['PyTorch']}",)


def like_jax(task: Task, found: Found) -> tuple[str, ...]:
    """The form that is faster in JAX, of which Flax makes the same programs."""
    return () if task.populated else (found.get("JAX + Optax", "scan"),)


def forms(task: Task, _: Found) -> tuple[str, ...]:
    """A scan over the epoch, or a call a step: on a CPU XLA's convolutions are several times slower inside a loop."""
    if task.populated:
        return ("scan",)
    return ("step",) if len(task.input) == 3 and task.device == "cpu" else ("scan", "step")


def executions(task: Task, _: Found) -> tuple[str, ...]:
    """Keras's steps an execution: it writes them out, so that many take long to compile, and help short steps alone."""
    if task.populated:
        return ()
    if task.network == "mlp" and max(task.sizes) <= 128:
        return "8 steps", "32 steps"
    return ("1 step", "8 steps") if task.network in ("mlp", "lstm", "gru") else ("1 step",)


def dense(task: Task, _: Found) -> tuple[str, ...]:
    """scikit-learn has multilayer perceptrons alone."""
    return ("partial_fit",) if task.network == "mlp" and not task.populated else ()


def plain(task: Task, _: Found) -> tuple[str, ...]:
    """The rows that take tinygrad's tensors alone."""
    return ("TinyJit",) if task.network in ("mlp", "cnn") and not task.populated else ()


THREADS = ("1 thread", "all threads")

PEERS = (
    Peer("Backlit", "backlit", alone("steps")),
    Peer("Backlit fit", "backlit", alone("fit")),
    Peer("PyTorch", "pytorch", alone(*THREADS)),
    Peer("JAX + Optax", "jax_optax", forms),
    Peer("Keras", "keras", executions),
    Peer("Flax NNX", "flax", like_jax),
    Peer("scikit-learn", "sklearn", dense),
    Peer("tinygrad", "tinygrad", plain),
    Peer("torch.compile", "pytorch", compiled),
    Peer("Backlit", "backlit", populations("together")),
    Peer("Backlit, one alone", "backlit", populations("alone", least=2)),
    Peer("PyTorch, one by one", "pytorch", populations("1 thread", most=64)),
    Peer("PyTorch, vmap", "pytorch", populations(*(f"vmap, {threads}" for threads in THREADS), least=2)),
)
