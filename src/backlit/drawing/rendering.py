"""Diagrams as SVG: every group arranged by itself, from the innermost outwards, then everything drawn in its place."""

from collections.abc import Callable, Collection, Sequence
from math import sqrt

from backlit.drawing.diagram import (
    LINE,
    SMALL,
    TEXT,
    Diagram,
    Edge,
    Group,
    Label,
    Vertex,
    as_vertex,
    height_of,
    names_of,
    size_of,
    size_when_closed,
)
from backlit.drawing.layout import Box, Link, Stretch, arrange
from backlit.drawing.svg import element, escape, number, picture, width_of, write

MARGIN = 16.0
PORT = Box(0.0, 6.0)


def render(diagram: Diagram, collapsed: Collection[str] = (), collapsible: bool = False) -> str:
    """The SVG of a diagram.

    Args:
        diagram: what is drawn.
        collapsed: the names of the groups that are drawn as one box.
        collapsible: whether all groups are drawn open, with what a page needs to collapse them; those of
            `collapsed` are marked.
    """
    level = Level(diagram, diagram.members, diagram.edges, collapsed, collapsible)
    caption = [
        write(line, MARGIN, level.height + 2 * MARGIN + LINE * TEXT * (i + 0.7), TEXT, "caption", "start")
        for i, line in enumerate(diagram.caption)
    ]
    width = max([level.width, *(width_of(line, TEXT) for line in diagram.caption)]) + 2 * MARGIN
    height = level.height + 2 * MARGIN + (TEXT * LINE * len(caption) + 8 if caption else 0)
    return picture(
        width, height, diagram.title, *level.draw(MARGIN, MARGIN), *caption, data_down="" if diagram.down else None
    )


