"""`backlit lesson`: lists, holds and writes lessons. The lessons themselves are tested with their rows."""

import json
from pathlib import Path

import pytest

from backlit.lessons import catalog
from backlit.lessons.lesson import Lesson, Outcome
from backlit.lessons.questions import table
from backlit.pictures.canvas import canvas, picture_of


def halves() -> Outcome:
    """A quick experiment."""
    with canvas() as axes:
        axes.plot([1.0, 0.5, 0.25])
    return Outcome(picture_of(axes), "After 2 steps |x| = 0.25 is left.", True, {"left": 0.25})


def breaks() -> Outcome:
    """An interrupt from the keyboard."""
    raise KeyboardInterrupt


def made(name: str, run=halves) -> Lesson:
    return Lesson(name, f"Title of {name}", (1,), f"Claim of {name}.", f"Experiment of {name}.", run)


@pytest.fixture(autouse=True)
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two quick lessons in the place of all."""
    lessons = (made("halving"), made("other"))
    monkeypatch.setattr(catalog, "CHAPTERS", {"A chapter": lessons})
    monkeypatch.setattr(catalog, "LESSONS", {one.name: one for one in lessons})
    monkeypatch.setattr(table, "QUESTIONS", {"What is left?": ("halving", "other")})


def test_without_a_name_the_lessons_are_listed_by_chapter(backlit):
    shown = backlit("lesson").out.splitlines()
    assert shown[:3] == ["A chapter", "  halving  Title of halving", "  other    Title of other"]
    assert json.loads(backlit("lesson", "--json").out)["A chapter"]["other"] == "Title of other"


def test_a_lesson_tells_its_claim_and_finding_and_writes_picture_and_page(backlit):
    result = backlit("lesson", "halving", "-o", "deep/folder")
    assert (result.status, result.err) == (0, "")
    for words in ("Claim of halving.", "Experiment of halving.", "After 2 steps |x| = 0.25 is left. The claim holds."):
        assert words in result.out
        assert words in Path("deep/folder/halving.md").read_text()
    assert Path("deep/folder/halving.png").read_bytes().startswith(b"\x89PNG")
    assert "![Title of halving](halving.png)" in Path("deep/folder/halving.md").read_text()
    assert sorted(path.name for path in Path("deep/folder").iterdir()) == ["halving.md", "halving.png"]


def test_the_object_of_json_has_the_measures(backlit):
    found = json.loads(backlit("lesson", "halving", "--json").out)
    assert (found["measures"], found["holds"], found["picture"]) == ({"left": 0.25}, True, "lessons/halving.png")


def test_all_lessons_have_a_page_that_leads_to_them(backlit):
    assert backlit("lesson", "--all", "-o", "out").status == 0
    index = Path("out/README.md").read_text()
    assert r"| [Title of other](other.md) | yes | After 2 steps \|x\| = 0.25 is left. |" in index
    assert "- What is left? [Title of halving](halving.md), [Title of other](other.md)" in index
    assert len(list(Path("out").iterdir())) == 5


def test_an_interrupt_keeps_what_was_held(backlit, monkeypatch):
    monkeypatch.setitem(catalog.LESSONS, "other", made("other", breaks))
    result = backlit("lesson", "--all", "-o", "out")
    assert (result.status, result.err) == (130, "interrupted; 1 of 2 lessons are in out\n")
    assert Path("out/halving.png").is_file()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("halvin",), "there is no lesson 'halvin': did you mean halving?"),
        (("halving", "--all"), "--all holds every lesson: leave out 'halving', or --all"),
        (("halving", "-o", "file"), "cannot write to file: File exists; choose another folder"),
    ],
)
def test_what_cannot_be_used_is_told_before_any_work(backlit, monkeypatch, arguments, said):
    monkeypatch.setitem(catalog.LESSONS, "halving", made("halving", breaks))
    Path("file").write_text("here")
    result = backlit("lesson", *arguments)
    assert (result.status, result.out, result.err) == (2, "", f"Error: {said}\n")
    assert Path("file").read_text() == "here"
