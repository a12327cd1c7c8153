"""Cells: a sick or healthy recipe in several seeds, trained together, examined one by one, and kept as plain values."""

import signal
import time
import traceback
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import jax
from benchmarks.doctor.healthy import healthy_numbered
from benchmarks.doctor.plants.plant import Plant, Planted
from benchmarks.doctor.plants.table import PLANTS, both, form
from benchmarks.doctor.programs import program_named
from benchmarks.doctor.recipes import LOWEST, Recipe, neighbors

import backlit as bl
from backlit.doctor.check import check_run
from backlit.doctor.course.monitor import Monitor
from backlit.training import History, Progress
from backlit.training.populations.population import Failure, Outcome, train_together
from backlit.training.run import Run

Record = dict[str, Any]
LONGEST = 300  # seconds of a cell
AGAIN = 5  # seconds until it is stopped again, where an exception was swallowed, as by a callback
NUMERIC = ("NaN / Inf", "precision overflow / underflow")  # faults that are to be told within a few steps


class Late(BaseException):
    """A cell takes too long; no exception that others catch."""


@dataclass(frozen=True)
class Cell:
    """What one job of a worker is.

    Attributes:
        kind: 'twin', 'plant', 'pair' or 'healthy'.
        program: of `programs`; of healthy runs their number.
        forms: of the plants.
        seeds: of the runs.
        repair: whether the first run's repair is tried too.
        examined: whether the runs are examined.
    """

    kind: str
    program: str
    forms: tuple[str, ...] = ()
    seeds: tuple[int, ...] = (0, 1, 2, 3, 4)
    repair: bool = False
    examined: bool = True


def fits(program: str, plants: tuple[Plant, ...]) -> bool:
    """Whether the plants fit a program."""
    return _planted(program_named(program), plants) is not None


def begin() -> None:
    """What a worker's process does first."""
    bl.cache_programs()


def run_cell(cell: Cell) -> list[Record]:
    """The records of a cell's runs; those that it did not come to, for an exception or for want of time, are lost."""
    jax.clear_caches()
    signal.signal(signal.SIGALRM, _stop)
    signal.setitimer(signal.ITIMER_REAL, LONGEST, AGAIN)
    records: list[Record] = []
    try:
        records.extend(_records(cell))
    except (Exception, Late):
        lost = {**_plain(cell), "notation": "", "layers": [], "lost": traceback.format_exc(limit=-4)}
        seeds = cell.seeds[len(records) :]
        records += [{**lost, "seed": seed, "repair": cell.repair and seed == cell.seeds[0]} for seed in seeds]
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
    return records


def _stop(*_: Any) -> None:
    raise Late(f"the cell took more than {LONGEST} s")


def _records(cell: Cell) -> Iterator[Record]:
    if cell.kind == "healthy":
        recipe: Recipe = healthy_numbered(int(cell.program))
        planted: Planted | None = Planted(recipe)
    else:
        recipe = program_named(cell.program)
        planted = _planted(recipe, tuple(map(form, cell.forms)))
    if planted is None:
        return
    began = time.perf_counter()
    runs = [planted.recipe.prepare(seed) for seed in cell.seeds]
    outcomes = train_together(runs)
    trained = time.perf_counter() - began
    twins = None
    if planted.twin is not None:
        healthy = train_together([planted.twin.prepare(seed) for seed in cell.seeds])
        twins = [_scores(planted.twin, outcome)["honest"] for outcome in healthy]
    for seed, run, outcome in zip(cell.seeds, runs, outcomes, strict=True):
        record = {**_plain(cell), "seed": seed, "notation": str(bl.Sequential(*planted.recipe.blocks))}
        record |= _scores(planted.recipe, outcome)
        record |= {"twins": twins, "trained": trained / len(runs)}
        record["layers"] = list(planted.recipe.names(run, planted.places))
        record["settings"] = {name: str(value) for name, value in planted.recipe.arguments.items()}
        if cell.kind == "healthy":
            record["neighbors"] = neighbors(run)
        if cell.examined:
            record |= _examined(run, outcome)
        if cell.examined and (not cell.forms or {*record["faults"]} & {*NUMERIC}):
            record |= _watched(run, outcome.history) | _checked(run)
        record["repair"] = cell.repair and seed == cell.seeds[0]
        yield record  # before its repair, so that what is known of it is kept where that takes too long
        if record["repair"]:
            record |= _repaired(planted.recipe, outcome if isinstance(outcome, bl.Model) else run)


