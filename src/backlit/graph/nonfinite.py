"""Where numbers stop being finite: the first operation that makes a NaN or an infinity of finite numbers.

A value is to blame only where a result depends on it along values that are not finite: what a maximum starts from, and
what a mask puts in the place of a score before a softmax, are infinite on purpose, and end in finite numbers. An
infinity that is written into the program, or an argument's −∞, is given; the NaN that is made of it (∞ − ∞, 0·∞) is
not. A gradient is to blame where it is made of finite ones, and reaches an argument along others that are not finite.
"""

from collections.abc import Collection
from typing import Any, NamedTuple

import jax.numpy as jnp

from backlit.graph.fallback import rule_of
from backlit.graph.gradients import is_floating
from backlit.graph.node import Graph, Node, is_finite
from backlit.shapes import Array


class Sending(NamedTuple):
    """A gradient that a node sends back to its input number `place`; None: the sum of all that arrive at the node."""

    node: Node
    place: int | None
    gradient: Array | None


def value_origin(graph: Graph) -> Node | None:
    """The first node of an evaluated graph that makes a result not finite; None: all results are finite.

    Args:
        graph: one whose `forward` was called.
    """
    leading = _leading(graph)
    made: set[Any] = set(graph.inputs)
    passing: list[Node] = []
    for node in graph.nodes:
        if not made.isdisjoint(x for x in node.inputs if isinstance(x, Node)):
            made.add(node)
        if node not in leading:
            continue
        if _is_to_blame(node, made):
            return node
        if node in made:
            passing.append(node)
    return passing[0] if passing else None


def gradient_origin(graph: Graph, wanted: Collection[Node]) -> Sending | None:
    """The first gradient, going back, that makes the gradient of a wanted input not finite; None: all are finite.

    Args:
        graph: one whose `backward` was called.
        wanted: inputs of it.
    """
    leading: set[Any] = set()
    for node in graph.nodes:
        if not is_finite(node.upstream) and (node in wanted or not leading.isdisjoint(_nodes(node.inputs))):
            leading.add(node)
    for node in reversed(graph.nodes):
        broken = [sibling for sibling in node.siblings if sibling in leading]
        if broken:
            return Sending(broken[0], None, broken[0].upstream)
        places = [place for place, x in enumerate(node.inputs) if isinstance(x, Node) and x in leading]
        if not places or all(sibling.upstream is None for sibling in node.siblings):
            continue
        sent = sent_back(node)
        for place in places:
            if not is_finite(sent[place]):
                return Sending(node, place, sent[place])
    return None


def sent_back(node: Node) -> list[Any]:
    """What an operation sends back to each of its inputs, for the gradients that arrived at all of its outputs."""
    if node.sent is not None:
        return node.sent
    assert node.equation is not None
    values = [x.value if isinstance(x, Node) else x for x in node.inputs]
    outputs, upstream = ([getattr(one, name) for one in node.siblings] for name in ("value", "upstream"))
    wanted = [isinstance(x, Node) and is_floating(x.value) for x in node.inputs]
    return rule_of(node.equation.primitive).downstream(node.equation.params, values, outputs, upstream, wanted)


def has_nan(value: Any) -> bool:
    """Whether a value holds what is no number."""
    return jnp.issubdtype(jnp.result_type(value), jnp.inexact) and bool(jnp.isnan(value).any())


def _leading(graph: Graph) -> set[Node]:
    """The nodes from which a result that is not finite is reached along values that are not."""
    found = {node for node in graph.outputs if isinstance(node, Node) and not is_finite(node.value)}
    for node in reversed(graph.nodes):
        if node in found:
            found.update(x for x in _nodes(node.inputs) if not is_finite(x.value))
    return found


def _is_to_blame(node: Node, made: Collection[Node]) -> bool:
    if node.operation == "constant":
        return has_nan(node.value)
    if node.operation == "input":
        return has_nan(node.value) or bool((node.value == jnp.inf).any())
    values = [x.value if isinstance(x, Node) else jnp.asarray(x) for x in node.inputs]
    bad = [value for value in values if not is_finite(value)]
    return node in made and (not bad or (has_nan(node.value) and not any(map(has_nan, bad))))


def _nodes(inputs: Collection[Any]) -> list[Node]:
    return [x for x in inputs if isinstance(x, Node)]