class Level:
    """What is inside of one group, or of the whole diagram, arranged around an origin of its own."""

    def __init__(
        self,
        diagram: Diagram,
        members: Sequence[Vertex | Group],
        edges: Sequence[Edge],
        collapsed: Collection[str],
        collapsible: bool,
        frame: Group | None = None,
    ) -> None:
        self.diagram, self.members, self.frame = diagram, members, frame
        self.collapsed, self.collapsible = collapsed, collapsible
        home = {name: i for i, member in enumerate(members) for name in names_of(member)}
        self.levels: dict[int, Level] = {}
        self.entries: dict[str, float] = {}
        self.exits: dict[str, float] = {}
        for i, member in enumerate(members):
            if isinstance(member, Group) and (collapsible or member.name not in collapsed):
                touching = [edge for edge in edges if home.get(edge.source) == i or home.get(edge.target) == i]
                self.levels[i] = Level(diagram, member.members, touching, collapsed, collapsible, member)
        between = [edge for edge in edges if home.get(edge.source) != home.get(edge.target)]
        self.sources = list(dict.fromkeys(edge.source for edge in between if edge.source not in home))
        self.sinks = list(dict.fromkeys(edge.source for edge in between if edge.target not in home))
        bundles: dict[tuple[str, int | None, str, int], list[Edge]] = {}
        for edge in between:
            to = home.get(edge.target)
            single = to is not None and isinstance(members[to], Vertex)
            key = (edge.source, to, edge.target, edge.place) if single else (edge.source, to, "", 0)
            bundles.setdefault(key, []).append(edge)
        self.bundles = [(home.get(key[0]), key[1], bundle) for key, bundle in bundles.items()]
        self.labels = [diagram.label(bundle) if to is not None else Label() for _, to, bundle in self.bundles]
        self.arrange()

    def arrange(self) -> None:
        """Place everything; then the width and height are known, and the ports on the border."""
        down = self.diagram.down
        sizes = [self.levels[i].size if i in self.levels else size_when_closed(m) for i, m in enumerate(self.members)]
        boxes = [Box(*(size[::-1] if down else size)) for size in sizes]
        ports = [PORT] * (len(self.sources) + len(self.sinks))
        first = {source: len(boxes) + i for i, source in enumerate(self.sources)}
        last = {sink: len(boxes) + len(first) + i for i, sink in enumerate(self.sinks)}
        links = []
        for (source, target, bundle), label in zip(self.bundles, self.labels, strict=True):
            name = bundle[0].source
            size = label.size_beside if down else label.size
            links.append(
                Link(
                    first[name] if source is None else source,
                    last[name] if target is None else target,
                    *size,
                    leaves=self.levels[source].exits[name] if source in self.levels else 0.0,
                    enters=self.levels[target].entries[name] if target in self.levels else None,
                )
            )
        self.arrangement = arrange([*boxes, *ports], links, first.values(), last.values())
        centers = self.arrangement.centers
        long, across = self.arrangement.width, self.arrangement.height
        self.start, self.side, after, beyond = (0.0, 0.0, 0.0, 0.0)
        if self.frame:
            heading = width_of(self.frame.title, TEXT) + 20
            self.start, after, beyond = (24.0 if down else 12.0), 12.0, 10.0
            nearest = min((centers[port][1] for port in first.values()), default=heading)
            self.side = max(10.0, heading - nearest) if down else 24.0
            if down:
                beyond = max(beyond, heading - self.side - across)
            else:
                after = max(after, heading - self.start - long)
        self.long = self.start + long + after
        across += self.side + beyond
        self.width, self.height = (across, self.long) if down else (self.long, across)
        middle = across / 2 - self.side
        self.entries = {name: centers[port][1] - middle for name, port in first.items()}
        self.exits = {name: centers[port][1] - middle for name, port in last.items()}

    @property
    def size(self) -> tuple[float, float]:
        """Width and height."""
        return self.width, self.height

    def draw(self, x: float, y: float) -> list[str]:
        """The elements, with the upper left corner at (x, y)."""
        down = self.diagram.down
        dx, dy = (x + self.side, y + self.start) if down else (x + self.start, y + self.side)

        def at(along: float, across: float) -> tuple[float, float]:
            return (across + dx, along + dy) if down else (along + dx, across + dy)

        drawn = []
        for i, ((source, target, bundle), label) in enumerate(zip(self.bundles, self.labels, strict=True)):
            drawn.append(self.draw_edge(source, target, bundle, label, self.arrangement.routes[i], at, i))
        for i, member in enumerate(self.members):
            middle = at(*self.arrangement.centers[i])
            if i in self.levels:
                drawn.append(self.draw_group(self.levels[i], *middle))
            elif isinstance(member, Group):
                drawn.append(draw_collapsed(member, *middle))
            elif member.kind != "end":
                drawn.append(draw_vertex(member, *middle))
        return drawn

    def draw_group(self, level: "Level", x: float, y: float) -> str:
        """An open group around its center."""
        assert level.frame
        group, (width, height) = level.frame, level.size
        left, top = x - width / 2, y - height / 2
        summary = []
        if self.collapsible:
            port = next(iter([*level.entries.values(), *level.exits.values()]), 0.0)
            place = (x + port, y) if self.diagram.down else (x, y + port)
            summary = draw_lines(group.text, *place, "summary")
        closed = "true" if self.collapsible and group.name in self.collapsed else None
        return element(
            "g",
            element("title", escape(group.detail or group.name)),
            element("rect", class_="frame", x=left, y=top, width=width, height=height, rx=6.0),
            write(group.title, left + 8, top + 15, TEXT, "title", "start"),
            *summary,
            element("g", *level.draw(left, top), class_="inside"),
            class_="group",
            data_name=group.name,
            data_collapsed=closed,
        )

    def draw_edge(
        self,
        source: int | None,
        target: int | None,
        bundle: list[Edge],
        label: Label,
        route: list[Stretch],
        at: Callable[[float, float], tuple[float, float]],
        i: int,
    ) -> str:
        """A line with its tip and its label; one to a port on the border has neither."""
        down = self.diagram.down
        points = [(stretch.begin, stretch.y) for stretch in route], [(stretch.end, stretch.y) for stretch in route]
        begins, ends = points
        begins[0] = (-self.start if source is None else begins[0][0] - self.recess(source, 0.0), begins[0][1])
        if target is None:
            ends[-1] = (self.long - self.start, ends[-1][1])
        else:
            offset = ends[-1][1] - self.arrangement.centers[target][1]
            ends[-1] = (ends[-1][0] + self.recess(target, offset), ends[-1][1])
        words = [f"M{pair(at(*begins[0]))}L{pair(at(*ends[0]))}"]
        for (_, before), begin, end in zip(enumerate(ends), begins[1:], ends[1:], strict=False):
            half = (before[0] + begin[0]) / 2
            curve = " ".join(pair(at(*point)) for point in ((half, before[1]), (half, begin[1]), begin))
            words.append(f"C{curve}L{pair(at(*end))}")
        line = element("path", class_="line", d="".join(words))
        if target is None:
            lit = any(self.diagram.label([edge]).lit for edge in bundle)
            return element("g", line, class_="exit lit" if lit else "exit", data_from=bundle[0].source)
        tip = f"M{pair(at(*ends[-1]))}" + ("l-3.5 -7h7z" if down else "l-7 -3.5v7z")
        member = self.members[target]
        return element(
            "g",
            element("title", escape(label.detail)) if label.detail else "",
            line,
            element("path", class_="tip", d=tip),
            *draw_label(label, *at(*self.arrangement.labels[i]), down),
            class_="edge lit" if label.lit else "edge",
            data_from=bundle[0].source,
            data_to=member.name,
            **label.data,
        )

    def recess(self, i: int, offset: float) -> float:
        """How far inside of its box the shape of a vertex lies where a line meets it, `offset` off its center."""
        member = self.members[i]
        if not isinstance(member, Vertex):
            return 0.0
        along = int(self.diagram.down)
        size, radius = member.size[along], member.shape[along] / 2
        return size / 2 - (sqrt(max(radius**2 - offset**2, 0.0)) if member.round else radius)


