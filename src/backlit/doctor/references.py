"""What is learnable from a run's data: quick classic models on the same rows, judged on rows that they have not seen.

A network's score is bad only where another model's is better. The models are five nearest neighbors, a linear one
(logistic regression, or least squares with a small penalty) and a forest of fifty trees, each on at most 2,000 training
rows. They are judged on validation rows, or by threefold cross-validation where there are none; never on test rows.
"""

import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from backlit.doctor.limits import LIMITS
from backlit.doctor.table import Table, design, drawn, no_table, table_of
from backlit.training import Run

NEIGHBORS, TREES, FOLDS = 5, 50, 3
LEFT_OUT = "training rows left out in turn"

Answering: TypeAlias = Callable[[np.ndarray, np.ndarray, np.ndarray, int], dict[str, np.ndarray]]
"""Rows x and y to fit, rows to answer, the number of classes → answers by the names of models."""


class Score(NamedTuple):
    """How well rows are answered, with standard errors.

    Attributes:
        score: accuracy, or r² = 1 − Σ(y − f)² / Σ(y − ȳ)², the mean over targets.
        error: its standard error.
        loss: cross-entropy in nats, or the mean squared error in the data's units.
        loss_error: its standard error.
    """

    score: float
    error: float
    loss: float
    loss_error: float


@dataclass(frozen=True)
class References:
    """The scores of classic models.

    Attributes:
        measure: 'accuracy' or 'r²'.
        models: scores by the names of the models; the larger the better.
        chance: of always answering the most frequent class (with the classes' shares as probabilities), or the mean.
        fitted: how many training rows each model had.
        judged: how many rows the scores are of.
        held_out: what rows these are: 'validation rows' or 'training rows left out in turn'.
    """

    measure: str
    models: Mapping[str, Score]
    chance: Score
    fitted: int
    judged: int
    held_out: str

    @property
    def best(self) -> str:
        """The model with the best score."""
        return max(self.models, key=lambda name: self.models[name].score)

    @property
    def above_chance(self) -> bool:
        """Whether the best model is better than chance by more than could be chance."""
        return self.exceeds_chance(LIMITS["data errors"])

    def exceeds_chance(self, errors: float) -> bool:
        """Whether the best model is better than chance by more than so many standard errors."""
        best = self.models[self.best]
        error = float(np.hypot(best.error, self.chance.error)) if self.measure == "accuracy" else best.error
        return best.score - self.chance.score > errors * error


def references(run: Run) -> References | None:
    """Classic models' scores on a run's data; None where `no_references` says why not.

    Args:
        run: ready to train; its training and validation rows are used.
    """
    table = None if no_references(run) else table_of(run)
    return None if table is None else judge_references(table)


def no_references(run: Run) -> str | None:
    """Why there are no reference models for a run; None: there are."""
    reason = no_table(run)
    if reason is not None:
        return reason
    rows = len(run.parts.train)
    return f"{rows} training rows are too few" if rows < LIMITS["references fewest"] else None


def judge_references(table: Table, left_out: bool = False) -> References:
    """Classic models' scores on a table's validation rows, or on its training rows, each left out once."""
    answers, y, train_y = held_out_answers(table, left_out)
    many = len(table.validation) > 0 and not left_out
    return _judged(answers, y, train_y, table.classes, "validation rows" if many else LEFT_OUT)


def judge_linear(table: Table) -> References:
    """The score of least squares alone on training rows, each left out once: it takes hundredths of a second."""
    said, y = _linear_answers(table, LIMITS["references judged"])
    return _judged({"linear model": said}, y, y, table.classes, LEFT_OUT)


def linear_effect(table: Table) -> float:
    """How many standard errors what least squares says of rows that were left out goes with their targets: r · √(n/2),
    the mean over targets, or over K classes with √(K − 1) for as many independent ones. Each pair of rows counts twice
    in Σ f·y, for it is symmetric, whence the 2. An effect too small for a better score is seen, too.
    """
    most = LIMITS["references linear"] // max(table.train.x.shape[1], 1)
    said, y = _linear_answers(table, max(LIMITS["references judged"], most))
    targets = np.eye(table.classes)[y] if table.classes else y
    away, others = said - said.mean(0), targets - targets.mean(0)
    spread = np.sqrt(np.square(away).sum(0) * np.square(others).sum(0))
    independent = max(table.classes - 1, 1)
    correlation = ((away * others).sum(0) / np.where(spread > 0, spread, np.inf)).mean()
    return float(np.sqrt(len(y) / 2 * independent) * correlation)


