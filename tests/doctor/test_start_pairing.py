"""What the doctor says at the start of head, loss and targets."""

from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from backlit.doctor.start import examine_start
from backlit.doctor.subject import Subject, subject_of
from backlit.layers.block import Block
from backlit.layers.plan import Plan
from backlit.training import prepare

RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(80, 5)).astype(np.float32)
NUMBERS = (X @ np.array([1.0, -1.0, 0.5, 2.0, 0.0])).astype(np.float32)
CLASSES = RANDOM.integers(0, 4, 80)
TWO = RANDOM.integers(0, 2, 80)
NETWORK = "Dense(12), ReLU, Dense({})"


@dataclass(frozen=True)
class Squeeze(Block):
    """A head of one's own: softmax, or sigmoid for one unit."""

    def plan(self, input):
        return Plan(input=input, output=input)

    def apply(self, parameters, state, x, context):
        return (jax.nn.softmax(x) if x.shape[-1] > 1 else jax.nn.sigmoid(x)), {}


def named(run):
    return {finding.fault: finding for finding in examine_start(subject_of(run)) if finding.level != "hint"}


def nll(z, y):
    return -jnp.log(z[jnp.arange(len(z)), y])


def clipped_nll(z, y):
    return -jnp.log(jnp.clip(z[jnp.arange(len(z)), y], 1e-7, 1))


def cross_entropy(z, y):
    return jax.nn.logsumexp(z, -1) - z[jnp.arange(len(z)), y]


@pytest.mark.parametrize(
    ("units", "y", "loss"),
    [
        (4, CLASSES, lambda z, y: -cross_entropy(z, y)),
        (1, NUMBERS, lambda z, y: -((z - y) ** 2)),
        (1, NUMBERS, lambda z, y: -jnp.abs(z - y)),
    ],
)
def test_a_loss_with_its_sign_turned_is_proved_by_descent_on_the_outputs(units, y, loss) -> None:
    found = named(prepare(NETWORK.format(units), X, y, loss=loss))
    assert found["flipped loss sign"].level == "fault"


@pytest.mark.parametrize("loss", [nll, clipped_nll])
def test_raw_outputs_into_a_loss_of_probabilities(loss) -> None:
    found = named(prepare(NETWORK.format(4), X, CLASSES, loss=loss))
    assert found["missing softmax"].level == "fault"
    assert found["missing softmax"].remedy.changes == {"loss": "cross-entropy"}
    probabilities = prepare("Dense(12), ReLU, Dense(4), Softmax", X, CLASSES, loss=loss)
    assert named(probabilities) == {}


def test_softmax_twice_costs_what_arithmetic_says() -> None:
    run = prepare("Dense(12), ReLU, Dense(4), Softmax", X, CLASSES, loss=cross_entropy)
    finding = named(run)["double softmax"]
    assert finding.level == "fault"
    assert finding.numbers["least"] == pytest.approx(np.log(np.e + 3) - 1, rel=1e-4)
    assert finding.remedy.changes == {"network": "Dense(12), ReLU, Dense(4)"}


def test_a_squeezing_block_of_ones_own_before_a_loss_of_scores() -> None:
    from backlit import Dense, ReLU, Sequential

    many = Sequential(Dense(12), ReLU, Dense(4), Squeeze())
    two = Sequential(Dense(12), ReLU, Dense(1), Squeeze())
    assert "double softmax" in named(prepare(many, X, CLASSES))
    finding = named(prepare(two, X, TWO, loss="bce"))["double softmax"]
    share = TWO[:].mean()
    assert finding.numbers["least"] == pytest.approx(
        np.log1p(np.exp(-1)) * share + np.log(2) * (1 - share), abs=0.1
    )  # outputs 1 and 0 are logits there


def test_targets_beyond_the_head() -> None:
    finding = named(prepare("Dense(12), ReLU, Dense(1), ReLU", X, NUMBERS))["output range mismatch"]
    assert finding.level == "fault"
    assert finding.numbers["low"] == 0
    assert 0.3 < finding.numbers["outside"] < 0.7  # standardized targets lie on both sides of 0
    assert finding.remedy.changes["network"] == "Dense(12), ReLU, Dense(1)"
    inside = prepare("Dense(12), ReLU, Dense(1), Tanh", X, np.tanh(NUMBERS), standardize=False)
    assert named(inside) == {}


def test_a_head_above_0_for_two_classes_costs_what_an_output_of_0_does() -> None:
    """bce of output 0 is log 2 for a row of the first class, and as little as one likes for the second."""
    finding = named(prepare("Dense(12), ReLU, Dense(1), ReLU", X, TWO, loss="bce"))["output range mismatch"]
    assert finding.level == "suspicion"
    share = np.mean(np.asarray(prepare("Dense(1)", X, TWO, loss="bce").parts.train.y) == 0)
    assert finding.numbers["least"] == pytest.approx(np.log(2) * share, rel=0.05)


