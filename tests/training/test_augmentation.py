"""Augmentation in a run: on training data alone, the same with the same seed, refused where it makes no sense."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import backlit as bl
from backlit.training.objective import Batch

RANDOM = np.random.default_rng(0)
IMAGES = RANDOM.integers(0, 256, (40, 6, 6, 1)).astype(np.uint8)
LABELS = (np.arange(40) % 2).astype(np.int64)
SMALL = {"epochs": 3, "batch_size": 8, "split": (0.6, 0.2, 0.2)}


def test_the_same_seed_gives_the_same_run_and_another_another():
    runs = [
        bl.fit("Flatten, Dense(1)", IMAGES, LABELS, augment="mirror, rotate, cutout(size=2)", seed=seed, **SMALL)
        for seed in (0, 0, 1)
    ]
    losses = [run.history["loss"].tolist() for run in runs]
    assert losses[0] == losses[1] != losses[2]


def test_scores_are_of_the_data_as_they_are():
    model = bl.fit("Flatten, Dense(1)", IMAGES, LABELS, augment="noise(deviation=50)", split=(1, 0, 0), epochs=2)
    assert model.evaluate(IMAGES, LABELS)["loss"] == pytest.approx(model.scores["train"]["loss"], rel=1e-6)
    calm = bl.fit("Flatten, Dense(1)", IMAGES, LABELS, split=(1, 0, 0), epochs=1, learning_rate=1e-30)
    loud = bl.fit(
        "Flatten, Dense(1)",
        IMAGES,
        LABELS,
        augment="noise(deviation=50)",
        split=(1, 0, 0),
        epochs=1,
        learning_rate=1e-30,
    )
    assert loud.history["train_loss"].tolist() == calm.history["train_loss"].tolist()
    assert loud.history["loss"][0] > 2 * calm.history["loss"][0]


def test_preprocessing_is_fitted_to_the_data_as_they_are():
    plain, noisy = (bl.prepare(None, IMAGES, LABELS, augment=augment) for augment in (None, "noise(deviation=9)"))
    jax.tree.map(np.testing.assert_array_equal, plain.fitted, noisy.fitted)


def test_a_mixed_loss_is_the_share_of_both_targets():
    x = np.linspace(-1, 1, 8, dtype=np.float32)[:, None]
    run = bl.prepare("Dense(1)", x, x[:, 0] > 0, augment="mixup(alpha=1)", standardize=False, split=(1, 0, 0))
    objective, key = run.objective, jax.random.key(3)
    parameters, state = run.network.initialize((1,), jax.random.key(0))
    y = jnp.asarray(run.parts.train.y)
    value, _ = objective(parameters, state, Batch(jnp.asarray(x), y, jnp.ones(8), jnp.ones(8)), key)
    mixed, ((share, first), (rest, second)) = objective.augmentation(jax.random.split(key)[1], jnp.asarray(x), y)
    z = mixed @ parameters["dense_1"]["weight"] + parameters["dense_1"]["bias"]
    soft = share * first + rest * second  # cross-entropy is linear in the target
    np.testing.assert_allclose(value, bl.BinaryCrossEntropy().examples(z, soft).mean(), rtol=1e-5)


def test_each_mixed_target_counts_with_its_own_weight():
    x, weights = np.arange(4, dtype=np.float32)[:, None], np.float32([3, 1, 0, 2])
    y = np.float32([1, -1, 5, 2])
    settings = {"augment": "mixup(alpha=1)", "standardize": False, "split": (1, 0, 0), "weights": weights}
    run = bl.prepare("Dense(1)", x, y, **settings)
    objective, key = run.objective, jax.random.key(3)
    parameters = {"dense_1": {"weight": jnp.ones((1, 1)), "bias": jnp.zeros(1)}}
    mixed, ((share, _), _) = objective.augmentation(jax.random.split(key)[1], jnp.asarray(x), jnp.asarray(y))
    share, before = float(share), [3, 0, 1, 2]
    own, others = weights * share, weights[before] * (1 - share)
    squares = [np.square(np.asarray(mixed)[:, 0] - targets) for targets in (y, y[before])]  # the network is x ↦ x
    expected = (own * squares[0] + others * squares[1]).sum() / (own + others).sum()
    value, _ = objective(parameters, {}, Batch(jnp.asarray(x), jnp.asarray(y), jnp.asarray(weights), jnp.ones(4)), key)
    np.testing.assert_allclose(value, expected, rtol=1e-5)


def test_the_codes_of_a_table_are_left_alone(tmp_path):
    rows = [f"{i % 5},{'red' if i % 3 else 'blue'},{i % 5 + (i % 3 > 0)}" for i in range(40)]
    path = tmp_path / "table.csv"
    path.write_text("\n".join(["size,color,price", *rows]))
    run = bl.prepare(None, str(path), target="price", task="regression", augment="noise")
    deviations = run.objective.augmentation.deviations
    assert deviations[0] == pytest.approx(run.parts.train.x[:, 0].std(), rel=1e-5)
    assert deviations[1] == 0
    with pytest.raises(bl.SettingError, match="mirror is for images"):
        bl.prepare(None, str(path), target="price", task="regression", augment="mirror")
    with pytest.raises(bl.SettingError, match="mixup is for complete numbers"):
        bl.prepare(None, str(path), target="price", task="regression", augment="mixup")


@pytest.mark.parametrize(("augment", "problem"), [("miror", "did you mean mirror"), (3, "augment is a name")])
def test_what_is_no_augmentation_is_refused(augment, problem):
    with pytest.raises(bl.SettingError, match=problem):
        bl.prepare(None, IMAGES, LABELS, augment=augment)
