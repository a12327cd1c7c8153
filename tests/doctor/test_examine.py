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


@pytest.mark.parametrize("factor", [np.full(5, 200.0), np.array([1.0, 1.0, 3000.0, 1.0, 1.0])])
def test_inputs_of_another_scale_are_named_before_the_rate(factor):
    batches = [{"x": (batch["x"] * factor).astype(np.float32), "y": batch["y"]} for batch in BATCHES]
    found = bl.examine(loss, layered(5, 32, 3), batches, optimizer=optax.sgd(0.1), predict=predict)
    assert found.findings[0].fault == "unnormalized inputs"
    assert [one.fault for one in found.worse_than_hints()] == ["unnormalized inputs"]
    found = bl.examine(loss, layered(5, 32, 3), BATCHES, optimizer=optax.sgd(0.1), predict=predict)
    assert found.worse_than_hints() == ()


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
    params = {"net": layered(5, 32, 3), "activation": jax.nn.relu, "count": 3, "dropped": 0.0}

    def typed(params, batch):
        assert params["count"] == 3
        assert params["dropped"] == 0.0  # a setting, as the share of a dropout: nobody trains it
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
    assert any("no arrays of floating numbers among the parameters" in words for words in whole.left_out)


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


TWO = (X @ W[:, 0] > 0).astype(np.float32)
HOT = np.eye(3, dtype=np.float32)[Y]
NUMBERS = (np.sin(X[:, 0]) + X[:, 1]).astype(np.float32)


def batches_of(x, y):
    return [{"x": x[i : i + 32], "y": y[i : i + 32]} for i in range(0, len(x), 32)]


def single(params, x):
    return predict(params, x)[:, 0]


def squared(params, batch):
    return jnp.square(single(params, batch["x"]) - batch["y"]).mean()


def binary(params, batch):
    return optax.sigmoid_binary_cross_entropy(single(params, batch["x"]), batch["y"].astype(jnp.float32)).mean()


def hinge(params, batch):
    return jax.nn.relu(1 - batch["y"] * single(params, batch["x"])).mean()


def distributed(params, batch):
    return optax.softmax_cross_entropy(predict(params, batch["x"]), batch["y"]).mean()


def probability(params, x):
    return jax.nn.sigmoid(single(params, x))


@pytest.mark.parametrize(
    ("function", "targets", "answers", "width"),
    [
        (binary, TWO, single, 1),
        (binary, TWO.astype(int), probability, 1),
        (hinge, 2 * TWO - 1, single, 1),
        (hinge, (2 * TWO - 1).astype(int), single, 1),
        (distributed, HOT, predict, 3),
        (distributed, 0.9 * HOT + 0.1 / 3, predict, 3),
    ],
)
def test_labels_of_any_type_are_classes_and_a_healthy_classifier_has_no_fault(function, targets, answers, width):
    found = bl.examine(
        function, layered(5, 32, width), batches_of(X, targets), predict=answers, optimizer=optax.adam(0.01)
    )
    assert found.worse_than_hints() == ()
    assert "underfitting (capacity)" not in [one.fault for one in found]


@pytest.mark.parametrize(
    ("y", "outputs", "share"),
    [
        (np.array([0.0, 1.0, 1.0, 0.0]), np.array([-3.0, 2.0, 5.0, -1.0]), 1),  # scores
        (np.array([0, 1, 1, 0]), np.array([0.1, 0.9, 0.8, 0.2]), 1),  # probabilities
        (np.array([-1.0, -1.0, 1.0, 1.0]), np.array([[1.0], [7.0], [4.0], [9.0]]), 0.5),  # (3/4 − 1/2) / (1 − 1/2)
        (np.array([0.0, 1.0, 0.0, 1.0]), np.array([2.0, 2.0, 2.0, 2.0]), 0),  # no cut parts equal outputs
        (np.eye(3)[[0, 1, 1, 2]], 9 * np.eye(3)[[0, 1, 1, 1]], 0.5),  # (3/4 − 1/2) / (1 − 1/2)
        (np.array([0, 1, -1, 2]), 9 * np.eye(3)[[0, 1, 0, 1]], 0.5),  # (2/3 − 1/3) / (1 − 1/3), one label unknown
        (np.array([20, 21, 23, 24]), np.array([0.0, 1.0, 3.0, 4.0]), 1),  # counts, on a scale of another unit
    ],
)
def test_the_share_of_the_way_to_right_answers_is_what_counting_by_hand_gives(y, outputs, share):
    from backlit.doctor.foreign.answers import targets_of

    assert targets_of(y, outputs.shape).share(outputs) == pytest.approx(share)


