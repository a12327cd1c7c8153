"""The structure: layers with nothing nonlinear between them, and variables that no gradient can reach."""

from collections.abc import Iterator

import jax
import numpy as np

from backlit.doctor.finding import Finding, Remedy
from backlit.doctor.limits import LIMITS
from backlit.doctor.start.probe import Probe, is_floating, layer_of
from backlit.doctor.start.remedies import with_relus_between
from backlit.doctor.start.signal import Link, rows_of, way_of
from backlit.errors import GraphError
from backlit.graph.backprop import active_variables
from backlit.graph.tracing import trace_function
from backlit.layers.convolution import DepthwiseConv
from backlit.layers.normalization import BatchNorm
from backlit.layers.pooling import MaxPool
from backlit.training import Run
from backlit.training.objective import body_of


def examine_structure(probe: Probe) -> Iterator[Finding]:
    """Detached parameters, missing activations."""
    yield from _detached(probe)
    run = probe.subject.run
    found = list(_adjacent(run)) if run is not None else []
    yield from found
    if not any(finding.level == "fault" for finding in found):
        yield from _affine(probe, known=bool(found))


def _adjacent(run: Run) -> Iterator[Finding]:
    """Trained linear layers in a row; a narrower one between wider ones is a bottleneck, which may be meant."""
    body = body_of(run.network, run.loss)
    affine = all(_is_affine(link) for link in way_of(run) if link.path.split("/")[0] in body.named)
    for row in rows_of(run):
        pairs = list(_pairs(row))
        if not pairs:
            continue
        meant = [_narrows(one, other) for one, other, _ in pairs]
        whole = affine and not all(meant)
        wrong = [pair for pair, is_meant in zip(pairs, meant, strict=True) if not is_meant] or pairs
        pooled = all(only_pools for *_, only_pools in wrong)
        level = "fault" if whole else "hint" if all(meant) or pooled else "suspicion"
        names = ", ".join(f"{one.path} and {other.path}" for one, other, _ in wrong[:3])
        yield Finding(
            "missing activation",
            level,  # type: ignore[arg-type]
            f"layer {wrong[0][0].path}",
            f"nothing nonlinear {'but pooling ' if pooled else ''}stands between {names}"
            + (f"; all of the network is affine, though it has {len(pairs) + 1} trained layers" if whole else ""),
            "linear layers in a row are one linear layer"
            + (", here with fewer dimensions, as a bottleneck has on purpose" if all(meant) else ""),
            Remedy("put an activation such as ReLU between them", {} if level == "hint" else with_relus_between(run)),
            confidence=1.0 if whole else 0.8,
            numbers={"pairs": len(wrong)},
            layers=tuple(dict.fromkeys(link.path for one, other, _ in wrong for link in (one, other))),
        )


def _pairs(row: list[Link]) -> Iterator[tuple[Link, Link, bool]]:
    """Neighbors in a row that are trained and linear, and whether pooling stands between them."""
    before: Link | None = None
    pooled = False
    for link in row:
        if link.plan.linear and link.trained:
            if before is not None and not isinstance(before.block, DepthwiseConv):
                yield before, link, pooled
            before, pooled = link, False
        elif isinstance(link.block, MaxPool):
            pooled = True
        elif not _is_affine(link):
            before = None


def _is_affine(link: Link) -> bool:
    """Whether a block is an affine map at prediction; batch normalization is, by its running statistics."""
    return link.plan.linear or isinstance(link.block, BatchNorm)


def _narrows(one: Link, other: Link) -> bool:
    """Whether the first makes fewer features than it gets and than the second makes of them."""
    return one.plan.output[-1] < min(one.plan.input[-1], other.plan.output[-1])


