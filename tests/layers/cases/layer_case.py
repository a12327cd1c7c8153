"""A case of the harness for layers."""

from dataclasses import dataclass

from backlit.layers.block import Block


@dataclass(frozen=True)
class Case:
    """A layer, the shape of an example, and what it makes of it, by hand; `bad` is a shape that it must refuse."""

    block: Block
    input: tuple[int, ...]
    output: tuple[int, ...]
    parameters: int = 0
    bad: tuple[int, ...] | None = None
    flat: bool = False  # its derivative is 0 almost everywhere
    tokens: int = 0  # where its input are token ids, how many there are
    memory: tuple[int, ...] = ()  # the shape of the other sequence that it looks at
