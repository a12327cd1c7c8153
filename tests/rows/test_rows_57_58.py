"""Rows 57 and 58: what a trace says of its learning rate; the same gradient, another Hessian, another best step."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import backlit as bl


def ravine(w):
    """√(1 + w²): nearly |w| far out, where a fixed step jumps over the bottom; a parabola with f'' = 1 at it."""
    return jnp.sqrt(1 + w**2) - 1


@pytest.mark.parametrize(("rate", "says"), [(0.01, "still falling"), (0.5, "converged"), (8.0, "oscillating")], ids=str)
def test_row_57_too_small_too_large_and_right(rate, says):
    """`bl.minimize(f, start, learning_rate=0.01).verdict`, or `bl.verdict(model.history["train_loss"])`"""
    made = bl.minimize(ravine, 3.0, learning_rate=rate, steps=100)
    assert made.verdict == bl.verdict(made.values) == says


def test_row_57_far_too_large_a_rate_diverges():
    assert bl.minimize(lambda w: w**2, 1.0, learning_rate=1.05, steps=100).verdict == "diverged"


@pytest.mark.parametrize(("height", "says"), [(0.002, "converged"), (0.05, "oscillating")], ids=str)
def test_row_57_what_swings_by_less_than_a_hundredth_of_the_fall_has_converged(height, says):
    step = np.arange(200)
    assert bl.verdict(0.9**step + height * (step % 2)) == says


def test_row_57_the_trace_of_a_network():
    x = np.linspace(-1, 1, 40, dtype=np.float32)[:, None]
    chosen = {"optimizer": "gradient-descent", "batch_size": "full", "split": (1, 0, 0), "epochs": 60}
    said = {
        rate: bl.verdict(bl.fit("Dense(1)", x, 2 * x[:, 0], learning_rate=rate, **chosen).history["train_loss"])
        for rate in (1e-3, 0.2)
    }
    assert said == {1e-3: "still falling", 0.2: "converged"}


def test_row_58_the_same_gradient_and_another_hessian_make_another_best_step():
    """`bl.hessian(f)(x)` and `bl.minimize(f, x, "newton", steps=1)` on two curvatures"""
    gradient, start = 2.0, np.float64(0)
    steps = {}
    with jax.enable_x64(True):
        for curvature in (1.0, 8.0):

            def f(w, curvature=curvature):
                return gradient * w + curvature * w**2 / 2

            assert float(bl.grad(f)(start)) == gradient
            assert float(bl.hessian(f)(start)) == curvature
            lengths = np.linspace(0, 3, 3001)
            best = lengths[np.argmin([f(-length) for length in lengths])]  # by looking at every step
            steps[curvature] = -float(bl.minimize(f, start, "newton", steps=1).point)
            assert steps[curvature] == pytest.approx(best, abs=1e-3)
    assert steps == {1.0: pytest.approx(2.0), 8.0: pytest.approx(0.25)}  # g / f''


def test_row_58_one_learning_rate_is_right_for_one_curvature_and_a_schedule_helps_both():
    def loss(curvature):
        return lambda w: curvature * jnp.abs(w - 1) ** 1.5

    def ends(rate):
        return [float(bl.minimize(loss(k), 0.0, learning_rate=rate, steps=60).value) for k in (0.1, 10.0)]

    constant = ends(0.3)
    falling = ends(bl.schedule_named("cosine", 0.3, 60))
    assert constant[0] < 1e-3 < constant[1]  # right for the gentle one, too large for the steep one
    assert falling[1] < constant[1] / 5
    assert falling[0] < 0.02