def draw_collapsed(group: Group, x: float, y: float) -> str:
    """A group as one box."""
    width, height = as_vertex(group).shape
    return element(
        "g",
        element("title", escape(group.detail or group.name)),
        element("rect", class_="frame", x=x - width / 2, y=y - height / 2, width=width, height=height, rx=6.0),
        *draw_lines(group.text, x, y),
        class_="group collapsed",
        data_name=group.name,
    )


def draw_vertex(vertex: Vertex, x: float, y: float) -> str:
    """A vertex around its center."""
    width, height = vertex.shape
    if vertex.round:
        shape = element("circle", class_="shape", cx=x, cy=y, r=width / 2)
    else:
        left, top = x - width / 2, y - height / 2
        shape = element("rect", class_="shape", x=left, y=top, width=width, height=height, rx=6.0)
    words = []
    if vertex.above:
        words.append(write(vertex.above, x, y - height / 2 - 3, SMALL, "step forward"))
    if vertex.below:
        words.append(write(vertex.below, x, y + height / 2 + SMALL, SMALL, "step backward"))
    return element(
        "g",
        element("title", escape(vertex.detail or vertex.name)),
        shape,
        *draw_lines(vertex.text, x, y),
        *words,
        class_=f"node {vertex.kind}{' lit' if vertex.lit else ''}",
        data_name=vertex.name,
        **vertex.data,
    )


def draw_lines(text: Sequence[str], x: float, y: float, kind: str = "") -> list[str]:
    """Lines of text around a center."""
    lines = []
    top = y - height_of(text) / 2
    for i, line in enumerate(text):
        size = size_of(i)
        lines.append(write(line, x, top + size, size, f"{'small' if i else 'name'} {kind}".strip()))
        top += size * LINE
    return lines


def draw_label(label: Label, x: float, y: float, down: bool) -> list[str]:
    """The lines above and below a level line; beside it, where it leads down."""
    step = TEXT * LINE
    if down:
        lines = [("value", line) for line in label.above] + list(label.below)
        top = y - step * len(lines) / 2
        return [write(line, x + 6, top + step * i + TEXT, TEXT, kind, "start") for i, (kind, line) in enumerate(lines)]
    over = [
        write(line, x, y - 4 - step * (len(label.above) - 1 - i), TEXT, "value") for i, line in enumerate(label.above)
    ]
    under = [write(line, x, y + TEXT + 1 + step * i, TEXT, kind) for i, (kind, line) in enumerate(label.below)]
    return over + under


def pair(point: tuple[float, float]) -> str:
    """A point of a path; the comma tells it from what is relative."""
    return f"{number(point[0])},{number(point[1])}"
