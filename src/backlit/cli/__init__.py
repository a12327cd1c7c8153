"""The command line, one file a command: train, predict, evaluate, summary, graph, data, list.

The commands import JAX and the rest of Backlit when they run, so that `backlit --help` answers at once.
"""

from backlit.cli.app import main

__all__ = ["main"]
