"""Linear separability: whether a linear classifier can be right about every row."""

from typing import Any

import numpy as np

from backlit.errors import DataError


def linearly_separable(x: Any, y: Any) -> bool:
    """Whether linear scores tell the classes apart: w_y·x + b_y > w_j·x + b_j for every row and every other class j.

    For two classes: whether a line (a plane, a hyperplane) has one class on either side. The weights exist where the
    linear program (w_y − w_j)·x + b_y − b_j ≥ 1 has a solution; they can be scaled, so that 1 is as good as above 0.
    AND is separable, XOR is not. Source: documents 1 and 2.

    Args:
        x: inputs (N, ...), finite numbers, every row flattened.
        y: classes (N,), of any kind.

    Raises:
        DataError: x and y do not fit, values are missing, or the solver cannot decide.

    >>> corners = np.array([[0, 0], [0, 1], [1, 0], [1, 1]])
    >>> linearly_separable(corners, [0, 0, 0, 1]), linearly_separable(corners, [0, 1, 1, 0])
    (True, False)
    """
    from scipy.optimize import linprog

    rows, codes = _rows(x, y)
    differences = _differences(rows, codes)
    if not differences.shape[0]:
        return True
    wanted = np.ones(differences.shape[0])
    found = linprog(np.zeros(differences.shape[1]), A_ub=-differences, b_ub=-wanted, bounds=(None, None))
    if found.status not in (0, 2):
        raise DataError(f"linear separability could not be decided: {found.message}")
    return found.status == 0 and bool((differences @ found.x > 0).all())


def _rows(x: Any, y: Any) -> tuple[np.ndarray, np.ndarray]:
    """Distinct rows, scaled, with a 1 for the bias, and the numbers of their classes."""
    inputs, classes = np.asarray(x), np.asarray(y).reshape(-1)
    if not len(inputs.shape) or len(inputs) != len(classes) or not len(classes):
        raise DataError(
            f"inputs of shape {inputs.shape} and {len(classes):,} classes do not fit: give one class for each row"
        )
    if inputs.dtype.kind not in "biuf" or not np.isfinite(inputs).all():
        raise DataError("linear separability is of finite numbers, and x holds others: fill missing values first")
    inputs = inputs.reshape(len(inputs), -1).astype(np.float64)
    deviation = inputs.std(0)
    inputs = (inputs - inputs.mean(0)) / np.where(deviation > 0, deviation, 1)
    codes = np.unique(classes, return_inverse=True)[1].reshape(-1)
    distinct = np.unique(np.column_stack([inputs, codes]), axis=0)
    return np.column_stack([distinct[:, :-1], np.ones(len(distinct))]), distinct[:, -1].astype(int)


def _differences(rows: np.ndarray, codes: np.ndarray) -> Any:
    """The matrix that gives (w_y − w_j)·x of every row x of class y and every other class j, from all w in a row."""
    from scipy.sparse import csr_array

    classes = codes.max() + 1
    row, other = np.nonzero(codes[:, None] != np.arange(classes))
    features = np.arange(rows.shape[1])
    columns = np.stack([codes[row], other], 1)[:, :, None] * rows.shape[1] + features
    values = np.stack([rows[row], -rows[row]], 1)
    place = np.broadcast_to(np.arange(len(row))[:, None, None], values.shape)
    shape = (len(row), classes * rows.shape[1])
    return csr_array((values.ravel(), (place.ravel(), columns.ravel())), shape=shape)
