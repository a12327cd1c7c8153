"""What a model answers: predictions in the data's own terms, scores, baselines; saved and loaded."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import backlit as bl
from backlit.errors import DataError
from backlit.files import read_model, write_model
from backlit.training import load


@pytest.fixture(scope="module")
def classifier(points):
    return bl.fit("Dense(8), Tanh, Dense(3)", *points, epochs=30, learning_rate=0.03, batch_size=5)


@pytest.fixture(scope="module")
def regressor():
    random = np.random.default_rng(5)
    x = random.normal(size=(60, 2)).astype(np.float32)
    noise = random.normal(size=(60, 2))
    y = np.stack([1000 + 300 * x[:, 0], 0.01 * x[:, 1] - 5], 1) + noise * [50, 0.002]
    return bl.fit("Dense(2)", x, y, epochs=60, learning_rate=0.1, batch_size=10), x, y


def softmax(z):
    e = np.exp(z - z.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


def by_hand(model, x):
    """The network's outputs in float64."""
    p, s = jax.device_get((model.parameters, model.state))
    z = (x.astype(np.float64) - s["standardize_1"]["mean"]) / s["standardize_1"]["scale"]
    z = np.tanh(z @ p["dense_1"]["weight"] + p["dense_1"]["bias"])
    return z @ p["dense_2"]["weight"] + p["dense_2"]["bias"]


def test_numbers_are_predicted_inside_a_program_of_the_users_and_its_arguments_are_told_what_to_use():
    x, y = np.random.default_rng(0).normal(size=(20, 5, 5, 1)).astype(np.float32), np.arange(20) % 2
    model = bl.fit("Conv(2, 3), Flatten, Dense(2)", x, y, epochs=1)
    answers = model.predict_proba(x)
    np.testing.assert_array_equal(jax.jit(lambda factor: factor * model.predict_proba(x))(1.0), answers)
    np.testing.assert_allclose(
        jax.jit(lambda _: model.evaluate(x, y)["accuracy"])(0.0), model.evaluate(x, y)["accuracy"]
    )
    for transformed in (jax.jit(model.predict), jax.vmap(model.predict), jax.jit(model.predict_encoded)):
        with pytest.raises(DataError, match=r"network\.apply\(model.parameters, model.state, x, backlit.Context"):
            transformed(x)
    outputs = jax.jit(lambda x: model.network.apply(model.parameters, model.state, x, bl.Context())[0])(x)
    np.testing.assert_allclose(jax.nn.softmax(outputs), answers, rtol=1e-4, atol=1e-6)


def test_a_network_trained_in_half_precision_says_so(points):
    model = bl.fit("Dense(3)", *points, epochs=1, precision="bfloat16")
    assert "; trained in bfloat16; test " in repr(model)


def test_classes_are_named_and_probabilities_sum_to_one(classifier, points):
    x = points[0]
    p = classifier.predict_proba(x)
    assert p.shape == (len(x), 3)
    np.testing.assert_allclose(p.sum(1), 1, rtol=1e-6)
    np.testing.assert_allclose(p, softmax(by_hand(classifier, x)), rtol=1e-4, atol=1e-6)
    assert classifier.schema.classes == ("ash", "birch", "cedar")
    np.testing.assert_array_equal(classifier.predict(x), classifier.classes[p.argmax(1)])


def test_evaluate_is_the_score_of_the_test_rows(classifier, points):
    x, y = points
    run = bl.prepare(None, x, y)  # the same split: the same seed
    rows = run.parts.test.indices
    scores = classifier.evaluate(x[rows], y[rows])
    assert scores == pytest.approx(classifier.scores["test"], rel=1e-6)
    p = softmax(by_hand(classifier, x[rows]))
    codes = run.parts.test.y
    assert scores["loss"] == pytest.approx(-np.log(p[np.arange(len(rows)), codes]).mean(), rel=1e-4)
    assert scores["accuracy"] == np.mean(p.argmax(1) == codes)


