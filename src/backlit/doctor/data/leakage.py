"""Label leakage: a feature that holds the target, which nobody will know when the network is to answer.

How much of the target each feature explains alone is told for all features at once:

    classes  η² = Var(E[x|y]) / Var(x): 1 where the feature has one value a class, whatever the values
    numbers  r² of a straight line, or of ranks: 1 where the target is a monotone function of the feature

An easy task has such features, too. What separates them: a cause that is cut into classes keeps its spread within each
(η² ≤ 3/4), a measurement has noise, and other features know something of the same matter. A copy has no spread within
its class, and what it says, no other features together can say. This is tried: reference models answer held-out rows
without the feature; of an exact copy it is enough to see that the others know something.
A copy may have a spread in one class alone (marks.py).
"""

from dataclasses import dataclass

import numpy as np

from backlit.doctor.data.marks import parted_marks, value_marks
from backlit.doctor.finding import Finding, Level, Remedy
from backlit.doctor.limits import LIMITS
from backlit.doctor.references import References, judge_linear, judge_references
from backlit.doctor.table import Table
from backlit.training import Run

SHOWN = 5  # findings of one kind: more of them say nothing new


@dataclass(frozen=True)
class Trial:
    """What was found about features that explain the target: their shares, and the references without them."""

    features: list[int]
    shares: np.ndarray
    copies: np.ndarray
    marks: np.ndarray
    parted: np.ndarray
    without: References | None


def examine_leakage(run: Run, table: Table) -> list[Finding]:
    """Features that hold the target: faults where an experiment proves it."""
    few = len(table.train) < LIMITS["leakage rows"]
    if few or (not table.classes and table.train.y.shape[1] > LIMITS["data targets"]):
        return []
    explained = by_feature(explained_share(table), table)
    copies = by_feature(value_copies(table), table) > 0
    marks = by_feature(value_marks(table), table) > 0
    excused = _histories(run, table)
    near = explained >= LIMITS["leakage near"]
    features = [int(place) for place in np.flatnonzero((near | copies | marks) & ~excused)]
    if not features:
        return _alone(run, table, explained, excused)
    if _is_next_state(table):
        return []
    rest = table.without(features)
    exact = bool((copies | (explained >= 1 - LIMITS["leakage rounding"]))[features].all())
    without = _others(rest, exact)
    parted = by_feature(parted_marks(table, marks), table) > 0
    trial = Trial(features, explained, copies, marks & ~copies, parted, without)
    return [_finding(run, table, trial, place) for place in features[:SHOWN]]


def explained_share(table: Table) -> np.ndarray:
    """How much of the target each column explains alone, on the training rows (F,): η² of classes, r² of numbers.

    Of several targets the one that it explains best; of classes nothing, where it does not tell all of them apart.
    """
    x, y = _filled(table.train.x), table.train.y
    centered = x - x.mean(0)
    total = np.square(centered).sum(0)
    varies = total > 1e-12 * np.maximum(np.square(x).sum(0), 1e-30)
    safe = np.where(varies, total, 1)
    if table.classes:
        member = np.eye(table.classes, dtype=x.dtype)[y]
        sums = member.T @ centered
        between = (np.square(sums) / np.maximum(member.sum(0), 1)[:, None]).sum(0)
        present = member.sum(0) > 0
        means = np.sort((sums / np.maximum(member.sum(0), 1)[:, None])[present], 0)
        within = np.sqrt(np.maximum(total - between, 0) / len(x))
        least = np.maximum(LIMITS["leakage apart"] * within, 1e-6 * np.sqrt(total / len(x)))
        told = (np.diff(means, axis=0) > least).all(0)
        return np.where(varies & told, between / safe, 0)
    return np.where(varies, np.maximum(_straight(x, y), _straight(_ranks(x), _ranks(y))).max(1), 0)


