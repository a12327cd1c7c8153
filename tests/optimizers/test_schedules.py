"""Schedules: their formulas at every step, their settings, and the errors."""

import math
from fractions import Fraction

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import backlit as bl
from backlit.optimizers import SCHEDULES, schedule_named

N, RATE = 20, 0.4
EVERY = pytest.mark.parametrize("name", list(SCHEDULES))


def half_cosine(share):
    return (1 + math.cos(math.pi * share)) / 2


FORMULAS = {
    "constant": lambda t: 1,
    "cosine": lambda t: half_cosine(t / N),
    "cosine(end=0.1)": lambda t: 0.1 + 0.9 * half_cosine(t / N),
    "cosine(warmup=0.25)": lambda t: t / 5 if t < 5 else half_cosine((t - 5) / 15),
    "cosine(warmup=0.25, end=0.2)": lambda t: t / 5 if t < 5 else 0.2 + 0.8 * half_cosine((t - 5) / 15),
    "linear": lambda t: 1 - t / N,
    "linear(end=0.5)": lambda t: 1 - 0.5 * t / N,
    "exponential": lambda t: 0.01 ** (t / N),
    "exponential(end=0.5)": lambda t: 0.5 ** (t / N),
    "step(every=0.25)": lambda t: 0.1 ** (t // 5),
    "step(factor=0.5, every=0.5)": lambda t: 0.5 ** (t // 10),
}


@pytest.mark.parametrize("text", FORMULAS)
def test_the_rate_at_every_step_is_the_formula(text):
    schedule = schedule_named(text, RATE, N)
    rates = [float(schedule(t)) for t in range(N + 1)]
    np.testing.assert_allclose(rates, [RATE * FORMULAS[text](t) for t in range(N + 1)], rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("steps", [2, 4, 7, 20, 21])
@pytest.mark.parametrize("every", ["0.1", "0.25", "0.5", "1/3"])
def test_a_staircase_of_any_width_ends_with_the_run(steps, every):
    text = "step(factor=0.5)" if every == "1/3" else f"step(factor=0.5, every={every})"
    schedule = schedule_named(text, RATE, steps)
    expected = [RATE * 0.5 ** math.floor(min(t, steps) / (Fraction(every) * steps)) for t in range(3 * steps)]
    np.testing.assert_allclose([float(schedule(t)) for t in range(3 * steps)], expected, rtol=1e-5)


def test_one_cycle_rises_to_the_rate_and_falls_below_its_start():
    schedule = schedule_named("one_cycle(rise=0.25)", RATE, N)
    rates = [float(schedule(t)) for t in range(N + 1)]
    assert rates[0] == pytest.approx(RATE / 25, rel=1e-5)
    assert rates[5] == pytest.approx(RATE, rel=1e-5) == max(rates)
    assert rates[N] == pytest.approx(RATE / 25e4, rel=1e-2)
    assert all(np.diff(rates[:6]) > 0)
    assert all(np.diff(rates[5:]) < 0)


@EVERY
@pytest.mark.parametrize("steps", [1, 2, 7])
def test_short_runs_and_steps_past_the_end_have_a_rate(name, steps):
    schedule = schedule_named(name, RATE, steps)
    rates = np.array([schedule(t) for t in range(2 * steps + 1)])
    assert np.isfinite(rates).all()
    assert (rates >= 0).all()
    assert (rates <= RATE * (1 + 1e-6)).all()


@EVERY
def test_a_rate_may_be_traced_and_a_schedule_drives_a_rule(name):
    schedule = schedule_named(name, RATE, N)
    traced = jax.jit(jax.vmap(lambda rate: schedule_named(name, rate, N)(7)))(jnp.array([RATE, 2 * RATE]))
    np.testing.assert_allclose(traced, [schedule(7), 2 * schedule(7)], rtol=1e-6)
    rule, w = bl.gradient_descent(schedule), jnp.ones(())
    state = rule.init(w)
    for t in range(3):
        update, state = rule.update(w, state)
        np.testing.assert_allclose(update, -schedule(t), rtol=1e-6)
    assert int(optax.tree_utils.tree_get(state, "count")) == 3


@pytest.mark.parametrize(
    ("text", "repair"),
    [
        ("cosin", "There is no schedule 'cosin': did you mean cosine"),
        ("cosine(warm=0.1)", "no setting 'warm': did you mean warmup"),
        ("cosine(warmup=1.0)", "cosine's warmup is 1.0.*below 1"),
        ("cosine(end=-0.1)", "cosine's end is -0.1.*at least 0"),
        ("linear(end=2)", "linear's end is 2.*at most 1"),
        ("exponential(end=0)", "exponential's end is 0.*above 0"),
        ("step(every=0)", "step's every is 0"),
        ("plateau(patience=1.5)", "plateau's patience is 1.5.*whole number"),
        ("one-cycle(rise=1)", "one-cycle's rise is 1"),
        ("cosine(steps=5)", "no setting 'steps'"),
    ],
)
def test_an_unknown_or_impossible_schedule_is_refused(text, repair):
    with pytest.raises(bl.SettingError, match=repair):
        schedule_named(text, RATE, N)


@pytest.mark.parametrize(("rate", "steps"), [(0.0, N), (-1.0, N), (math.nan, N), (math.inf, N), (RATE, 0)])
def test_a_rate_or_a_number_of_steps_out_of_range_is_refused(rate, steps):
    with pytest.raises(bl.SettingError, match="must be a finite number"):
        schedule_named("cosine", rate, steps)


@pytest.mark.parametrize("text", ["", "cosine(", "cosine(0.1)", "cosine(warmup=abs(1))", "step(every=1/3)", "[cosine]"])
def test_text_that_is_no_schedule_is_refused(text):
    with pytest.raises(bl.NotationError, match="cannot be read"):
        schedule_named(text, RATE, N)
