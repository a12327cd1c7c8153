"""What is arithmetic: values that are no numbers, and updates that change nothing."""

import re

import numpy as np

from backlit.doctor.course.record import Record
from backlit.doctor.course.remedies import slower
from backlit.doctor.finding import Finding, Remedy
from backlit.doctor.limits import LIMITS
from backlit.training import Run

STOPPED = re.compile(r"non-finite in epoch (?P<epoch>[\d,]+): (?P<place>.*)")
FAILED = re.compile(r".*non-finite in the (?P<epoch>first) epoch, (?P<place>.*?); try .*")  # the error of such a run


def examine_numbers(record: Record) -> list[Finding]:
    """A loss that is not finite, and weights that stay though they have a gradient."""
    return [*_nonfinite(record), *_unmoved(record)]


def examine_stop(stopped: str, run: Run | None) -> list[Finding]:
    """What the reason why a run ended (`Model.stopped`, or the error of one whose first epoch failed) says, where a
    value was no number."""
    match = STOPPED.fullmatch(stopped) or FAILED.fullmatch(stopped)
    if match is None:
        return []
    epoch, place = match["epoch"].replace("first", "1"), match["place"]
    layer = re.search(r"layer (\S+?),|made (\S+?)/\w+ non-finite", place)
    path = next(filter(None, layer.groups()), "") if layer else ""
    return [_no_number(f"layer {path}" if path else f"epoch {epoch}", f"epoch {epoch}, {place}", run, path)]


def _nonfinite(record: Record) -> list[Finding]:
    losses = np.asarray(record.history["loss"], float) if "loss" in record.history.columns else np.zeros(0)
    bad = np.flatnonzero(~np.isfinite(losses))
    if not len(bad):
        return []
    epoch = int(bad[0]) + 1
    return [_no_number(f"epoch {epoch}", f"the loss of epoch {epoch} is {losses[bad[0]]:g}", record.run, "")]


def _no_number(where: str, evidence: str, run: Run | None, layer: str) -> Finding:
    return Finding(
        "NaN / Inf",
        "fault",
        where,
        f"the first value that was no number: {evidence}",
        "a value left the range of numbers, and nothing can be learned from there on",
        slower(run),
        1.0,
        {},
        (layer,) if layer else (),
    )


def _unmoved(record: Record) -> list[Finding]:
    """Weights with a gradient in every recorded step, an update of exactly 0, and a size that never changes."""
    gradients, updates, sizes = record.gradients, record.updates, record.sizes
    if len(sizes) < LIMITS["units rows"] or not sizes.size or record.searches:
        return []
    stays = (gradients > 0).all(0) & (updates == 0).all(0) & (sizes == sizes[0]).all(0)
    if not stays.any():
        return []
    layers = tuple(path.rpartition("/")[0] for path, still in zip(record.weights, stays, strict=True) if still)
    return [
        Finding(
            "update not applied",
            "fault" if stays.all() else "suspicion",
            f"layer {layers[0]}",
            f"in {len(sizes)} recorded steps its gradient was never 0 (the last is {gradients[-1][stays][0]:.2g}), its "
            "update always was, and its weights stayed as they were",
            "the update rule leaves these weights alone",
            Remedy("give an update rule that changes all weights, such as adam", {"optimizer": "adam"}),
            1.0 if stays.all() else 0.8,
            {"gradient": float(gradients[-1][stays][0])},
            layers,
        )
    ]
