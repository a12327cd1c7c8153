"""Gradients that are lost because numbers are too small for their type: 0 as computed, and not 0 in float32."""

from typing import Any

import jax
import numpy as np

from backlit.doctor.finding import Finding, Remedy
from backlit.doctor.limits import LIMITS
from backlit.doctor.measures import write_path
from backlit.doctor.subject import Subject
from backlit.graph import vjp
from backlit.graph.tracing import trace_function
from backlit.graph.widening import narrow_dtype, widened
from backlit.shapes import Array, Tree


def examine_underflow(subject: Subject, parameters: Tree, state: Tree, key: Any = None) -> list[Finding]:
    """Parameters whose gradient is 0 where the same computation in float32 has one.

    Args:
        subject: what is examined.
        parameters, state: where.
        key: of the loss's randomness; None: of seed 0.
    """
    key = jax.random.key(0) if key is None else key
    paths, leaves = zip(*jax.tree_util.tree_leaves_with_path(parameters), strict=True)
    tree = jax.tree.structure(parameters)

    def loss(*leaves: Array) -> Array:
        return subject.loss(jax.tree.unflatten(tree, leaves), state, subject.batch, key)[0]

    tape = trace_function(loss, *leaves)
    narrow = narrow_dtype(tape)
    if narrow is None:
        return []
    wide = widened(tape)
    found, expected = (_gradients(f, leaves) for f in (loss, lambda *leaves: wide(*leaves)[0]))
    lost = [
        write_path(path)
        for path, here, there in zip(paths, found, expected, strict=True)
        if there.any() and (here[there != 0] == 0).mean() >= LIMITS["underflow: share of a gradient"]
    ]
    if len(lost) < LIMITS["underflow: share of the parameters"] * len(leaves):
        return []
    return [
        Finding(
            "precision overflow / underflow",
            "fault",
            f"parameter {lost[0]}",
            f"of {len(leaves)} parameters {len(lost)} have gradients that are 0 in {np.dtype(narrow)}; in float32 the "
            f"same gradient is up to {max(float(np.abs(there).max()) for there in expected):.3g}",
            f"numbers too small for {np.dtype(narrow)} become 0 on the way back",
            Remedy("compute the loss in float32, or multiply it by a large number and divide the gradient by it"),
            numbers={"lost": float(len(lost)), "of": float(len(leaves))},
            layers=tuple(path.rpartition("/")[0] for path in lost),
        )
    ]


def _gradients(f: Any, leaves: tuple[Array, ...]) -> list[np.ndarray]:
    value, pull = vjp(f, *leaves)
    return [np.asarray(one, np.float64) for one in pull(np.ones((), value.dtype))]
