"""What is chosen of forks with made-up outcomes, and how a run stands, by hand-made numbers."""

import json
from math import log, sqrt
from types import SimpleNamespace

import jax.numpy as jnp
import numpy as np
import optax
import pytest

from backlit.data import read
from backlit.doctor.case import Case
from backlit.doctor.course.prior import constant_loss, prior_of
from backlit.doctor.experiments.forks import Fork, Trace
from backlit.doctor.experiments.questions import (
    DROPOUT,
    INPUTS,
    PENALTY,
    RATE,
    RELU,
    STRUCTURES,
    WEIGHTS,
    WIDTH,
    name_of,
    repairing_forks,
)
from backlit.doctor.finding import Finding, Remedy
from backlit.doctor.health import Health, error_of, health_of
from backlit.doctor.measures import LayerMeasures, Measures
from backlit.doctor.verdicts.training import judge_training
from backlit.doctor.verdicts.units import judge_units
from backlit.layers.block import Context
from backlit.training import prepare

X = np.random.default_rng(0).normal(size=(40, 3)).astype(np.float32)
Y = np.array(["a", "b"] * 20)
HEALTH = Health(0.5, 0.02, 0.5, 0.95, 0.02, "forest")


def sign(fault, level="suspicion", **changes):
    return Finding(fault, level, "there", "a statistic", "a cause", Remedy("mend it", changes))


LARGE_INPUTS = sign("unnormalized inputs", standardize=True)
WILD_WEIGHTS = sign("initialization scale")


def case_of(reached, outcomes, signs=(), at_first=(), judged=None, rate=0.01):
    """A run that came to a training loss, where knowing nothing costs 1 and each fork came to a loss of its own.

    Args:
        reached: the loss; None for a run that failed.
        outcomes: {(factor on the rate, what is changed, ...): loss, or (training loss, validation loss)}.
    """
    run = prepare("Dense(8), ReLU, Dense(1)", X, Y, learning_rate=rate, l2=0.1)
    loss = {"train": {"loss": reached}, "validation": {"loss": reached if judged is None else judged}}
    model = None if reached is None else SimpleNamespace(scores=loss)
    case = Case(run, model, (*signs, *at_first), at_first, HEALTH, None, None, prior=1.0, prior_judged=1.0, steps=100)
    for (factor, *parts), came in {(1.0,): 1.0 if reached is None else reached, **outcomes}.items():
        train, validation = came if isinstance(came, tuple) else (came, came)
        name = name_of(factor, *parts)
        course = [np.r_[1.0, 1.0, 1.0, 1.0, end] for end in (train, validation)]
        case.forks[name] = Fork(name, rate=factor)
        case.traces[name] = Trace(np.ones(100), *course, *course)
        case.changes[name] = frozenset(parts) | ({RATE} if factor != 1 else set())
    return case


def with_networks(case):
    """The same, with a network for each structure that was tried."""
    case.networks |= dict.fromkeys(STRUCTURES, case.run.network)
    return case


def named(case):
    return [finding.fault for finding in judge_training(case)]


def test_nothing_is_wrong_where_the_run_has_learned():
    assert named(case_of(0.15, {(0.1,): 0.1, (1.0, WEIGHTS): 0.1}, at_first=(WILD_WEIGHTS,))) == []


def test_a_smaller_rate_that_learns_proves_the_rate_too_high():
    (finding,) = judge_training(case_of(1.2, {(0.1,): 0.5, (0.01,): 0.1}, rate=10.0))
    assert (finding.fault, finding.level) == ("learning rate too high", "fault")
    assert finding.remedy.changes == {"learning_rate": 0.1}
    assert finding.numbers == {"fork": 0.1, "run": 1.2, "prior": 1.0, "steps": 100.0}


def test_a_rate_near_the_default_is_the_default():
    assert judge_training(case_of(1.2, {(0.1,): 0.1}, rate=0.02))[0].remedy.changes["learning_rate"] is None


def test_a_run_that_has_learned_most_and_settles_at_a_smaller_rate_bounces():
    assert named(case_of(0.4, {(0.1,): 0.1})) == ["oscillating loss"]