def test_of_numbers_the_share_is_the_squared_correlation():
    from backlit.doctor.foreign.answers import targets_of

    z, y = DRAW.normal(size=(2, 50))
    assert targets_of(y, (50, 1)).share(z[:, None]) == pytest.approx(np.corrcoef(z, y)[0, 1] ** 2)
    assert targets_of(y, (50, 2)) is None
    assert targets_of(np.arange(5), (5, 3)) is None  # a label that no output has


def test_outputs_of_which_the_lowest_is_right_are_not_judged():
    def nearest(params, batch):
        return optax.softmax_cross_entropy_with_integer_labels(-predict(params, batch["x"]), batch["y"]).mean()

    batches = batches_of(X, np.random.default_rng(2).integers(0, 3, 256))  # so that the loss comes to rest above 0
    found = bl.examine(nearest, layered(5, 3), batches, predict=predict, optimizer=optax.adam(0.01))
    assert "underfitting (capacity)" not in [one.fault for one in found]


def test_a_bottleneck_that_gives_back_its_inputs_is_not_compared_with_the_identity():
    def restored(params, batch):
        return jnp.square(predict(params, batch[0]) - batch[1]).mean()

    batches = [(X[i : i + 32], X[i : i + 32]) for i in range(0, 256, 32)]
    assert faults(restored, layered(5, 1, 5), batches, predict=predict, optimizer=optax.adam(0.02)) == []


@pytest.mark.parametrize("batches", [tuple(BATCHES), tuple((one["x"], one["y"]) for one in BATCHES[:2]), (X, Y)])
def test_a_tuple_is_one_batch_where_the_loss_takes_it_and_else_several(batches):
    def of_either(params, batch):
        x, y = (batch["x"], batch["y"]) if isinstance(batch, dict) else batch
        return loss(params, {"x": jnp.asarray(x), "y": y}) + 0 * jnp.sum(y)

    found = bl.examine(of_either, layered(5, 32, 3), batches, optimizer=optax.sgd(0.1), steps=40)
    assert found.worse_than_hints() == ()


def solved():
    """Least squares with noise, at its exact solution over all batches: no gradient of the mean, one of each batch."""
    y = (X @ W[:, 0] + 0.1 * np.random.default_rng(1).normal(size=256)).astype(np.float32)
    w = np.linalg.lstsq(np.c_[X, np.ones(256)], y, rcond=None)[0].astype(np.float32)
    return {"dense_01": {"w": jnp.asarray(w[:5, None]), "b": jnp.asarray(w[5:])}}, batches_of(X, y)


@pytest.mark.parametrize("rule", [optax.sgd(0.1), optax.sgd(0.01), optax.adam(0.01), optax.sgd(0.02, 0.9)])
def test_at_the_optimum_the_noise_of_batches_is_no_flipped_sign(rule):
    assert faults(squared, *solved(), optimizer=rule, predict=single) == []


@pytest.mark.parametrize(
    "rule",
    [
        optax.chain(optax.trace(0.9), optax.scale(0.01)),
        optax.chain(optax.scale_by_adam(), optax.scale(0.01)),
        optax.chain(optax.scale_by_sign(), optax.scale(1e-3)),
    ],
)
def test_rules_that_go_uphill_are_named_with_momentum_scales_and_signs_too(rule):
    found = bl.examine(squared, *solved(), optimizer=rule)
    assert [(one.fault, one.where) for one in found.faults] == [("flipped loss sign", "the update rule")]