def scores_of_halves(run: Run) -> list[float]:
    """The best model's score on validation rows, with each half of the training rows; [] where there are no models."""
    table = None if no_references(run) else table_of(run)
    if table is None or not len(table.validation):
        return []
    order = np.random.default_rng(0).permutation(len(table.train))
    halves = [replace(table, train=table.train.take(half)) for half in np.array_split(order, 2)]
    scores = [judge_references(half).models for half in halves]
    return [max(model.score for model in models.values()) for models in scores]


def held_out_answers(table: Table, left_out: bool = False) -> tuple[dict[str, np.ndarray], np.ndarray, np.ndarray]:
    """Each model's answers on held-out rows: probabilities (N, K) or numbers (N, T); their targets; those fitted on.

    Args:
        table: the rows.
        left_out: whether training rows are left out in turn although there are validation rows.
    """
    x, judged_x, _ = design(table)
    chosen = drawn(len(x), LIMITS["references fitted"])
    x, y = x[chosen], table.train.y[chosen]
    if len(judged_x) and not left_out:
        judged = drawn(len(judged_x), LIMITS["references judged"])
        found = _answers(x, y, judged_x[judged], table.classes)
        return found, table.validation.y[judged], y
    chosen = drawn(len(x), LIMITS["references judged"])
    x, y = x[chosen], y[chosen]
    return left_out_answers(_answers, x, y, table.classes), y, y


def left_out_answers(answers: Answering, x: np.ndarray, y: np.ndarray, classes: int) -> dict[str, np.ndarray]:
    """The answers of models on rows, each left out of the fit once."""
    fold = np.random.default_rng(0).permutation(len(x)) % FOLDS
    folds = [answers(x[fold != k], y[fold != k], x[fold == k], classes) for k in range(FOLDS)]
    order = np.argsort(np.concatenate([np.flatnonzero(fold == k) for k in range(FOLDS)]))
    return {name: np.concatenate([one[name] for one in folds])[order] for name in folds[0]}


def score_of(answers: np.ndarray, y: np.ndarray, classes: int) -> Score:
    """The score of answers: probabilities (N, K) of classes y (N,), or numbers (N, T) for y (N, T).

    The standard error of an accuracy a is √(a (1 − a) / n), with one right and one wrong row more, so that it is
    above 0 for a perfect score; that of r² follows from those of the two means that it is made of.
    """
    rows = len(y)
    if classes:
        right = answers.argmax(1) == y
        losses = -np.log(np.maximum(answers[np.arange(rows), y], 1e-12))
        smoothed = (right.sum() + 1) / (rows + 2)
        error = np.sqrt(smoothed * (1 - smoothed) / rows)
        return Score(float(right.mean()), float(error), float(losses.mean()), _error(losses))
    squared = np.square(y - answers).astype(np.float64)
    spread = np.square(y - y.mean(0)).astype(np.float64)
    variance = spread.mean(0)
    varies = variance > 0
    if not varies.any():
        return Score(0.0, 0.0, float(squared.mean()), _error(squared.mean(1)))
    ratio = squared.mean(0)[varies] / variance[varies]
    residual = (squared[:, varies] - ratio * spread[:, varies]) / variance[varies]
    return Score(float(1 - ratio.mean()), _error(residual.mean(1)), float(squared.mean()), _error(squared.mean(1)))


def _linear_answers(table: Table, most: float) -> tuple[np.ndarray, np.ndarray]:
    """What least squares says of training rows that are left out, and their targets."""
    x = design(table)[0]
    chosen = drawn(len(x), most)
    x, y = x[chosen], table.train.y[chosen]
    return left_out_answers(_linear, x, y, table.classes)["linear model"], y


