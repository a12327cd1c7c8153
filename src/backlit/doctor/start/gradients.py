"""How the gradient fares on its way back through layers and through time, at the first weights.

What counts of a weight is its relative change, so that the gradient of each layer is taken in units of its weights:
r_l = rms(∂L/∂W_l) / rms(W_l). A gradient that dies or grows does so geometrically: log r_l is a line over depth.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np

from backlit.doctor.finding import Finding, Remedy
from backlit.doctor.limits import LIMITS
from backlit.doctor.measures import Measures
from backlit.doctor.start.probe import Probe, layer_of
from backlit.doctor.start.remedies import changed_network, well_initialized, with_relu
from backlit.doctor.start.signal import way_of
from backlit.layers.composition import blocks_of
from backlit.layers.recurrence import Recurrence
from backlit.training import Run


def examine_gradients(probe: Probe) -> Iterator[Finding]:
    """The gradient by depth, and by time."""
    measures, run = probe.measures, probe.subject.run
    yield from _by_depth(run, _relative(run, measures))
    if run is not None:
        yield from _by_time(run, measures)


def _relative(run: Run | None, measures: Measures) -> list[tuple[str, float]]:
    """r_l by layer, the first one first; layers whose weights are all 0 are left out."""
    if run is None:
        return [
            (layer_of(path) or path, variable.data / variable.weight)
            for path, variable in measures.variables.items()
            if measures.values[path].ndim > 1 and variable.weight > 0 and variable.reached
        ]
    found = []
    for link in way_of(run):
        if link.normalizes:
            continue
        ratios = []
        for path in link.weights:
            variable = measures.variables[path]
            data = variable.turns[link.turn] if link.turn is not None and variable.turns else variable.data
            if variable.weight > 0 and variable.reached:
                ratios.append(data / variable.weight)
        if ratios:
            found.append((link.path, max(ratios)))
    return found


def _by_depth(run: Run | None, layers: list[tuple[str, float]]) -> Iterator[Finding]:
    depth = len(layers)
    if depth < LIMITS["gradient_depth"] or not np.isfinite([r for _, r in layers]).all():
        return
    alive = [(place, name, r) for place, (name, r) in enumerate(layers) if r > 0]
    if len(alive) < LIMITS["gradient_depth"]:
        return
    (first_place, first_name, first), (_, last_name, last) = alive[0], alive[-1]
    if first_place > 0 and first < LIMITS["gradient_underflow"]:
        yield _vanishing(run, layers, layers[0][0], 0.0, last_name, "fault")
        return
    places, logs = np.array([place for place, *_ in alive]), np.log10([r for *_, r in alive])
    slope = float(np.polyfit(places, logs, 1)[0])
    fits = float(np.corrcoef(places, logs)[0, 1] ** 2) if np.ptp(logs) > 0 else 0.0
    if fits < LIMITS["gradient_fit"]:
        return
    if first / last < LIMITS["gradient_vanishes"] and slope > LIMITS["gradient_slope"]:
        yield _vanishing(run, layers, first_name, first / last, last_name, "suspicion", slope)
    elif first / last > LIMITS["gradient_explodes"] and slope < -LIMITS["gradient_slope"]:
        yield Finding(
            "exploding gradient",
            "suspicion",
            f"layer {first_name}",
            f"in units of the weights, the gradient of {first_name} is {first / last:.3g} times that of {last_name}, "
            f"and grows by {10**-slope:.3g} with each of {depth} layers on its way back",
            "each layer makes the gradient larger, so that no step suits all of them",
            Remedy("draw smaller weights (He, Glorot), or bound the gradient's norm", _calmer(run)),
            confidence=0.9,
            numbers={"ratio": first / last, "slope": slope, "layers": depth},
            layers=tuple(dict.fromkeys(name for name, _ in layers)),
        )


def _vanishing(
    run: Run | None, layers: list[tuple[str, float]], where: str, ratio: float, end: str, level: Any, slope: float = 0.0
) -> Finding:
    each = f", and shrinks by {10**-slope:.3g} with each of {len(layers)} layers on its way back" if slope else ""
    shown = f"{ratio:.3g} times that of {end}" if ratio else f"exactly 0, below what float32 holds, where {end} has one"
    return Finding(
        "vanishing gradient",
        level,
        f"layer {where}",
        f"in units of the weights, the gradient of {where} is {shown}{each}",
        "each layer passes back less than it gets, so that the first ones do not learn",
        Remedy(
            "take ReLU with He's initialization, a normalization between layers, or residual connections",
            changed_network(run, with_relu),
        ),
        confidence=1.0 if level == "fault" else 0.9,
        numbers={"ratio": ratio, "slope": slope, "layers": len(layers)},
        layers=tuple(dict.fromkeys([where, *(name for name, _ in layers)])),
    )


def _by_time(run: Run, measures: Measures) -> Iterator[Finding]:
    """∂L/∂x_t of recurrent layers: the first step that is read against the last."""
    reverse = {block.reverse for block in blocks_of(run.network) if isinstance(block, Recurrence)}
    for path, layer in measures.layers.items():
        steps = np.array(layer.by_step[::-1] if path.endswith("backward") or reverse == {True} else layer.by_step)
        if len(steps) < LIMITS["gradient_time"] or not np.isfinite(steps).all() or steps[-1] <= 0:
            continue
        ratio = float(steps[0] / steps[-1])
        if ratio > LIMITS["gradient_explodes_in_time"]:
            yield Finding(
                "exploding gradient",
                "suspicion",
                f"layer {path}",
                f"the gradient with respect to what {path} reads is {ratio:.3g} times as large at the first of "
                f"{len(steps)} steps as at the last",
                "each step of the recurrence makes the gradient larger",
                Remedy("draw smaller recurrent weights (Orthogonal), or bound the gradient's norm", _calmer(run)),
                confidence=0.9,
                numbers={"ratio": ratio, "steps": len(steps)},
                layers=(path,),
            )
        elif steps.max() > 0 and steps[0] / steps.max() < LIMITS["gradient_forgets"]:
            yield Finding(
                "vanishing gradient",
                "hint",
                f"layer {path}",
                f"the gradient with respect to what {path} reads is {steps[0] / steps.max():.3g} times as large at the "
                f"first of {len(steps)} steps as where it is largest",
                "at its first weights the layer forgets early steps, which matters where the answer depends on them",
                Remedy("take GRU or LSTM, read in both directions, or shorten the sequences"),
                confidence=0.5,
                numbers={"ratio": float(steps[0] / steps.max()), "steps": len(steps)},
                layers=(path,),
            )


def _calmer(run: Run | None) -> dict[str, Any]:
    """Weights by their defaults where they are not; else a bound on the gradient."""
    if run is None:
        return {}
    if run.settings.initial_scale != 1:
        return {"initial_scale": 1.0}
    return changed_network(run, well_initialized) or ({"clip": 1.0} if run.settings.clip is None else {})
