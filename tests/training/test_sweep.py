"""Sweeps: every combination of values is a run of its own, and the validation rows choose among them."""

import copy
import json
from statistics import fmean, stdev

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.linear_model import Ridge

import backlit as bl
from backlit.training.populations.population import Failure
from backlit.training.sweeps.configurations import Configuration, Member
from backlit.training.sweeps.spaces import combinations, values_of
from backlit.training.sweeps.sweeping import prepare_sweep

STRENGTHS = [0.0, 0.1, 1e30]
CHOSEN = {"epochs": 4, "batch_size": 8, "optimizer": "gradient-descent", "learning_rate": 0.1}


@pytest.fixture(scope="module")
def found(points):
    """Three penalties, of which one is hopeless, with two seeds each."""
    return bl.fit("Dense(3)", *points, l2=STRENGTHS, seed=range(2), **CHOSEN)


@pytest.fixture(scope="module")
def model(found):
    return found.best


def configuration(model, losses, halved=(), **values):
    """A configuration whose members have these validation losses, and those epochs where they were halved.

    None is a member that failed.
    """
    outcomes = [copy.copy(model) if loss is not None else Failure("it failed", 0, bl.History()) for loss in losses]
    for outcome, loss in zip(outcomes, losses, strict=True):
        outcome.scores = {"validation": {"loss": loss, "accuracy": loss}}
    for outcome, epoch in zip(outcomes, halved, strict=False):
        if epoch:
            outcome.stopped, outcome.epochs = f"halved at epoch {epoch}", epoch
    return Configuration(values, tuple(Member({**values, "seed": n}, made) for n, made in enumerate(outcomes)))


@pytest.mark.parametrize(("start", "stop", "count"), [(1e-4, 1e-1, 16), (3, 3, 5), (1 / 3, 7, 1), (2, 5e-3, 2)])
def test_spaces_are_numpy_s(start, stop, count):
    for made, expected in (
        (bl.geomspace(start, stop, count), np.geomspace(start, stop, count)),
        (bl.linspace(start, stop, count), np.linspace(start, stop, count)),
    ):
        np.testing.assert_allclose(made, expected, rtol=1e-11)
        assert {type(number) for number in made} == {float}
        assert (made[0], made[-1]) == (start, stop if count > 1 else start)


def test_round_numbers_are_written_round():
    assert bl.geomspace(1e-4, 1e2, 7) == (0.0001, 0.001, 0.01, 0.1, 1.0, 10.0, 100.0)
    assert bl.linspace(0, 1, 11) == (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)


@given(st.lists(st.lists(st.integers(0, 50), min_size=1, max_size=5, unique=True), min_size=1, max_size=4))
def test_every_combination_is_made_once(columns):
    sets = dict(zip(("l1", "l2", "clip", "epochs"), map(tuple, columns), strict=False))
    made = combinations(sets)
    assert len({tuple(values.items()) for values in made}) == len(made) == np.prod([len(column) for column in columns])
    assert all(set(column) == {values[name] for values in made} for name, column in sets.items())


@pytest.mark.parametrize("given", [[0, 1], (0, 1), range(2), np.arange(2), {1, 0}, frozenset([1, 0])])
def test_what_is_a_set_of_values(given):
    values = values_of("seed", given)
    assert values == (0, 1)
    assert {type(value) for value in values} == {int}


def test_a_member_is_the_run_with_its_values(found, points):
    assert isinstance(found, bl.Sweep)
    member = found.members[1]
    assert member.values == {"l2": 0.0, "seed": 1}
    alone = bl.fit("Dense(3)", *points, l2=0.0, seed=1, split_seed=0, **CHOSEN)
    for name in ("loss", "train_loss", "validation_loss", "validation_accuracy"):
        np.testing.assert_allclose(member.history[name], alone.history[name], rtol=1e-4)
    np.testing.assert_allclose(found.models[1].predict_proba(points[0]), alone.predict_proba(points[0]), atol=1e-5)
    assert found.models[1].settings == alone.settings


def test_one_member_that_diverges_harms_no_other(found):
    assert [member.values["l2"] for member in found.failures] == [1e30, 1e30]
    assert all("non-finite in the first epoch" in member.failure for member in found.failures)
    assert found.configurations[-1].values == {"l2": 1e30}
    row = found.table()[-1]
    assert (row["validation_loss"], row["spread"], row["failed"], row["stopped"]) == (None, None, 2, "failed")
    assert [member["failed"] for member in found.to_json()["members"]] == [False] * 4 + [True] * 2
    assert "failed: l2 1e+30, seed 0 and 1 more: the loss turned non-finite" in str(found)


