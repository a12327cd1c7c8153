"""How the rows of a table become sequences: rows that share an id, or windows over a series.

A window of w rows that ends with row i forecasts row i + h: y_i = target_{i+h}, with the horizon h ≥ 1.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from backlit.data import values
from backlit.data.records import known, listed, require
from backlit.data.sequences import Sequences
from backlit.errors import DataError, SettingError, nearest

if TYPE_CHECKING:
    import polars as pl

LARGEST = 1_000_000


@dataclass(frozen=True)
class Layout:
    """How the rows of a table become sequences.

    Args:
        sequence_by: the column that tells the sequences apart: rows with the same value are one; '' for windows.
        step_by: the column of times or numbers that orders the rows; '' as they stand.
        window: how many rows a window has; 0 for no windows.
        horizon: how many rows after a window's last those lie that it forecasts, rising.
        forecast: the columns that windows forecast.
    """

    sequence_by: str = ""
    step_by: str = ""
    window: int = 0
    horizon: tuple[int, ...] = ()
    forecast: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """The layout as what JSON can hold."""
        return {**asdict(self), "horizon": list(self.horizon), "forecast": list(self.forecast)}

    @classmethod
    def from_json(cls, held: Any) -> Layout:
        """The layout that `to_json` wrote.

        Raises:
            FileError: a part is missing, unknown or of another type.
        """
        fields = known(held, "layout", cls.__dataclass_fields__)
        for name in ("sequence_by", "step_by"):
            require(isinstance(fields[name], str), f"layout.{name}", fields[name])
        window = fields["window"]
        fields["horizon"] = listed(fields["horizon"], "layout.horizon", int)
        fields["forecast"] = listed(fields["forecast"], "layout.forecast", str)
        require(type(window) is int and window >= 0, "layout.window", window)
        require(all(step >= 1 for step in fields["horizon"]), "layout.horizon", fields["horizon"])
        whole = bool(fields["sequence_by"]) != bool(window) == bool(fields["horizon"]) == bool(fields["forecast"])
        require(whole, "layout", held)
        return cls(**fields)

    @property
    def beyond(self) -> int:
        """How many of a series' last windows forecast something that lies beyond its end."""
        return max(self.horizon, default=0)

    @property
    def overlap(self) -> int:
        """How many windows in a row after a window forecast a row that it forecasts too."""
        return max(self.horizon) - min(self.horizon) if self.horizon else 0

    @property
    def apart(self) -> tuple[str, ...]:
        """The columns that only arrange the rows, and are no inputs."""
        return tuple(name for name in (self.sequence_by, self.step_by) if name)

    def arrange(self, frame: pl.DataFrame) -> Sequences:
        """The sequences of a table's rows, in the order in which they first appear; or its windows, in order of time.

        Raises:
            DataError: a column is missing or has gaps, or the rows are fewer than a window has.
        """
        ordering = "order_by" if self.window else "step_by"
        for setting, name in (("sequence_by", self.sequence_by), (ordering, self.step_by)):
            if name and name not in frame.columns:
                raise DataError(f"{setting}: no column {name!r}; {nearest(name, frame.columns)}")
        rows = np.arange(frame.height)
        times = values.order_of(frame[self.step_by], ordering) if self.step_by else rows
        if self.window:
            count = frame.height - self.window + 1
            if count < 1:
                raise DataError(f"{frame.height:,} rows are fewer than a window of {self.window:,}: give more")
            return Sequences(frame[np.argsort(times, kind="stable")], rows[:count], np.full(count, self.window))
        ids = frame[self.sequence_by]
        if ids.has_nulls():
            row = int(ids.is_null().arg_max() or 0)
            raise DataError(f"sequence_by {ids.name!r}: no value in row {row} (counted from 0): fill it in")
        _, first, code = np.unique(values.labels(ids).to_numpy(), return_index=True, return_inverse=True)
        code = np.argsort(np.argsort(first))[code]
        lengths = np.bincount(code)
        return Sequences(frame[np.lexsort((times, code))], lengths.cumsum() - lengths, lengths)

    def examples(self, sequences: Sequences, targets: Iterable[str], others: Iterable[str] = ()) -> pl.DataFrame:
        """One row for each sequence of a table: its targets, or what a window forecasts of them, and other columns.

        The last windows, whose forecast lies beyond the table, have no row; with several steps ahead, each has a
        column. Of other columns a window has the value in the last row that it forecasts.

        Raises:
            DataError: a column has more than one value in a sequence, or no window has a row to forecast.
        """
        import polars as pl

        frame: Any = sequences.steps
        if not self.window:
            return pl.DataFrame([self.constant(sequences, frame[name]) for name in (*targets, *others)])
        count = len(sequences) - self.beyond
        if count < 1:
            raise DataError(
                f"{frame.height:,} rows hold no window of {self.window:,} with a row {self.beyond:,} after it: "
                f"{self.window + self.beyond:,} are needed at least"
            )
        ahead = {step: frame[self.window - 1 + step :][:count] for step in self.horizon}
        columns = [
            ahead[step][name].alias(title)
            for name in targets
            for step, title in zip(self.horizon, self.titles(name), strict=True)
        ]
        return pl.DataFrame([*columns, *(ahead[self.beyond][name] for name in others)])

    def names(self, sequences: Sequences) -> pl.Series:
        """The id of each sequence of a table, or the time after which each window forecasts."""
        steps: Any = sequences.steps
        if self.window:
            return steps[self.step_by][self.window - 1 :].alias(f"after {self.step_by}")
        return steps[self.sequence_by][sequences.starts]

    def describe(self, sequences: Sequences) -> str:
        """What the sequences are made of, in words."""
        if self.window:
            ahead = " and ".join(map(str, self.horizon))
            order = f"in order of {self.step_by!r}" if self.step_by else "in the order they stand"
            return (
                f"{len(sequences):,} windows of {self.window:,} rows {order}, each with {', '.join(self.forecast)} "
                f"{ahead} row{'s' if self.horizon != (1,) else ''} after its last"
            )
        order = f"in order of {self.step_by!r}" if self.step_by else "in the order of the rows"
        return f"{sequences.describe()}, told apart by {self.sequence_by!r}, {order}"

    def titles(self, name: str) -> list[str]:
        """The names of what is forecast of a column, one for each step ahead."""
        return [name] if len(self.horizon) == 1 else [f"{name} +{step}" for step in self.horizon]

    def constant(self, sequences: Sequences, column: pl.Series) -> pl.Series:
        """The one value that a column has in each sequence; null where it has none."""
        import polars as pl

        values = pl.col(column.name).drop_nulls()
        sequence = pl.Series("", np.repeat(np.arange(len(sequences)), sequences.lengths))
        held = (
            column.to_frame().group_by(sequence, maintain_order=True).agg(value=values.first(), kinds=values.n_unique())
        )
        if (held["kinds"] > 1).any():
            index = int(np.argmax(held["kinds"].to_numpy() > 1))
            start = int(sequences.starts[index])
            raise DataError(
                f"{column.name!r} changes within the sequence {sequences.steps[self.sequence_by][start]!r} "
                f"of {self.sequence_by!r}: it needs one value in a sequence"
            )
        return held["value"].alias(column.name)


