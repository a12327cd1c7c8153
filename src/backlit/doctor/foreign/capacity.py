"""Whether a network can learn one batch by heart, and do at least what a linear map of its inputs does."""

from collections.abc import Iterator
from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np

from backlit.doctor.finding import Finding, Remedy
from backlit.doctor.foreign.answers import Targets, targets_of
from backlit.doctor.foreign.batches import Batches, Taking, fewer_rows
from backlit.doctor.foreign.forks import Forks, train_forks
from backlit.doctor.limits import LIMITS
from backlit.doctor.subject import Subject
from backlit.shapes import Array

BY_HEART = (0.0, 0.1, 1.0, 10.0, 100.0)
"""Factors of the rate at which the batch is learned."""


def one_batch(subject: Subject, batches: Batches, takes: Taking) -> tuple[Subject, Batches]:
    """The subject on few rows of its first batch alone, where the loss takes so few."""
    few = fewer_rows(subject.batch, int(LIMITS["examine_rows"]))
    try:
        takes(few)
    except Exception:  # whatever the function itself raises: it wants all of its rows
        few = subject.batch
    rows = jax.tree.leaves(few)[0].shape[:1] if few is not subject.batch else ()
    cut = (lambda part: None if part is None else jax.tree.map(lambda leaf: leaf[: rows[0]], part)) if rows else None
    own = replace(subject, batch=few)
    if cut is not None:
        own = replace(own, x=cut(subject.x), y=cut(subject.y))
    return own, Batches(jax.tree.map(lambda leaf: leaf[None], few), 1, batches.result, ())


def learn_by_heart(subject: Subject, batch: Batches, steps: int, seed: int, key: Array) -> Forks:
    """The forks that learn one batch."""
    return train_forks(subject, batch, BY_HEART, steps, seed, key)


def examine_capacity(forks: Forks, subject: Subject) -> Iterator[Finding]:
    """A batch that no rate can learn although the loss has come to rest, and that a linear map of the inputs can.

    Nothing is said where the loss still falls: too few steps are no want of capacity. Nothing is said either where all
    answers are worse than a constant one: what was learned is then not what is measured.

    Args:
        forks: that learned one batch, at the factors `BY_HEART`.
        subject: with outputs, inputs and targets; without them nothing is known of what is right.
    """
    finite = [factor for factor in BY_HEART[1:] if forks.finite(factor)]
    if subject.outputs is None or subject.y is None or not finite:
        return
    answers = {factor: subject.outputs(forks.at(factor), subject.state, subject.x) for factor in finite}
    targets = targets_of(subject.y, answers[finite[0]].shape)
    if targets is None:
        return
    best = max(map(targets.share, answers.values()))
    learned = best >= LIMITS["examine_by_heart"]
    if learned or best < 0 or not _rests(forks, min(finite, key=forks.end)):
        return
    linear = _linear_share(subject, targets)
    below = linear is not None and best < linear - LIMITS["examine_below_linear"]
    beside = "" if linear is None else f"; a linear map of the inputs has {linear:.0%}"
    yield Finding(
        fault="underfitting (capacity)",
        level="suspicion" if below else "hint",
        where="",
        evidence=(
            f"one batch of {len(jax.tree.leaves(subject.y)[0])} examples, learned for {forks.steps} steps at "
            f"{len(finite)} rates, was answered {best:.0%} of the way from a constant answer to the right "
            f"ones, and the loss had come to rest{beside}"
        ),
        cause="the network cannot express the answers even to a few examples, or the loss asks for more, such as "
        "small weights",
        remedy=Remedy("look for a layer that is too narrow, and for penalties in the loss"),
        numbers={"share": best} | ({} if linear is None else {"linear": linear}),
    )


def _rests(forks: Forks, factor: float) -> bool:
    """Whether the loss fell in the last quarter by little of what it fell in all, and by little of what is left."""
    losses = forks.losses[forks.place(factor)].astype(np.float64)
    quarter = max(1, forks.steps // 4)
    late, before = losses[-quarter:].mean(), losses[-2 * quarter : -quarter].mean()
    return bool(before - late <= LIMITS["examine_rest"] * min(losses[0] - late, abs(late))) and late < losses[0]


def _linear_share(subject: Subject, targets: Targets) -> float | None:
    """The share of a least-squares map of the inputs; None where it can be no measure of the network.

    Inputs that are no floating numbers have no such map, and where inputs are the targets it is the identity, which a
    network with a bottleneck leaves out on purpose.
    """
    x, y = subject.x, np.asarray(subject.y)
    if not hasattr(x, "dtype") or not jnp.issubdtype(x.dtype, jnp.floating) or targets.labels.ndim > 2:
        return None
    flat = np.asarray(x, np.float64).reshape(len(x), -1)
    if np.array_equal(flat, y.reshape(len(y), -1)):
        return None
    flat = np.c_[(flat - flat.mean(0)) / np.maximum(flat.std(0), 1e-12), np.ones(len(flat))]
    fitted = flat @ np.linalg.lstsq(flat, targets.wanted(), rcond=None)[0]
    return targets.share(fitted.reshape(targets.outputs))
