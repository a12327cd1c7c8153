"""What the doctor says at the start of structure, updates and dependencies."""

from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from backlit import Dense, GlobalMeanPool, ReLU, Sequential
from backlit.doctor.start import examine_start
from backlit.doctor.subject import Subject, subject_of
from backlit.layers.block import Block
from backlit.layers.plan import Plan
from backlit.training import prepare
from backlit.training.preparation import prepare_again

RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(80, 5)).astype(np.float32)
CLASSES = RANDOM.integers(0, 3, 80)


@dataclass(frozen=True)
class Own(Block):
    """A block of one's own by its rule: 'stop', 'mix', 'average'."""

    rule: str

    def plan(self, input):
        return Plan(input=input, output=input)

    def apply(self, parameters, state, x, context):
        if self.rule == "stop":
            return jax.lax.stop_gradient(x), {}
        if self.rule == "mix":
            return x * jax.nn.softmax(x, axis=0), {}
        return (x - x.mean(0) if context.training else x), {}


@dataclass(frozen=True)
class MeanOfAll(Block):
    """The mean over all steps, padded ones included."""

    def plan(self, input):
        return Plan(input=input, output=input[-1:])

    def apply(self, parameters, state, x, context):
        return x.mean(1), {}


def examined(run):
    return {finding.fault: finding for finding in examine_start(subject_of(run))}


def worse(run):
    return {fault: finding for fault, finding in examined(run).items() if finding.level != "hint"}


def test_layers_with_nothing_between_them() -> None:
    run = prepare("Dense(16), Dropout(0.1), Dense(16), Dense(3)", X, CLASSES)
    finding = worse(run)["missing activation"]
    assert finding.level == "fault"
    assert finding.layers == ("dense_1", "dense_2", "dense_3")
    assert "missing activation" not in examined(prepare_again(run, **finding.remedy.changes))
    part = worse(prepare("Dense(16), ReLU, Dense(16), Dense(3)", X, CLASSES))["missing activation"]
    assert part.level == "suspicion"


def test_a_linear_bottleneck_is_a_hint() -> None:
    run = prepare("Dense(16), ReLU, Dense(2), Dense(16), ReLU, Dense(3)", X, CLASSES)
    assert examined(run)["missing activation"].level == "hint"


def test_logistic_regression_misses_nothing() -> None:
    assert worse(prepare("Dense(3)", X, CLASSES)) == {}


def foreign(outputs, parameters, y, judge):
    x, y = jnp.asarray(X), jnp.asarray(y)
    return Subject(
        loss=lambda p, s, b, k: (judge(outputs(p, s, b[0]), b[1]).mean(), s),
        batch=(x, y),
        parameters=parameters,
        state={},
        rule=optax.adam(1e-3),
        outputs=outputs,
        judge=judge,
        x=x,
        y=y,
    )


def cross_entropy(z, y):
    return jax.nn.logsumexp(z, -1) - z[jnp.arange(len(z)), y]


@pytest.mark.parametrize(("bend", "expected"), [(lambda h: h, {"missing activation": "fault"}), (jnp.tanh, {})])
def test_anybodys_affine_function(bend, expected) -> None:
    parameters = {
        name: jnp.asarray(RANDOM.normal(size=shape) / 3, jnp.float32)
        for name, shape in (("one", (5, 8)), ("two", (8, 3)))
    }
    subject = foreign(lambda p, s, x: bend(x @ p["one"]) @ p["two"], parameters, CLASSES, cross_entropy)
    assert {finding.fault: finding.level for finding in examine_start(subject)} == expected


def test_a_cut_gradient_names_what_lies_behind_it() -> None:
    network = Sequential(Dense(8), ReLU, Own("stop"), Dense(8), ReLU, Dense(3))
    finding = worse(prepare(network, X, CLASSES, l2=1e-3))["detached parameter"]  # a penalty does not hide it
    assert finding.level == "fault"
    assert finding.layers == ("dense_1",)


def test_a_product_with_zero_is_no_path() -> None:
    parameters = {
        name: jnp.asarray(RANDOM.normal(size=shape) / 3, jnp.float32)
        for name, shape in (("one", (5, 8)), ("lost", (5, 8)), ("two", (8, 3)))
    }
    subject = foreign(
        lambda p, s, x: jnp.tanh(x @ p["one"] + 0.0 * (x @ p["lost"])) @ p["two"], parameters, CLASSES, cross_entropy
    )
    (finding,) = examine_start(subject)
    assert (finding.fault, finding.where) == ("detached parameter", "lost")


def test_a_rule_that_discards_updates() -> None:
    run = prepare("Dense(8), ReLU, Dense(3)", X, CLASSES, optimizer=optax.chain(optax.adam(1e-3), optax.set_to_zero()))
    assert worse(run)["update not applied"].level == "fault"


def test_gradients_whose_squares_are_beyond_float32_stop_adam_and_the_targets_are_named() -> None:
    run = prepare("Dense(1)", X, (2e30 + 1e30 * X[:, 0]).astype(np.float32), standardize=False)
    finding = worse(run)["update not applied"]
    assert finding.remedy.changes == {"standardize": True}
    assert "beyond the numbers of float32" in finding.cause


@pytest.mark.parametrize(
    "settings",
    [
        {"accumulate": 4, "batch_size": 8},
        {"learning_rate": 1e-2, "schedule": "cosine(warmup=0.5)"},
        {"optimizer": optax.sgd(optax.linear_schedule(0.0, 1e-2, 10))},
    ],
)
def test_a_rule_that_moves_later_is_healthy(settings) -> None:
    assert worse(prepare("Dense(8), ReLU, Dense(3)", X, CLASSES, **settings)) == {}


def test_examples_that_see_one_another() -> None:
    mixed = prepare(Sequential(Dense(8), Own("mix"), ReLU, Dense(3)), X, CLASSES)
    assert worse(mixed)["axis / mask leak"].level == "fault"
    centered = prepare(Sequential(Dense(8), Own("center"), ReLU, Dense(3)), X, CLASSES)
    assert examined(centered)["axis / mask leak"].level == "hint"
    assert examined(prepare("Dense(8), BatchNorm, ReLU, Dense(3)", X, CLASSES)) == {}


def test_steps_that_see_the_answer_they_are_asked_for() -> None:
    series = RANDOM.normal(size=(40, 13, 1)).astype(np.float32)
    x, y = series[:, :-1], series[:, 1:, 0]
    ahead = prepare("Bidirectional(GRU(8, sequence=True)), Dense(1)", x, y)
    assert worse(ahead)["axis / mask leak"].level == "fault"
    assert worse(prepare("GRU(8, sequence=True), Dense(1)", x, y)) == {}
    other = prepare("Bidirectional(GRU(8, sequence=True)), Dense(1)", x, np.cumsum(y, axis=1))
    assert worse(other) == {}


def test_padding_that_counts_as_data() -> None:
    x = RANDOM.normal(size=(40, 12, 3)).astype(np.float32)
    x[::2, 7:] = np.nan
    y = RANDOM.integers(0, 2, 40)
    assert "axis / mask leak" in worse(prepare(Sequential(Dense(8), ReLU, MeanOfAll(), Dense(2)), x, y))
    assert worse(prepare(Sequential(Dense(8), ReLU, GlobalMeanPool, Dense(2)), x, y)) == {}
