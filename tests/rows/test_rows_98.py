"""Row 98: an autoencoder, image enhancement and click prediction, one small example each, end to end."""

import numpy as np
import polars as pl
from sklearn.datasets import load_digits
from sklearn.decomposition import PCA

import backlit as bl

DIGITS = load_digits().images[:800].astype(np.uint8)


def test_row_98_an_autoencoder_learns_a_code():
    """`bl.fit("autoencoder(code=8)", images).encode(images)`, `backlit train digits --network autoencoder`"""
    model = bl.fit("autoencoder(code=8, hidden=64)", DIGITS, epochs=60, learning_rate=0.005, batch_size=50)
    assert model.predict(DIGITS[:2]).shape == (2, 8, 8, 1)
    assert model.encode(DIGITS[:2]).shape == (2, 8)
    x = DIGITS.reshape(800, -1).astype(float)
    line = PCA(8).fit(x)
    error = np.square(line.inverse_transform(line.transform(x)) - x).mean() ** 0.5
    assert model.scores["test"]["rmse"] < error  # unseen images, better than the 8 principal components of all
    assert model.scores["test"]["rmse"] < 0.6 * model.scores["baseline"]["rmse"]


def test_row_98_a_network_takes_noise_off_images():
    """`bl.fit("image-to-image", noisy, clean)`"""
    clean = DIGITS[..., None] / np.float32(16)
    noisy = clean + 0.3 * np.random.default_rng(0).normal(size=clean.shape).astype(np.float32)
    model = bl.fit("image-to-image(filters=16)", noisy[:600], clean[:600], epochs=12, learning_rate=0.01)

    def psnr(images):
        return -10 * np.log10(np.square(images - clean[600:]).mean())

    assert model.predict(noisy[600:]).shape == clean[600:].shape
    assert psnr(model.predict(noisy[600:])) > psnr(noisy[600:]) + 3


def clicks(count):
    """Rows of what was shown to whom, and the known probability of a click."""
    random = np.random.default_rng(0)
    site, ad, hour = random.integers(0, 60, count), random.integers(0, 40, count), random.uniform(0, 24, count)
    logit = random.normal(size=60)[site] + random.normal(size=40)[ad] + np.sin(hour / 24 * 2 * np.pi) - 1
    chance = 1 / (1 + np.exp(-logit))
    clicked = random.uniform(size=count) < chance
    frame = pl.DataFrame(
        {
            "site": [f"site {i}" for i in site],
            "ad": [f"ad {i}" for i in ad],
            "hour": hour,
            "clicked": np.where(clicked, "yes", "no"),
        }
    )
    return frame, np.where(clicked, chance, 1 - chance)


def test_row_98_clicks_are_predicted_nearly_as_well_as_they_can_be():
    """`bl.fit(None, table, target="clicked")`, `backlit train clicks.csv --target clicked`"""
    frame, right = clicks(12_000)
    model = bl.fit(None, frame[:9000], target="clicked", test=frame[9000:], epochs=10, l2=1e-4)
    least = -np.log(right[9000:]).mean()  # the loss of the true probabilities: none can expect a lower one
    baseline = model.scores["baseline"]["loss"]
    loss = model.scores["test"]["loss"]
    assert loss < least + 0.25 * (baseline - least)
    np.testing.assert_allclose(
        model.predict_proba(frame[9000:])[:, 1].mean(), (frame[9000:]["clicked"] == "yes").mean(), atol=0.03
    )
