"""Numbers that are not finite: which operation made the first one, of what, and whether float32 would have held it."""

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from backlit.doctor.blame import NonFinite, Operand, number
from backlit.doctor.finding import Finding, Remedy
from backlit.doctor.limits import LIMITS
from backlit.doctor.subject import Subject
from backlit.errors import GraphError
from backlit.graph import Graph, Node, trace, vjp
from backlit.graph.fallback import rule_of
from backlit.graph.gradients import is_floating, restrict
from backlit.graph.interior import Interior, gradient_interior, value_interiors
from backlit.graph.node import is_finite
from backlit.graph.nonfinite import Sending, gradient_origin, value_origin
from backlit.graph.operations import in_words
from backlit.graph.rulebook import Elementwise
from backlit.graph.tracing import name_of, trace_function
from backlit.graph.widening import narrow_dtype, widened
from backlit.shapes import Shape, Tree


def first_nonfinite(f: Callable[..., Any], *args: Tree) -> NonFinite | None:
    """The first value inside a function that is NaN or infinite although what it is made of is finite.

    A function that gives one floating number is searched going back as well, through the gradients of all its
    arguments. What is infinite on purpose, as a mask before a softmax, and does not reach a result, is no fault.

    Args:
        f: any function of arrays and pytrees, made of JAX operations.
        args: its arguments.

    Returns:
        What was found; None where results and gradients are finite.

    Raises:
        GraphError: f cannot be traced, or gives no floating numbers.

    >>> print(first_nonfinite(lambda x: jnp.log(x).sum(), jnp.array([1.0, 0.0])))
    NaN / Inf: a logarithm gives an infinity (1 of 2 values, the first at (1,)).
      Evidence: it is made of x of shape 2: 0 to 1; there x = 0 → −∞.
      Remedy: keep what it is taken of above 0: use jax.nn.log_softmax or log_sigmoid, or add a small number.
    """
    return search(f, args, range(len(args)))


def search(f: Callable[..., Any], args: Sequence[Tree], differentiated: Sequence[int]) -> NonFinite | None:
    """As `first_nonfinite`, with the gradients of some arguments alone.

    Args:
        f, args: the function and its arguments.
        differentiated: the places of the arguments whose gradients are looked at.

    Raises:
        GraphError: as `first_nonfinite`.
    """
    graph = _traced(f, args)
    if not any(jnp.issubdtype(leaf.dtype, jnp.inexact) for leaf in graph.outputs if hasattr(leaf, "dtype")):
        raise GraphError(f"{name_of(f)} gives no floating numbers, and others are always finite: return its loss")
    graph.forward()
    found = value_origin(graph)
    if found is not None:
        return _with_precision(_of_value(found, "", ""), f, args, ())
    chosen = [args[place] for place in differentiated]
    one = graph.outputs[0] if len(graph.outputs) == 1 else None
    scalar = (
        isinstance(one, Node) and one.shape == () and is_floating(one.value)
    )  # a number in the program has no slope
    if not scalar or not any(is_floating(leaf) for leaf in jax.tree.leaves(chosen)):
        return None
    if len(chosen) < len(args):
        f, args = restrict(f, differentiated, args, {}), chosen
        graph = _traced(f, args)
        graph.forward()
    graph.backward()
    sent = gradient_origin(graph, {node for node in graph.inputs if node.upstream is not None})
    if sent is None:
        return None
    return _with_precision(_of_gradient(sent, "", ""), f, args, range(len(args)))


def examine_nonfinite(subject: Subject, parameters: Tree, state: Tree, key: Any = None) -> list[Finding]:
    """NaN and infinity in the loss of a subject's batch and in the gradients of its parameters.

    Args:
        subject: what is examined.
        parameters, state: where.
        key: of the loss's randomness; None: of seed 0.

    Returns:
        One finding, or none where all is finite.
    """
    key = jax.random.key(0) if key is None else key

    def loss(parameters: Tree, state: Tree, batch: Tree) -> Any:
        return subject.loss(parameters, state, batch, key)[0]

    found = search(loss, (parameters, state, subject.batch), (0,))
    if found is None:
        return []
    changes = {}
    if found.precision and subject.run is not None and subject.run.settings.precision != "float32":
        changes = {"precision": "float32"}
    numbers = {"count": float(found.count)}
    for one in found.inputs[:1]:
        numbers |= {"input_min": one.low, "input_max": one.high}
    return [
        Finding(
            fault=found.fault,
            level="fault",
            where=found.place,
            evidence=found.evidence,
            cause=found.what,
            remedy=Remedy(found.repair, changes),
            numbers=numbers,
            layers=(found.path,) if found.path else (),
        )
    ]


def _traced(f: Callable[..., Any], args: Sequence[Tree]) -> Graph:
    try:
        return trace(f, *args)
    except GraphError:
        raise
    except Exception as error:  # whatever the function itself raises
        first = next(iter(str(error).splitlines()), "") or type(error).__name__
        raise GraphError(f"{name_of(f)} cannot be traced with these arguments: {first}") from error


