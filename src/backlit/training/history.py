"""The history of a run: one row an epoch, losses and scores first, telemetry after them."""

import csv
from collections.abc import Iterator, Sequence
from math import isnan, nan
from pathlib import Path
from typing import Any, Self

import numpy as np

from backlit.errors import FileError, nearest
from backlit.training.telemetry import BLOCK_FIELDS, VARIABLE_FIELDS, Telemetry
from backlit.writing import new_file


class History:
    """What a run recorded, epoch by epoch.

    Indexing by a column's name gives that column: `history["validation_loss"]`, (epochs,). The columns are `epoch`,
    `loss` (the mean over the epoch's batches, in training mode, weights and penalties included), then for `train` and
    `validation` `_loss` and the scores in evaluation mode, where every row counts the same, then telemetry:
    `dense_1/mean`, `dense_1/weight/gradient`, ..., as `backlit.training.telemetry` describes it; NaN where an epoch has
    none, as short ones have but for `telemetry=1`. Of the training rows a fixed random tenth is scored in each epoch,
    from 256 to 4,096; where there are no validation rows, up to 4,096.
    """

    def __init__(self, columns: dict[str, np.ndarray] | None = None) -> None:
        self._columns = columns or {}

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of the columns."""
        return tuple(self._columns)

    def __getitem__(self, name: str) -> np.ndarray:
        if name not in self._columns:
            raise KeyError(f"no column {name!r} in the history: {nearest(str(name), self.columns)}")
        return self._columns[name]

    def __repr__(self) -> str:
        if not len(self):
            return "History(0 epochs)"
        last = ", ".join(f"{name} {values[-1]:.4g}" for name, values in self._columns.items() if "/" not in name)
        return f"History({len(self)} epochs; at the last: {last})"

    def __len__(self) -> int:
        return len(next(iter(self._columns.values()), ()))

    def extend(self, columns: dict[str, np.ndarray]) -> None:
        """Add rows, all of them or (where the user interrupts) none."""
        held = self._columns or {name: values[:0] for name, values in columns.items()}
        self._columns = {name: np.concatenate([held[name], values]) for name, values in columns.items()}

    def rows(self) -> list[dict[str, float]]:
        """The rows as dictionaries."""
        return [dict(zip(self._columns, values, strict=True)) for values in zip(*self._columns.values(), strict=True)]

    def texts(self, names: Sequence[str]) -> Iterator[dict[str, Any]]:
        """The rows of some columns as files have them."""
        for values in zip(*(_plain(self._columns[name]) for name in names), strict=True):
            yield dict(zip(names, values, strict=True))

    def write_csv(self, path: str | Path) -> None:
        """Write the history as CSV."""
        with new_file(path) as filling, open(filling, "w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(self._columns)
            writer.writerows(row.values() for row in self.texts(self.columns))

    @classmethod
    def read_csv(cls, path: str | Path) -> Self:
        """The history that `write_csv` wrote, such as the history.csv of a run's folder.

        Args:
            path: the file; a cell without a number is NaN.

        Raises:
            FileError: it cannot be read, or is damaged; the line is named.
        """
        try:
            with open(path, newline="", encoding="utf-8") as file:
                reader = csv.reader(file)
                names = next(reader, [])
                if "epoch" not in names or len(set(names)) < len(names):
                    raise FileError(f"{path} holds no history: line 1 names the columns, each once, epoch among them")
                rows = [_numbers(row, names, f"{path}, line {reader.line_num}") for row in reader]
        except OSError as error:
            raise FileError(f"cannot read {path}: {error.strerror}") from None
        except (UnicodeDecodeError, csv.Error):
            raise FileError(f"{path} holds no history: it is no CSV of numbers") from None
        columns = dict(zip(names, np.array(rows, float).reshape(len(rows), len(names)).T, strict=True))
        broken = np.flatnonzero(columns["epoch"] != np.arange(1, len(rows) + 1))
        if len(broken):
            found, at = columns["epoch"][broken[0]], broken[0] + 1
            raise FileError(f"{path}, line {at + 1}: epoch {found:g}, where {at} is due; mend the file or remove it")
        return cls({**columns, "epoch": columns["epoch"].astype(int)})


def telemetry_columns(recorded: Telemetry, layers: Sequence[str]) -> dict[str, np.ndarray]:
    """Recorded statistics (epochs, fields) by path, as one column a field, in the order of the network's layers."""

    def place(path: str) -> int:
        """Of the innermost layer on the path, which comes behind those that hold it."""
        return max((at for at, layer in enumerate(layers) if f"{path}/".startswith(f"{layer}/")), default=-1)

    return {
        f"{path}/{field}": np.asarray(by_path[path][:, column])
        for fields, by_path in ((BLOCK_FIELDS, recorded.blocks), (VARIABLE_FIELDS, recorded.variables))
        for path in sorted(by_path, key=place)
        for column, field in enumerate(fields[: by_path[path].shape[-1]])
    }


def _numbers(cells: list[str], names: list[str], line: str) -> list[float]:
    """The numbers of a line, NaN for what was not recorded."""
    if len(cells) != len(names):
        raise FileError(f"{line}: {len(cells)} values, and there are {len(names)} columns; mend the file or remove it")
    try:
        return [float(cell) if cell else nan for cell in cells]
    except ValueError as error:
        raise FileError(f"{line}: {error}; mend the file or remove it") from None


def _plain(values: np.ndarray) -> list[Any]:
    return [write(value) if isinstance(value, float) else value for value in values.tolist()]


def write(value: float) -> str:
    """A number at seven digits; nothing for what was not recorded."""
    return "" if isnan(value) else f"{value:.7g}"
