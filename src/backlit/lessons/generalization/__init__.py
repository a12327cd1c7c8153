"""Lessons on capacity and generalization: width, depth, penalties, data."""

from backlit.lessons.generalization import hidden_units, regularization
from backlit.lessons.lesson import Lesson

LESSONS: tuple[Lesson, ...] = (hidden_units.LESSON, regularization.LESSON)
