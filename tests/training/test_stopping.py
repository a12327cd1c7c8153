"""When a run ends, epoch by epoch, on losses that are made up."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from backlit.training.stopping import CONVERGED, NONFINITE, PATIENCE, RUNNING, STEADY, Watch, observe_epoch

OBSERVE = jax.jit(observe_epoch, static_argnums=(5, 6))


def watch_over(losses, patience=None, tolerance=None, train=None):
    """The watch after each epoch, and which epochs were the best so far, until the run stops."""
    watch, best = Watch.begin(), []
    for loss, train_loss in zip(losses, train or losses, strict=True):
        finite = np.isfinite(loss)
        watch, better = OBSERVE(watch, loss, train_loss, finite, jnp.int32(3), patience, tolerance)
        best.append(bool(better))
        if int(watch.stop) != RUNNING:
            break
    return watch, best


@pytest.mark.parametrize("patience", [1, 3, 10, 100])
def test_patience_stops_that_many_epochs_after_the_best(patience):
    watch, best = watch_over([5, 4, 3, 2] + [2.5] * 120, patience)
    assert (watch.stop, watch.best_epoch, watch.epoch) == (PATIENCE, 4, 4 + patience)
    assert best == [True] * 4 + [False] * patience
    assert watch.best_loss == 2


def test_a_better_epoch_starts_patience_anew_and_an_equal_one_does_not():
    watch, _ = watch_over([3, 4, 4, 2, 2, 2, 2, 1], patience=3)
    assert (watch.best_epoch, watch.epoch) == (4, 7)


def test_without_patience_nothing_stops_a_run_that_gets_worse():
    watch, best = watch_over(range(1, 50))
    assert (watch.stop, watch.epoch, watch.best_epoch) == (RUNNING, 49, 1)
    assert sum(best) == 1


def test_convergence_takes_five_steady_epochs_in_a_row():
    steady = [1.0, 0.5, 0.4999, 0.4998, 0.49, 0.4899, 0.4898, 0.4897, 0.4896, 0.4895, 0.4894]
    watch, _ = watch_over([9.0] * len(steady), tolerance=1e-3, train=steady)
    assert (watch.stop, watch.epoch) == (CONVERGED, 10)
    assert np.all(np.abs(np.diff(steady))[4:9] < 1e-3 * np.array(steady)[4:9])
    assert STEADY == 5


def test_a_loss_that_still_moves_has_not_converged():
    watch, _ = watch_over([0.99**epoch for epoch in range(40)], tolerance=1e-3)
    assert (watch.stop, watch.epoch) == (RUNNING, 40)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_an_epoch_without_a_finite_loss_does_not_count(value):
    watch, best = watch_over([2, 1, value, 0.5], patience=1, tolerance=0.5)
    assert (watch.stop, watch.epoch, watch.best_epoch, watch.best_loss) == (NONFINITE, 2, 2, 1)
    assert best == [True, True, False]
    assert watch.failed_after == 3
