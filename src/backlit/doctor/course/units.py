"""Activation layers whose derivative is 0, or nearly, wherever they are."""

import numpy as np

from backlit.doctor.course.record import Record, Units
from backlit.doctor.course.remedies import leaking, rectified
from backlit.doctor.finding import Finding, Level, Remedy
from backlit.doctor.limits import LIMITS

BOUNDED, STEPS = ("sigmoid", "tanh"), ("step", "sign")


def examine_units(record: Record) -> list[Finding]:
    """Layers of dead ReLUs and of saturated sigmoids and tanhs, those of a kind in one finding."""
    dead = [units for units in record.units if units.kind not in (*BOUNDED, *STEPS) and _is_dead(record, units)]
    flat = [units for units in record.units if units.kind in BOUNDED and _is_flat(units)]
    return [*_dying(record, dead), *_saturated(record, flat)]


def _is_dead(record: Record, units: Units) -> bool:
    """Whether nearly no unit is active in the recorded batches of late; in small ones, none at all."""
    last = _last(units.dead)
    least = LIMITS["units dead"] if record.batch_size >= LIMITS["units batch"] else 1.0
    return len(last) >= LIMITS["units rows"] and bool((last >= least).all())


def _is_flat(units: Units) -> bool:
    last = _last(units.slope)
    return len(last) >= LIMITS["units rows"] and bool((np.abs(last) < LIMITS["units slope"]).all())


def _last(values: np.ndarray) -> np.ndarray:
    return values[-int(LIMITS["units rows"]) :]


def _dying(record: Record, dead: list[Units]) -> list[Finding]:
    if not dead:
        return []
    worst = max(dead, key=lambda units: float(_last(units.dead).mean()))
    share = float(_last(worst.dead).mean())
    # Nothing passes a layer of which no unit has a derivative, unless a connection leads around it.
    blocked = share == 1.0 and len(_last(record.gradients)) > 0 and bool((_last(record.gradients)[:, 0] == 0).all())
    level: Level = "fault" if blocked else "hint" if record.end < LIMITS["course learned"] else "suspicion"
    others = f" ({len(dead)} such layers)" if len(dead) > 1 else ""
    passes = ", and the gradient of the first layer is exactly 0" if blocked else ""
    return [
        Finding(
            "dying ReLU",
            level,
            f"layer {worst.layer}",
            f"{share:.0%} of its units were inactive for every row of {len(_last(worst.dead))} recorded batches, where "
            f"{float(worst.dead[0]):.0%} were at first{others}{passes}",
            "units that are 0 for every row get no gradient and cannot come back",
            leaking(record.run, "put LeakyReLU in the place of ReLU, or train with a smaller learning rate"),
            1.0 if blocked else 0.8,
            {"dead": share, "dead at first": float(worst.dead[0])},
            tuple(units.layer for units in sorted(dead, key=lambda units: -float(_last(units.dead).mean()))),
        )
    ]


def _saturated(record: Record, flat: list[Units]) -> list[Finding]:
    if not flat:
        return []
    worst = min(flat, key=lambda units: float(np.abs(_last(units.slope)).mean()))
    slope, first = float(_last(worst.slope).mean()), float(worst.slope[0])
    words = "standardize the inputs and start from smaller weights, or put ReLU in the place of sigmoid and tanh"
    scale = record.run.settings.initial_scale if record.run is not None else 1.0
    smaller = Remedy("start from weights of the usual scale", {"initial_scale": 1.0})
    return [
        Finding(
            "saturated sigmoid/tanh",
            "hint" if record.end < LIMITS["course learned"] else "suspicion",
            f"layer {worst.layer}",
            f"its mean local derivative is {slope:.2g} in the last {len(_last(worst.slope))} recorded batches, "
            f"{first:.2g} at first",
            "units at the ends of a sigmoid or tanh pass next to nothing back",
            smaller if scale > 1 else rectified(record.run, words),
            0.8,
            {"slope": slope, "slope at first": first},
            tuple(units.layer for units in sorted(flat, key=lambda units: float(np.abs(_last(units.slope)).mean()))),
        )
    ]
