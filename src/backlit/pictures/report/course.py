"""The section on the course of the training: the losses, and the epoch whose weights are kept."""

from backlit.pictures.curves import plot_curves
from backlit.pictures.report.evidence import Evidence
from backlit.pictures.report.figures import figure
from backlit.pictures.report.markup import join, tag
from backlit.pictures.report.page import Section

STOPPED = {
    "epochs": "It made all epochs that it was given",
    "patience": "It stopped when no better one came for {patience} epochs",
    "converged": "It stopped because the loss hardly changed any more",
    "time": "It stopped when its time was up",
    "interrupted": "It was interrupted",
}


def show_course(evidence: Evidence) -> Section | None:
    """The curves with the best epoch; None without a history."""
    model, history = evidence.model, evidence.model.history
    if not len(history):
        return None
    watched = "validation" if "validation_loss" in history.columns else "training"
    best = model.best_epoch or None
    stopped = STOPPED.get(model.stopped, f"It stopped: {model.stopped}").format(patience=model.settings.patience)
    sentence = (
        f"Of {len(history):,} epoch{'' if len(history) == 1 else 's'}, each a pass over all training rows, the "
        f"{watched} loss was lowest after the {nth(best or len(history))}: those weights are kept. {stopped}."
    )
    late = model.stopped == "epochs" and best is not None and best > 0.95 * len(history) and len(history) > 1
    advice = tag("p", "The loss was still falling at the end: more epochs may make the network better.") if late else ""
    drawn = figure("curves", lambda: plot_curves(history, best), "The losses and scores, epoch by epoch")
    return Section("training", "The training", sentence, join((drawn, advice)))


def nth(count: int) -> str:
    """An ordinal number.

    >>> nth(1), nth(12), nth(23)
    ('1st', '12th', '23rd')
    """
    ending = "th" if count % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(count % 10, "th")
    return f"{count:,}{ending}"