def value_copies(table: Table) -> np.ndarray:
    """Whether each column has one value a class and one class a value, in every row of every part (F,).

    So do indicators together, one of each class but perhaps one.
    """
    columns = table.train.x.shape[1]
    if not table.classes:
        return np.zeros(columns, bool)
    x = np.concatenate([part.x for part in (table.train, table.validation, table.test)])
    y = np.concatenate([part.y for part in (table.train, table.validation, table.test)])
    x = np.where(np.isnan(x), np.finfo(np.float32).min, x)  # missing is a value, too
    present = np.unique(y)
    lowest = np.stack([x[y == code].min(0) for code in present])
    highest = np.stack([x[y == code].max(0) for code in present])
    if len(present) < 2:
        return np.zeros(columns, bool)
    constant = lowest == highest
    one_a_class = constant.all(0) & (np.diff(np.sort(lowest, 0), axis=0) > 0).all(0)
    indicates = np.zeros((len(present), columns), bool)
    for place in range(len(present)):
        others = np.arange(len(present)) != place
        same = lowest[others].min(0) == highest[others].max(0)
        indicates[place] = constant[place] & same & (lowest[place] != lowest[others][0])
    covered = indicates.any(1).sum() >= len(present) - 1
    return one_a_class | (indicates.any(0) & covered)


def held_out_share(table: Table, columns: np.ndarray) -> np.ndarray:
    """What some columns explain alone of what there is to explain, on held-out rows and on those of training, whichever
    is less: 0 at chance, 1 all.

    The most frequent class, or the mean, of the training rows in each of a column's bins answers rows that fall there.
    The bins are categories, or runs of values whose rows are mostly of one class, where they are few; else they have
    equally many training rows.
    """
    parts = [table.train, table.validation] if len(table.validation) else [table.train]
    y = table.train.y if table.classes else table.train.y[:, 0]
    shares = []
    for column in columns:
        edges = bin_edges(table, column, y)
        least = 1.0
        sums = np.zeros(0)
        for part in parts:
            values, judged = part.x[:, column], part.y if table.classes else part.y[:, 0]
            place = np.where(np.isnan(values), 0, np.maximum(np.searchsorted(edges, values, "right"), 1))
            if part is table.train:
                sums = _sums(place, y, table.classes, len(edges) + 1)
            if table.classes:
                chance = np.mean(judged == np.bincount(y).argmax())
                right = np.mean(np.where(sums.any(1), sums.argmax(1), -1)[place] == judged)
                least = min(least, (right - chance) / max(1 - chance, 1e-9))
            else:
                means = np.where(sums[:, 1] > 0, sums[:, 0] / np.maximum(sums[:, 1], 1), y.mean())
                chance = np.square(judged - y.mean()).mean()
                least = min(least, 1 - np.square(judged - means[place]).mean() / chance if chance > 0 else 0.0)
        shares.append(least)
    return np.array(shares)


def _sums(place: np.ndarray, y: np.ndarray, classes: int, bins: int) -> np.ndarray:
    """The rows of each class in each bin (bins, K); of numbers their sum, and how many they are (bins, 2)."""
    if classes:
        return np.bincount(place * classes + y, minlength=bins * classes).reshape(bins, classes)
    return np.stack([np.bincount(place, weights=y, minlength=bins), np.bincount(place, minlength=bins)], 1)


def bin_edges(table: Table, column: int, y: np.ndarray) -> np.ndarray:
    """Where the bins of a column begin."""
    values = table.train.x[:, column]
    known = ~np.isnan(values)
    values, bins = values[known], int(LIMITS["leakage bins"])
    distinct, place = np.unique(values, return_inverse=True)
    if len(distinct) <= bins or table.categories[column]:
        return distinct
    if table.classes:
        counts = np.bincount(place * table.classes + y[known], minlength=len(distinct) * table.classes)
        leading = counts.reshape(len(distinct), table.classes).argmax(1)
        ends = np.flatnonzero(np.diff(leading))
        if len(ends) < bins:
            return np.concatenate([distinct[:1], (distinct[ends] + distinct[ends + 1]) / 2])
    return np.unique(np.quantile(values, np.linspace(0, 1, bins + 1)[:-1]))


def by_feature(values: np.ndarray, table: Table) -> np.ndarray:
    """The largest value of the columns that come from each feature."""
    found = np.zeros(len(table.names))
    np.maximum.at(found, table.feature, values.astype(float))
    return found


