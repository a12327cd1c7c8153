"""Flipped labels: errors that fall alike everywhere, where overlapping classes put them between the classes.

A model that knows how sure it is errs where it is not sure: between overlapping classes, it can know where they meet.
Labels that are exchanged at random are as often wrong in the middle of a class as at its border, so that knowing how
sure a model is tells next to nothing of where it errs. The measure is the area under the curve (AUC) of a row's
certainty, the lead of its first class over its second, for its being answered rightly: 1/2 if certainty tells nothing.
For two Gaussian classes that overlap so much that a share a of the answers is right, it follows from a alone.

With more than two classes, what is exchanged goes to the other classes by their shares, where overlap joins some.

Exchanged labels do not keep a network from learning: of K classes, errors of a share ε weaken what the labels say of
the inputs to s = 1 − ε K / (K − 1), and 1 / s² times as many rows make up for that. A few of them are a hint.
"""

import warnings
from functools import cache
from typing import Any, NamedTuple

import numpy as np

from backlit.doctor.data.neighborhoods import Neighborhoods
from backlit.doctor.limits import LIMITS
from backlit.doctor.references import left_out_answers
from backlit.doctor.table import Table, design, drawn

TREES, LEAF = 50, 3


class Flipped(NamedTuple):
    """How the errors of left-out rows fall.

    Attributes:
        right: the share of rows that are answered rightly.
        certainty: the AUC of certainty for being right.
        overlap: what two overlapping Gaussian classes would have, with as many right answers.
        error: the standard error of an AUC of so many rows.
        lost: the share of rows that is as good as lost, 1 − s².
        sure: whether overlap is excluded, by three standard errors or by the classes that are exchanged.
    """

    right: float
    certainty: float
    overlap: float
    error: float
    lost: float
    sure: bool


def find_flipped(table: Table, near: Neighborhoods) -> Flipped | None:
    """How errors fall, where they fall alike everywhere as those of flipped labels; None where they do not.

    Args:
        table: with classes.
        near: the neighborhoods of training rows.
    """
    y, classes = near.y, table.classes
    votes = near.votes(classes) / near.neighbors.shape[1]
    shares = np.bincount(y, minlength=classes) / len(y)
    if not _worth_a_look(float((votes.argmax(1) == y).mean()), shares.max(), len(y)):
        return None
    x = design(table)[0]
    x = x[drawn(len(x), LIMITS["references fitted"])]
    models = [votes, *left_out_answers(_answers, x, y, classes).values()]
    rights = [float((said.argmax(1) == y).mean()) for said in models]
    best = max(rights)
    if not _worth_a_look(best, shares.max(), len(y)) or _by_few_values(x, y, classes, best):
        return None
    good = [said for said, right in zip(models, rights, strict=True) if right > best - LIMITS["flipped as good"]]
    certainty = max(_certainty(said, y) for said in good)
    overlap = overlap_certainty(best)
    rare = min(best, 1 - best) * len(y)
    error = float(np.sqrt(1 / (12 * rare) + 1 / (12 * (len(y) - rare))))
    if classes == 2:
        alike = certainty - 0.5 <= LIMITS["flipped certainty"] * (overlap - 0.5)
        sure = overlap - certainty > LIMITS["data errors"] * error
    else:
        alike = certainty <= LIMITS["flipped certainty of many"]
        alike = alike and _exchanged_by_shares(models[int(np.argmax(rights))].argmax(1), y, shares)
        sure = True
    lost = 1 - max(1 - (1 - best) * classes / (classes - 1), 0.0) ** 2
    return Flipped(best, certainty, overlap, error, lost, sure) if alike else None


