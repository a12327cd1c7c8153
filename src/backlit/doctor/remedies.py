"""Remedies applied: the run that a remedy makes of another, with nothing else changed.

What `prepare` chooses by itself follows from what it is given: a rate that is given makes the schedule constant, a
network that is given has no penalty, a smaller batch has fewer epochs. A remedy changes what it names and no more, so
the settings that it does not name are those that the run had.
"""

from collections.abc import Mapping
from dataclasses import replace
from math import prod
from typing import Any

import numpy as np

from backlit.data import Dataset
from backlit.doctor.finding import Remedy, Unpadded
from backlit.errors import DataError, SettingError, nearest
from backlit.training import Run, Settings
from backlit.training.preparation import OF_READING, prepare_again
from backlit.training.settings import OWN

KEPT = tuple(name for name in Settings.__dataclass_fields__ if name not in ("loss", "split", "order_by"))


def apply_remedy(run: Run, remedy: Remedy) -> tuple[Run, dict[str, Any]]:
    """The run that a remedy makes, ready to train, and what it changes of what `prepare` was given.

    The epochs, and every other setting that the remedy does not name, stay those of the run; with an update rule or a
    rate of the remedy's own, the rate and its schedule are what `prepare` makes of them.

    Args:
        run: as it is.
        remedy: its changes are arguments of `prepare`.

    Raises:
        InputError: it cannot be prepared.
    """
    changes = {name: _made(run, value) for name, value in remedy.changes.items()}
    changes |= leave_out(run, remedy.without) if remedy.without else {}
    unknown = [name for name in changes if name not in run.asked and name not in Settings.__dataclass_fields__]
    if unknown:
        raise SettingError(f"prepare takes no {unknown[0]!r}")
    again = prepare_again(run, **changes)
    others = _others(run, again, changes)
    if not others:
        return again, changes
    changes |= others
    return prepare_again(run, **changes), changes


def leave_out(run: Run, names: tuple[str, ...]) -> dict[str, Any]:
    """The arguments of `prepare` by which features are not read.

    Args:
        run: whose data they are of.
        names: of the columns of a table; of an array the numbers of its columns, from 0 on, of an image those of its
            pixels, row by row. An image keeps its size: what is left out of it is 0 in all rows.

    Raises:
        InputError: there are no such features, or the data have none that could be left out.
    """
    dataset = run.dataset
    if dataset.schema.kind == "table":
        known = [column.name for column in dataset.schema.used]
        for name in names:
            if name not in known:
                raise DataError(f"the table has no feature {name!r}: {nearest(name, known)}")
        if not isinstance(run.asked["data"], Dataset):
            return {"columns": {**(run.asked["columns"] or {}), **dict.fromkeys(names, "ignored")}}
        return _instead(run, _without_columns(dataset, names))
    inputs, kind = dataset.inputs, dataset.schema.kind
    if not isinstance(inputs, np.ndarray) or kind == "sequence" or dataset.schema.dtype == "int32":
        raise DataError(f"features of {kind} data cannot be left out one by one")
    if dataset.schema.reconstructs:
        raise DataError("the inputs are the targets, and none can be left out")
    width = prod(inputs.shape[1:])
    places = [int(name) for name in names if name.isdecimal() and int(name) < width]
    if len(places) < len(names):
        raise DataError(f"the features of an array have numbers from 0 to {width - 1}, not {', '.join(names)}")
    drop = _without_places if inputs.ndim == 2 else _with_zeros
    return _instead(run, drop(dataset, places))


def _made(run: Run, value: Any) -> Any:
    """The argument of `prepare` that a value of a remedy's changes stands for."""
    if not isinstance(value, Unpadded):
        return value
    data = run.asked["data"]
    return np.where((data == value.value).all(-1, keepdims=True), np.nan, data)


def _others(run: Run, again: Run, changes: Mapping[str, Any]) -> dict[str, Any]:
    """The settings that changed and were not to."""
    before, after = run.settings, again.settings
    named = set(changes)
    if "optimizer" in changes:
        named |= {"learning_rate", "schedule"}
    if "learning_rate" in changes and changes["learning_rate"] is None:
        named.add("schedule")
    if OWN in (before.optimizer, after.optimizer):
        named |= {"optimizer", "learning_rate", "schedule"}
    others = {name: getattr(before, name) for name in KEPT if name not in named}
    return {name: value for name, value in others.items() if value != getattr(after, name)}


def _instead(run: Run, dataset: Dataset) -> dict[str, Any]:
    """The arguments by which a data set takes the place of what was read."""
    return {**{name: None for name in run.asked if name in OF_READING}, "data": dataset}


def _without_columns(dataset: Dataset, names: tuple[str, ...]) -> Dataset:
    columns = tuple(
        replace(column, kind="ignored") if column.name in names else column for column in dataset.schema.columns
    )
    return replace(dataset, schema=replace(dataset.schema, columns=columns))


def _without_places(dataset: Dataset, places: list[int]) -> Dataset:
    """A data set of an array, and its separate parts, without some of its columns."""
    schema = dataset.schema
    inputs: Any = dataset.inputs
    kept = [place for place in range(inputs.shape[1]) if place not in places]
    columns = tuple(schema.columns[place] for place in kept) if schema.columns else ()
    return replace(
        dataset,
        inputs=inputs[:, kept],
        schema=replace(schema, columns=columns, input_shape=(len(kept),)),
        validation=dataset.validation and _without_places(dataset.validation, places),
        test=dataset.test and _without_places(dataset.test, places),
    )


def _with_zeros(dataset: Dataset, places: list[int]) -> Dataset:
    """A data set of images, and its separate parts, some of whose numbers are 0 in every row."""
    assert isinstance(dataset.inputs, np.ndarray)
    inputs = dataset.inputs.copy()
    inputs.reshape(len(inputs), -1)[:, places] = 0
    return replace(
        dataset,
        inputs=inputs,
        validation=dataset.validation and _with_zeros(dataset.validation, places),
        test=dataset.test and _with_zeros(dataset.test, places),
    )
