"""Remedies that change a run's network or loss, as arguments of `prepare`."""

from collections.abc import Callable
from dataclasses import fields, replace
from typing import Any

from backlit.doctor.finding import Remedy
from backlit.layers.activation import ActivationLayer, Linear, ReLU, Sigmoid, Softmax, Tanh
from backlit.layers.block import Block, as_block
from backlit.layers.composition import Composition, Sequential
from backlit.layers.convolution import Filters
from backlit.layers.dense import Dense
from backlit.layers.local import LocallyConnected
from backlit.layers.noise import Noise
from backlit.layers.normalization import BatchNorm
from backlit.layers.notation import read, write
from backlit.layers.pooling import GlobalMeanPool, MaxPool, MeanPool
from backlit.layers.regularization import Dropout
from backlit.layers.reshaping import Flatten, Reshape
from backlit.networks.named import network_named, recipe_named
from backlit.training import Run

Change = Callable[[Block], Block]
SQUASHING = (Sigmoid, Tanh)
LINEAR = (Dense, Filters, LocallyConnected)
PASSING = (Dropout, Noise, Flatten, Reshape, MeanPool, MaxPool, GlobalMeanPool, Linear)


def losses_for(run: Run | None, kind: str) -> dict[str, Any]:
    """The loss of maximum likelihood on raw outputs; nothing where it is the run's, or where there is no run."""
    name = {"two": "bce", "classes": "cross-entropy", "numbers": "mse"}[kind]
    return {} if run is None or str(run.loss) == name else {"loss": name}


def asked_network(run: Run) -> Sequential | None:
    """The network that `prepare` was given, without the preprocessing that it added; None where it cannot be told."""
    asked = run.asked.get("network")
    if isinstance(asked, Block) or (isinstance(asked, type) and issubclass(asked, Block)):
        block = as_block(asked)
        return block if type(block) is Sequential else Sequential(block)
    if asked is not None and (not isinstance(asked, str) or recipe_named(asked) is None):
        return read(asked) if isinstance(asked, str) and not asked.endswith(".json") else None
    schema, parts = run.parts.schema, run.parts
    targets = 1 if parts.train.y.ndim == 1 else parts.train.y.shape[-1]
    units = run.loss.units(schema.task, len(schema.classes), targets)
    return network_named(asked or "default", schema.input_shape, units, len(parts.train.x))


def changed_network(run: Run | None, change: Change) -> dict[str, Any]:
    """The change of a run by which every block of its network is what `change` makes of it; {}: nothing changes."""
    network = None if run is None else asked_network(run)
    if network is None:
        return {}
    after = rebuilt(network, change)
    return {} if after == network else {"network": as_argument(after)}


def without_end(run: Run | None, words: str) -> Remedy:
    """The network without the activations after its last layer."""
    network = None if run is None else asked_network(run)
    blocks = list(network.blocks) if network is not None else []
    kept = list(blocks)
    while kept and isinstance(kept[-1], ActivationLayer):
        kept.pop()
    if not kept or len(kept) == len(blocks):
        return Remedy(words)
    return Remedy(words, {"network": as_argument(Sequential(*kept))})


def with_relu(block: Block) -> Block:
    """ReLU in place of squashing activations, with the initialization that belongs to it."""
    return ReLU() if isinstance(block, SQUASHING) else well_initialized(block)


def well_initialized(block: Block) -> Block:
    """The block with the initialization that is its default."""
    own = {entry.name: entry for entry in fields(block)}  # type: ignore[arg-type]
    changes = {name: entry.default for name, entry in own.items() if name.endswith("initializer")}
    return replace(block, **changes) if changes else block  # type: ignore[type-var]


def with_relus_between(run: Run) -> dict[str, Any]:
    """The network with ReLU between linear layers that follow one another."""
    network = asked_network(run)
    return {} if network is None else {"network": as_argument(Sequential(*_spaced(network.blocks)))}


def rebuilt(block: Block, change: Change) -> Any:
    """A block with every block inside it changed; those at its end that make probabilities stay as they are."""
    if isinstance(block, Composition):
        inner = [rebuilt(part, change) for part in block.blocks]
        if isinstance(block, Sequential) and block.blocks and isinstance(block.blocks[-1], Sigmoid | Softmax):
            inner[-1] = block.blocks[-1]
        after = object.__new__(type(block))
        for entry in fields(block):
            object.__setattr__(after, entry.name, getattr(block, entry.name))
        object.__setattr__(after, "blocks", tuple(inner))
        return after
    return change(block)


def as_argument(network: Sequential) -> Any:
    """The network in the notation; itself where it has blocks that the notation does not know."""
    text = write(network)
    try:
        return text if read(text) == network else network
    except ValueError:
        return network


def _spaced(blocks: tuple[Block, ...]) -> list[Block]:
    after: list[Block] = []
    waiting = None  # where an activation belongs, behind the last linear layer and its normalization
    for block in blocks:
        if isinstance(block, LINEAR):
            if waiting is not None:
                after.insert(waiting, ReLU())
            waiting = len(after) + 1
        elif isinstance(block, BatchNorm) and waiting == len(after):
            waiting += 1
        elif not isinstance(block, PASSING):
            waiting = None
        after.append(block)
    return after
