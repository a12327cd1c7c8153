"""Autoencoders, and targets that are images: shapes, units, scores, files, the code, refusals."""

import numpy as np
import polars as pl
import pytest
from sklearn.decomposition import PCA

import backlit as bl
from backlit.training.representation import narrowest

RANDOM = np.random.default_rng(0)
IMAGES = RANDOM.integers(0, 256, (30, 8, 8, 1)).astype(np.uint8)
FLAT = (RANDOM.normal(size=(200, 2)) @ RANDOM.normal(size=(2, 5)) * [1, 10, 1, 1, 100] + 7).astype(np.float32)


def test_the_targets_are_the_inputs_and_come_back_in_their_shape_and_units(tmp_path):
    model = bl.fit("autoencoder(code=3, hidden=8)", IMAGES, epochs=2)
    assert model.predict(IMAGES[:4]).shape == (4, 8, 8, 1)
    scores = model.evaluate(IMAGES)
    error = model.predict(IMAGES) - IMAGES.astype(np.float64)
    assert scores["rmse"] == pytest.approx(np.sqrt((error**2).mean()), rel=1e-5)
    assert scores["r2"] == pytest.approx(1 - (error**2).mean() / IMAGES.astype(np.float64).var(), rel=1e-4)
    model.save(tmp_path / "model")
    again = bl.load(tmp_path / "model")
    np.testing.assert_array_equal(again.predict(IMAGES), model.predict(IMAGES))
    assert again.evaluate(IMAGES) == scores


def test_labels_beside_the_inputs_are_left_out():
    run = bl.prepare("autoencoder", "digits")
    assert run.parts.schema.task == "regression"
    np.testing.assert_array_equal(run.parts.train.y, run.parts.train.x)


def test_the_baseline_is_the_mean_of_each_channel():
    x = RANDOM.normal(size=(40, 4, 4, 2)) * [1.0, 5.0] + [3.0, 0.0]
    model = bl.fit("image-to-image(depth=1)", x.astype(np.float32), x.astype(np.float32), epochs=1, split=(1, 0, 0))
    assert model.scores["baseline"]["rmse"] == pytest.approx(np.sqrt(x.var((0, 1, 2)).mean()), rel=1e-5)
    assert model.scores["baseline"]["r2"] == pytest.approx(0, abs=1e-6)


def test_a_linear_autoencoder_finds_the_principal_plane():
    """Its best loss is that of the principal components: here 0, since the points lie in a plane."""
    settings = {"reconstruct": True, "split": (1, 0, 0), "epochs": 300, "learning_rate": 0.02}
    model = bl.fit("Dense(2), Dense(5)", FLAT, **settings)
    assert model.scores["train"]["loss"] < 1e-3
    code = model.encode(FLAT)
    assert code.shape == (200, 2)
    plane = PCA(2).fit_transform((FLAT - FLAT.mean(0)) / FLAT.std(0))
    fitted = np.linalg.lstsq(np.c_[code, np.ones(200)], plane, rcond=None)[0]
    np.testing.assert_allclose(np.c_[code, np.ones(200)] @ fitted, plane, atol=0.05 * plane.std())


@pytest.mark.parametrize(
    ("network", "code"),
    [("autoencoder(code=3)", (3,)), ("denoising-autoencoder", (32,)), ("conv-autoencoder(code=2)", (2, 2, 2))],
)
def test_the_code_is_the_narrowest_layer(network, code):
    run = bl.prepare(network, IMAGES)
    plan = run.network.plan(run.input_shape)
    assert plan.parts[narrowest(plan)].output == code
    with pytest.raises(bl.SettingError, match="a code lies between two layers"):
        narrowest(bl.network("Flatten, Dense(1)").plan((8, 8, 1)))


def test_the_activations_of_a_layer_by_hand():
    x = FLAT[:20]
    model = bl.fit("Dense(3), ReLU, Residual(Dense(3)), Dense(1)", x, x[:, 0], epochs=1, standardize=False)
    first = np.maximum(x @ model.parameters["dense_1"]["weight"] + model.parameters["dense_1"]["bias"], 0)
    np.testing.assert_allclose(model.activations(x, "relu_1"), first, rtol=1e-5)
    inner = model.parameters["residual_1"]["dense_1"]
    np.testing.assert_allclose(
        model.activations(x, "residual_1/dense_1"), first @ inner["weight"] + inner["bias"], rtol=1e-4, atol=1e-4
    )
    with pytest.raises(bl.SettingError, match=r"did you mean .*dense_1"):
        model.activations(x, "dense_3")


def test_a_table_is_reconstructed_by_its_numbers(tmp_path):
    rows = [f"{a:.3f},{b:.3f},{'yes' if a > 7 else 'no'}" for a, b in FLAT[:, :2]]
    path = tmp_path / "table.csv"
    path.write_text("\n".join(["a,b,label", *rows]))
    run = bl.prepare("autoencoder(code=1, hidden=8)", str(path), target="label")
    assert run.parts.schema.target == ("a again", "b again")
    np.testing.assert_array_equal(run.parts.train.y, run.parts.train.x)
    with pytest.raises(bl.DataError, match=r"column 'label' holds '(yes|no)'"):
        bl.prepare("autoencoder", str(path))


@pytest.mark.parametrize(
    ("network", "x", "options", "problem"),
    [
        ("conv-autoencoder", np.zeros((9, 6, 6, 1), np.uint8), {}, "sides are multiples of 4, not 6×6×1"),
        ("conv-autoencoder", FLAT, {}, "images H×W×C"),
        ("Flatten, Dense(1)", IMAGES, {"reconstruct": True}, r"end the network with Conv\(1, 3"),
        ("autoencoder", IMAGES, {"augment": "mirror"}, "the targets are images, too"),
        ("autoencoder", IMAGES, {"loss": "cross-entropy"}, "the task is regression"),
    ],
)
def test_what_cannot_be_is_refused(network, x, options, problem):
    with pytest.raises(bl.InputError, match=problem):
        bl.prepare(network, x, **options)


def test_targets_of_another_size_are_refused():
    model = bl.fit("image-to-image(depth=1)", IMAGES, IMAGES[..., 0][..., None] / 255.0, epochs=1)
    with pytest.raises(bl.DataError, match="8×8×1"):
        model.evaluate(IMAGES, np.zeros((30, 4, 4, 1)))


def test_a_table_is_reconstructed_by_the_names_of_its_columns():
    table = pl.DataFrame({"a": FLAT[:, 0], "b": FLAT[:, 1], "c": FLAT[:, 2], "y": ["no", "yes"] * 100})
    model = bl.fit("autoencoder(code=1, hidden=3)", table, target="y", epochs=1)
    np.testing.assert_array_equal(model.predict(table.select("y", "c", "a", "b")), model.predict(table))
    assert model.evaluate(table)["loss"] == model.evaluate(table.drop("y"))["loss"]
    with pytest.raises(bl.DataError, match="no column 'b'"):
        model.predict(table.drop("b"))
    with pytest.raises(bl.DataError, match="leave y out"):
        model.evaluate(FLAT[:, :3], FLAT[:, :3])
    with pytest.raises(bl.SettingError, match="leave y= out"):
        bl.prepare("Dense(5)", FLAT, FLAT[:, 0], reconstruct=True)
