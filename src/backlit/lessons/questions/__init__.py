"""Lessons that answer questions which the lectures ask."""

from backlit.lessons.lesson import Lesson

LESSONS: tuple[Lesson, ...] = ()