def test_a_larger_rate_that_learns_proves_it_too_low():
    assert named(case_of(0.9, {(10.0,): 0.1}, rate=1e-5)) == ["learning rate too low"]


@pytest.mark.parametrize("also", [(), (WEIGHTS,), (PENALTY,)])
def test_a_run_that_has_learned_much_is_not_sick_for_being_slow(also):
    assert named(case_of(0.4, {(10.0,): 0.1, (10.0, *also): 0.05})) == []


def test_first_weights_that_happen_to_be_good_are_no_merit_of_a_rate():
    case = case_of(0.4, {(10.0,): 0.1})
    case.traces[name_of(1.0)].train[0] = 0.41
    assert named(case) == ["learning rate too low"]


def test_inputs_with_signs_come_before_the_rate():
    outcomes = {(0.1,): 0.1, (1.0, INPUTS): 0.1, (1.0, WEIGHTS): 0.1}
    (finding,) = judge_training(case_of(1.0, outcomes, (LARGE_INPUTS,)))
    assert (finding.fault, finding.level, finding.where) == ("unnormalized inputs", "fault", "there")
    assert finding.remedy.changes == {"standardize": True}


def test_the_rate_comes_before_weights_without_signs_and_after_those_with():
    outcomes = {(0.1,): 0.1, (1.0, WEIGHTS): 0.05}
    assert named(case_of(1.0, outcomes)) == ["learning rate too high"]
    assert named(case_of(1.0, outcomes, at_first=(WILD_WEIGHTS,))) == ["initialization scale"]
    assert named(case_of(1.0, outcomes, at_first=(sign("initialization scale", "hint"),))) == ["learning rate too high"]


def test_the_penalty_comes_before_the_rate():
    assert named(case_of(1.0, {(1.0, PENALTY): 0.1, (10.0,): 0.1})) == ["over-regularization"]


def test_a_rate_with_signs_comes_before_a_penalty_without():
    outcomes, jumps = {(1.0, PENALTY): 0.1, (0.1,): 0.1}, sign("learning rate too high")
    assert named(case_of(1.0, outcomes, (jumps,))) == ["learning rate too high"]
    assert named(case_of(1.0, outcomes, (jumps, sign("over-regularization")))) == ["over-regularization"]


def test_a_rate_that_wins_half_of_what_it_wins_beside_a_structure_that_wins_nothing_is_the_cause():
    outcomes = {(0.1, RELU): 0.1, (1.0, RELU): 1.0, (0.1,): 0.4}
    assert named(with_networks(case_of(1.0, outcomes))) == ["learning rate too high"]
    outcomes |= {(0.1,): 0.9}
    assert named(with_networks(case_of(1.0, outcomes))) == ["vanishing gradient", "learning rate too high"]


def test_the_rate_comes_before_dropout_which_has_no_signs():
    assert named(with_networks(case_of(1.0, {(1.0, DROPOUT): 0.1, (0.1,): 0.15}))) == ["learning rate too high"]


def test_units_that_are_omitted_too_often_are_a_penalty_too_many():
    (finding,) = judge_training(with_networks(case_of(1.0, {(1.0, DROPOUT): 0.1, (10.0, WIDTH): 0.1})))
    assert (finding.fault, finding.where) == ("over-regularization", "the dropout")


@pytest.mark.parametrize("factor", [0.1, 10.0])
def test_the_steps_of_a_rule_of_ones_own_are_scaled(factor):
    case = case_of(1.0, {(factor,): 0.1})
    case.run = prepare("Dense(1)", X, Y, optimizer=optax.sgd(1.0))
    rule = judge_training(case)[0].remedy.changes["optimizer"]
    updates, _ = rule.update({"w": jnp.array(2.0)}, rule.init({"w": jnp.array(0.0)}))
    assert updates["w"] == pytest.approx(-2.0 * factor)


def test_one_change_that_suffices_comes_before_two():
    outcomes = {(1.0, INPUTS, WEIGHTS): 0.02, (0.1,): 0.1}
    assert named(case_of(1.0, outcomes, (LARGE_INPUTS,), (WILD_WEIGHTS,))) == ["learning rate too high"]


