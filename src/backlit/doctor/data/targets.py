"""Numbers that are names: a regression on class ids.

Ids 0 … K−1 in no order make a squared error ask for means between them: between class 2 and class 8 it answers 5. A
count or a rating has an order, and there a regression rounded to whole numbers is about as often right as a classifier.
Both are tried on held-out rows with the same models; where classes are right clearly more often, numbers are names.

The converse: counts that were taken as classes. There the mean of a row's neighbors, rounded, is as often right as the
most frequent class among them, and nearer where both are wrong.
"""

from dataclasses import replace
from typing import Any

import numpy as np

from backlit.doctor.data.neighborhoods import Neighborhoods
from backlit.doctor.finding import Finding, Level, Remedy
from backlit.doctor.limits import LIMITS
from backlit.doctor.references import held_out_answers
from backlit.doctor.table import Table
from backlit.layers.composition import Sequential
from backlit.layers.dense import Dense
from backlit.networks.named import recipe_named
from backlit.training import Run


def examine_targets(run: Run, table: Table, near: Neighborhoods | None) -> list[Finding]:
    """A regression whose targets are the ids of classes; classes that are counts."""
    if table.classes:
        return _counts(run, near)
    ids = class_ids(table)
    if ids is None or len(table.train) < LIMITS["loss rows"]:
        return []
    gain, error, right, rounded = gain_of_classes(table, ids)
    level: Level | None
    if gain >= LIMITS["loss doubt"] and gain > LIMITS["loss errors"] * error:
        level = "fault" if gain >= LIMITS["loss gain"] else "suspicion"
    else:
        few = ids[0] == 0 and len(ids) <= LIMITS["loss few"]
        least = LIMITS["loss hint errors"] * error
        level = "hint" if gain > (-least if few else least) else None
    if level is None:
        return []
    classes = f"{len(ids)} different whole numbers from {ids[0]:g} to {ids[-1]:g}"
    cause = f"the numbers name classes without an order, and {run.settings.loss} asks for what lies between"
    words = "make the task 'many classes', with an output for each class"
    if level == "hint":
        cause = f"if the numbers name classes without an order, {run.settings.loss} asks for what lies between"
        words = "ask whether the numbers are names or amounts; if names, make the task 'many classes'"
    return [
        Finding(
            fault="wrong loss for the target",
            level=level,
            where="",
            evidence=f"the target has {classes}; told apart as classes by reference models, {right:.1%} of the "
            f"held-out rows are right, and {rounded:.1%} where the same models' numbers are rounded",
            cause=cause,
            remedy=Remedy(words, _changes(run, "many classes", len(ids))),
            confidence={"fault": 0.97, "suspicion": 0.6, "hint": 0.3}[level],
            numbers={"classes": len(ids), "right as classes": right, "right as numbers": rounded},
        )
    ]


def class_ids(table: Table) -> np.ndarray | None:
    """The whole numbers that a regression's targets are, 0 … K−1 or 1 … K; None: they are others, or two, whose order
    does not matter."""
    if table.classes or table.train.y.shape[1] != 1:
        return None
    values = np.unique(table.train.y)
    few = 3 <= len(values) <= LIMITS["loss classes"]
    if not few or (values != np.round(values)).any() or values[0] not in (0, 1):
        return None
    return values if values[-1] - values[0] == len(values) - 1 else None


def gain_of_classes(table: Table, ids: np.ndarray) -> tuple[float, float, float, float]:
    """How much more often the best reference model is right about classes than rounded numbers are, the standard error
    of that, and both shares.
    """
    shares = {}
    for classes in (len(ids), 0):
        parts = [
            replace(part, y=np.searchsorted(ids, part.y[:, 0])) if classes else part
            for part in (table.train, table.validation, table.test)
        ]
        if classes and any((part.y >= classes).any() for part in parts):
            return 0.0, 1.0, 0.0, 0.0
        asked = replace(table, train=parts[0], validation=parts[1], test=parts[2], classes=classes)
        answers, y, _ = held_out_answers(asked, left_out=True)
        if classes:
            right = [said.argmax(1) == y for said in answers.values()]
        else:
            right = [np.clip(np.round(said), ids[0], ids[-1])[:, 0] == y[:, 0] for said in answers.values()]
        shares[classes] = max(right, key=np.mean)
    difference = shares[len(ids)].astype(float) - shares[0]
    error = max(difference.std(), 0.5) / np.sqrt(len(difference))
    return float(difference.mean()), float(error), float(shares[len(ids)].mean()), float(shares[0].mean())


def _counts(run: Run, near: Neighborhoods | None) -> list[Finding]:
    """Classes that are whole numbers in a row, and that rows near to each other have near to each other."""
    names = run.parts.schema.classes
    if near is None or len(names) < LIMITS["counts classes"] or run.asked.get("task") is not None:
        return []
    if not all(name.isdecimal() for name in names):
        return []
    values = np.array([float(name) for name in names])
    if np.ptp(values) + 1 > LIMITS["counts gaps"] * len(values):
        return []
    y, votes = values[near.y], near.votes(len(names))
    mean = votes @ values / votes.sum(1)
    leading = values[votes.argmax(1)]
    told = np.corrcoef(mean, y)[0, 1] if mean.std() * y.std() > 0 else 0.0
    right, rounded = leading == y, np.round(mean) == y
    behind = right.astype(float) - rounded
    if told * np.sqrt(len(y)) <= LIMITS["data errors"] or behind.mean() > behind.std() / np.sqrt(len(y)):
        return []
    away, away_rounded = np.abs(leading - y).mean(), np.abs(np.round(mean) - y).mean()
    if away_rounded >= away:
        return []
    changes = _changes(run, "regression", 1)
    return [
        Finding(
            fault="wrong loss for the target",
            level="hint",
            where="",
            evidence=f"the {len(names)} classes are whole numbers from {values.min():g} to {values.max():g}; the mean "
            f"of a row's {near.neighbors.shape[1]} neighbors, rounded, is {away_rounded:.2f} off and right for "
            f"{rounded.mean():.1%} of the rows, the most frequent class among them {away:.2f} off and right for "
            f"{right.mean():.1%}",
            cause="a loss of classes does not know that 3 is nearer to 4 than to 9, and learns each from its own rows",
            remedy=Remedy("ask whether a regression is meant: the task 'regression' (--task regression)", changes),
            confidence=0.4,
            numbers={"classes": len(names), "off as classes": away, "off as numbers": away_rounded},
        )
    ]


def _changes(run: Run, task: str, units: int) -> dict[str, Any]:
    """Arguments of `prepare` that make it another task, with a head that fits where the run's is known."""
    changes: dict[str, Any] = {"task": task, "loss": None}
    from backlit.doctor.start.remedies import as_argument, asked_network  # a tenth of a second, rarely needed

    asked = run.asked.get("network")
    fits = asked is None or (isinstance(asked, str) and recipe_named(asked) is not None)  # a head by itself
    network = None if fits else asked_network(run)
    last = network.blocks[-1] if network is not None and network.blocks else None
    if network is not None and isinstance(last, Dense):
        changes["network"] = as_argument(Sequential(*network.blocks[:-1], replace(last, units=units)))
    return changes
