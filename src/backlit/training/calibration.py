"""Whether probabilities mean what they say: of the answers given with 80 %, are 80 % right?

    error = Σ_b n_b / N · |observed_b − stated_b|, over bins b of equal width with n_b of N answers

Source: Guo et al. 2017, "On Calibration of Modern Neural Networks", arXiv:1706.04599.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from backlit.errors import SettingError
from backlit.layers.settings import is_whole
from backlit.training.model import Model


@dataclass(frozen=True, eq=False)
class Calibration:
    """Stated and observed frequencies in the bins that have any answer.

    Attributes:
        stated: the mean probability of each bin.
        observed: how often it came true.
        counts: the answers in each.
        edges: of all bins, one more than there are.
        error: the expected calibration error, between 0 and 1.
    """

    stated: np.ndarray
    observed: np.ndarray
    counts: np.ndarray
    edges: np.ndarray
    error: float


def calibrate(model: Model, data: Any, y: Any = None, bins: int = 10) -> Calibration:
    """How a network's probabilities compare with what happens.

    Of two classes it is the probability of the second; of more, that of the class that the network chooses.

    Args:
        model: a network for classes with probabilities.
        data, y: with targets, as for `Model.evaluate`.
        bins: at least 2; default 10.

    Raises:
        SettingError: the network has no probabilities, or the number of bins is out of range.
        DataError: there are no targets.
    """
    if not is_whole(bins, 2):
        raise SettingError(f"bins is a whole number of at least 2, not {bins!r}")
    model.check_probabilities()
    x, targets = model.examples(data, y)
    probabilities = model.predict_encoded(x).reshape(-1, len(model.classes))
    codes = targets.ravel()
    stated = probabilities[:, 1] if len(model.classes) == 2 else probabilities.max(1)
    came = codes == (1 if len(model.classes) == 2 else probabilities.argmax(1))
    stated, came = stated[codes >= 0], came[codes >= 0]
    edges = np.linspace(0, 1, bins + 1)
    places = np.clip(np.searchsorted(edges, stated) - 1, 0, bins - 1)
    counts = np.bincount(places, minlength=bins)
    held = counts > 0
    means, shares = (np.bincount(places, of, bins)[held] / counts[held] for of in (stated, came))
    gaps = counts[held] * np.abs(shares - means)
    return Calibration(means, shares, counts[held], edges, float(gaps.sum() / counts.sum()))
