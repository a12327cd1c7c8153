"""Whether the scale of the inputs is what keeps a network from learning: one batch, as it is and normalized."""

from collections.abc import Iterator
from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np

from backlit.doctor.data.inputs import Scale, scale_of
from backlit.doctor.finding import Finding, Remedy
from backlit.doctor.foreign.answers import targets_of
from backlit.doctor.foreign.batches import Batches
from backlit.doctor.foreign.forks import Forks, train_forks
from backlit.doctor.limits import LIMITS
from backlit.doctor.subject import Subject
from backlit.shapes import Array


def examine_scale(forks: Forks, subject: Subject, batch: Batches, seed: int, key: Array) -> Iterator[Finding]:
    """Inputs of an unusual scale, where the batch is learned by heart once they have mean 0 and deviation 1.

    Args:
        forks: that learned one batch as it is.
        subject: on that batch, with outputs, inputs and targets; without them nothing is said.
        batch: the same, for steps.
        seed, key: of the forks.
    """
    x = subject.x
    if subject.outputs is None or subject.y is None or not hasattr(x, "dtype"):
        return
    if not jnp.issubdtype(x.dtype, jnp.floating) or x.ndim < 2 or not np.isfinite(np.asarray(x)).all():
        return
    scale = scale_of(np.asarray(x, np.float64).reshape(len(x), -1))
    targets = targets_of(subject.y, subject.outputs(subject.parameters, subject.state, x).shape)
    if targets is None or not _is_unusual(scale):
        return
    normalized = _normalized(x)
    leaves, form = jax.tree.flatten(subject.batch)
    places = [at for at, leaf in enumerate(leaves) if leaf.shape == x.shape and bool(jnp.array_equal(leaf, x))]
    if len(places) != 1:
        return
    leaves[places[0]] = normalized
    own = replace(subject, batch=jax.tree.unflatten(form, leaves), x=normalized)
    anew = train_forks(
        own, replace(batch, stacked=jax.tree.map(lambda leaf: leaf[None], own.batch)), (1.0,), forks.steps, seed, key
    )
    given = targets.share(subject.outputs(forks.at(1.0), subject.state, x)) if forks.finite(1.0) else -1.0
    better = targets.share(subject.outputs(anew.at(1.0), subject.state, normalized)) if anew.finite(1.0) else -1.0
    if better < LIMITS["examine_by_heart"] or better - given < LIMITS["examine_below_linear"]:
        return
    yield Finding(
        fault="unnormalized inputs",
        level="fault",
        where="",
        evidence=(
            f"the inputs have a root mean square of {scale.size:.3g}, the largest feature {scale.largest:.3g} with a "
            f"usual deviation of {scale.usual:.3g}; one batch of {len(x)} examples was answered {max(given, 0):.0%} of "
            f"the way from a constant answer to the right ones after {forks.steps} steps, and {better:.0%} with inputs "
            "of mean 0 and deviation 1"
        ),
        cause="curvature grows with the square of the inputs' scale, and no one rate suits all weights",
        remedy=Remedy("subtract each feature's mean, and divide by its deviation"),
        numbers={"size": scale.size, "as given": given, "normalized": better},
    )


def _is_unusual(scale: Scale) -> bool:
    far = scale.size >= LIMITS["inputs hint"] or scale.size <= LIMITS["inputs hint small"]
    return far or scale.spread >= LIMITS["inputs hint spread"]


def _normalized(x: Array) -> Array:
    """Each feature with mean 0 and deviation 1 over the first axis, constant ones 0."""
    deviation = x.std(0)
    return (x - x.mean(0)) / jnp.where(deviation > 0, deviation, jnp.inf)