def test_two_changes_where_none_suffices_alone():
    outcomes = {(1.0, INPUTS): 0.8, (1.0, WEIGHTS): 0.8, (0.1,): 0.9, (1.0, INPUTS, WEIGHTS): 0.1}
    found = judge_training(case_of(1.0, outcomes, (LARGE_INPUTS,), (WILD_WEIGHTS,)))
    assert [finding.fault for finding in found] == ["unnormalized inputs", "initialization scale"]
    assert all(finding.confidence < 0.9 for finding in found)  # less sure than a change that suffices alone


def test_a_larger_rate_that_only_makes_up_for_short_forks_is_not_named():
    wider = {(1.0, WIDTH): 0.8, (10.0, WIDTH): 0.1}
    assert named(structured(case_of(1.0, wider))) == ["underfitting (capacity)"]
    useless_alone = {(1.0, WIDTH): 1.0, (10.0, WIDTH): 0.1}
    assert set(named(structured(case_of(1.0, useless_alone)))) == {"underfitting (capacity)", "learning rate too low"}


def structured(case):
    case.networks[WIDTH] = case.run.network
    return case


def test_biases_that_decide_the_first_outputs_come_before_the_scale_of_weights():
    excess = Finding("bad initial loss", "fault", "there", "", "", Remedy(""), numbers={"of biases": 1000.0})
    outcomes = {(1.0, WEIGHTS): 0.1}
    assert named(case_of(1.0, outcomes, at_first=(WILD_WEIGHTS, excess))) == ["bad initial loss"]
    of_weights = Finding("bad initial loss", "fault", "there", "", "", Remedy(""), numbers={"of biases": 0.0})
    assert named(case_of(1.0, outcomes, at_first=(WILD_WEIGHTS, of_weights))) == ["initialization scale"]


def test_usual_first_weights_without_signs_are_not_drawn_anew():
    """Another draw of the same numbers is luck."""
    assert not case_of(1.0, {}).redraws
    assert case_of(1.0, {}, at_first=(WILD_WEIGHTS,)).redraws
    own = case_of(1.0, {})
    own.run = prepare("Dense(8, initializer=Constant(0.1)), ReLU, Dense(1)", X, Y)
    assert own.redraws
    forks = repairing_forks(own.run, unnormalized=False)
    assert not any(WEIGHTS in change for change in forks.values())


def test_what_is_only_learned_by_heart_is_no_repair():
    assert named(case_of(1.0, {(0.1,): (0.1, 1.0)}, judged=1.0)) == []
    assert named(case_of(1.0, {(0.1,): (0.1, 0.5)}, judged=1.0)) == ["learning rate too high"]


def test_where_nothing_is_learned_the_least_loss_is_no_cure():
    """A run that is a little worse than knowing nothing, and forks that know nothing, too."""
    case = case_of(1.05, {(0.1,): 1.001, (0.01,): 1.02})
    assert case.share(1.05) == pytest.approx(-0.05)
    assert case.share(1.001) == pytest.approx(-0.001)
    assert named(case) == []


def test_what_comes_back_from_no_number_to_less_than_the_prior_is_a_cure():
    assert named(case_of(None, {(1.0,): np.nan, (0.1,): 0.995}, rate=10.0)) == ["learning rate too high"]
    assert named(case_of(20.0, {(0.1,): 0.995}, rate=10.0)) == ["learning rate too high"]
    unknown = case_of(None, {(1.0,): np.nan, (0.1,): 0.995}, rate=10.0)
    unknown.prior = unknown.prior_judged = np.nan  # of a loss that no constant answer has
    assert named(unknown) == ["learning rate too high"]


def test_new_rows_have_a_prior_of_their_own():
    """Knowing nothing costs 1 on them, and 9 on the training rows: of what can be learned of them, 0.6 is a half."""
    case = case_of(9.0, {(0.1,): (0.9, 0.2)}, judged=1.0)
    case.prior = 9.0
    assert [case.share_judged(loss) for loss in (1.0, 0.6, 0.2)] == pytest.approx([0.0, 0.5, 1.0])
    assert named(case) == ["learning rate too high"]


