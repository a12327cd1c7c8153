"""What a report rests on: the model and its history, and what is kept of a run because its data may be gone.

The folder of a run holds it as model/, history.csv, settings.json, predictions.csv (what the network answers to the
rows that judge it) and report.json (the data card, the baselines, what the worst answers were shown, notes, times).
Whatever is missing is left out, and the report says so.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from backlit.data import Card, Part
from backlit.errors import FileError
from backlit.pictures.report.examples import Example, worst_examples
from backlit.training.answers import Answers, answers, read_answers, write_answers
from backlit.training.model import Model
from backlit.training.rivals import Rival
from backlit.training.run import Run
from backlit.writing import write_text

ANSWERS, KEPT, SETTINGS = "predictions.csv", "report.json", "settings.json"
PICTURE = re.compile("data:image/png;base64,[A-Za-z0-9+/=]+")
MOST_BYTES = 50_000_000
RIVALS = ("baseline", "persistence")  # what needs no network, judged by the run's own rows
OWN = ("test", "validation", "train")  # rows of the run itself, those that judge best first


@dataclass(frozen=True, eq=False)
class Evidence:
    """What is known of a run.

    Attributes:
        model: the network and its history.
        name: of the run or its data.
        scores, rows: by part, as the model has them, and of other data that it was asked about.
        seconds: as the model has them.
        card: the data, or None.
        split: how the rows were shared out; '' where that is unknown.
        duplicates: how many test rows also occur in training, or None.
        answers: what the network says of the rows that judge it, or None.
        examples: the worst of them.
        rivals: classic models on the same rows.
        record: what repeats the run: the command, the data, versions.
        notes: what a user should know of the run.
        missing: what is not there, and why.
    """

    model: Model
    name: str
    scores: Mapping[str, Mapping[str, float]]
    rows: Mapping[str, int]
    seconds: Mapping[str, float]
    card: Card | None = None
    split: str = ""
    duplicates: int | None = None
    answers: Answers | None = None
    examples: tuple[Example, ...] = ()
    rivals: tuple[Rival, ...] = ()
    record: Mapping[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()

    @property
    def part(self) -> str:
        """The rows that judge the network: those that it was asked about, else the first of test, validation and
        training that have scores; '' for none."""
        asked = [] if self.answers is None else [self.answers.part]
        return next((name for name in (*asked, *OWN) if name in self.scores), "")

    @property
    def foreign(self) -> bool:
        """Whether the rows that judge the network are not the run's own, so that it may have learned from them."""
        return self.part not in ("", *OWN)

    @property
    def pictures(self) -> bool:
        """Whether the rows are pictures."""
        return len(self.model.input_shape) == 3 or any(example.kind == "picture" for example in self.examples)

    def write(self, folder: Path) -> None:
        """Write what is not in the run's folder already: predictions.csv and report.json.

        Raises:
            FileError: they cannot be written.
        """
        if self.answers is not None:
            write_answers(folder / ANSWERS, self.answers, self.model.schema)
        kept = {
            "name": self.name,
            "seconds": self.seconds,
            "card": None if self.card is None else asdict(self.card),
            "split": self.split,
            "duplicates": self.duplicates,
            "answers": None if self.answers is None else {"part": self.answers.part, "total": self.answers.total},
            "examples": [asdict(example) for example in self.examples],
            "rivals": [rival._asdict() for rival in self.rivals],
            "notes": self.notes,
        }
        write_text(folder / KEPT, json.dumps(kept, ensure_ascii=False, indent=1) + "\n")


def evidence_of(model: Model, name: str = "") -> Evidence:
    """What a model says of itself."""
    notes = () if len(model.history) else ("the course of the training is not known: the model has no history",)
    return Evidence(model, name, model.scores, model.rows, model.seconds, notes=tuple(model.notes), missing=notes)


def evidence_of_run(
    run: Run, model: Model, rivals: Sequence[Rival] = (), record: Mapping[str, Any] | None = None
) -> Evidence:
    """What is known of a run that has just ended.

    Args:
        run: the run.
        model: what it trained.
        rivals: the classic models beside it.
        record: what repeats it.
    """
    named = {"test": run.parts.test, "validation": run.parts.validation, "train": run.parts.train}
    name, part = next((name, part) for name, part in named.items() if len(part))
    source = getattr(run.dataset, name, None) or run.dataset
    found = answers(model, part, name)
    frame: Any = None
    if model.schema.kind == "table":
        place = {int(row): k for k, row in enumerate(source.rows)}
        frame = source.inputs[np.array([place[int(row)] for row in part.indices])]
    return replace(
        evidence_of(model, run.dataset.name),
        card=run.dataset.card(),
        split=run.parts.description,
        duplicates=run.parts.duplicates if len(run.parts.test) else None,
        answers=found,
        examples=worst_examples(model.schema, found, part, frame),
        rivals=tuple(rivals),
        record=record or {},
        notes=(*run.parts.notes, *model.notes),
    )