def _judged(
    answers: Mapping[str, np.ndarray], y: np.ndarray, train_y: np.ndarray, classes: int, held_out: str
) -> References:
    models = {name: score_of(answer, y, classes) for name, answer in answers.items()}
    measure = "accuracy" if classes else "r²"
    return References(measure, models, _chance(train_y, y, classes), len(train_y), len(y), held_out)


def _error(values: np.ndarray) -> float:
    """The standard error of a mean."""
    return float(values.std() / np.sqrt(len(values)))


def _chance(train_y: np.ndarray, y: np.ndarray, classes: int) -> Score:
    if not classes:
        return score_of(np.broadcast_to(train_y.mean(0), y.shape), y, 0)
    shares = (np.bincount(train_y, minlength=classes) + 1e-7) / len(train_y)
    return score_of(np.broadcast_to(shares, (len(y), classes)), y, classes)


def _answers(x: np.ndarray, y: np.ndarray, judged: np.ndarray, classes: int) -> dict[str, np.ndarray]:
    return _of_classes(x, y, judged, classes) if classes else _of_numbers(x, y, judged)


def _linear(x: np.ndarray, y: np.ndarray, judged: np.ndarray, classes: int) -> dict[str, np.ndarray]:
    """Least squares with a small penalty; of classes, from their indicators, cut to probabilities."""
    targets = np.eye(classes)[y] if classes else y.astype(np.float64)
    centered = (x - x.mean(0)).astype(np.float64)
    slopes = np.linalg.solve(centered.T @ centered + np.eye(x.shape[1]), centered.T @ (targets - targets.mean(0)))
    said = (judged - x.mean(0)) @ slopes + targets.mean(0)
    if classes:
        said = np.clip(said, 1e-3, 1)
        said /= said.sum(1, keepdims=True)
    return {"linear model": said}


def _of_classes(x: np.ndarray, y: np.ndarray, judged: np.ndarray, classes: int) -> dict[str, np.ndarray]:
    """Probabilities, mixed with a little of the classes' shares where a model counts rows: 0 of 5 is not never."""
    from sklearn.ensemble import ExtraTreesClassifier
    from sklearn.linear_model import LogisticRegression
    from sklearn.neighbors import KNeighborsClassifier

    shares = np.bincount(y, minlength=classes) / len(y)
    present = np.flatnonzero(shares)
    if len(present) == 1:
        names = ("nearest neighbors", "linear model", "forest")
        return dict.fromkeys(names, np.broadcast_to(shares, (len(judged), classes)))
    neighbors = min(NEIGHBORS, len(x))
    models: dict[str, tuple[Any, float]] = {
        "nearest neighbors": (KNeighborsClassifier(neighbors, algorithm="brute"), neighbors),
        "linear model": (LogisticRegression(max_iter=50, tol=1e-3), np.inf),
        "forest": (ExtraTreesClassifier(TREES, random_state=0), TREES),
    }
    found = {}
    for name, (model, votes) in models.items():
        said = np.zeros((len(judged), classes))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of convergence: the model is only to be good enough
            said[:, present] = model.fit(x, y).predict_proba(judged)
        found[name] = said if votes == np.inf else (votes * said + shares) / (votes + 1)
    return found


def _of_numbers(x: np.ndarray, y: np.ndarray, judged: np.ndarray) -> dict[str, np.ndarray]:
    from sklearn.ensemble import ExtraTreesRegressor
    from sklearn.linear_model import Ridge
    from sklearn.neighbors import KNeighborsRegressor

    mean, deviation = y.mean(0), y.std(0)
    scale = np.where(deviation > 0, deviation, 1)
    targets = (y - mean) / scale if y.shape[1] > 1 else ((y - mean) / scale)[:, 0]
    models: dict[str, Any] = {
        "nearest neighbors": KNeighborsRegressor(min(NEIGHBORS, len(x)), algorithm="brute"),
        "linear model": Ridge(1.0),
        "forest": ExtraTreesRegressor(TREES, random_state=0, max_features=max(1, x.shape[1] // 3)),
    }
    found = {name: model.fit(x, targets).predict(judged) for name, model in models.items()}
    return {name: said.reshape(len(judged), -1) * scale + mean for name, said in found.items()}
