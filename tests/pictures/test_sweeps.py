"""Sweeps as pictures: a point a seed, the mean of each configuration, every member's curve."""

import numpy as np
import pytest

import backlit as bl

pictures = bl.pictures
RATES = (1e-3, 1e-2, 1e-1)


@pytest.fixture(scope="module")
def sweep():
    x = np.random.default_rng(0).normal(size=(40, 2))
    return bl.fit("Dense(1)", x, x @ [1.0, 2.0], learning_rate=RATES, seed=range(2), epochs=3)


def test_numbers_far_apart_are_a_logarithmic_axis(sweep):
    axes = pictures.plot_sweep(sweep).axes[0]
    assert (axes.get_xscale(), axes.get_xlabel()) == ("log", "learning_rate")
    means = np.array(axes.containers[0].lines[0].get_data(), float)
    by_rate = {one.values["learning_rate"]: one for one in sweep.configurations}
    np.testing.assert_allclose(means[0], RATES)
    bars = np.array(axes.containers[0].lines[2][0].get_segments(), float)
    for rate, mean, ((_, low), (_, high)) in zip(RATES, means[1], bars, strict=True):
        scores = [model.scores["validation"]["loss"] for model in by_rate[rate].models]
        assert mean == pytest.approx(np.mean(scores))
        assert (high - low) / 2 == pytest.approx(np.std(scores, ddof=1))
        points = next(line for line in axes.lines if line.get_xdata()[0] == rate and len(line.get_xdata()) == 2)
        assert sorted(points.get_ydata()) == pytest.approx(sorted(scores))
    assert axes.get_title().startswith("Best: learning_rate 0.1: validation loss")


def test_configurations_of_names_stand_below_each_other(sweep):
    x = np.random.default_rng(0).normal(size=(40, 2))
    named = bl.fit("Dense(1)", x, x @ [1.0, 2.0], learning_rate=[1e-3, 1e-1], seed=range(2), epochs=3)
    axes = pictures.plot_sweep(named).axes[0]
    assert [tick.get_text() for tick in axes.get_yticklabels()] == ["learning_rate 0.1", "learning_rate 0.001"]
    assert axes.yaxis_inverted()
    means = axes.containers[0].lines[0].get_xdata()
    assert means == pytest.approx([one.mean(named.criterion) for one in named.configurations])
    assert "mean ± deviation of 2 seeds" in axes.get_xlabel()


def test_every_member_has_its_curve_and_the_best_its_mark(sweep):
    axes = pictures.plot_sweep_curves(sweep).axes[0]
    drawn = [line.get_ydata().tolist() for line in axes.lines]
    for member in sweep.members:
        assert member.history["validation_loss"].tolist() in drawn
    *_, best, star = axes.lines
    assert best.get_ydata().tolist() == sweep.chosen.history["validation_loss"].tolist()
    assert star.get_xdata() == [sweep.best.best_epoch]
    assert star.get_ydata() == sweep.best.scores["validation"]["loss"] == pytest.approx(min(best.get_ydata()))


@pytest.mark.parametrize("show", [pictures.plot_sweep, pictures.plot_sweep_curves])
def test_what_is_no_sweep_is_refused(show):
    with pytest.raises(bl.SettingError, match="not dict"):
        show({})
