"""Lessons on showing and using networks: graphs, protocol, one neuron on a table."""

from backlit.lessons.lesson import Lesson
from backlit.lessons.using import circuits, four_ideas, single_neuron, unseen_data

LESSONS: tuple[Lesson, ...] = (
    circuits.LESSON,
    unseen_data.LESSON,
    single_neuron.LESSON,
    four_ideas.LESSON,
)
