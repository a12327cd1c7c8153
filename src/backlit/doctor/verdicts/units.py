"""Units that carry nothing: inactive, or saturated, on every row that is looked at, at the weights that were kept."""

from __future__ import annotations

from collections.abc import Sequence

from backlit.doctor.case import Case
from backlit.doctor.experiments.redrawing import redrawing
from backlit.doctor.finding import Finding, Remedy
from backlit.doctor.limits import LIMITS
from backlit.doctor.measures import LayerMeasures
from backlit.layers.activation import Sigmoid, Tanh
from backlit.layers.block import Block
from backlit.layers.composition import Composition


def judge_units(case: Case, found: Sequence[Finding]) -> list[Finding]:
    """Layers of a run in doubt whose units are dead or saturated from the first weights on; at the kept weights alone,
    where nothing else was found, for steps that are too long kill units, too.

    Args:
        case: a run that is worse than it could be.
        found: what experiments have proved.
    """
    if case.last is None or case.first is None or case.model is None:
        return []
    made = []
    for path, last in case.last.layers.items():
        first = case.first.layers.get(path)
        block = block_at(case.run.network, path)
        if last.dead is None or block is None or first is None or last.units < LIMITS["units: fewest of a layer"]:
            continue
        squashes = isinstance(block, Sigmoid | Tanh)
        now, before = (_saturated(last), _saturated(first)) if squashes else (last.dead, first.dead or 0.0)
        always = min(now, before) >= LIMITS["units: share that is lost from the start"]
        if always or (not found and now >= LIMITS["units: share that is lost"]):
            made.append(_finding(case, path, squashes, before, now))
    worst = max(made, key=lambda one: one.numbers["last"], default=None)
    known = {finding.fault for finding in found}
    return [] if worst is None or worst.fault in known else [worst]


def block_at(network: Composition, path: str) -> Block | None:
    """The block of a path such as 'residual_1/relu_1'; None where there is none."""
    block: Block | None = network
    for name in path.split("/"):
        block = block.named.get(name) if isinstance(block, Composition) else None
    return block


def _saturated(layer: LayerMeasures) -> float:
    return 1.0 if (layer.slope or 0.0) < LIMITS["units: mean slope of a saturated layer"] else (layer.saturated or 0.0)


def _finding(case: Case, path: str, squashes: bool, before: float, now: float) -> Finding:
    what = "outputs are at their ends (|f'| < 0.01)" if squashes else "units give 0 on every row"
    return Finding(
        "saturated sigmoid/tanh" if squashes else "dying ReLU",
        "fault",
        f"layer {path}",
        f"{100 * now:.3g} % of its {what} at the kept weights, {100 * before:.3g} % at the first ones; {case.health}",
        "their local derivative is next to nothing, so that no gradient passes back through them"
        if squashes
        else "their gradient is exactly 0, so that nothing brings them back",
        Remedy(
            "draw the first weights by the layer's own rule, with biases of 0, and take smaller steps",
            redrawing(case.run),
        ),
        0.85,
        {"first": before, "last": now},
        (path,),
    )
