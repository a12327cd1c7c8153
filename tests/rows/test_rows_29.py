"""Row 29: start with ReLU, try others, and let the validation loss choose."""

import numpy as np

import backlit as bl


def test_row_29_relu_is_the_default_and_the_validation_loss_chooses_among_others():
    """`min(models, key=lambda model: model.scores["validation"]["loss"])`"""
    hidden = [type(block) for block in bl.prepare(None, "moons").network.blocks if not isinstance(block, bl.Dense)]
    assert hidden == [bl.Standardize, bl.ReLU, bl.ReLU]
    chosen = {"epochs": 10, "batch_size": 8, "learning_rate": 0.02}
    models = [bl.fit(f"Dense(8), {name}, Dense(1)", "moons(n=100)", **chosen) for name in ("ReLU", "Step")]
    losses = [model.history["validation_loss"].min() for model in models]
    best = min(models, key=lambda model: model.scores["validation"]["loss"])
    assert best is models[int(np.argmin(losses))]
    assert best is not models[-1]  # whose hidden layer has no gradient to learn from
