"""Outputs (B, 1) that meet targets (B,): both spread to (B, B), and each output is compared with every target.

The program shows it, and arithmetic proves it: a sum over all pairs does not know which target belongs to which row, so
that the loss stays the same when targets are handed to other rows. Losses of pairs on purpose compare outputs with
outputs, weigh the pairs, or do more with a row of them than to add it up.
"""

from collections.abc import Iterable, Iterator
from typing import Any

import jax
import numpy as np

from backlit.doctor.finding import Finding, Remedy
from backlit.doctor.subject import Subject
from backlit.graph.tracing import Equation, Tape, Variable, trace_function
from backlit.shapes import Array

ELEMENTWISE = ("add", "sub", "mul", "div", "max", "min", "pow")
"""Operations of two arrays in which sizes of 1 are stretched."""


def examine_spreading(subject: Subject, key: Array) -> Iterator[Finding]:
    """A loss that compares each output with the targets of all rows."""
    owners, leaves = jax.tree.leaves(subject.parameters), jax.tree.leaves(subject.batch)
    sizes = {leaf.shape[0] if leaf.ndim else 0 for leaf in leaves}
    rows = sizes.pop() if len(sizes) == 1 else 0
    if rows < 3:
        return
    trees = jax.tree.structure(subject.parameters), jax.tree.structure(subject.batch)

    def loss(*given: Any) -> Array:
        own, batch = (
            jax.tree.unflatten(tree, part) for tree, part in zip(trees, _cut(given, len(owners)), strict=True)
        )
        return subject.loss(own, subject.state, batch, key)[0]

    tape = trace_function(loss, *owners, *leaves)
    own, given = _cut(tape.inputs, len(owners))
    places = _targets_of_pairs(tape, dependents(tape, own), given, rows)
    if not places:
        return
    turned = [np.roll(leaf, 1, axis=0) if place in places else leaf for place, leaf in enumerate(leaves)]
    before, after = (float(loss(*owners, *batch)) for batch in (leaves, turned))
    varied = any(not np.array_equal(leaves[place], turned[place]) for place in places)
    if varied and np.isclose(before, after, rtol=1e-5, atol=0):  # rounding of float32 sums
        yield Finding(
            fault="wrong loss for the target",
            level="fault",
            where="the loss",
            evidence=(
                f"outputs and targets of {rows} rows make {rows} × {rows} numbers, which are added up; the loss of the "
                f"batch is {before:.6g}, and {after:.6g} with the targets handed to other rows"
            ),
            cause="each output is compared with the targets of all rows, as where (B, 1) meets (B,)",
            remedy=Remedy("give outputs and targets one shape, as by outputs[:, 0] or targets[:, None]"),
            numbers={"before": before, "after": after, "rows": rows},
        )


def dependents(tape: Tape, sources: Iterable[Variable]) -> set[Any]:
    """The sources and all variables that are computed from one of them."""
    found: set[Any] = set(sources)
    for equation in tape.equations:
        if not found.isdisjoint(equation.inputs):
            found.update(equation.outputs)
    return found


def _cut(values: Any, count: int) -> tuple[Any, Any]:
    return values[:count], values[count:]


def _targets_of_pairs(tape: Tape, outputs: set[Any], given: list[Variable], rows: int) -> set[int]:
    """Which arrays of the batch meet outputs as a column meets a row, in pairs that are only ever added up.

    None where two outputs meet so, or where anything else is done with pairs than to add them up.
    """
    reach = [dependents(tape, [variable]) for variable in given]
    of_batch = set().union(*reach)
    pairs: set[Any] = set()
    places: set[int] = set()
    for equation in tape.equations:
        met = [atom for atom in equation.inputs if isinstance(atom, Variable)]
        if _is_column_by_row(equation, met, rows) and of_batch.issuperset(met):
            theirs = [atom for atom in met if atom not in outputs]
            if not theirs or equation.primitive.name not in ELEMENTWISE:
                return set()
            if len(theirs) == 1:
                places.update(place for place, found in enumerate(reach) if theirs[0] in found)
                pairs.update(equation.outputs)
        elif not pairs.isdisjoint(met):
            if not _keeps_or_adds(equation, met, pairs, rows):
                return set()
            pairs.update(variable for variable in equation.outputs if variable.aval.shape)
    return places


def _is_column_by_row(equation: Equation, met: list[Variable], rows: int) -> bool:
    """Whether an operation makes (B, B) of (B, 1) and (1, B)."""
    shapes = sorted(atom.aval.shape for atom in met)
    return equation.outputs[0].aval.shape == (rows, rows) and shapes == [(1, rows), (rows, 1)]


def _keeps_or_adds(equation: Equation, met: list[Variable], pairs: set[Any], rows: int) -> bool:
    """Whether an operation acts on each pair alone, or adds pairs up, or scales what was added up."""
    name, shape = equation.primitive.name, equation.outputs[0].aval.shape
    if name.startswith("reduce_") or name in ("dot_general", "cumsum", "sort"):
        return name == "reduce_sum"
    others = [atom for atom in met if atom not in pairs and atom.aval.shape]
    if any(atom.aval.shape == (rows, rows) for atom in others):
        return False
    summed = any(atom in pairs and atom.aval.shape != (rows, rows) for atom in met)
    return shape == (rows, rows) or (summed and name in ("div", "mul", "neg", "convert_element_type", "add", "sub"))
