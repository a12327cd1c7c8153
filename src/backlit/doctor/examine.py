"""The examination of other people's code: any JAX loss function, with its parameters and batches."""

import time
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax

from backlit.doctor.finding import Examination, Finding, Remedy, ordered
from backlit.doctor.foreign.batches import Batches, Taking, first_line, read_batches
from backlit.doctor.foreign.capacity import BY_HEART, examine_capacity, learn_by_heart, one_batch
from backlit.doctor.foreign.direction import examine_direction
from backlit.doctor.foreign.floor import examine_floor
from backlit.doctor.foreign.forks import train_forks
from backlit.doctor.foreign.rates import COURSES, examine_failure, examine_rates, settle
from backlit.doctor.foreign.rounding import examine_rounding
from backlit.doctor.foreign.scale import examine_scale
from backlit.doctor.foreign.silence import examine_silence
from backlit.doctor.foreign.spreading import examine_spreading
from backlit.doctor.foreign.subject import foreign, subject_of_foreign, taking
from backlit.doctor.measures import Meter
from backlit.doctor.nonfinite import examine_nonfinite
from backlit.doctor.subject import Subject
from backlit.errors import GraphError, InputError
from backlit.graph.tracing import name_of
from backlit.shapes import Array, Tree

DEFAULT = "adam(0.001)"


def examine(
    loss_fn: Callable[..., Any],
    params: Tree,
    batches: Any,
    *,
    optimizer: optax.GradientTransformation | None = None,
    predict: Callable[..., Any] | None = None,
    inputs: Any = None,
    targets: Any = None,
    steps: int = 200,
    seed: int = 0,
    key: Array | None = None,
    has_aux: bool = False,
) -> Examination:
    """Why a network does not learn: the doctor's examination of any JAX loss function.

    The loss is examined at the parameters as they are, searched for numbers that are not finite, and trained from there
    in short forks side by side: at the rate, far below and far above it, and on one batch alone. Nothing that was given
    is changed.

    Args:
        loss_fn: (params, batch) → one floating number, or (params, batch, key) where it is random.
        params: any tree; what is not of floating numbers stays as it is.
        batches: one batch (a tree of arrays, examples along their first axis), a list of them, or what yields them. The
            first 32 are taken.
        optimizer: an Optax transformation; by default Adam at 0.001.
        predict: (params, inputs) → outputs (B, ...), for what concerns the answers.
        inputs, targets: batch → arrays, or their keys in a batch. By default the parts of a pair, or those named x and
            y, or inputs and targets.
        steps: of each fork, 8 or more.
        seed: of the order of batches.
        key: of the loss's randomness; by default that of the seed.
        has_aux: whether loss_fn gives a pair (loss, anything).

    Returns:
        The findings, what was examined, and what could not be.

    Raises:
        InputError: there is nothing that can be examined.

    >>> import jax.numpy as jnp
    >>> batch = {"x": jnp.linspace(-1.0, 1.0, 32)[:, None], "y": jnp.linspace(-2.0, 2.0, 32)}
    >>> def loss(params, batch):
    ...     return jnp.square(batch["x"] @ params["w"] - batch["y"]).mean()
    >>> [found.fault for found in examine(loss, {"w": jnp.zeros(1)}, batch, optimizer=optax.sgd(1e3)).faults]
    ['learning rate too high']
    """
    started = time.perf_counter()
    if not callable(loss_fn):
        raise InputError(f"loss_fn is {loss_fn!r}, and a function (params, batch) → loss is expected")
    if isinstance(steps, bool) or not isinstance(steps, (int, np.integer)) or steps < 8:
        raise InputError(f"steps={steps!r}: give a whole number, 8 or more")
    key = jax.random.key(seed) if key is None else key
    takes = taking(loss_fn, params, key)
    read = read_batches(batches, takes, name_of(loss_fn))
    own = foreign(loss_fn, params, read.result, has_aux)
    rule = optax.adam(1e-3) if optimizer is None else optimizer
    subject, unknown = subject_of_foreign(own, read[0], rule, predict, inputs, targets)
    left_out = [*read.notes, *own.notes, *unknown]
    examined = ["numbers that are not finite"]
    if own.differentiable:
        findings, more, said = _examine_all(subject, read, takes, int(steps), seed, key, optimizer is None)
        examined, left_out = examined + said, left_out + more
    else:
        findings = _examine_values(subject, own.name)
    return Examination(ordered(findings), tuple(examined), tuple(left_out), time.perf_counter() - started)


def _examine_all(
    subject: Subject, batches: Batches, takes: Taking, steps: int, seed: int, key: Array, default: bool
) -> tuple[list[Finding], list[str], list[str]]:
    """The findings, what was left out and what was examined, of a loss that can be differentiated."""
    from backlit.doctor.start import examine_start

    try:
        findings = examine_nonfinite(subject, subject.parameters, subject.state, key)
    except GraphError as error:
        return _examine_values(subject, "the loss"), [f"all that takes a gradient: {error}"], []
    if findings:
        return findings, ["the start and the training, for the first loss or gradient is not finite"], []
    meter = Meter(subject)
    findings = [*examine_start(subject, meter), *examine_spreading(subject, key), *examine_rounding(subject, key)]
    examined = ["the start"]
    try:
        forks = train_forks(subject, batches, COURSES, steps, seed, key)
    except GraphError as error:
        return findings, [f"the training: {error}"], examined
    except (TypeError, ValueError, KeyError, AttributeError) as error:  # of a rule for another tree of parameters
        return findings, [f"the training, which the optimizer refuses: {first_line(error)}"], examined
    named = f" with {DEFAULT}, as no optimizer was given" if default else ""
    examined.append(f"{steps} steps at {len(COURSES) - 1} rates{named}")
    failures = list(examine_failure(forks, subject, batches, key))
    if failures:
        return [*findings, *failures], [], examined
    findings = [*settle(findings, forks), *examine_silence(forks, subject, batches, meter, key)]
    few, one = one_batch(subject, batches, takes)
    heart = learn_by_heart(few, one, steps, seed, key)
    examined.append(f"one batch learned by heart at {len(BY_HEART) - 1} rates")
    findings += examine_scale(heart, few, one, seed, key)
    signs = [*examine_direction(forks, subject, batches, key), *examine_floor(forks, subject, batches, key)]
    findings += signs or examine_rates(forks, findings)  # a loss that falls for ever says nothing of rates
    spared = [finding for finding in findings if finding.level != "hint"]
    findings += [] if spared else examine_capacity(heart, few)
    return findings, [], examined


def _examine_values(subject: Subject, name: str) -> list[Finding]:
    """NaN and infinity in the parameters and the batch themselves."""
    found = []
    for what, tree in (("parameter", subject.parameters), ("batch", subject.batch)):
        for path, leaf in jax.tree_util.tree_leaves_with_path(tree):
            if not jnp.issubdtype(leaf.dtype, jnp.inexact) or bool(jnp.isfinite(leaf).all()):
                continue
            place = f"{what} {jax.tree_util.keystr(path, simple=True, separator='/')}".strip()
            bad = int((~jnp.isfinite(leaf)).sum())
            found.append(
                Finding(
                    fault="NaN / Inf",
                    level="fault",
                    where=place,
                    evidence=f"{bad} of {leaf.size} values are not finite",
                    cause=f"what {name} is given is not finite",
                    remedy=Remedy("look at these values where they are made"),
                    numbers={"count": bad},
                )
            )
    return found
