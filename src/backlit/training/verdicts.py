"""What the trace of a loss says of its learning rate, as a reader of its plot would put it.

The end of a trace is its last half. With L₀ its first value, m its lowest, and the fall F = L₀ − m:

    diverged         a value is no number, or the end lies above L₀ (the mean of its last quarter)
    oscillating      the end goes up and down: more than a fifth of its steps rise, the rises together are more than the
                     end's own fall, and its highest lies visibly above its lowest
    still falling    the last quarter lies, in the mean, visibly below the quarter before
    converged        none of these

What is visible is more than a hundredth of F, and more than a millionth of the largest |L|.
"""

from collections.abc import Iterable

import numpy as np

from backlit.errors import DataError

SHARE, ROUNDING = 0.01, 1e-6  # of the whole fall and of the largest loss, below which a change is none
RISES = 0.2  # the share of rising steps that makes an oscillation


def verdict(losses: Iterable[float]) -> str:
    """What a trace of losses says: "still falling", "oscillating", "converged" or "diverged".

    A learning rate that is too small leaves the loss still falling, one that is too large makes it oscillate or
    diverge; one that is right lets it converge. Each is said in terms of the trace's own fall, so that no unit matters.

    Args:
        losses: one value a step or an epoch, at least 8.

    Raises:
        DataError: there are fewer than 8 values.

    >>> verdict([0.9**step for step in range(100)])
    'converged'
    """
    trace = np.asarray(list(losses), dtype=np.float64)
    if len(trace) < 8:
        raise DataError(f"a trace of {len(trace)} losses says nothing yet: give at least 8")
    if not np.isfinite(trace).all():
        return "diverged"
    end, quarter = trace[len(trace) // 2 :], max(2, len(trace) // 4)
    before, last = trace[-2 * quarter : -quarter].mean(), trace[-quarter:].mean()
    visible = max(SHARE * (trace[0] - trace.min()), ROUNDING * np.abs(trace).max())
    if last > max(trace[0], before) + visible:
        return "diverged"
    changes = np.diff(end)
    rises = changes[changes > 0]
    if len(rises) > RISES * len(changes) and rises.sum() > end[0] - end[-1] and np.ptp(end) > visible:
        return "oscillating"
    return "still falling" if before - last > visible else "converged"