def test_a_fork_that_failed_repairs_nothing():
    assert named(case_of(0.9, {(10.0,): np.nan, (0.1,): np.inf})) == []


def test_a_run_that_failed_in_its_first_epoch_is_repaired_by_what_does_not():
    (finding,) = judge_training(case_of(None, {(1.0,): np.nan, (0.1,): 0.1}, rate=10.0))
    assert finding.fault == "learning rate too high"
    assert "the run came to no number" in finding.evidence
    json.dumps(finding.to_json(), allow_nan=False)


def units(before, after):
    """The case of a run whose hidden layer has a share of dead units at its first and at its kept weights."""

    def measures(dead):
        layer = LayerMeasures(0.1, 0.1, 1.0, dead, 1 - dead, dead, dead, 8, 0.1)
        return Measures(1.0, {}, {"relu_1": layer}, {}, {})

    case = case_of(1.0, {})
    case.first, case.last = measures(before), measures(after)
    return case


def test_units_that_were_dead_from_the_start_are_told_besides_what_else_was_found():
    (finding,) = judge_units(units(0.75, 1.0), [sign("unnormalized inputs", "fault")])
    assert (finding.fault, finding.where, finding.layers) == ("dying ReLU", "layer relu_1", ("relu_1",))
    assert finding.numbers == {"first": 0.75, "last": 1.0}


def test_units_that_died_on_the_way_are_told_where_nothing_else_was_found():
    assert judge_units(units(0.0, 1.0), [sign("learning rate too high", "fault")]) == []
    assert [finding.fault for finding in judge_units(units(0.0, 1.0), [])] == ["dying ReLU"]
    assert judge_units(units(0.25, 0.5), []) == []


@pytest.mark.parametrize(("score", "behind", "learned"), [(0.80, True, True), (0.91, False, True), (0.54, True, False)])
def test_a_run_is_behind_by_more_than_chance_and_a_tenth_of_what_can_be_learned(score, behind, learned):
    """Errors of 0.02 each: 1.75 times 0.02 √2 is 0.0495; a tenth of 0.95 − 0.5 is 0.045."""
    health = Health(score, 0.02, 0.5, 0.95, 0.02, "forest")
    assert (health.behind, health.learned, health.learnable) == (behind, learned, True)


def test_a_small_gap_that_is_certain_is_none_to_speak_of():
    assert not Health(0.91, 0.001, 0.5, 0.95, 0.001, "forest").behind


def test_without_a_score_or_quick_models_nothing_is_behind():
    assert not Health(None, 0.02, 0.5, 0.95, 0.02, "forest").behind
    assert not Health(None, 0.02, 0.5, 0.95, 0.02, "forest").learned
    alone = Health(0.6, 0.02, 0.5, None, 0.0, "")
    assert (alone.behind, alone.learned, alone.learnable) == (False, True, None)
    assert Health(0.6, 0.02, 0.5, 0.54, 0.02, "forest").learnable is False


def test_the_standard_error_of_a_score():
    share = 80.5 / 101  # half a right and half a wrong row besides
    assert error_of(0.8, 100, classes=True) == pytest.approx(sqrt(share * (1 - share) / 100))
    assert error_of(1.0, 100, classes=True) > 0
    assert error_of(0.75, 100, classes=False) == pytest.approx(2 * sqrt(0.25 / 100))


def test_knowing_the_shares_of_the_classes_costs_their_entropy():
    counts = {"a": 24, "b": 12, "c": 4}
    y = np.repeat(list(counts), list(counts.values()))
    entropy = -sum(n / 40 * log(n / 40) for n in counts.values())
    assert constant_loss(prepare("Dense(3)", X, y, split=(1, 0, 0))) == pytest.approx(entropy, rel=1e-5)
    two = -(0.9 * log(0.9) + 0.1 * log(0.1))
    run = prepare("Dense(1)", X, np.where(np.arange(40) % 10, "a", "b"), split=(1, 0, 0))
    assert constant_loss(run) == pytest.approx(two, rel=1e-5)


