"""Experiments that settle suspicions: short forks of a run that change one thing each, side by side in one program."""
