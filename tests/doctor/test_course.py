"""What the rows of a history say: each fault by the arithmetic that makes it, and nothing where there is none."""

import numpy as np
import pytest

from backlit.doctor.course.record import record_of
from backlit.doctor.course.signals import examine_course, examine_model, hopeless
from backlit.training import History, prepare

SIZE = 0.1  # of weights


def history(relative, layers=("dense_1", "dense_2", "dense_3", "dense_4"), step=1e-3, gradients=None, units=(), **more):
    """A regression's rows whose loss is `relative` times a constant answer's, with telemetry in every row."""
    relative = np.asarray(relative, float)
    rows = len(relative)
    columns = {"epoch": np.arange(1, rows + 1), "loss": relative, "train_loss": relative, "train_r2": 1 - relative}
    columns |= {"validation_loss": relative, "validation_r2": 1 - relative}
    for place, layer in enumerate(layers):
        gradient = 1e-2 if gradients is None else gradients[place]
        columns[f"{layer}/weight/gradient"] = np.full(rows, float(gradient))
        columns[f"{layer}/weight/update"] = np.full(rows, step * SIZE)
        columns[f"{layer}/weight/weight"] = np.full(rows, SIZE)
    for layer, values in units:
        columns |= {
            f"{layer}/{name}": np.broadcast_to(np.asarray(value, float), rows) for name, value in values.items()
        }
    return History({**columns, **{name: np.asarray(values, float) for name, values in more.items()}})


def named(findings, *levels):
    return [finding.fault for finding in findings if finding.level in (levels or ("fault", "suspicion"))]


FALLING = 0.9 ** np.arange(40)
IDLE = np.ones(40)


@pytest.fixture(scope="module")
def run():
    """Sixty rows of a line, on which 40 epochs are planned."""
    x = np.random.default_rng(0).normal(size=(60, 3)).astype(np.float32)
    return prepare("Dense(4), ReLU, Dense(1)", x, x @ [1.0, 2.0, -1.0], epochs=40, learning_rate=1e-3)


def test_a_run_that_learns_has_no_finding(run):
    assert examine_course(history(FALLING), run) == []


def test_a_hard_task_whose_loss_is_noise_has_no_finding(run):
    """A step of a thousandth of the weights and a loss that wanders around a constant answer's."""
    for seed in range(50):
        noise = 1 + 0.03 * np.random.default_rng(seed).normal(size=40)
        assert examine_course(history(noise), run) == []


def test_no_rows_have_no_finding():
    assert examine_course(History()) == []


def test_a_history_without_telemetry_is_read_as_far_as_it_goes():
    assert named(examine_course(history(np.geomspace(2, 1e6, 40), layers=()))) == ["learning rate too high"]


def test_steps_larger_than_the_weights_and_a_lost_loss_are_too_high_a_rate(run):
    (finding,) = examine_course(history([1e4] * 40, step=5.0), run)
    assert (finding.fault, finding.level) == ("learning rate too high", "suspicion")
    assert finding.numbers["step"] == pytest.approx(5)
    assert finding.remedy.changes == {"learning_rate": 1e-4}  # a tenth: the rate is Adam's default


def test_large_steps_that_learn_are_left_alone(run):
    assert examine_course(history(FALLING, step=2.0), run) == []


def test_weights_that_shrink_make_no_large_step(run):
    """The ratio of a step to weights that a penalty has made small is no sign of the rate."""
    rows = history(IDLE, step=0.01)
    columns = {name: rows[name] for name in rows.columns}
    for name in rows.columns:
        if name.endswith("weight/weight"):
            columns[name] = SIZE * 0.5 ** np.arange(40)
    assert "learning rate too high" not in named(examine_course(History(columns), run))


def test_units_silenced_by_large_steps_are_the_rates_doing(run):
    dead = np.linspace(0, 1, 40)
    units = [("relu_1", {"slope": 1 - dead, "saturated": dead, "dead": dead, "zeros": dead})]
    found = examine_course(history(0.3 * IDLE, step=0.5, units=units), run)
    assert named(found) == ["learning rate too high"]


def test_steps_that_cannot_matter_are_too_low_a_rate(run):
    found = examine_course(history(IDLE - 1e-6 * np.arange(40), step=1e-6), run)
    assert named(found) == ["learning rate too low"]
    assert found[0].numbers["reach"] == pytest.approx(1e-6 * 40 * 2)  # two batches of 32 in 42 rows
    assert found[0].remedy.changes["learning_rate"] > 1e-3


def test_small_steps_that_arrive_are_left_alone(run):
    assert examine_course(history(FALLING, step=1e-6), run) == []


