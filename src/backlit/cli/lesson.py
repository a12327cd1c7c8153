"""`backlit lesson`: the experiments of the lectures, each with its picture and its finding."""

import textwrap
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from backlit.cli import options
from backlit.cli.output import Report, print_json
from backlit.cli.runs import Interrupted
from backlit.errors import InputError

if TYPE_CHECKING:
    from backlit.lessons.gallery import Held
    from backlit.lessons.lesson import Lesson

WIDTH = 100  # characters of a line


def lesson(
    name: Annotated[str | None, typer.Argument(metavar="NAME", help="A lesson; without it, they are listed.")] = None,
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="DIR", help="The folder of the pictures and pages.")
    ] = Path("lessons"),
    everything: Annotated[bool, typer.Option("--all", help="Hold every lesson, and write a page of all.")] = False,
    as_json: options.Json = False,
    quiet: options.Quiet = False,
) -> None:
    """Try a claim of the lectures on real code: the experiment, its picture, and what came out.

    The picture and a page go to the folder lessons, or to another that -o
    names. Without a name, all lessons are listed.
    """
    from backlit.lessons.catalog import LESSONS, lesson_named

    report = Report(silent=as_json or quiet)
    if everything and name is not None:
        raise InputError(f"--all holds every lesson: leave out {name!r}, or --all")
    if name is None and not everything:
        show_catalog(report, as_json)
        return
    chosen = list(LESSONS.values()) if everything else [lesson_named(name or "")]
    found = hold(chosen, output, report)
    if everything:
        write_all(found, output)
        report.line(f"All {len(found)} lessons: {output}", style="bold")
    if as_json:
        described = [describe(held, output) for held in found]
        print_json({"lessons": described} if everything else described[0])


def hold(chosen: "list[Lesson]", folder: Path, report: Report) -> "list[Held]":
    """Hold lessons one after another, write each as soon as it is held, and tell what came out."""
    import jax

    from backlit.lessons.gallery import Held, open_gallery, write_lesson
    from backlit.training import cache_programs

    open_gallery(folder)
    cache_programs()
    found: list[Held] = []
    for number, lesson in enumerate(chosen, 1):
        counted = f"[{number}/{len(chosen)}] " if len(chosen) > 1 else ""
        report.line(f"{counted}{lesson.title}", style="bold")
        if len(chosen) == 1:
            tell(report, "The lectures say", lesson.claim)
            tell(report, "The experiment", lesson.experiment)
        began = time.perf_counter()
        try:
            with report.waiting("at work"):
                outcome = lesson.run()
        except KeyboardInterrupt:
            raise Interrupted(f"interrupted; {len(found)} of {len(chosen)} lessons are in {folder}") from None
        found.append(Held(lesson, outcome, time.perf_counter() - began))
        picture = write_lesson(found[-1], folder)
        tell(report, "What came out", f"{outcome.finding} {found[-1].verdict}")
        report.line(f"Picture: {picture} ({found[-1].seconds:.1f} s)")
        jax.clear_caches()  # lessons share no program, and forty of them would fill gigabytes
        report.line()
    return found


def tell(report: Report, word: str, text: str) -> None:
    """A paragraph that begins with a word on what it is."""
    report.line(textwrap.fill(f"{word}: {text}", WIDTH))


def write_all(found: "list[Held]", folder: Path) -> None:
    """Write the page that leads to every lesson."""
    from backlit.lessons.catalog import CHAPTERS
    from backlit.lessons.gallery import write_index
    from backlit.lessons.questions.table import QUESTIONS

    by_name = {held.lesson.name: held for held in found}
    chapters = {chapter: [by_name[lesson.name] for lesson in lessons] for chapter, lessons in CHAPTERS.items()}
    write_index(chapters, QUESTIONS, folder)


def show_catalog(report: Report, as_json: bool) -> None:
    """List all lessons by chapter."""
    from backlit.lessons.catalog import CHAPTERS, LESSONS

    if as_json:
        print_json({chapter: {one.name: one.title for one in lessons} for chapter, lessons in CHAPTERS.items()})
        return
    width = max(map(len, LESSONS), default=0)
    for chapter, lessons in CHAPTERS.items():
        report.line(chapter, style="bold")
        for one in lessons:
            report.line(f"  {one.name:<{width}}  {one.title}")
        report.line()
    report.line("Try one: backlit lesson NAME")


def describe(held: "Held", folder: Path) -> dict[str, Any]:
    """A lesson that was held as plain values."""
    return {
        "name": held.lesson.name,
        "title": held.lesson.title,
        "rows": held.lesson.rows,
        "claim": held.lesson.claim,
        "experiment": held.lesson.experiment,
        "finding": held.outcome.finding,
        "holds": held.outcome.holds,
        "measures": held.outcome.measures,
        "seconds": held.seconds,
        "picture": str(folder / f"{held.lesson.name}.{held.lesson.kind}"),
    }
