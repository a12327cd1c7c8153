"""Lessons on what networks can say: from a constant to trained features, activations, depth."""

from backlit.lessons.lesson import Lesson
from backlit.lessons.models import activations, ladder, stacked_linear, vanishing_gradients

LESSONS: tuple[Lesson, ...] = (
    ladder.LESSON,
    stacked_linear.LESSON,
    vanishing_gradients.LESSON,
    activations.LESSON,
)
