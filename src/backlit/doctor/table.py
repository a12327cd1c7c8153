"""The rows of a run as a table of numbers, one column a feature, a pixel or a statistic of a sequence.

    table (N, F)           as it is: codes of categories, NaN where missing
    array, image (N, ...)  flattened
    sequence (N, T, F)     of each feature its mean and deviation over the real steps, its first and last step; and all
                           steps, flattened, where they are no more than a thousand

Whatever is fitted for the examination, is fitted on training rows.
"""

import warnings
from dataclasses import dataclass, replace
from math import prod

import numpy as np

from backlit.data import Part
from backlit.doctor.limits import LIMITS
from backlit.training import Run
from backlit.training.tokens import vocabulary_of

STATISTICS = ("mean", "deviation", "first step", "last step")
FEW_CATEGORIES = 50  # that become indicators, each a feature of its own


@dataclass(frozen=True, eq=False)
class Rows:
    """Rows: x (N, F), NaN where missing; y (N,) codes of classes, or (N, T) numbers in float64; their numbers in the
    source."""

    x: np.ndarray
    y: np.ndarray
    numbers: np.ndarray

    def __len__(self) -> int:
        """How many there are."""
        return len(self.x)

    def take(self, chosen: np.ndarray) -> "Rows":
        """Some of them."""
        return Rows(self.x[chosen], self.y[chosen], self.numbers[chosen])


@dataclass(frozen=True, eq=False)
class Table:
    """What is examined of the data.

    Attributes:
        train, validation, test: drawn rows of each part.
        kind: 'table', 'array', 'image' or 'sequence'.
        names: of the features, as findings call them: 'feature petal_width', 'pixel (3, 4)'.
        own: the names or numbers by which a remedy leaves features out.
        feature: for each column the number of the feature that it comes from (F,).
        categories: for each column its number of categories, 0 for a number (F,).
        classes: the number of classes, 0 for numbers.
    """

    train: Rows
    validation: Rows
    test: Rows
    kind: str
    names: tuple[str, ...]
    own: tuple[str, ...]
    feature: np.ndarray
    categories: np.ndarray
    classes: int

    def without(self, features: list[int]) -> "Table":
        """The table without the columns of some features."""
        kept = ~np.isin(self.feature, features)
        parts = [replace(part, x=part.x[:, kept]) for part in (self.train, self.validation, self.test)]
        return replace(
            self,
            train=parts[0],
            validation=parts[1],
            test=parts[2],
            feature=self.feature[kept],
            categories=self.categories[kept],
        )


def no_table(run: Run) -> str | None:
    """Why a run's rows are no table of numbers with a target each; None: they are one."""
    schema, y = run.parts.schema, run.parts.train.y
    if schema.dtype == "int32" or vocabulary_of(run.network) is not None:
        return "tokens are names, not numbers"
    if schema.reconstructs:
        return "a reconstruction has its inputs as targets"
    if y.ndim > (1 if schema.classes else 2):
        return "every step, or every place, has a target of its own"
    if schema.kind == "sequence" and y.ndim == 2 and y.shape[1] == run.parts.train.x.shape[1] > 1:
        return "every step has a target of its own"
    return None


