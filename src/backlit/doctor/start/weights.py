"""The first weights: units that are equal, signals that drift, activations at their ends, units that are dead."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from backlit.doctor.finding import Finding, Remedy
from backlit.doctor.limits import LIMITS
from backlit.doctor.measures import Measures
from backlit.doctor.start.probe import Probe, layer_of
from backlit.doctor.start.remedies import changed_network, well_initialized, with_relu
from backlit.doctor.start.signal import Link, way_of
from backlit.layers.activation import ReLU, Sigmoid, Tanh
from backlit.layers.composition import Composition, blocks_of
from backlit.layers.noise import Noise
from backlit.layers.regularization import Dropout
from backlit.training import Run

LARGEST_SLOPE = {Sigmoid: 0.25, Tanh: 1.0}


def examine_weights(probe: Probe) -> Iterator[Finding]:
    """Symmetric units, drifting scales, saturation, dead units."""
    measures, run = probe.measures, probe.subject.run
    yield from _symmetric(probe, measures)
    if run is not None:
        yield from _drifting(run, measures)
        yield from _at_their_ends(run, measures)


def _symmetric(probe: Probe, measures: Measures) -> Iterator[Finding]:
    """Units with equal incoming weights and equal gradients: no step can tell them apart.

    The last layer is left out: its units have targets of their own.
    """
    run = probe.subject.run
    found: dict[str, tuple[int, int]] = {}
    alike = []
    for path, values in measures.values.items():
        if values.ndim < 2 or values.shape[-1] < 2 or path in probe.last_layer or not _weighs(run, path):
            continue
        twins = _twins(values, measures.gradients[path])
        if twins > 1:
            found[path] = (twins, values.shape[-1])
        elif _is_random(run) and values.any() and bool((values == values[..., :1]).all()):
            alike.append(path)
    if alike and not found:
        yield Finding(
            "symmetric initialization",
            "suspicion",
            f"layer {layer_of(alike[0])}",
            f"all {probe.measures.values[alike[0]].shape[-1]} units of {alike[0]} have the same incoming weights, and "
            "only the noise of dropout makes their gradients differ",
            "units that start equal part slowly, by chance alone",
            Remedy("draw the weights at random, as by He or Glorot", changed_network(run, well_initialized)),
            confidence=0.8,
            layers=tuple(map(layer_of, alike)),
        )
    if not found:
        return
    worst = max(found, key=lambda path: found[path][0] / found[path][1])
    twins, units = found[worst]
    layers = tuple(dict.fromkeys(layer_of(path) for path in sorted(found, key=lambda path: path != worst)))
    changes: dict[str, Any] = changed_network(run, well_initialized)
    if not changes and run is not None and run.settings.initial_scale == 0:
        changes = {"initial_scale": 1.0}
    yield Finding(
        "symmetric initialization",
        "fault",
        f"layer {layers[0]}" if layers[0] else worst,
        f"{twins} of {units} units of {worst} have the same incoming weights, and gradients that agree to "
        f"{LIMITS['weights_twins']:g} of their size",
        "units that start equal and get equal gradients stay equal: together they are one unit",
        Remedy("draw the weights at random, as by He or Glorot", changes),
        numbers={"equal": twins, "units": units, "layers": len(layers)},
        layers=layers,
    )


def _is_random(run: Run | None) -> bool:
    """Whether a network draws something of its own while it trains, which tells equal units apart."""
    return run is not None and any(isinstance(block, Dropout | Noise) for block in blocks_of(run.network))


def _weighs(run: Run | None, path: str) -> bool:
    """Whether a variable multiplies inputs, as far as it is known."""
    if run is None:
        return True
    return any("/".join(way) == path and entry.weight for way, entry in run.network.plan(run.input_shape).variables())


def _twins(values: np.ndarray, gradients: np.ndarray) -> int:
    """The size of the largest group of units, along the last axis, with equal weights and equal gradients."""
    weights = np.asarray(values, np.float64).reshape(-1, values.shape[-1]).T
    slopes = np.asarray(gradients, np.float64).reshape(-1, values.shape[-1]).T
    if not np.isfinite(slopes).all():
        return 0
    _, groups, sizes = np.unique(weights, axis=0, return_inverse=True, return_counts=True)
    groups = groups.reshape(-1)
    most = 0
    for group in np.flatnonzero(sizes > 1):
        own = slopes[groups == group]
        away = np.abs(own - np.median(own, axis=0)).max(1)
        most = max(most, int(np.sum(away <= LIMITS["weights_twins"] * max(np.abs(own).max(), 0.0))))
    return most


def _drifting(run: Run, measures: Measures) -> Iterator[Finding]:
    """The deviation of the trained layers' outputs from layer to layer, from one normalization to the next."""
    stretch: list[tuple[Link, float]] = []
    begin = np.nan
    links = [link for link in way_of(run) if link.path in measures.layers]
    trained = [link for link in links if link.trained and not link.normalizes]
    for link in [*links, None]:
        if link is None or link.normalizes:
            yield from _drift(run, begin, stretch, trained)
            stretch, begin = [], np.nan
        elif link.trained:
            if not stretch:
                begin = measures.layers[link.path].deviation_in
            stretch.append((link, _deviation(measures, link)))


