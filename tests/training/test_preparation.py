"""What becomes of data, network and loss before a run: fitted layers, and one clear error for what does not fit."""

import json

import jax.numpy as jnp
import numpy as np
import optax
import pytest

import backlit as bl
from backlit.functions.losses import loss_named

ABSOLUTE = bl.FunctionLoss(lambda outputs, targets: jnp.abs(outputs - targets))


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    """A CSV of 40 rows: an id, a date, a category, numbers with gaps, a class."""
    random = np.random.default_rng(3)
    path = tmp_path_factory.mktemp("data") / "trees.csv"
    lines = ["tree_id,planted,soil,height,girth,kind"]
    for row in range(40):
        kind = row % 2
        height = "" if row % 7 == 0 else f"{random.normal(3 + 4 * kind, 1):.3f}"
        soil = random.choice(["clay", "sand", "loam"])
        lines.append(
            f"{row},2020-{1 + row % 12:02d}-11,{soil},{height},{random.uniform():.3f},{'oak' if kind else 'fir'}"
        )
    path.write_text("\n".join(lines))
    return path


def test_inputs_are_standardized_by_training_rows_alone(points):
    run = bl.prepare(None, *points)
    train = run.parts.train.x.astype(np.float64)
    np.testing.assert_allclose(run.fitted["standardize_1"]["mean"], train.mean(0), rtol=1e-5)
    np.testing.assert_allclose(run.fitted["standardize_1"]["scale"], train.std(0), rtol=1e-5)
    assert not np.allclose(points[0].mean(0), train.mean(0), rtol=1e-3)


