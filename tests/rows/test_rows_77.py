"""Row 77: depth against generalization at equal numbers of parameters."""

from statistics import fmean, stdev

import pytest

import backlit as bl


def test_row_77_depth_at_equal_parameters_with_seeds_and_spreads():
    """`bl.fit(["Dense(44), Tanh, Dense(1)", "Dense(11), Tanh, Dense(11), Tanh, Dense(1)"], "moons", seed=range(5))`"""
    networks = ["Dense(44), Tanh, Dense(1)", "Dense(11), Tanh, Dense(11), Tanh, Dense(1)"]
    found = bl.fit(networks, "moons(n=100)", seed=range(5), epochs=2, optimizer="gradient-descent")
    shallow, deep = (bl.prepare(network, "moons(n=100)").summary().parameters for network in networks)
    assert shallow == deep == 177
    for place, network in enumerate(networks):
        losses = [model.scores["validation"]["loss"] for model in found.models[5 * place : 5 * place + 5]]
        row = next(row for row in found.table() if row["network"] == network)
        assert (row["validation_loss"], row["spread"]) == pytest.approx((fmean(losses), stdev(losses)))
        assert (row["seeds"], row["failed"]) == (5, 0)
    first, second = (row["validation_loss"] for row in found.table())
    assert first <= second  # whichever it is
