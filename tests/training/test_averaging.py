"""Averaging of the weights, accumulation, clipping and plateaus, as a run has them."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import backlit as bl
from backlit.training.averaging import Average
from backlit.training.execution import Execution
from backlit.training.plateaus import Decline

ALL = {"split": (1, 0, 0), "standardize": False, "optimizer": "gradient-descent"}


def test_the_average_is_the_weighted_mean_of_the_weights_after_each_step():
    decay, weights = 0.8, np.random.default_rng(0).normal(size=(7, 3))
    average = Average.begin({"w": jnp.ones(3)}, {"count": jnp.int32(0)})
    for step, row in enumerate(weights):
        average = average.after({"w": jnp.asarray(row, jnp.float32)}, {"count": jnp.int32(step)}, decay)
    share = decay ** np.arange(6, -1, -1.0)
    np.testing.assert_allclose(average.parameters["w"], share @ weights / share.sum(), rtol=1e-5)
    assert int(average.state["count"]) == 6


def test_what_never_changes_stays_exactly_as_it_is():
    value = jnp.float32(0.1)
    average = Average.begin({}, {"mean": value})
    for _ in range(50):
        average = average.after({}, {"mean": value}, 0.9)
    assert average.state["mean"] == value


def test_the_average_is_what_is_scored_and_kept_and_the_statistics_of_batches_go_along(line):
    network = "Dense(3), BatchNorm(momentum=0.5), Tanh, Dense(1)"
    chosen = {"batch_size": "full", "learning_rate": 0.1, **ALL}
    path = [bl.fit(network, *line, epochs=epochs, **chosen) for epochs in (1, 2, 3)]
    model = bl.fit(network, *line, average=0.5, epochs=3, **chosen)

    def expected(first, second, third):
        return (first + 2 * second + 4 * third) / 7

    for kept, made in (
        (model.parameters, [step.parameters for step in path]),
        (model.state, [step.state for step in path]),
    ):
        wanted = jax.tree.map(expected, *made)
        jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-6), kept, wanted)
    part = bl.prepare(network, *line, **chosen).parts.train
    assert model.evaluate(part.x, part.y)["loss"] == pytest.approx(model.history["train_loss"][-1], rel=1e-5)


def test_accumulated_batches_make_the_step_of_the_large_batch_and_schedules_count_updates(line):
    x, y = line[0][:8], line[1][:8]
    chosen = {"epochs": 5, "learning_rate": 0.1, "schedule": "linear", "l2": 0.01, **ALL}
    network = "Dense(3), Tanh, Dense(1)"
    large = bl.fit(network, x, y, batch_size=4, **chosen).parameters
    small = bl.fit(network, x, y, batch_size=2, accumulate=2, **chosen).parameters
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-6), small, large)


def test_a_gradient_is_clipped_to_its_norm_and_a_short_one_is_left(line):
    chosen = {"batch_size": "full", "epochs": 1, "learning_rate": 1.0, **ALL}
    run = bl.prepare("Dense(1)", *line, **chosen)
    start = Execution(run, None).carry.trained.parameters

    def moved(**more):
        made = bl.fit("Dense(1)", *line, **chosen, **more).parameters
        return np.concatenate([np.ravel(a - b) for a, b in zip(*map(jax.tree.leaves, (made, start)), strict=True)])

    free, clipped = moved(), moved(clip=0.25)
    assert np.linalg.norm(free) > 0.25
    np.testing.assert_allclose(clipped, 0.25 * free / np.linalg.norm(free), rtol=1e-4)
    np.testing.assert_allclose(moved(clip=1e3), free, rtol=1e-6)


def test_a_plateau_multiplies_the_rate_after_its_patience():
    decline, plateau, shares = Decline.begin(), bl.optimizers.Plateau(patience=2, factor=0.5), []
    for epoch, better in enumerate([True, False, True, False, False, False, False, True, False], 1):
        decline = decline.after(jnp.int32(epoch), jnp.bool_(better), plateau)
        shares.append(float(decline.share))
    assert shares == [1, 1, 1, 1, 0.5, 0.5, 0.25, 0.25, 0.25]
    assert float(decline.applied({"w": jnp.float32(2.0)})["w"]) == 0.5


def test_a_run_that_waits_on_a_plateau_makes_smaller_steps():
    # |w − y| has steps of one length, η: the loss falls no further than η, until η itself falls.
    x, y = np.ones((8, 1), np.float32), np.full(8, 1.03, np.float32)
    chosen = {"loss": "mae", "batch_size": "full", "epochs": 60, "learning_rate": 0.1, **ALL}
    network = "Dense(1, bias=False, initializer=Constant(0.5))"
    fixed = bl.fit(network, x, y, **chosen)
    falling = bl.fit(network, x, y, schedule="plateau(patience=2)", **chosen)
    updates = falling.history["dense_1/weight/update"]
    updates = updates[updates > 0]
    assert fixed.history["train_loss"].min() > 0.02
    assert falling.history["train_loss"].min() < 0.002
    np.testing.assert_allclose(np.log2(updates / updates[0]), np.round(np.log2(updates / updates[0])), atol=1e-3)


def test_a_plateau_watches_the_validation_rows():
    x = np.ones((8, 1), np.float32)
    separate = (x, np.zeros(8, np.float32))  # every step towards 1 makes it worse
    chosen = {"validation": separate, "batch_size": "full", "epochs": 5, "learning_rate": 0.01, **ALL}
    network = "Dense(1, bias=False, initializer=Constant(0.5))"
    model = bl.fit(network, x, np.ones(8, np.float32), schedule="plateau(patience=1)", **chosen)
    ratio = model.history["dense_1/weight/update"] / model.history["dense_1/weight/gradient"]
    np.testing.assert_allclose(ratio, 0.01 * np.array([1, 1, 0.5, 0.25, 0.125]), rtol=1e-4)


@pytest.mark.parametrize(
    ("optimizer", "rate"),
    [("muon", 0.1), ("lion", 0.1), ("adafactor", 1.0), (optax.chain(optax.scale_by_adam(), optax.scale(-0.1)), None)],
)
def test_rules_of_optax_train_with_all_of_it(optimizer, rate, line):
    chosen = {**ALL, "optimizer": optimizer, "epochs": 40, "batch_size": 5, "learning_rate": rate}
    model = bl.fit("Dense(2), Dense(1)", *line, clip=10.0, accumulate=2, average=0.5, **chosen)
    assert model.scores["train"]["loss"] < 0.5 * model.scores["baseline"]["loss"]


@pytest.mark.parametrize("name", ["newton", "conjugate-gradient", "lbfgs"])
def test_rules_of_the_whole_loss_train_by_name_with_all_rows(name, line):
    model = bl.fit("Dense(1)", *line, **{**ALL, "optimizer": name}, epochs=25)
    assert (model.settings.batch_size, model.settings.schedule) == (10, "constant")
    assert f"{name} compares the losses of its steps: every step takes all rows" in model.notes
    weights, bias = bl.least_squares(*line)
    np.testing.assert_allclose(model.parameters["dense_1"]["weight"][:, 0], weights, atol=2e-2)
    np.testing.assert_allclose(model.parameters["dense_1"]["bias"], bias, atol=2e-2)


def test_a_batch_size_that_is_given_stays(line):
    run = bl.prepare("Dense(1)", *line, optimizer="lbfgs", batch_size=5)
    assert (run.settings.batch_size, run.notes) == (5, [])


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"optimizer": "newton", "clip": 1.0}, "clip changes the gradient, and newton needs it as it is"),
        ({"optimizer": "lbfgs", "accumulate": 2}, "accumulate changes the gradient, and lbfgs needs it as it is"),
        ({"clip": 0}, "clip is a finite number above 0"),
        ({"accumulate": 0}, "accumulate is a whole number from 1"),
        ({"accumulate": 21, "epochs": 10, "batch_size": 4}, "accumulate is 21, and the run has 20 batches in all"),
        ({"accumulate": 1.5}, "accumulate is a whole number from 1"),
        ({"average": 1.0}, "average is a finite number above 0 and below 1"),
        ({"average": 0}, "average is a finite number above 0 and below 1"),
        ({"schedule": "plateau(factor=1)"}, "plateau's factor is 1"),
        ({"schedule": "plateau(patience=0)"}, "plateau's patience is 0"),
        ({"schedule": "plateau(wait=3)"}, "no setting 'wait'"),
    ],
)
def test_impossible_settings_are_refused(settings, words, line):
    with pytest.raises(bl.SettingError, match=words):
        bl.prepare("Dense(1)", *line, **settings)


def test_a_network_too_large_for_newton_is_refused_before_any_work(line):
    with pytest.raises(bl.SettingError, match=r"40,597 × 40,597.*conjugate-gradient or lbfgs"):
        bl.prepare("Dense(200), Tanh, Dense(198), Dense(1)", *line, optimizer="newton")