def layout_of(
    sequence_by: str | None,
    step_by: str | None,
    window: int | None,
    horizon: int | Sequence[int] | None,
    order_by: str | None,
) -> Layout | None:
    """The layout that settings ask for, or None.

    Raises:
        SettingError: they are out of range, or do not go together.

    >>> layout_of(None, None, 24, 1, "day")
    Layout(sequence_by='', step_by='day', window=24, horizon=(1,), forecast=())
    """
    if sequence_by is not None and (window is not None or horizon is not None):
        raise SettingError(
            "sequence_by is for sequences with a target each, window for one series: give only one of them"
        )
    if step_by is not None and sequence_by is None:
        raise SettingError(
            f"step_by = {step_by!r} needs sequence_by, which tells the sequences apart; order_by orders a single series"
        )
    if window is None:
        if horizon is not None:
            raise SettingError(f"horizon = {horizon!r} needs a window, such as window=24")
        return None if sequence_by is None else Layout(sequence_by, step_by or "")
    ahead = (1,) if horizon is None else tuple(horizon) if isinstance(horizon, list | tuple) else (horizon,)
    for name, sizes in (("window", (window,)), ("horizon", ahead)):
        if not sizes or not all(type(size) is int and 1 <= size <= LARGEST for size in sizes):
            raise SettingError(f"{name} = {sizes[0] if len(sizes) == 1 else sizes!r}: whole numbers from 1 are needed")
    return Layout("", order_by or "", window, tuple(sorted(set(ahead))))
