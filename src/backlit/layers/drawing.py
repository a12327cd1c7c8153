"""Networks as drawings: boxes with shapes and numbers of parameters, branches side by side; small ones as neurons."""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from backlit.drawing.diagram import Diagram, Edge, Group, Label, Vertex, names_of
from backlit.drawing.drawing import READABLE, Drawing, check_depth, draw
from backlit.errors import SettingError, ShapeError
from backlit.layers.attention import CrossAttention
from backlit.layers.neurons import draw_neurons, why_not
from backlit.layers.plan import Plan
from backlit.layers.transformer import EncoderDecoder
from backlit.shapes import Shape, write

if TYPE_CHECKING:
    from backlit.layers.block import Block

LONGEST = 40


def draw_block(
    block: "Block", input: Shape, parameters: Mapping[str, Any] | None, neurons: bool | None, depth: int | None
) -> Drawing:
    """The drawing; see `Block.draw`."""
    check_depth(depth, "compositions")
    if neurons not in (None, True, False):
        raise SettingError(f"neurons is True, False or None, not {neurons!r}")
    if not (parameters is None or isinstance(parameters, Mapping)):
        raise SettingError(f"parameters are those of initialize(...), not {parameters!r}; a file is path='network.svg'")
    plan = block.plan(input)
    if parameters is not None:
        check_parameters(plan, parameters)
    obstacle = why_not(plan)
    if neurons and obstacle:
        raise SettingError(f"neurons are drawn for Dense layers of few units, and {obstacle}: leave out neurons=True")
    if neurons or (neurons is None and not obstacle):
        return draw_neurons(block, plan, parameters)
    walk = Walk()
    start = walk.vertex("input", ("input", write(input)), input, "input")
    member, last = walk.visit("", block, plan, start.name)
    inside = member.members if isinstance(member, Group) and not (plan.residual or plan.branched) else (member,)
    walk.edges.append(Edge(last, "output"))
    members = (start, *inside, Vertex("output", kind="end"))
    found = block.summary(input)
    caption = (
        f"{found.neurons:,} neurons, {found.parameters:,} parameters",
        f"{found.multiply_adds:,} multiply-adds an example",
    )
    diagram = Diagram(members, tuple(walk.edges), walk.label, name_of(block), caption, down=True)
    return draw(diagram, walk.closed(members, depth))


