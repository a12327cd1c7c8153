"""The finders: learning rates that rise until training breaks, batches that grow until memory ends."""

import jax
import numpy as np
import optax
import pytest

import backlit as bl
from backlit.training import batch_sizes
from backlit.training.execution import Execution
from backlit.training.learning_rates import suggest

RATES = np.geomspace(1e-6, 10, 100)


def trace(lowest, explodes=np.inf):
    """A loss that falls with log η up to `lowest` and rises beyond, and is no number from `explodes` on."""
    away = np.log10(RATES) - np.log10(lowest)
    return np.where(explodes > RATES, np.where(away < 0, 1 - np.exp(away), 3 * away), np.nan)


@pytest.mark.parametrize("lowest", [1e-3, 0.1])
def test_the_suggestion_is_where_the_loss_falls_fastest_or_a_tenth_of_where_it_is_lowest(lowest):
    found = suggest(RATES, trace(lowest))
    assert found.lowest == pytest.approx(lowest, rel=0.5)  # two steps of the trace
    assert found.lowest / 10 < found.steepest <= found.lowest  # where log η falls exponentially: at the end
    assert found.suggestion == found.lowest / 10
    early = suggest(RATES, np.where(RATES < 1e-5, 1.0, np.where(RATES < 1.0, 0.1 - np.log10(RATES) / 100, 9)))
    assert early.steepest == early.suggestion == pytest.approx(1e-5, rel=0.5)
    assert early.lowest == pytest.approx(1.0, rel=0.5)


def test_a_trace_that_explodes_is_read_up_to_there():
    found = suggest(RATES, trace(0.1, explodes=0.05))
    assert 0.01 < found.lowest < 0.05
    assert np.isnan(found.losses[-1])
    late = np.where(RATES > 1, -100, trace(0.01))  # after the explosion it means nothing
    assert suggest(RATES, late).lowest == pytest.approx(0.01, rel=0.5)


def test_noise_does_not_lead_it_astray():
    noisy = trace(0.01) + 0.05 * np.random.default_rng(0).normal(size=100)
    assert 0.002 < suggest(RATES, noisy).lowest < 0.05


@pytest.mark.parametrize("losses", [np.full(100, np.nan), np.linspace(1, 2, 100), np.r_[1.0, np.full(99, np.inf)]])
def test_a_loss_that_no_rate_lowers_is_an_error(losses):
    with pytest.raises(bl.TrainingError, match="no learning rate from 1e-06 to 10 lowers the loss"):
        suggest(RATES, losses)


def test_the_losses_are_those_of_steps_at_rising_rates(line):
    chosen = {"split": (1, 0, 0), "standardize": False, "optimizer": "gradient-descent", "batch_size": 4}
    run = bl.prepare("Dense(1)", *line, **chosen)
    found = run.find_learning_rate(steps=12, lowest=1e-3, highest=1.0)
    np.testing.assert_allclose(found.rates, np.geomspace(1e-3, 1, 12), rtol=1e-5)
    execution = Execution(run, None)
    w, b = (np.asarray(execution.carry.trained.parameters["dense_1"][name], np.float64) for name in ("weight", "bias"))
    orders = np.concatenate([np.asarray(execution.program.order(execution.key, epoch)) for epoch in range(4)])
    part, losses = run.parts.train, []
    for rows, rate in zip(orders, found.rates, strict=True):
        rows = rows[rows < 10]
        error = part.x[rows] @ w[:, 0] + b - part.y[rows]
        losses.append((error**2).mean())
        w, b = w - rate * 2 * (part.x[rows].T @ error)[:, None] / len(rows), b - rate * 2 * error.mean()
    np.testing.assert_allclose(found.losses, losses, rtol=1e-4)


def test_every_step_of_the_search_has_a_rate_of_its_own_where_the_run_gathers_gradients(line):
    chosen = {"split": (1, 0, 0), "batch_size": 4}
    once, gathered = (
        bl.prepare("Dense(1)", *line, accumulate=count, **chosen).find_learning_rate(steps=20) for count in (1, 4)
    )
    np.testing.assert_array_equal(once.losses, gathered.losses)


@pytest.mark.parametrize("seed", range(3))
def test_the_noise_of_small_batches_is_no_fall(seed):
    x = np.random.default_rng(seed).normal(size=(400, 4)).astype(np.float32)
    found = bl.find_learning_rate("Dense(1)", x, x @ np.float32([1, 2, 3, 4]), batch_size=8, optimizer="adam")
    assert found.lowest / 100 < found.steepest <= found.lowest
    assert found.lowest / 100 < found.suggestion < found.lowest


