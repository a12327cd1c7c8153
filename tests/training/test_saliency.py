"""Saliency against jax.grad and the sums that it promises."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import backlit as bl
from backlit.layers.composition import Sequential


def untrained(network, *data, **settings):
    run = bl.prepare(network, *data, **settings)
    parameters, state = run.initialize(jax.random.key(0))
    parts = {"network": run.network, "input_shape": run.input_shape, "schema": run.parts.schema, "loss": run.loss}
    return bl.Model(**parts, parameters=parameters, state=state | run.fitted, settings=run.settings)


def logits(model, x):
    """The outputs before the link, by the network itself."""
    return model.objective.body.apply(model.parameters, model.state, x, bl.Context())[0]


@pytest.fixture(scope="module")
def rows():
    random = np.random.default_rng(0)
    return random.normal(size=(12, 4)).astype(np.float32), np.array(["ash", "elm", "oak"])[np.arange(12) % 3]


@pytest.fixture(scope="module")
def model(rows):
    return untrained("Dense(5), Tanh, Dense(3), Softmax", *rows)


def test_the_gradient_is_jaxs(model, rows):
    x = jnp.asarray(rows[0])
    expected = jnp.abs(jax.grad(lambda x: logits(model, x)[:, 1].sum())(x))
    np.testing.assert_allclose(bl.saliency(model, rows[0], target="elm"), expected, rtol=1e-4, atol=1e-6)


def test_without_a_target_it_is_that_of_the_chosen_class(model, rows):
    found = bl.saliency(model, rows[0])
    for row, answer in enumerate(model.predict(rows[0])):
        np.testing.assert_allclose(found[row], bl.saliency(model, rows[0][row : row + 1], target=answer)[0], rtol=1e-4)


@pytest.mark.parametrize("baseline", [0.0, [1.0, -1.0, 0.5, 2.0]])
def test_integrated_gradients_add_up_to_the_change_of_the_score(model, rows, baseline):
    found = bl.saliency(model, rows[0], "integrated", "oak", baseline=baseline)
    start = jnp.broadcast_to(jnp.asarray(baseline, jnp.float32), rows[0].shape)
    change = (logits(model, jnp.asarray(rows[0])) - logits(model, start))[:, 2]
    np.testing.assert_allclose(found.sum(1), change, rtol=1e-3, atol=1e-4)


def test_what_is_as_the_baseline_and_what_is_missing_contribute_nothing(tmp_path):
    table = tmp_path / "t.csv"
    table.write_text(
        "a,b,y\n" + "\n".join(f"{'' if i % 5 == 0 else i},{i * 3 % 7},{['no', 'yes'][i % 2]}" for i in range(40))
    )
    model = untrained("Dense(4), Tanh, Dense(1)", table, target="y")
    x, _ = model.examples(table)
    found = bl.saliency(model, table, "integrated")
    assert np.isfinite(found).all()
    np.testing.assert_array_equal(found[np.isnan(x)], 0)
    np.testing.assert_array_equal(found[x == 0], 0)


def test_one_unit_is_the_score_of_the_second_class(rows):
    y = np.array(["no", "yes"])[np.arange(12) % 2]
    model = untrained("Dense(1)", rows[0], y)
    no, yes = (bl.saliency(model, rows[0], "integrated", target) for target in ("no", "yes"))
    np.testing.assert_allclose(no, -yes, rtol=1e-5)
    weight = np.asarray(model.parameters["dense_1"]["weight"])[:, 0] / np.asarray(model.state["standardize_1"]["scale"])
    np.testing.assert_allclose(yes, rows[0] * weight, rtol=1e-3, atol=1e-6)


def test_grad_cam_is_its_equation():
    x = np.random.default_rng(0).normal(size=(6, 5, 6, 1)).astype(np.float32)
    model = untrained("Conv(3, 2), Tanh, Conv(2, 2), ReLU, Flatten, Dense(3), Tanh, Dense(2)", x, np.arange(6) % 2)
    maps = model.activations(x, "relu_1")
    held = model.parameters

    def score(maps):
        hidden = jnp.tanh(maps.reshape(len(maps), -1) @ held["dense_1"]["weight"] + held["dense_1"]["bias"])
        return (hidden @ held["dense_2"]["weight"] + held["dense_2"]["bias"])[:, 1].sum()

    weights = jax.grad(score)(jnp.asarray(maps)).mean((1, 2), keepdims=True)
    heat = np.maximum((weights * maps).sum(-1), 0)
    found = bl.saliency(model, x, "grad-cam", 1)
    assert found.shape == (6, 5, 6)
    np.testing.assert_allclose(found, jax.image.resize(heat, (6, 5, 6), "linear"), rtol=1e-3, atol=1e-5)


def test_grad_cam_cuts_the_network_of_blocks_behind_the_last_with_a_convolution():
    x = np.random.default_rng(0).normal(size=(6, 6, 6, 1)).astype(np.float32)
    network = "Conv(2, 3), Residual(ReLU, Conv(2, 3, padding='same')), MaxPool(2), Flatten, Dense(2)"
    model = untrained(network, x, np.arange(6) % 2)
    found = bl.saliency(model, x, "grad-cam", 0)
    np.testing.assert_array_equal(found, bl.saliency(model, x, "grad-cam", 0, layer="residual_1"))


def test_regressions_have_targets_by_number():
    model = untrained("Dense(3)", "linnerud")
    x, _ = model.examples("linnerud")
    weight = np.asarray(model.parameters["dense_1"]["weight"])
    slopes = np.abs(weight / np.asarray(model.state["standardize_1"]["scale"])[:, None])
    np.testing.assert_allclose(bl.saliency(model, x[:2], target=2), [slopes[:, 2]] * 2, rtol=1e-5)
    with pytest.raises(bl.SettingError, match="gives 3 numbers: choose one, target=0 to 2"):
        bl.saliency(model, x)
    with pytest.raises(bl.SettingError, match="targets 0 to 2, not 3"):
        bl.saliency(model, x, target=3)


def test_what_cannot_be_is_refused(model, rows):
    tokens = np.random.default_rng(0).integers(0, 5, (12, 4))
    of_tokens = untrained("Embedding(5, 3), GlobalMeanPool, Dense(2)", tokens, np.arange(12) % 2)
    cases = [
        (lambda: bl.saliency(model, rows[0], "gradients"), bl.SettingError, "did you mean gradient"),
        (lambda: bl.saliency(model, rows[0], target="fir"), bl.SettingError, "'fir' is no class"),
        (lambda: bl.saliency(model, rows[0], "integrated", steps=0), bl.SettingError, "steps is a whole number"),
        (lambda: bl.saliency(model, rows[0], "integrated", baseline=[1, 2]), bl.SettingError, "one input, 4, not"),
        (lambda: bl.saliency(model, rows[0], "grad-cam"), bl.ShapeError, "Grad-CAM needs images.*choose method"),
        (lambda: bl.saliency(of_tokens, tokens), bl.DataError, "tokens.*attention_maps"),
    ]
    for ask, kind, said in cases:
        with pytest.raises(kind, match=said):
            ask()
    x = np.zeros((6, 4, 4, 1), np.float32)
    flat = untrained(Sequential(bl.ReLU, bl.Flatten, bl.Dense(2)), x, np.arange(6) % 2)
    with pytest.raises(bl.ShapeError, match="no convolution on images"):
        bl.saliency(flat, x, "grad-cam")
    with pytest.raises(bl.SettingError, match=r"no maps of the layer 'dense_1': choose one of .*relu_1"):
        bl.saliency(flat, x, "grad-cam", layer="dense_1")


def test_one_score_a_step_is_refused():
    x = np.random.default_rng(0).normal(size=(8, 4, 2)).astype(np.float32)
    model = untrained("GRU(3, sequence=True), Dense(2)", x, np.tile(np.arange(4) % 2, (8, 1)), task="two classes")
    with pytest.raises(bl.ShapeError, match=r"one score a class for each input, and this network gives 4×2"):
        bl.saliency(model, x)