def _drift(run: Run, begin: float, stretch: list[tuple[Link, float]], trained: list[Link]) -> Iterator[Finding]:
    ends_in_head = bool(stretch) and stretch[-1][0] is trained[-1]
    hidden = stretch[:-1] if ends_in_head else stretch  # a head that begins near 0 does no harm
    for direction, part in ((1, stretch), (-1, hidden)):
        last = part[-1][1] if part else np.nan
        if len(part) < 2 or not np.isfinite([begin, last]).all() or min(begin, last) <= 0:
            continue
        total = (last / begin) ** direction
        each = total ** (1 / len(part))
        if total <= LIMITS["weights_drift"] or each <= LIMITS["weights_drift_each"]:
            continue
        factor = float(each**direction)
        changes: dict[str, Any] = changed_network(run, well_initialized)
        if run.settings.initial_scale != 1:
            changes = {"initial_scale": 1.0}
        elif not changes:
            changes = {"initial_scale": float(f"{1 / factor:.2g}")}
        worst = max(part, key=lambda one: one[1] * direction)[0].path
        yield Finding(
            "initialization scale",
            "suspicion",
            f"layer {worst}",
            f"the deviation of outputs goes from {begin:.3g} before {part[0][0].path} to {last:.3g} after "
            f"{part[-1][0].path}, by {factor:.3g} with each of {len(part)} layers",
            "the first weights are too large, and signals grow from layer to layer"
            if direction > 0
            else "the first weights are too small, and signals die from layer to layer",
            Remedy("draw weights with a variance of 2 / inputs before ReLU (He), of 1 / inputs elsewhere", changes),
            confidence=0.9,
            numbers={"before": begin, "after": last, "each": factor, "layers": len(part)},
            layers=tuple(dict.fromkeys([worst, *(link.path for link, _ in part)])),
        )


def _deviation(measures: Measures, link: Link) -> float:
    found = measures.layers[link.path]
    return found.turns[link.turn] if link.turn is not None and found.turns else found.deviation


def _at_their_ends(run: Run, measures: Measures) -> Iterator[Finding]:
    """Activations whose slopes are next to 0 everywhere, and units that are 0 on every row."""
    before = ""
    trained = [link for link in way_of(run) if link.trained]
    for link in way_of(run):
        found = measures.layers.get(link.path)
        if isinstance(link.block, Sigmoid | Tanh) and found is not None and found.slope is not None and before:
            share = found.slope / LARGEST_SLOPE[type(link.block)]
            head = bool(trained) and before == trained[-1].path
            if share < LIMITS["weights_saturated"] and not head:
                yield _saturated(run, link, before, share, found.saturated or 0.0)
        if isinstance(link.block, ReLU) and found is not None and found.dead is not None and before:
            least = LIMITS["weights_dead"] if found.units >= LIMITS["weights_dead_units"] else 1.0
            if found.dead >= least:
                yield _dead(run, link, before, found.dead, found.units)
        before = link.path if link.trained or (before and isinstance(link.block, Composition)) else before


def _saturated(run: Run, link: Link, before: str, share: float, flat: float) -> Finding:
    changes: dict[str, Any] = changed_network(run, with_relu)
    return Finding(
        "saturated sigmoid/tanh",
        "fault" if share < LIMITS["weights_saturated_fault"] else "suspicion",
        f"layer {link.path}",
        f"the mean local derivative of {link.path} is {share:.3g} of the largest it can be, and {flat:.0%} of its "
        "derivatives are below 0.01",
        "its inputs are so large that it is at its ends, where next to nothing passes back",
        Remedy(
            "draw smaller weights, normalize the inputs, or take ReLU",
            {"initial_scale": 1.0} if run.settings.initial_scale != 1 else changes,
        ),
        confidence=0.9,
        numbers={"slope": share, "saturated": flat},
        layers=(link.path, before),
    )


def _dead(run: Run, link: Link, before: str, dead: float, units: int) -> Finding:
    return Finding(
        "dying ReLU",
        "fault" if dead == 1 else "suspicion",
        f"layer {link.path}",
        f"{dead:.0%} of the {units} units of {link.path} are 0 on every row that was looked at",
        "no gradient passes a unit that is 0 on all data, so that its weights never move",
        Remedy(
            "begin with biases of 0 and He's initialization, or take LeakyReLU",
            changed_network(run, well_initialized),
        ),
        confidence=1.0 if dead == 1 else 0.8,
        numbers={"dead": dead, "units": units},
        layers=(link.path, before),
    )
