"""A run that is ready to train: data, network and settings, all checked."""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import optax

from backlit.data import Dataset, Parts
from backlit.functions.losses import Loss
from backlit.layers.block import State
from backlit.layers.composition import Sequential
from backlit.layers.summary import Summary
from backlit.shapes import Shape
from backlit.training.execution import Execution, Progress
from backlit.training.model import Model
from backlit.training.objective import Objective
from backlit.training.settings import Settings


@dataclass
class Run:
    """A run that is ready to train.

    Attributes:
        dataset: the data as they were read; `dataset.card()` describes them.
        parts: training, validation and test rows, and how they were split.
        network: the whole network, preprocessing included.
        objective: what is minimized.
        transformation: the update rule.
        settings: every setting, none open.
        fitted: the state of the preprocessing layers.
        row_weights: the weight of each training row in the loss.
    """

    dataset: Dataset
    parts: Parts
    network: Sequential
    objective: Objective
    transformation: optax.GradientTransformation
    settings: Settings
    fitted: dict[str, State]
    row_weights: np.ndarray
    notes: list[str] = field(default_factory=list)

    @property
    def loss(self) -> Loss:
        """The loss on the network's outputs."""
        return self.objective.loss

    @property
    def input_shape(self) -> Shape:
        """The shape of one example as the network takes it."""
        return self.parts.schema.input_shape

    def summary(self) -> Summary:
        """The network's summary for this data."""
        return self.network.summary(self.input_shape)

    def train(self, progress: Callable[[Progress], None] | None = None) -> Model:
        """Train, score and return the model; an interrupt from the keyboard stops the run and keeps the best so far.

        Args:
            progress: called a few times a second.

        Raises:
            TrainingError: when the first epoch already turned non-finite, so that there is nothing to keep.
        """
        return Execution(self, progress).finish()