def _planted(recipe: Recipe, plants: tuple[Plant, ...]) -> Planted | None:
    if not plants:
        return Planted(recipe)
    return both(recipe, *plants) if len(plants) == 2 else plants[0].make(recipe)


def _plain(cell: Cell) -> Record:
    plants = [plant for words in cell.forms for plant in PLANTS if plant.form == words]
    return {
        "kind": cell.kind,
        "program": cell.program,
        "forms": list(cell.forms),
        "faults": [plant.fault for plant in plants],
        "also": [name for plant in plants for name in plant.also],
        "repairable": bool(plants) and all(plant.repairable for plant in plants),
        "flatters": any(plant.flatters for plant in plants),
    }


def _scores(recipe: Recipe, outcome: Outcome) -> Record:
    """The reported and the honest score; a run that left no model has the lowest."""
    if isinstance(outcome, Failure):
        return {"reported": LOWEST, "honest": LOWEST, "stopped": outcome.reason, "baseline": LOWEST}
    baseline = outcome.scores["baseline"]
    return {
        "reported": recipe.score(outcome),
        "honest": recipe.honest(outcome),
        "stopped": outcome.stopped,
        "baseline": baseline.get("accuracy", baseline.get("r2")),
    }


def _examined(run: Run, outcome: Outcome) -> Record:
    """What the doctor says; of a run that left no model it is asked about the run."""
    subject = outcome if isinstance(outcome, bl.Model) else run
    began = time.perf_counter()
    try:
        found = bl.diagnose(subject).to_json()
    except Exception:
        return {"failed": traceback.format_exc(limit=-4), "findings": []}
    seconds = time.perf_counter() - began
    return {"findings": found["findings"], "seconds": seconds, **_left_out(found["left_out"])}


def _left_out(parts: Sequence[str]) -> Record:
    """An examiner that raised is left out by the doctor, and is a failure all the same."""
    return {"failed": parts[0]} if parts else {}


def _watched(run: Run, history: History) -> Record:
    """What the monitor says beside a run that is not a hint, by epoch; it reads the history again as if it grew."""
    monitor, lines = Monitor(run), []
    for epoch in range(1, len(history) + 1):
        part = History({name: history[name][:epoch] for name in history.columns})
        monitor(Progress(epoch, len(history), 0.0, None, 0.0, None, "", epoch, 0.0, 0.0, history=part, run=run))
        lines += [
            {"fault": finding.fault, "level": finding.level, "epoch": epoch, "evidence": finding.evidence}
            for finding in monitor.findings
            if finding.level != "hint" and finding.fault not in [line["fault"] for line in lines]
        ]
    steps = -(-len(run.parts.train) // int(run.settings.batch_size or 1))
    return {"watched": lines, "epoch_steps": steps, **_left_out(monitor.left_out)}


def _checked(run: Run) -> Record:
    """What the checks before training say, and how long they take."""
    began = time.perf_counter()
    try:
        found = check_run(run).to_json()
    except Exception:
        return {"failed": traceback.format_exc(limit=-4)}
    seconds = time.perf_counter() - began
    return {"checked": found["findings"], "static_seconds": seconds, **_left_out(found["left_out"])}


def _repaired(recipe: Recipe, sick: bl.Model | Run) -> Record:
    """The honest score after `repair`; what touches the data may be changed, as a person would allow."""
    began = time.perf_counter()
    try:
        mended = bl.repair(sick, allow_data=True)
    except Exception:
        return {"repair_failed": traceback.format_exc(limit=-4)}
    if mended.model is None:
        return {"repair_failed": "the run left no model, and no remedy was proved to help"}
    same = mended.model.input_shape == sick.input_shape  # without the leaked feature, what is reported is honest
    score = recipe.honest(mended.model) if same else recipe.score(mended.model)
    return {"mended": score, "mended_changes": sorted(mended.changes), "repair_seconds": time.perf_counter() - began}
