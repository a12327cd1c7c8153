"""The same network with one thing about its structure changed, to see whether that is what keeps it from learning."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from backlit.layers.activation import Linear, ReLU, Sigmoid, Tanh
from backlit.layers.block import Block
from backlit.layers.composition import Composition, Sequential, blocks_of
from backlit.layers.convolution import Conv
from backlit.layers.dense import Dense
from backlit.layers.local import LocallyConnected
from backlit.layers.noise import Noise
from backlit.layers.preprocessing import OneHot, Preprocessing
from backlit.layers.recurrence import Recurrence
from backlit.layers.regularization import Dropout
from backlit.layers.reshaping import Flatten
from backlit.layers.scaling import Rescale
from backlit.training.populations.members import altered

SQUASHING = (Sigmoid, Tanh)
MAPS = (Dense, Conv, LocallyConnected)  # affine maps, which want a nonlinearity between two of them


def without_dropout(network: Sequential) -> Sequential:
    """No unit omitted, and no noise added."""

    def still(block: Block) -> Block:
        if isinstance(block, Dropout):
            return altered(block, rate=0.0)
        return altered(block, deviation=0.0) if isinstance(block, Noise) else block

    return _each(network, still)


def with_relu(network: Sequential) -> Sequential:
    """ReLU for every Sigmoid and Tanh but the head's, with the default initializers; the same where there is none."""
    after = _with_relu(network)
    return network if after == network else with_initializers(after)


def with_activations(network: Sequential) -> Sequential:
    """ReLU between every two affine maps that have nothing nonlinear between them."""

    def insert(blocks: list[Block]) -> list[Block]:
        made: list[Block] = []
        pending = False  # whether an affine map is behind, with nothing nonlinear since
        for block in blocks:
            if isinstance(block, MAPS):
                if pending:
                    made.append(ReLU())
                pending = True
            elif not isinstance(block, Flatten | Linear | Preprocessing | OneHot):
                pending = False
            made.append(block)
        return made

    return _inside(network, insert)


def with_initializers(network: Sequential) -> Sequential:
    """Every layer's initializer as it is by default."""
    return _each(network, _default_initializers)


def wider(network: Sequential, least: int = 64) -> Sequential:
    """Hidden layers of twice the units, of 64 at least, and one more of them where the network has none."""
    dense = [block for block in blocks_of(network) if isinstance(block, Dense)]
    head = dense[-1] if dense else None

    def widen(block: Block) -> Block:
        if block is head:
            return block
        if isinstance(block, Dense | Recurrence):
            return replace(block, units=max(least, 2 * block.units))
        return replace(block, filters=max(least // 4, 2 * block.filters)) if isinstance(block, Conv) else block

    def insert(blocks: list[Block]) -> list[Block]:
        return [new for block in blocks for new in ([Dense(least), ReLU(), block] if block is head else [block])]

    widened = _each(network, widen)
    return widened if len(dense) > 1 else _inside(widened, insert)


def _with_relu(network: Sequential) -> Sequential:
    last = max((at for at, block in enumerate(network.blocks) if not isinstance(block, Rescale)), default=-1)

    def change(at: int, block: Block) -> Block:
        if at == last and type(block) is Sequential:
            return _with_relu(block)
        return block if at == last and isinstance(block, SQUASHING) else _each(block, _relu)

    return altered(network, blocks=tuple(change(at, block) for at, block in enumerate(network.blocks)))


def _relu(block: Block) -> Block:
    return ReLU() if isinstance(block, SQUASHING) else block


def _default_initializers(block: Block) -> Block:
    fields: dict[str, Any] = getattr(block, "__dataclass_fields__", {})
    chosen = {name: entry.default for name, entry in fields.items() if name.endswith("initializer")}
    return altered(block, **chosen) if chosen else block


def _inside(block: Any, change: Callable[[list[Block]], list[Block]]) -> Any:
    """A composition whose rows of blocks, and those within, are changed."""
    if not isinstance(block, Composition):
        return block
    inner = [_inside(part, change) for part in block.blocks]
    return altered(block, blocks=tuple(change(inner) if isinstance(block, Sequential) else inner))


def _each(block: Any, change: Callable[[Block], Block]) -> Any:
    """A network whose single blocks are changed."""
    if not isinstance(block, Composition):
        return change(block)
    return altered(block, blocks=tuple(_each(part, change) for part in block.blocks))
