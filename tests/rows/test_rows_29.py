"""Row 29: start with ReLU, try others, and let the validation loss choose."""

import backlit as bl


def test_row_29_relu_is_the_default_and_the_validation_loss_chooses_among_others():
    """`bl.fit([f"Dense(8), {name}, Dense(1)" for name in ("ReLU", "Step", "Swish")], data).best`"""
    hidden = [type(block) for block in bl.prepare(None, "moons").network.blocks if not isinstance(block, bl.Dense)]
    assert hidden == [bl.Standardize, bl.ReLU, bl.ReLU]
    networks = [f"Dense(8), {name}, Dense(1)" for name in ("Step", "ReLU")]
    found = bl.fit(networks, "moons(n=100)", epochs=10, batch_size=8, learning_rate=0.02)
    losses = [model.history["validation_loss"].min() for model in found.models]
    assert losses[1] < losses[0]  # the gradient of a hidden step is 0: it learns nothing
    assert found.best is found.models[1]
    assert [row["network"] for row in found.table()] == networks[::-1]