def test_the_table_holds_means_and_spreads_over_the_seeds(found):
    for row, own in zip(found.table(), found.configurations, strict=True):
        assert row["l2"] == own.values["l2"]
        losses = [member.model.scores["validation"]["loss"] for member in own.members if member.model]
        accuracies = [member.model.scores["validation"]["accuracy"] for member in own.members if member.model]
        if losses:
            assert row["validation_loss"] == pytest.approx(fmean(losses))
            assert row["spread"] == pytest.approx(stdev(losses))
            assert row["validation_accuracy"] == pytest.approx(fmean(accuracies))
            assert row["epochs"] == 4
    means = [row["validation_loss"] for row in found.table()[:-1]]
    assert means == sorted(means)


def test_the_first_configuration_s_best_seed_is_the_best(model):
    sweep = bl.Sweep(
        [
            configuration(model, [0.1, 0.9], l2=1.0),
            configuration(model, [0.4, 0.3], l2=2.0),
            configuration(model, [0.01, None], l2=3.0),
            configuration(model, [float("nan"), 0.0], l2=4.0),
        ]
    )
    assert [one.values["l2"] for one in sweep.configurations] == [2.0, 1.0, 4.0, 3.0]
    assert sweep.chosen.values == {"l2": 2.0, "seed": 1}
    assert sweep.best is sweep.models[3]


def test_halved_members_are_compared_with_their_like_alone(model):
    sweep = bl.Sweep(
        [
            configuration(model, [0.1, 0.2], halved=[3, 3], l2=1.0),
            configuration(model, [0.3, 0.9], halved=[0, 3], l2=2.0),
            configuration(model, [0.05, 0.07], halved=[1, 1], l2=3.0),
            configuration(model, [0.0, 0.1], halved=[1, 3], l2=4.0),
        ]
    )
    assert [one.values["l2"] for one in sweep.configurations] == [2.0, 4.0, 1.0, 3.0]
    assert [row["validation_loss"] for row in sweep.table()] == pytest.approx([0.3, 0.1, 0.15, 0.06])
    assert sweep.chosen.values == {"l2": 2.0, "seed": 0}
    assert sweep.table()[0]["stopped"] == "1 epochs, 1 halved"


def test_losses_that_cannot_be_compared_give_way_to_the_accuracy(model):
    configurations = [configuration(model, [0.6], loss="hinge"), configuration(model, [0.7], loss="cross-entropy")]
    assert bl.Sweep(configurations).chosen.values["loss"] == "hinge"
    sweep = bl.Sweep(configurations, comparable=False)
    assert str(sweep.criterion) == "validation accuracy"
    assert "the members' losses cannot be compared: the choice is by the accuracy" in str(sweep)
    assert sweep.chosen.values["loss"] == "cross-entropy"
    assert not prepare_sweep("Dense(3)", "iris", over={"loss": ["hinge", "cross-entropy"]}).comparable


def test_test_rows_are_told_of_the_best_alone(found):
    assert not any("test" in name for row in found.table() for name in row)
    said = str(found)
    assert said.count("test") == len(found.best.scores["test"])
    assert f"test loss {found.best.scores['test']['loss']:.4g}" in said


def test_all_members_failing_is_one_error(model):
    with pytest.raises(bl.TrainingError, match="all 2 members of the sweep failed: it failed"):
        bl.Sweep([configuration(model, [None, None], l2=0.0)])


def test_without_validation_rows_the_training_loss_chooses(points):
    sweep = bl.fit("Dense(3)", *points, l2=[0.0, 10.0], split=(0.8, 0, 0.2), epochs=2)
    assert str(sweep.criterion) == "training loss"
    assert "there are no validation rows: the choice is by the training rows" in str(sweep)
    assert sweep.best.settings.l2 == 0


def test_the_best_penalty_is_that_of_the_closed_form():
    """mean (y − Xw − b)² + λ|w|² is scikit-learn's Ridge with α = nλ; Newton's first step is its minimum."""
    random = np.random.default_rng(0)
    x = random.normal(size=(40, 8)).astype(np.float32)
    y = (x @ random.normal(size=8) + 2 * random.normal(size=40)).astype(np.float32)
    strengths = (0.0, 0.3, 30.0)
    chosen = {"optimizer": "newton", "split": (0.3, 0.5, 0.2), "standardize": False, "epochs": 1}
    sweep = bl.fit("Dense(1)", x, y, l2=strengths, **chosen)
    parts = bl.prepare("Dense(1)", x, y, **chosen).parts
    losses = {}
    for strength in strengths:
        ridge = Ridge(alpha=len(parts.train) * strength).fit(parts.train.x.astype(float), parts.train.y)
        losses[strength] = np.mean((ridge.predict(parts.validation.x) - parts.validation.y) ** 2)
    assert [row["l2"] for row in sweep.table()] == sorted(losses, key=losses.get)
    assert sweep.best.settings.l2 == 0.3
    for row in sweep.table():
        assert row["validation_loss"] == pytest.approx(losses[row["l2"]], rel=1e-3)


