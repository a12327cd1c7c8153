"""Forbidden dependencies: an answer that changes with another example, with a later step, or with padding.

∂y_i/∂x_j is exactly 0 for i ≠ j, by the reverse walk from y_i alone, where examples are computed apart; tokens are
changed instead, and the outputs of the others compared.
"""

from collections.abc import Iterator
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from backlit.doctor.finding import Finding, Remedy
from backlit.doctor.limits import LIMITS
from backlit.doctor.start.probe import Probe
from backlit.graph import vjp
from backlit.layers.block import Context, Observer
from backlit.layers.composition import blocks_of
from backlit.layers.normalization import BatchNorm
from backlit.shapes import Array, Tree
from backlit.training.compilation import ONCE, known


def examine_dependencies(probe: Probe) -> Iterator[Finding]:
    """Leaks across examples, from later steps, and from padding."""
    z = probe.z
    if z is None or probe.x is None or z.ndim < 1 or len(z) != len(probe.x) or len(z) < 3:
        return
    yield from _across_examples(probe)
    yield from _from_later(probe)
    yield from _from_padding(probe)


def _across_examples(probe: Probe) -> Iterator[Finding]:
    if not probe.takes_numbers:
        x = np.asarray(probe.x)
        turned = np.concatenate([x[:1], np.roll(x[1:], 1, axis=0)])
        weights = probe.general(0)
        before, after = (np.asarray(probe.at(weights, x)) for x in (x, turned))
        change = _change(before[:1], after[:1])
        if change > LIMITS["leak_change"]:
            yield _across(
                f"the first example's outputs change by {change:.2g} of their size as others take each other's places",
                _mixing_layers(probe),
            )
        return
    modes = _examples_seen(probe)
    if modes["evaluation"]:
        seen = modes["evaluation"]
        yield _across(
            f"in evaluation mode ∂y_1/∂x_j is not 0 for {seen} of {_rows(probe) - 1} other examples j",
            _mixing_layers(probe),
        )
    elif modes["training"] and not _has_batch_statistics(probe):
        yield Finding(
            "axis / mask leak",
            "hint",
            "",
            f"in training mode ∂y_1/∂x_j is not 0 for {modes['training']} of {_rows(probe) - 1} other examples j, and "
            "in evaluation mode it is",
            "examples of a batch are mixed while training, as statistics of the batch do",
            Remedy("where no normalization over the batch is meant, look for a sum or mean over axis 0"),
            confidence=0.5,
        )


def _across(evidence: str, layers: tuple[str, ...]) -> Finding:
    return Finding(
        "axis / mask leak",
        "fault",
        f"layer {layers[0]}" if layers else "",
        evidence,
        "an example's answer depends on the other examples of its batch",
        Remedy("look for a softmax, a mean, a reshape or a transpose over axis 0, which is the batch"),
        layers=layers,
    )


