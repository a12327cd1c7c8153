"""Numbers that are names: a regression on class ids.

Ids 0 … K−1 in no order make a squared error ask for means between them: between class 2 and class 8 it answers 5. A
count or a rating has an order, and there a regression rounded to whole numbers is about as often right as a classifier.
Both are tried on held-out rows with the same models; where classes are right clearly more often, numbers are names.
"""

from dataclasses import replace
from typing import Any

import numpy as np

from backlit.doctor.finding import Finding, Remedy
from backlit.doctor.limits import LIMITS
from backlit.doctor.references import held_out_answers
from backlit.doctor.table import Table
from backlit.layers.composition import Sequential
from backlit.layers.dense import Dense
from backlit.training import Run


def examine_targets(run: Run, table: Table) -> list[Finding]:
    """A regression whose targets are the ids of classes."""
    ids = class_ids(table)
    if ids is None or len(table.train) < LIMITS["loss rows"]:
        return []
    gain, error, right, rounded = gain_of_classes(table, ids)
    if len(ids) == 2 or gain < LIMITS["loss doubt"] or gain <= LIMITS["loss errors"] * error:
        return []
    proved = gain >= LIMITS["loss gain"]
    classes = f"{len(ids)} different whole numbers from {ids[0]:g} to {ids[-1]:g}"
    return [
        Finding(
            fault="wrong loss for the target",
            level="fault" if proved else "suspicion",
            where="",
            evidence=f"the target has {classes}; told apart as classes by reference models, {right:.1%} of the "
            f"held-out rows are right, and {rounded:.1%} where the same models' numbers are rounded",
            cause=f"the numbers name classes without an order, and {run.settings.loss} asks for what lies between",
            remedy=Remedy("make the task 'many classes', with an output for each class", _changes(run, len(ids))),
            confidence=0.97 if proved else 0.6,
            numbers={"classes": len(ids), "right as classes": right, "right as numbers": rounded},
        )
    ]


def class_ids(table: Table) -> np.ndarray | None:
    """The whole numbers that a regression's targets are, 0 … K−1 or 1 … K; None: they are others."""
    if table.classes or table.train.y.shape[1] != 1:
        return None
    values = np.unique(table.train.y)
    few = 2 <= len(values) <= LIMITS["loss classes"]
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


def _changes(run: Run, classes: int) -> dict[str, Any]:
    """Arguments of `prepare` that make it a task of classes, with a head that fits where the run's is known."""
    changes: dict[str, Any] = {"task": "two classes" if classes == 2 else "many classes", "loss": None}
    network = run.asked.get("network")
    last = network.blocks[-1] if type(network) is Sequential and network.blocks else None
    if isinstance(network, Sequential) and isinstance(last, Dense):
        changes["network"] = Sequential(*network.blocks[:-1], replace(last, units=classes))
    return changes
