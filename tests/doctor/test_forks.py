"""Forks are the run's own training with one thing changed: by hand-written loops, and by what the change must do."""

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import optax
import polars as pl
import pytest

from backlit.doctor.experiments.forks import QUARTERS, Fork, Nursery, first_weights, steps_for
from backlit.doctor.experiments.questions import normalization
from backlit.doctor.experiments.redrawing import fan_in, redrawn_weights
from backlit.layers.block import Context
from backlit.training import prepare

STEPS, PENALTY, RATE = 12, 0.02, 0.05


def drawn(rows=60, features=4, scale=1.0, shift=0.0):
    """Points of three classes, by the largest of three sums of features."""
    random = np.random.default_rng(0)
    x = random.normal(size=(rows, features)).astype(np.float32)
    return scale * x + np.float32(shift), np.array(["a", "b", "c"])[(x @ random.normal(size=(features, 3))).argmax(1)]


def of_points(x, y, network="Dense(6), Tanh, Dense(3)", **settings):
    given = {"batch_size": "full", "learning_rate": RATE, "standardize": False, "epochs": 400} | settings
    return prepare(network, x, y, **given)


def by_hand(run, penalty, steps=STEPS):
    """Adam on the mean cross-entropy of all rows and λ Σ w²; the losses of each step, and without λ at each quarter."""
    part = run.parts.train
    x, y = jnp.asarray(part.x), jnp.asarray(part.y)
    parameters, state = first_weights(run)

    def data_loss(parameters):
        scores = run.network.apply(parameters, state, x, Context())[0]
        return -jnp.take_along_axis(jax.nn.log_softmax(scores), y[:, None], 1).mean()

    def loss(parameters):
        return data_loss(parameters) + penalty * sum((layer["weight"] ** 2).sum() for layer in parameters.values())

    rule, slope = optax.adam(RATE), jax.jit(jax.value_and_grad(loss))
    memory, losses, seen = rule.init(parameters), [], [data_loss(parameters)]
    for step in range(1, steps + 1):
        value, gradient = slope(parameters)
        updates, memory = rule.update(gradient, memory)
        parameters = optax.apply_updates(parameters, updates)
        losses.append(value)
        if step % (steps // QUARTERS) == 0:
            seen.append(data_loss(parameters))
    return np.array(losses), np.array(seen)


@pytest.fixture(scope="module")
def penalized():
    return of_points(*drawn(), l2=PENALTY)


@pytest.fixture(scope="module")
def grown(penalized):
    forks = [Fork("same"), Fork("still", rate=0.0), Fork("free", penalty=0.0), Fork("again", seed=3)]
    return Nursery(penalized, STEPS).grow(forks)


@pytest.mark.parametrize(("name", "penalty"), [("same", PENALTY), ("free", 0.0)])
def test_a_fork_takes_the_steps_of_the_run(penalized, grown, name, penalty):
    losses, seen = by_hand(penalized, penalty)
    np.testing.assert_allclose(grown[name].losses, losses, rtol=1e-4)
    np.testing.assert_allclose(grown[name].train, seen, rtol=1e-4)  # in evaluation mode, without the penalty
    assert grown[name].reached == grown[name].train[-1]
    assert grown[name].lowest == grown[name].validation.min()


def test_without_a_rate_nothing_moves(grown):
    still = grown["still"]
    np.testing.assert_allclose(still.train, still.train[0], rtol=1e-6)
    np.testing.assert_allclose(still.losses, still.losses[0], rtol=1e-6)
    assert still.train[0] == pytest.approx(grown["same"].train[0], rel=1e-6)


def test_of_all_rows_the_order_does_not_matter(grown):
    np.testing.assert_allclose(grown["again"].losses, grown["same"].losses, rtol=1e-4)


def test_a_fork_does_not_depend_on_its_company(penalized, grown):
    alone = Nursery(penalized, STEPS).grow([Fork("same")])
    np.testing.assert_allclose(alone["same"].losses, grown["same"].losses, rtol=1e-5)


def test_shifted_and_scaled_inputs_are_those_of_normalized_data():
    x, y = drawn(scale=30.0, shift=100.0)
    raw = of_points(x, y)
    shift, scale = normalization(raw)
    part = raw.parts.train.x
    np.testing.assert_allclose(shift, part.mean(0), rtol=1e-5)
    np.testing.assert_allclose(scale, 1 / part.std(0), rtol=1e-4)
    normal = of_points(((x - shift) * scale).astype(np.float32), y)
    altered = Nursery(raw, STEPS).grow([Fork("normalized", shift=shift, scale=scale)])["normalized"]
    expected = Nursery(normal, STEPS).grow([Fork("same")])["same"]
    for name in ("losses", "train", "validation", "validation_score"):
        np.testing.assert_allclose(getattr(altered, name), getattr(expected, name), rtol=1e-3, err_msg=name)


def test_the_codes_of_categories_are_left_as_they_are():
    random = np.random.default_rng(0)
    table = {
        "color": random.choice(["red", "green", "blue"], 90),
        "weight": random.normal(80, 9, 90),
        "y": [0.0, 1.0, 2.5] * 30,
    }
    run = prepare("Dense(1)", pl.DataFrame(table), target="y")
    shift, scale = normalization(run)
    weights = run.parts.train.x[:, 1]
    np.testing.assert_allclose(shift, [0, weights.mean()], rtol=1e-5)
    np.testing.assert_allclose(scale, [1, 1 / weights.std()], rtol=1e-4)


def test_one_batch_is_learned_by_heart_where_all_rows_cannot_be():
    """Eight points in twenty dimensions are linearly separable whatever their labels; two hundred are not."""
    random = np.random.default_rng(1)
    x, y = random.normal(size=(250, 20)).astype(np.float32), np.array(["a", "b", "c"])[random.integers(3, size=250)]
    run = of_points(x, y, "Dense(3)", batch_size=8)
    grown = Nursery(run, 160).grow([Fork("one", one_batch=True), Fork("all")])
    assert grown["one"].reached < 0.1
    assert grown["one"].train_score[-1] == 1.0
    assert grown["all"].reached > 0.7
    np.testing.assert_allclose(grown["one"].losses[0], grown["one"].train[0], rtol=1e-5)


def test_permuted_labels_say_nothing_of_new_rows():
    run = of_points(*drawn(rows=600), batch_size=50)
    grown = Nursery(run, 80).grow([Fork("given"), Fork("permuted", permuted=True)])
    rows = min(len(run.parts.validation), 512)
    chance = np.bincount(run.parts.train.y).max() / len(run.parts.train)
    assert grown["given"].validation_score[-1] > 0.9
    assert grown["permuted"].validation_score[-1] < chance + 3 * np.sqrt(chance * (1 - chance) / rows)
    np.testing.assert_allclose(grown["permuted"].train[0], grown["given"].train[0], rtol=1e-6)  # judged by the given


def test_rows_count_by_their_weights_and_permuted_labels_take_theirs_along():
    """Before the first step, by hand: −ln p of each row's class, each class with the same weight in all."""
    x, y = drawn(rows=90)
    run = of_points(x, np.where(y == "a", "a", "b"), "Dense(2)", class_weight="balanced", batch_size=8)
    grown = Nursery(run, QUARTERS).grow([Fork("given"), Fork("permuted", permuted=True), Fork("one", one_batch=True)])
    parameters, state = first_weights(run)
    shares = np.bincount(run.parts.train.y) / len(run.parts.train)

    def cost(rows):
        scores = run.network.apply(parameters, state, jnp.asarray(rows.x), Context())[0]
        losses = -jnp.take_along_axis(jax.nn.log_softmax(scores), jnp.asarray(rows.y)[:, None], 1)[:, 0]
        return np.average(losses, weights=1 / shares[rows.y])

    assert grown["given"].train[0] == pytest.approx(cost(run.parts.train), rel=1e-4)
    assert grown["given"].validation[0] == pytest.approx(cost(run.parts.validation), rel=1e-4)
    assert grown["one"].losses[0] == pytest.approx(grown["one"].train[0], rel=1e-4)


def test_permuted_labels_keep_the_weights_of_their_classes():
    """Zeros for inputs: only the bias learns, and half of the weight is in each class, whatever row a label is at."""
    y = np.array(["a", "b", "b", "b"] * 10)
    run = of_points(np.zeros((40, 1)), y, "Dense(2)", class_weight="balanced", split=(1, 0, 0), optimizer="adam")
    permuted = Nursery(run, 200).grow([Fork("permuted", permuted=True)])["permuted"]
    assert permuted.losses[-1] == pytest.approx(np.log(2), rel=1e-3)


def test_batches_are_augmented_as_in_the_run():
    """A black image with one bright column; turned over, its first batch costs something else, and its rows do not."""
    x = np.zeros((12, 4, 4, 1), np.float32)
    x[:, :, 0] = 5.0
    options = {"standardize": False, "batch_size": "full", "split": (1, 0, 0), "epochs": 9, "learning_rate": 1e-3}
    plain, turned = (
        Nursery(prepare("Flatten, Dense(2)", x, np.array(["a", "b"] * 6), augment=augment, **options), QUARTERS)
        for augment in (None, "mirror")
    )
    (one, other) = (nursery.grow([Fork("same")])["same"] for nursery in (plain, turned))
    assert one.train[0] == pytest.approx(other.train[0], rel=1e-5)
    assert one.losses[0] != pytest.approx(other.losses[0], rel=1e-3)


def test_of_numbers_the_score_is_minus_the_squared_error():
    x = np.random.default_rng(2).normal(size=(40, 2)).astype(np.float32)
    run = prepare("Dense(1)", x, 3 * x[:, 0] + 1, standardize=False, batch_size="full", epochs=400, split=(1, 0, 0))
    trace = Nursery(run, 4).grow([Fork("same")])["same"]
    np.testing.assert_allclose(trace.train_score, -trace.train, rtol=1e-5)
    assert np.isnan(trace.validation).all()
    assert trace.lowest == np.inf


def test_a_fork_that_turns_non_finite_has_reached_nothing(penalized):
    wild = Nursery(replace(penalized, transformation=optax.sgd(1e30)), 8).grow([Fork("wild")])["wild"]
    assert wild.reached == np.inf


def test_forks_take_no_more_steps_than_the_run_in_whole_quarters():
    x, y = drawn(rows=100)
    for epochs in (1, 9, 10_000):
        run = of_points(x, y, batch_size=10, epochs=epochs)
        batches = -(-len(run.parts.train) // 10) * epochs
        steps = steps_for(run, 20)
        assert steps % QUARTERS == 0
        assert QUARTERS <= steps <= max(batches, QUARTERS)
    assert steps_for(run, 2000) <= steps_for(run, 2)


@pytest.mark.parametrize(
    ("network", "shape", "gain", "incoming"),
    [
        ("Dense(400), ReLU, Dense(3)", (100,), 2.0, {"dense_1": 100, "dense_2": 400}),
        ("Dense(400), Tanh, Dense(3)", (100,), 1.0, {"dense_1": 100, "dense_2": 400}),
        ("Conv(64, 5), ReLU, Flatten, Dense(3)", (6, 6, 3), 2.0, {"conv_1": 75, "dense_1": 64 * 4}),
    ],
)
def test_redrawn_weights_have_the_variance_that_keeps_signals(network, shape, gain, incoming):
    x = np.random.default_rng(0).normal(size=(12, *shape)).astype(np.float32)
    run = prepare(network, x, np.array(["a", "b", "c"] * 4), standardize=False, initial_scale=30.0)
    parameters, _ = redrawn_weights(run, *first_weights(run))
    variables = dict(run.network.plan(run.input_shape).variables())
    for name, count in incoming.items():
        weight = np.asarray(parameters[name]["weight"])
        error = np.sqrt(2 / weight.size)  # of a variance, relative
        assert fan_in(variables[name, "weight"]) == count
        assert weight.var() == pytest.approx(gain / count, rel=4 * error)
        assert abs(weight.mean()) < 4 * np.sqrt(gain / count / weight.size)


def test_redrawn_weights_bring_large_biases_to_0_and_leave_small_ones(penalized):
    first = {"dense_1": -10.0, "dense_2": 0.5}

    def initialize(key, scale=None):
        parameters, state = type(penalized).initialize(penalized, key, scale)
        return {name: {**layer, "bias": layer["bias"] + first[name]} for name, layer in parameters.items()}, state

    run = replace(penalized)
    run.initialize = initialize
    parameters, _ = redrawn_weights(run, *first_weights(run))
    assert np.array_equal(parameters["dense_1"]["bias"], np.zeros(6))
    assert np.array_equal(parameters["dense_2"]["bias"], np.full(3, 0.5))