def asked_about(evidence: Evidence, data: Any, y: Any = None) -> Evidence:
    """The same with the answers to other data, which hold the target.

    Args:
        evidence: what is known.
        data, y: what `Model.evaluate` takes.

    Raises:
        InputError: the data do not fit the network, or have no target.
    """
    model = evidence.model
    scores = model.evaluate(data, y)
    content = model.schema.load(data, y)
    content = content.parts.get("test", content)
    targets = model.schema.targets_of(content)
    assert targets is not None  # or they could not have been scored
    x = model.schema.encode(content)[0][: len(targets)]
    part = Part(x, targets, None, np.arange(len(x)))
    name = f"the {content.name} data given" if content.name in evidence.scores else content.name
    found = answers(model, part, name)
    frame: Any = content.inputs if model.schema.kind == "table" and content.targets is None else None
    known = {name: held for name, held in evidence.scores.items() if name not in RIVALS}
    return replace(
        evidence,
        scores={**known, name: scores},
        rows={**evidence.rows, name: len(x)},
        answers=found,
        examples=worst_examples(model.schema, found, part, frame),
    )


def read_evidence(model: Model, folder: Path) -> Evidence:
    """What the folder of a run holds beside its model; what is damaged or not there is named in `missing`.

    Args:
        model: the model, with its history.
        folder: of the run.
    """
    missing = []
    try:
        record = _read_json(folder / SETTINGS)
    except FileError as error:
        record = {}
        missing.append(f"what repeats the run is not known: {error}")
    evidence = replace(evidence_of(model, folder.resolve().name), record=record)
    try:
        kept = _read_json(folder / KEPT)
        evidence = _restored(evidence, kept)
        if judged := kept["answers"]:
            found = read_answers(folder / ANSWERS, model.schema, str(judged["part"]), int(judged["total"]))
            evidence = replace(evidence, answers=found)
    except FileError as error:
        missing.append(f"the data and the mistakes are not known, or not all: {error}")
    except (KeyError, TypeError, ValueError, AttributeError):
        missing.append(f"the data and the mistakes are not known, or not all: {folder / KEPT} is damaged")
    return replace(evidence, missing=(*evidence.missing, *missing))


def _restored(evidence: Evidence, kept: Mapping[str, Any]) -> Evidence:
    """What report.json holds; the file may be anybody's, so that every word is made one."""
    card = kept["card"]
    return replace(
        evidence,
        name=str(kept["name"]),
        seconds={str(name): float(value) for name, value in kept["seconds"].items()},
        card=card and Card(str(card["title"]), *(_words(card[name]) for name in ("rows", "columns", "notes"))),
        split=str(kept["split"]),
        duplicates=None if kept["duplicates"] is None else int(kept["duplicates"]),
        examples=tuple(map(_example, kept["examples"])),
        rivals=tuple(Rival(str(rival.pop("name")), **_floats(rival)) for rival in kept["rivals"]),
        notes=_words(kept["notes"]),
    )


def _example(held: dict[str, Any]) -> Example:
    words = {name: str(held.pop(name)) for name in ("truth", "prediction", "kind")}
    row, shown = int(held.pop("row")), held.pop("shown")
    if words["kind"] == "passage":
        shown = [(str(truth), str(said), chance if chance is None else float(chance)) for truth, said, chance in shown]
    elif words["kind"] == "series":
        shown = {str(name): [v if v is None else float(v) for v in values] for name, values in shown.items()}
    else:
        shown = {str(name): str(value) for name, value in shown.items()}
    if words["kind"] == "picture" and not all(map(PICTURE.fullmatch, shown.values())):
        raise ValueError("no picture")
    return Example(row, words["truth"], words["prediction"], **_floats(held), kind=words["kind"], shown=shown)


def _words(held: Any) -> Any:
    """Lists in lists, at any depth, as tuples of texts."""
    return tuple(map(_words, held)) if isinstance(held, list) else str(held)


def _floats(held: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value if value is None else float(value) for name, value in held.items()}


def _read_json(path: Path) -> dict[str, Any]:
    """A JSON object from a file.

    Raises:
        FileError: there is none.
    """
    try:
        if path.stat().st_size > MOST_BYTES:
            raise FileError(f"{path} is larger than {MOST_BYTES:,} bytes")
        held = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise FileError(f"cannot read {path}: {error.strerror}") from None
    except (ValueError, RecursionError):
        raise FileError(f"{path} is damaged: it is no JSON") from None
    if not isinstance(held, dict):
        raise FileError(f"{path} is damaged: it holds no object")
    return held
