"""Diagrams: vertices, groups of vertices inside each other, and edges between them with what flows along them written
above and below the line.

A group is arranged by itself, with a port on its border for each value that comes in or goes out, and stands as one box
among its neighbors, so that it may be collapsed into one. The edges from one vertex to several inside a group are one
edge outside of it.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from backlit.drawing.svg import width_of

TITLE, TEXT, SMALL = 13.0, 11.0, 10.0
LINE = 1.3
Data: TypeAlias = Mapping[str, str | float | None]


@dataclass(frozen=True)
class Vertex:
    """A shape with words in it.

    Attributes:
        name: what edges call it; one of its own.
        text: the lines in it, the first larger.
        kind: 'input', 'constant', 'operation', 'layer', or 'end' for a place without a shape.
        round: whether it is a circle.
        detail: what is shown when one points at it.
        above, below: small words over and under the shape, such as the number of its step.
        lit: whether it stands out.
        data: attributes by name, such as data_path.
    """

    name: str
    text: tuple[str, ...] = ()
    kind: str = "operation"
    round: bool = False
    detail: str = ""
    above: str = ""
    below: str = ""
    lit: bool = False
    data: Data = field(default_factory=dict)

    @property
    def shape(self) -> tuple[float, float]:
        """Width and height of the shape."""
        if self.kind == "end":
            return 0.0, 0.0
        if self.round:
            diameter = max(30.0, width_of(self.text[0], TITLE) + 12)
            return diameter, diameter
        return max(width_of(line, size_of(i)) for i, line in enumerate(self.text)) + 16, height_of(self.text) + 12

    @property
    def size(self) -> tuple[float, float]:
        """Width and height with the words over and under it."""
        width, height = self.shape
        words = max(width_of(self.above, SMALL), width_of(self.below, SMALL))
        return max(width, words), height + (2 * SMALL * LINE if words else 0.0)


@dataclass(frozen=True)
class Group:
    """Vertices and groups in a frame; collapsed, one box.

    Attributes:
        name: one of its own.
        title: what the frame says.
        text: the lines of the box, the first larger.
        members: what is inside.
        detail: what is shown when one points at it.
    """

    name: str
    title: str
    text: tuple[str, ...]
    members: tuple["Vertex | Group", ...]
    detail: str = ""


@dataclass(frozen=True)
class Edge:
    """A line from a vertex to another; `place` tells the edges between the same two apart."""

    source: str
    target: str
    place: int = 0


@dataclass(frozen=True)
class Label:
    """What is written along an edge: lines by kind, 'value' above the line, all others below it."""

    above: tuple[str, ...] = ()
    below: tuple[tuple[str, str], ...] = ()
    lit: bool = False
    detail: str = ""
    data: Data = field(default_factory=dict)

    @property
    def size(self) -> tuple[float, float]:
        """Width and height."""
        lines = [*self.above, *(line for _, line in self.below)]
        if not lines:
            return 0.0, 0.0
        return max(width_of(line, TEXT) for line in lines) + 8, 2 * max(self.halves)

    @property
    def size_beside(self) -> tuple[float, float]:
        """Height and width where it stands beside a line that leads down, which is its middle."""
        width, _ = self.size
        return TEXT * LINE * (len(self.above) + len(self.below)), 2 * width if width else 0.0

    @property
    def halves(self) -> tuple[float, float]:
        """The heights above and below the line."""
        return TEXT * LINE * len(self.above) + 4, TEXT * LINE * len(self.below) + 4


@dataclass(frozen=True)
class Diagram:
    """Vertices, groups and edges.

    Attributes:
        members: in the order in which they are to be found.
        edges: without a cycle, among groups too.
        label: what is written along edges that are drawn as one; called with one edge at least.
        title: what a reader who cannot see it is told.
        caption: lines under it.
        down: whether it leads down, not to the right.
    """

    members: tuple[Vertex | Group, ...]
    edges: tuple[Edge, ...]
    label: Callable[[Sequence[Edge]], Label] = lambda edges: Label()
    title: str = ""
    caption: tuple[str, ...] = ()
    down: bool = False


def names_of(member: Vertex | Group) -> list[str]:
    """The names of the vertices in it."""
    if isinstance(member, Vertex):
        return [member.name]
    return [name for inner in member.members for name in names_of(inner)]


def size_of(line: int) -> float:
    """The size of a shape's line: the first is larger."""
    return SMALL if line else TITLE


def height_of(text: Sequence[str]) -> float:
    """The height of a shape's lines."""
    return LINE * sum(size_of(i) for i in range(len(text)))


def size_when_closed(member: Vertex | Group) -> tuple[float, float]:
    """The size of a vertex, or of a group's box."""
    return member.size if isinstance(member, Vertex) else as_vertex(member).size


def as_vertex(group: Group) -> Vertex:
    """A collapsed group."""
    return Vertex(group.name, group.text, "layer", detail=group.detail)
