"""The errors that Backlit raises, each with one sentence that names the thing, what was received, what was expected
and the repair.

    BacklitError
    ├── InputError (also a ValueError)   something a user gave cannot be used; raised before any work starts
    │   ├── DataError                    a file, table, image folder, column or target
    │   ├── NotationError                the text of a network or an expression
    │   ├── ShapeError                   a layer that does not fit its input: the layer's path and the shapes
    │   ├── SettingError                 a setting that is unknown or out of range
    │   └── FileError                    a model folder that is corrupt or foreign, an output that cannot be written
    ├── GraphError                       a function that cannot be traced or differentiated
    └── TrainingError                    a run that could not go on
"""

from collections.abc import Iterable
from difflib import get_close_matches


class BacklitError(Exception):
    """The root of every error that Backlit raises."""


class InputError(BacklitError, ValueError):
    """Something a user gave cannot be used."""


class DataError(InputError):
    """A file, table, folder of images, column or target cannot be used."""


class NotationError(InputError):
    """The text of a network or an expression cannot be read."""


class ShapeError(InputError):
    """A layer does not fit its input; `path` leads to the layer from the network's outside in."""

    def __init__(self, problem: str, path: tuple[str, ...] = ()) -> None:
        super().__init__(f"layer {'/'.join(path)}: {problem}" if path else problem)
        self.problem = problem
        self.path = path

    def within(self, name: str) -> "ShapeError":
        """The same error as seen from the composition that calls the layer `name`."""
        return ShapeError(self.problem, (name, *self.path))


class SettingError(InputError):
    """A setting is unknown or out of range."""


class FileError(InputError):
    """A model folder is corrupt or foreign, or an output cannot be written."""


class GraphError(BacklitError):
    """A function cannot be traced or differentiated."""


class TrainingError(BacklitError):
    """A run could not go on."""


def nearest(name: str, names: Iterable[str]) -> str:
    """The end of an error about an unknown name: the nearest known names, or all of them when none is near.

    >>> nearest("Dens", ["Dense", "Dropout"])
    'did you mean Dense?'
    """
    known = sorted(set(names))
    lowered = {candidate.lower(): candidate for candidate in known}
    close = [lowered[match] for match in get_close_matches(name.lower(), lowered, n=3, cutoff=0.6)]
    if close:
        return f"did you mean {' or '.join(close)}?"
    return f"known names: {', '.join(known)}" if known else "none are known"
