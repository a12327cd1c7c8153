"""A computation graph as lectures draw it: each operation a node, on each edge the value above and the gradient below.

What flows along an edge from x to v is x's value forward, and v̄ · ∂v/∂x backward, what v alone sends back: x's own
gradient is the sum over the edges that leave it. An edge from x to a layer that is drawn as one box has the sum over
the nodes inside that take x.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from itertools import takewhile
from typing import TYPE_CHECKING, Any

import jax.numpy as jnp

from backlit.drawing.diagram import Diagram, Edge, Group, Label, Vertex
from backlit.drawing.drawing import READABLE, Drawing, check_depth, draw
from backlit.errors import GraphError, SettingError
from backlit.graph.lecture import write_operation, write_value
from backlit.graph.marks import symbol, write_amount
from backlit.graph.rulebook import RULES, describe
from backlit.shapes import Array, write

if TYPE_CHECKING:
    from backlit.graph.node import Graph, Node, Path

LONGEST_NAME = 24
Home = tuple[str, ...]


def draw_graph(graph: "Graph", lit: "Path | None", steps: bool, depth: int | None, title: str) -> Drawing:
    """The drawing; see `Graph.draw`.

    Raises:
        GraphError: the lit path is of another graph.
        SettingError: it is no path of a graph, the title is no text, or the depth is no whole number of at least 0.
    """
    if lit is not None and not hasattr(lit, "nodes"):
        raise SettingError(f"lit is one of graph.paths(...), not {lit!r}; a file to write is path='graph.svg'")
    if not isinstance(title, str):
        raise SettingError(f"title is a text, not {title!r}")
    check_depth(depth, "layers")
    if lit is not None and not set(lit.nodes) <= set(graph.nodes):
        raise GraphError("the path is of another graph: take one of this graph's paths(...)")
    flow = Flow(graph, lit, steps)
    homes = find_homes(graph)
    depth = depth if depth is not None else readable_depth(homes.values())
    closed = {name for home in homes.values() for name in home[depth:]}
    members = flow.members(graph.nodes, homes, 0) + tuple(Vertex(name, kind="end") for name in flow.ends)
    diagram = Diagram(members, tuple(flow.edges), flow.label, title or "Computation graph", flow.caption())
    return draw(diagram, closed)


def find_homes(graph: "Graph") -> dict["Node", Home]:
    """The layers around each node, from the outside in; a layer that is run again is one of its own.

    A parameter (a part of an argument) or a constant stands where all that take it stand; an argument stays outside.
    """
    homes: dict[Node, Home] = {}
    times: Counter[str] = Counter()
    scopes: list[str] = []
    names: list[str] = []
    for node in graph.nodes:
        if node.equation is None:
            continue
        wanted = node.path.split("/") if node.path else []
        same = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(scopes, wanted, strict=False)))
        scopes, names = wanted, names[:same]
        for i in range(same, len(wanted)):
            name = "/".join(wanted[: i + 1])
            times[name] += 1
            names.append(name if times[name] == 1 else f"{name} ({times[name]})")
        homes[node] = tuple(names)
    takers = find_takers(graph)
    outputs = {node for node in graph.outputs if not is_number(node)}
    for node in graph.nodes:
        if node.equation is None:
            around = [homes[taker] for taker in takers.get(node, ())]
            part = node.operation == "constant" or not node.name.isidentifier()
            homes[node] = common(around) if part and node not in outputs else ()
    return homes


def find_takers(graph: "Graph") -> dict["Node", list["Node"]]:
    """The nodes that take each node as an input."""
    takers: dict[Node, list[Node]] = {}
    for node in graph.nodes:
        for x in node.inputs:
            if not is_number(x):
                takers.setdefault(x, []).append(node)
    return takers


def common(homes: Sequence[Home]) -> Home:
    """The layers that all stand in."""
    if not homes:
        return ()
    return tuple(names[0] for names in takewhile(lambda names: len(set(names)) == 1, zip(*homes, strict=False)))


def readable_depth(homes: Collection[Home]) -> int:
    """The most levels of layers that may stand open, so that a reader still sees where they are."""
    deepest = max(map(len, homes), default=0)
    sizes = {depth: len({home[: depth + 1] for home in homes if len(home) > depth})
             + sum(len(home) <= depth for home in homes) for depth in range(deepest + 1)}  # fmt: skip
    return max((depth for depth, size in sizes.items() if size <= READABLE), default=0)


class Flow:
    """What runs through a graph: its edges, what flows along them, and in which step."""

    def __init__(self, graph: "Graph", path: "Path | None", steps: bool) -> None:
        self.graph, self.path, self.numbered = graph, path, steps
        self.by_name = {node.name: node for node in graph.nodes}
        self.edges = [
            Edge(x.name, node.name, i) for node in graph.nodes for i, x in enumerate(node.inputs) if not is_number(x)
        ]
        leaving = [(i, node) for i, node in enumerate(graph.outputs) if not is_number(node)]
        self.ends = {("output" if len(graph.outputs) == 1 else f"output {i}"): i for i, _ in leaving}
        self.edges += [Edge(node.name, name) for (_, node), name in zip(leaving, self.ends, strict=True)]
        self.forward, self.backward = number_steps(graph)
        self.contributions = contributions(path) if path else {}

    def members(self, nodes: Iterable["Node"], homes: dict["Node", Home], level: int) -> tuple[Vertex | Group, ...]:
        """The nodes, those inside of layers as groups."""
        inside: dict[str, list[Node]] = {}
        found: dict[str, Vertex | None] = {}
        for node in sorted(nodes, key=lambda node: node.equation is None and len(homes[node]) > level):
            if len(homes[node]) > level:  # in the order of their first operations, whose parameters come later
                found.setdefault(f"layer {homes[node][level]}", None)
                inside.setdefault(homes[node][level], []).append(node)
            else:
                found[f"node {node.name}"] = self.vertex(node, homes[node])
        layers = iter(inside.items())
        return tuple(vertex or self.group(*next(layers), homes, level) for vertex in found.values())

    def group(self, name: str, nodes: list["Node"], homes: dict["Node", Home], level: int) -> Group:
        """A layer."""
        own = name.rpartition("/")[2]
        operations = sum(node.equation is not None for node in nodes)
        counted = f"{operations} operation{'s' if operations != 1 else ''}"
        inputs = [f"{node.name} {write(node.shape)}" for node in nodes if node.equation is None]
        detail = "\n".join([f"layer {name}", counted, *inputs])
        return Group(name, own, (own, counted), self.members(nodes, homes, level + 1), detail)

    def vertex(self, node: "Node", home: Home) -> Vertex:
        """A node."""
        forward, backward = self.forward.get(node, 0), self.backward.get(node)
        text = shorten(node.name, bool(home)) if node.equation is None else symbol(node)
        lit = self.path is not None and node in self.path.nodes
        return Vertex(
            node.name,
            (text,),
            node.operation if node.equation is None else "operation",
            round=node.equation is not None and len(text) <= 3,
            detail=self.describe(node),
            above=str(forward) if self.numbered and forward else "",
            below=str(backward) if self.numbered and backward and node.equation else "",
            lit=lit,
            data={
                "data_operation": node.operation,
                "data_path": node.path or None,
                "data_forward": whole(forward),
                "data_backward": whole(backward),
            },
        )

    def describe(self, node: "Node") -> str:
        """All that is known of a node, in lines."""
        made = (
            f"{node.name} = {write_operation(node)}" if node.equation is not None else f"{node.name}: {node.operation}"
        )
        lines = [made, f"shape {write(node.shape)}, {node.dtype}"]
        if node.path:
            lines.append(f"layer {node.path}")
        if node.operation in RULES:
            lines.append(f"rule: {describe(RULES[node.operation])}")
        if node.value is not None:
            lines.append(f"value {write_value(node.value)}")
        if node.upstream is not None:
            lines.append(f"gradient {write_value(node.upstream)}")
        for i, x in enumerate(node.inputs):
            if not is_number(x) and (sent := gradient_sent(node, i)) is not None:
                lines.append(f"sends back to {x.name}: {write_value(sent)}")
        if forward := self.forward.get(node):
            back = self.backward.get(node)
            lines.append(f"step {forward} forward{f', step {back} backward' if back else ''}")
        return "\n".join(lines)

    def label(self, edges: Sequence[Edge]) -> Label:
        """What is written along edges of one node that are drawn as one: its value, and the sum of the gradients."""
        source = self.by_name[edges[0].source]
        sent = [gradient for edge in edges if (gradient := self.sent(edge)) is not None]
        gradient = sum(sent[1:], sent[0]) if sent else None
        alone = [self.contributions[edge] for edge in edges if edge in self.contributions]
        ends = (
            self.path is not None and source is self.path.nodes[-1] and any(edge.target in self.ends for edge in edges)
        )
        below = [("gradient", line) for line in write_amount(gradient, source.value is None)]
        below += [("contribution", f"path: {line}") for line in write_amount(alone[0] if alone else None, False)]
        steps = [self.backward[taker] for edge in edges if (taker := self.by_name.get(edge.target)) in self.backward]
        return Label(
            above=write_amount(source.value),
            below=tuple(below),
            lit=bool(alone) or ends,
            detail=self.tell(edges, gradient),
            data={
                "data_value": plain(source.value),
                "data_gradient": plain(gradient),
                "data_forward": whole(self.forward.get(source, 0)),
                "data_backward": whole(max(steps, default=len(set(self.forward.values())) + 1)) if sent else None,
            },
        )

    def tell(self, edges: Sequence[Edge], gradient: Array | None) -> str:
        """All that is known of an edge, in lines."""
        source = self.by_name[edges[0].source]
        lines = [f"{source.name} → {', '.join(dict.fromkeys(edge.target for edge in edges))}"]
        lines.append(f"shape {write(source.shape)}, {source.dtype}")
        if source.value is not None:
            lines.append(f"forward: {write_value(source.value)}")
        if gradient is not None:
            lines.append(f"backward: {write_value(gradient)}")
        return "\n".join(lines)

    def sent(self, edge: Edge) -> Array | None:
        """The gradient that comes back along an edge; None where none does, or none is known."""
        if edge.target in self.ends:
            return self.graph.seeds[self.ends[edge.target]] if self.graph.seeds else None
        return gradient_sent(self.by_name[edge.target], edge.place)

    def caption(self) -> tuple[str, ...]:
        """What the lit path says."""
        if self.path is None:
            return ()
        start, end = self.path.nodes[0], self.path.nodes[-1]
        total = ", ".join(write_amount(start.upstream)) if self.complete(end) else ""
        whole = f" of ∂{end.name}/∂{start.name} = {total}" if total else ""
        return (
            f"One path: {' → '.join(node.name for node in self.path.nodes)}",
            f"It contributes {', '.join(write_amount(self.path.contribution))}{whole}, the sum over all paths",
        )

    def complete(self, end: "Node") -> bool:
        """Whether the gradients of the graph are those of the path's end."""
        return self.graph.seeds is not None and len(self.graph.outputs) == 1 and end is self.graph.outputs[0]