def test_small_steps_and_a_fall_that_goes_on_are_too_low_a_rate(run):
    assert named(examine_course(history(np.linspace(1, 0.6, 40), step=1e-4), run)) == ["learning rate too low"]


def test_a_loss_of_the_same_rows_that_swings_oscillates(run):
    swings = 0.3 + 0.15 * (-1.0) ** np.arange(40)
    assert named(examine_course(history(np.r_[1, swings[1:]]), run)) == ["oscillating loss"]


def test_a_swing_within_a_twentieth_is_none(run):
    assert examine_course(history(np.r_[1, 0.3 + 0.02 * (-1.0) ** np.arange(39)]), run) == []


@pytest.mark.parametrize(
    ("factor", "fault"), [(1e-2, "vanishing gradient"), (1e2, "exploding gradient"), (0.3, None), (3.0, None)]
)
def test_a_gradient_by_depth_is_named_with_layer_and_ratio(run, factor, fault):
    gradients = 1e-2 * factor ** np.arange(3, -1, -1.0)
    found = examine_course(history(IDLE, gradients=gradients), run)
    assert named(found) == ([fault] if fault else [])
    if fault:
        assert found[0].layers == ("dense_1",)
        assert found[0].numbers["ratio"] == pytest.approx(factor**3)
        assert found[0].numbers["factor"] == pytest.approx(factor)


def test_a_gradient_that_dies_does_no_harm_to_a_run_that_learns(run):
    found = examine_course(history(FALLING, gradients=[1e-8, 1e-6, 1e-4, 1e-2]), run)
    assert named(found) == []
    assert named(found, "hint") == ["vanishing gradient"]


def test_one_layer_with_a_small_gradient_is_no_decay(run):
    assert examine_course(history(IDLE, gradients=[1e-6, 1e-1, 1e-2, 1e-2]), run) == []


def test_a_gradient_of_zero_behind_a_decay_is_proved(run):
    layers = tuple(f"dense_{number}" for number in range(1, 7))
    found = examine_course(history(IDLE, layers, gradients=[0, 0, 1e-38, 1e-26, 1e-14, 1e-2]), run)
    assert [(one.fault, one.level, one.layers) for one in found] == [
        ("vanishing gradient", "fault", ("dense_1", "dense_2"))
    ]


def test_a_gradient_of_zero_without_a_decay_is_not_called_vanishing(run):
    assert "vanishing gradient" not in named(examine_course(history(IDLE, gradients=[0, 1e-2, 1e-2, 1e-2]), run))


def test_dead_units_that_let_nothing_pass_are_proved(run):
    units = [("relu_1", {"slope": 0, "saturated": 1, "dead": 1, "zeros": 1})]
    (finding,) = examine_course(history(IDLE, gradients=[0, 0, 1e-2, 1e-2], units=units), run)
    assert (finding.fault, finding.level, finding.layers) == ("dying ReLU", "fault", ("relu_1",))


def test_a_third_of_dead_units_is_none(run):
    units = [("relu_1", {"slope": 0.4, "saturated": 0.6, "dead": 0.33, "zeros": 0.6})]
    assert examine_course(history(IDLE, units=units), run) == []


def test_sigmoids_at_their_ends_are_saturated(run):
    units = [("sigmoid_1", {"slope": 1e-4, "saturated": 1, "dead": 1, "zeros": 0})]
    (finding,) = examine_course(history(IDLE, units=units), run)
    assert (finding.fault, finding.level, finding.layers) == ("saturated sigmoid/tanh", "suspicion", ("sigmoid_1",))


def test_sigmoids_in_their_middle_are_not(run):
    units = [("sigmoid_1", {"slope": 0.2, "saturated": 0.0, "dead": 0.0, "zeros": 0})]
    assert examine_course(history(IDLE, units=units), run) == []


def test_a_loss_that_is_no_number_is_proved():
    found = examine_course(history(np.r_[np.ones(5), np.nan]))
    assert [(one.fault, one.level, one.where) for one in found] == [("NaN / Inf", "fault", "epoch 6")]


def test_an_update_of_zero_beside_a_gradient_is_proved(run):
    found = examine_course(history(IDLE, step=0.0), run)
    assert [(one.fault, one.level) for one in found] == [("update not applied", "fault")]


def test_validation_that_rises_by_more_than_its_noise_is_a_hint(run):
    risen = np.r_[np.linspace(1, 0.4, 10), np.linspace(0.4, 0.8, 30)]
    rows = {"validation_loss": risen, "validation_r2": 1 - risen}
    (finding,) = examine_course(history(FALLING, **rows), run)
    assert (finding.fault, finding.level, finding.where) == ("overfitting", "hint", "epoch 10 on")