def test_the_same_values_give_the_same_table_in_any_order(points):
    def table(learning_rates, seeds):
        found = bl.fit("Dense(3)", *points, learning_rate=learning_rates, seed=seeds, epochs=3, batch_size=8)
        return found.table(), found.best.settings.seed

    (first, seed), (turned, turned_seed) = table([0.01, 0.1], [4, 3]), table([0.1, 0.01], [3, 4])
    assert table([0.01, 0.1], [4, 3]) == (first, seed)
    assert turned_seed == seed
    for row, other in zip(first, turned, strict=True):
        assert list(row) == list(other)
        assert [value for value in row.values() if isinstance(value, float)] == pytest.approx(
            [value for value in other.values() if isinstance(value, float)], rel=1e-4
        )


def test_halving_lets_one_member_of_a_program_go_on_to_the_end(points):
    rates = [1e-5, 1e-4, 0.1]
    found = bl.sweep("Dense(3)", *points, over={"learning_rate": rates}, halving=True, epochs=6, batch_size=8)
    assert [member.stopped for member in found.members] == ["halved", "halved", "epochs"]
    assert [member.outcome.epochs for member in found.members] == [2, 2, 6]
    assert found.best.settings.learning_rate == 0.1


def test_configurations_that_differ_in_numbers_are_prepared_once(points):
    over = {"learning_rate": [0.1, 0.2], "l1": [0.0, 0.3], "max_norm": [None, 1.0, 2.0], "initial_scale": {1, 2}}
    grid = prepare_sweep("Dense(3)", *points, over=over)
    assert len({id(run.fitted) for run in grid.runs}) == 2
    assert grid.values[-1] == {"learning_rate": 0.2, "l1": 0.3, "max_norm": 2.0, "initial_scale": 2}
    alone = bl.prepare("Dense(3)", *points, **grid.values[-1])
    assert (grid.runs[-1].settings, grid.runs[-1].objective) == (alone.settings, alone.objective)


def test_the_table_and_the_histories_are_written_as_csv(found, tmp_path):
    found.write_csv(tmp_path / "table.csv")
    frame = pl.read_csv(tmp_path / "table.csv")
    assert frame.columns == list(found.table()[0])
    assert frame.rows() == pl.DataFrame(found.table()).rows()
    found.write_histories(tmp_path / "histories.csv")
    frame = pl.read_csv(tmp_path / "histories.csv")
    assert frame.columns[:4] == ["l2", "seed", "epoch", "loss"]
    assert not any("/" in name for name in frame.columns)
    assert len(frame) == sum(len(member.history) for member in found.members) == 4 * 4
    own = frame.filter(l2=0.1, seed=1)
    np.testing.assert_allclose(own["validation_loss"], found.members[3].history["validation_loss"], rtol=1e-6)
    json.dumps(found.to_json(), allow_nan=False)


def test_members_share_their_rows_and_each_structure_one_program():
    over = {"learning_rate": bl.geomspace(0.001, 0.1, 3), "l2": [0.0, 0.1], "batch_size": [8, 16]}
    grid = prepare_sweep("Dense(4), ReLU, Dropout(0.5), Dense(3)", "iris", over=over, seeds=4)
    assert (len(grid.runs), [len(places) for places in grid.programs]) == (48, [24, 24])
    assert len({id(run.parts) for run in grid.runs}) == 1
    assert [run.settings.seed for run in grid.runs[:5]] == [0, 1, 2, 3, 0]
    networks = prepare_sweep(None, "iris", over={"network": ["Dense(3)", "Dense(4), Dense(3)"], "l1": [0.0, 0.1]})
    assert len(networks.programs) == 2
    assert len({id(run.parts) for run in networks.runs}) == 1