def test_a_run_takes_the_rate_that_was_found(points):
    model = bl.fit("Dense(8), Tanh, Dense(3)", *points, learning_rate="find", epochs=30)
    rate = model.settings.learning_rate
    assert 1e-4 < rate < 0.5
    assert model.settings.schedule == "cosine"  # as for any rate that is chosen
    assert any(note.startswith(f"learning_rate {rate:.3g} was found") for note in model.notes)
    assert model.scores["train"]["loss"] < 0.5 * model.scores["baseline"]["loss"]
    assert bl.find_learning_rate("Dense(8), Tanh, Dense(3)", *points).suggestion == rate


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"steps": 3}, "steps is a whole number from 10"),
        ({"lowest": 0}, "from above 0 up to a larger one"),
        ({"lowest": "a"}, "from above 0 up to a larger one, not from 'a' to 10"),
        ({"highest": np.nan}, "from above 0 up to a larger one"),
        ({"lowest": 1.0, "highest": 0.5}, "from above 0 up to a larger one"),
        ({"optimizer": optax.sgd(0.1)}, "has its own learning rate"),
    ],
)
def test_an_impossible_search_is_refused(options, words, line):
    with pytest.raises(bl.SettingError, match=words):
        bl.find_learning_rate("Dense(1)", *line, **options)


def test_a_step_that_needs_more_than_there_is_fails_apart_and_this_process_goes_on(points):
    # 20,000 rows through 500 units need 80 MB for the activations and their gradients.
    x = np.zeros((20_000, 2), np.float32)
    run = bl.prepare("Dense(500), Tanh, Dense(1)", x, x[:, 0], standardize=False, split=(1, 0, 0))
    execution = Execution(run, None)
    assert batch_sizes.works_apart(execution, 20_000, 20_000_000) is False
    assert batch_sizes.works_apart(execution, 20_000, 500_000_000) is True


def test_a_step_that_cannot_be_made_apart_goes_by_the_compilers_count(line, monkeypatch):
    run = bl.prepare("Dense(1)", *line, optimizer=optax.sgd(0.1))
    found = run.find_batch_size()
    assert (found.largest, found.tried) == (len(run.parts.train), {})


def test_where_a_trial_fails_the_half_is_tried(line, monkeypatch):
    run = bl.prepare("Dense(1)", np.zeros((40, 2), np.float32), np.zeros(40, np.float32), split=(1, 0, 0))
    monkeypatch.setattr(batch_sizes, "works", lambda execution, size, limit: size <= 16)
    found = run.find_batch_size()
    assert found.largest == 16
    assert found.tried == {40: False, 32: False, 16: True}
    assert found.reason == "a step of 32 was tried and ran out of memory"


@pytest.mark.parametrize(("words", "worked"), [("RESOURCE_EXHAUSTED: Out of memory", False), (None, True)])
def test_running_out_of_memory_on_an_accelerator_is_a_trial_that_failed(words, worked, line, monkeypatch):
    def compiled(trained, batch):
        if words is not None:
            raise jax.errors.JaxRuntimeError(words)
        return batch.x

    execution = Execution(bl.prepare("Dense(1)", *line), None)
    monkeypatch.setattr(batch_sizes.jax, "default_backend", lambda: "gpu")
    monkeypatch.setattr(batch_sizes, "compile_step", lambda execution, size: compiled)
    assert batch_sizes.works(execution, 4, 10**9) is worked


def test_no_batch_at_all_is_an_error(line):
    with pytest.raises(bl.TrainingError, match=r"a batch of .* rows needs .* MB, and 0.0 MB are free"):
        bl.find_batch_size("Dense(1)", *line, limit_bytes=100)


@pytest.mark.parametrize("limit", [0, -1, 1.5, "much"])
def test_a_limit_is_a_number_of_bytes(limit, line):
    with pytest.raises(bl.SettingError, match="limit_bytes is a whole number above 0"):
        bl.find_batch_size("Dense(1)", *line, limit_bytes=limit)


def test_a_run_can_be_changed_and_says_what_it_cannot(line):
    run = bl.prepare("Dense(1)", *line)
    changed = run.change(learning_rate=0.5, batch_size=1_000)
    assert (changed.settings.learning_rate, changed.settings.batch_size) == (0.5, len(run.parts.train))
    assert run.settings.learning_rate == 0.001
    longer = run.change(epochs=7, patience=3).settings
    assert (longer.epochs, longer.patience) == (7, 3)
    with pytest.raises(bl.SettingError, match="its own learning rate"):
        bl.prepare("Dense(1)", *line, optimizer=optax.sgd(0.1)).change(learning_rate=0.1)
    with pytest.raises(bl.SettingError, match="learning_rate is a finite number"):
        run.change(learning_rate=-1.0)


@pytest.mark.parametrize(("given", "epochs"), [({}, 37), ({"epochs": 7}, 7)])
def test_open_epochs_follow_the_batch_that_was_found(given, epochs, monkeypatch):
    x = np.zeros((6400, 1), np.float32)
    monkeypatch.setattr(batch_sizes, "works", lambda execution, size, limit: size <= 8)
    run = bl.prepare("Dense(1)", x, x[:, 0], split=(1, 0, 0), batch_size="find", **given)
    assert (run.settings.batch_size, run.settings.epochs) == (8, epochs)  # 30,000 steps of 8 are 37 epochs
    assert run.settings.patience == (None if given else 10)
