"""Populations: a member's result is that of the same run alone, whatever the others do."""

import jax
import numpy as np
import pytest

import backlit as bl
from backlit.training.devices import SHARE
from backlit.training.history import History
from backlit.training.populations import population, rounds
from backlit.training.populations.forms import Form
from backlit.training.populations.halving import Halving
from backlit.training.populations.members import program_of, share_program
from backlit.training.populations.population import NOT_BEGUN, Failure, in_turn, train_part, train_together
from backlit.training.preparation import prepare

NETWORK = "Dense(3)"


@pytest.fixture(scope="module")
def data(points):
    return bl.read(points[0], y=points[1])


@pytest.fixture(autouse=True)
def side_by_side(monkeypatch):
    """Two members under one vmap, on whatever machine."""
    monkeypatch.setattr(rounds, "form_of", lambda _, members, __: Form(2, 1))


def members(data, *differing, network=NETWORK, **common):
    chosen = {"epochs": 4, "batch_size": 8, "optimizer": "gradient-descent", "learning_rate": 0.1, **common}
    return [prepare(own.pop("network", network), data, **chosen | own) for own in map(dict, differing)]


def assert_same(member, alone):
    """Two models, trained in two ways, that are one up to rounding."""
    assert member.history.columns == alone.history.columns
    for name in alone.history.columns:
        np.testing.assert_allclose(member.history[name], alone.history[name], rtol=2e-4, atol=1e-5, err_msg=name)
    assert (member.epochs, member.best_epoch, member.stopped) == (alone.epochs, alone.best_epoch, alone.stopped)
    assert (member.notes, member.settings) == (alone.notes, alone.settings)
    assert member.scores.keys() == alone.scores.keys()
    for part, scores in alone.scores.items():
        assert member.scores[part] == pytest.approx(scores, rel=1e-4, abs=1e-6)
    for one, other in zip(*(jax.tree.leaves((m.parameters, m.state)) for m in (member, alone)), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-5)


def test_members_that_differ_in_everything_are_the_runs_alone(data):
    network = "Noise({}), Dropout({}), Dense(3)"
    few = {"learning_rate": 0.1, "l1": 0.01, "l2": 0.0, "clip": 0.5, "max_norm": 1.0, "average": 0.5, "tolerance": 0.1}
    many = {"learning_rate": 0.5, "l1": 0.0, "l2": 0.02, "clip": 2.0, "max_norm": 0.7, "average": 0.8, "tolerance": 0.3}
    runs = members(
        data,
        {**few, "network": network.format(0.1, 0.2), "seed": 3, "penalties": {"dense_1": {"l2": 0.1}}},
        {**many, "network": network.format(0.4, 0.5), "seed": 4, "penalties": {"dense_1": {"l2": 0.3}}}
        | {"class_weight": {"ash": 3, "birch": 1, "cedar": 0.5}, "initial_scale": 2.0, "bootstrap": 7},
        schedule="cosine",
    )
    assert share_program(*runs)
    assert not np.array_equal(runs[0].parts.train.indices, runs[1].parts.train.indices)
    assert_same(train_together(runs)[1], runs[1].train())


def test_examples_are_mixed_as_alone_in_a_short_last_batch_of_rows_of_their_own(data):
    runs = members(data, {"split_seed": 1}, {"split_seed": 2}, augment="mixup(alpha=5)")
    assert share_program(*runs)
    assert len(runs[0].parts.train) % 8
    assert_same(train_together(runs)[1], runs[1].train())


def test_members_stop_by_themselves_and_one_that_fails_harms_no_other(data):
    runs = members(
        data,
        {"learning_rate": 0.1},
        {"learning_rate": 0.3},
        {"learning_rate": 1e30},
        network="BatchNorm, Dense(3)",
        schedule="plateau(patience=2)",
        epochs=60,
        patience=4,
        split_seed=0,
    )
    first, second, failed = train_together(runs)
    assert isinstance(failed, Failure)
    assert "non-finite in the first epoch" in failed.reason
    assert failed.epochs == len(failed.history) == 0
    assert first.epochs != second.epochs
    assert_same(second, runs[1].train())


def test_a_member_that_diverges_late_ends_as_it_does_alone(line):
    data = bl.read(line[0], y=line[1])
    rates = ({"learning_rate": rate} for rate in (3.0, 0.1))
    runs = members(data, *rates, network="Dense(1)", epochs=60, batch_size="full", split_seed=0)
    late, steady = train_together(runs)
    alone = runs[0].train()
    assert (late.epochs, late.best_epoch, late.stopped, late.notes) == tuple(
        getattr(alone, name) for name in ("epochs", "best_epoch", "stopped", "notes")
    )
    np.testing.assert_allclose(late.history["loss"], alone.history["loss"], rtol=1e-5)
    assert 0 < len(late.history) == late.epochs < 60
    assert steady.stopped == "epochs"


