"""The columns of a layout: what stands in which order, and how high.

Source of the order: K. Sugiyama, S. Tagawa, M. Toda, "Methods for visual understanding of hierarchical system
structures", 1981; of the heights, a monotone regression for each column: M. Ayer et al., "An empirical distribution
function for sampling with incomplete information", 1955.
"""

from bisect import bisect_right, insort
from collections.abc import Iterator
from dataclasses import dataclass, field
from math import inf

SPACING = 12.0
SWEEPS = 24


@dataclass(eq=False)
class Place:
    """A place in a column: of a box, or of a link that passes."""

    column: int
    width: float
    height: float
    before: list["Joint"] = field(default_factory=list)
    after: list["Joint"] = field(default_factory=list)
    y: float = 0.0
    order: float = 0.0


@dataclass(eq=False)
class Joint:
    """Two places in columns side by side that a line joins, with how far below their centers it ends on each."""

    left: Place
    right: Place
    leaves: float = 0.0
    enters: float = 0.0

    @property
    def weight(self) -> float:
        """How much the line is to be level: the less, the more lines share a side with it."""
        return 1 / max(len(self.left.after), len(self.right.before)) ** 2


def reduce_crossings(columns: list[list[Place]]) -> None:
    """Sort each column so that few lines cross."""

    def number(column: list[Place]) -> None:
        for order, place in enumerate(column):
            place.order = order

    for column in columns:
        number(column)
    best, fewest = [list(column) for column in columns], crossings(columns)
    for sweep in range(SWEEPS):
        if not fewest:
            break
        forward = sweep % 2 == 0
        for column in columns if forward else reversed(columns):
            column.sort(key=lambda place: mean_order(place, forward))
            number(column)
        found = crossings(columns)
        if found < fewest:
            best, fewest = [list(column) for column in columns], found
    for column, kept in zip(columns, best, strict=True):
        column[:] = kept
        number(column)


def mean_order(place: Place, forward: bool) -> float:
    """The mean order of a place's neighbors in the column that is sorted already; its own where it has none."""
    if forward:
        orders = [end_order(joint.left, joint.leaves) for joint in place.before]
    else:
        orders = [end_order(joint.right, joint.enters) for joint in place.after]
    return sum(orders) / len(orders) if orders else place.order


def end_order(place: Place, offset: float) -> float:
    """The order of a line's end on a place."""
    return place.order + (offset / (place.height + 1) if offset else 0.0)


def crossings(columns: list[list[Place]]) -> int:
    """How many lines cross between neighboring columns."""
    total = 0
    for column in columns:
        ends = sorted(
            (end_order(place, joint.leaves), end_order(joint.right, joint.enters))
            for place in column
            for joint in place.after
        )
        seen: list[float] = []
        for _, end in ends:
            total += len(seen) - bisect_right(seen, end)
            insort(seen, end)
    return total


def share_side(joints: list[Joint], height: float) -> None:
    """Let the lines that enter a box share its side, in the order in which they come."""
    joints.sort(key=lambda joint: joint.left.order)
    step = min(14.0, height / (len(joints) + 1))
    for i, joint in enumerate(joints):
        joint.enters = step * (i - (len(joints) - 1) / 2)


def level(columns: list[list[Place]]) -> None:
    """Give every place its y, so that lines run level where they can."""
    for column in columns:
        settle(column, [0.0] * len(column), [1.0] * len(column))
    for sweep in range(SWEEPS):
        forward = sweep % 2 == 0
        for column in columns if forward else reversed(columns):
            wanted, weights = [], []
            for place in column:
                pulls = list(pulled(place, sweep > 1 or forward, sweep > 1 or not forward))
                weight = sum(pull for pull, _ in pulls)
                wanted.append(sum(pull * y for pull, y in pulls) / weight if weight else place.y)
                weights.append(weight or 0.001)
            settle(column, wanted, weights)


def pulled(place: Place, left: bool, right: bool) -> Iterator[tuple[float, float]]:
    """With which weight a place's lines pull it where."""
    for joint in place.before if left else ():
        yield joint.weight, joint.left.y + joint.leaves - joint.enters
    for joint in place.after if right else ():
        yield joint.weight, joint.right.y + joint.enters - joint.leaves


def settle(column: list[Place], wanted: list[float], weights: list[float]) -> None:
    """The places nearest to where they want to be, in their order and at their distances."""
    pools: list[tuple[float, float, int]] = []  # mean, weight, count
    stacked, offsets = 0.0, []
    for i, place in enumerate(column):
        if i:
            stacked += (column[i - 1].height + place.height) / 2 + SPACING
        offsets.append(stacked)
        mean, weight, count = wanted[i] - stacked, weights[i], 1
        while pools and pools[-1][0] >= mean:
            other, heavy, many = pools.pop()
            mean = (mean * weight + other * heavy) / (weight + heavy)
            weight, count = weight + heavy, count + many
        pools.append((mean, weight, count))
    means = [mean for mean, _, count in pools for _ in range(count)]
    for place, mean, offset in zip(column, means, offsets, strict=True):
        place.y = mean + offset


def straighten(columns: list[list[Place]], chains: list[list[Joint]]) -> None:
    """Let each line run level all the way to its label, and from box to box where it is the only one, if it can."""
    for column in columns:
        for order, place in enumerate(column):
            place.order = order

    def room(place: Place) -> tuple[float, float]:
        column, order = columns[place.column], int(place.order)
        low, high = -inf, inf
        if order:
            low = column[order - 1].y + (column[order - 1].height + place.height) / 2 + SPACING
        if order + 1 < len(column):
            high = column[order + 1].y - (column[order + 1].height + place.height) / 2 - SPACING
        return low, high

    for joints in sorted(chains, key=lambda joints: joints[0].left.column):
        source, target, bends = joints[0].left, joints[-1].right, [joint.left for joint in joints[1:]]
        if bends:
            wanted = source.y + joints[0].leaves if len(source.after) == 1 else bends[-1].y
            rooms = [room(bend) for bend in bends]
            low, high = max(low for low, _ in rooms), min(high for _, high in rooms)
            for bend, own in zip(bends, rooms, strict=True):
                bend.y = clamp(wanted, low, high) if low <= high else clamp(wanted, *own)
        if len(target.before) == 1:
            last = bends[-1].y if bends else source.y + joints[0].leaves
            target.y = clamp(last - joints[-1].enters, *room(target))


def clamp(y: float, low: float, high: float) -> float:
    """The nearest place between two."""
    return max(low, min(y, high))
