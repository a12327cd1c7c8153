"""Lessons on showing and using networks: graphs, protocol, one neuron on a table."""

from backlit.lessons.lesson import Lesson

LESSONS: tuple[Lesson, ...] = ()
