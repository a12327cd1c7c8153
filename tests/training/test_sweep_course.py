"""The course of a sweep: what is told of it, the time that it may take, and what an interrupt leaves."""

import copy
from types import SimpleNamespace

import numpy as np
import pytest

import backlit as bl
from backlit.training.execution import Execution
from backlit.training.populations import population
from backlit.training.populations.population import NOT_BEGUN, Failure
from backlit.training.populations.rounds import Rounds
from backlit.training.sweeps import grids, progress
from backlit.training.sweeps.configurations import Configuration, Member
from backlit.training.sweeps.sweeping import prepare_sweep

CHOSEN = {"epochs": 4, "optimizer": "gradient-descent", "learning_rate": 0.1}


@pytest.fixture(scope="module")
def model(points):
    return bl.fit("Dense(3)", *points, **CHOSEN)


@pytest.fixture
def together(monkeypatch, model):
    """Members that are trained by taking this model for a second; the time limit of each program, 0 interrupts."""
    limits = []

    def train_part(runs, progress, halving, limit):
        limits.append(limit)
        if limit is None and len(limits) == 2:
            raise KeyboardInterrupt
        made = [copy.copy(model) for _ in runs]
        for one in made:
            one.seconds = {"compile": 2.0, "train": 1.0, "total": 3.0}
        return made

    monkeypatch.setattr(grids, "train_part", train_part)
    return limits


def test_an_interrupt_keeps_the_programs_that_are_done(together, points):
    found = bl.sweep("Dense(3)", *points, over={"batch_size": [8, 16, 32]}, seeds=2, epochs=4)
    assert len(together) == 2
    assert [member.failure for member in found.members] == [""] * 2 + ["interrupted before it began"] * 4
    assert found.configurations[0].values == {"batch_size": 8}
    assert found.interrupted
    assert [(row["failed"], row["stopped"]) for row in found.table()] == [(0, "epochs"), *[(0, "not begun")] * 2]
    assert not any(member["failed"] for member in found.to_json()["members"])
    assert "interrupted: 4 of 6 members had not begun" in str(found)
    assert "failed" not in str(found)
    assert "0 failed, 4 not begun" in repr(found)


def test_an_interrupt_before_anything_is_done_stays_one(together, points):
    together.append(None)
    with pytest.raises(KeyboardInterrupt):
        bl.sweep("Dense(3)", *points, over={"batch_size": [8, 16]})


def test_members_that_had_not_begun_did_not_fail():
    reasons = "it failed", "it failed", NOT_BEGUN
    members = [Member({"seed": n}, Failure(reason, 0, bl.History())) for n, reason in enumerate(reasons)]
    with pytest.raises(bl.TrainingError, match="all 2 members of the sweep that began failed: it failed"):
        bl.Sweep([Configuration({}, tuple(members))])


def test_the_time_limit_is_shared_among_the_programs(together, points):
    """By their members: 12 · 2/6; then, of the 11 seconds that the first left, 2/4; then all of the 10."""
    found = bl.sweep("Dense(3)", *points, over={"batch_size": [8, 16, 32]}, seeds=2, time_limit=12)
    assert together == [4, 5.5, 10]
    assert (found.seconds["compile"], found.seconds["train"]) == (6, 3)
    assert {model.settings.time_limit for model in prepare_sweep("Dense(3)", *points, seeds=2, time_limit=12).runs} == {
        12
    }


def test_the_time_left_is_that_of_the_whole_sweep(monkeypatch):
    """Two members make 4 epochs in 4 s, 5 s besides; four members' 4 epochs then take 8 s, 5 s besides."""
    clock = SimpleNamespace(now=0.0, perf_counter=lambda: clock.now)
    monkeypatch.setattr(progress, "time", clock)
    parts = [progress.Part(2, 4), progress.Part(4, 4, "batch_size 16")]
    for limit, training in ((None, 8), (6, 2)):
        told, clock.now = [], 0.0
        overall = progress.Overall(told.append, parts, limit, started=0.0)
        own = bl.Progress(2, 4, 0.5, 0.6, 0.7, 0.8, "accuracy", 2, 2.0, 2.0)
        overall.begin()
        clock.now = 5.0
        overall.follow(own)
        clock.now = 9.0
        overall.follow(own._replace(epoch=4, seconds=4.0, seconds_left=0.0))
        overall.close()
        overall.begin()
        clock.now = 20.0
        overall.follow(own._replace(epoch=4, seconds=6.0, seconds_left=0.0))
        assert np.isnan(told[0].seconds_left)
        early = 8 if limit is None else 4  # of the seconds of training, after two of them
        assert [one.seconds_left for one in told[1:]] == [2 + early + 3, training + 5, training + 5, 0]
        assert [(one.epoch, one.seconds) for one in told] == [(0, 0), (2, 5), (4, 9), (4, 9), (8, 20)]
        assert [one.place for one in told if not one.doing] == [
            "program 1 of 2, epoch 2/4, best of 2 members",
            "program 1 of 2, epoch 4/4, best of 2 members",
            "program 2 of 2, epoch 4/4, best of 4 members",
        ]
        assert [one.doing for one in told] == [
            "compiling program 1 of 2: 2 members",
            "",
            "",
            "compiling program 2 of 2: 4 members of batch_size 16",
            "",
        ]


def test_progress_tells_what_is_compiled(together, points):
    told, together[:] = [], [None, None]
    bl.sweep("Dense(3)", *points, over={"batch_size": [8, 16], "l2": [0.0, 0.1]}, epochs=4, progress=told.append)
    assert [(one.epoch, one.epochs, one.doing) for one in told] == [
        (0, 8, "compiling program 1 of 2: 2 members of batch_size 8"),
        (4, 8, "compiling program 2 of 2: 2 members of batch_size 16"),
    ]


def test_an_interrupt_while_members_are_scored_ends_the_sweep(points, monkeypatch):
    scores = Execution._scores
    calls = []

    def interrupted(self, parameters, state):
        calls.append(self)
        if len(calls) == 1:
            raise KeyboardInterrupt
        return scores(self, parameters, state)

    monkeypatch.setattr(Execution, "_scores", interrupted)
    made = bl.sweep("Dense(3)", *points, over={"batch_size": [8, 16]}, seeds=2, **CHOSEN)
    assert [member.stopped for member in made.members] == ["interrupted", "epochs", "not begun", "not begun"]
    assert made.chosen is made.members[1]
    assert np.isfinite(made.table()[0]["validation_loss"])


def test_an_interrupt_keeps_the_part_of_a_program_that_is_done(points, monkeypatch):
    trained = Rounds.train
    calls = []

    def interrupted(self):
        calls.append(self)
        if len(calls) == 2:
            raise KeyboardInterrupt
        trained(self)

    monkeypatch.setattr(Rounds, "train", interrupted)
    monkeypatch.setattr(population, "_waves", lambda runs, places: [places[:2], places[2:]])
    made = bl.sweep("Dense(3)", *points, seeds=4, **CHOSEN)
    assert [member.stopped for member in made.members] == ["epochs", "epochs", "not begun", "not begun"]
