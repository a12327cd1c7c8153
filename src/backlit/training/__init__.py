"""Training: from data to a model in one compiled program."""

from backlit.training.execution import Progress
from backlit.training.fitting import fit
from backlit.training.history import History
from backlit.training.model import Model, load
from backlit.training.preparation import prepare
from backlit.training.run import Run
from backlit.training.settings import Settings

__all__ = ["History", "Model", "Progress", "Run", "Settings", "fit", "load", "prepare"]
