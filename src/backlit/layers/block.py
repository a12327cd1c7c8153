"""The contract of every layer: a block is an immutable description; its parameters live outside it.

A block answers two questions. *plan*: given an input shape, what comes out, which variables are needed, what does it
cost, how far does it see. *apply*: given variables, input and context, the output. Initialization, summary, counting,
saving and checking all follow from the plan.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping
from dataclasses import MISSING, dataclass, fields, replace
from os import PathLike
from typing import Any, TypeAlias

import jax
import jax.numpy as jnp

from backlit.drawing.drawing import Drawing, saved
from backlit.errors import SettingError, ShapeError
from backlit.layers.plan import Plan
from backlit.layers.settings import is_whole
from backlit.layers.summary import Summary, summarize
from backlit.shapes import Array, Shape, write

Parameters: TypeAlias = dict[str, Any]
State: TypeAlias = dict[str, Any]


class Observer:
    """Looks at each block's input and output while a composition is applied, and keeps what it finds by path.

    A block that runs compiled code of its own (a loop, a recomputation) has another one look inside, and hands on what
    that one found: what is found is made of arrays there.

    Args:
        look: called as look(path, block, input, output) after each block; its answer is kept.
        attention: whether the weights (B, H, T, S) of layers of attention are kept too, by path/weights.
    """

    def __init__(self, look: Callable[[str, "Block", Array, Array], Any], attention: bool = False) -> None:
        self.look, self.attention = look, attention
        self.seen: dict[str, Any] = {}

    def __call__(self, path: str, block: "Block", x: Array, y: Array) -> None:
        """Look at one block."""
        self.seen[path] = self.look(path, block, x, y)

    def inner(self) -> "Observer":
        """Another that looks in the same way, and has seen nothing."""
        return Observer(self.look, self.attention)


@dataclass(frozen=True)
class Context:
    """What an application knows besides variables and input.

    Attributes:
        training: whether dropout drops and batch statistics are used.
        key: the random key of this application; None where nothing is random.
        mask: (B,) with 1 for real examples and 0 for padding; None where all are real.
        steps: (B, T) with 1 for the real steps of a sequence and 0 for padding; None where all are real.
        memory: (B, S, F), what cross attention looks at: the encoded source of a decoder; None where there is none.
        memory_steps: (B, S), the real steps of the memory; None where all are.
        streaming: the most steps that a stream may have, where one sequence arrives piece by piece: layers with a
            memory of earlier steps (recurrent, attention, positions) then begin with what their state carries, nothing
            at first, and return it anew; 0: each input is a whole sequence, and nothing is carried.
        precision: what trained blocks compute in, such as bfloat16; preprocessing before them keeps the data's own
            precision. None: as inputs and parameters are.
        observe: looks at each block of a composition; None: nobody does.
        path: the names of the enclosing blocks, joined by '/'.
    """

    training: bool = False
    key: Array | None = None
    mask: Array | None = None
    steps: Array | None = None
    memory: Array | None = None
    memory_steps: Array | None = None
    streaming: int = 0
    precision: Any = None
    observe: Observer | None = None
    path: str = ""

    def enter(self, name: str, index: int) -> "Context":
        """The context of the composition's block `name`, the `index`-th, with a random key of its own."""
        key = None if self.key is None else jax.random.fold_in(self.key, index)
        return replace(self, key=key, path=f"{self.path}/{name}" if self.path else name)