def test_knowing_the_mean_of_numbers_costs_their_variance():
    y = 10 + 3 * X[:, 0]
    plain = prepare("Dense(1)", X, y, split=(1, 0, 0), standardize=False)
    assert constant_loss(plain) == pytest.approx(y.var(), rel=1e-4)
    assert constant_loss(prepare("Dense(1)", X, y, split=(1, 0, 0))) == pytest.approx(
        1.0, rel=1e-4
    )  # in their deviations


def test_knowing_nothing_is_judged_on_new_rows_by_what_the_training_rows_teach():
    y = np.r_[np.zeros(20), np.arange(10.0)]
    run = prepare("Dense(1)", X[:20], y[:20], validation=(X[20:30], y[20:]), standardize=False)
    assert constant_loss(run) == 0.0
    assert constant_loss(run, "validation") == pytest.approx(np.mean(y[20:] ** 2))
    assert np.isnan(constant_loss(prepare("Dense(1)", X, X[:, 0], split=(1, 0, 0)), "validation"))


def test_where_classes_weigh_the_same_knowing_nothing_costs_ln_2():
    y = np.where(np.arange(40) % 10, "a", "b")
    run = prepare("Dense(1)", X, y, class_weight="balanced", split=(0.5, 0.5, 0))
    for part in ("train", "validation"):
        assert constant_loss(run, part) == pytest.approx(log(2), abs=1e-3)
    assert prior_of(run).loss == pytest.approx(log(2), abs=1e-3)  # equal shares cost as much in any rows
    assert prior_of(run).held == pytest.approx(log(2), abs=1e-3)


def test_knowing_the_weighted_mean_costs_the_weighted_variance():
    y, weights = X[:, 0], np.arange(40.0)
    data = read(X, y=y, weights=weights)
    run = prepare("Dense(1)", data, split=(1, 0, 0), standardize=False)
    mean = np.average(y, weights=weights)
    assert constant_loss(run) == pytest.approx(np.average((y - mean) ** 2, weights=weights), rel=5e-3)


def test_what_a_run_reached_is_what_it_minimized():
    """Its rows count by their classes; a history and scores count all the same."""
    y = np.where(X[:, 0] > 0.8, "yes", "no")
    run = prepare("Dense(1)", X, y, class_weight="balanced", epochs=1, split=(0.6, 0.4, 0))
    model = run.train()
    case = Case(run, model, (), (), HEALTH, None, None, constant_loss(run), constant_loss(run, "validation"))
    for part, came in (("train", case.reached), ("validation", case.judged)):
        rows = getattr(run.parts, part)
        said = model.network.apply(model.parameters, model.state, rows.x, Context())[0][:, 0]
        losses = np.logaddexp(0, np.where(rows.y == 1, -said, said))
        shares = np.bincount(run.parts.train.y) / len(run.parts.train)
        assert came == pytest.approx(np.average(losses, weights=1 / shares[rows.y]), rel=1e-4)
        assert model.scores[part]["loss"] == pytest.approx(losses.mean(), rel=1e-4)


def test_a_run_whose_classes_have_weights_stands_by_the_recall_of_each():
    y = np.where(np.arange(40) % 4, "no", "yes")
    run = prepare("Dense(1)", X, y, class_weight="balanced", epochs=1)
    model, part = run.train(), run.parts.validation
    right = (model.predict_encoded(part.x).argmax(-1) == part.y).astype(float)
    health = health_of(run, model)
    assert health.score == pytest.approx(np.mean([right[part.y == code].mean() for code in (0, 1)]))
    assert (health.chance, health.reference) == (0.5, None)  # quick models are right most often by another measure


def test_a_loss_that_makes_nothing_of_a_constant_has_no_prior():
    run = prepare("Dense(3)", X, np.array(["a", "b", "c", "a"] * 10), loss=lambda outputs, y: outputs[:, 0] * np.nan)
    assert np.isnan(constant_loss(run))
