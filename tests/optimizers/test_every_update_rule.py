"""What holds for rules of the gradient alone: the steps taken by hand, alone, compiled, in chains, in populations."""

import itertools

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import backlit as bl
from backlit.optimizers import optimizer_named

STEPS = 6
RATE = 0.3
START = {"kernel": np.array([[1.0, -2.0], [0.5, 3.0]]), "bias": np.array([0.0, -1.0])}
GRADIENTS = [
    jax.tree.map(lambda w, t=t: np.sin(3 * w + t) * 10.0 ** (t % 3 - 1), START)  # from 0.1 to 10 in size
    for t in range(STEPS)
]


# One parameter at a time, by the documents' formulas: each takes η and g at every step, and gives θ's change.
def by_gradient_descent():
    rate, g = yield
    while True:
        rate, g = yield -rate * g


def by_heavy_ball(decay=0.9):
    rate, g = yield
    last = 0.0
    while True:
        last = -rate * g + decay * last
        rate, g = yield last


def by_momentum(decay=0.9):
    rate, g = yield
    v = 0.0
    while True:
        v = decay * v + (1 - decay) * g
        rate, g = yield -rate * v


def by_nesterov(decay=0.9):
    rate, g = yield
    v = 0.0
    while True:
        v = decay * v + g
        rate, g = yield -rate * (decay * v + g)


def by_adagrad(delta=1e-7):
    rate, g = yield
    r = 0.0
    while True:
        r = r + g**2
        rate, g = yield -rate / (delta + np.sqrt(r)) * g


def by_rmsprop(decay=0.9, delta=1e-7):
    rate, g = yield
    r = 0.0
    while True:
        r = decay * r + (1 - decay) * g**2
        rate, g = yield -rate / (delta + np.sqrt(r)) * g


def by_adam(decay=0.9, squares_decay=0.999, delta=1e-8):
    rate, g = yield
    m = r = 0.0
    for t in itertools.count(1):
        m = decay * m + (1 - decay) * g
        r = squares_decay * r + (1 - squares_decay) * g**2
        unbiased_m, unbiased_r = m / (1 - decay**t), r / (1 - squares_decay**t)
        rate, g = yield -rate * unbiased_m / (delta + np.sqrt(unbiased_r))


BY_HAND = {
    "gradient-descent": by_gradient_descent,
    "heavy-ball": by_heavy_ball,
    "momentum": by_momentum,
    "nesterov": by_nesterov,
    "adagrad": by_adagrad,
    "rmsprop": by_rmsprop,
    "adam": by_adam,
}
OTHER_SETTINGS = [
    ("heavy-ball", {"decay": 0.8}),
    ("momentum", {"decay": 0.0}),
    ("adagrad", {"delta": 0.5}),
    ("rmsprop", {"decay": 0.5, "delta": 0.2}),
    ("adam", {"decay": 0.5, "squares_decay": 0.7, "delta": 0.3}),
]
EVERY = pytest.mark.parametrize("name", list(BY_HAND))
CASES = [(name, {}) for name in BY_HAND] + OTHER_SETTINGS


def stepped_by_hand(name, rates=(RATE,) * STEPS, **settings):
    """θ after all steps, in float64."""

    def walk(start, *gradients):
        rule = BY_HAND[name](**settings)
        next(rule)
        return start + sum(rule.send(pair) for pair in zip(rates, gradients, strict=True))

    return jax.tree.map(walk, START, *GRADIENTS)


def stepped(rule, dtype=jnp.float32):
    """θ after all steps by the rule, as one compiled loop, the way training runs it."""
    parameters, gradients = (jax.tree.map(lambda w: jnp.asarray(w, dtype), tree) for tree in (START, GRADIENTS))
    stacked = jax.tree.map(lambda *g: jnp.stack(g), *gradients)

    def step(carry, gradient):
        parameters, state = carry
        updates, state = rule.update(gradient, state, parameters)
        return (optax.apply_updates(parameters, updates), state), None

    return jax.lax.scan(step, (parameters, rule.init(parameters)), stacked)[0][0]


