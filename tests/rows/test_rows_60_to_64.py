"""Rows 60 to 64: momentum and adaptive learning rates, by closed forms and steps taken by hand."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import backlit as bl


def trajectory(rule, gradient, start, steps):
    """θ⁰, θ¹, ... of an update rule, as one compiled loop."""

    def step(carry, _):
        parameters, state = carry
        updates, state = rule.update(gradient(parameters), state, parameters)
        return (parameters + updates, state), parameters

    return jax.lax.scan(step, (start, rule.init(start)), None, length=steps + 1)[1]


@pytest.mark.parametrize("alpha", [0.8, 0.9])
def test_row_60_heavy_ball_follows_its_recurrence_exactly(alpha):
    """`bl.heavy_ball(0.05, decay=0.9)`, `--optimizer "heavy-ball(decay=0.9)"`"""
    curvature, rate, steps = 3.0, 0.05, 40
    with jax.enable_x64(True):
        gradient = bl.grad(lambda w: curvature * w**2 / 2)
        thetas = trajectory(bl.heavy_ball(rate, decay=alpha), gradient, jnp.array(2.0), steps)
    # θⁿ = (1 + α − ηk) θⁿ⁻¹ − α θⁿ⁻² has the solution c₁ρ₁ⁿ + c₂ρ₂ⁿ, with ρ the roots of its polynomial.
    roots = np.roots([1, -(1 + alpha - rate * curvature), alpha])
    start = [2.0, 2.0 - rate * curvature * 2.0]
    weights = np.linalg.solve(np.vstack([roots**0, roots]), start)
    closed = [(weights * roots**n).sum().real for n in range(steps + 1)]
    np.testing.assert_allclose(thetas, closed, rtol=1e-11, atol=1e-12)


@pytest.mark.parametrize("alpha", [0.0, 0.5, 0.9])
def test_row_61_momentum_at_eta_over_one_less_alpha_is_the_heavy_ball_at_eta(alpha):
    """`bl.momentum(0.5, decay=0.75)`, `--optimizer "momentum(decay=0.75)"`"""
    with jax.enable_x64(True):
        gradient = bl.grad(lambda w: jnp.sin(2 * w).sum() + (w**2).sum())
        start, eta = jnp.array([1.0, -0.4]), 0.02
        averaged = trajectory(bl.momentum(eta / (1 - alpha), decay=alpha), gradient, start, 50)
        heavy = trajectory(bl.heavy_ball(eta, decay=alpha), gradient, start, 50)
        np.testing.assert_allclose(averaged, heavy, rtol=1e-12)


def test_row_61_the_first_steps_by_hand():
    rule = bl.momentum(0.5, decay=0.75)
    state = rule.init(jnp.array(0.0))
    first, state = rule.update(jnp.array(8.0), state)  # v = 0.25 · 8 = 2
    second, state = rule.update(jnp.array(-2.0), state)  # v = 0.75 · 2 − 0.25 · 2 = 1
    assert [float(first), float(second)] == [-1.0, -0.5]


def valley(w):
    """A narrow valley: a hundred times as steep across as along."""
    return (w[0] ** 2 + 100 * w[1] ** 2) / 2


def test_row_62_momentum_needs_fewer_steps_in_a_narrow_valley():
    """`backlit train data.csv --optimizer heavy-ball`"""
    rates = jnp.logspace(-4, 0, 41)  # each rule takes the best for itself

    def steps_to_the_bottom(rule):
        losses = jax.vmap(valley)(trajectory(rule, bl.grad(valley), jnp.ones(2), 600))
        return jnp.where((losses < 1e-6).any(), jnp.argmax(losses < 1e-6), 600)

    fewest = {
        make: int(jax.jit(jax.vmap(lambda rate, make=make: steps_to_the_bottom(make(rate))))(rates).min())
        for make in (bl.gradient_descent, bl.momentum, bl.heavy_ball)
    }
    assert fewest[bl.gradient_descent] < 600  # it does arrive
    assert fewest[bl.momentum] < fewest[bl.gradient_descent] / 2
    assert fewest[bl.heavy_ball] < fewest[bl.gradient_descent] / 2


def test_row_62_the_oscillation_cancels_in_the_average():
    rate = 0.019  # near 2/100, where gradient descent jumps from wall to wall
    across = {
        make: np.asarray(trajectory(make(rate), bl.grad(valley), jnp.ones(2), 60)[:, 1])
        for make in (bl.gradient_descent, bl.momentum)
    }
    jumps = {make: int((np.sign(w[1:]) != np.sign(w[:-1])).sum()) for make, w in across.items()}
    ways = {make: float(np.abs(np.diff(w)).sum()) for make, w in across.items()}
    assert jumps[bl.gradient_descent] == 60  # every step
    assert jumps[bl.momentum] < 20
    assert ways[bl.momentum] < ways[bl.gradient_descent] / 3


def test_row_63_adagrad_by_hand_with_delta_outside_the_root_and_a_sum_from_zero():
    """`bl.adagrad(0.1)`, `--optimizer adagrad`"""
    rule = bl.adagrad(1.0, delta=1.0)
    state = rule.init(jnp.array(0.0))
    first, state = rule.update(jnp.array(3.0), state)  # r = 9:  3 / (1 + 3); inside the root it would be 3/√10
    second, state = rule.update(jnp.array(4.0), state)  # r = 25: 4 / (1 + 5)
    np.testing.assert_allclose([first, second], [-3 / 4, -4 / 6], rtol=1e-7)


def test_row_63_a_gentle_direction_makes_as_much_progress_as_a_steep_one():
    rule = bl.adagrad(0.1)
    updates, _ = rule.update(jnp.array([1e-3, 1e3]), rule.init(jnp.zeros(2)))
    np.testing.assert_allclose(updates, [-0.1, -0.1], rtol=1e-3)


def test_row_64_rmsprop_by_hand():
    """`bl.rmsprop(0.001)`, `bl.adam(0.001)`, `--optimizer adam`"""
    rule = bl.rmsprop(1.0, decay=0.75, delta=1.0)
    state = rule.init(jnp.array(0.0))
    first, state = rule.update(jnp.array(2.0), state)  # r = 0.25 · 4 = 1:        2 / (1 + 1)
    second, state = rule.update(jnp.array(-1.0), state)  # r = 0.75 + 0.25 · 1 = 1: −1 / (1 + 1)
    np.testing.assert_allclose([first, second], [-1.0, 0.5], rtol=1e-7)


def test_row_64_adam_by_hand():
    rule = bl.adam(1.0, decay=0.5, squares_decay=0.75, delta=1.0)
    state = rule.init(jnp.array(0.0))
    # m = 1, m̂ = 1/0.5 = 2;  r = 1, r̂ = 1/0.25 = 4:                 2 / (1 + 2)
    first, state = rule.update(jnp.array(2.0), state)
    # m = 0.5 + 0.5 = 1, m̂ = 1/0.75;  r = 0.75 + 0.25 = 1, r̂ = 1/(1 − 0.5625)
    second, state = rule.update(jnp.array(1.0), state)
    np.testing.assert_allclose([first, second], [-2 / 3, -(4 / 3) / (1 + np.sqrt(1 / 0.4375))], rtol=1e-6)


def test_row_64_adam_is_robust_over_a_sweep_of_learning_rates():
    x = np.random.default_rng(0).normal(size=(200, 3)) * [1, 30, 0.1]  # features on different scales
    y = jnp.asarray(x @ [1, 0.05, 4] + 0.5 > 0)
    x = jnp.asarray(x, jnp.float32)

    def loss(w):
        return bl.BinaryCrossEntropy().examples(x @ w[:3] + w[3], y).mean()

    def worked(make):
        def end(rate):
            return loss(trajectory(make(rate), bl.grad(loss), jnp.zeros(4), 300)[-1])

        return int((jax.jit(jax.vmap(end))(rates) < 0.15).sum())

    rates = jnp.logspace(-4, 1, 16)  # three to a factor of ten
    assert worked(bl.adam) >= 6  # two orders of magnitude
    assert worked(bl.momentum) <= 2
    assert worked(bl.gradient_descent) == 0