@pytest.mark.parametrize(
    ("rule", "cosine"),
    [
        (optax.sgd(0.1, 0.9), -1),
        (optax.scale(0.1), 1),
        (optax.chain(optax.add_decayed_weights(100.0), optax.sgd(0.1)), -1),  # decay is no part of the odd updates
    ],
)
def test_cosine_and_slope_are_those_of_calculus(rule, cosine):
    """L = ½w·w + c·w: the slope along the gradient over its norm is 1, whatever the way, for L is quadratic."""
    from backlit.doctor.foreign.batches import Batches
    from backlit.doctor.foreign.direction import directions
    from backlit.doctor.subject import Subject

    params = {"w": jnp.asarray([3.0, -1.0, 0.5])}
    batches = jnp.asarray(DRAW.normal(size=(4, 3)), jnp.float32)

    def quadratic(params, state, batch, key):
        return 0.5 * jnp.vdot(params["w"], params["w"]) + jnp.vdot(batch, params["w"]), state

    subject = Subject(quadratic, batches[0], params, {}, rule=rule)
    cosines, slopes = directions(subject, Batches(batches, 4, None, ()), jax.random.key(0))
    np.testing.assert_allclose(cosines, cosine, rtol=1e-5)
    np.testing.assert_allclose(slopes, 1, rtol=1e-2)


def test_a_derivative_of_its_own_that_points_the_wrong_way_is_named():
    @jax.custom_vjp
    def turned(value):
        return value

    turned.defvjp(lambda value: (value, None), lambda _, upstream: (-upstream,))
    found = bl.examine(lambda p, b: turned(loss(p, b)), layered(5, 32, 3), BATCHES, optimizer=optax.sgd(0.1))
    assert [(one.fault, one.where) for one in found.faults] == [("flipped loss sign", "the loss")]


@pytest.mark.parametrize("activation", [jax.nn.relu, lambda v: jnp.maximum(v, 0), lambda v: jnp.where(v > 0, v, 0)])
def test_units_that_are_zero_on_every_row_are_named(activation):
    """With biases of −1000 no unit of the second layer is above 0: its gradients, and those before it, are 0."""
    params = layered(5, 16, 16, 3)
    params["dense_02"]["b"] -= 1000.0

    def dead(params, batch):
        outputs = predict(params, batch["x"], activation)
        return optax.softmax_cross_entropy_with_integer_labels(outputs, batch["y"]).mean()

    (finding,) = bl.examine(dead, params, BATCHES, optimizer=optax.adam(0.01)).worse_than_hints()
    assert (finding.fault, finding.level, finding.where) == ("dying ReLU", "fault", "layer dense_02")
    assert finding.numbers == {"silent": 5, "of": 6}


def test_a_last_layer_that_begins_at_zero_silences_nothing_for_long():
    params = layered(5, 16, 3)
    params["dense_02"]["w"] *= 0
    assert faults(loss, params, BATCHES, optimizer=optax.adam(0.01)) == []


@pytest.mark.parametrize("constant", [lambda p, b: 0 * loss(p, b) + 1, lambda p, b: jnp.float32(3)])
def test_a_constant_loss_is_named(constant):
    assert faults(constant, layered(5, 16, 3), BATCHES, optimizer=optax.sgd(0.1)) == ["detached parameter"]


def column(params, batch):
    return jnp.square(predict(params, batch["x"]) - batch["y"]).mean()


def absolute(params, batch):
    return jnp.abs(batch["y"] - predict(params, batch["x"])).sum(1).mean()


def penalized(params, batch):
    return jnp.sqrt(column(params, batch)) + 1e-3 * jnp.square(params["dense_01"]["w"]).sum()


@pytest.mark.parametrize("given", [{}, {"predict": predict}])
@pytest.mark.parametrize("spread", [column, absolute, penalized, jax.jit(column)])
def test_outputs_of_one_column_that_meet_a_row_of_targets_are_named(spread, given):
    found = bl.examine(spread, layered(5, 32, 1), batches_of(X, NUMBERS), optimizer=optax.adam(0.01), **given)
    (finding,) = found.worse_than_hints()
    assert (finding.fault, finding.where) == ("wrong loss for the target", "the loss")
    assert finding.numbers["before"] == pytest.approx(finding.numbers["after"], rel=1e-5)


