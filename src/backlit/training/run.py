"""A run that is ready to train: data, network and settings, all checked."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import jax
import numpy as np
import optax

from backlit.data import Dataset, Parts
from backlit.errors import SettingError, nearest
from backlit.functions.losses import Loss
from backlit.layers.block import Parameters, State
from backlit.layers.composition import Sequential
from backlit.layers.summary import Summary
from backlit.shapes import Array, Shape
from backlit.training.batch_sizes import BatchSizes, find_batch_size
from backlit.training.execution import Execution, Follow
from backlit.training.learning_rates import LearningRates, find_learning_rate
from backlit.training.model import Model
from backlit.training.objective import Objective
from backlit.training.regularization import penalized_of, regularized
from backlit.training.settings import OWN, Settings
from backlit.training.updates import update_rule

NUMBERS = ("learning_rate", "l1", "l2", "max_norm", "average", "tolerance", "initial_scale")
CHANGED = (*NUMBERS, "batch_size", "epochs", "patience", "seed")  # settings that leave the data and the network alone


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
        notes: what a user should know.
        asked: what `prepare` was given, by the names of its arguments.
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
    asked: Mapping[str, Any] = field(default_factory=dict)

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

    def initialize(self, key: Array, scale: Array | float | None = None) -> tuple[Parameters, State]:
        """The first parameters and state; the same key draws the same.

        Args:
            key: of the draw.
            scale: a factor on the weights; None: the settings' own.
        """
        parameters, state = self.network.initialize(self.input_shape, key)
        factor = self.settings.initial_scale if scale is None else scale
        weights = penalized_of(self.network.plan(self.input_shape))

        def scaled(path: Any, leaf: Array) -> Array:
            return factor * leaf if tuple(entry.key for entry in path) in weights else leaf

        return jax.tree_util.tree_map_with_path(scaled, parameters), state

    def train(self, progress: Follow | None = None) -> Model:
        """Train, score and return the model; an interrupt from the keyboard stops the run and keeps the best so far.

        Args:
            progress: called a few times a second; a text that it answers stops the run, and is why.

        Raises:
            TrainingError: when the first epoch already turned non-finite, so that there is nothing to keep.
        """
        return Execution(self, progress).finish()

    def find_learning_rate(self, steps: int = 100, lowest: float = 1e-6, highest: float = 10.0) -> LearningRates:
        """The losses at learning rates that rise from step to step, and the rate that they suggest.

        See `backlit.find_learning_rate`.
        """
        return find_learning_rate(Execution(self, None), steps, lowest, highest)

    def find_batch_size(self, limit_bytes: int | None = None) -> BatchSizes:
        """The largest batch that was tried and worked; see `backlit.find_batch_size`."""
        return find_batch_size(Execution(self, None), limit_bytes)

    def change(self, **values: float | None) -> "Run":
        """The same run with other values of settings that concern neither the data nor the network; None: as it is.

        The rows stay split, and drawn by a bootstrap, as they are.

        Args:
            **values: of learning_rate, batch_size, epochs, patience, seed, l1, l2, max_norm, average, tolerance or
                initial_scale.

        Raises:
            SettingError: there is no such setting, a value is out of range, or it is the rate of a transformation that
                was given.
        """
        for name in values:
            if name not in CHANGED:
                raise SettingError(f"{name} of a run cannot be changed: {nearest(name, CHANGED)}")
        given = {name: value for name, value in values.items() if value is not None}
        own = self.settings.optimizer == OWN
        if own and "learning_rate" in given:
            raise SettingError("the transformation given as the optimizer has its own learning rate: set it there")
        rows = len(self.parts.train)
        settings = replace(self.settings, **given)  # type: ignore[arg-type]
        size = rows if settings.batch_size == "full" else int(settings.batch_size or 1)
        settings = replace(settings, batch_size=min(size, rows))
        rule = self.transformation if own else update_rule(settings, rows)
        objective = regularized(self.objective, self.network.plan(self.input_shape), settings)
        asked = {**self.asked, **given}
        return replace(self, settings=settings, transformation=rule, objective=objective, asked=asked)
