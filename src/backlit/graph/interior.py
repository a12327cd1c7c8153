"""What is inside a node that runs a program of its own, as a graph: a loop's one step, the branch that was taken.

The step of a loop is the first whose results, or going back whose gradients, are not finite.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from backlit.graph.backprop import pullback
from backlit.graph.evaluation import evaluate, read_all
from backlit.graph.gradients import is_floating
from backlit.graph.node import Graph, Node, is_finite
from backlit.graph.rules.scan import divide
from backlit.graph.tracing import Tape, open_jaxpr
from backlit.shapes import Array

TURNS = 10_000  # of a loop of unknown length that are followed


class Interior(NamedTuple):
    """A graph inside a node, evaluated; `step` counts a loop's turns from 1 in the order of computation."""

    graph: Graph
    step: int | None = None
    steps: int | None = None


def value_interiors(node: Node) -> Iterator[Interior]:
    """The graphs inside a node whose results are not finite, in the order of computation."""
    if node.equation is None:
        return
    values = _values(node)
    if node.operation == "scan":
        yield from _failing_steps(node, values)
    elif node.operation == "while":
        yield from _failing_turns(node, values)
    else:
        inside = _called(node, values)
        if inside is not None:
            yield Interior(evaluated(*inside, _names(node)[-len(inside[1]) :]))


def gradient_interior(node: Node) -> Interior | None:
    """The graph inside a node, backpropagated from the gradients that arrived at it; None: it cannot be opened."""
    if node.equation is None or node.operation in ("custom_jvp_call", "custom_vjp_call", "while"):
        return None  # the first two have a derivative of their own, the third has none
    values = _values(node)
    arriving = [jnp.zeros_like(one.value) if one.upstream is None else one.upstream for one in node.siblings]
    if node.operation == "scan":
        return _failing_step_back(node, values, arriving)
    inside = _called(node, values)
    if inside is None:
        return None
    graph = evaluated(*inside, _names(node)[-len(inside[1]) :])
    graph.backward(arriving)
    return Interior(graph)


def evaluated(tape: Tape, values: Sequence[Any], names: Sequence[str]) -> Graph:
    """A program as a graph, forward."""
    tape.tree = jax.tree.structure([0] * len(tape.outputs))
    values = list(values)
    graph = Graph(tape, list(names), jax.tree.structure((values,)), values)
    graph.forward(values)
    return graph


def _values(node: Node) -> list[Any]:
    return [x.value if isinstance(x, Node) else jnp.asarray(x) for x in node.inputs]


def _names(node: Node) -> list[str]:
    return [x.name if isinstance(x, Node) else "a number" for x in node.inputs]


def _loop_names(node: Node, constants: int, carried: int) -> list[str]:
    """As the inputs are named outside, but for what a loop changes from turn to turn."""
    names = _names(node)
    places = range(constants, constants + carried)
    return [f"carried {i - constants}" if i in places else name for i, name in enumerate(names)]


def _called(node: Node, values: list[Any]) -> tuple[Tape, list[Any]] | None:
    """The program that a node calls once, and its arguments."""
    assert node.equation is not None
    params = node.equation.params
    if node.operation == "cond":
        return open_jaxpr(params["branches"][int(values[0])]), values[1:]
    jaxpr = next((params[name] for name in ("jaxpr", "call_jaxpr", "fun_jaxpr") if name in params), None)
    if jaxpr is None or len(jaxpr.in_avals if hasattr(jaxpr, "in_avals") else jaxpr.invars) != len(values):
        return None
    return open_jaxpr(jaxpr), values


def _failing_steps(node: Node, values: list[Any]) -> Iterator[Interior]:
    assert node.equation is not None
    params = node.equation.params
    constants, _, xs = divide(params, values)
    carries, results = _steps(node, values)
    for t in _order(params):
        if not all(is_finite(result[t]) for result in results):
            body = open_jaxpr(params["jaxpr"])
            inputs = [*constants, *(carry[t] for carry in carries), *(x[t] for x in xs)]
            yield Interior(
                evaluated(body, inputs, _loop_names(node, len(constants), len(carries))),
                1 + list(_order(params)).index(t),
                params["length"],
            )


def _steps(node: Node, values: list[Any]) -> tuple[list[Array], list[Array]]:
    """What goes into each step of a scan, of the carry, and all that comes out of it, stacked by their places."""
    assert node.equation is not None
    params = node.equation.params
    constants, carry, xs = divide(params, values)
    body = open_jaxpr(params["jaxpr"])

    def step(state: Any, x: Any) -> tuple[Any, Any]:
        results = read_all(evaluate(body, [*constants, *state, *x]), body.outputs)
        return results[: len(carry)], (state, results)

    loop = {"length": params["length"], "reverse": params["reverse"]}
    return lax.scan(step, [jnp.asarray(value) for value in carry], list(xs), **loop)[1]


def _failing_step_back(node: Node, values: list[Any], arriving: list[Array]) -> Interior | None:
    assert node.equation is not None
    params = node.equation.params
    constants, carry, xs = divide(params, values)
    carries = _steps(node, values)[0]
    body = open_jaxpr(params["jaxpr"])
    wanted = [is_floating(value) for value in values]
    after = slice(len(constants), len(constants) + len(carry))

    def step(bars: Any, x: Any) -> tuple[Any, Any]:
        state, inputs, upstream = x
        pulled = pullback(body, [*constants, *state, *inputs], wanted)[1]([*bars, *upstream])
        sent = [gradient for gradient in pulled if gradient is not None]
        before = [
            jnp.zeros_like(bar) if gradient is None else gradient
            for gradient, bar in zip(pulled[after], bars, strict=True)
        ]
        finite = jnp.array([jnp.isfinite(gradient).all() for gradient in sent]).all()
        return before, (bars, finite)

    bars, upstream = arriving[: len(carry)], arriving[len(carry) :]
    loop = {"length": params["length"], "reverse": not params["reverse"]}
    stacked, finite = lax.scan(step, bars, (carries, list(xs), upstream), **loop)[1]
    order = list(_order(params))
    failed = [t for t in reversed(order) if not np.asarray(finite)[t]]
    if not failed:
        return None
    t = failed[0]
    inputs = [*constants, *(one[t] for one in carries), *(x[t] for x in xs)]
    graph = evaluated(body, inputs, _loop_names(node, len(constants), len(carries)))
    graph.backward([*(bar[t] for bar in stacked), *(one[t] for one in upstream)])
    return Interior(graph, 1 + order.index(t), params["length"])


def _failing_turns(node: Node, values: list[Any]) -> Iterator[Interior]:
    assert node.equation is not None
    params = node.equation.params
    first = params["cond_nconsts"]
    second = first + params["body_nconsts"]
    going = _function(open_jaxpr(params["cond_jaxpr"]))
    turn = _function(open_jaxpr(params["body_jaxpr"]))
    state = values[second:]
    for step in range(TURNS):
        if not bool(going(values[:first], state)[0]):
            return
        after = turn(values[first:second], state)
        if not all(map(is_finite, after)):
            inputs = [*values[first:second], *state]
            names = _loop_names(node, second, len(state))[first:]
            yield Interior(evaluated(open_jaxpr(params["body_jaxpr"]), inputs, names), step + 1)
        state = after


def _function(tape: Tape) -> Callable[[Sequence[Any], Sequence[Any]], list[Array]]:
    return jax.jit(lambda constants, state: read_all(evaluate(tape, [*constants, *state]), tape.outputs))


def _order(params: dict[str, Any]) -> Sequence[int]:
    """A scan's places in the order of computation."""
    return range(params["length"])[:: -1 if params["reverse"] else 1]
