"""`backlit report`: what a run was, on one page; and the report that every run ends with."""

import threading
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from backlit.cli import options
from backlit.cli.output import Report, print_json
from backlit.cli.runs import model_folder
from backlit.writing import check_file, write_text

if TYPE_CHECKING:
    from backlit.pictures.report import Evidence
    from backlit.training import Model, Run
    from backlit.training.rivals import Rival

PAGE = "report.html"


def report(
    run: options.Folder,
    data: Annotated[
        str | None,
        typer.Option("--data", metavar="DATA", help="Show the mistakes on these rows, which hold the target."),
    ] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="An .html file. Default: RUN/report.html.")
    ] = None,
    as_json: options.Json = False,
) -> None:
    """Write the report of a run: one HTML file, which needs nothing else.

    It rests on what the run's folder holds: the model, history.csv,
    settings.json, predictions.csv and report.json. What is missing is named.
    Of a model saved by hand, it is written beside its folder.
    """
    folder = model_folder(run)
    alone = folder == run
    target = output or (run.with_name(f"{run.resolve().name}-{PAGE}") if alone else run / PAGE)
    check_file(target, ".html")
    from backlit.pictures.report import asked_about, page_of
    from backlit.training import cache_programs

    cache_programs()
    evidence = known_of(run)
    if data is not None:
        evidence = asked_about(evidence, data)
    write_text(target, page_of(evidence))
    for missing in evidence.missing:
        Report(stderr=True).note(missing)
    if as_json:
        print_json({"report": str(target), "missing": evidence.missing})
    else:
        Report().line(f"Report: {target}", style="bold")


def known_of(run: Path) -> "Evidence":
    """What the folder of a run, or of a saved model, holds.

    Raises:
        FileError: it holds no model, or a damaged one.
    """
    folder = model_folder(run)
    from backlit.pictures.report import evidence_of, read_evidence
    from backlit.training import load

    if folder == run:
        return evidence_of(load(folder), run.resolve().name)
    return read_evidence(load(run), run)


def import_pictures() -> None:
    """Begin to import what draws the report, while the run compiles."""

    def work() -> None:
        for name in ("matplotlib.backends.backend_svg", "backlit.pictures.report"):
            import_module(name)

    threading.Thread(target=work, daemon=True).start()


def report_run(
    folder: Path, run: "Run", model: "Model", rivals: Sequence["Rival"], record: dict[str, Any]
) -> tuple[Path | None, str]:
    """Add the report to the folder of a run that is done, which stays whole if that fails.

    Returns:
        The report, or None and why there is none.
    """
    target = folder / PAGE
    try:
        from backlit.pictures.report import evidence_of_run, page_of

        evidence = evidence_of_run(run, model, rivals, record)
        evidence.write(folder)
        write_text(target, page_of(evidence))
    except KeyboardInterrupt:
        return None, f"interrupted: there is no report; backlit report {folder} makes it"
    except Exception as error:  # whatever it is, the run is done, and its folder is kept
        words = str(error).partition("\n")[0] or type(error).__name__
        return None, f"there is no report: {words}; the run is whole, and backlit report {folder} tries again"
    return target, ""
