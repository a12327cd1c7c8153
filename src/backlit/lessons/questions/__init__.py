"""Lessons that answer questions of the lectures; the table of all of them is in `table`."""

from backlit.lessons.lesson import Lesson
from backlit.lessons.questions import (
    at_the_edges,
    hidden_layer,
    how_many_parameters,
    linear_function,
    many_classes,
    memory_and_complexity,
    rates_per_parameter,
    regression,
    robust_to_place,
    scaling_weights,
    update_of_a_weight,
    what_convolutions_see,
    where_is_the_eye,
)

LESSONS: tuple[Lesson, ...] = (
    linear_function.LESSON,
    many_classes.LESSON,
    regression.LESSON,
    hidden_layer.LESSON,
    update_of_a_weight.LESSON,
    rates_per_parameter.LESSON,
    scaling_weights.LESSON,
    how_many_parameters.LESSON,
    memory_and_complexity.LESSON,
    at_the_edges.LESSON,
    what_convolutions_see.LESSON,
    robust_to_place.LESSON,
    where_is_the_eye.LESSON,
)