def test_halving_stops_the_worse_members(line):
    """Of gradient descents of too small steps the longer steps are the better ones."""
    data = bl.read(line[0], y=line[1])
    rates = [1e-4, 3e-2, 1e-3, 1e-2, 1e-1]
    runs = members(data, *({"learning_rate": rate} for rate in rates), network="Dense(1)", epochs=8, batch_size="full")
    made = train_together(runs, halving=Halving(factor=2))
    assert [model.epochs for model in made] == [1, 4, 1, 2, 8]
    assert [model.stopped for model in made] == [
        "halved at epoch 1",
        "halved at epoch 4",
        "halved at epoch 1",
        "halved at epoch 2",
        "epochs",
    ]
    assert all(len(model.history) == model.epochs for model in made)


def test_halving_keeps_the_seeds_of_a_configuration_together(line):
    data = bl.read(line[0], y=line[1])
    chosen = [{"learning_rate": rate, "seed": seed} for rate in (1e-4, 1e-1) for seed in range(3)]
    made = train_together(
        members(data, *chosen, network="Dense(1)", epochs=8, batch_size="full", split_seed=0),
        halving=Halving(factor=2),
    )
    assert [model.stopped for model in made] == ["halved at epoch 4"] * 3 + ["epochs"] * 3


def test_nothing_begins_after_a_part_that_was_interrupted():
    trained = []

    def train(places):
        trained.extend(places)
        return [Failure(NOT_BEGUN if place == 2 else "diverged", 1, History()) for place in places]

    made = in_turn([[0, 3], [2], [1]], train)
    assert trained == [0, 3, 2]
    assert [failure.reason for failure in made] == ["diverged", NOT_BEGUN, NOT_BEGUN, "diverged"]


def test_a_population_is_split_to_fit_in_memory(data, monkeypatch):
    sizes = []

    class Counted(rounds.Rounds):
        def __init__(self, runs, *others):
            sizes.append(len(runs))
            super().__init__(runs, *others)

    runs = members(data, *({"seed": seed} for seed in range(4)), split_seed=0, epochs=1)
    whole = train_together(runs)
    monkeypatch.setattr(population, "Rounds", Counted)
    monkeypatch.setattr(population, "member_bytes", lambda run: 10**9)
    monkeypatch.setattr(population, "free_bytes", lambda: 2.5 * 10**9 / SHARE)
    parts = train_together(runs)
    assert sizes == [2, 2]
    for one, other in zip(whole, parts, strict=True):
        assert one.scores["validation"]["loss"] == pytest.approx(other.scores["validation"]["loss"], rel=1e-5)


def test_an_interrupt_keeps_what_is_done(data):
    def interrupt(progress):
        if progress.epoch >= 3:
            raise KeyboardInterrupt

    runs = members(data, {"seed": 0}, {"seed": 1}, split_seed=0, epochs=1000)
    runs += members(data, {"network": "Dense(2), Dense(3)"})
    first, second, third = train_together(runs, interrupt)
    assert {first.stopped, second.stopped} == {"interrupted"}
    assert 3 <= first.epochs == second.epochs == len(second.history) < 1000
    assert third == Failure("interrupted before it began", 0, third.history)


def test_the_time_limit_ends_all_members(data):
    made = train_part(members(data, {"seed": 0}, {"seed": 1}, split_seed=0, epochs=100_000), time_limit=0.01)
    assert [model.stopped for model in made] == ["time", "time"]
    assert made[0].epochs == made[1].epochs == len(made[0].history)


def test_recurrent_and_convolutional_members():
    random = np.random.default_rng(0)
    x = random.normal(size=(24, 5, 2)).astype(np.float32)
    data = bl.read(x, y=np.array(["ash", "birch", "cedar"])[random.integers(3, size=24)])
    runs = members(
        data, {"seed": 0}, {"seed": 1, "learning_rate": 0.3}, network="Conv(2, 2), RNN(2), Dense(3)", epochs=2
    )
    assert_same(train_together(runs)[1], runs[1].train())


def test_what_shares_a_program(data):
    run, *others = members(
        data,
        {},
        {
            "seed": 5,
            "learning_rate": 0.7,
            "l2": 0.3,
            "class_weight": "balanced",
            "initial_scale": 0.5,
            "bootstrap": True,
        },
        {"network": "Dense(5), Dense(3)"},
        {"batch_size": 9},
        {"optimizer": "adam"},
        {"epochs": 5},
        {"clip": 1.0},
        {"schedule": "cosine"},
        {"split": (0.5, 0.25, 0.25)},
    )
    assert [share_program(run, other) for other in others] == [True] + [False] * 7


@pytest.mark.parametrize("settings", [{"optimizer": "lbfgs"}, {"block_rows": 8}])
def test_what_is_trained_alone(data, settings):
    (run,) = members(data, settings | ({"learning_rate": None} if "optimizer" in settings else {}))
    assert program_of(run) is None
    assert not share_program(run, run)