def test_a_row_of_outputs_that_meets_a_column_of_targets_is_named():
    assert faults(squared, layered(5, 32, 1), batches_of(X, NUMBERS[:, None])) == ["wrong loss for the target"]


def kernel(one, other):
    return jnp.exp(-jnp.square(one[:, None] - other[None]))


def discrepancy(params, batch):
    z = single(params, batch["x"])
    return kernel(z, z).mean() - 2 * kernel(z, batch["y"]).mean()


def density(params, batch):
    return -jnp.log(kernel(batch["y"], single(params, batch["x"])).mean(1) + 1e-6).mean()


def nearest_target(params, batch):
    return jnp.square(single(params, batch["x"])[:, None] - batch["y"][None]).min(1).mean()


def ranking(params, batch):
    z, y = single(params, batch["x"]), batch["y"]
    return (jax.nn.softplus(z[None] - z[:, None]) * (y[:, None] > y[None])).mean()


@pytest.mark.parametrize("function", [squared, discrepancy, density, nearest_target, ranking])
def test_pairs_that_are_meant_are_no_fault(function):
    assert faults(function, layered(5, 32, 1), batches_of(X, NUMBERS), optimizer=optax.adam(0.01)) == []


def turned(function):
    return lambda params, batch: -function(params, batch)


@pytest.mark.parametrize("function", [loss, binary, squared])
@pytest.mark.parametrize("rule", [optax.adam(0.01), optax.sgd(0.01), optax.adam(1e-6)])
def test_a_loss_that_falls_without_end_has_its_sign_flipped(function, rule):
    y, width = {"loss": (Y, 3), "binary": (TWO, 1), "squared": (NUMBERS, 1)}[function.__name__]
    found = bl.examine(turned(function), layered(5, 32, width), batches_of(X, y), optimizer=rule)
    assert [(one.fault, one.where) for one in found.faults] == [("flipped loss sign", "the loss")]


def test_a_loss_of_which_neither_sign_has_a_floor_is_a_hint():
    """The difference of two means of a linear critic is linear in its weights: it falls along a line, or along −it."""

    def critic(params, batch):
        return (batch["x"] @ params["w"]).mean() - ((batch["x"] + 1) @ params["w"]).mean()

    found = bl.examine(critic, {"w": jnp.ones(5)}, BATCHES, optimizer=optax.sgd(0.01))
    assert [(one.fault, one.level) for one in found] == [("flipped loss sign", "hint")]


@pytest.mark.parametrize(
    ("losses", "endless"),
    [
        (-(2.0 ** np.arange(14)), True),  # a straight line
        (-(4.0 ** np.arange(14)), True),
        (-np.arange(14.0) * 100, False),  # −log of the way: by as much each time, and no more
        (-1000 * (1 - 0.5 ** np.arange(14)), False),  # a floor
        (2.0 ** np.arange(14), False),
        (np.array([-1.0, -1e9, -1e18, -np.inf, *[np.nan] * 10]), True),
        (np.array([-1.0, -1e9, -1e18, np.nan, *[np.nan] * 10]), False),
    ],
)
def test_falls_without_end_are_told_from_falls_to_a_floor(losses, endless):
    from backlit.doctor.foreign.floor import falls_without_end

    assert falls_without_end(losses, 1.0) is endless


def likelihood(params, batch):
    """−log of a normal density with a mean and a deviation of its own for each row: below 0 where it is narrow."""
    mean, log = predict(params, batch["x"]).T
    return (log + 0.5 * jnp.square((batch["y"] - mean) * jnp.exp(-log))).mean()


def test_a_density_above_one_makes_a_negative_loss_and_no_fault():
    params = layered(5, 32, 2, scale=0.1)
    found = bl.examine(likelihood, params, batches_of(X, 0.01 * NUMBERS), optimizer=optax.adam(0.01))
    assert found.worse_than_hints() == ()


@pytest.mark.parametrize(("unit", "rate"), [(1e3, 0.1), (1e-3, 0.01)])
def test_regressions_in_any_unit_have_no_fault(unit, rate):
    batches = batches_of(X, unit * NUMBERS)
    assert faults(squared, layered(5, 32, 1), batches, predict=single, optimizer=optax.adam(rate)) == []