def table_of(run: Run) -> Table | None:
    """The rows of a run as a table, drawn where they are many; None where `no_table` says why not."""
    if no_table(run) is not None:
        return None
    schema, shape = run.parts.schema, run.parts.train.x.shape[1:]
    kind = schema.kind if schema.kind != "array" or len(shape) == 1 else "image"
    if kind == "sequence":
        own = tuple(feature.name for feature in schema.features) or tuple(map(str, range(shape[-1])))
        names = tuple(f"feature {name}" for name in own)
        flat = prod(shape) <= LIMITS["references features"]
        feature = np.tile(np.arange(shape[-1]), len(STATISTICS) + (shape[0] if flat else 0))
        coded = np.array([feature.categories for feature in schema.features] or [0] * shape[-1])
        categories = np.where(np.arange(len(feature)) >= 2 * shape[-1], coded[feature], 0)
    else:
        feature = np.arange(prod(shape))
        own = tuple(feature.name for feature in schema.features) or tuple(map(str, feature))
        names = tuple(_pixels(shape)) if kind == "image" else tuple(f"feature {name}" for name in own)
        categories = np.array([feature.categories for feature in schema.features] or [0] * len(feature))
    random = np.random.default_rng(run.settings.seed)
    most = int(min(LIMITS["data rows"], max(LIMITS["data pairs"], LIMITS["data numbers"] // prod(shape))))
    parts = run.parts
    train, validation, test = (_rows(part, most, kind, random) for part in (parts.train, parts.validation, parts.test))
    return Table(train, validation, test, kind, names, own, feature, categories, len(schema.classes))


def design(table: Table) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Training, validation and test rows (N, D) as models take them: gaps filled with the median, categories as
    indicators, every feature of mean 0 and deviation 1; of many features a random projection, which keeps distances.
    """
    coded = (table.categories > 0) & (table.categories <= FEW_CATEGORIES)
    parts = [table.train.x, table.validation.x, table.test.x]
    numbers = parts[0][:, ~coded]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # of columns without any number
        fill = np.nan_to_num(np.nanmedian(numbers, 0)) if np.isnan(numbers).any() else np.zeros(numbers.shape[1])
    filled = np.where(np.isnan(numbers), fill, numbers)
    mean, deviation = filled.mean(0, dtype=np.float64), filled.std(0, dtype=np.float64)
    mean, scale = mean.astype(np.float32), np.where(deviation > 0, deviation, np.inf).astype(np.float32)
    projection = None
    if filled.shape[1] > LIMITS["references features"]:
        width = int(LIMITS["references projected"])
        projection = np.random.default_rng(0).normal(size=(filled.shape[1], width)) / np.sqrt(width)
    made = []
    for x in parts:
        known = x[:, ~coded]
        columns = [(np.where(np.isnan(known), fill, known) - mean) / scale]
        if projection is not None:
            columns = [columns[0] @ projection.astype(np.float32)]
        columns += [x[:, [at]] == np.arange(table.categories[at]) for at in np.flatnonzero(coded)]
        made.append(np.concatenate(columns, axis=1).astype(np.float32))
    return made[0], made[1], made[2]


def drawn(rows: int, most: float, seed: int = 0) -> np.ndarray:
    """The numbers of some of the rows: all of them, or as many drawn."""
    if rows <= most:
        return np.arange(rows)
    return np.random.default_rng(seed).choice(rows, int(most), replace=False)


def _rows(part: Part, most: int, kind: str, random: np.random.Generator) -> Rows:
    chosen = np.arange(len(part)) if len(part) <= most else np.sort(random.choice(len(part), most, replace=False))
    x, y = part.x[chosen], part.y[chosen]
    if y.dtype.kind == "f":
        y = y.reshape(len(y), prod(y.shape[1:])).astype(
            np.float64
        )  # squares of numbers beyond 1e19 are none in float32
    flat = _described(x) if kind == "sequence" else x.reshape(len(x), prod(x.shape[1:]))
    return Rows(flat.astype(np.float32, copy=False), y, part.indices[chosen])


def _described(x: np.ndarray) -> np.ndarray:
    """Statistics of the real steps of sequences (N, T, F), and, of short ones, all steps."""
    steps, width = x.shape[1:]
    real = ~np.isnan(x).all(-1)
    last = np.where(real.any(1), steps - 1 - real[:, ::-1].argmax(1), 0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # of features that a sequence lacks altogether
        columns = [np.nanmean(x, 1), np.nanstd(x, 1)] if len(x) else [x[:, 0], x[:, 0]]
    columns += [x[:, 0], x[np.arange(len(x)), last]]
    if steps * width <= LIMITS["references features"]:
        columns.append(x.reshape(len(x), steps * width))
    return np.concatenate(columns, axis=1)


def _pixels(shape: tuple[int, ...]) -> list[str]:
    """What the numbers of an image, or of an array of another rank, are called."""
    if len(shape) == 3 and shape[2] == 1:
        return [f"pixel ({row}, {column})" for row in range(shape[0]) for column in range(shape[1])]
    word = "pixel" if len(shape) in (2, 3) else "number"
    return [f"{word} ({', '.join(map(str, place))})" for place in np.ndindex(*shape)]
