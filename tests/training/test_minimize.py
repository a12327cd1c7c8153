"""`minimize`: its trace, when it ends, its errors; and what a trace of losses says."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import backlit as bl
import backlit.training.minimization as home


def test_the_trace_is_that_of_the_steps_taken_by_hand():
    made = bl.minimize(lambda w: (w**2).sum(), np.array([1.0, -2.0], np.float32), learning_rate=0.25, steps=4)
    points = np.outer(0.5 ** np.arange(5), [1.0, -2.0])  # w ← w − 0.25 · 2w
    np.testing.assert_allclose(made.points, points, rtol=1e-6)
    np.testing.assert_allclose(made.values, (points**2).sum(1), rtol=1e-6)
    np.testing.assert_allclose(made.norms, 2 * np.sqrt((points**2).sum(1)), rtol=1e-6)
    assert (made.steps, made.stopped) == (4, "steps")
    assert made.value == made.values[-1]


def test_it_ends_where_the_gradient_is_within_the_tolerance():
    made = bl.minimize(lambda w: (w - 3) ** 2, 0.0, learning_rate=0.25, steps=100, tolerance=0.1)
    assert made.stopped == "tolerance"
    assert made.norms[-1] <= 0.1 < made.norms[-2]
    assert made.verdict == "converged"
    assert len(made.values) == made.steps + 1 < 100


def test_a_start_at_the_bottom_makes_no_step():
    made = bl.minimize(lambda w: w**2, 0.0)
    assert (made.steps, made.stopped, float(made.point)) == (0, "tolerance", 0.0)


def test_it_ends_where_the_loss_is_no_number():
    made = bl.minimize(lambda w: w**4, 10.0, learning_rate=1.0, steps=50)
    assert made.stopped == "non-finite"
    assert made.steps < 50


def test_a_tree_keeps_its_structure_and_whole_numbers_become_floating():
    made = bl.minimize(lambda p: (p["a"] ** 2).sum() + (p["b"] - 1) ** 2, {"a": [[1, 2]], "b": 0} | {"a": np.ones(3)})
    assert made.point["a"].shape == (3,)
    assert made.points["a"].shape == (101, 3)
    assert float(bl.minimize(lambda w: (w - 1) ** 2, 3).point) == pytest.approx(1, abs=1e-4)


def test_points_are_left_out_where_they_are_many(monkeypatch):
    monkeypatch.setattr(home, "SMALL", 10)
    assert bl.minimize(lambda w: (w**2).sum(), np.ones(3), steps=3).points is None


def test_a_transformation_of_optax_or_a_schedule_works_as_well():
    made = bl.minimize(lambda w: (w - 1) ** 2, 3.0, optax.adam(0.1), steps=200)
    assert float(made.point) == pytest.approx(1, abs=0.01)
    scheduled = bl.minimize(lambda w: w**2, 1.0, steps=2, learning_rate=lambda t: 0.25 / (t + 1))
    assert float(scheduled.point) == pytest.approx(0.5 * 0.75)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"steps": 0}, "steps is a whole number"),
        ({"steps": 2.5}, "steps is a whole number"),
        ({"tolerance": -1}, "tolerance is a finite number"),
        ({"tolerance": float("nan")}, "tolerance is a finite number"),
        ({"tolerance": "small"}, "tolerance is a finite number"),
        ({"optimizer": "newtn"}, "did you mean newton"),
        ({"learning_rate": -1}, "learning rate is -1"),
        ({"optimizer": optax.sgd(0.1), "learning_rate": 0.1}, "part of the transformation"),
        ({"optimizer": 3}, "name of an update rule"),
    ],
)
def test_an_impossible_setting_is_refused(options, words):
    with pytest.raises(bl.SettingError, match=words):
        bl.minimize(lambda w: w**2, 1.0, **options)


@pytest.mark.parametrize("f", [lambda w: w * jnp.ones(2), lambda w: "loss", lambda w: jnp.int32(1)])
def test_a_function_without_one_number_is_refused(f):
    with pytest.raises(bl.GraphError):
        bl.minimize(f, 1.0)


def test_a_start_that_is_no_array_of_numbers_is_refused():
    with pytest.raises(bl.InputError, match="start"):
        bl.minimize(lambda w: w**2, "here")


TRACES = {
    "still falling": 1 / np.arange(1, 60) ** 0.5,
    "converged": 3 * 0.7 ** np.arange(60) + 2,
    "oscillating": 1 + 0.5 * (-1.0) ** np.arange(60) * (0.9 ** np.arange(60) + 0.5),
    "diverged": 1.2 ** np.arange(60),
}


@pytest.mark.parametrize("words", TRACES)
@pytest.mark.parametrize("unit", [1.0, 1e-6, 1e6])
def test_a_trace_is_read_as_its_plot_would_be_in_any_unit(words, unit):
    assert bl.verdict(unit * TRACES[words]) == words


def test_noise_far_below_the_fall_is_no_oscillation():
    random = np.random.default_rng(0)
    assert bl.verdict(3 * 0.7 ** np.arange(60) + 1e-4 * random.normal(size=60)) == "converged"
    assert bl.verdict(1 - np.arange(60) / 100 + 1e-3 * random.normal(size=60)) == "still falling"


def test_a_loss_that_is_no_number_has_diverged():
    assert bl.verdict([*np.ones(20), np.nan]) == "diverged"


def test_a_short_trace_says_nothing():
    with pytest.raises(bl.DataError, match="at least 8"):
        bl.verdict([1.0, 0.5])


def test_a_history_is_read_like_any_trace(line):
    model = bl.fit("Dense(1)", *line, optimizer="newton", epochs=10, split=(1, 0, 0))
    assert bl.verdict(model.history["train_loss"]) == "converged"


def test_double_precision_stays():
    with jax.enable_x64(True):
        made = bl.minimize(lambda w: (w - 1 / 3) ** 2, np.float64(1), "newton", steps=2)
        assert made.point.dtype == jnp.float64
        assert float(made.point) == pytest.approx(1 / 3, abs=1e-15)


@pytest.mark.parametrize("look", [bl.minimize, bl.classify_point])
@pytest.mark.parametrize("empty", [np.zeros(0), {"a": np.zeros((0, 2))}, []])
def test_a_point_without_numbers_is_refused(look, empty):
    with pytest.raises(bl.SettingError, match="has no numbers: give an array"):
        look(lambda w: jnp.zeros(()), empty)


@pytest.mark.parametrize("f", [lambda w: jnp.log(w).sum(), lambda w: jnp.sqrt(w + 1).sum(), lambda w: w.sum() / 0])
def test_a_point_where_the_function_is_not_finite_is_refused(f):
    with pytest.raises(bl.GraphError, match="the function is not finite at the point"):
        bl.classify_point(f, np.array([-1.0, 2.0]))


@pytest.mark.filterwarnings("ignore:.seed. is deprecated")  # by Optax, of its own rule
@pytest.mark.parametrize("name", ["random-search", "local-search", "noisy-sgd"])
def test_a_rule_that_draws_has_the_runs_seed_unless_its_own_is_written(name, line):
    def transformed(optimizer, seed):
        rule = bl.prepare("Dense(1)", *line, optimizer=optimizer, seed=seed).transformation
        w = jnp.ones(3)
        told = {"value": jnp.float32(9), "value_fn": lambda w: jnp.float32(0)} if name != "noisy-sgd" else {}
        return np.asarray(rule.update(w, rule.init(w), w, **told)[0])

    assert (transformed(name, 1) == transformed(name, 1)).all()
    assert (transformed(name, 1) != transformed(name, 2)).all()
    assert (transformed(f"{name}(seed=5)", 1) == transformed(f"{name}(seed=5)", 2)).all()
    assert (transformed(f"{name}(seed=5)", 1) == transformed(name, 5)).all()
