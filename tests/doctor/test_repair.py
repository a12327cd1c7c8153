"""A repair keeps what a rerun proves to help, and nothing else."""

import json
import sys
from copy import copy
from math import sqrt

import numpy as np
import pytest

import backlit as bl
from backlit.doctor.comparison import compare_outcomes
from backlit.doctor.finding import Finding, Remedy
from backlit.doctor.remedies import apply_remedy
from backlit.doctor.repair import repair
from backlit.training.populations.population import Failure, train_together

NETWORK = "Dense(8), Tanh, Dense(3)"


def found(changes=None, fault="learning rate too high", level="fault", words="mend it", **remedy):
    return Finding(fault, level, "", "a test", "a cause", Remedy(words, changes or {}, **remedy))


def shown(models, **scores):
    """Models with validation scores of our own."""
    changed = [copy(model) for model in models]
    for place, model in enumerate(changed):
        own = {name: values[place] for name, values in scores.items()}
        model.scores = {**model.scores, "validation": {**model.scores["validation"], **own}}
    return changed


@pytest.fixture
def scored(short, monkeypatch):
    """Runs are not trained, and have the validation loss that a rule of their settings says."""
    trained = []

    def use(rule):
        def outcomes(runs, follow):
            trained.append(runs[0].settings)
            made = shown(short[1], loss=[rule(run.settings) + run.settings.seed / 1000 for run in runs])
            for model, run in zip(made, runs, strict=True):
                model.run = run
            return made

        monkeypatch.setattr("backlit.doctor.repair.train_together", outcomes)
        return trained

    return use


