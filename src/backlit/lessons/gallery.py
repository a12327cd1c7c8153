"""A gallery of lessons: a folder with a picture and a page for each, and a page that leads to them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from backlit.errors import FileError
from backlit.lessons.lesson import Lesson, Outcome
from backlit.writing import write_text

INDEX = "README.md"


@dataclass(frozen=True)
class Held:
    """A lesson that was held: with its outcome, and how many seconds it took."""

    lesson: Lesson
    outcome: Outcome
    seconds: float

    @property
    def verdict(self) -> str:
        """Whether the claim held, as a sentence."""
        return "The claim holds." if self.outcome.holds else "The claim does not hold here."


def open_gallery(folder: Path) -> None:
    """Make the folder of a gallery, where there is none.

    Raises:
        FileError: it cannot be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise FileError(f"cannot write to {folder}: {error.strerror}; choose another folder") from error


def write_lesson(held: Held, folder: Path) -> Path:
    """Write a lesson's picture and page, and return where the picture lies.

    Args:
        held: the lesson with its outcome.
        folder: an existing folder; files of the same names are replaced.

    Raises:
        FileError: they cannot be written.
    """
    picture = folder / f"{held.lesson.name}.{held.lesson.kind}"
    held.outcome.picture.save(picture)
    write_text(folder / f"{held.lesson.name}.md", page(held))
    return picture


def page(held: Held) -> str:
    """The page of a lesson, as Markdown."""
    lesson = held.lesson
    parts = [
        f"# {lesson.title}",
        f"![{lesson.title}]({lesson.name}.{lesson.kind})",
        f"**The lectures say:** {lesson.claim}",
        f"**The experiment:** {lesson.experiment}",
        f"**What came out:** {held.outcome.finding} {held.verdict}",
        f"Try it: `backlit lesson {lesson.name}`",
    ]
    return "\n\n".join(parts) + "\n"


def write_index(chapters: Mapping[str, Sequence[Held]], questions: Mapping[str, Sequence[str]], folder: Path) -> None:
    """Write the page that leads to all lessons.

    Args:
        chapters: the lessons that were held, by chapter.
        questions: the names of the lessons that answer each question.
        folder: where their pages lie.

    Raises:
        FileError: it cannot be written.
    """
    parts = [
        "# Lessons",
        "What the lectures on neural networks claim, and what came out when it was tried. "
        "Each is made by `backlit lesson NAME`, all of them by `backlit lesson --all`. "
        "The lectures are five sets of notes; the documents 0 to 4 of the claims are these.",
    ]
    for chapter, lessons in chapters.items():
        parts += [
            f"## {chapter}",
            "\n".join(["| lesson | holds | what came out |", "|---|---|---|", *map(_row, lessons)]),
        ]
    titles = {held.lesson.name: held.lesson.title for lessons in chapters.values() for held in lessons}
    asked = [
        f"- {question} {', '.join(f'[{titles[name]}]({name}.md)' for name in names)}"
        for question, names in questions.items()
    ]
    parts += ["## What the lectures ask", "\n".join(asked)]
    write_text(folder / INDEX, "\n\n".join(parts) + "\n")


def _row(held: Held) -> str:
    finding = held.outcome.finding.replace("|", r"\|")
    return f"| [{held.lesson.title}]({held.lesson.name}.md) | {'yes' if held.outcome.holds else 'no'} | {finding} |"