def _of_value(node: Node, path: str, loop: str) -> NonFinite:
    path = _join(path, node.path)
    for interior in value_interiors(node):
        inner = value_origin(interior.graph)
        if inner is not None and inner.operation != "input":
            return _of_value(inner, path, loop or _loop(interior))
    inputs = [] if node.operation in ("input", "constant") else _operands(node)
    return _told(node, path, loop, node.value, inputs)


def _of_gradient(sent: Sending, path: str, loop: str) -> NonFinite:
    node = sent.node
    path = _join(path, node.path)
    interior = None if sent.place is None else gradient_interior(node)
    if interior is not None:
        inner = gradient_origin(interior.graph, set(interior.graph.inputs))
        if inner is not None:
            return _of_gradient(inner, path, loop or _loop(interior))
    arrived = [("gradient", one.upstream) for one in node.siblings if one.upstream is not None]
    if sent.place is None:
        told = _told(node, path, loop, sent.gradient, [("the sum of gradients", sent.gradient)])
        return replace(told, backward=True, words="a sum of gradients")
    inputs = _operands(node)
    told = _told(node, path, loop, sent.gradient, [*inputs, *arrived])
    bar = node.upstream
    unused = bar is not None and bar.shape == told.shape and float(bar[told.positions[0]]) == 0
    return replace(told, backward=True, unused=unused)


def _told(node: Node, path: str, loop: str, value: Any, inputs: Sequence[tuple[str, Any]]) -> NonFinite:
    array = np.asarray(value)
    wide = array.astype(np.complex128 if np.iscomplexobj(array) else np.float64)
    bad = np.argwhere(np.isnan(wide) if np.isnan(wide).any() else np.isinf(wide))
    single = node.equation is not None and isinstance(rule_of(node.equation.primitive), Elementwise)
    few = [tuple(int(i) for i in place) for place in bad[: int(LIMITS["nonfinite_positions"])]]
    return NonFinite(
        operation=node.operation,
        words=in_words(node),
        path=path,
        name=node.name,
        backward=False,
        shape=array.shape,
        dtype=str(array.dtype),
        count=len(bad),
        positions=tuple(few),
        values=tuple(_real(wide[place]) for place in few),
        inputs=tuple(_operand(name, one, array.shape, few if single else ()) for name, one in inputs),
        loop=loop,
    )


def _operands(node: Node) -> list[tuple[str, Any]]:
    return [(x.name, x.value) if isinstance(x, Node) else (number(float(np.real(x))), x) for x in node.inputs]


def _operand(name: str, value: Any, shape: Shape, places: Sequence[tuple[int, ...]]) -> Operand:
    array = np.asarray(value)
    if not jnp.issubdtype(array.dtype, jnp.number) and array.dtype != bool:
        return Operand(name, array.shape, float("nan"), float("nan"), 0, ())
    wide = np.real(array).astype(np.float64)
    finite = wide[np.isfinite(wide)]
    low, high = (float(finite.min()), float(finite.max())) if finite.size else (float("nan"), float("nan"))
    here = tuple(float(wide[place]) for place in places) if wide.shape == tuple(shape) else ()
    return Operand(name, array.shape, low, high, wide.size - finite.size, here)


def _with_precision(found: NonFinite, f: Callable[..., Any], args: Sequence[Tree], by: Sequence[int]) -> NonFinite:
    """The same, with the dtype whose range was left where float32 holds all results, and the gradients `by`."""
    tape = trace_function(f, *args)
    narrow = narrow_dtype(tape)
    if narrow is None:
        return found
    leaves = [jnp.asarray(leaf) for leaf in jax.tree.leaves(tuple(args))]
    run = widened(tape)
    results = run(*leaves)
    if by and all(map(is_finite, results)):
        floats = [i for i, leaf in enumerate(leaves) if is_floating(leaf)]
        wide = [
            leaf.astype(jnp.promote_types(leaf.dtype, jnp.float32)) if is_floating(leaf) else leaf for leaf in leaves
        ]
        _, pull = vjp(restrict(lambda *all_leaves: run(*all_leaves)[0], floats, wide, {}), *(wide[i] for i in floats))
        results = [*results, *pull(jnp.ones_like(results[0]))]
    return replace(found, precision=str(jnp.dtype(narrow))) if all(map(is_finite, results)) else found


def _loop(interior: Interior) -> str:
    if interior.step is None:
        return ""
    of = f" of {interior.steps}" if interior.steps else ""
    return f"step {interior.step}{of} of a loop"


def _join(path: str, inner: str) -> str:
    """Layers by their names alone: `vmap(dense_1)` is dense_1."""
    names = [re.sub(r"^\w+\((.*)\)$", r"\1", name) for name in (*path.split("/"), *inner.split("/"))]
    return "/".join(filter(None, names))


def _real(value: Any) -> float:
    return float("nan") if np.isnan(value) else float(np.real(value))
