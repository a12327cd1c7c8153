"""Optimizers by name: Backlit's own, Optax's, their settings, and the errors."""

import contextlib
import warnings

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from hypothesis import given
from hypothesis import strategies as st

import backlit as bl
from backlit.optimizers import DEFAULT_LEARNING_RATES, OPTIMIZERS, default_learning_rate, optax_rules, optimizer_named

PARAMETERS = {"kernel": jnp.array([[1.0, -2.0], [0.5, 3.0]]), "bias": jnp.array([0.5, -1.0])}


def first_update(rule):
    def half_square(parameters):
        return sum((leaf**2).sum() for leaf in jax.tree.leaves(parameters)) / 2

    extra = {"value": half_square(PARAMETERS), "grad": PARAMETERS, "value_fn": half_square}
    rule = optax.with_extra_args_support(rule)
    updates, _ = rule.update(PARAMETERS, rule.init(PARAMETERS), PARAMETERS, **extra)
    return np.concatenate([np.ravel(leaf) for leaf in jax.tree.leaves(updates)])


def test_every_optimizer_has_a_rate_and_a_line():
    assert OPTIMIZERS.keys() == DEFAULT_LEARNING_RATES.keys()
    assert all(summary for _, summary in OPTIMIZERS.values())


@pytest.mark.parametrize("text", ["heavy-ball(decay=0.8)", "Heavy_Ball( decay = 0.8 )", " heavy-ball(decay=8e-1) "])
def test_a_name_with_settings(text):
    np.testing.assert_array_equal(first_update(optimizer_named(text, 0.5)), first_update(bl.heavy_ball(0.5, decay=0.8)))


def test_settings_by_keyword_go_before_those_of_the_text():
    np.testing.assert_array_equal(
        first_update(optimizer_named("momentum(decay=0.1)", 0.5, decay=0.75)),
        first_update(bl.momentum(0.5, decay=0.75)),
    )


@pytest.mark.parametrize("name", sorted(optax_rules()))
def test_every_rule_of_optax_steps_by_name(name):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        update = first_update(optimizer_named(f"optax.{name}"))
    assert np.isfinite(update).all()


def test_optax_is_asked_where_backlit_has_no_rule():
    np.testing.assert_array_equal(first_update(optimizer_named("lion", 0.01)), first_update(optax.lion(0.01)))
    np.testing.assert_array_equal(
        first_update(optimizer_named("adamw(weight_decay=0.5)", 0.01)),
        first_update(optax.adamw(0.01, weight_decay=0.5)),
    )
    np.testing.assert_allclose(
        first_update(optimizer_named("optax.adagrad", 0.5)), first_update(optax.adagrad(0.5)), rtol=1e-6
    )


def test_the_default_rate_is_the_rules_own():
    assert default_learning_rate("gradient-descent") == DEFAULT_LEARNING_RATES["gradient-descent"]
    assert default_learning_rate("adam(decay=0.5)") == DEFAULT_LEARNING_RATES["adam"]
    assert default_learning_rate("prodigy") == 1.0  # Optax's own default
    assert default_learning_rate("lion") == 0.001
    assert default_learning_rate("optax.lbfgs") == 1.0  # Optax's own is none: the step as it is
    np.testing.assert_array_equal(
        first_update(optimizer_named("momentum")), first_update(bl.momentum(DEFAULT_LEARNING_RATES["momentum"]))
    )


@pytest.mark.parametrize(
    ("text", "repair"),
    [
        ("adm", "There is no optimizer 'adm': did you mean adam"),
        ("sophia", "There is no optimizer 'sophia'"),
        ("optax.chain", "There is no optimizer"),
        ("adam(decy=0.5)", "has no setting 'decy': did you mean .*decay"),
        ("adam(learning_rate=0.5)", "has no setting 'learning_rate'"),
    ],
)
def test_an_unknown_name_or_setting_offers_the_nearest(text, repair):
    with pytest.raises(bl.SettingError, match=repair):
        optimizer_named(text, 0.1)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "()",
        "adam(",
        "adam(0.5)",
        "adam(**{})",
        "adam(decay=open)",
        "adam(decay='0.5')",
        "adam(decay=1, decay=2)",
        "adam(decay=[1])",
        "__import__('os')",
        "adam(decay=__import__('os'))",
        "(" * 10_000,
        "adam" + "(" * 100 + ")" * 100,
        "a" * 100_000,
        "adam\0",
        "adam(decay=\0)",
    ],
)
def test_hostile_text_is_a_clear_error(text):
    with pytest.raises(bl.NotationError, match="cannot be read: write"):
        optimizer_named(text, 0.1)


@given(st.text(max_size=80) | st.text(alphabet="adam(decy=0.5,) *-", max_size=30))
def test_no_text_ever_raises_anything_else(text):
    with contextlib.suppress(bl.NotationError, bl.SettingError):
        optimizer_named(text, 0.1)


@pytest.mark.parametrize(
    ("text", "repair"),
    [
        ("optax.adam(mu_dtype=1)", "mu_dtype is 1, but it is no setting that a number can be"),
        ("prodigy(betas=0.9)", "betas is 0.9, but it is no setting that a number can be"),
        ("muon(ns_steps=2.5)", "ns_steps is 2.5, but it must be a whole number"),
        ("optax.lbfgs(memory_size=1000000000)", "memory_size is 1000000000, but .* at most 1,000"),
        ("adamw(b1=5)", "adamw's b1 is 5, but .*below 1"),
        ("adamw(b1=True)", "adamw's b1 is True, but it must be a number"),
        ("adamw(weight_decay=-1)", "adamw's weight_decay is -1, but .*at least 0"),
        ("sgd(momentum=-0.1)", "sgd's momentum is -0.1"),
        ("sgd(nesterov=0.3)", "sgd's nesterov is 0.3, but it must be True or False"),
        ("galore(weight_dimension_numbers=2)", r"Optax refuses galore\(weight_dimension_numbers=2\)"),
    ],
)
def test_a_setting_that_optax_cannot_use_is_refused_before_the_first_step(text, repair):
    with pytest.raises(bl.SettingError, match=repair):
        optimizer_named(text, 0.1)


def test_settings_of_optax_that_are_none_by_default_may_be_numbers():
    np.testing.assert_array_equal(
        first_update(optimizer_named("sgd(momentum=0.9, nesterov=True)", 0.5)),
        first_update(optax.sgd(0.5, momentum=0.9, nesterov=True)),
    )
