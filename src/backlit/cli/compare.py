"""`backlit compare`: runs side by side."""

from itertools import zip_longest
from pathlib import Path
from textwrap import wrap
from typing import Annotated

import typer

from backlit.cli import options
from backlit.cli.output import Report, print_json
from backlit.cli.report import known_of
from backlit.cli.runs import model_folder
from backlit.errors import SettingError
from backlit.writing import check_file, write_text

WIDEST = 40  # characters of a cell


def compare(
    runs: Annotated[list[Path], typer.Argument(metavar="RUN RUN...", help="The folders of two runs or more.")],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="Also write an .html file with the curves.")
    ] = None,
    as_json: options.Json = False,
) -> None:
    """Set runs side by side: what differs in their settings, and what came out.

    Shows the settings that are not the same, the scores, the parameters, the
    epochs and the seconds. With -o, the curves too, one over the other.
    """
    if len(runs) < 2:
        raise SettingError("one run alone has nothing to be compared with: name two folders of runs, or more")
    names = named(runs)
    for run in runs:
        model_folder(run)
    if output is not None:
        check_file(output, ".html")
    from backlit.pictures.report.comparison import Comparison, compare_page

    comparison = Comparison({name: known_of(run) for name, run in zip(names, runs, strict=True)})
    if output is not None:
        write_text(output, compare_page(comparison))
    if as_json:
        print_json({"runs": [str(run) for run in runs], "settings": comparison.settings, "results": comparison.results})
        return
    report, warn = Report(), Report(stderr=True)
    report.table(["", *names], [part for line in comparison.lines() for part in folded(line)])
    report.line()
    report.line(comparison.verdict())
    for note in comparison.notes:
        warn.note(note)
    if output is not None:
        report.line(f"Comparison: {output}", style="bold")


def folded(line: list[str]) -> list[list[str]]:
    """A line of a table as several, none of whose cells is longer than 40 characters."""
    return [list(part) for part in zip_longest(*(wrap(cell, WIDEST) for cell in line), fillvalue="")]


def named(runs: list[Path]) -> list[str]:
    """The names of folders, as short as tells them apart.

    Raises:
        SettingError: one is named twice.
    """
    places = [run.resolve() for run in runs]
    if len(set(places)) < len(places):
        twice = next(run for run, place in zip(runs, places, strict=True) if places.count(place) > 1)
        raise SettingError(f"{twice} is named twice: name each run once")
    names = [place.name for place in places]
    return names if len(set(names)) == len(names) else [str(run) for run in runs]
