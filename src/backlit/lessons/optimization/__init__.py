"""Lessons on descent: searches, step sizes, curvature, momentum, noise."""

from backlit.lessons.lesson import Lesson

LESSONS: tuple[Lesson, ...] = ()
