"""Updates that are lost in rounding: w + Δw = w in the parameters' own type, though Δw ≠ 0."""

from collections.abc import Iterator

import jax
import jax.numpy as jnp
import numpy as np
import optax

from backlit.doctor.finding import Finding, Remedy
from backlit.doctor.limits import LIMITS
from backlit.doctor.subject import Subject
from backlit.graph import value_and_grad
from backlit.graph.widening import is_narrow
from backlit.shapes import Array, Tree


def examine_rounding(subject: Subject, key: Array) -> Iterator[Finding]:
    """Parameters of a narrow type whose first update changes none of nearly all their numbers."""
    leaves = jax.tree_util.tree_leaves_with_path(subject.parameters)
    if subject.rule is None or not any(is_narrow(leaf.dtype) for _, leaf in leaves):
        return

    def loss(parameters: Tree) -> Array:
        return subject.loss(parameters, subject.state, subject.batch, key)[0]

    value, gradient = value_and_grad(loss)(subject.parameters)
    rule = optax.with_extra_args_support(subject.rule)
    memory = rule.init(subject.parameters)
    updates, _ = rule.update(gradient, memory, subject.parameters, value=value, grad=gradient, value_fn=loss)
    lost, sizes = [], []
    for (path, leaf), update in zip(leaves, jax.tree.leaves(updates), strict=True):
        asked = np.asarray(update != 0)
        still = asked & np.asarray(leaf + update.astype(leaf.dtype) == leaf)
        if is_narrow(leaf.dtype) and asked.any() and still.sum() >= LIMITS["examine_lost"] * asked.sum():
            lost.append(jax.tree_util.keystr(path, simple=True, separator="/"))
            sizes.append(float(jnp.finfo(leaf.dtype).eps))
    if lost:
        yield Finding(
            fault="update not applied",
            level="fault",
            where=f"parameter {lost[0]}",
            evidence=(
                f"the first update of {len(lost)} of {len(leaves)} parameters is not 0, and is lost in rounding: their "
                f"type tells numbers apart that differ by {max(sizes):.2g} of their size"
            ),
            cause="updates are smaller than half the distance to the next number of this type",
            remedy=Remedy("keep the parameters in float32, and cast them inside the loss"),
            numbers={"lost": len(lost), "of": len(leaves)},
            layers=tuple(lost),
        )
