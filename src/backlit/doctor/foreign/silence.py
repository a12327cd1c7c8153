"""Parameters whose gradient is exactly 0 on every batch, and the units in which it ends.

A last layer that begins at 0 silences the layers before it for one step. What is still silent after training, on all
batches, has no part in it: either whatever the weights are, or because of units that are 0 on every row, through which
nothing comes back.
"""

from collections.abc import Iterator
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from backlit.doctor.finding import Finding, Remedy
from backlit.doctor.foreign.batches import Batches
from backlit.doctor.foreign.forks import Forks
from backlit.doctor.measures import Meter
from backlit.doctor.start.probe import Probe, layer_of
from backlit.doctor.subject import Subject
from backlit.graph import trace, value_and_grad
from backlit.graph.gradients import is_floating
from backlit.graph.node import Graph, Node
from backlit.graph.nonfinite import sent_back
from backlit.shapes import Array, Tree
from backlit.training.compilation import ONCE, known

CUTS = ("max", "clamp", "custom_jvp_call")
"""Operations in which ReLU and its relatives end."""


def examine_silence(forks: Forks, subject: Subject, batches: Batches, meter: Meter, key: Array) -> Iterator[Finding]:
    """Parameters without a gradient, for any weights or because of dead units.

    Args:
        forks: whose end at the rule's own rate is asked, too.
        subject: as they started.
        batches: all are asked.
        meter: of the subject.
        key: of the loss's randomness.
    """
    variables = meter(subject.parameters, subject.state).variables
    if not any(variable.reached and variable.gradient == 0 for variable in variables.values()):
        return
    silent = _silence(subject, batches, key)
    lasting = silent(subject.parameters) & silent(forks.at(1.0))
    probe = Probe(subject, meter)
    anywhere = lasting & silent(probe.general(0)) & silent(probe.general(1))
    paths = [jax.tree_util.keystr(path, simple=True, separator="/") for path, _ in _leaves(subject)]
    if anywhere.all():
        yield _constant(len(paths), batches.count)
        return
    found = {
        path: place for place, path in enumerate(paths) if (lasting & ~anywhere)[place] and variables[path].reached
    }
    if found:
        yield from _dead(subject, found, len(paths), batches.count, key)


def _leaves(subject: Subject) -> list[Any]:
    return jax.tree_util.tree_leaves_with_path(subject.parameters)


def _silence(subject: Subject, batches: Batches, key: Array) -> Any:
    """A function of parameters: whether each leaf's gradient is exactly 0 on every batch, (leaves,)."""

    def one(parameters: Tree, given: tuple[Any, Array]) -> Array:
        def loss(own: Tree) -> Array:
            return subject.loss(own, subject.state, given[0], jax.random.fold_in(key, given[1]))[0]

        return jnp.stack([(leaf == 0).all() for leaf in jax.tree.leaves(value_and_grad(loss)(parameters)[1])])

    def every(parameters: Tree) -> Array:
        return lax.map(lambda given: one(parameters, given), (batches.stacked, jnp.arange(batches.count))).all(0)

    program = jax.jit(every, compiler_options=known(ONCE))
    return lambda parameters: np.asarray(program(parameters))


def _constant(of: int, count: int) -> Finding:
    return Finding(
        fault="detached parameter",
        level="fault",
        where="",
        evidence=f"the gradients of all {of} parameters are exactly 0 on each of {count} batches, at the first "
        "weights, after training, and at weights drawn anew",
        cause="the loss does not change with any parameter, though it is computed from them",
        remedy=Remedy("look for a factor of 0, a rounding, or a step function between the parameters and the loss"),
        numbers={"silent": of, "of": of},
    )


def _dead(subject: Subject, found: dict[str, int], of: int, count: int, key: Array) -> Iterator[Finding]:
    leaves = [leaf for _, leaf in _leaves(subject)]
    structure = jax.tree.structure(subject.parameters)

    def loss(*leaves: Array) -> Array:
        return subject.loss(jax.tree.unflatten(structure, leaves), subject.state, subject.batch, key)[0]

    graph = trace(loss, *leaves)
    graph.forward()
    graph.backward()
    unit = _dead_unit(graph, [graph.inputs[place] for place in found.values()])
    if unit is None:
        return
    node, last = unit
    path = next(path for path, place in found.items() if graph.inputs[place] is last)
    where = node.path or layer_of(path) or path
    yield Finding(
        fault="dying ReLU",
        level="fault",
        where=f"layer {where}",
        evidence=f"the gradients of {len(found)} of {of} parameters are exactly 0 on each of {count} batches, before "
        f"and after training; of the gradient nothing passes the units behind {path}, which are 0 on every row",
        cause="no gradient passes a unit that is 0 on all data, so that its weights never move",
        remedy=Remedy("begin with biases of 0 and He's initialization, or take a leaky ReLU"),
        numbers={"silent": len(found), "of": of},
        layers=tuple(dict.fromkeys([where, *map(layer_of, found)])),
    )


def _dead_unit(graph: Graph, silent: list[Node]) -> tuple[Node, Node] | None:
    """The units nearest to the loss that are all 0 and send nothing back, and the silent parameter before them."""
    behind: dict[Any, Node] = {node: node for node in silent}
    for node in graph.nodes:
        before = [x for x in node.inputs if isinstance(x, Node) and x in behind]
        if before and node not in behind:
            behind[node] = next((x for x in before if x in silent), behind[before[0]])
    for node in reversed(graph.nodes):
        if node in behind and node not in silent and _is_cut(node) and not bool(jnp.any(node.value)):
            arrives = node.upstream is not None and bool(jnp.any(node.upstream))
            if arrives and not any(sent is not None and bool(jnp.any(sent)) for sent in sent_back(node)):
                return node, behind[node]
    return None


def _is_cut(node: Node) -> bool:
    """Whether a node is ReLU's last operation: a maximum, or a choice by the sign of what is chosen."""
    if not is_floating(node.value):
        return False
    if node.operation == "select_n":
        chosen, *of = node.inputs
        return isinstance(chosen, Node) and any(x in chosen.inputs for x in of if isinstance(x, Node))
    return node.operation in CUTS
