"""The settings of a run: every hyperparameter, checked before any work starts, and enough to repeat the run."""

import math
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

from backlit.errors import SettingError
from backlit.layers.settings import LARGEST, is_number, is_whole
from backlit.optimizers import takes_all_rows
from backlit.training.devices import on_cpu
from backlit.training.telemetry import CADENCE

OWN = "own transformation"  # what settings say of an optimizer that is no name
PRECISIONS = ("float32", "bfloat16", "auto")
PRIOR = 3.0  # of the default penalty, λ = PRIOR / rows


@dataclass(frozen=True)
class Settings:
    """What can be set about a run; None is chosen from the data by `resolve`.

    Attributes:
        loss: the loss by name; None: squared error for regression, binary cross-entropy for two classes,
            cross-entropy for many.
        optimizer: the update rule by name, ours or one of Optax's; `OWN` where a transformation was given.
        learning_rate: the step size η > 0; None: the rule's default.
        schedule: how η changes over the run: 'constant', 'cosine(warmup=0.1)', 'plateau', ...; None: 'cosine' where the
            learning rate is chosen too, 'constant' where it is given.
        batch_size: examples a step, at least 1, or 'full' (gradient descent); None: by the number of rows, and 'full'
            for a rule that compares the losses of its steps (searches, second order, line searches).
        epochs: passes over the training data, at least 1; None: chosen by the number of rows.
        patience: epochs without a better validation loss (training loss and penalties, where there are no validation
            rows), every row counted the same, before the run stops, at least 1; None: a fifth of the epochs, 10 to 40,
            where these are open too, else never.
        clip: the most that the gradient's norm over all parameters may be; a longer one is scaled down; above 0; None:
            as it is.
        accumulate: batches whose mean gradient makes one update, at least 1; batches of one size without batch
            statistics give the step of one large batch.
        average: the decay d of the exponential moving average of the weights, above 0, below 1; the average is scored
            and kept in place of the weights; None: no average.
        augment: random changes of the training examples, such as 'mirror, rotate(degrees=15)'; see
            `backlit list augmentations`; None: none.
        l1: λ of λ Σ|w|, at least 0, on weights, biases excluded.
        l2: λ of λ Σ w², at least 0, on weights, biases excluded; None: 3 / rows for the default network (a Gaussian
            prior of fixed width on the weights), 0 for a network of the user's own.
        penalties: λ of single layers in place of these, by the layer's path: {'dense_1': {'l2': 1e-3}}.
        penalize_biases: whether l1, l2 and penalties fall on biases, too.
        max_norm: the most that the norm of a unit's incoming weights may be; a longer one is scaled back after each
            update; above 0; None: no bound.
        initial_scale: a factor on the weights that are drawn first, at least 0; biases and the scales and shifts of
            normalization stay as they are drawn.
        bootstrap: the seed by which as many training rows as there are are drawn with replacement: a row then counts
            in what training makes small as often as it was drawn; True: the run's seed; False: every row once.
        class_weight: 'balanced' (n / (K n_k)), or a weight by class name; it counts in what training makes small,
            never in a score.
        split: shares of training, validation and test rows; above 0 for training; they sum to 1.
        order_by: a column by whose order the rows are split, the latest for the test; None: shuffled.
        seed: of the split, the initialization, the shuffling and the dropout.
        split_seed: of the split alone; None: the seed.
        time_limit: seconds after which the run stops, above 0; None: no limit.
        tolerance: the run has converged when the training loss changes by less than this share of itself for five
            epochs in a row; above 0; None: not asked.
        precision: what training computes in: 'float32', 'bfloat16' (parameters, losses, sums of normalization and
            softmax, and all scores stay float32), or 'auto': bfloat16 on a GPU or TPU, float32 on a CPU.
        standardize: whether inputs and regression targets are brought to mean 0 and deviation 1 by fitted layers; the
            pixels of images always are, and targets never under a loss of the user's own.
        block_rows: rows on the device at a time; None: all when they fit.
        telemetry: steps between two epochs whose history has the layers' statistics, at least 1: 1 is every epoch; the
            first eight have it always.
    """

    loss: str | None = None
    optimizer: str = "adam"
    learning_rate: float | None = None
    schedule: str | None = None
    batch_size: int | Literal["full"] | None = None
    epochs: int | None = None
    patience: int | None = None
    clip: float | None = None
    accumulate: int = 1
    average: float | None = None
    augment: str | None = None
    l1: float = 0.0
    l2: float | None = None
    penalties: Mapping[str, Mapping[str, float]] | None = None
    penalize_biases: bool = False
    max_norm: float | None = None
    initial_scale: float = 1.0
    bootstrap: bool | int = False
    class_weight: str | Mapping[str, float] | None = None
    split: tuple[float, float, float] = (0.7, 0.15, 0.15)
    order_by: str | None = None
    seed: int = 0
    split_seed: int | None = None
    time_limit: float | None = None
    tolerance: float | None = None
    precision: Literal["float32", "bfloat16", "auto"] = "float32"
    standardize: bool = True
    block_rows: int | None = None
    telemetry: int = CADENCE

    def __post_init__(self) -> None:
        for name in ("epochs", "patience", "accumulate", "block_rows", "telemetry"):
            self._keep_whole(name, 1)
        for name in ("seed", "split_seed"):
            self._keep_whole(name, 0)
        if not isinstance(self.bootstrap, bool):
            self._keep_whole("bootstrap", 0, ", True or False")
        if not isinstance(self.batch_size, str):
            self._keep_whole("batch_size", 1, " or 'full'")
        elif self.batch_size != "full":
            raise SettingError(f"batch_size is a whole number of at least 1 or 'full', not {self.batch_size!r}")
        for name in ("learning_rate", "clip", "max_norm", "time_limit", "tolerance"):
            self._keep_number(name, "above 0", lambda value: value > 0)
        self._keep_number("average", "above 0 and below 1", lambda value: 0 < value < 1)
        for name in ("l1", "l2", "initial_scale"):
            self._keep_number(name, "of at least 0", lambda value: value >= 0)
        for name, example in (("optimizer", "adam"), ("schedule", "cosine"), ("augment", "mirror")):
            value = getattr(self, name)
            if not isinstance(value, str) and not (value is None and _default(name) is None):
                raise SettingError(f"{name} is a name, such as {example!r}, not {value!r}")
        for name in ("standardize", "penalize_biases"):
            if not isinstance(getattr(self, name), bool):
                raise SettingError(f"{name} is True or False, not {getattr(self, name)!r}")
        if self.precision not in PRECISIONS:
            raise SettingError(f"precision is 'float32', 'bfloat16' or 'auto', not {self.precision!r}")
        if not isinstance(self.split, tuple | list) or not all(is_number(share) for share in self.split):
            raise SettingError(f"split is three shares, such as (0.7, 0.15, 0.15), not {self.split!r}")
        object.__setattr__(self, "split", tuple(map(float, self.split)))
        self._keep_class_weight()
        self._keep_penalties()

    def _keep_whole(self, name: str, least: int, otherwise: str = "") -> None:
        value = getattr(self, name)
        if value is None and _default(name) is None:
            return
        if not is_whole(value, least):
            raise SettingError(f"{name} is a whole number from {least} to {LARGEST:,}{otherwise}, not {value!r}")
        object.__setattr__(self, name, int(value))

    def _keep_number(self, name: str, expected: str, holds: Callable[[float], bool]) -> None:
        value = getattr(self, name)
        if value is None and _default(name) is None:
            return
        if not is_number(value) or not holds(value):
            raise SettingError(f"{name} is a finite number {expected}, not {value!r}")
        object.__setattr__(self, name, float(value))

    def _keep_penalties(self) -> None:
        if self.penalties is None:
            return
        form = "penalties are λ by layer, such as {'dense_1': {'l2': 0.001}}"
        if not isinstance(self.penalties, Mapping):
            raise SettingError(f"{form}, not {self.penalties!r}")
        kept = {}
        for layer, strengths in self.penalties.items():
            if not isinstance(strengths, Mapping) or not strengths or not set(strengths) <= {"l1", "l2"}:
                raise SettingError(f"{form}; {layer!r} has {strengths!r}")
            for name, strength in strengths.items():
                if not is_number(strength) or strength < 0:
                    raise SettingError(f"penalties: {layer}'s {name} is a number of at least 0, not {strength!r}")
            kept[str(layer)] = {name: float(strength) for name, strength in strengths.items()}
        object.__setattr__(self, "penalties", kept)

    def _keep_class_weight(self) -> None:
        given = self.class_weight
        if given is None or given == "balanced":
            return
        if not isinstance(given, Mapping) or not all(is_number(weight) and weight >= 0 for weight in given.values()):
            raise SettingError(f"class_weight is 'balanced' or a weight of at least 0 by class name, not {given!r}")
        object.__setattr__(self, "class_weight", {str(name): float(weight) for name, weight in given.items()})

    def resolve(self, rows: int, learning_rate: float | None, own_network: bool) -> "Settings":
        """The settings with every open choice made, for this many training rows and a network of one's own or not."""
        l2 = 0.0 if own_network else PRIOR / rows
        whole = self.optimizer != OWN and takes_all_rows(self.optimizer)
        batch = self.batch_size or ("full" if whole else 32 if rows < 5_000 else 64 if rows < 20_000 else 128)
        size = rows if batch == "full" else min(batch, rows)
        steps = math.ceil(rows / size)
        fixed = self.learning_rate or self.optimizer == OWN or whole
        epochs = self.epochs or max(10, min(300, 30_000 // steps))
        return replace(
            self,
            batch_size=size,
            precision=self.precision if self.precision != "auto" else "float32" if on_cpu() else "bfloat16",
            epochs=epochs,
            patience=self.patience or (max(10, min(40, epochs // 5)) if self.epochs is None else None),
            learning_rate=self.learning_rate or learning_rate,
            schedule=self.schedule or ("constant" if fixed else "cosine"),
            l2=l2 if self.l2 is None else self.l2,
            split_seed=self.seed if self.split_seed is None else self.split_seed,
        )

    def to_json(self) -> dict[str, Any]:
        """The settings as plain JSON values."""
        return asdict(self)


def _default(name: str) -> Any:
    return Settings.__dataclass_fields__[name].default
