"""Lessons on what networks can say: from a constant to trained features, activations, depth."""

from backlit.lessons.lesson import Lesson

LESSONS: tuple[Lesson, ...] = ()
