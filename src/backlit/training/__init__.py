"""Training: from data to a model in one compiled program."""

from backlit.training.batch_sizes import BatchSizes
from backlit.training.execution import Progress
from backlit.training.fitting import find_batch_size, find_learning_rate, fit
from backlit.training.history import History
from backlit.training.learning_rates import LearningRates
from backlit.training.loading import load
from backlit.training.minimization import Minimum, minimize
from backlit.training.model import Model
from backlit.training.preparation import prepare
from backlit.training.programs import cache_programs
from backlit.training.run import Run
from backlit.training.settings import Settings
from backlit.training.sweeps.spaces import geomspace, linspace
from backlit.training.sweeps.sweep import Sweep
from backlit.training.sweeps.sweeping import sweep
from backlit.training.verdicts import verdict

__all__ = [
    "BatchSizes",
    "History",
    "LearningRates",
    "Minimum",
    "Model",
    "Progress",
    "Run",
    "Settings",
    "Sweep",
    "cache_programs",
    "find_batch_size",
    "find_learning_rate",
    "fit",
    "geomspace",
    "linspace",
    "load",
    "minimize",
    "prepare",
    "sweep",
    "verdict",
]
