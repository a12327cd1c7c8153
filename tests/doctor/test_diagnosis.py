"""A diagnosis names what keeps a run from learning, the one to mend first first, and leaves healthy runs alone."""

import json
from copy import copy
from dataclasses import dataclass, fields

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from sklearn.datasets import load_digits, load_wine

import backlit as bl
from backlit.doctor import diagnosis
from backlit.doctor.experiments.questions import WEIGHTS
from backlit.doctor.limits import LIMITS
from backlit.errors import InputError, TrainingError
from backlit.layers.notation import read, write
from backlit.training import Run
from backlit.training.preparation import prepare_again

NETWORK = "Dense(16), ReLU, Dense(3)"
WINE = {"network": NETWORK, "data": "wine", "epochs": 40, "learning_rate": 0.01}
DESCENT = {"optimizer": "gradient-descent", "learning_rate": 0.1}
CIRCLES = {"data": "circles(n=200)", "learning_rate": 0.03, "epochs": 60}


def pixels():
    """Wine with every feature from 0 to 255, and its classes."""
    x, y = load_wine(return_X_y=True)
    low, high = x.min(0), x.max(0)
    return (255 * (x - low) / (high - low)).astype(np.float32), y.astype(str)


def diagnosed(**how):
    examined = bl.diagnose(bl.fit(**how))
    assert examined.left_out == ()
    json.dumps(examined.to_json(), allow_nan=False)
    return examined


def named(examined):
    """What is worse than a hint, in the order in which it is told."""
    return [finding.fault for finding in examined.worse_than_hints()]


@pytest.fixture(scope="module")
def wine():
    return bl.fit(**WINE)


@pytest.mark.parametrize(
    "how",
    [
        {"network": "Dense(16), Tanh, Dense(1)", **CIRCLES},
        {"network": "Dense(16), ReLU, Dense(1)", "data": "diabetes", "epochs": 40},
    ],
    ids=["circles", "diabetes"],
)
def test_a_healthy_run_has_nothing_worse_than_a_hint(how):
    assert named(diagnosed(**how)) == []


def test_a_run_that_is_as_good_as_quick_models_needs_no_experiment(wine):
    examined = bl.diagnose(wine)
    assert named(examined) == []
    assert not any("forks" in words for words in examined.examined)
    assert "No fault found" in str(examined)


def test_a_rate_of_100_is_too_high():
    (finding,) = diagnosed(**{**WINE, **DESCENT, "learning_rate": 100.0}).worse_than_hints()
    assert (finding.fault, finding.level) == ("learning rate too high", "fault")
    assert finding.numbers["fork"] < finding.numbers["prior"] / 10
    assert prepare_again(bl.prepare(**WINE), **finding.remedy.changes).settings.learning_rate < 10


def test_a_rate_of_a_ten_millionth_is_too_low():
    (finding,) = diagnosed(**{**WINE, "learning_rate": 1e-7}).worse_than_hints()
    assert (finding.fault, finding.level) == ("learning rate too low", "fault")
    assert prepare_again(bl.prepare(**WINE), **finding.remedy.changes).settings.learning_rate > 1e-4


def test_twelve_sigmoid_layers_make_the_gradient_vanish():
    network = ", ".join(["Dense(8), Sigmoid"] * 12 + ["Dense(3)"])
    (finding,) = diagnosed(**{**WINE, **DESCENT, "network": network}).worse_than_hints()
    assert (finding.fault, finding.level, finding.layers[0]) == ("vanishing gradient", "fault", "dense_1")
    assert finding.numbers["ratio"] < 0.25**6  # each sigmoid passes at most a quarter back
    assert "ReLU" in str(finding.remedy.changes["network"])
    assert "Sigmoid" not in str(finding.remedy.changes["network"])


def test_inputs_of_up_to_255_are_named_and_not_the_rate_that_they_spoil():
    x, y = pixels()
    examined = diagnosed(**{**WINE, **DESCENT, "data": x, "y": y, "standardize": False})
    assert named(examined) == ["unnormalized inputs"]
    assert examined.findings[0].remedy.changes == {"standardize": True}


@dataclass
class Dying(Run):
    """A run whose second layer begins with biases that no input overcomes."""

    def initialize(self, key, scale=None):
        parameters, state = super().initialize(key, scale)
        layer = parameters["dense_2"]
        return {**parameters, "dense_2": {**layer, "bias": layer["bias"] - 1e4}}, state


def test_two_faults_are_both_named_the_inputs_first():
    x, y = pixels()
    network = "Dense(16), ReLU, Dense(16), ReLU, Dense(3)"
    run = bl.prepare(**{**WINE, **DESCENT, "network": network, "data": x, "y": y, "standardize": False})
    run = Dying(**{entry.name: getattr(run, entry.name) for entry in fields(run)})
    examined = bl.diagnose(run.train())
    assert named(examined) == ["unnormalized inputs", "dying ReLU"]
    assert examined.findings[1].layers[0] == "relu_2"
    assert all(WEIGHTS in finding.evidence for finding in examined.findings[:2])  # one fork changed both


def test_a_penalty_of_10_is_over_regularization():
    examined = diagnosed(**WINE, l2=10.0)
    assert named(examined) == ["over-regularization"]
    assert prepare_again(bl.prepare(**WINE, l2=10.0), **examined.findings[0].remedy.changes).settings.l2 == 0


def test_one_hidden_unit_is_too_few_for_circles():
    (finding,) = diagnosed(network="Dense(1), Tanh, Dense(1)", **CIRCLES).worse_than_hints()
    assert (finding.fault, finding.level) == ("underfitting (capacity)", "fault")


