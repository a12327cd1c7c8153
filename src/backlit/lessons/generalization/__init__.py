"""Lessons on capacity and generalization: width, depth, penalties, data."""

from backlit.lessons.lesson import Lesson

LESSONS: tuple[Lesson, ...] = ()
