"""What the losses and scores of a run say of its answers: all of one class, learned by heart, or of two minds."""

import numpy as np

from backlit.doctor.course.record import Record, last_quarter, rises
from backlit.doctor.finding import Finding, Remedy
from backlit.doctor.limits import LIMITS
from backlit.layers.composition import blocks_of
from backlit.layers.noise import Noise
from backlit.layers.normalization import BatchNorm
from backlit.layers.regularization import Dropout

OF_TWO_MINDS = (BatchNorm, Dropout, Noise)  # layers that compute something else in evaluation


def examine_answers(record: Record) -> list[Finding]:
    """Class collapse, overfitting, and training and evaluation that differ."""
    found = (_collapse(record), _overfitting(record), _mismatch(record))
    return [finding for finding in found if finding is not None]


def _collapse(record: Record) -> Finding | None:
    """An accuracy on the same rows that stays what one class alone would give."""
    prior, most = record.prior, int(LIMITS["class epochs"])
    if not prior.classes or "train_accuracy" not in record.history.columns or not prior.majority < 1:
        return None
    accuracy = np.asarray(record.history["train_accuracy"], float)
    last = accuracy[-max(most, len(accuracy) // 4) :]
    rows = len(record.run.parts.train) if record.run is not None else 1
    noise = LIMITS["class errors"] * np.sqrt(prior.majority * (1 - prior.majority) / min(rows, 256))
    above = last[-1] - prior.majority  # the rows that are scored may be a sample, with a share of its own
    if len(accuracy) < most or np.ptp(last) > 0 or above < -noise or above > 1 / min(rows, 256):
        return None
    rare = prior.rarest * prior.classes < LIMITS["class rare"]
    learns = record.end < 1 - LIMITS["course idle"]
    balanced = prior.majority * prior.classes < 1 + LIMITS["class rare"]
    weighted = record.run is not None and record.run.settings.class_weight is not None
    one_each = record.run is not None and record.run.parts.train.y.ndim == 1
    changes = {"class_weight": "balanced"} if rare and one_each and not weighted else {}
    return Finding(
        "class collapse / imbalance",
        "suspicion" if rare or (balanced and not learns) else "hint",
        "",
        f"for {len(last)} epochs the accuracy on the same training rows is {last[-1]:.4g}; the share of the most "
        f"frequent class is {prior.majority:.4g}, and that of the rarest {prior.rarest:.4g}",
        "as many answers are right as where every row gets that of the most frequent class",
        Remedy(
            "let every class count alike (--class-weight balanced)"
            if rare
            else "look at what else is found: the network answers the same whatever it sees",
            changes,
        ),
        0.8,
        {"accuracy": float(last[-1]), "majority": prior.majority, "rarest": prior.rarest},
    )


def _overfitting(record: Record) -> Finding | None:
    """Validation that rises behind its best epoch by more than its noise while training falls."""
    if "validation_loss" not in record.history.columns or len(record.history) <= 2 * LIMITS["overfit past"]:
        return None
    held, losses = (np.asarray(record.history[name], float) for name in ("validation_loss", "train_loss"))
    best = int(np.argmin(held))
    after = held[best:]
    if len(after) < 2 * LIMITS["course half"] or not rises(after) or not rises(-losses[best:]):
        return None
    past = -int(LIMITS["overfit past"])
    end = float(record.held[past:].mean())
    known = float(record.relative[past:].mean())
    if known > 1:
        return None  # worse than a constant answer on the training rows: nothing is known by heart
    patient = record.run is None or record.run.settings.patience is not None
    worse = end > 1 and known < LIMITS["overfit known"]
    patience = max(10, record.planned // 10)
    others = "train with more rows, a smaller network, a penalty (l2) or Dropout"
    return Finding(
        "overfitting",
        "suspicion" if worse and not patient else "hint",
        f"epoch {best + 1} on",
        f"since epoch {best + 1} the validation loss rose from {held[best]:.4g} to {held[past:].mean():.4g}, while the "
        f"loss on training rows fell from {losses[best]:.4g} to {losses[past:].mean():.4g}",
        "the network learns its training rows by heart; the weights of the best epoch are kept",
        Remedy(others) if patient else Remedy(f"stop early (patience), and {others}", {"patience": patience}),
        0.8,
        {"best": float(held[best]), "end": float(held[past:].mean())},
    )


def _mismatch(record: Record) -> Finding | None:
    """The same rows with a far larger loss in evaluation than in training, for epochs on end."""
    run, relative = record.run, record.relative
    if run is None or record.prior.loss is None or len(relative) < LIMITS["mismatch epochs"]:
        return None
    settings = run.settings
    penalized = settings.l1 or settings.l2 or settings.penalties
    if penalized or settings.augment or settings.average or (run.row_weights != 1).any():
        return None  # the two losses are then not of the same thing
    evaluated = last_quarter(np.asarray(record.history["train_loss"], float))
    trained = last_quarter(np.asarray(record.history["loss"], float))
    gap = evaluated - trained
    noise = LIMITS["course errors"] * gap.std(ddof=1) / np.sqrt(len(gap))
    learned = record.prior.loss - trained.mean()
    if gap.mean() < max(noise, LIMITS["mismatch share"] * max(abs(record.prior.loss), learned)):
        return None
    blocks = blocks_of(run.network)
    names = " and ".join(sorted({type(block).__name__ for block in blocks if isinstance(block, OF_TWO_MINDS)}))
    if not names and all(type(block).__module__.startswith("backlit.") for block in blocks):
        return None
    return Finding(
        "train/evaluation mismatch",
        "suspicion",
        "",
        f"over the last {len(gap)} epochs the loss is {trained.mean():.4g} in training and {evaluated.mean():.4g} in "
        "evaluation, on training rows alike",
        f"{names or 'the network'} computes something else in evaluation than in training",
        Remedy("put LayerNorm in the place of BatchNorm, or train with larger batches"),
        0.8,
        {"training": float(trained.mean()), "evaluation": float(evaluated.mean())},
    )
