"""What a source holds, before anything is inferred from it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from backlit.data.sequences import Sequences

if TYPE_CHECKING:
    import polars

Inputs: TypeAlias = "np.ndarray | polars.DataFrame | Sequences"


@dataclass(frozen=True, eq=False)
class Content:
    """A table, or an array or sequences with their targets, as a reader found it.

    Args:
        name: what reports call it.
        inputs: a polars frame that still holds its target column, an array (N, ...) of uint8 or float32, sequences, or
            a `Text` before it is cut.
        targets: (N,) or (N, T), where the source keeps its targets apart; None where they are a column of the table.
        target: the name or names of the targets, where the source knows them.
        parts: separate 'validation' and 'test' contents.
        notes: what the reader has to report.
        task: the task, where the source knows it; '' to infer it.
        skipped: files that could not be read and have no row.
    """

    name: str
    inputs: Inputs
    targets: np.ndarray | None = None
    target: tuple[str, ...] = ()
    parts: Mapping[str, Content] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    task: str = ""
    skipped: tuple[str, ...] = ()