@cache
def overlap_certainty(right: float) -> float:
    """The AUC of |z| for z > 0, where z ~ N(d, 1) and P(z > 0) is this share: what certainty tells of two Gaussian
    classes of equal size and spread, by quadrature over |z|.

    Args:
        right: the share of right answers, above 1/2.
    """
    from scipy.stats import norm

    z = np.linspace(0, 12, 6001)
    d = norm.ppf(min(max(right, 0.5), 1 - 1e-9))
    true, false = norm.pdf(z - d), norm.pdf(z + d)
    below = np.cumsum(false) - false / 2
    return float((true * below).sum() / (true.sum() * false.sum()))


def _worth_a_look(right: float, most: float, rows: int) -> bool:
    """Whether rows suffice, errors are frequent, and classes are told apart all the same: a weak signal has errors
    everywhere, too."""
    lead = LIMITS["flipped lead"] * (1 - most)
    return rows >= LIMITS["flipped rows"] and right <= 1 - LIMITS["flipped errors"] and right - most >= lead


def _answers(x: np.ndarray, y: np.ndarray, judged: np.ndarray, classes: int) -> dict[str, np.ndarray]:
    """Probabilities (N, K) by a linear model and by a forest."""
    from sklearn.linear_model import LogisticRegression

    linear = LogisticRegression(max_iter=50, tol=1e-3)
    return {"linear model": _said(linear, x, y, judged, classes), **_of_forest(x, y, judged, classes)}


def _of_forest(x: np.ndarray, y: np.ndarray, judged: np.ndarray, classes: int) -> dict[str, np.ndarray]:
    """Those by a forest whose leaves hold several rows: one row a leaf is sure of everything."""
    from sklearn.ensemble import ExtraTreesClassifier

    forest = ExtraTreesClassifier(TREES, min_samples_leaf=LEAF, random_state=0)
    return {"forest": _said(forest, x, y, judged, classes)}


def _said(model: Any, x: np.ndarray, y: np.ndarray, judged: np.ndarray, classes: int) -> np.ndarray:
    said = np.zeros((len(judged), classes))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of convergence: the model is only to be good enough
        said[:, np.unique(y)] = model.fit(x, y).predict_proba(judged)
    return said


def _by_few_values(x: np.ndarray, y: np.ndarray, classes: int, right: float) -> bool:
    """Whether features of a few values alone answer as many rows rightly: between such there is no border, and each
    cell has one share of right answers, as flipped labels do."""
    few = np.array([len(np.unique(column)) <= LIMITS["flipped values"] for column in x.T])
    if not few.any():
        return False
    error = np.sqrt(right * (1 - right) / len(y))
    said = left_out_answers(_of_forest, x[:, few], y, classes)["forest"]
    return float((said.argmax(1) == y).mean()) > right - LIMITS["data errors"] * error


def _certainty(said: np.ndarray, y: np.ndarray) -> float:
    """The AUC of the lead of the first class over the second, for being right; ties count half."""
    from scipy.stats import rankdata

    right = said.argmax(1) == y
    count = right.sum()
    if count in (0, len(y)):
        return 1.0
    first, second = np.sort(said, 1)[:, :-3:-1].T
    ranks = rankdata(first - second)
    return float((ranks[right].sum() - count * (count + 1) / 2) / (count * (len(y) - count)))


def _exchanged_by_shares(said: np.ndarray, y: np.ndarray, shares: np.ndarray) -> bool:
    """Whether rows that are answered wrongly have the other classes by their shares: χ² over all pairs of classes of
    which one is to be expected at least."""
    from scipy.stats import chi2

    statistic, freedom = 0.0, 0
    for k in range(len(shares)):
        others = np.where(np.arange(len(shares)) == k, 0, shares)
        wrong = np.bincount(y[(said == k) & (y != k)], minlength=len(shares))
        expected = wrong.sum() * others / max(others.sum(), 1e-12)
        counted = expected >= 1
        statistic += float((np.square(wrong - expected)[counted] / expected[counted]).sum())
        freedom += max(int(counted.sum()) - 1, 0)
    return freedom > 0 and statistic <= chi2.ppf(LIMITS["flipped by shares"], freedom)
