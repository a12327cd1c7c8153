"""`backlit diagnose`: what is wrong with a run, with evidence, cause and remedy; and the remedies, tried."""

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from backlit.cli import options
from backlit.cli.findings import show_examination, with_course, write_findings
from backlit.cli.output import Report, print_json, write_json
from backlit.cli.repetition import asked_of, command_of
from backlit.cli.report import report_run
from backlit.cli.runs import check_space, destination, model_folder, run_folder
from backlit.cli.train import repeat, write_run
from backlit.doctor.records import failure_of
from backlit.errors import FileError

if TYPE_CHECKING:
    from backlit.doctor.steps import Repair

CURVES, STEPS = "curves.svg", "repair.json"


def diagnose(
    context: typer.Context,
    run: options.Folder,
    data: Annotated[
        str | None, typer.Option("--data", metavar="DATA", help="Where the data are now. Default: where they were.")
    ] = None,
    quick: Annotated[bool, typer.Option("--quick", help="No experiments: signs are told, not settled.")] = False,
    fix: Annotated[
        bool, typer.Option("--fix", help="Try the remedies, and keep those that are proved to help.")
    ] = False,
    allow_data: Annotated[
        bool, typer.Option("--allow-data", help="With --fix: remedies may change the data, or leave features out.")
    ] = False,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out", metavar="DIR", help="With --fix: the mended run's folder. Default: runs/fixed-NAME-TIME."
        ),
    ] = None,
    as_json: options.Json = False,
) -> None:
    """Say what is wrong with a run, why, and what mends it.

    Prepares the run again from its folder, looks at its data, its network
    and its history, and makes short experiments to settle what they leave
    open. Each finding says what it is and where, the evidence, and the remedy.

    With --fix the remedies are tried one by one, with three seeds each, and
    those are kept that make the validation loss better by more than the
    spread over the seeds. The mended run gets a folder, as from backlit
    train, with repair.json (what was tried) and curves.svg (before, after).

    Where the run cannot be prepared again, its history is examined, and what
    was found when it was trained is repeated. Say --data where the data moved.

    The exit status is 0 where nothing is worse than a hint, else 1, with
    --fix as without: it is about the run that was given.
    """
    if not failure_of(run):
        model_folder(run)
    if out is not None and out.exists():
        raise FileError(f"{out} exists already: choose another --out")
    from backlit.doctor.folder import examine_folder
    from backlit.training import Run, cache_programs

    cache_programs()
    report, warn = Report(silent=as_json), Report(stderr=True)
    with report.waiting("preparing the run again") as say:
        held, found = examine_folder(run, data, quick, say)
    show_examination(report, found)
    repaired, path = None, None
    ready = held is not None and (isinstance(held, Run) or held.run is not None)
    if fix and not ready:
        warn.note("--fix makes the run again, and it cannot be prepared: nothing was tried")
    elif fix and held is not None:
        from backlit.doctor.repair import repair

        report.line()
        with report.waiting("trying the remedies") as say:
            repaired = repair(held, found.findings, allow_data=allow_data, progress=say)
        path = keep(report, warn, repaired, out, context.obj)
    if as_json:
        said = {"run": str(run), **found.to_json()}
        if fix:
            said["repair"] = None if repaired is None else {**repaired.to_json(), "run": path and str(path)}
        print_json(said)
    if found.worse_than_hints():
        raise typer.Exit(1)


def keep(report: Report, warn: Report, repaired: "Repair", out: Path | None, arguments: list[str]) -> Path | None:
    """Print what a repair came to, and write the mended run's folder; None where nothing was mended."""
    report.line(str(repaired))
    from backlit.doctor.check import check_run

    model = repaired.model
    if not repaired.kept or model is None or model.run is None:
        return None
    asked = asked_of(model.run)
    name = str(model.run.asked["data"]) if asked else model.run.dataset.name
    path = destination(out, name, "fixed")
    with run_folder(path) as folder:
        check_space(folder, 8 * model.summary().parameters + 1_000_000)
        record = record_of(repaired, asked, name, arguments)
        write_run(folder, model, record)
        (folder / STEPS).write_text(write_json(repaired.to_json()), encoding="utf-8")
        write_findings(folder, with_course(check_run(model.run), model.run, model))
        if repaired.original is None or len(repaired.original.history):
            repaired.plot(folder / CURVES)
    page, why = report_run(path, model.run, model, (), record)
    for note in filter(None, (*model.notes, why)):
        warn.note(note)
    report.line()
    if asked and (command := command_of(asked)):
        report.line(f"The same again: {command}")
    report.line(f"Run folder: {path}", style="bold")
    if page:
        report.line(f"Report: {page}", style="bold")
    return path


def record_of(repaired: "Repair", asked: dict[str, Any] | None, name: str, arguments: list[str]) -> dict[str, Any]:
    """What repeats the mended run."""
    assert repaired.model is not None
    assert repaired.model.run is not None
    record = repeat(asked or {"data": name}, arguments, repaired.model.run)
    if asked is None:  # no file holds what it was given
        del record["asked"]
    return {**record, "command": command_of(asked) or f"backlit {shlex.join(arguments)}"}
