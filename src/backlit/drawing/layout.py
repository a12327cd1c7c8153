"""The layout of a directed acyclic graph in columns, from left to right: ranks, order, coordinates.

1. Ranks: a box stands right of all that feed it, and close to what it feeds.
2. Columns: a link that passes a column has a place in it, and its label a column of its own, so that nothing that is
   written is ever crossed: lines bend between the columns alone.
3. Order: each column is sorted by the mean place of its neighbors, back and forth; the order with the fewest crossings
   is kept.
4. Coordinates: places move to the weighted mean of their neighbors' as far as order and distances allow, which is a
   monotone regression for each column, solved exactly by pooling adjacent violators.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from backlit.drawing.columns import Joint, Place, level, reduce_crossings, share_side, straighten

GAP = 16.0


@dataclass(frozen=True)
class Box:
    """A rectangle to place."""

    width: float
    height: float


@dataclass(frozen=True)
class Link:
    """A line from the right side of a box to the left side of another, with a label that it runs through.

    Attributes:
        source, target: the boxes' places in the list of boxes.
        width, height: of the label; 0: there is none.
        leaves: how far below the source's center it begins.
        enters: how far below the target's center it ends; None: those of a box share its side evenly.
    """

    source: int
    target: int
    width: float = 0.0
    height: float = 0.0
    leaves: float = 0.0
    enters: float | None = None


@dataclass(frozen=True)
class Stretch:
    """A level part of a line: from x = `begin` to `end` at height y; curves join one with the next."""

    begin: float
    end: float
    y: float


@dataclass(frozen=True)
class Arrangement:
    """Where everything is.

    Attributes:
        width, height: of the whole.
        centers: (x, y) of each box.
        labels: (x, y) of each link's label.
        routes: the level stretches of each link, from the source's side to the target's.
    """

    width: float
    height: float
    centers: list[tuple[float, float]]
    labels: list[tuple[float, float]]
    routes: list[list[Stretch]]


def arrange(
    boxes: Sequence[Box], links: Sequence[Link], first: Iterable[int] = (), last: Iterable[int] = ()
) -> Arrangement:
    """Place boxes so that every link leads to the right and nothing overlaps; the same input gives the same places.

    Args:
        boxes: the sizes.
        links: between boxes, without a cycle.
        first, last: the boxes that stand in the first, and in the last column.

    Raises:
        ValueError: the links have a cycle.
    """
    step = 2 if any(link.width for link in links) else 1
    ranks = rank(len(boxes), links, set(first), set(last))
    places = [Place(step * ranks[i], box.width, box.height) for i, box in enumerate(boxes)]
    columns: list[list[Place]] = [[] for _ in range(1 + max((place.column for place in places), default=0))]
    chains = [chain(link, places, step) for link in links]
    for place in places + [bend for _, bends in chains for bend in bends]:
        columns[place.column].append(place)
    reduce_crossings(columns)
    sharing: dict[int, list[Joint]] = {}
    for link, (joints, _) in zip(links, chains, strict=True):
        if link.enters is None:
            sharing.setdefault(link.target, []).append(joints[-1])
    for i, joints in sharing.items():
        share_side(joints, boxes[i].height)
    level(columns)
    straighten(columns, [joints for joints, _ in chains])
    return measure(columns, places, [joints for joints, _ in chains])


def rank(count: int, links: Sequence[Link], first: set[int], last: set[int]) -> list[int]:
    """The column of each box: the longest way to it; boxes that more feed on than feed them stand close to those."""
    before: list[list[int]] = [[] for _ in range(count)]
    after: list[list[int]] = [[] for _ in range(count)]
    for link in links:
        before[link.target].append(link.source)
        after[link.source].append(link.target)
    waiting = [len(sources) for sources in before]
    order = [i for i in range(count) if not waiting[i]]
    for i in order:
        for target in after[i]:
            waiting[target] -= 1
            if not waiting[target]:
                order.append(target)
    if len(order) < count:
        raise ValueError("the links have a cycle")
    ranks = [0] * count
    for i in order:
        ranks[i] = max((ranks[source] + 1 for source in before[i]), default=int(bool(first) and i not in first))
    for i in reversed(order):
        if after[i] and i not in first and len(after[i]) >= len(before[i]):
            ranks[i] = min(ranks[target] for target in after[i]) - 1
    end = max((ranks[i] + (i not in last) for i in range(count)), default=0)
    return [end if i in last else ranks[i] for i in range(count)]


def chain(link: Link, places: list[Place], step: int) -> tuple[list[Joint], list[Place]]:
    """The joints that lead a link from box to box, and its places in the columns between; the last has the label."""
    source, target = places[link.source], places[link.target]
    bends = [Place(column, 0.0, 0.0) for column in range(source.column + 1, target.column)]
    if step == 2:
        bends[-1].width, bends[-1].height = link.width, link.height
    joints = []
    for left, right in pairwise([source, *bends, target]):
        joints.append(Joint(left, right))
    joints[0].leaves, joints[-1].enters = link.leaves, link.enters or 0.0
    for joint in joints:
        joint.left.after.append(joint)
        joint.right.before.append(joint)
    return joints, bends


def measure(columns: list[list[Place]], places: list[Place], chains: list[list[Joint]]) -> Arrangement:
    """The columns side by side, further apart where lines are steep between them."""
    lefts, rights = [], []
    x = 0.0
    for column in columns:
        lefts.append(x)
        rights.append(x + max((place.width for place in column), default=0.0))
        steep = [abs(joint.left.y + joint.leaves - joint.right.y - joint.enters) for p in column for joint in p.after]
        x = rights[-1] + GAP + min(48.0, 0.2 * max(steep, default=0.0))
    everywhere = [place for column in columns for place in column]
    top = min((place.y - place.height / 2 for place in everywhere), default=0.0)
    bottom = max((place.y + place.height / 2 for place in everywhere), default=0.0)

    def center(place: Place) -> tuple[float, float]:
        return (lefts[place.column] + rights[place.column]) / 2, place.y - top

    def route(joints: list[Joint]) -> list[Stretch]:
        start, end = joints[0].left, joints[-1].right
        y, stop = start.y + joints[0].leaves - top, end.y + joints[-1].enters - top
        stretches = [Stretch(center(start)[0] + start.width / 2, rights[start.column], y)]
        stretches += [Stretch(lefts[p.column], rights[p.column], p.y - top) for p in (j.left for j in joints[1:])]
        return [*stretches, Stretch(lefts[end.column], center(end)[0] - end.width / 2, stop)]

    return Arrangement(
        width=rights[-1] if rights else 0.0,
        height=bottom - top,
        centers=[center(place) for place in places],
        labels=[center(joints[-1].left) for joints in chains],
        routes=[route(joints) for joints in chains],
    )
