"""The examination of a loss function of anybody's: faults that are planted are named, and healthy ones are not."""

import re

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import backlit as bl

DRAW = np.random.default_rng(0)
X = DRAW.normal(size=(256, 5)).astype(np.float32)
W = DRAW.normal(size=(5, 3))
Y = (np.tanh(X @ W[:, :3]) @ DRAW.normal(size=(3, 3))).argmax(1)
BATCHES = [{"x": X[i : i + 32], "y": Y[i : i + 32]} for i in range(0, 256, 32)]


def layered(*sizes, scale=None, seed=0):
    keys = jax.random.split(jax.random.key(seed), len(sizes))
    pairs = zip(keys, sizes, sizes[1:], strict=False)
    return {
        f"dense_{i:02}": {"w": (scale or (2 / a) ** 0.5) * jax.random.normal(key, (a, b)), "b": jnp.zeros(b)}
        for i, (key, a, b) in enumerate(pairs, 1)
    }


def predict(params, x, activation=jax.nn.relu):
    for i, (name, layer) in enumerate(params.items(), 1):
        with jax.named_scope(name):
            x = x @ layer["w"] + layer["b"]
        x = activation(x) if i < len(params) else x
    return x


def loss(params, batch):
    return optax.softmax_cross_entropy_with_integer_labels(predict(params, batch["x"]), batch["y"]).mean()


def faults(*args, **kwargs):
    return [finding.fault for finding in bl.examine(*args, **kwargs).worse_than_hints()]


@pytest.mark.parametrize("optimizer", [None, optax.sgd(0.1)])
def test_a_healthy_network_has_no_fault(optimizer):
    found = bl.examine(loss, layered(5, 32, 3), BATCHES, optimizer=optimizer, predict=predict)
    assert found.worse_than_hints() == ()
    assert found.left_out == ()
    assert any("adam(0.001), as no optimizer was given" in words for words in found.examined) == (optimizer is None)


def test_labels_of_pure_chance_are_a_hard_task_and_no_fault():
    batches = [{"x": batch["x"], "y": DRAW.integers(0, 3, 32)} for batch in BATCHES]
    assert faults(loss, layered(5, 32, 3), batches, predict=predict, optimizer=optax.adam(0.01)) == []


@pytest.mark.parametrize("optimizer", [optax.sgd(100.0), optax.adam(1.0)])
def test_a_rate_that_is_too_high_is_shown_by_lower_ones(optimizer):
    found = bl.examine(loss, layered(5, 32, 3), BATCHES, optimizer=optimizer)
    assert [finding.fault for finding in found.faults] == ["learning rate too high"]
    numbers = found.faults[0].numbers
    assert numbers["factor"] < 1
    assert numbers["end_other"] < numbers["start"]


@pytest.mark.parametrize("optimizer", [optax.sgd(1e-6), optax.adam(1e-6)])
def test_a_rate_that_is_too_low_is_shown_by_higher_ones(optimizer):
    assert faults(loss, layered(5, 32, 3), BATCHES, optimizer=optimizer) == ["learning rate too low"]


def test_gains_are_those_of_gradient_descent_by_hand():
    """L = w² + b from w = 1 at rate η: after t steps w = (1 − 2η)ᵗ; what batches add, b, is in no gain."""
    from backlit.doctor.foreign.batches import read_batches
    from backlit.doctor.foreign.forks import train_forks
    from backlit.doctor.foreign.subject import foreign, subject_of_foreign, taking

    def square(params, batch):
        return params["w"] ** 2 + batch[0]

    params, key = {"w": jnp.asarray(1.0)}, jax.random.key(0)
    batches = read_batches([jnp.full(2, offset) for offset in (3.0, 5.0, 9.0)], taking(square, params, key), "square")
    own = foreign(square, params, batches.result, False)
    subject, _ = subject_of_foreign(own, batches[0], optax.sgd(0.1), None, None, None)
    forks = train_forks(subject, batches, [0.0, 1.0, 100.0], 8, 0, key)
    steps = np.arange(8)
    offsets = np.array([3.0, 5.0, 9.0])[forks.order]
    np.testing.assert_allclose(forks.losses[0], 1 + offsets)
    np.testing.assert_allclose(forks.losses[1], 0.8 ** (2 * steps) + offsets, rtol=1e-5)
    np.testing.assert_allclose(forks.losses[2], 19.0 ** (2 * steps) + offsets, rtol=1e-4)
    assert forks.gain(1.0) == pytest.approx(1 - (0.8**12 + 0.8**14) / 2, rel=1e-5)
    assert forks.at(1.0)["w"] == pytest.approx(0.8**8, rel=1e-5)