class Walk:
    """A way through a network, from block to block, that leaves vertices and edges behind."""

    def __init__(self) -> None:
        self.edges: list[Edge] = []
        self.shapes: dict[str, Shape] = {}
        self.looking: set[str] = set()  # those that look at what an encoder made

    def vertex(self, name: str, text: tuple[str, ...], output: Shape, kind: str = "layer", detail: str = "") -> Vertex:
        """A box or a circle from which an array of this shape comes."""
        self.shapes[name] = output
        return Vertex(name, text, kind, kind == "operation" and len(text[0]) == 1, detail or "\n".join(text))

    def visit(self, path: str, block: "Block", plan: Plan, before: str, repeats: int = 1) -> tuple[Vertex | Group, str]:
        """What a block is drawn as, after the vertex `before`, and the vertex that its output comes from."""
        blocks = block.parts(plan.input)
        own = path.rpartition("/")[2] or type(block).__name__
        if not blocks:
            name = path or own
            self.edges.append(Edge(before, name))
            self.looking |= {name} if isinstance(block, CrossAttention) else set()
            counted = [count(plan, repeats)] if plan.size else []
            text = (shorten(block), " · ".join([own, *counted] if path else counted))
            detail = f"{path or own}: {block}\n{write(plan.input)} → {write(plan.output)}\n{count(plan, repeats)}"
            return self.vertex(name, text, plan.output, detail=detail), name
        members: list[Vertex | Group] = []
        ends, place = [], before
        for name, inner in blocks.items():
            if isinstance(block, EncoderDecoder):
                members.append(self.split(f"{path}/{name} steps".lstrip("/"), name, plan.parts[name], before))
                place = members[-1].name
            found = self.visit(f"{path}/{name}".lstrip("/"), inner, plan.parts[name], place, repeats * plan.repeats)
            members.append(found[0])
            ends.append(found[1])
            if not plan.branched:
                place = found[1]
        if isinstance(block, EncoderDecoder):
            self.edges += [Edge(ends[0], name, place=1) for name in names_of(members[-1]) if name in self.looking]
            place = ends[1]
        elif plan.branched or plan.residual:
            place = self.join(path, plan, [place, before] if plan.residual else ends, members)
        times = f" × {plan.repeats:,}" if plan.repeats > 1 else ""
        text = (f"{own}{times}", f"{len(blocks)} blocks · {count(plan, repeats)}")
        detail = f"{path or own}: {block}\n{write(plan.input)} → {write(plan.output)}\n{count(plan, repeats)}"
        return Group(path or own, f"{own}{times}", text, tuple(members), detail), place

    def split(self, name: str, part: str, plan: Plan, before: str) -> Vertex:
        """A vertex that hands on the steps of the encoder's source, or of the decoder."""
        text = f"{'first' if part == 'encoder' else 'last'} {plan.input[0]:,}"
        self.edges.append(Edge(before, name))
        return self.vertex(name, (text,), plan.input, "operation", f"the {text} steps")

    def join(self, path: str, plan: Plan, ends: Sequence[str], members: list[Vertex | Group]) -> str:
        """A vertex that adds what comes from several, or puts it side by side."""
        added = all(self.shapes[end] == plan.output for end in ends)
        name = f"{path}/{'sum' if added else 'join'}".lstrip("/")
        detail = "the sum" if added else "side by side, along the last axis"
        members.append(self.vertex(name, ("+" if added else "join",), plan.output, "operation", detail))
        self.edges += [Edge(end, name, place) for place, end in enumerate(ends)]
        return name

    def label(self, edges: Sequence[Edge]) -> Label:
        """The shape of what flows."""
        shape = write(self.shapes[edges[0].source])
        return Label(above=(shape,), data={"data_shape": shape})

    def closed(self, members: Sequence[Vertex | Group], depth: int | None) -> list[str]:
        """The groups that are drawn as one box: those deeper than `depth`, or than a reader takes in."""
        levels: list[list[Group]] = []
        sizes = [len(members)]
        level = list(members)
        while groups := [member for member in level if isinstance(member, Group)]:
            levels.append(groups)
            level = [inner for group in groups for inner in group.members]
            sizes.append(sizes[-1] - len(groups) + len(level))
        if depth is None:
            depth = max(i for i, size in enumerate(sizes) if not i or size <= READABLE)
        return [group.name for groups in levels[depth:] for group in groups]


def draw_outline(block: "Block", blocks: Mapping[str, "Block"]) -> Drawing:
    """Blocks in a row, for which no input is known: no shapes."""
    members = [Vertex(name, (shorten(inner), name), "layer", detail=str(inner)) for name, inner in blocks.items()]
    edges = tuple(Edge(*pair) for pair in pairwise(blocks))
    return draw(Diagram(tuple(members), edges, title=name_of(block), down=True))


def name_of(block: "Block") -> str:
    """What stands over a drawing: the notation, if it fits."""
    notation = str(block)
    return notation if len(notation) <= 2 * LONGEST else type(block).__name__


def shorten(block: "Block") -> str:
    """A block in the notation, if that is short."""
    notation = str(block)
    return notation if len(notation) <= LONGEST else f"{type(block).__name__}(…)"


def count(plan: Plan, repeats: int = 1) -> str:
    """How many parameters a block has; how many times how many, where it runs several times."""
    if not plan.size:
        return "no parameters"
    each = f"{plan.size // repeats:,} parameter{'s' if plan.size > repeats else ''}"
    return each if repeats == 1 else f"{repeats} × {each}"


def check_parameters(plan: Plan, parameters: Mapping[str, Any]) -> None:
    """Refuse parameters of another network.

    Raises:
        ShapeError: one is missing, or has another shape.
    """
    for path, variable in plan.variables():
        held: Any = parameters
        for name in path:
            held = held.get(name) if isinstance(held, Mapping) else None
        if held is None or np.shape(held) != variable.shape:
            found = "missing" if held is None else f"of shape {write(np.shape(held))}"
            raise ShapeError(
                f"the parameter {'/'.join(path)} is {found}, and the network's has the shape {write(variable.shape)}: "
                "give those that initialize(...) or training made for it"
            )