def assert_close(tree, expected, rtol):
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=rtol, atol=rtol), tree, expected)


@pytest.mark.parametrize(("name", "settings"), CASES)
def test_the_trajectory_is_the_one_stepped_by_hand(name, settings):
    with jax.enable_x64(True):
        end = stepped(optimizer_named(name, RATE, **settings), jnp.float64)
        assert_close(end, stepped_by_hand(name, **settings), rtol=1e-13)


@EVERY
def test_single_precision_is_as_good_as_it_can_be(name):
    assert_close(stepped(optimizer_named(name, RATE)), stepped_by_hand(name), rtol=3e-6)


@EVERY
def test_a_schedule_gives_the_rate_of_each_step(name):
    rates = [0.3 / (t + 1) for t in range(STEPS)]
    end = stepped(optimizer_named(name, lambda t: 0.3 / (t + 1)))
    assert_close(end, stepped_by_hand(name, rates), rtol=3e-6)


@EVERY
def test_a_population_has_a_rate_a_member(name):
    rates = [0.01, 0.3]
    ends = jax.jit(jax.vmap(lambda rate: stepped(optimizer_named(name, rate))))(jnp.array(rates))
    for member, rate in enumerate(rates):
        alone = stepped_by_hand(name, (rate,) * STEPS)
        assert_close(jax.tree.map(lambda end, member=member: end[member], ends), alone, rtol=3e-6)


@pytest.mark.parametrize("name", ["heavy-ball", "momentum", "nesterov", "rmsprop", "adam"])
def test_a_population_has_a_decay_a_member(name):
    ends = jax.jit(jax.vmap(lambda decay: stepped(optimizer_named(name, RATE, decay=decay))))(jnp.array([0.0, 0.5]))
    alone = stepped_by_hand(name, decay=0.5)
    assert_close(jax.tree.map(lambda end: end[1], ends), alone, rtol=3e-6)


@EVERY
def test_a_rule_works_in_a_chain(name):
    doubled = optax.chain(optax.scale(0.5), optimizer_named(name, RATE), optax.scale(2.0))
    parameters = jnp.array([1.0, 2.0])
    updates, _ = doubled.update(2 * parameters, doubled.init(parameters), parameters)
    alone = optimizer_named(name, RATE)
    expected, _ = alone.update(parameters, alone.init(parameters), parameters)
    np.testing.assert_allclose(updates, 2 * expected, rtol=1e-6)


@EVERY
def test_parameters_keep_their_precision(name):
    ends = stepped(optimizer_named(name, jnp.float32(RATE)), jnp.bfloat16)
    assert {leaf.dtype for leaf in jax.tree.leaves(ends)} == {jnp.dtype(jnp.bfloat16)}


@EVERY
@pytest.mark.parametrize("rate", [0.0, -0.1, float("nan"), float("inf"), np.array([0.1, 0.0]), "fast"])
def test_a_learning_rate_out_of_range_is_refused(name, rate):
    with pytest.raises(bl.SettingError, match=r"learning rate is .*must be a"):
        optimizer_named(name, rate)


@pytest.mark.parametrize(
    ("name", "setting", "value"),
    [
        ("heavy-ball", "decay", 1.0),
        ("momentum", "decay", -0.1),
        ("nesterov", "decay", float("nan")),
        ("adagrad", "delta", 0.0),
        ("rmsprop", "decay", 1.0),
        ("rmsprop", "delta", -1.0),
        ("adam", "decay", 1.5),
        ("adam", "squares_decay", 1.0),
        ("adam", "delta", 0.0),
    ],
)
def test_a_setting_out_of_range_is_refused(name, setting, value):
    with pytest.raises(bl.SettingError, match=f"{name}'s {setting} is {value}"):
        optimizer_named(name, 0.1, **{setting: value})


def test_adam_is_optax_adam():
    with jax.enable_x64(True):
        assert_close(stepped(bl.adam(RATE), jnp.float64), stepped(optax.adam(RATE), jnp.float64), rtol=1e-12)