def test_updates_that_go_uphill_are_named():
    found = bl.examine(loss, layered(5, 32, 3), BATCHES, optimizer=optax.scale(0.1))
    assert [(one.fault, one.where) for one in found.faults] == [("flipped loss sign", "the update rule")]


def test_updates_that_bfloat16_rounds_away_are_named():
    params = jax.tree.map(lambda leaf: (1 + leaf**2).astype(jnp.bfloat16), layered(5, 32, 3))
    (finding,) = [
        one for one in bl.examine(loss, params, BATCHES, optimizer=optax.sgd(1e-6)) if one.where.startswith("parameter")
    ]
    assert (finding.fault, finding.level) == ("update not applied", "fault")
    assert finding.layers == ("dense_01/b", "dense_01/w", "dense_02/b", "dense_02/w")


def test_a_rule_that_discards_its_updates_is_named():
    assert "update not applied" in faults(loss, layered(5, 32, 3), BATCHES, optimizer=optax.set_to_zero())


def test_a_parameter_behind_a_stopped_gradient_is_named():
    def stopped(params, batch):
        return loss({**params, "dense_01": jax.lax.stop_gradient(params["dense_01"])}, batch)

    (finding,) = bl.examine(stopped, layered(5, 32, 3), BATCHES, optimizer=optax.sgd(0.1)).worse_than_hints()
    assert finding.fault == "detached parameter"
    assert "dense_01" in finding.where


def test_a_network_that_is_too_narrow_is_told_by_what_a_linear_map_does():
    x = DRAW.normal(size=(96, 20)).astype(np.float32)
    y = (x @ DRAW.normal(size=(20, 6))).argmax(1)
    batches = [(x[i : i + 32], y[i : i + 32]) for i in range(0, 96, 32)]

    def of_pairs(params, batch):
        return loss(params, {"x": batch[0], "y": batch[1]})

    assert faults(of_pairs, layered(20, 1, 6), batches, predict=predict) == ["underfitting (capacity)"]
    assert faults(of_pairs, layered(20, 32, 6), batches, predict=predict) == []


def test_a_gradient_that_vanishes_is_proved_by_a_network_that_does_not_learn():
    def deep(params, batch):
        outputs = predict(params, batch["x"], jax.nn.sigmoid)
        return optax.softmax_cross_entropy_with_integer_labels(outputs, batch["y"]).mean()

    found = bl.examine(deep, layered(5, *[16] * 12, 3, scale=0.25), BATCHES, optimizer=optax.sgd(0.1))
    assert found.findings[0].fault == "vanishing gradient"
    assert (found.findings[0].level, found.findings[0].layers[0]) == ("fault", "dense_01")


def test_a_loss_that_is_not_finite_is_named_by_its_operation():
    def logarithm(params, batch):
        with jax.named_scope("head"):
            return -jnp.log(jnp.maximum(predict(params, batch["x"]), 0)).mean()

    found = bl.examine(logarithm, layered(5, 32, 3), BATCHES)
    (finding,) = found.findings
    assert (finding.fault, finding.where) == ("NaN / Inf", "layer head")
    assert "logarithm" in finding.cause
    assert any("not finite" in words for words in found.left_out)


def test_a_batch_that_breaks_the_loss_later_is_named_by_its_number():
    bad = {**BATCHES[3], "x": np.where(np.arange(5) == 2, np.nan, BATCHES[3]["x"]).astype(np.float32)}
    found = bl.examine(loss, layered(5, 32, 3), [*BATCHES[:3], bad, *BATCHES[4:]])
    (finding,) = found.faults
    assert (finding.fault, finding.where) == ("NaN / Inf", "argument batch['x'], batch 4")


@pytest.mark.parametrize(
    ("given", "left_out"),
    [
        ([*BATCHES, {"x": X[:7], "y": Y[:7]}], "1 of 9 batches, which have another shape"),
        ([*BATCHES, {"x": X[:, :3], "y": Y}], "1 of 9 batches: .* does not fit loss"),
        ([{"x": X[:, :3], "y": Y}, *BATCHES], "the first 1 batches, which do not fit loss"),
    ],
)
def test_batches_that_do_not_fit_are_left_out_and_the_others_examined(given, left_out):
    found = bl.examine(loss, layered(5, 32, 3), given, optimizer=optax.sgd(0.1))
    assert found.worse_than_hints() == ()
    assert [bool(re.search(left_out, words)) for words in found.left_out].count(True) == 1