def minds(network, loss, train_loss):
    """What the course of a Poisson regression on counts says, whose constant answer costs less than 0."""
    x = np.random.default_rng(0).normal(size=(60, 3)).astype(np.float32)
    run = prepare(network, x, np.random.default_rng(1).poisson(6.0, 60).astype(float), loss="poisson", epochs=40)
    rows = {
        "loss": np.full(40, loss),
        "train_loss": np.full(40, train_loss),
        "validation_loss": np.full(40, train_loss),
    }
    return named(examine_course(history(FALLING, **rows), run))


def test_a_loss_below_0_has_two_minds_by_what_it_has_learned():
    """A constant answer costs λ − λ ln λ = −4.75 at λ = 6."""
    normalized = "Dense(8), BatchNorm, ReLU, Dense(1)"
    assert "train/evaluation mismatch" in minds(normalized, -6.0, -3.0)
    assert "train/evaluation mismatch" not in minds(normalized, -6.0, -5.9)
    assert "train/evaluation mismatch" not in minds("Dense(8), ReLU, Dense(1)", -6.0, -3.0)


def test_validation_within_its_noise_is_none(run):
    noise = 0.4 + 0.05 * np.random.default_rng(0).normal(size=40)
    assert examine_course(history(FALLING, validation_loss=noise, validation_r2=1 - noise), run) == []


def test_an_accuracy_that_stays_the_majoritys_share_is_a_collapse():
    random = np.random.default_rng(0)
    y = np.array(["no"] * 190 + ["yes"] * 10)
    run = prepare("Dense(2)", random.normal(size=(200, 2)).astype(np.float32), y, epochs=40, learning_rate=1e-3)
    share = float((run.parts.train.y == 0).mean())
    rows = history(0.2 * FALLING, train_accuracy=np.full(40, share))
    (finding,) = examine_course(rows, run)
    assert (finding.fault, finding.level) == ("class collapse / imbalance", "suspicion")
    assert finding.remedy.changes == {"class_weight": "balanced"}


@pytest.mark.parametrize(
    ("rows", "why"),
    [
        (history([1e6] * 40, step=5.0), "learning rate too high"),
        (history(IDLE, step=1e-7), "learning rate too low"),
        (
            history(IDLE, gradients=[0] * 4, units=[("relu_1", {"slope": 0, "saturated": 1, "dead": 1, "zeros": 1})]),
            "dying ReLU",
        ),
    ],
)
def test_a_run_that_cannot_come_right_is_hopeless(rows, why, run):
    longer = run.change(epochs=100)
    record = record_of(rows, longer)
    assert hopeless(record, examine_course(rows, longer)) == f"hopeless: {why}"


@pytest.mark.parametrize(
    "rows", [history(FALLING), history(IDLE), history([1e6 * 0.5**n for n in range(40)], step=5.0)]
)
def test_a_run_that_may_come_right_is_not(rows, run):
    longer = run.change(epochs=100)
    assert hopeless(record_of(rows, longer), examine_course(rows, longer)) is None


def test_twelve_layers_of_sigmoids_vanish_and_the_remedy_is_relu():
    network = ", ".join(["Dense(16), Sigmoid"] * 12 + ["Dense(10)"])
    run = prepare(network, "digits", optimizer="gradient-descent", epochs=4)
    finding = next(one for one in examine_model(run.train()) if one.fault == "vanishing gradient")
    assert (finding.level, finding.layers) == ("suspicion", ("dense_1",))
    assert finding.numbers["ratio"] < 1e-4
    assert "Sigmoid" not in str(finding.remedy.changes["network"])


def test_why_a_run_stopped_is_read(run):
    model = run.change(epochs=2).train()
    model.stopped = "non-finite in epoch 3: step 7: layer dense_2, in a logarithm"
    finding = examine_model(model)[0]
    assert (finding.fault, finding.level, finding.where) == ("NaN / Inf", "fault", "layer dense_2")


def test_what_follows_from_a_fault_is_a_hint(run):
    """Units that large steps killed are a sign of the rate, though it is proved that nothing passes them."""
    dead = np.r_[0.0, np.ones(39)]
    units = [("relu_1", {"slope": 1 - dead, "saturated": dead, "dead": dead, "zeros": dead})]
    found = examine_course(history(IDLE, step=0.5, gradients=[0, 0, 1e-2, 1e-2], units=units), run)
    assert named(found) == ["learning rate too high"]
    assert "dying ReLU" in named(found, "hint")


def test_first_weights_far_too_large_are_no_matter_of_the_rate(run):
    assert named(examine_course(history(np.linspace(14, 12, 40), step=1e-4), run)) == []
