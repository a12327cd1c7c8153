"""Rivals of a network: scikit-learn's classic estimators, on the same rows, with the same preprocessing.

Each is fitted on what the network's own Impute, Standardize and OneHot make of the training rows, and scored on the
test rows (on the training rows, where there are none).
"""

import time
import warnings
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from backlit.data import Part
from backlit.errors import SettingError
from backlit.layers.block import Context
from backlit.layers.padding import Padding
from backlit.layers.preprocessing import Impute, OneHot, Standardize
from backlit.shapes import write
from backlit.training.model import Model
from backlit.training.run import Run
from backlit.training.scoring import r_squared

FRONT = (Padding, Impute, Standardize, OneHot)
MOST_PAIRED = 10_000  # training rows up to which a support vector machine is fitted: it takes O(N²)


class Rival(NamedTuple):
    """One model's outcome.

    Attributes:
        name: what it is.
        score: accuracy, or r² for numbers.
        rmse: the root of the mean squared error, in the target's units; None for classes.
        fit: seconds of training.
        predict: seconds for the scored rows.
        stored: bytes of the arrays that it keeps, to predict with.
    """

    name: str
    score: float
    rmse: float | None
    fit: float
    predict: float
    stored: int


def baselines(run: Run, model: Model | None = None) -> list[Rival]:
    """scikit-learn's nearest neighbor, linear model, random forest and support vector machine beside a network.

    The linear model of numbers is the closed form of least squares, that of classes an unpenalized logistic regression.
    The support vector machine is left out above 10,000 training rows and for several targets.

    Args:
        run: a prepared run: its rows, their weights and its preprocessing.
        model: the network that the run trained, which then comes first.

    Returns:
        One row a model.

    Raises:
        SettingError: the targets are not one class or some numbers an example.

    >>> from backlit import prepare
    >>> [rival.name for rival in baselines(prepare("linear", "line(n=40)"))]
    ['nearest neighbor', 'linear regression', 'random forest', 'support vector machine']
    """
    check_targets(run)
    train = run.parts.train
    judged = run.parts.test if len(run.parts.test.x) else train
    x, test_x = _features(run, train), _features(run, judged)
    rows = [] if model is None else [_own(model, judged)]
    for name, estimator in _estimators(run).items():
        rows.append(_rival(name, estimator, (x, train.y, run.row_weights), (test_x, judged.y), run))
    return rows


def check_targets(run: Run) -> None:
    """Refuse targets that scikit-learn's models do not take.

    Raises:
        SettingError: naming their shape.
    """
    y = run.parts.train.y
    if y.ndim > (1 if run.objective.classes else 2):
        kind = "classes" if run.objective.classes else "numbers"
        raise SettingError(
            f"the baselines tell one class or a row of numbers an example, and here it has {write(y.shape[1:])} "
            f"{kind}: leave the baselines out"
        )


def _estimators(run: Run) -> dict[str, Any]:
    from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor
    from sklearn.linear_model import LinearRegression, LogisticRegression
    from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor
    from sklearn.svm import SVC, SVR

    seed, train = run.settings.seed, run.parts.train
    paired = len(train.x) <= MOST_PAIRED and train.y.ndim == 1
    if run.objective.classes:
        chosen = {
            "nearest neighbor": KNeighborsClassifier(1),
            "logistic regression": LogisticRegression(C=np.inf, max_iter=1000),
            "random forest": RandomForestClassifier(random_state=seed),
        }
        return chosen | ({"support vector machine": SVC()} if paired else {})
    chosen = {
        "nearest neighbor": KNeighborsRegressor(1),
        "linear regression": LinearRegression(),
        "random forest": RandomForestRegressor(random_state=seed),
    }
    return chosen | ({"support vector machine": SVR()} if paired else {})


def _features(run: Run, part: Part) -> np.ndarray:
    """The rows as the network's own preprocessing makes them, flat."""
    x = part.x
    for name, block in run.network.named.items():
        if not isinstance(block, FRONT):
            break
        x = np.asarray(block.apply({}, run.fitted.get(name, {}), jnp.asarray(x), Context())[0])
    return x.reshape(len(x), -1)


def _rival(name: str, estimator: Any, train: tuple, judged: tuple, run: Run) -> Rival:
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.utils.validation import has_fit_parameter

    x, y, weights = train
    weighted = {"sample_weight": weights} if has_fit_parameter(estimator, "sample_weight") else {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        fit, _ = _timed(lambda: estimator.fit(x, y, **weighted))
    predict, answers = _timed(lambda: estimator.predict(judged[0]))
    score, rmse = _scores(answers, judged[1], bool(run.objective.classes))
    return Rival(name, score, rmse, fit, predict, bytes_held(estimator))


def _own(model: Model, judged: Part) -> Rival:
    model.predict_encoded(judged.x)  # once, so that no compilation is timed
    predict, found = _timed(lambda: model.predict_encoded(judged.x))
    classes = bool(model.schema.classes)
    score, rmse = _scores(found.argmax(-1) if classes else found, judged.y, classes)
    stored = bytes_held(jax.tree.leaves((model.parameters, model.state)))
    return Rival("network", score, rmse, model.seconds.get("total", 0.0), predict, stored)


def bytes_held(thing: Any) -> int:
    """The bytes of all arrays that an object holds, at any depth, each counted once.

    >>> x = np.zeros(3)
    >>> bytes_held({"a": [x, x], "b": np.zeros(2, np.float32)})
    32
    """
    total = 0
    met: dict[int, Any] = {}  # kept, so that no other object takes its identity meanwhile
    waiting = [thing]
    while waiting:
        held = waiting.pop()
        if id(held) in met or isinstance(held, type):
            continue
        met[id(held)] = held
        if hasattr(held, "nbytes"):
            total += held.nbytes
        elif isinstance(held, dict):
            waiting.extend(held.values())
        elif isinstance(held, list | tuple):
            waiting.extend(held)
        elif hasattr(held, "__getstate__") and not callable(held):
            waiting.append(held.__getstate__())
    return total


def _scores(answers: np.ndarray, y: np.ndarray, classes: bool) -> tuple[float, float | None]:
    if classes:
        return float(np.mean(answers == y)), None
    targets = y.reshape(len(y), -1).astype(np.float64)
    squared = np.square(answers.reshape(targets.shape) - targets)
    spread = np.square(targets - targets.mean(0)).sum(0)
    return float(r_squared(squared.sum(0), spread)), float(np.sqrt(squared.mean()))


def _timed(work: Callable[[], Any]) -> tuple[float, Any]:
    begun = time.perf_counter()
    made = work()
    return time.perf_counter() - begun, made