def test_the_rate_of_a_layer_is_swept_by_its_path():
    network = "Dense(4), Dropout(0.5), Dense(4), Dropout(0.5), Dense(3)"
    grid = prepare_sweep(network, "iris", over={"dropout_2.rate": [0.1, 0.2]})
    rates = [[block.rate for block in run.network.blocks if isinstance(block, bl.Dropout)] for run in grid.runs]
    assert rates == [[0.5, 0.1], [0.5, 0.2]]
    assert [run.objective.network for run in grid.runs] == [run.network for run in grid.runs]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"over": {"learning_rat": [1]}}, "no setting 'learning_rat' to sweep: did you mean learning_rate?"),
        ({"over": {1: [1]}}, "settings are swept by name, such as 'l2', not by 1"),
        ({"over": {"target": ["a", "b"]}}, "no setting 'target' to sweep"),
        ({"over": [("l2", [1])]}, "over is sets of values by name"),
        ({"over": {"l2": 0.1}}, r"l2 is swept over a list of values, such as \[0.001, 0.01\]"),
        ({"over": {"l2": "0.1"}}, "l2 is swept over a list of values"),
        ({"l2": []}, "l2 is swept over 0 values"),
        ({"l2": np.ones((2, 2))}, r"not over an array of shape \(2, 2\)"),
        ({"seed": [1, 2, 1]}, "seed is swept over 1 twice"),
        ({"seed": range(200), "l2": bl.linspace(0, 1, 100)}, "20,000 members, and a sweep has 10,000 at most"),
        ({"seed": range(10**9)}, "seed is swept over 1,000,000,000 values"),
        ({"l2": [0, -1]}, "l2 is a finite number of at least 0, not -1"),
        ({"l2": [0.1], "over": {"l2": [0.2]}}, "l2 is given twice, as a set of values and besides"),
        ({"l2": 0.1, "over": {"l2": [0.2]}}, "l2 is given twice, as a set of values and besides"),
        ({"seed": [1], "seeds": 2}, "seeds and a set for seed are the same"),
        ({"seeds": 0}, "seeds is a whole number of at least 1, or a set of seeds, not 0"),
        ({"seeds": 10**6}, "seed is swept over 1,000,000 values"),
        ({}, "nothing is swept: give sets of values"),
        ({"over": {}}, "nothing is swept: give sets of values"),
        ({"class_weight": [{"setosa": 1.0}, {"setosa": 1.0}]}, "class_weight is swept over .* twice"),
        ({"seeds": 4, "halving": 3}, "halving is True, False or a Halving, not 3"),
        ({"seeds": 4, "halving": True, "split": (0.8, 0, 0.2)}, "by their validation rows, and there are none"),
        ({"over": {"batch_size": [8, 16]}, "halving": True}, "here each has its own"),
        ({"optimizer": {"adam", "rmsprop"}}, r"a set, which has no order: give a list, such as \['adam', 'rmsprop'\]"),
        ({"over": {"time_limit": [1, 2]}}, "time_limit cannot be a set of values: it holds for the whole sweep"),
        ({"over": {"split": [(0.7, 0.2, 0.1)]}}, "split cannot be a set of values"),
        ({"learning_rate": "find", "l2": [0, 1]}, "learning_rate='find' tries values for one run"),
        ({"over": {"network": ["Dense(3)", "Dens(3)"]}}, "did you mean Dense"),
        (
            {"over": {"dropout_1.rate": [0.1]}},
            "has dropout_1.rate: it has no Dropout or Noise layer",
        ),
    ],
)
def test_what_cannot_be_swept_is_one_error_before_any_work(options, words):
    network = None if "network" in options.get("over", {}) else "Dense(3)"
    with pytest.raises(bl.SettingError if "did you mean Dense" not in words else bl.NotationError, match=words):
        bl.sweep(network, "iris", **options)


@pytest.mark.parametrize("space", [(0, 1, 3), (1, -1, 3), ("1", 2, 3), (1, float("inf"), 3), (1, 2, 0), (1, 2, 2.5)])
def test_a_space_without_sense_is_one_error(space):
    with pytest.raises(bl.SettingError, match="geomspace"):
        bl.geomspace(*space)


def test_every_seed_draws_its_own_bootstrap_sample(points):
    swept = bl.sweep("Dense(3)", *points, seeds=2, bootstrap=True, **CHOSEN)
    alone = bl.fit("Dense(3)", *points, seed=1, split_seed=0, bootstrap=True, **CHOSEN)
    np.testing.assert_allclose(swept.members[1].history["loss"], alone.history["loss"], rtol=1e-5)


def test_a_setting_with_the_name_of_a_measured_column_keeps_its_own(points, tmp_path):
    made = bl.fit("Dense(3)", *points, **{**CHOSEN, "epochs": [1, 2]}, loss=["cross-entropy", "hinge"])
    assert {(row["epochs"], row["measured_epochs"], row["loss"]) for row in made.table()} == {
        (epochs, epochs, loss) for epochs in (1, 2) for loss in ("cross-entropy", "hinge")
    }
    made.write_histories(tmp_path / "histories.csv")
    frame = pl.read_csv(tmp_path / "histories.csv")
    assert frame.columns[:5] == ["epochs", "loss", "seed", "epoch", "measured_loss"]
    assert set(frame["loss"]) == {"cross-entropy", "hinge"}


def test_values_are_printed_with_the_digits_that_tell_them_apart(points):
    values = [0.9999, 0.999999, 0.12345678, 0.12345679]
    made = bl.fit("Dense(3)", *points, average=values, **CHOSEN)
    assert {row[0] for row in made.cells()[1:]} == {"0.9999", "0.999999", "0.12345678", "0.12345679"}
