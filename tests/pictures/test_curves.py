"""Traces, curves and learning rates: what is drawn are the numbers, and what is marked is what the words say."""

import numpy as np
import pytest
from matplotlib.figure import Figure

import backlit as bl
from backlit.training.learning_rates import suggest

pictures = bl.pictures


def lines(axes):
    """The data (2, n) of each labeled line."""
    return {line.get_label(): np.array(line.get_data(), float) for line in axes.lines}


def history(**columns):
    return bl.History({"epoch": np.arange(1, 5), **{name: np.array(values) for name, values in columns.items()}})


CLASSES = history(
    train_loss=[2.0, 1.0, 0.5, 0.4],
    train_accuracy=[0.5, 0.6, 0.8, 0.9],
    validation_loss=[2.0, 1.5, 0.7, 0.9],
    validation_accuracy=[0.4, 0.5, 0.9, 0.8],
)


def test_curves_show_both_parts_and_mark_the_best_epoch():
    top, bottom = pictures.plot_curves(CLASSES).axes
    assert lines(top)["training"].tolist() == [[1, 2, 3, 4], [2.0, 1.0, 0.5, 0.4]]
    assert lines(top)["validation"].tolist() == [[1, 2, 3, 4], [2.0, 1.5, 0.7, 0.9]]
    assert lines(top)["epoch 3"].tolist() == [[3], [0.7]]
    assert lines(bottom)["validation"][1].tolist() == [0.4, 0.5, 0.9, 0.8]
    assert top.get_title() == "Best: validation loss 0.7000 after epoch 3 of 4"
    assert (bottom.get_xlabel(), bottom.get_ylabel()) == ("epoch", "accuracy")


def test_curves_mark_the_epoch_that_is_asked_for():
    top = pictures.plot_curves(CLASSES, best_epoch=2).axes[0]
    assert lines(top)["epoch 2"].tolist() == [[2], [1.5]]


def test_curves_without_validation_rows_show_those_of_training():
    shown = history(train_loss=[3.0, 2.0, np.nan, 4.0], train_rmse=[9.0, 8.0, 7.0, 6.0], train_r2=[0.0] * 4)
    top, bottom = pictures.plot_curves(shown).axes
    assert "validation" not in lines(top)
    assert top.get_title() == "Best: training loss 2.0000 after epoch 2 of 4"
    assert lines(bottom)["training"][1].tolist() == [9, 8, 7, 6]
    assert bottom.get_ylabel() == "rmse, in the target's units"


def test_a_loss_over_a_wide_range_is_on_a_logarithmic_axis():
    scales = [
        pictures.plot_curves(history(train_loss=[1.0, 0.1, 0.5, end])).axes[0].get_yscale() for end in (0.2, 1e-3)
    ]
    assert scales == ["linear", "log"]


@pytest.mark.parametrize("show", [pictures.plot_curves, pictures.plot_layers, pictures.plot_update_ratios])
def test_what_is_no_history_is_refused(show):
    with pytest.raises(bl.DataError, match=r"no epochs.*history\.csv"):
        show(bl.History())
    with pytest.raises(bl.SettingError, match=r"model\.history, not list"):
        show([1.0, 2.0])


@pytest.mark.parametrize("epoch", [0, 5, 1.5])
def test_an_epoch_that_was_not_made_is_refused(epoch):
    with pytest.raises(bl.SettingError, match="best_epoch is from 1 to 4"):
        pictures.plot_curves(CLASSES, best_epoch=epoch)


def test_a_trace_shows_its_values_up_to_the_first_that_is_no_number():
    axes = pictures.plot_trace([1.0, 2.0, 4.0, np.inf, 8.0, 1.0, 1.0, np.nan], unit="epoch").axes[0]
    assert lines(axes)["no number from here on"].tolist() == [[3], [4.0]]
    assert np.isnan(axes.lines[0].get_ydata()).nonzero()[0].tolist() == [3, 7]
    assert (axes.get_xlabel(), axes.get_title()) == ("epoch", "Diverged: try a much smaller learning rate")


@pytest.mark.parametrize(("unit", "first"), [("step", 0), ("epoch", 1)])
def test_steps_are_counted_from_the_start_and_epochs_from_1(unit, first):
    axes = pictures.plot_trace([1 / n for n in range(1, 11)], unit=unit).axes[0]
    assert list(axes.lines[0].get_xdata()) == list(range(first, first + 10))


def test_a_trace_that_says_nothing_yet_is_refused():
    with pytest.raises(bl.DataError, match="give at least 8"):
        pictures.plot_trace([1.0] * 7)
    for given in (CLASSES, "abc", 3.0):
        with pytest.raises(bl.DataError, match="a trace is a row of numbers"):
            pictures.plot_trace(given)


def test_learning_rates_are_shown_with_the_suggestion():
    rates = np.geomspace(1e-5, 10, 60)
    found = suggest(rates, np.where(rates < 1, 2 / (1 + 100 * rates), 1e6))
    axes = pictures.plot_learning_rates(found).axes[0]
    drawn = lines(axes)
    np.testing.assert_array_equal(drawn["loss of a batch"], [rates, found.losses])
    np.testing.assert_array_equal(drawn["smoothed"], [rates, found.smoothed])
    assert drawn["suggestion"][0] == pytest.approx(found.suggestion)
    assert axes.get_xscale() == "log"
    assert f"{found.suggestion:.2g}" in axes.get_title()
    assert axes.get_ylim()[1] < 4  # the explosion is out of sight


def test_learning_rates_are_of_the_finder():
    with pytest.raises(bl.SettingError, match="find_learning_rate gives, not float"):
        pictures.plot_learning_rates(0.1)


def test_a_picture_is_drawn_on_given_axes_and_written(tmp_path):
    figure = Figure()
    axes = figure.subplots()
    assert pictures.plot_trace(np.arange(9.0), axes=axes) is figure
    assert axes.lines
    pictures.plot_curves(CLASSES, path=tmp_path / "curves.svg")
    assert "validation" in (tmp_path / "curves.svg").read_text()
