"""The report of a run: one HTML file that a stranger understands.

report/  evidence.py   what it rests on, kept in the run's folder
         examples.py   the worst answers with what they were shown
         verdict.py data.py network.py course.py scores.py layers.py mistakes.py cards.py repetition.py
                       what it says, a file a section
         page.py page.css markup.py figures.py
                       how it looks
"""

from pathlib import Path
from typing import Any

from backlit.pictures.report.course import show_course
from backlit.pictures.report.data import show_data
from backlit.pictures.report.evidence import Evidence, asked_about, evidence_of, evidence_of_run, read_evidence
from backlit.pictures.report.layers import show_layers
from backlit.pictures.report.mistakes import show_mistakes
from backlit.pictures.report.network import show_network
from backlit.pictures.report.page import render
from backlit.pictures.report.repetition import show_missing, show_notes, show_repetition
from backlit.pictures.report.scores import show_scores
from backlit.pictures.report.verdict import tiles, verdict_of
from backlit.training.model import Model
from backlit.writing import check_file, write_text

__all__ = ["Evidence", "asked_about", "evidence_of", "evidence_of_run", "page_of", "read_evidence", "write_report"]

SECTIONS = (
    show_notes,
    show_data,
    show_network,
    show_course,
    show_scores,
    show_layers,
    show_mistakes,
    show_repetition,
    show_missing,
)


def page_of(evidence: Evidence) -> str:
    """The report as HTML.

    Args:
        evidence: what it rests on.
    """
    sections = [section for show in SECTIONS if (section := show(evidence)) is not None]
    version = evidence.record.get("versions", {}) if isinstance(evidence.record.get("versions"), dict) else {}
    closing = " ".join(filter(None, ["Made by Backlit", str(version.get("backlit", "")), "from the folder of a run."]))
    return render(evidence.name or "A network", verdict_of(evidence), tiles(evidence), sections, closing)


def write_report(model: Model, path: str | Path, data: Any = None, y: Any = None) -> None:
    """Write what a trained network is as one HTML file: its score in a sentence, the network, the course of the
    training, what each layer did, and, with data, the mistakes that it makes.

    Args:
        model: the network, such as `fit` or `load` gives.
        path: a file that ends in .html.
        data, y: rows with their targets, as `Model.evaluate` takes them; None: no mistakes are shown.

    Raises:
        FileError: the path has another ending, or cannot be written.
        DataError: the data do not fit the network, or have no target.
    """
    target = check_file(path, ".html")
    evidence = evidence_of(model)
    if data is not None:
        evidence = asked_about(evidence, data, y)
    write_text(target, page_of(evidence))