class Block(ABC):
    """A layer or a composition of layers: a frozen dataclass whose fields are its hyperparameters."""

    @abstractmethod
    def plan(self, input: Shape) -> Plan:
        """Shapes, variables, cost and reach for an input of this shape (without the batch axis).

        Raises:
            ShapeError: where the block does not fit the input.
        """

    @abstractmethod
    def apply(self, parameters: Parameters, state: State, x: Array, context: Context) -> tuple[Array, State]:
        """The output (B, *output) for an input (B, *input), and the state after it."""

    @property
    def exact(self) -> bool:
        """Whether the block takes its input as exact as it comes, whatever precision trained blocks compute in."""
        return False

    @property
    def streams(self) -> bool:
        """Whether a sequence may arrive piece by piece: the block sees one step alone, or carries what it saw."""
        return True

    def steps(self, steps: Array | None) -> Array | None:
        """The real steps of the output (B, T'), given those of the input (B, T): the same, where time stays as it is.

        A layer that changes or ends the axis of time says how; None where every step of the output is real.
        """
        return steps

    def initialize(self, input: Shape, key: Array) -> tuple[Parameters, State]:
        """Draw the first parameters and state for an input of this shape; the same key draws the same values."""
        plan = self.plan(as_shape(input))
        return _draw(plan.tree("parameters"), key), _draw(plan.tree("state"), key)

    def summary(self, input: Shape) -> Summary:
        """A table of output shapes, parameters, multiply-adds and receptive fields; allocates no parameters."""
        return summarize(str(self), self.plan(as_shape(input)))

    def draw(
        self,
        input: Shape,
        parameters: Parameters | None = None,
        *,
        neurons: bool | None = None,
        depth: int | None = None,
        path: str | PathLike[str] | None = None,
    ) -> Drawing:
        """The network as boxes with shapes and numbers of parameters, or as neurons where there are few.

        Args:
            input: the shape of one example.
            parameters: of `initialize` or of a model: neurons are then joined by lines as wide as their weights are
                large, dashed where these are negative.
            neurons: whether neurons are drawn, not boxes; by default where the layers are Dense, of 12 units at most.
            depth: how many levels of compositions stand open; by default as many as a reader takes in.
            path: a file that is written, .svg or .html.

        Returns:
            A drawing, which notebooks show, and `save` writes.

        Raises:
            ShapeError: the network does not fit the input, or the parameters do not fit the network.
            SettingError: neurons are asked for and cannot be drawn, or the path is no path.
            FileError: the file has another ending, or cannot be written.

        >>> from backlit import Dense
        >>> "20 parameters" in Dense(4).draw((4,), neurons=False).svg
        True
        """
        from backlit.layers.drawing import draw_block

        return saved(lambda: draw_block(self, as_shape(input), parameters, neurons, depth), path)

    def parts(self, input: Shape) -> Mapping[str, "Block"]:
        """The blocks it is drawn as, by the names of their plans; none: it is drawn as one."""
        return {}

    def __str__(self) -> str:
        """The block in the notation: `Dense(64, bias=False)`."""
        words = []
        for entry in fields(self):  # type: ignore[arg-type]
            value = getattr(self, entry.name)
            if entry.default is MISSING:
                words.append(literal(value))
            elif value != entry.default:
                words.append(f"{entry.name}={literal(value)}")
        return type(self).__name__ + (f"({', '.join(words)})" if words else "")


def literal(value: Any) -> str:
    """A hyperparameter's value in the notation: a literal, a block or an initializer."""
    if isinstance(value, tuple):
        return f"({', '.join(literal(item) for item in value)}{',' if len(value) == 1 else ''})"
    return repr(value) if isinstance(value, str) else str(value)


def checked_steps(steps: Array | None, x: Array) -> Array | None:
    """The real steps (B, T) of sequences x (B, T, ...).

    Raises:
        ShapeError: the mask does not fit the sequences.
    """
    if steps is not None and steps.shape != x.shape[:2]:
        raise ShapeError(
            f"the mask of real steps has the shape {write(steps.shape)}, and the sequences are {write(x.shape[:2])}; "
            "give it one number a step, 1 where it is real"
        )
    return steps


def as_block(item: Any) -> Block:
    """A block, from a block or from a class whose hyperparameters all have defaults (`ReLU` for `ReLU()`).

    Raises:
        SettingError: where it is neither.
    """
    if isinstance(item, type) and issubclass(item, Block):
        try:
            return item()
        except TypeError:
            raise SettingError(f"{item.__name__} needs its settings, as in Dense(64)") from None
    if not isinstance(item, Block):
        raise SettingError(f"a network is made of layers such as Dense(64) or ReLU, not of {item!r}")
    return item


def as_shape(sizes: Any) -> Shape:
    """The shape of one example, from a row of sizes or from one.

    Raises:
        ShapeError: where a size is not a whole number of at least 1.
    """
    shape = tuple(sizes) if isinstance(sizes, Iterable) else (sizes,)
    if not all(is_whole(size, 1) for size in shape):
        raise ShapeError(f"an input's shape is made of sizes of at least 1, such as (32, 32, 3), not {sizes!r}")
    return tuple(int(size) for size in shape)


def _draw(tree: dict, key: Array) -> dict:
    drawn = {}
    for index, (name, entry) in enumerate(tree.items()):
        own = jax.random.fold_in(key, index)
        drawn[name] = _draw(entry, own) if isinstance(entry, dict) else entry.initializer(own, entry.shape, jnp.float32)
    return drawn