def number_steps(graph: "Graph") -> tuple[dict["Node", int], dict["Node", int]]:
    """The number of each node's step forward, and of that backward: for an input, when its gradient is complete."""
    equations = {id(node.equation): node for node in graph.nodes if node.equation is not None}
    forward = {member: i for i, node in enumerate(equations.values(), 1) for member in node.siblings}
    backward: dict[Node, int] = {}
    for node in reversed(equations.values()):
        if any(member.upstream is not None for member in node.siblings):
            step = len(equations) + 1 + len({forward[done] for done in backward})
            backward |= dict.fromkeys(node.siblings, step)
    takers = find_takers(graph)
    for node in graph.inputs:
        done = [backward[taker] for taker in takers.get(node, ()) if taker in backward]
        if done and node.upstream is not None:
            backward[node] = max(done)
    return forward, backward


def contributions(path: "Path") -> dict[Edge, Array]:
    """What comes back along each edge of a path, by that path alone."""
    found: dict[Edge, Array] = {}
    gradient = None
    for x, node, place in reversed(list(zip(path.nodes, path.nodes[1:], path.places, strict=False))):
        gradient = node.send(place, jnp.ones_like(node.value) if gradient is None else gradient)
        assert gradient is not None
        found[Edge(x.name, node.name, place)] = gradient
    return found


def gradient_sent(node: "Node", i: int) -> Array | None:
    """What a node sends back to its input i, if that is known."""
    return None if node.upstream is None else node.downstream(i)


def shorten(name: str, inside: bool) -> str:
    """A name that fits; inside of its layer, a parameter goes by its last part."""
    if inside and "['" in name:
        name = name.rpartition("['")[2].rstrip("']")
    return name if len(name) <= LONGEST_NAME else f"…{name[1 - LONGEST_NAME :]}"


def plain(value: Any) -> str | None:
    """A single number as programs read it."""
    if value is None or value.shape or not jnp.issubdtype(value.dtype, jnp.number):
        return None
    return f"{value:.9g}"


def whole(step: int | None) -> str | None:
    """A step as an attribute."""
    return None if step is None else str(step)


def is_number(x: Any) -> bool:
    """Whether an input or output is a number that is written into the program, not a node."""
    return not hasattr(x, "inputs")