def test_targets_of_a_regression_are_rescaled_by_training_rows_alone(line):
    run = bl.prepare(None, *line)
    y = run.parts.train.y.astype(np.float64)
    scaled = run.objective.targets(run.parts.train.y, run.fitted)
    np.testing.assert_allclose(scaled, (y - y.mean()) / y.std(), rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(run.objective.scale(run.fitted), [y.std()], rtol=1e-6)


def test_without_standardizing_all_stays_as_it_is(line):
    run = bl.prepare("Dense(1)", *line, standardize=False)
    assert run.network == bl.network("Dense(1)")
    assert run.fitted == {}
    np.testing.assert_array_equal(run.objective.targets(run.parts.train.y, {}), run.parts.train.y)


def test_a_table_gets_layers_for_gaps_scales_and_categories(table):
    run = bl.prepare(None, table)
    assert [type(block) for block in run.network.blocks[:3]] == [bl.Impute, bl.Standardize, bl.OneHot]
    train, names = run.parts.train.x, [feature.name for feature in run.parts.schema.features]
    height, soil = names.index("height"), names.index("soil")
    assert not {"tree_id", "kind"} & set(names)
    median = np.nanmedian(train[:, height])
    assert run.fitted["impute_1"]["fill"][height] == median
    filled = np.where(np.isnan(train[:, height]), median, train[:, height]).astype(np.float64)
    np.testing.assert_allclose(run.fitted["standardize_1"]["mean"][height], filled.mean(), rtol=1e-5)
    assert run.network.blocks[1].skip == (soil,)
    assert run.network.blocks[2].categories[soil] == 3


def test_a_loss_of_ones_own_sees_targets_in_their_own_units(line):
    run = bl.prepare("Dense(1)", *line, loss=ABSOLUTE)
    np.testing.assert_array_equal(run.objective.targets(run.parts.train.y, run.fitted), run.parts.train.y)


def test_layers_of_ones_own_are_fitted_each_on_what_those_before_it_make(line):
    run = bl.prepare("Standardize, Standardize, Dense(1)", *line)
    assert run.network == bl.network("Standardize, Standardize, Dense(1)")
    np.testing.assert_allclose(run.fitted["standardize_2"]["mean"], 0, atol=1e-6)
    np.testing.assert_allclose(run.fitted["standardize_2"]["scale"], 1, atol=1e-5)


def test_a_layer_cannot_be_fitted_to_what_a_trained_layer_makes(line):
    with pytest.raises(bl.SettingError, match=r"Standardize is fitted to the data, and Dense\(3\) is trained"):
        bl.prepare("Dense(3), Standardize, Dense(1)", *line)


@pytest.mark.parametrize(
    ("network", "words"),
    [
        ("Sequential(Standardize, Dense(8)), ReLU, Dense(1)", "Standardize is inside Sequential"),
        ("Residual(Sequential(Standardize)), Dense(1)", "Standardize is inside Residual"),
        ("Rescale, Dense(1)", "put it last"),
    ],
)
def test_preprocessing_where_it_cannot_be_fitted_is_refused(network, words, line):
    with pytest.raises(bl.SettingError, match=words):
        bl.prepare(network, *line)


def test_classes_are_not_rescaled(points):
    with pytest.raises(bl.SettingError, match="the targets are classes"):
        bl.prepare("Dense(3), Rescale", *points)


def test_gaps_that_nothing_fills_are_refused(table):
    with pytest.raises(bl.DataError, match=r"\d training rows have missing values .* put Impute first"):
        bl.prepare("Standardize, Dense(1)", table)
    bl.prepare("Impute, Standardize, Dense(1)", table)
    bl.prepare("Standardize, Impute, Dense(1)", table)


@pytest.mark.parametrize(
    ("loss", "words"),
    [
        (lambda outputs: outputs, "2 were given"),
        (lambda outputs, targets: outputs if outputs.sum() > 0 else targets, "jnp.where in place of if"),
        (lambda outputs, targets: 3.0, "an array of one number an example"),
    ],
)
def test_a_function_that_is_no_loss_is_refused_before_training(loss, words, line):
    with pytest.raises(bl.SettingError, match=words) as caught:
        bl.prepare("Dense(1)", *line, loss=loss)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("form", ["notation", "block", "class", "file", "name", "none"])
def test_a_network_in_every_form(form, points, tmp_path):
    (tmp_path / "net.json").write_text(json.dumps({"network": "Dense(4), ReLU, Dense(3)"}))
    blocks = bl.Sequential(bl.Dense(4), bl.ReLU, bl.Dense(3))
    given = {
        "notation": "Dense(4), ReLU, Dense(3)",
        "block": blocks,
        "class": bl.Sequential(bl.Dense(3), bl.Softmax),
        "file": str(tmp_path / "net.json"),
        "name": "default",
        "none": None,
    }[form]
    run = bl.prepare(given, *points)
    if form in ("notation", "block", "file"):
        assert run.network.blocks[1:] == blocks.blocks
    assert run.summary().output == (3,)


@pytest.mark.parametrize(
    ("network", "words"),
    [
        ("OneHot((2, 2, 2)), Dense(3)", "onehot_1"),
        ("Dense(4), Sequential(ReLU, Residual(Dense(5))), Dense(3)", "sequential_1/residual_1"),
        ("Dense(4), ReLU", "4"),
        ("Dense(2)", r"Dense\(3\)"),
    ],
)
def test_a_network_that_does_not_fit_is_refused_where_it_does_not(network, words, points):
    with pytest.raises(bl.ShapeError, match=words):
        bl.prepare(network, *points)


@pytest.mark.parametrize(
    ("network", "y", "loss", "error", "words"),
    [
        ("Dense(2)", "line", None, bl.ShapeError, r"Dense\(1\)"),  # never a silent broadcast
        ("Dense(2)", "line", ABSOLUTE, bl.InputError, None),
        ("Dense(1)", "line", bl.FunctionLoss(lambda f, y: (f - y).sum()), bl.ShapeError, "one loss an example"),
        ("Dense(1)", "line", "cross-entropy", bl.SettingError, "regression"),
        ("Dense(3)", "points", "mse", bl.SettingError, "cross-entropy"),
        ("Dense(3)", "points", "bce", bl.SettingError, "many classes"),
        ("Dense(3), Sigmoid", "points", None, bl.SettingError, "end the network in Softmax"),
        ("Dense(3), Sequential(Dense(3), Sigmoid)", "points", None, bl.SettingError, "end the network in Softmax"),
        ("Dense(1), Sigmoid", "line", None, bl.SettingError, "end the network in Dense"),
        ("Dense(1)", "points", ABSOLUTE, bl.ShapeError, "3"),
    ],
)
def test_a_loss_that_does_not_fit_is_refused(network, y, loss, error, words, line, points):
    with pytest.raises(error, match=words):
        bl.prepare(network, *(line if y == "line" else points), loss=loss)


def test_targets_of_one_column_meet_one_output(line):
    x, y = line
    assert bl.prepare("Dense(1)", x, y[:, None]).parts.train.y.shape == (7,)
    assert bl.prepare("Dense(2)", x, np.stack([y, -y], 1)).parts.train.y.shape == (7, 2)
    with pytest.raises(bl.ShapeError, match=r"Dense\(2\)"):
        bl.prepare("Dense(1)", x, np.stack([y, -y], 1))


def test_class_weights_are_balanced_or_by_name(points):
    x, names = points
    run = bl.prepare(None, x, names, class_weight="balanced")
    y = run.parts.train.y
    totals = np.bincount(y, run.row_weights)
    np.testing.assert_allclose(totals, len(y) / 3, rtol=1e-6)
    named = bl.prepare(None, x, names, class_weight={"birch": 2.5}).row_weights
    np.testing.assert_array_equal(named, np.where(y == 1, 2.5, 1))
    both = bl.prepare(None, x, names, class_weight={"birch": 3}, weights=np.arange(1, len(x) + 1.0))
    np.testing.assert_allclose(both.row_weights, (both.parts.train.indices + 1) * np.where(y == 1, 3, 1))


def test_weights_that_mean_nothing_are_refused(points, line):
    with pytest.raises(bl.SettingError, match="did you mean birch"):
        bl.prepare(None, *points, class_weight={"brich": 2})
    with pytest.raises(bl.SettingError, match="regression"):
        bl.prepare(None, *line, class_weight="balanced")
    with pytest.raises(bl.DataError, match="weight"):
        bl.prepare(None, *line, weights=[1, 2])
    with pytest.raises(bl.DataError, match="weight"):
        bl.prepare(None, *line, weights=[-1.0] + [1.0] * 9)
    train = bl.prepare(None, *line).parts.train.indices
    with pytest.raises(bl.DataError, match="training rows have the weight 0"):
        bl.prepare(None, *points, class_weight={"ash": 0, "birch": 0, "cedar": 0})
    with pytest.raises(bl.DataError, match="training rows have the weight 0"):
        bl.prepare(None, *line, weights=np.where(np.isin(np.arange(10), train), 0.0, 1.0))


def test_separate_parts_are_used_as_given(points, line):
    x, y = points
    run = bl.prepare(None, x, y, validation=(x[:5], y[:5]), test=(x[5:9], y[5:9]))
    np.testing.assert_array_equal(run.parts.validation.x, x[:5])
    np.testing.assert_array_equal(run.parts.test.x, x[5:9])
    assert len(run.parts.train) == len(x)
    with pytest.raises(bl.DataError):
        bl.prepare(None, x, y, test=(x, np.repeat("oak", len(x))))


def test_what_a_dataset_already_has_is_not_given_again(points, table):
    data = bl.read(points[0], y=points[1])
    assert bl.prepare(None, data).parts.schema.classes == ("ash", "birch", "cedar")
    with pytest.raises(bl.SettingError, match=r"give target to read"):
        bl.prepare(None, bl.read(table), target="soil")
    with pytest.raises(bl.SettingError, match=r"give y to read"):
        bl.prepare(None, data, points[1])


@pytest.mark.parametrize("loss", ["bce", "cross-entropy", "hinge", "mse", "huber"])
def test_the_default_network_fits_every_loss(loss, line, points):
    rule = loss_named(loss)
    x, y = points if "many classes" in rule.tasks else line
    if rule.tasks == ("two classes",):
        y = (y > 0).astype(int)
    assert bl.prepare(None, x, y, loss=loss).loss == rule


def test_an_optimizer_may_be_a_transformation_of_optax_and_equals_the_same_rule_by_name():
    given = bl.fit("Dense(3)", "iris", optimizer=optax.sgd(0.1), epochs=2, seed=0)
    named = bl.fit("Dense(3)", "iris", optimizer="optax.sgd", learning_rate=0.1, epochs=2, seed=0)
    assert np.array_equal(given.parameters["dense_1"]["weight"], named.parameters["dense_1"]["weight"])


def test_a_learning_rate_beside_a_transformation_is_refused():
    with pytest.raises(bl.SettingError, match="learning_rate is part of the transformation"):
        bl.prepare("Dense(3)", "iris", optimizer=optax.sgd(0.1), learning_rate=0.1)
