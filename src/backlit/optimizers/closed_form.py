"""Where ∇L = 0 can be solved: linear regression, with or without a penalty on its weights.

    L = (1/n) Σ (xᵢᵀW + b − yᵢ)² + λ Σ W²        ∇L = 0:  (X̃ᵀX̃ + nλI) W = X̃ᵀỹ,  b = ȳ − x̄ᵀW

with X̃ and ỹ brought to mean 0. It costs O(nd² + d³) operations once; a step of gradient descent costs O(nd).
Source: documents 2 and 4.
"""

from typing import Any

import numpy as np

from backlit.errors import DataError
from backlit.optimizers.learning_rates import require_within


def least_squares(x: Any, y: Any, l2: float = 0.0) -> tuple[np.ndarray, np.ndarray]:
    """The weights and the bias of linear regression, by the closed form; the shortest weights where many fit.

    Args:
        x: inputs (N, F), finite.
        y: targets (N,) or (N, T), finite.
        l2: λ ≥ 0 of λ Σ W², beside the mean squared error; default 0.

    Returns:
        W (F,) and b (), or W (F, T) and b (T,), in double precision.

    Raises:
        DataError: x and y are no tables of finite numbers with the same rows.
        SettingError: λ is out of range.

    >>> weights, bias = least_squares([[0.0], [1.0], [2.0]], [1.0, 3.0, 5.0])
    >>> round(float(weights[0]), 6), round(float(bias), 6)
    (2.0, 1.0)
    """
    require_within("l2", l2, least=0.0)
    inputs, targets = (_numbers(name, values) for name, values in (("x", x), ("y", y)))
    if inputs.ndim != 2 or targets.ndim not in (1, 2) or len(inputs) != len(targets) or not len(inputs):
        raise DataError(
            f"x has the shape {inputs.shape} and y {targets.shape}; give x as (rows, features) and y as (rows,) or "
            "(rows, targets), with the same rows, at least one"
        )
    middle, mean = inputs.mean(0), targets.mean(0)
    centered, errors = inputs - middle, targets - mean
    if l2:  # the penalty as rows of data: √(nλ) w = 0
        features = inputs.shape[1]
        centered = np.concatenate([centered, np.sqrt(len(inputs) * l2) * np.eye(features)])
        errors = np.concatenate([errors, np.zeros((features, *errors.shape[1:]))])
    weights = np.linalg.lstsq(centered, errors, rcond=None)[0]
    return weights, mean - middle @ weights


def _numbers(name: str, values: Any) -> np.ndarray:
    try:
        numbers = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError):
        raise DataError(f"{name} is no array of numbers") from None
    if not np.isfinite(numbers).all():
        raise DataError(f"{name} has values that are missing or infinite: fill or drop these rows")
    return numbers
