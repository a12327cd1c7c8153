"""What a run's folder holds beside its model, as data alone: settings.json and findings.json.

A run whose first epoch failed leaves these without a model, and `failed` in settings.json says why.
"""

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from backlit.doctor.finding import LEVELS, Finding, Remedy

SETTINGS, FINDINGS = "settings.json", "findings.json"
FAILED = "failed"  # the entry of settings.json that says why a run left no model


def settings_of(folder: Path) -> tuple[dict[str, Any], str]:
    """What settings.json holds, and why it is of no use, as a sentence without its full stop; '' where it is of use.

    Args:
        folder: of a run, or of the model in it.
    """
    file = file_of(folder, SETTINGS)
    if file is None:
        return {}, f"the folder has no {SETTINGS}, which says what the run was made of"
    record = _read(file)
    if not isinstance(record, dict) or not isinstance(record.get("data"), dict) or "path" not in record["data"]:
        return {}, f"{file} cannot be read"
    if "asked" not in record:
        return {}, f"{SETTINGS} does not say what the run was made of, as runs of an older Backlit do not"
    if not isinstance(record["asked"], dict) or "data" not in record["asked"]:
        return {}, f"{file} cannot be read: it does not say what the run was made of"
    return record, ""


def failure_of(folder: Path) -> str:
    """Why the run in a folder left no model; '' where it did, or where the folder is none of a run."""
    file = folder / SETTINGS
    record = _read(file) if file.is_file() and not (folder / "model").is_dir() else None
    failed = record.get(FAILED) if isinstance(record, dict) else None
    return failed if isinstance(failed, str) else ""


def findings_of(folder: Path) -> tuple[tuple[Finding, ...], str]:
    """What findings.json keeps of the training, said to be of it; and why it cannot be read, '' where it can."""
    file = file_of(folder, FINDINGS)
    if file is None:
        return (), ""
    held = _read(file)
    try:
        return tuple(_finding(one) for one in held["findings"]), ""
    except (KeyError, TypeError, ValueError, AttributeError):
        return (), f"what was found when it was trained: {file} cannot be read"


def file_of(folder: Path, name: str) -> Path | None:
    """A file in a run's folder, which is the folder around that of a model named model; None where it is not there."""
    if (folder / name).is_file():
        return folder / name
    around = folder.resolve()
    file = around.parent / name
    return file if around.name == "model" and file.is_file() else None


def _read(file: Path) -> Any:
    """What a JSON file holds; None where it cannot be read."""
    try:
        return json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return None


def _finding(held: Mapping[str, Any]) -> Finding:
    """The finding that `Finding.to_json` wrote, said to be of the training.

    Raises:
        KeyError, TypeError, ValueError: it is none.
    """
    if held["level"] not in LEVELS:
        raise ValueError(f"{held['level']!r} is no level of a finding")
    remedy = held["remedy"]
    found = Finding(
        fault=held["fault"],
        level=held["level"],
        where=str(held["where"]),
        evidence=str(held["evidence"]),
        cause=str(held["cause"]),
        remedy=Remedy(
            str(remedy["words"]), dict(remedy["changes"]), tuple(remedy["without"]), bool(remedy["touches_data"])
        ),
        confidence=float(held["confidence"]),
        numbers={name: float("nan" if value is None else value) for name, value in held["numbers"].items()},
        layers=tuple(held["layers"]),
    )
    return replace(found, evidence=f"{found.evidence} ({FINDINGS} says so of the training)")