@pytest.mark.parametrize("given", [BATCHES[0], iter(BATCHES), (batch for batch in BATCHES[:2])])
def test_one_batch_and_whatever_yields_batches_are_taken(given):
    found = bl.examine(loss, layered(5, 32, 3), given, optimizer=optax.sgd(0.1), steps=40)
    assert any("40 steps" in words for words in found.examined)


def test_a_loss_with_randomness_and_a_second_result_is_taken():
    def noisy(params, batch, key):
        noise = 0.01 * jax.random.normal(key, batch["x"].shape)
        return loss(params, {**batch, "x": batch["x"] + noise}), {"unused": 1}

    found = bl.examine(noisy, layered(5, 32, 3), BATCHES, optimizer=optax.sgd(0.1), has_aux=True)
    assert found.worse_than_hints() == ()


def test_parameters_that_are_no_numbers_stay_as_they_are():
    params = {"net": layered(5, 32, 3), "activation": jax.nn.relu, "count": 3}

    def typed(params, batch):
        assert params["count"] == 3
        return loss(params["net"], batch) * params["activation"](1.0)

    assert faults(typed, params, BATCHES, optimizer=optax.sgd(0.1)) == []


def test_what_cannot_be_differentiated_is_examined_for_its_numbers():
    def wrong_count(params, batch):
        return (predict(params, batch["x"]).argmax(1) != batch["y"]).sum()

    found = bl.examine(wrong_count, layered(5, 32, 3), BATCHES)
    assert found.findings == ()
    assert any("gives int32, which has none" in words for words in found.left_out)
    bad = {"x": X.copy(), "y": Y}
    bad["x"][3, 1] = np.inf
    (finding,) = bl.examine(wrong_count, layered(5, 32, 3), bad)
    assert (finding.fault, finding.where) == ("NaN / Inf", "batch x")
    whole = bl.examine(lambda params, batch: batch.sum(), {"n": jnp.arange(3)}, jnp.ones(4))
    assert any("no floating numbers among the parameters" in words for words in whole.left_out)


def test_a_loss_of_many_numbers_is_examined_by_their_mean():
    def each(params, batch):
        return optax.softmax_cross_entropy_with_integer_labels(predict(params, batch["x"]), batch["y"])

    found = bl.examine(each, layered(5, 32, 3), BATCHES, optimizer=optax.sgd(100.0))
    assert [finding.fault for finding in found.faults] == ["learning rate too high"]
    assert any("their mean" in words for words in found.left_out)


def test_a_loop_that_cannot_be_reversed_is_said_and_the_rest_examined():
    def looped(params, batch):
        return jax.lax.while_loop(lambda v: v < 1, lambda v: 2 * v, loss(params, batch))

    found = bl.examine(looped, layered(5, 32, 3), BATCHES)
    assert any("cannot be reversed" in words for words in found.left_out)


@pytest.mark.parametrize(
    ("args", "options", "words"),
    [
        ((3, {}, BATCHES), {}, "loss_fn is 3"),
        ((loss, layered(5, 32, 3), []), {}, "there are no batches"),
        ((loss, layered(4, 32, 3), BATCHES), {}, "loss does not take any of 8 batches"),
        ((loss, layered(5, 32, 3), {"x": ["a"], "y": [1]}), {}, "batches are of numbers"),
        ((lambda p, b: {"loss": 1.0}, layered(5, 32, 3), BATCHES), {}, "gives dict, and a loss is one floating number"),
        ((loss, layered(5, 32, 3), BATCHES), {"steps": 2}, "steps=2"),
        ((loss, layered(5, 32, 3), BATCHES), {"targets": "z"}, "targets='z' finds nothing in a batch"),
        ((loss, layered(5, 32, 3), BATCHES), {"predict": lambda p, x: x @ 3}, "predict does not take"),
    ],
)
def test_where_nothing_can_be_examined_one_sentence_names_the_thing(args, options, words):
    with pytest.raises(bl.InputError, match=words) as caught:
        bl.examine(*args, **options)
    assert "\n" not in str(caught.value)
