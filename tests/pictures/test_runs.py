"""Runs over each other, and predictions over the truth: what is drawn are the numbers."""

import numpy as np
import pytest

import backlit as bl
from backlit.pictures import plot_predictions, plot_runs


def history(*losses, name="validation_loss"):
    return bl.History({"epoch": np.arange(1, len(losses) + 1), "train_loss": np.array(losses), name: np.array(losses)})


def test_every_run_has_its_line():
    runs = {"a": history(3.0, 2.0, 1.0), "b $x": history(2.0, 0.5)}
    axes = plot_runs(runs).axes[0]
    for line, held in zip(axes.lines, runs.values(), strict=True):
        np.testing.assert_array_equal(line.get_xdata(), held["epoch"])
        np.testing.assert_array_equal(line.get_ydata(), held["validation_loss"])
    assert axes.get_title() == r"The lowest validation loss: b \$x"
    assert axes.get_xlabel() == "epoch"


def test_the_highest_score_wins():
    runs = {"a": history(0.5, 0.6, name="test_accuracy"), "b": history(0.7, name="test_accuracy")}
    assert plot_runs(runs, "test_accuracy").axes[0].get_title() == "The highest test accuracy: b"


def test_runs_without_what_is_shown_are_refused():
    with pytest.raises(bl.DataError, match="no runs"):
        plot_runs({})
    with pytest.raises(bl.DataError, match="the run a has no test_loss"):
        plot_runs({"a": history(1.0)}, "test_loss")


def test_predictions_lie_over_their_truth():
    truth, predicted = np.array([1.0, 2.0, 4.0]), np.array([1.0, 3.0, 4.0])
    axes = plot_predictions(truth, predicted, "a $b").axes[0]
    points = axes.lines[1]
    np.testing.assert_array_equal(points.get_xydata(), np.stack([truth, predicted], 1))
    assert "0.5774" in axes.get_title()
    with pytest.raises(bl.ShapeError, match="two rows of as many numbers"):
        plot_predictions(truth, predicted[:2])
