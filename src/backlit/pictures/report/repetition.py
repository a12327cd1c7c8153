"""The section on how to repeat the run: its command, the versions, every setting; and what is not known of it."""

from backlit.pictures.report.data import facts
from backlit.pictures.report.evidence import Evidence
from backlit.pictures.report.markup import join, listed, tag, unfolding
from backlit.pictures.report.network import outline
from backlit.pictures.report.page import Section


def show_repetition(evidence: Evidence) -> Section:
    """The command, the versions and the settings."""
    model, record = evidence.model, evidence.record
    parts = []
    command = record.get("command")
    if command:
        sentence = (
            "This command trains the same network on the same rows again; with the same versions, to the same numbers."
        )
        parts.append(tag("pre", str(command)))
    else:
        sentence = "These are the settings of the run; the command that started it is not known."
    versions = record.get("versions")
    known = [("in the folder", str(record["folder"]))] if record.get("folder") else []
    if isinstance(versions, dict):
        known.append(("versions", ", ".join(f"{name} {version}" for name, version in versions.items())))
    known.append(("seed", str(model.settings.seed)))
    parts.append(facts([*known, ("network", outline(model.network))]))
    settings = [(name, "–" if value is None else str(value)) for name, value in model.settings.to_json().items()]
    parts.append(unfolding("every setting", facts(settings)))
    return Section("repeat", "To repeat it", sentence, join(parts))


def show_missing(evidence: Evidence) -> Section | None:
    """What the report could not show, and why; None where it shows all."""
    if not evidence.missing:
        return None
    return Section(
        "missing", "What is missing", "This report shows what is known; some is not.", listed(evidence.missing)
    )


def show_notes(evidence: Evidence) -> Section | None:
    """What a user should know of the run."""
    return Section("notes", "Notes", "", listed(evidence.notes)) if evidence.notes else None
