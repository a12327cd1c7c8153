"""The doctor beside a run: it names each fault once, changes no result, and stops what is hopeless where asked."""

import numpy as np
import pytest

import backlit as bl
from backlit.doctor.course import monitor as home
from backlit.training.execution import Progress


def diverging(**options):
    return bl.prepare("Dense(16), ReLU, Dense(10)", "digits", learning_rate=100.0, epochs=60, **options)


def test_a_rate_of_a_hundred_is_named_once():
    said = []
    run = diverging()
    monitor = bl.Monitor(run, say=said.append)
    run.train(monitor)
    assert [line for line in said if "learning rate too high" in line] == said[:1]
    assert monitor.findings[0].fault == "learning rate too high"


def test_a_hopeless_run_ends_early_and_says_why():
    run = diverging()
    model = run.train(bl.Monitor(run, stop_when="hopeless"))
    assert model.stopped == "hopeless: learning rate too high"
    assert model.epochs < 60


@pytest.mark.parametrize("data", ["wine", "iris", "circles"])
def test_defaults_give_nothing_worse_than_hints_and_are_never_hopeless(data):
    run = bl.prepare(None, data)
    said = []
    monitor = bl.Monitor(run, say=said.append, stop_when="hopeless")
    model = run.train(monitor)
    assert said == []
    assert "hopeless" not in model.stopped
    assert not [one for one in monitor.findings if one.level != "hint"]


def test_watching_changes_no_result():
    alone, watched = (
        bl.fit("Dense(4), Tanh, Dense(3)", "iris", epochs=5, progress=follow) for follow in (None, bl.Monitor())
    )
    assert np.array_equal(alone.history["loss"], watched.history["loss"])


def test_another_follower_hears_everything_and_its_answer_goes_first():
    heard = []

    def other(progress):
        heard.append(progress.epoch)
        return "enough" if progress.epoch >= 3 else None

    model = bl.fit("Dense(3)", "iris", epochs=50, progress=bl.Monitor(follow=other))
    assert model.stopped == "enough"
    assert heard[0] == 1


def test_a_broken_examiner_leaves_the_run_alone(monkeypatch):
    def broken(record):
        raise ValueError("broken\nin two lines")

    monkeypatch.setattr(home, "examine_record", broken)
    run = bl.prepare("Dense(3)", "iris", epochs=5)
    monitor = bl.Monitor(run)
    assert run.train(monitor).epochs == 5
    assert monitor.left_out == ["the course of the run: broken"]


def test_a_progress_without_a_history_is_heard():
    assert bl.Monitor()(Progress(1, 2, 0.5, None, 0.5, None, "accuracy", 1, 0.1, 0.1)) is None


def test_what_stops_a_run_is_hopeless_or_nothing():
    with pytest.raises(bl.SettingError, match="hopeless"):
        bl.Monitor(stop_when="bored")