@pytest.fixture(scope="module")
def points():
    """Points (36, 2) of three classes by the angle."""
    x = np.random.default_rng(1).normal(size=(36, 2)).astype(np.float32)
    return x, np.array(["ash", "birch", "cedar"])[(np.arctan2(x[:, 1], x[:, 0]) // 2.1).astype(int) % 3]


@pytest.fixture(scope="module")
def wine():
    return bl.fit(NETWORK, "wine", epochs=30, learning_rate=0.03)


@pytest.fixture(scope="module")
def broken():
    return bl.fit(NETWORK, "wine", epochs=30, learning_rate=100.0)


@pytest.fixture(scope="module")
def short():
    """A run of one epoch, and its models with three seeds."""
    run = bl.prepare(NETWORK, "wine", epochs=1)
    return run, train_together([run.change(seed=seed) for seed in range(3)])


def test_a_rate_of_100_is_mended(broken, wine):
    said = []
    mended = repair(broken, [found({"learning_rate": 0.03})], progress=said.append)
    assert (mended.model.run.asked["data"], mended.model.run.asked["learning_rate"]) == ("wine", 0.03)
    assert mended.changes == {"learning_rate": 0.03}
    assert mended.model.settings.seed == broken.settings.seed
    assert mended.model.scores["validation"]["loss"] == pytest.approx(wine.scores["validation"]["loss"], rel=1e-3)
    assert mended.curves == {"before": broken.history, "after": mended.model.history}
    assert mended.plot().axes[0].get_ylabel() == "validation loss"
    assert any("mend it" in words for words in said)
    assert "learning_rate = 0.03" in str(mended)
    assert json.loads(json.dumps(mended.to_json(), allow_nan=False))["repaired"] is True


def test_nothing_useless_or_harmful_is_kept_on_a_healthy_run(wine):
    mended = repair(
        wine,
        [
            found({"clip": 1e9}, words="do nothing"),
            found({"learning_rate": 1e-6}, words="stand still"),
            found({"learning_rate": -1.0}, words="go back"),
            found({"patches": 3}, words="know better"),
            found({"learning_rate": 0.5}, level="hint", words="try it"),
            found(words="think"),
        ],
    )
    assert mended.model is wine
    assert mended.changes == {}
    by_words = {step.remedy.words: step for step in mended.steps}
    assert [step.kept for step in mended.steps] == [False] * 6
    assert by_words["do nothing"].before == pytest.approx(by_words["do nothing"].after, rel=1e-3)
    assert by_words["stand still"].worse
    assert by_words["go back"].why == "it cannot be applied: learning_rate is a finite number above 0, not -1.0"
    assert "patches" in by_words["know better"].why
    assert [by_words[words].measure for words in ("try it", "think")] == ["", ""]
    assert "Nothing is changed" in str(mended)


def test_the_same_changes_are_tried_once(short, scored):
    scored(lambda settings: 0.5)
    mended = repair(short[1][0], [found({"clip": 1e9}), found({"clip": 1e9}, fault="oscillating loss")])
    assert len(mended.steps) == 1


def test_two_remedies_that_help_together_are_kept(short, scored):
    scored(lambda settings: 0.1 if settings.clip and settings.max_norm else 0.5)
    mended = repair(short[1][0], [found({"clip": 1.0}, words="clip"), found({"max_norm": 2.0}, words="bound")])
    assert [(step.remedy.words, step.kept) for step in mended.steps] == [
        ("clip", False),
        ("bound", False),
        ("clip and bound", True),
    ]
    assert mended.changes == {"clip": 1.0, "max_norm": 2.0}


def test_a_remedy_is_tried_again_once_another_is_kept(short, scored):
    scored(lambda settings: 0.5 - 0.2 * bool(settings.max_norm) - 0.2 * bool(settings.clip and settings.max_norm))
    mended = repair(short[1][0], [found({"clip": 1.0}, words="clip"), found({"max_norm": 2.0}, words="bound")])
    assert [(step.remedy.words, step.kept) for step in mended.steps] == [
        ("clip", False),
        ("bound", True),
        ("clip", True),
    ]
    assert mended.model.run.settings.clip == 1.0


def test_a_remedy_counts_from_what_was_kept_before_it(short, scored):
    """The second is better than the run as it was, and worse than the run with the first."""
    scored(lambda settings: 0.3 if settings.max_norm else 0.1 if settings.clip else 0.5)
    mended = repair(short[1][0], [found({"clip": 1.0}), found({"max_norm": 2.0})])
    assert mended.changes == {"clip": 1.0}
    assert mended.steps[1].worse


def test_an_interrupt_keeps_what_was_kept(short, scored, monkeypatch):
    trained = scored(lambda settings: 0.1 if settings.clip else 0.5)
    outcomes = sys.modules["backlit.doctor.repair"].train_together

    def interrupted(runs, follow):
        if len(trained) == 2:
            raise KeyboardInterrupt
        return outcomes(runs, follow)

    monkeypatch.setattr("backlit.doctor.repair.train_together", interrupted)
    mended = repair(short[1][0], [found({"clip": 1.0}), found({"max_norm": 2.0})])
    assert (mended.changes, mended.interrupted) == ({"clip": 1.0}, True)


def test_data_are_left_alone_unless_it_is_allowed(short, scored):
    scored(lambda settings: 0.5)
    model = short[1][0]
    leak = found(fault="label leakage", words="leave it out", without=("alcohol",))
    kept = repair(model, [leak])
    assert kept.model is model
    assert "--allow-data" in kept.steps[0].why
    changed = repair(model, [leak], allow_data=True)
    assert changed.changes == {"columns": {"alcohol": "ignored"}}
    assert changed.model.run.parts.train.x.shape[1] == model.run.parts.train.x.shape[1] - 1
    assert "THE DATA ARE NOT THOSE OF THE RUN" in str(changed)
    assert changed.to_json()["touches_data"] is True


def test_features_of_arrays_are_left_out_by_number(points):
    x, y = points
    run = bl.prepare("Dense(3)", np.c_[x, x[:, :1]], y)
    again, changes = apply_remedy(run, Remedy("leave it out", without=("2",)))
    np.testing.assert_array_equal(again.parts.train.x, run.parts.train.x[:, :2])
    np.testing.assert_array_equal(again.parts.train.y, run.parts.train.y)
    further, _ = apply_remedy(again, Remedy("go", changes={"learning_rate": 0.5}))
    assert further.input_shape == (2,)
    assert changes["data"].schema.input_shape == (2,)
    with pytest.raises(bl.DataError, match="from 0 to 2, not 3"):
        apply_remedy(run, Remedy("leave it out", without=("3",)))


@pytest.mark.parametrize("shape", [(4, 5, 1), (10, 2)])
def test_what_is_left_out_of_images_is_0(points, shape):
    x = np.random.default_rng(0).normal(size=(36, *shape)).astype(np.float32)
    run = bl.prepare("Flatten, Dense(3)", x.copy(), points[1])
    again, _ = apply_remedy(run, Remedy("leave it out", without=("7",)))
    x.reshape(36, 20)[:, 7] = 0
    np.testing.assert_array_equal(again.dataset.inputs, x)
    assert run.dataset.inputs.all()
    assert again.input_shape == shape


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"learning_rate": 0.01}, {"learning_rate": 0.01, "schedule": "cosine"}),
        ({"learning_rate": None}, {"learning_rate": 0.001, "schedule": "cosine"}),
        ({"batch_size": 8}, {"batch_size": 8, "schedule": "cosine", "learning_rate": 0.001}),
        ({"network": "Dense(3)"}, {"l2": 3 / 124, "schedule": "cosine"}),
        ({"optimizer": "momentum"}, {"optimizer": "momentum", "batch_size": 32}),
        ({"epochs": 7, "patience": 2}, {"epochs": 7, "patience": 2}),
    ],
)
def test_a_remedy_changes_what_it_names_alone(changes, expected):
    run = bl.prepare(None, "wine")
    again, _ = apply_remedy(run, Remedy("mend it", changes))
    settings = again.settings
    assert {name: getattr(settings, name) for name in expected} == pytest.approx(expected)
    if "epochs" not in changes:
        assert (settings.epochs, settings.patience) == (run.settings.epochs, run.settings.patience)


