"""All lessons, by chapter."""

from backlit.errors import SettingError, nearest
from backlit.lessons import generalization, models, optimization, questions, using
from backlit.lessons.lesson import Lesson

CHAPTERS: dict[str, tuple[Lesson, ...]] = {
    "What networks can say": models.LESSONS,
    "Descent": optimization.LESSONS,
    "Capacity and generalization": generalization.LESSONS,
    "Showing and using": using.LESSONS,
    "Questions": questions.LESSONS,
}
LESSONS: dict[str, Lesson] = {lesson.name: lesson for chapter in CHAPTERS.values() for lesson in chapter}


def lesson_named(name: str) -> Lesson:
    """The lesson of that name.

    Raises:
        SettingError: there is none.
    """
    if name not in LESSONS:
        raise SettingError(f"there is no lesson {name!r}: {nearest(name, LESSONS)}")
    return LESSONS[name]