def test_a_loss_that_compares_every_output_with_every_target() -> None:
    spread = prepare(NETWORK.format(1), X, NUMBERS, loss=lambda z, y: ((z[:, None] - y) ** 2).mean(1))
    assert named(spread)["wrong loss for the target"].level == "fault"


@pytest.mark.parametrize("y", [NUMBERS * 1e-4, NUMBERS * 1e-25, NUMBERS * 1e18, NUMBERS * 1e30, NUMBERS * 0 + 3.0])
@pytest.mark.filterwarnings("error")
def test_small_and_large_numbers_and_a_constant_pair_well_with_a_squared_error(y) -> None:
    assert "wrong loss for the target" not in named(prepare(NETWORK.format(1), X, y, standardize=False))


def test_a_logistic_loss_of_numbers() -> None:
    """log(1 + e^z) − y z has no least value where y lies outside 0 to 1."""
    run = prepare(NETWORK.format(1), X, NUMBERS, loss=lambda z, y: jax.nn.softplus(z) - y * z)
    assert named(run)["wrong loss for the target"].remedy.changes == {"loss": "mse"}


COUNTS = np.exp(np.clip(NUMBERS, -2, 2))


@pytest.mark.parametrize(
    ("loss", "y"),
    [
        (lambda z, y: jnp.exp(z) - y * z, COUNTS),
        (lambda z, y: y * jnp.exp(-z) + z, COUNTS),
        (lambda z, y: y * jnp.exp(-z) + z, 1000 * COUNTS),
        (lambda z, y: jax.nn.softplus(-y * z), np.sign(NUMBERS)),
    ],
)
def test_a_likelihood_whose_outputs_are_no_numbers_like_the_targets_has_a_least_value(loss, y) -> None:
    """Of counts, of waiting times, small and large, and of signs."""
    assert named(prepare(NETWORK.format(1), X, y.astype(np.float32), loss=loss, standardize=False)) == {}


def test_class_numbers_as_quantities() -> None:
    run = prepare(NETWORK.format(4), X, CLASSES, loss=lambda z, y: ((jax.nn.softmax(z) - y[:, None]) ** 2).sum(-1))
    assert named(run)["wrong loss for the target"].remedy.changes == {"loss": "cross-entropy"}


def test_softmax_over_one_output_is_blind() -> None:
    def outputs(parameters, state, x):
        return x @ parameters["w"]

    def judge(z, y):
        return -jax.nn.log_softmax(z)[:, 0] * y

    parameters = {"w": jnp.asarray(RANDOM.normal(size=(5, 1)), jnp.float32)}
    x, y = jnp.asarray(X), jnp.asarray(TWO)
    subject = Subject(
        loss=lambda p, s, b, k: (judge(outputs(p, s, b[0]), b[1]).mean(), s),
        batch=(x, y),
        parameters=parameters,
        state={},
        outputs=outputs,
        judge=judge,
        x=x,
        y=y,
    )
    found = {finding.fault: finding.level for finding in examine_start(subject)}
    assert found["wrong loss for the target"] == "fault"


def test_biases_of_ten_are_a_bad_first_loss() -> None:
    @dataclass(frozen=True)
    class Shift(Block):
        def plan(self, input):
            return Plan(input=input, output=input, linear=True)

        def apply(self, parameters, state, x, context):
            return x.at[..., 0].add(10.0), {}

    from backlit import Dense, ReLU, Sequential

    finding = named(prepare(Sequential(Dense(12), ReLU, Dense(4), Shift()), X, CLASSES))["bad initial loss"]
    assert finding.level == "fault"
    assert finding.numbers["first"] > 5


def test_large_first_weights_are_to_be_smaller() -> None:
    large = prepare(NETWORK.format(4), X, CLASSES, initial_scale=10.0)
    assert named(large)["bad initial loss"].remedy.changes == {"initial_scale": 1.0}


@pytest.mark.parametrize("loss", ["cross-entropy", "focal", "hinge", "cross-entropy(smoothing=0.1)"])
def test_the_losses_of_classes_pair_well_with_free_scores(loss) -> None:
    assert named(prepare(NETWORK.format(4), X, CLASSES, loss=loss)) == {}


@pytest.mark.parametrize("loss", ["mse", "mae", "huber", "quantile", lambda z, y: (z - y) ** 4])
def test_the_losses_of_numbers_pair_well_with_free_outputs(loss) -> None:
    assert named(prepare(NETWORK.format(1), X, NUMBERS, loss=loss)) == {}


@pytest.mark.parametrize("loss", ["bce", "hinge", "perceptron"])
def test_the_losses_of_two_classes_pair_well_with_one_score(loss) -> None:
    assert named(prepare(NETWORK.format(1), X, TWO, loss=loss)) == {}