def test_the_baseline_of_classes_is_the_majority(classifier, points):
    run = bl.prepare(None, *points)
    train, test = run.parts.train.y, run.parts.test.y
    shares = np.bincount(train, minlength=3) / len(train)
    assert classifier.scores["baseline"]["accuracy"] == pytest.approx(np.mean(test == shares.argmax()))
    assert classifier.scores["baseline"]["loss"] == pytest.approx(-np.log(shares[test]).mean(), rel=1e-5)


def test_numbers_come_in_the_units_of_the_data(regressor):
    model, x, y = regressor
    predicted = model.predict(x)
    assert predicted.shape == y.shape
    assert (np.abs(predicted - y) < [250, 0.01]).all()
    error = predicted.astype(np.float64) - y
    scores = model.evaluate(x, y)
    assert scores["rmse"] == pytest.approx(np.sqrt((error**2).mean()), rel=1e-3)
    r2 = 1 - (error**2).sum(0) / ((y - y.mean(0, dtype=np.float64)) ** 2).sum(0)
    assert scores["r2"] == pytest.approx(r2.mean(), abs=1e-4)
    assert scores["loss"] == pytest.approx(
        np.mean((error / bl.prepare(None, x, y).parts.train.y.std(0)) ** 2), rel=1e-3
    )


def test_the_baseline_of_numbers_is_the_mean(regressor):
    model, x, y = regressor
    run = bl.prepare(None, x, y)
    train, test = run.parts.train.y.astype(np.float64), run.parts.test.y.astype(np.float64)
    squared = (test - train.mean(0)) ** 2
    baseline = model.scores["baseline"]
    assert baseline["rmse"] == pytest.approx(np.sqrt(squared.mean()), rel=1e-4)
    assert baseline["r2"] == pytest.approx(1 - (squared.sum(0) / ((test - test.mean(0)) ** 2).sum(0)).mean(), abs=1e-4)
    assert baseline["loss"] == pytest.approx((squared / train.var(0)).mean(), rel=1e-4)


def test_what_cannot_be_answered_is_refused(classifier, regressor, points):
    with pytest.raises(bl.DataError, match="no target"):
        classifier.evaluate(points[0])
    with pytest.raises(bl.SettingError, match="no probabilities"):
        regressor[0].predict_proba(regressor[1])
    with pytest.raises(bl.DataError, match="shape"):
        classifier.predict(points[0][:, :1])
    with pytest.raises(bl.DataError, match="classes ash, birch, cedar"):
        classifier.evaluate(points[0], np.repeat("oak", len(points[0])))
    with pytest.raises(bl.DataError):
        classifier.predict(points[0][:0])


def test_a_model_comes_back_as_it_was_saved(classifier, points, tmp_path):
    classifier.save(tmp_path / "model")
    again = load(tmp_path / "model")
    np.testing.assert_array_equal(again.predict_proba(points[0]), classifier.predict_proba(points[0]))
    assert (again.settings, again.scores, again.rows) == (classifier.settings, classifier.scores, classifier.rows)
    assert (again.stopped, again.best_epoch) == (classifier.stopped, classifier.best_epoch)
    assert again.evaluate(*points) == classifier.evaluate(*points)
    with pytest.raises(bl.FileError):
        classifier.save(tmp_path / "model")


@pytest.mark.parametrize(
    ("name", "value"),
    [("input_shape", [3]), ("classes", ["ash", "birch"]), ("rows", {"train": "many"}), ("stopped", 3), ("epochs", 1.5)],
)
def test_a_folder_whose_parts_do_not_belong_together_is_refused(name, value, classifier, tmp_path):
    classifier.save(tmp_path / "model")
    stored = read_model(tmp_path / "model")
    (stored.extra["schema"] if name in stored.extra["schema"] else stored.extra)[name] = value
    held = (stored.network, stored.input_shape, stored.parameters, stored.state, stored.extra)
    write_model(tmp_path / "false", *held)
    with pytest.raises(bl.FileError, match="no model that Backlit can read"):
        load(tmp_path / "false")


