"""Named networks for sequences: how they are built, and that they learn what only the order tells."""

import numpy as np
import pytest

import backlit as bl
from backlit.networks.named import network_named
from backlit.networks.sequences import SEQUENCE_NETWORKS


@pytest.mark.parametrize("name", SEQUENCE_NETWORKS)
def test_every_one_makes_an_output_a_class_of_a_sequence(name):
    assert network_named(name, (20, 3), 5, 100).plan((20, 3)).output == (5,)
    deep = network_named(f"{name}(depth=2, width=8, dropout=0)", (20, 3), 5, 100)
    assert deep.plan((20, 3)).output == (5,)
    assert len(deep.blocks) == 5


def test_settings_out_of_range_are_refused():
    for setting, message in (("depth=0", "depth of at least 1"), ("width=0.5", "units"), ("dropout=1", "rate")):
        with pytest.raises(bl.SettingError, match=message):
            network_named(f"gru({setting})", (20, 3), 5, 100)
    with pytest.raises(bl.ShapeError, match="GRU reads sequences"):
        bl.prepare("gru", np.zeros((20, 3)), np.arange(20) % 2)


def test_a_gated_network_learns_which_of_two_marks_came_first_in_sequences_of_unequal_length():
    rng = np.random.default_rng(0)
    x = np.full((240, 6, 1), np.nan, np.float32)
    y = np.arange(240) % 2
    for sequence, label in zip(x, y, strict=True):
        length = rng.integers(3, 7)
        sequence[:length] = 0
        early, late = np.sort(rng.choice(length, 2, replace=False))
        sequence[early], sequence[late] = (1, -1) if label else (-1, 1)
    model = bl.fit("gru(width=16, dropout=0)", x, y, epochs=20, learning_rate=0.02, seed=0)
    assert model.scores["test"]["accuracy"] >= 0.95
