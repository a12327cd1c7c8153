"""The layout of graphs: whatever the graph, nothing overlaps and every line leads to the right."""

from itertools import combinations, pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backlit.drawing.layout import Box, Link, arrange

SIZES = st.integers(0, 120)


@st.composite
def graphs(draw):
    boxes = draw(st.lists(st.builds(Box, SIZES, SIZES), min_size=1, max_size=9))
    ends = [(a, b) for a in range(len(boxes)) for b in range(a + 1, len(boxes))]
    chosen = draw(st.lists(st.sampled_from(ends), max_size=14)) if ends else []
    labeled = draw(st.booleans())
    links = [Link(a, b, draw(SIZES) if labeled else 0.0, draw(SIZES) if labeled else 0.0) for a, b in chosen]
    sources = [i for i in range(len(boxes)) if all(link.target != i for link in links)]
    sinks = [i for i in range(len(boxes)) if all(link.source != i for link in links) and i not in sources]
    return (
        boxes,
        links,
        draw(st.sets(st.sampled_from(sources))),
        draw(st.sets(st.sampled_from(sinks))) if sinks else set(),
    )


def meet(a, b):
    (x, y, width, height), (u, v, wide, high) = a, b
    return abs(x - u) < (width + wide) / 2 - 1e-6 and abs(y - v) < (height + high) / 2 - 1e-6


@settings(deadline=None, max_examples=150)
@given(graphs())
def test_nothing_overlaps_and_lines_lead_to_the_right(graph):
    boxes, links, first, last = graph
    found = arrange(boxes, links, first, last)
    placed = [(*center, box.width, box.height) for center, box in zip(found.centers, boxes, strict=True)]
    placed += [
        (*center, link.width, link.height) for center, link in zip(found.labels, links, strict=True) if link.width
    ]
    assert not any(meet(a, b) for a, b in combinations(placed, 2))
    for x, y, width, height in placed:
        assert x - width / 2 >= -1e-6
        assert x + width / 2 <= found.width + 1e-6
        assert y - height / 2 >= -1e-6
        assert y + height / 2 <= found.height + 1e-6
    for link, label, route in zip(links, found.labels, found.routes, strict=True):
        source, target = found.centers[link.source], found.centers[link.target]
        assert source[0] + boxes[link.source].width / 2 == pytest.approx(route[0].begin)
        assert target[0] - boxes[link.target].width / 2 == pytest.approx(route[-1].end)
        assert abs(route[0].y - source[1]) <= boxes[link.source].height / 2
        assert abs(route[-1].y - target[1]) <= boxes[link.target].height / 2
        assert all(stretch.begin <= stretch.end + 1e-6 for stretch in route)
        assert all(before.end < after.begin for before, after in pairwise(route))
        if link.width:
            assert any(s.begin <= label[0] <= s.end and s.y == pytest.approx(label[1]) for s in route)
    for i in first:
        assert found.centers[i][0] <= min(x for x, _ in found.centers) + max(box.width for box in boxes) / 2


@settings(deadline=None, max_examples=50)
@given(graphs())
def test_lines_bend_between_the_columns_alone(graph):
    boxes, links, first, last = graph
    found = arrange(boxes, links, first, last)
    for link, route in zip(links, found.routes, strict=True):
        for i, ((x, y), box) in enumerate(zip(found.centers, boxes, strict=True)):
            if i in (link.source, link.target):
                continue
            left, right = x - box.width / 2, x + box.width / 2
            assert not any(s.end < right - 1e-6 and left + 1e-6 < t.begin for s, t in pairwise(route)), (
                "a curve beside a box"
            )
            level = [s for s in route if s.begin < right - 1e-6 and left + 1e-6 < s.end]
            assert all(abs(s.y - y) >= box.height / 2 - 1e-6 for s in level)


@settings(deadline=None, max_examples=20)
@given(graphs())
def test_the_same_graph_has_the_same_layout(graph):
    assert arrange(*graph) == arrange(*graph)


def test_a_chain_is_level():
    found = arrange([Box(30, 30)] * 4, [Link(i, i + 1, 40, 30) for i in range(3)])
    assert len({round(y, 6) for _, y in found.centers + found.labels}) == 1


def test_crossings_that_need_not_be_are_not():
    boxes = [Box(30, 30)] * 6
    found = arrange(boxes, [Link(0, 5), Link(1, 4), Link(2, 3)])
    order = sorted(range(3), key=lambda i: found.centers[i][1])
    assert [5 - i for i in order] == sorted(range(3, 6), key=lambda i: found.centers[i][1])


def test_what_feeds_one_stands_beside_it():
    found = arrange([Box(30, 30)] * 5, [Link(0, 1), Link(1, 2), Link(2, 3), Link(4, 3)])
    assert found.centers[4][0] == found.centers[2][0]


def test_a_cycle_is_refused():
    with pytest.raises(ValueError, match="cycle"):
        arrange([Box(10, 10)] * 2, [Link(0, 1), Link(1, 0)])
