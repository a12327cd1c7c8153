"""How the gradient changes from layer to layer backward, and where it is 0."""

import numpy as np

from backlit.doctor.course.record import Record
from backlit.doctor.course.remedies import clipped, rectified
from backlit.doctor.finding import Finding, Level, Remedy
from backlit.doctor.limits import LIMITS

VANISHING, EXPLODING = "vanishing gradient", "exploding gradient"


def examine_depth(record: Record) -> list[Finding]:
    """Whether the gradient of the weights decays or grows from the last layer to the first."""
    gradients = record.gradients
    known = gradients[np.isfinite(gradients).all(1)] if gradients.size else gradients
    if len(known) == 0 or known.shape[1] < LIMITS["depth weights"] or len(record.history) < LIMITS["course first"]:
        return []
    if (known == 0).any():
        return _underflow(record, known)
    logs = np.log10(known)
    if np.isnan(logs).any():
        return []
    profile = np.median(logs, axis=0)
    powers = float(profile[0] - profile[-1])
    order = _rank_correlation(profile)
    low = np.log10(LIMITS["depth ratio"])
    same = np.sign(logs[:, 0] - logs[:, -1]) == np.sign(powers)
    steady = bool((same & (np.abs(logs[:, 0] - logs[:, -1]) > -np.log10(LIMITS["depth shown"]))).all())
    if powers < low and order > LIMITS["depth order"] and steady:
        return [_decays(record, powers, known)]
    if powers > -low and order < -LIMITS["depth order"] and steady:
        return [_grows(record, powers, known)]
    return []


def has_no_gradient(record: Record) -> bool:
    """Whether every weight's gradient was exactly 0 in the last recorded steps."""
    last = record.gradients[-int(LIMITS["units rows"]) :]
    return len(last) >= LIMITS["units rows"] and last.size > 0 and bool((last == 0).all())


def _decays(record: Record, powers: float, known: np.ndarray) -> Finding:
    first, last = _ends(record)
    factor = 10 ** (powers / (known.shape[1] - 1))
    activations = {units.kind for units in record.units}
    bounded = activations & {"sigmoid", "tanh", "softmax"}
    words = "put ReLU in the place of the sigmoids and tanhs" if bounded else "start from larger weights"
    remedy = rectified(record.run, f"{words}, or add normalization or residual connections")
    scale = record.run.settings.initial_scale if record.run is not None else 1.0
    if not remedy.changes and scale < 1:
        remedy = Remedy("start from weights of the usual scale", {"initial_scale": 1.0})
    return Finding(
        VANISHING,
        _level(record),
        f"layer {first}",
        f"its gradient is {10**powers:.2g} times that of {last}, in the median of {len(known)} recorded steps, and "
        f"each layer passes on about {factor:.2g} times what it gets",
        "the gradient dies from layer to layer on its way back, so the first layers hardly train",
        remedy,
        0.9,
        {"ratio": 10**powers, "factor": factor},
        (first,),
    )


def _grows(record: Record, powers: float, known: np.ndarray) -> Finding:
    first, last = _ends(record)
    factor = 10 ** (powers / (known.shape[1] - 1))
    return Finding(
        EXPLODING,
        _level(record),
        f"layer {first}",
        f"its gradient is {10**powers:.2g} times that of {last}, in the median of {len(known)} recorded steps, and "
        f"each layer makes it about {factor:.2g} times as large",
        "the gradient grows from layer to layer on its way back, so a step that suits one layer is wrong for another",
        clipped(record.run),
        0.8,
        {"ratio": 10**powers, "factor": factor},
        (first,),
    )


def _underflow(record: Record, known: np.ndarray) -> list[Finding]:
    """Gradients of exactly 0 in the first layers, where those behind decay toward them: they left the floats' range."""
    zero = (known == 0).all(0)
    first = int(np.argmin(zero)) if not zero.all() else len(zero)
    alive = known[:, first:]
    if zero[first:].any() or first == 0 or alive.shape[1] < LIMITS["depth weights"] or (alive == 0).any():
        return []
    profile = np.median(np.log10(alive), axis=0)
    if profile[0] - profile[-1] > np.log10(LIMITS["depth ratio"]) or _rank_correlation(profile) < LIMITS["depth order"]:
        return []
    layers = tuple(dict.fromkeys(path.rpartition("/")[0] for path in record.weights[:first]))
    ratio = 10 ** float(profile[0] - profile[-1])
    return [
        Finding(
            VANISHING,
            "fault",
            f"layer {layers[0]}",
            f"its gradient is exactly 0 in all {len(known)} recorded steps, and behind it that of layer after layer "
            f"decays, to {ratio:.2g} times the last one's",
            "the gradient dies from layer to layer on its way back, until no number is left",
            rectified(record.run, "put ReLU in the place of the sigmoids and tanhs, or add residual connections"),
            1.0,
            {"ratio": 0.0},
            layers,
        )
    ]


def _level(record: Record) -> Level:
    """A suspicion while the network has not learned half of what there is; else nothing shows that it does harm."""
    return "hint" if record.end < LIMITS["course learned"] else "suspicion"


def _ends(record: Record) -> tuple[str, str]:
    return record.weights[0].rpartition("/")[0], record.weights[-1].rpartition("/")[0]


def _rank_correlation(values: np.ndarray) -> float:
    """Spearman's correlation of values with their places."""
    ranks = np.argsort(np.argsort(values))
    return float(np.corrcoef(ranks, np.arange(len(values)))[0, 1])