def test_linear_layers_in_a_row_lack_an_activation():
    (finding,) = diagnosed(network="Dense(16), Dense(16), Dense(1)", **CIRCLES).worse_than_hints()
    assert (finding.fault, finding.level) == ("missing activation", "fault")
    assert write(read(finding.remedy.changes["network"])) == "Dense(16), ReLU, Dense(16), ReLU, Dense(1)"


def test_a_loss_of_the_wrong_sign_is_named_alone():
    def reward(outputs, targets):
        return jnp.take_along_axis(jax.nn.log_softmax(outputs), targets[:, None].astype(int), 1)[:, 0]

    examined = diagnosed(**WINE, loss=reward)
    assert named(examined) == ["flipped loss sign"]
    assert examined.findings[0].remedy.changes == {"loss": "cross-entropy"}


def test_permuted_labels_say_nothing():
    x, y = load_digits(return_X_y=True)
    y = np.random.default_rng(0).permutation(y[:600] % 3).astype(str)
    examined = diagnosed(network=NETWORK, data=x[:600].astype(np.float32), y=y, epochs=40)
    assert named(examined) == ["shuffled / noisy labels"]


@pytest.mark.parametrize("seed", [0, 1])
def test_numbers_that_follow_a_little_are_not_called_shuffled(seed):
    """One feature explains 1.4 % of them: no model is better than chance on new rows by more than noise."""
    random = np.random.default_rng(seed)
    x = random.normal(size=(3000, 5)).astype(np.float32)
    y = (0.12 * x[:, 0] + random.normal(size=3000)).astype(np.float32)
    assert named(diagnosed(network="Dense(32), ReLU, Dense(1)", data=x, y=y, epochs=30)) == []


def test_a_class_of_two_in_a_hundred_that_is_never_answered():
    """Rows of the rare class lie among the others, so that answering the frequent one is right nearly always."""
    random = np.random.default_rng(0)
    rare = np.arange(500) % 50 == 0
    x = random.normal(size=(500, 3)).astype(np.float32) + rare[:, None] * np.float32(0.7)
    y = np.where(rare, "yes", "no")
    examined = diagnosed(network="Dense(4), Tanh, Dense(1)", data=x, y=y, learning_rate=0.01, epochs=40)
    assert "class collapse / imbalance" in [finding.fault for finding in examined.faults]
    assert "shuffled / noisy labels" not in named(examined)
    finding = next(finding for finding in examined if finding.fault == "class collapse / imbalance")
    assert (finding.where, finding.numbers["recall"]) == ("class yes", 0)
    assert finding.remedy.changes == {"class_weight": "balanced"}


def test_a_run_that_fails_in_its_first_epoch_is_examined_all_the_same():
    x = np.random.default_rng(0).normal(size=(80, 3)).astype(np.float32)
    y = x.sum(1) + x[:, 0] ** 2
    run = bl.prepare("Dense(8), ReLU, Dense(1)", x, y, **{**DESCENT, "learning_rate": 1e30}, epochs=20)
    with pytest.raises(TrainingError):
        run.train()
    examined = bl.diagnose(run)
    assert named(examined) == ["learning rate too high"]
    json.dumps(examined.to_json(), allow_nan=False)


def test_a_logarithm_of_0_is_no_matter_of_the_rate():
    def broken(outputs, targets):
        return -jnp.log(jnp.zeros_like(outputs[:, 0]) * outputs[:, 0])

    examined = bl.diagnose(bl.prepare(**WINE, loss=broken))
    assert examined.findings[0].fault == "NaN / Inf"
    assert "learning rate too high" not in named(examined)


def test_without_experiments_nothing_that_needs_one_is_a_fault():
    run = bl.prepare(**{**WINE, "learning_rate": 1e-7})
    examined = bl.diagnose(run.train(), quick=True)
    assert not any("forks" in words for words in examined.examined)
    assert examined.faults == ()


def test_forks_that_were_not_grown_are_not_named(monkeypatch):
    run = bl.prepare(**{**WINE, "learning_rate": 1e-7})
    monkeypatch.setitem(LIMITS, "forks: most operations", 0.0)
    examined = bl.diagnose(run.train())
    assert not any("forks" in words for words in examined.examined)
    assert any(words.startswith("the experiments") for words in examined.left_out)


def test_progress_is_told_in_words():
    said = []
    bl.diagnose(bl.fit(**{**WINE, "epochs": 1}), quick=True, progress=said.append)
    assert said == ["the data and the first weights"]


def test_a_model_that_was_read_from_a_file_is_examined_as_far_as_it_goes(wine):
    """Without its run there are no data: the history alone can be read."""
    read_again = copy(wine)
    read_again.run = None
    examined = bl.diagnose(read_again)
    assert examined.examined == ("the course of the run",)
    assert any("the model has no data" in words for words in examined.left_out)
    assert "Not examined: the data" in str(examined)
    read_again.history = bl.History()
    with pytest.raises(InputError, match="neither its data nor its history"):
        bl.diagnose(read_again)


def test_an_examiner_that_fails_is_left_out_and_the_others_speak(monkeypatch, wine):
    def fail(*given):
        raise ZeroDivisionError("one over nothing\nsecond line")

    monkeypatch.setattr(diagnosis, "examine_data", fail)
    examined = bl.diagnose(wine)
    assert examined.left_out == ("the data (ZeroDivisionError: one over nothing)",)
    assert "the course of the run" in examined.examined
    assert "the data" not in examined.examined
