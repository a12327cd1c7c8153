"""Nearest rows, by their distances: ‖a − b‖² = ‖a‖² − 2 a·b + ‖b‖², one matrix product for all pairs."""

import numpy as np

CHUNK = 512  # rows whose distances are held at a time


def nearest(
    x: np.ndarray, pool: np.ndarray, count: int, own: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """The nearest rows of a pool: their numbers (N, count), nearest first, and their squared distances (N, count).

    Args:
        x: rows (N, D).
        pool: rows (M, D).
        count: how many, at most M, or M − 1 with `own`.
        own: the number in the pool of each row itself (N,), which does not count; None: none is in it.
    """
    pool_squared = np.square(pool).sum(1)
    numbers, distances = [], []
    for start in range(0, len(x), CHUNK):
        rows = x[start : start + CHUNK]
        squared = np.square(rows).sum(1)[:, None] - 2 * (rows @ pool.T) + pool_squared
        if own is not None:
            squared[np.arange(len(rows)), own[start : start + CHUNK]] = np.inf
        if count == 1:
            found = squared.argmin(1)[:, None]
        elif count < len(pool):
            found = np.argpartition(squared, count - 1, axis=1)[:, :count]
        else:
            found = np.broadcast_to(np.arange(len(pool)), squared.shape)
        away = np.take_along_axis(squared, found, 1)
        order = np.argsort(away, axis=1, kind="stable")
        numbers.append(np.take_along_axis(found, order, 1))
        distances.append(np.maximum(np.take_along_axis(away, order, 1), 0))
    if not numbers:
        return np.zeros((0, count), int), np.zeros((0, count))
    return np.concatenate(numbers), np.concatenate(distances)
