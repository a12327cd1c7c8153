"""Lessons on descent: searches, step sizes, curvature, momentum, noise."""

from backlit.lessons.lesson import Lesson
from backlit.lessons.optimization import (
    closed_form,
    critical_points,
    curvature,
    exploding_gradients,
    momentum,
    newton,
    noise,
    searches,
    step_sizes,
    training_minimum,
)

LESSONS: tuple[Lesson, ...] = (
    searches.LESSON,
    closed_form.LESSON,
    step_sizes.LESSON,
    curvature.LESSON,
    newton.LESSON,
    momentum.LESSON,
    critical_points.LESSON,
    noise.LESSON,
    exploding_gradients.LESSON,
    training_minimum.LESSON,
)