def _mixing_layers(probe: Probe) -> tuple[str, ...]:
    """The first layer whose output for the first example changes with the others; none where it is not known."""
    run = probe.subject.run
    if run is None or probe.x is None:
        return ()
    outputs = []
    for rows in (np.arange(len(probe.x)), np.r_[0, np.arange(1, len(probe.x))[::-1] // 2]):
        keep = Observer(lambda path, block, x, y: y[0])
        run.objective.body.apply(probe.general(0), probe.subject.state, probe.x[rows], Context(observe=keep))
        outputs.append(keep.seen)
    mixing = [path for path, own in outputs[0].items() if _change(own, outputs[1][path]) > LIMITS["leak_change"]]
    return tuple(mixing[:1])


def _rows(probe: Probe) -> int:
    return min(int(LIMITS["leak_rows"]), len(probe.x))  # type: ignore[arg-type]


def _examples_seen(probe: Probe) -> dict[str, int]:
    """How many other examples the first one's outputs depend on, in evaluation mode and in training mode."""
    subject, rows = probe.subject, _rows(probe)
    run, outputs = subject.run, subject.outputs
    assert outputs is not None
    assert probe.x is not None

    def trained(parameters: Tree, state: Tree, x: Array) -> Array:
        assert run is not None
        context = Context(training=True, key=jax.random.key(0), mask=jnp.ones(rows))
        return run.objective.body.apply(parameters, state, x, context)[0]

    def seen(function: Any, parameters: Tree, state: Tree, x: Array) -> Array:
        z, pull = vjp(lambda own: function(parameters, state, own), x)
        noise = jax.random.normal(jax.random.key(1), z.shape, z.dtype)
        (slope,) = pull(noise.at[1:].set(0))
        others = jnp.nan_to_num(slope[1:], nan=0.0).reshape(rows - 1, -1)
        return (others != 0).any(1).sum()

    def both(parameters: Tree, state: Tree, x: Array) -> tuple[Array, Array]:
        training = jnp.int32(0) if run is None else seen(trained, parameters, state, x)
        return seen(outputs, parameters, state, x), training

    found = jax.jit(both, compiler_options=known(ONCE))(probe.general(0), subject.state, probe.x[:rows])
    return dict(zip(("evaluation", "training"), map(int, found), strict=True))


def _has_batch_statistics(probe: Probe) -> bool:
    run = probe.subject.run
    return run is not None and any(isinstance(block, BatchNorm) for block in blocks_of(run.network))


def _from_later(probe: Probe) -> Iterator[Finding]:
    """Where each step is asked for the next input: outputs must not change with later inputs."""
    z, x, y = np.asarray(probe.z), np.asarray(probe.x), probe.subject.y
    if z.ndim < 2 or x.ndim < 2 or not hasattr(y, "shape") or len(y.shape) < 2:
        return
    steps = x.shape[1]
    if steps < 4 or z.shape[1] != steps or y.shape[1] != steps or not _tells_the_next(x, np.asarray(y)):
        return
    half = steps // 2
    later = np.concatenate([x[:, :half], np.roll(x[:, half:], 1, axis=0)], axis=1)
    weights = probe.general(0)
    before, after = (np.asarray(probe.at(weights, own))[:, :half] for own in (x, later))
    change = _change(before, after)
    if change > LIMITS["leak_change"]:
        yield Finding(
            "axis / mask leak",
            "fault",
            "",
            f"each step's target is the next step's input, and the outputs of the first {half} steps change by "
            f"{change:.2g} of their size with the inputs after them",
            "each step sees the answer that it is asked for, so that the network copies and learns nothing",
            Remedy("take causal attention (DecoderBlock), and recurrent layers that read forward alone"),
            numbers={"change": change},
        )


def _tells_the_next(x: np.ndarray, y: np.ndarray) -> bool:
    """Whether targets are the inputs of the next step: the same tokens, or numbers in proportion to a feature."""
    if x.ndim == 2 and x.dtype.kind in "iu":
        real = y[:, :-1] >= 0 if y.shape == x.shape else np.zeros(0, bool)
        return bool(real.any() and np.all((y[:, :-1] == x[:, 1:])[real]))
    if y.size != y.shape[0] * y.shape[1]:
        return False
    own = y.reshape(y.shape[:2])[:, :-1].astype(np.float64)
    following = x[:, 1:].reshape(len(x), x.shape[1] - 1, -1).astype(np.float64)
    return any(_in_proportion(own, following[..., feature]) for feature in range(following.shape[-1]))


def _in_proportion(one: np.ndarray, other: np.ndarray) -> bool:
    """Whether the columns of two arrays (B, T) are the same but for a scale and a shift of each column."""
    rows = np.isfinite(one).all(1) & np.isfinite(other).all(1)
    if rows.sum() < 3:
        return False
    away, beyond = (values[rows] - values[rows].mean(0) for values in (one, other))
    size = np.sqrt(np.square(away).sum(0) * np.square(beyond).sum(0))
    return bool(np.all(size > 0) and np.all((away * beyond).sum(0) > (1 - LIMITS["leak_change"]) * size))


def _from_padding(probe: Probe) -> Iterator[Finding]:
    """More padding behind padded sequences must leave the outputs as they are."""
    x = np.asarray(probe.x)
    numbers = x.ndim == 3 and bool(np.isnan(x).all(-1).any())
    tokens = x.ndim == 2 and x.dtype.kind in "if" and bool((x == -1).any()) and not probe.takes_numbers
    if probe.subject.run is None or not (numbers or tokens):
        return
    more = np.full((len(x), 2, *x.shape[2:]), np.nan if numbers else -1, x.dtype)
    weights = probe.general(0)
    before = np.asarray(probe.at(weights))
    try:
        after = np.asarray(probe.at(weights, np.concatenate([x, more], axis=1)))
    except (TypeError, ValueError):  # a network for one length alone
        return
    if after.shape != before.shape:
        return
    change = _change(before, after)
    if change > LIMITS["leak_change"]:
        yield Finding(
            "axis / mask leak",
            "suspicion",
            "",
            f"the outputs change by {change:.2g} of their size with two more steps of padding behind each sequence",
            "padding is taken for data",
            Remedy("leave padded steps out of sums and means: a block is told the real ones as `context.steps`"),
            confidence=0.8,
            numbers={"change": change},
        )


def _change(before: np.ndarray, after: np.ndarray) -> float:
    """The largest change, of the outputs' size."""
    size = float(np.abs(before).max()) if before.size else 0.0
    away = float(np.abs(after - before).max()) if before.size else 0.0
    return away / size if size > 0 and np.isfinite(away) else 0.0
