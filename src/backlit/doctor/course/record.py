"""The rows of a history as the examiners of a course read them: losses beside a constant answer's, telemetry by layer.

Telemetry is of the first step of an epoch: its first row is of the network before any training.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from backlit.doctor.course.prior import Prior, prior_of, relative_loss
from backlit.doctor.limits import LIMITS
from backlit.optimizers import takes_all_rows
from backlit.training import History, Run
from backlit.training.settings import OWN

NO_WEIGHTS = ("bias", "scale", "shift", "slope", "position", "center", "gamma", "phase", "frequency")
LOOKED_UP = ("embedding", "position")  # layers of which a batch meets few rows: their gradients say nothing of depth


@dataclass(frozen=True)
class Units:
    """What was recorded of an activation layer, a number a row: see `backlit.training.telemetry`."""

    layer: str
    slope: np.ndarray
    saturated: np.ndarray
    dead: np.ndarray
    zeros: np.ndarray

    @property
    def kind(self) -> str:
        """The kind of layer, by its name: 'relu', 'sigmoid', ..."""
        return kind_of(self.layer)


@dataclass(frozen=True)
class Record:
    """A run so far.

    Attributes:
        history: its rows.
        run: what is trained; None: the history alone is known.
        prior: of a constant answer.
        layers: the paths of the layers in the network's order; (): in the order of the columns.
    """

    history: History
    run: Run | None
    prior: Prior
    layers: Sequence[str] = ()

    @cached_property
    def relative(self) -> np.ndarray:
        """Of the training rows, in evaluation mode: see `relative_loss`, (epochs,)."""
        return relative_loss(self.history, self.prior)

    @cached_property
    def held(self) -> np.ndarray:
        """Of the validation rows, (epochs,)."""
        return relative_loss(self.history, self.prior, "validation")

    @property
    def end(self) -> float:
        """The median of `relative` over the last quarter of the epochs; NaN where nothing is known."""
        return float(np.median(last_quarter(self.relative))) if len(self.history) else np.nan

    @cached_property
    def weights(self) -> tuple[str, ...]:
        """The paths of the variables that multiply inputs, in the order of depth."""
        columns = set(self.history.columns)
        found = [name[: -len("/gradient")] for name in self.history.columns if name.endswith("/gradient")]
        found = [
            path
            for path in found
            if f"{path}/update" in columns
            and f"{path}/weight" in columns
            and not path.rpartition("/")[2].endswith(NO_WEIGHTS)
            and not kind_of(path.rpartition("/")[0]).startswith(LOOKED_UP)
        ]
        places = {layer: place for place, layer in enumerate(self.layers)}
        return tuple(sorted(found, key=lambda path: places.get(path.rpartition("/")[0], len(places))))

    @cached_property
    def rows(self) -> np.ndarray:
        """The places of the epochs that have telemetry."""
        named = [f"{path}/{what}" for path in self.weights[:1] for what in ("gradient", "update", "weight")]
        if not named:
            return np.zeros(0, int)
        return np.flatnonzero(~np.isnan([self.history[name] for name in named]).any(0))

    @cached_property
    def gradients(self) -> np.ndarray:
        """The root mean squares of the weights' gradients, (rows, weights)."""
        return self._telemetry("gradient")

    @cached_property
    def updates(self) -> np.ndarray:
        """Of their updates, (rows, weights)."""
        return self._telemetry("update")

    @cached_property
    def sizes(self) -> np.ndarray:
        """Of themselves, (rows, weights)."""
        return self._telemetry("weight")

    @cached_property
    def steps(self) -> np.ndarray:
        """The step of each row, relative to the weights: the median over them, (rows,); NaN where weights are 0.

        Rows whose weights have shrunk to less than half of their first size are left out: there the weights are small,
        not the step large.
        """
        if not self.sizes.size:
            return np.zeros(0)
        with np.errstate(divide="ignore", invalid="ignore"):
            ratios = np.where(self.sizes > 0, self.updates / self.sizes, np.nan)
            shrunk = np.median(self.sizes / self.sizes[0], axis=1) < LIMITS["rate shrunk"]
        ordered = np.sort(np.where(np.isfinite(ratios), ratios, np.nan), axis=1)  # NaN comes last
        known = (~np.isnan(ordered)).sum(1)
        middle = np.take_along_axis(ordered, np.stack([np.maximum(known - 1, 0) // 2, known // 2], 1), 1).mean(1)
        return np.where(shrunk, np.nan, middle)

    @cached_property
    def units(self) -> tuple[Units, ...]:
        """The activation layers, in the order of depth."""
        found = [name[: -len("/dead")] for name in self.history.columns if name.endswith("/dead")]
        fields = ("slope", "saturated", "dead", "zeros")
        read = [(layer, [self.history[f"{layer}/{name}"] for name in fields]) for layer in found]
        return tuple(Units(layer, *(values[~np.isnan(values)] for values in columns)) for layer, columns in read)

    @property
    def planned(self) -> int:
        """The epochs that the run has at most; those made, where that is not known."""
        return int(self.run.settings.epochs or 1) if self.run is not None else len(self.history)

    @property
    def steps_an_epoch(self) -> int:
        """The updates of an epoch; 1 where that is not known."""
        if self.run is None:
            return 1
        settings = self.run.settings
        return max(1, -(-len(self.run.parts.train.x) // int(settings.batch_size or 1)) // settings.accumulate)

    @property
    def batch_size(self) -> int:
        """The rows of a step; 0 where that is not known."""
        return int(self.run.settings.batch_size or 0) if self.run is not None else 0

    @property
    def searches(self) -> bool:
        """Whether the update rule tries steps, so that no learning rate decides over them."""
        name = self.run.settings.optimizer if self.run is not None else OWN
        return name != OWN and takes_all_rows(name)

    def epoch_of(self, row: int) -> int:
        """The number of the epoch that a row of telemetry is of."""
        return int(self.rows[row]) + 1

    def _telemetry(self, what: str) -> np.ndarray:
        if not self.weights:
            return np.zeros((len(self.rows), 0))
        return np.stack([self.history[f"{path}/{what}"][self.rows] for path in self.weights], 1).astype(float)


def record_of(
    history: History, run: Run | None = None, layers: Sequence[str] = (), prior: Prior | None = None
) -> Record:
    """A history as a record.

    Args:
        history: the rows so far.
        run: what is trained, if it is known.
        layers: the paths of the layers in the network's order.
        prior: of the constant answer; None: computed from the run.
    """
    if prior is None:
        prior = Prior() if run is None else prior_of(run)
    return Record(history, run, prior, layers)


def kind_of(layer: str) -> str:
    """The kind of a layer, by its path.

    >>> kind_of("residual_1/relu_2")
    'relu'
    """
    return layer.rpartition("/")[2].rpartition("_")[0]


def last_quarter(values: np.ndarray) -> np.ndarray:
    """The last quarter of a series, at least one value."""
    return values[-max(1, len(values) // 4) :]


def rises(values: np.ndarray) -> bool:
    """Whether a series ends higher than it began, by more than its noise: the mean rank of its second half lies above
    that of the first by several standard errors of their difference. Ranks, since losses grow by factors."""
    half = len(values) // 2
    if half < LIMITS["course half"]:
        return False
    held = np.sort(values)
    ranks = (np.searchsorted(held, values, "left") + np.searchsorted(held, values, "right")) / 2
    first, second = ranks[:half], ranks[-half:]
    error = np.sqrt((first.var(ddof=1) + second.var(ddof=1)) / half)
    return bool(second.mean() - first.mean() > LIMITS["course errors"] * error)
