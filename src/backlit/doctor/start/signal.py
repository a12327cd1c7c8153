"""The way of the signal through a network: its blocks one after another, as plans and blocks with their paths."""

from collections.abc import Iterator
from dataclasses import dataclass

from backlit.layers.block import Block
from backlit.layers.composition import Composition, Parallel, Residual, Sequential, Skip
from backlit.layers.embedding import Embedding
from backlit.layers.normalization import BatchNorm, GroupNorm, LayerNorm, RMSNorm
from backlit.layers.plan import Plan
from backlit.layers.repetition import Repeat
from backlit.training import Run

NORMALIZATIONS = (BatchNorm, LayerNorm, RMSNorm, GroupNorm)


@dataclass(frozen=True)
class Link:
    """One block on the way: a layer, or a composition with ways of its own inside, such as Residual.

    Attributes:
        path: of the block, as the summary has it.
        block, plan: what it is.
        turn: which time it is of a block that repeats, from 0; None outside of one.
    """

    path: str
    block: Block
    plan: Plan
    turn: int | None = None

    @property
    def trained(self) -> bool:
        """Whether it has weights."""
        return any(variable.weight for _, variable in self.plan.variables())

    @property
    def normalizes(self) -> bool:
        """Whether the scale of its output does not follow that of its input."""
        return isinstance(self.block, (*NORMALIZATIONS, Embedding))

    @property
    def weights(self) -> tuple[str, ...]:
        """The paths of its weights."""
        return tuple("/".join((self.path, *way)) for way, variable in self.plan.variables() if variable.weight)


def way_of(run: Run) -> list[Link]:
    """The links of a run's network in the order of the signal; repeated blocks once for each time."""
    return list(_way(run.network, run.network.plan(run.input_shape), ""))


def rows_of(run: Run) -> Iterator[list[Link]]:
    """Every row of blocks that follow one another: the network's own, then those inside its residuals and branches."""
    yield from _rows(run.network, run.network.plan(run.input_shape), "")


def _rows(block: Block, plan: Plan, path: str) -> Iterator[list[Link]]:
    row = list(_way(block, plan, path, opened=True))
    yield row
    for link in row:
        if isinstance(link.block, Parallel):
            for name, part in link.plan.parts.items():
                yield from _rows(link.block.named[name], part, f"{link.path}/{name}")
        elif isinstance(link.block, Residual | Skip):
            yield from _rows(link.block, link.plan, link.path)


def _way(block: Block, plan: Plan, path: str, turn: int | None = None, opened: bool = False) -> Iterator[Link]:
    """The links of a block; `opened` says that a residual one is to be looked into, and each repetition once."""
    inside = isinstance(block, Sequential | Repeat) and (opened or not isinstance(block, Residual | Skip))
    if not inside or not isinstance(block, Composition):
        yield Link(path, block, plan, turn)
        return
    times = range(block.count) if isinstance(block, Repeat) and not opened else [turn]
    for time in times:
        for name, part in plan.parts.items():
            own = f"{path}/{name}" if path else name
            inner = block.named[name]
            nested = opened and not isinstance(inner, Residual | Skip)
            yield from _way(inner, part, own, time, nested)