def _affine(probe: Probe, known: bool) -> Iterator[Finding]:
    """Whether f((a + b) / 2) = (f(a) + f(b)) / 2 for weights in general position, whatever the blocks say."""
    weights = [
        path
        for path, values in probe.measures.values.items()
        if values.ndim > 1 and probe.measures.variables[path].reached
    ]
    if known or not probe.takes_numbers or probe.apply is None or len(weights) < 2:
        return
    x = np.nan_to_num(np.asarray(probe.x))
    if len(x) < 4:
        return
    other = -2 * np.roll(x, 1, axis=0)
    bends = []
    for seed in (0, 1):
        general = probe.general(seed)
        a, b, middle = (np.asarray(probe.at(general, at), np.float64) for at in (x, other, (x + other) / 2))
        spread = float(np.sqrt(np.mean(np.square(a - b))))
        size = float(np.sqrt(np.mean(np.square(a)) + np.mean(np.square(b))))
        if not np.isfinite([spread, size]).all() or spread <= 1e-3 * size:
            return
        bends.append(float(np.sqrt(np.mean(np.square(middle - (a + b) / 2)))) / spread)
    if max(bends) > LIMITS["structure_bend"]:
        return
    values = probe.measures.values
    outputs = probe.z.shape[-1] if probe.z is not None and probe.z.ndim > 1 else 1
    wide = all(values[path].shape[-1] >= outputs for path in weights[:-1])
    yield Finding(
        "missing activation",
        "fault" if wide else "hint",
        "",
        f"for two draws of general weights the outputs at the middle of two inputs are the mean of the outputs, to "
        f"{max(bends):.1g} of their difference, though there are {len(weights)} weight matrices",
        "the network is affine: all its layers are worth one",
        Remedy("put an activation such as ReLU between the layers"),
        numbers={"bend": max(bends), "weights": len(weights)},
        layers=tuple(dict.fromkeys(map(layer_of, weights[:-1]))),
    )


def _detached(probe: Probe) -> Iterator[Finding]:
    """Variables without a differentiable path to the loss, and those whose gradient is 0 in general position."""
    variables = probe.measures.variables
    cut = {path for path, variable in variables.items() if not variable.reached} | _unreached_by_outputs(probe)
    if cut and len(cut) <= len(variables):
        yield _detached_finding(
            [path for path in variables if path in cut], "no differentiable path leads from it to the loss", True
        )
    general = [probe.meter(probe.general(seed), probe.subject.state) for seed in (0, 1, 2)]
    sizes = [size for found in general for one in found.variables.values() for size in (one.data, *one.turns)]
    if min((size for size in sizes if size > 0), default=0.0) < LIMITS["gradient_underflow"]:
        return  # what is 0 may be a product of many small factors
    zero = [path for path in variables if path not in cut and all(not found.gradients[path].any() for found in general)]
    if zero and len(zero) + len(cut) < len(variables) and all(np.isfinite(found.loss) for found in general):
        yield _detached_finding(zero, "its gradient is exactly 0 for three draws of general weights", False)


def _detached_finding(paths: list[str], why: str, proved: bool) -> Finding:
    layers = tuple(dict.fromkeys(map(layer_of, paths)))
    others = f", and the same holds for {len(paths) - 1} others: {', '.join(paths[1:4])}" if len(paths) > 1 else ""
    return Finding(
        "detached parameter",
        "fault" if proved else "suspicion",
        f"layer {layers[0]}" if layers[0] else paths[0],
        f"{paths[0]}: {why}{others}",
        "no gradient can reach it, whatever the data, so that it stays as it was drawn",
        Remedy("take out what cuts the gradient: stop_gradient, rounding, a comparison, a product with 0"),
        confidence=1.0 if proved else 0.8,
        numbers={"variables": len(paths)},
        layers=layers,
    )


def _unreached_by_outputs(probe: Probe) -> set[str]:
    """The variables that the outputs do not depend on differentiably; a penalty may still give them a gradient."""
    subject = probe.subject
    outputs = subject.outputs
    if subject.run is not None or outputs is None or subject.x is None:
        return set()
    try:
        tape = trace_function(lambda parameters: outputs(parameters, subject.state, subject.x), subject.parameters)
    except GraphError:
        return set()
    leaves = jax.tree_util.tree_leaves_with_path(subject.parameters)
    active = active_variables(tape, [is_floating(leaf) for _, leaf in leaves])
    own = [jax.tree_util.keystr(path, simple=True, separator="/") for path, _ in leaves]
    return {path for path, variable in zip(own, tape.inputs, strict=True) if variable not in active}
