"""Lessons on capacity and generalization: width, depth, penalties, data."""

from backlit.lessons.generalization import (
    amount_of_data,
    augmentation,
    bias_variance,
    convex_hull,
    depth,
    depth_and_difficulty,
    dropout,
    early_stopping,
    hidden_units,
    regularization,
    universal_approximation,
    what_layers_mean,
)
from backlit.lessons.lesson import Lesson

LESSONS: tuple[Lesson, ...] = (
    hidden_units.LESSON,
    regularization.LESSON,
    bias_variance.LESSON,
    universal_approximation.LESSON,
    convex_hull.LESSON,
    depth_and_difficulty.LESSON,
    depth.LESSON,
    early_stopping.LESSON,
    dropout.LESSON,
    augmentation.LESSON,
    amount_of_data.LESSON,
    what_layers_mean.LESSON,
)