def test_test_rows_of_the_source_itself_are_scored_and_the_model_is_saved_again(line, tmp_path):
    x, y = line
    np.savez(tmp_path / "line.npz", x_train=x, y_train=y, x_test=x[:4] + 1, y_test=y[:4])
    model = bl.fit("Dense(1)", tmp_path / "line.npz", epochs=2)
    assert model.evaluate(tmp_path / "line.npz") == pytest.approx(model.scores["test"], rel=1e-6)
    assert any("its own test rows" in note for note in model.notes)
    model.scores["baseline"]["loss"] = np.nan  # as a loss of one's own may make it
    for name in ("one", "two"):
        model.save(tmp_path / name)
        model = load(tmp_path / name)
    assert np.isnan(model.scores["baseline"]["loss"])


def test_a_loss_with_settings_comes_back(line, tmp_path):
    model = bl.fit("Dense(1)", *line, loss=bl.Huber(delta=0.25), epochs=2)
    model.save(tmp_path / "model")
    again = load(tmp_path / "model")
    assert again.loss == bl.Huber(delta=0.25)
    assert again.evaluate(*line) == model.evaluate(*line)


@pytest.mark.parametrize(
    ("bare", "ended", "loss"),
    [
        ("Dense(3)", "Dense(3), Softmax", "cross-entropy"),
        ("Dense(1)", "Dense(1), Sigmoid", "bce"),
        ("Sequential(ReLU, Dense(3))", "Sequential(ReLU, Dense(3), Softmax)", "cross-entropy"),
    ],
)
def test_a_link_at_the_end_of_the_network_is_not_made_twice(bare, ended, loss, points):
    x, y = points
    runs = [bl.prepare(text, x, y if "3" in text else y == "ash", loss=loss) for text in (bare, ended)]
    assert runs[0].objective.body == runs[1].objective.body  # what is trained
    assert runs[0].network != runs[1].network  # what is kept


def test_a_network_with_its_link_answers_in_probabilities(points):
    model = bl.fit("Dense(3), Softmax", *points, epochs=1)
    answers = model.network.apply(model.parameters, model.state, points[0], bl.Context())[0]
    np.testing.assert_allclose(answers, model.predict_proba(points[0]), rtol=1e-5, atol=1e-7)


def test_a_function_is_a_loss_like_any_other(points, tmp_path):
    x, y = points[0], (points[1] == "ash").astype(int)

    def likelihood(z, y):
        return jnp.logaddexp(0, z) - y * z

    chosen = {"epochs": 3, "batch_size": 8}
    named = bl.fit("Dense(1)", x, y, loss="bce", **chosen)
    own = bl.fit("Dense(1)", x, y, loss=bl.FunctionLoss(likelihood, link="Sigmoid"), **chosen)
    np.testing.assert_allclose(named.history["loss"], own.history["loss"], rtol=1e-5)
    np.testing.assert_allclose(named.predict_proba(x), own.predict_proba(x), rtol=1e-4)
    own.save(tmp_path / "model")
    with pytest.raises(bl.FileError, match="loss="):
        load(tmp_path / "model")
    again = load(tmp_path / "model", loss=likelihood)
    assert again.loss == own.loss
    assert again.evaluate(x, y) == own.evaluate(x, y)
    with pytest.raises(bl.SettingError, match="link='Sigmoid'"):
        bl.prepare("Dense(1)", x, y, loss=likelihood)


def test_whole_number_classes_come_back_as_whole_numbers(points):
    x, names = points
    y = np.unique(names, return_inverse=True)[1]
    model = bl.fit("Dense(3)", x, 10 * y, epochs=1)
    assert model.classes.tolist() == [0, 10, 20]
    assert model.predict(x).dtype == np.int64