def test_better_is_beyond_two_standard_errors(short):
    """Differences d of 0.1, 0.2, 0.3 have mean 0.2 and standard error 0.1 / √3: better. 0, 0, 0.3 have 0.1 and 0.1."""
    run, models = short
    before = shown(models, loss=[0.5, 0.5, 0.5], accuracy=[0.8, 0.8, 0.8])
    better = compare_outcomes(run, run, before, shown(models, loss=[0.4, 0.3, 0.2], accuracy=[0.8, 0.8, 0.8]))
    assert (better.measure, better.better, better.worse) == ("loss", True, False)
    assert better.before - better.after == pytest.approx(0.2)
    assert better.spread == pytest.approx(2 * 0.1 / sqrt(3))
    luck = compare_outcomes(run, run, before, shown(models, loss=[0.5, 0.5, 0.2], accuracy=[0.8, 0.8, 0.8]))
    assert (luck.better, luck.worse) == (False, False)
    rounding = compare_outcomes(run, run, before, shown(models, loss=[0.499] * 3, accuracy=[0.8] * 3))
    assert not rounding.better
    traded = compare_outcomes(run, run, before, shown(models, loss=[0.4, 0.3, 0.2], accuracy=[0.7, 0.7, 0.71]))
    assert (traded.better, traded.why) == (False, "the loss is better, but the accuracy is worse")


def test_a_run_that_failed_is_worth_a_constant_answer(short):
    run, models = short
    healthy = shown(models, loss=[0.4, 0.3, 0.2], accuracy=[0.9, 0.9, 0.9])
    failed = [Failure("non-finite", 0, bl.History())] * 3
    shares = np.bincount(run.parts.train.y) / len(run.parts.train.y)
    entropy = -np.log(shares)[run.parts.validation.y].mean()
    mended = compare_outcomes(run, run, failed, healthy)
    assert mended.better
    assert mended.before == pytest.approx(entropy, rel=1e-5)
    assert compare_outcomes(run, run, healthy, failed).worse


def test_where_the_loss_became_another_the_score_counts(short):
    run, models = short
    other = bl.prepare(NETWORK, "wine", epochs=1, loss="hinge")
    before = shown(models, loss=[0.5] * 3, accuracy=[0.5, 0.5, 0.6])
    after = shown(models, loss=[9.0] * 3, accuracy=[0.8, 0.8, 0.9])
    said = compare_outcomes(run, other, before, after)
    assert (said.measure, said.better) == ("accuracy", True)
    assert (said.before, said.after) == (pytest.approx(1.6 / 3), pytest.approx(2.5 / 3))


def test_weights_by_class_are_judged_by_the_mean_recall(short):
    run, models = short
    said = compare_outcomes(run, run, models, models, balanced=True)
    part = run.parts.validation
    recalls = [
        np.mean([(model.predict_encoded(part.x).argmax(-1) == code)[part.y == code].mean() for code in range(3)])
        for model in models
    ]
    assert said.measure == "mean recall of the classes"
    assert said.before == pytest.approx(np.mean(np.maximum(recalls, 1 / 3)))


def test_a_run_whose_classes_have_weights_is_mended_by_the_recall_of_each():
    """One row in eight is of the rare class: with a usual rate it is met, and fewer rows in all are answered right."""
    random = np.random.default_rng(0)
    x = random.normal(size=(400, 4)).astype(np.float32)
    said = x[:, 0] + 0.7 * x[:, 1] + random.normal(size=400)
    y = np.where(said > np.quantile(said, 7 / 8), "yes", "no")
    run = bl.prepare("Dense(8), ReLU, Dense(1)", x, y, class_weight="balanced", learning_rate=1e-6, epochs=30)
    (step,) = repair(run, [found({"learning_rate": 0.01})]).steps
    assert (step.measure, step.kept) == ("mean recall of the classes", True)
    assert step.before == pytest.approx(0.5, abs=0.1)
    assert step.after > 0.6


def test_a_repair_needs_a_run_and_seeds(wine, tmp_path):
    wine.save(tmp_path / "model")
    with pytest.raises(bl.SettingError, match="backlit diagnose RUN --fix"):
        repair(bl.load(tmp_path / "model"), [])
    with pytest.raises(bl.SettingError, match="at least 2"):
        repair(wine, [], seeds=1)


def test_without_validation_rows_nothing_is_proved(points):
    model = bl.fit("Dense(3)", *points, epochs=1, split=(1, 0, 0))
    mended = repair(model, [found({"learning_rate": 0.1})])
    assert mended.model is model
    assert mended.steps[0].why == "there are no validation rows to prove it on"