def _others(rest: Table, exact: bool) -> References | None:
    """The references on the other features; beside exact copies a linear model alone, if that knows anything: what
    more the others know does not matter there. None where there are no other features."""
    if not rest.train.x.shape[1]:
        return None
    quick = judge_linear(rest) if exact else None
    return quick if quick is not None and quick.above_chance else judge_references(rest, left_out=True)


def _finding(run: Run, table: Table, trial: Trial, place: int) -> Finding:
    without, name = trial.without, table.names[place]
    numbers = {"explained": float(trial.shares[place])}
    alone = f"{name} alone explains {trial.shares[place]:.2%} of the target's variance"
    if trial.marks[place]:
        alone = f"one value of {name} marks a class: all of its rows have it in all parts, and no other row"
    if trial.copies[place]:
        alone = f"each class has one value of {name} to itself in all rows"
    if without is None:
        return _said(run, table, trial, place, "hint", f"{alone}, and there is no other feature", numbers)
    others = without.models[without.best]
    numbers[f"{without.measure} without"] = others.score
    these = "such features" if len(trial.features) > 1 else "it"
    ablated = (
        f"{alone}; models reach, on {without.judged:,} {without.held_out}, {without.measure} {others.score:.3f} "
        f"({without.best}) without {these}"
    )
    return _said(run, table, trial, place, _level(trial, place), ablated, numbers)


def _level(trial: Trial, place: int) -> Level:
    """A fault where the others know something of the target, and much less than the copy."""
    without = trial.without
    assert without is not None
    others, share = without.models[without.best], trial.shares[place]
    gap = 1 - others.score
    if trial.copies[place]:
        return "fault" if without.above_chance else "suspicion"
    if not without.above_chance:
        return "hint"
    if trial.marks[place]:
        proved: Level = "fault" if trial.parted[place] else "suspicion"
        return proved if _margin(without) >= LIMITS["leakage margin"] else "hint"
    unexplained = gap if without.measure == "r²" else gap / max(1 - without.chance.score, 1e-9)
    if unexplained - LIMITS["data errors"] * others.error > LIMITS["leakage times"] * (1 - share):
        return "fault"
    return "suspicion" if share >= LIMITS["leakage exact"] and others.score < 1 and without.measure != "r²" else "hint"


def _margin(without: References) -> float:
    """What the other features leave unexplained at the least: their share, less its standard errors."""
    others, left = without.models[without.best], max(1 - without.chance.score, 1e-9)
    return (1 - others.score - LIMITS["data errors"] * others.error) / left


def _alone(run: Run, table: Table, explained: np.ndarray, excused: np.ndarray) -> list[Finding]:
    """Features that tell (nearly) all by themselves; and the only one that tells much, where all others tell little."""
    strength = explained[table.feature]
    columns = np.argsort(-strength, kind="stable")[: int(LIMITS["leakage screened"])]
    shares = np.zeros(len(strength))
    shares[columns] = held_out_share(table, columns)
    alone = by_feature(shares, table)
    telling = np.flatnonzero((alone >= LIMITS["leakage alone"]) & ~excused)
    sure = telling[alone[telling] >= LIMITS["leakage tells"]]
    if (len(telling) != 1 and not len(sure)) or max(len(sure), 1) == len(table.names):
        return []
    places = [int(place) for place in (sure if len(sure) else telling)]
    without = judge_references(table.without(places), left_out=len(sure) > 0)
    others = without.models[without.best]
    reach = (others.score - without.chance.score) / max(1 - without.chance.score, 1e-9)
    if not len(sure) and reach > LIMITS["leakage others"]:
        return []
    margin = _margin(without)
    known = without.above_chance and margin >= LIMITS["leakage margin"]
    marks = value_marks(table, LIMITS["leakage exceptions"]) if known else np.zeros(len(strength), bool)
    if margin <= 0:
        places = places[:1]  # an easy task: what one feature tells, others tell as well
    trial = Trial(places, alone, alone < 0, by_feature(marks, table) > 0, alone < 0, without)
    found = []
    for place in places[:SHOWN]:
        rows = counts_rows(table, place)
        evidence = (
            f"{table.names[place]} alone explains {alone[place]:.0%} of what there is to explain on held-out rows, all "
            f"others together {max(reach, 0):.0%} ({without.best})"
        )
        evidence += ", and its values are the numbers of rows" if rows else ""
        if trial.marks[place]:
            evidence += ", and one value of it marks a class but for a few rows"
        level: Level = "suspicion" if rows or trial.marks[place] else "hint"
        numbers = {"alone": float(alone[place]), "others": float(reach)}
        found.append(_said(run, table, trial, place, level, evidence, numbers))
    return found


