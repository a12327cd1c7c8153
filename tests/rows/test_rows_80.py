"""Row 80: augmentation by mirror, rotation and affine maps, on training data only, seeded."""

import numpy as np
from sklearn.datasets import load_digits

import backlit as bl

LEFT = np.zeros((60, 8, 8, 1), np.uint8)
LEFT[:, :, 2] = 255  # a bar in the left half
LABELS = np.arange(60) % 2
BARS = np.where(LABELS[:, None, None, None] == 1, LEFT, LEFT.transpose(0, 2, 1, 3))


def test_row_80_what_augmentation_shows_is_learned():
    """`bl.fit(network, data, augment="mirror, rotate(degrees=15), affine")`, `backlit train DATA --augment "mirror"`"""
    settings = {"split": (1, 0, 0), "epochs": 30, "batch_size": 10, "learning_rate": 0.01}
    standing_right = LEFT[:1, :, ::-1]
    plain = bl.fit("Flatten, Dense(1)", BARS, LABELS, **settings)
    mirrored = bl.fit("Flatten, Dense(1)", BARS, LABELS, augment="mirror", **settings)
    assert mirrored.scores["train"]["accuracy"] == 1
    assert mirrored.predict_proba(standing_right)[0, 1] > plain.predict_proba(standing_right)[0, 1] + 0.2


def test_row_80_it_is_seeded_and_touches_the_training_data_alone():
    digits = load_digits()
    x, y = digits.images[:100].astype(np.uint8), digits.target[:100]
    settings = {"epochs": 1, "learning_rate": 1e-30}  # the weights stay as they are
    turned, again = (bl.fit("Flatten, Dense(10)", x, y, augment="mirror, cutout(size=2)", **settings) for _ in range(2))
    plain = bl.fit("Flatten, Dense(10)", x, y, **settings)
    assert turned.history["loss"] == again.history["loss"] != plain.history["loss"]
    for part in ("train", "validation", "test"):
        assert turned.scores[part] == plain.scores[part]
    assert turned.history["validation_loss"] == plain.history["validation_loss"]
