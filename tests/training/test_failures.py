"""A loss that is no number: the run stops, keeps the last good weights, and says where."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import backlit as bl

DESCENT = {"optimizer": "gradient-descent", "split": (1, 0, 0), "standardize": False}


def finite(model):
    return all(np.isfinite(leaf).all() for leaf in jax.tree.leaves((model.parameters, model.state)))


@pytest.mark.parametrize("blocks", [None, 5])
def test_a_run_that_diverges_keeps_its_last_good_weights(blocks, line):
    x, y = line
    model = bl.fit("Dense(1)", x, y, learning_rate=20, epochs=60, batch_size=5, block_rows=blocks, **DESCENT)
    assert 1 < model.epochs < 59
    failed = model.epochs + 1
    assert model.stopped.startswith(f"non-finite in epoch {failed}: ")
    assert "step" in model.stopped
    assert "dense_1" in model.stopped or "the loss" in model.stopped
    assert ", in a" in model.stopped or "update" in model.stopped
    assert any(f"epoch {failed}" in note and "last good weights" in note for note in model.notes)
    assert finite(model)
    assert len(model.history) == model.epochs
    assert np.isfinite(model.history["train_loss"]).all()
    assert model.best_epoch == int(model.history["train_loss"].argmin()) + 1
    assert model.evaluate(x, y)["loss"] == pytest.approx(model.history["train_loss"].min(), rel=1e-4)


def test_a_logarithm_that_turns_negative_is_named(line):
    x = 0.01 * line[0]
    toward_three = bl.FunctionLoss(lambda f, y: (f - 3) ** 2 - 1e-3 * jnp.log(2 - f))
    model = bl.fit(
        "Dense(1)", x, line[1], loss=toward_three, learning_rate=0.1, epochs=20, batch_size="full", **DESCENT
    )
    outputs = [0.0]  # of the bias alone, which nearly is the output
    while outputs[-1] < 2:
        outputs.append(outputs[-1] - 0.1 * (2 * (outputs[-1] - 3) + 1e-3 / (2 - outputs[-1])))
    assert model.epochs == len(outputs) - 2
    # The update of the failing epoch takes the outputs past 2; its score, made after the step, is no number.
    assert model.stopped == f"non-finite in epoch {len(outputs) - 1}: after its last step: the loss, in a logarithm"
    assert finite(model)
    assert model.predict(x) == pytest.approx(outputs[-2], abs=0.05)


@pytest.mark.parametrize(
    ("rate", "words"),
    [(1e25, "the loss|layer dense_1"), (3e38, "the update made dense_1/(weight|bias) non-finite")],
)
def test_a_first_epoch_without_a_number_is_an_error_that_says_where(rate, words, line):
    x, y = line
    with pytest.raises(bl.TrainingError, match=words) as caught:
        bl.fit("Dense(1)", 10 * x, 10 * y, learning_rate=rate, epochs=3, batch_size=4, **DESCENT)
    assert "step" in str(caught.value)
    assert f"lower learning rate than {rate:g}" in str(caught.value)


def test_the_layer_and_the_operation_are_named(line):
    x, y = line
    with pytest.raises(bl.TrainingError, match=r"step 2: layer dense_2, in a matrix product"):
        bl.fit("Dense(2), Dense(1)", 10 * x, 10 * y, learning_rate=1e20, epochs=3, batch_size=5, **DESCENT)


def test_what_is_infinite_on_purpose_is_not_blamed(line):
    """A maximum begins at -∞; the product that overflows is what went wrong."""

    def loss(outputs, targets):
        large = 1e30 * (1 + (outputs - targets) ** 2) * 1e30
        return jnp.maximum(jnp.full(3, -jnp.inf), large).mean(1)

    x, y = line
    with pytest.raises(bl.TrainingError, match=r"step 1: the loss, in a product"):
        bl.fit("Dense(3)", x, np.stack([y, y, y], 1), loss=bl.FunctionLoss(loss), epochs=1, **DESCENT)
