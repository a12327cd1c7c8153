"""What holds for every loss: its formula, its gradient, its calm at the ends, and its refusals."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats
from scipy.special import gammaln
from sklearn import metrics

import backlit as bl
from backlit.functions import LOSSES, default_loss, loss_named

RNG = np.random.default_rng(0)
B, T, K = 5, 3, 4
VALUES = RNG.normal(size=(B, T))
CODES = np.array([0, 3, 1, 2, 1])
BITS = np.array([0, 1, 1, 0, 1])


def huber(error):
    return np.where(np.abs(error) <= 1, error**2 / 2, np.abs(error) - 0.5)


def log_loss(p, y):
    return -y * np.log(p) - (1 - y) * np.log(1 - p)


def focal(p, gamma):
    return -((1 - p) ** gamma) * np.log(p)


def violations(scores, codes, cost):
    return np.array(
        [sum(cost(max(0, s[j] - s[y] + 1)) for j in range(K) if j != y) for s, y in zip(scores, codes, strict=True)]
    )


OUTPUTS = RNG.normal(scale=2.0, size=(B, T))
LOGITS = RNG.normal(scale=2.0, size=(B, 1))
SCORES = RNG.normal(scale=2.0, size=(B, K))
P = 1 / (1 + np.exp(-LOGITS[:, 0]))
SOFT = np.exp(SCORES) / np.exp(SCORES).sum(1, keepdims=True)
ERROR = OUTPUTS - VALUES
MARGIN = np.maximum(0, 1 - np.where(BITS == 1, 1, -1) * LOGITS[:, 0])
RIGHT = np.where(BITS == 1, P, 1 - P)
SOFT_RIGHT = SOFT[np.arange(B), CODES]
COUNTS = RNG.poisson(3.0, (B, T))
MEANS, LOG_VARIANCES = OUTPUTS, RNG.normal(size=(B, T))

# name, outputs, targets, the loss of each example by the formula in float64
CASES = [
    ("mse", OUTPUTS, VALUES, (ERROR**2).mean(1)),
    ("sum-squared-error", OUTPUTS, VALUES, (ERROR**2).sum(1)),
    ("half-squared-error", OUTPUTS, VALUES, (ERROR**2).sum(1) / 2),
    ("mae", OUTPUTS, VALUES, np.abs(ERROR).mean(1)),
    ("huber", OUTPUTS, VALUES, huber(ERROR).mean(1)),
    ("huber(delta=2)", OUTPUTS, VALUES, 4 * huber(ERROR / 2).mean(1)),
    ("quantile(quantile=0.9)", OUTPUTS, VALUES, np.where(ERROR < 0, -0.9 * ERROR, 0.1 * ERROR).mean(1)),
    ("poisson", OUTPUTS, COUNTS, (-stats.poisson.logpmf(COUNTS, np.exp(OUTPUTS)) - gammaln(COUNTS + 1)).mean(1)),
    (
        "gaussian",
        np.concatenate([MEANS, LOG_VARIANCES], 1),
        VALUES,
        (-stats.norm.logpdf(VALUES, MEANS, np.exp(LOG_VARIANCES / 2)) - np.log(2 * np.pi) / 2).mean(1),
    ),
    ("bce", LOGITS, BITS, log_loss(P, BITS)),
    ("bce(smoothing=0.2)", LOGITS, BITS, log_loss(P, 0.8 * BITS + 0.1)),
    ("cross-entropy", SCORES, CODES, -np.log(SOFT_RIGHT)),
    ("cross-entropy(smoothing=0.2)", SCORES, CODES, -0.8 * np.log(SOFT_RIGHT) - 0.05 * np.log(SOFT).sum(1)),
    ("focal", LOGITS, BITS, focal(RIGHT, 2)),
    ("focal(gamma=0.5, alpha=0.25)", LOGITS, BITS, np.where(BITS == 1, 0.25, 0.75) * focal(RIGHT, 0.5)),
    ("focal(gamma=3)", SCORES, CODES, focal(SOFT_RIGHT, 3)),
    ("hinge", LOGITS, BITS, MARGIN),
    ("hinge", SCORES, CODES, violations(SCORES, CODES, float)),
    ("squared-hinge", LOGITS, BITS, MARGIN**2),
    ("squared-hinge", SCORES, CODES, violations(SCORES, CODES, np.square)),
    ("perceptron", LOGITS, BITS, np.where((LOGITS[:, 0] > 0) == (BITS == 1), 0, np.abs(LOGITS[:, 0]))),
    ("perceptron", SCORES, CODES, SCORES.max(1) - SCORES[np.arange(B), CODES]),
]
EVERY = pytest.mark.parametrize(("name", "outputs", "targets", "expected"), CASES)
SINGLE = [name for name in LOSSES if name not in ("cross-entropy", "gaussian")]


def test_every_loss_has_a_case():
    assert {name.partition("(")[0] for name, *_ in CASES} == set(LOSSES)


@EVERY
def test_the_examples_are_the_formula(name, outputs, targets, expected):
    with jax.enable_x64(True):
        losses = loss_named(name).examples(jnp.asarray(outputs), jnp.asarray(targets))
        assert losses.shape == (B,)
        np.testing.assert_allclose(losses, expected, rtol=1e-12)


@EVERY
def test_the_gradient_is_the_slope(name, outputs, targets, expected):
    loss, h = loss_named(name), 1e-6
    with jax.enable_x64(True):
        total = jax.jit(lambda outputs: loss.examples(outputs, jnp.asarray(targets)).sum())
        steps = h * np.eye(outputs.size).reshape(-1, *outputs.shape)
        slopes = np.array([(total(outputs + step) - total(outputs - step)) / (2 * h) for step in steps])
        for differentiate in (jax.grad, bl.grad):
            gradient = differentiate(total)(jnp.asarray(outputs))
            np.testing.assert_allclose(gradient, slopes.reshape(outputs.shape), rtol=1e-7, atol=1e-8)


@EVERY
def test_losses_and_gradients_are_finite_at_the_ends(name, outputs, targets, expected):
    loss = loss_named(name)
    for ends in (1e4, -1e4, 0.0):
        z = jnp.full(outputs.shape, ends, jnp.float32).at[:, 0].set(-ends)
        value, gradient = bl.value_and_grad(lambda z: loss.examples(z, jnp.asarray(targets)).sum())(z)
        assert jnp.isfinite(value)
        assert jnp.isfinite(gradient).all()


@EVERY
def test_a_loss_under_jit_and_vmap_is_the_same(name, outputs, targets, expected):
    examples = loss_named(name).examples
    population = jax.vmap(jax.jit(examples), in_axes=(0, None))(jnp.stack([outputs, 2 * outputs]), jnp.asarray(targets))
    np.testing.assert_allclose(population[1], examples(jnp.asarray(2 * outputs), jnp.asarray(targets)), rtol=1e-5)


@pytest.mark.parametrize("name", SINGLE)
@pytest.mark.parametrize("outputs_shape", [(B,), (B, 1)])
@pytest.mark.parametrize("targets_shape", [(B,), (B, 1)])
def test_one_unit_never_broadcasts(name, outputs_shape, targets_shape):
    z, y = jnp.arange(float(B)), jnp.array(BITS)
    loss = loss_named(name)
    np.testing.assert_allclose(
        loss.examples(z.reshape(outputs_shape), y.reshape(targets_shape)), loss.examples(z, y), rtol=1e-6, strict=True
    )


@pytest.mark.parametrize("name", ["mse", "mae", "huber", "bce"])
def test_shapes_that_do_not_match_are_an_error(name):
    with pytest.raises(bl.ShapeError, match="5×2"):
        loss_named(name).examples(jnp.zeros((5, 2)), jnp.zeros((5,)))


@pytest.mark.parametrize("name", ["cross-entropy", "hinge"])
def test_several_targets_are_not_one_class(name):
    with pytest.raises(bl.ShapeError, match="one class for each row of scores"):
        loss_named(name).examples(jnp.zeros((B, 3)), jnp.zeros((B, 2), int))


@pytest.mark.parametrize(("task", "classes", "output"), [("two classes", 2, (2,)), ("many classes", 3, (3,))])
def test_hinge_takes_no_probabilities(task, classes, output):
    with pytest.raises(bl.ShapeError, match=rf"hinge takes one class an example.*not N×{classes}: give"):
        bl.Hinge().check(output, task, classes, (B, classes))


def test_cross_entropy_takes_classes_probabilities_and_sequences():
    loss, hot = bl.CrossEntropy(), np.eye(K)[CODES]
    of_codes = loss.examples(jnp.asarray(SCORES), jnp.asarray(CODES))
    np.testing.assert_allclose(loss.examples(jnp.asarray(SCORES), jnp.asarray(hot)), of_codes, rtol=1e-5)
    steps = loss.examples(jnp.stack([SCORES, -SCORES], 1), jnp.stack([CODES, CODES], 1))
    np.testing.assert_allclose(steps, (of_codes + loss.examples(-jnp.asarray(SCORES), CODES)) / 2, rtol=1e-5)


@pytest.mark.parametrize("name", ["cross-entropy", "cross-entropy(smoothing=0.1)", "focal"])
def test_steps_of_an_unknown_class_are_left_out(name):
    loss, scores = loss_named(name), jnp.asarray(RNG.normal(size=(3, T, K)))
    whole, some, none = loss.examples(scores, jnp.array([[1, 2, 0], [3, -1, -1], [-1, -1, -1]]))
    alone = loss.examples(scores[1, :1], jnp.array([3]))
    np.testing.assert_allclose(some, alone[0], rtol=1e-6)
    np.testing.assert_allclose(whole, loss.examples(scores[0], jnp.array([1, 2, 0])).mean(), rtol=1e-6)
    assert none == 0
    gradient = bl.grad(lambda s: loss.examples(s, jnp.array([[3, -1, -1]])).sum())(scores[1:2])
    assert (gradient[0, 1:] == 0).all()
    assert (gradient[0, 0] != 0).all()


def test_a_step_down_the_perceptrons_criterion_is_the_perceptrons_rule():
    w, rate = jnp.array([0.5, -1.0, 0.0]), 0.3
    for x, y in ((jnp.array([1.0, 2.0, 3.0]), 1), (jnp.array([2.0, 0.5, -1.0]), 0), (jnp.array([2.0, 1.0, 7.0]), 1)):
        gradient = bl.grad(lambda w, x=x, y=y: bl.Perceptron().examples((w @ x)[None], jnp.array([y]))[0])(w)
        predicted = int(w @ x > 0)  # 0, 1 and, on the boundary, 0
        np.testing.assert_allclose(-rate * gradient, rate * (y - predicted) * x, rtol=1e-6)


def test_a_quantile_is_the_minimizer_of_its_loss():
    y = jnp.arange(101.0)
    candidates = jnp.linspace(0, 100, 201)
    totals = jax.vmap(lambda f: loss_named("quantile(quantile=0.9)").examples(jnp.full(101, f), y).sum())(candidates)
    assert candidates[totals.argmin()] == 90


def test_the_deviation_of_a_gaussian():
    loss, outputs = bl.Gaussian(), jnp.array([[1.0, 2 * np.log(3.0)], [4.0, 0.0]])
    np.testing.assert_allclose(loss.predict(outputs), [1, 4])
    np.testing.assert_allclose(loss.deviation(outputs), [3, 1], rtol=1e-6)
    best = loss.constant(jnp.array([[1.0], [3.0]]))
    np.testing.assert_allclose(best, [2, 0], atol=1e-6)


def test_several_losses_are_their_weighted_sum():
    loss = bl.Several(("mse", 2), ("bce", 1), ("cross-entropy", 1, K), weights=(1.0, 0.5, 2.0))
    outputs = jnp.concatenate([jnp.asarray(OUTPUTS), jnp.asarray(SCORES)], 1)
    targets = jnp.stack([*VALUES.T[:2], BITS, CODES], 1)
    expected = bl.MeanSquaredError().examples(outputs[:, :2], targets[:, :2])
    expected += 0.5 * bl.BinaryCrossEntropy().examples(outputs[:, 2:3], jnp.asarray(BITS))
    expected += 2.0 * bl.CrossEntropy().examples(outputs[:, 3:], jnp.asarray(CODES))
    np.testing.assert_allclose(loss.examples(outputs, targets), expected, rtol=1e-6)
    assert loss.units("regression", 0, 4) == 3 + K
    predicted = loss.predict(outputs)
    np.testing.assert_allclose(predicted[:, 2], 1 / (1 + np.exp(-OUTPUTS[:, 2])), rtol=1e-5)
    assert predicted[:, 3].tolist() == SCORES.argmax(1).tolist()


@pytest.mark.parametrize(
    ("parts", "weights", "problem"),
    [
        ((), None, "needs parts"),
        ((("mse",),), None, "a part of Several is"),
        ((("mse", 0),), None, "a part of Several is"),
        ((("mse", 1, 3),), None, "1 target columns and 3 outputs, where 1 are needed"),
        ((("cross-entropy", 1),), None, "1 outputs, where 2 are needed: write"),
        (((lambda f, y: f - y, 1),), None, "a loss with a name"),
        ((("mse", 1),), (-1.0,), "a weight of at least 0"),
        ((("mse", 1),), (1.0, 2.0), "for each of 1 parts"),
    ],
)
def test_several_losses_that_cannot_be(parts, weights, problem):
    with pytest.raises(bl.SettingError, match=problem):
        bl.Several(*parts, weights=weights)


def test_the_gradients_of_the_entropies_are_p_less_y():
    z, s = jnp.asarray(LOGITS), jnp.asarray(SCORES)
    binary = bl.grad(lambda z: bl.BinaryCrossEntropy().examples(z, BITS).sum())(z)
    np.testing.assert_allclose(binary[:, 0], P - BITS, atol=1e-6)
    many = bl.grad(lambda s: bl.CrossEntropy().examples(s, jnp.asarray(CODES)).sum())(s)
    np.testing.assert_allclose(many, SOFT - np.eye(K)[CODES], atol=1e-6)


def test_the_gradient_of_an_absolute_error_is_its_sign():
    gradient = bl.grad(lambda f: bl.MeanAbsoluteError().examples(f, jnp.zeros(3)).sum())(jnp.array([-2.0, 0.0, 3.0]))
    assert gradient.tolist() == [-1, 0, 1]


def test_a_confident_right_answer_keeps_its_digits():
    loss = bl.BinaryCrossEntropy().examples(jnp.array([12.0, -12.0]), jnp.array([1.0, 0.0]))
    np.testing.assert_allclose(loss, np.log1p(np.exp(-12.0)), rtol=1e-6)


def test_losses_agree_with_scikit_learn():
    value = bl.CrossEntropy().examples(jnp.asarray(SCORES), jnp.asarray(CODES)).mean()
    np.testing.assert_allclose(value, metrics.log_loss(CODES, SOFT), rtol=1e-6)
    value = bl.Hinge().examples(jnp.asarray(LOGITS), jnp.asarray(BITS)).mean()
    np.testing.assert_allclose(value, metrics.hinge_loss(BITS, LOGITS[:, 0]), rtol=1e-6)
    value = bl.MeanSquaredError().examples(jnp.asarray(OUTPUTS), jnp.asarray(VALUES)).mean()
    np.testing.assert_allclose(value, metrics.mean_squared_error(VALUES, OUTPUTS), rtol=1e-6)


def test_predictions_by_kind_of_loss():
    np.testing.assert_array_equal(bl.MeanSquaredError().predict(jnp.ones((B, 1))), np.ones(B), strict=False)
    assert bl.MeanSquaredError().predict(jnp.ones((B, T))).shape == (B, T)
    two = bl.BinaryCrossEntropy().predict(jnp.asarray(LOGITS))
    np.testing.assert_allclose(two, np.stack([1 - P, P], 1), atol=1e-6)
    assert bl.BinaryCrossEntropy().predict(jnp.ones((B, T))).shape == (B, T)
    np.testing.assert_allclose(bl.CrossEntropy().predict(jnp.asarray(SCORES)), SOFT, atol=1e-6)
    assert bl.Hinge().predict(jnp.array([[-2.0], [3.0]])).argmax(-1).tolist() == [0, 1]
    assert bl.Hinge().predict(jnp.asarray(SCORES)).argmax(-1).tolist() == SCORES.argmax(-1).tolist()


@pytest.mark.parametrize("name", LOSSES)
@pytest.mark.parametrize("task", ["regression", "two classes", "many classes"])
def test_the_default_head_fits_where_the_task_does(name, task):
    loss, classes = loss_named(name), {"regression": 0, "two classes": 2, "many classes": K}[task]
    if task in loss.tasks:
        units = loss.units(task, classes, 1)
        loss.check((units,), task, classes, (B,))
        with pytest.raises(bl.ShapeError, match=rf"has shape 7 .*loss {name}.*needs .*Dense\({units}\)"):
            loss.check((7,), task, classes, (B,))
    else:
        for refused in (lambda: loss.check((1,), task, classes, (B,)), lambda: loss.units(task, classes, 1)):
            with pytest.raises(bl.SettingError, match=f"{name} is for .*, but the task is {task}: choose"):
                refused()


@pytest.mark.parametrize(
    ("name", "output", "task", "classes", "targets"),
    [
        ("mse", (3,), "regression", 0, (B, 3)),
        ("mse", (), "regression", 0, (B,)),
        ("mse", (1,), "regression", 0, (B, 1)),
        ("mae", (8, 8, 1), "regression", 0, (B, 8, 8, 1)),
        ("bce", (3,), "two classes", 2, (B, 3)),
        ("cross-entropy", (2,), "two classes", 2, (B,)),
        ("cross-entropy", (6, K), "many classes", K, (B, 6)),
        ("cross-entropy", (K,), "many classes", K, (B, K)),
        ("cross-entropy", (K,), "many classes", K, (B, 1)),
        ("cross-entropy", (1, K), "many classes", K, (B, 1)),
        ("hinge", (K,), "many classes", K, (B, 1)),
        ("hinge", (2,), "two classes", 2, (B,)),
    ],
)
def test_other_output_layers_that_fit(name, output, task, classes, targets):
    loss_named(name).check(output, task, classes, targets)
    losses = loss_named(name).examples(jnp.ones((B, *output)), jnp.ones(targets, int if classes else float))
    assert losses.shape == (B,)


@pytest.mark.parametrize(
    ("task", "name"), [("regression", "mse"), ("two classes", "bce"), ("many classes", "cross-entropy")]
)
def test_the_default_by_task(task, name):
    assert default_loss(task).name == name
    with pytest.raises(bl.SettingError, match="did you mean regression"):
        default_loss("regresion")


def test_names():
    assert (
        loss_named(" MSE ") == loss_named("squared-error") == loss_named("mean_squared_error") == bl.MeanSquaredError()
    )
    assert loss_named("binary-cross-entropy") == bl.BinaryCrossEntropy()
    assert loss_named("huber", delta=2.0) == bl.Huber(delta=2.0)
    assert loss_named(bl.Hinge()) == bl.Hinge()
    for wrong, settings, repair in (
        ("cross-entopy", {}, "did you mean .*cross-entropy"),
        ("huber", {"detla": 2.0}, "did you mean delta"),
        (3.0, {}, "must be a name"),
    ):
        with pytest.raises(bl.SettingError, match=repair):
            loss_named(wrong, **settings)


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("focal(gamma=-1)", "gamma is -1, but it must be at least 0"),
        ("focal(alpha=1.5)", "alpha is 1.5"),
        ("cross-entropy(smoothing=1)", "smoothing is 1, but"),
        ("bce(smoothing=-0.1)", "smoothing is -0.1"),
        ("quantile(quantile=0)", "quantile is 0"),
        ("focal(gama=2)", "did you mean gamma"),
    ],
)
def test_settings_out_of_range_are_refused(name, problem):
    with pytest.raises(bl.SettingError, match=problem):
        loss_named(name)


def test_a_loss_reads_back_from_its_text():
    for text in ("huber(delta=2.0)", "focal(gamma=1.0, alpha=0.3)", "mse"):
        assert str(loss_named(text)) == text


@pytest.mark.parametrize("delta", [0.0, -1.0, float("nan"), float("inf"), "a"])
def test_a_delta_out_of_range_is_refused(delta):
    with pytest.raises(bl.SettingError, match="positive"):
        bl.Huber(delta=delta)


def test_a_function_is_a_loss():
    loss = loss_named(lambda f, y: (f - y) ** 2)
    assert loss.examples(jnp.ones((3, 1)), jnp.zeros((3,))).tolist() == [1, 1, 1]
    with pytest.raises(bl.ShapeError, match=r"3×2.*one loss an example"):
        loss.examples(jnp.ones((3, 2)), jnp.zeros((3, 2)))
    with pytest.raises(bl.SettingError, match="link='Sigmoid'"):
        loss.check((1,), "two classes", 2, (B,))
    linked = bl.FunctionLoss(lambda z, y: bl.softplus(z) - y * z, link="Sigmoid")
    linked.check((1,), "two classes", 2, (B,))
    np.testing.assert_allclose(linked.predict(jnp.asarray(LOGITS)), np.stack([1 - P, P], 1), atol=1e-6)
    with pytest.raises(bl.SettingError, match="link"):
        bl.FunctionLoss(lambda f, y: f, link="sigmoid")