def counts_rows(table: Table, feature: int) -> bool:
    """Whether a feature's values are whole, all different, and fill their range at least by half, as row numbers do."""
    parts = (table.train, table.validation, table.test)
    x = np.concatenate([part.x[:, np.flatnonzero(table.feature == feature)[0]] for part in parts])
    numbers = np.concatenate([part.numbers for part in parts])
    drawn_share = len(x) / (np.ptp(numbers) + 1)
    whole = not np.isnan(x).any() and bool((x == np.round(x)).all()) and len(np.unique(x)) == len(x)
    return whole and drawn_share * (np.ptp(x) + 1) <= 2 * len(x)


def _said(
    run: Run, table: Table, trial: Trial, place: int, level: Level, evidence: str, numbers: dict[str, float]
) -> Finding:
    causes = {
        "fault": "it is a copy of the target that the other features cannot make up for, and no cause of it",
        "suspicion": "it seems to hold the target itself, more exactly than a cause of it would tell",
        "hint": "it may be a cause of the target, or a copy of it that nobody has when the answer is needed",
    }
    words = f"leave out {', '.join(table.names[feature] for feature in trial.features[:SHOWN])}"
    if level == "hint":
        words = "ask whether its value is known when the network is to answer; if not, leave it out"
    return Finding(
        fault="label leakage",
        level=level,
        where=table.names[place],
        evidence=evidence,
        cause=causes[level],
        remedy=Remedy(words, without=_left_out(run, table, trial.features), touches_data=True),
        confidence={"fault": 0.97, "suspicion": 0.7, "hint": 0.3}[level],
        numbers=numbers,
    )


def _left_out(run: Run, table: Table, features: list[int]) -> tuple[str, ...]:
    """What a remedy leaves out: the columns of a table that features come from, or the numbers of an array's."""
    own = [table.own[feature] for feature in features]
    columns = [column.name for column in run.parts.schema.columns for one in column.features if one.name in own]
    return tuple(dict.fromkeys(columns)) or tuple(own)


def _histories(run: Run, table: Table) -> np.ndarray:
    """Whether a feature is the past of what a window forecasts, which it may well resemble."""
    layout = run.parts.schema.layout
    past = set(layout.forecast) if layout is not None else set()
    return np.array([name in past for name in table.own])


def _is_next_state(table: Table) -> bool:
    """Whether several targets each have a feature that nearly equals them: the state of a system, a step later. Where
    each of these is a straight line of a feature but for rounding, no step lies between."""
    x, y = _filled(table.train.x), table.train.y
    if table.classes or y.shape[1] < 2:
        return False
    lines = _straight(x, y).max(0)
    near = np.maximum(lines, _straight(_ranks(x), _ranks(y)).max(0)) >= LIMITS["leakage near"]
    return 2 * near.sum() > len(near) and bool((lines[near] < 1 - LIMITS["leakage rounding"]).any())


def _straight(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """r² of a straight line of each column (N, F) for each target (N, T): (F, T)."""
    centered, away = x - x.mean(0), y - y.mean(0)
    spread = np.outer(np.square(centered).sum(0), np.square(away).sum(0))
    return np.square(centered.T @ away) / np.where(spread > 0, spread, np.inf)


def _filled(x: np.ndarray) -> np.ndarray:
    """Columns in float64, with their mean in the place of what is missing."""
    x = x.astype(np.float64)
    missing = np.isnan(x)
    if not missing.any():
        return x
    known = np.maximum((~missing).sum(0), 1)
    return np.where(missing, np.where(missing, 0, x).sum(0) / known, x)


def _ranks(x: np.ndarray) -> np.ndarray:
    """The ranks of each column's values, equal ones in the order of the rows' first."""
    ordered = np.sort(x, 0)
    return np.stack(
        [np.searchsorted(column, values).astype(np.float64) for column, values in zip(ordered.T, x.T, strict=True)], 1
    )
