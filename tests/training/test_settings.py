"""Every setting out of range is refused with its name, before any work starts."""

import json
import math

import numpy as np
import pytest

import backlit as bl
from backlit.training.settings import PRIOR

WRONG = {
    "epochs": (0, -1, 2.5, True, "ten", 2**31),
    "patience": (0, 1.5, False),
    "batch_size": (0, -4, 2.0, "all", True),
    "block_rows": (0, 1.5),
    "seed": (-1, 0.5, None, 2**40),
    "bootstrap": (-1, 0.5, None, "yes"),
    "initial_scale": (-1, math.nan, None, True),
    "learning_rate": (0, -0.1, math.inf, math.nan, "fast", True),
    "time_limit": (0, -1, math.nan),
    "tolerance": (0, -1e-3, math.inf),
    "l1": (-1, math.nan, None, "little"),
    "l2": (-1e-9, math.inf),
    "class_weight": ("even", [1, 2], {"a": -1}, {"a": math.nan}, {"a": "two"}),
    "split": ("70/15/15", 0.7, (0.7, "a", 0.1), None),
    "optimizer": (None, 3),
    "schedule": (3, ["cosine"]),
    "standardize": (None, 1, "yes"),
    "precision": (None, 16, "half"),
}


@pytest.mark.parametrize(("name", "value"), [(name, value) for name, values in WRONG.items() for value in values])
def test_a_setting_out_of_range_is_refused_by_name(name, value):
    with pytest.raises(bl.SettingError, match=name):
        bl.Settings(**{name: value})


@pytest.mark.parametrize("split", [(0.5, 0.5), (0, 0.5, 0.5), (0.5, 0.5, 0.5), (1.2, -0.1, -0.1)])
def test_shares_add_up_to_one_and_training_has_some(split, line):
    with pytest.raises(bl.SettingError, match="split"):
        bl.prepare(None, *line, split=split)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"epoch": 5}, "unknown setting 'epoch': did you mean epochs"),
        ({"optimizer": "adma"}, "did you mean adam"),
        ({"schedule": "cosin"}, "did you mean cosine"),
        ({"loss": "msee"}, "did you mean mse"),
        ({"network": "Dens(3), ReLU"}, "did you mean Dense"),
        ({"network": "defualt"}, "did you mean default"),
        ({"task": "regresion"}, "did you mean regression"),
        ({"schedule": "cosine(warmup=2)"}, "warmup"),
        ({"optimizer": "adam(beta=3)"}, "beta"),
    ],
)
def test_an_unknown_name_is_refused_with_the_nearest(settings, words, line):
    settings = dict(settings)
    with pytest.raises(bl.InputError, match=words.replace("(", r"\(")):
        bl.prepare(settings.pop("network", None), *line, **settings)


def test_numbers_of_numpy_are_numbers_and_settings_are_json():
    settings = bl.Settings(
        epochs=np.int64(3), seed=np.int32(7), learning_rate=np.float32(0.5), l2=0, class_weight={1: np.float64(2)}
    )
    again = json.loads(json.dumps(settings.to_json()))
    assert bl.Settings(**{**again, "split": tuple(again["split"])}) == settings


@pytest.mark.parametrize("rows", [7, 700, 4_999, 5_000, 60_000])
def test_no_choice_is_left_open_and_what_is_given_stays(rows):
    free = bl.Settings().resolve(rows, 0.25, own_network=False)
    open_still = {name for name, value in free.to_json().items() if value is None}
    never_chosen = "loss class_weight order_by time_limit tolerance block_rows clip average augment penalties max_norm"
    assert open_still == set(never_chosen.split())
    assert 1 <= free.batch_size <= rows
    assert free.learning_rate == 0.25
    assert free.l2 == PRIOR / rows
    given = bl.Settings(batch_size=3, epochs=4, patience=2, l2=0.5, learning_rate=2.0, schedule="linear", split_seed=1)
    assert given.resolve(rows, 0.25, own_network=False) == given


def test_a_penalty_is_the_default_networks_alone(line):
    assert bl.prepare("Dense(1)", *line).settings.l2 == 0
    run = bl.prepare(None, *line)
    assert run.settings.l2 == PRIOR / len(run.parts.train) == run.objective.penalty.l2


def test_full_means_all_training_rows(line):
    run = bl.prepare(None, *line, batch_size="full")
    assert run.settings.batch_size == len(run.parts.train)


@pytest.mark.parametrize(
    ("optimizer", "rate"), [("heavy_ball(decay=0.8)", 0.01), ("gradient-descent", 0.1), ("optax.sgd", 0.001)]
)
def test_the_learning_rate_is_the_optimizers_where_none_is_given(optimizer, rate, line):
    assert bl.prepare(None, *line, optimizer=optimizer).settings.learning_rate == rate
