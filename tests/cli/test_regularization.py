"""Losses with settings, penalties, bounds, augmentation and reconstruction on the command line."""

import json

import pytest

SMALL = ("--network", "Dense(4), ReLU, Dense(1)", "--epochs", "2")


def test_settings_reach_the_run_and_are_kept(backlit, houses):
    given = ("--loss", "bce(smoothing=0.1)", "--l1", "0.01", "--penalty", "dense_1:l2=0.5", "--penalize-biases")
    given = (*given, "--max-norm", "2", "--augment", "noise(deviation=0.2)")
    given = (*given, "--initial-scale", "0.5", "--bootstrap", "0")
    shown = backlit("train", houses, "--target", "dear", *SMALL, *given, "--out", "run")
    assert shown.status == 0
    assert "bce(smoothing=0.1) loss" in shown.out
    assert "max-norm 2, first weights times 0.5, rows drawn by bootstrap 0" in shown.out
    assert "augmented by noise(deviation=0.2)" in shown.out
    with open("run/settings.json") as file:
        settings = json.load(file)["settings"]
    assert settings["penalties"] == {"dense_1": {"l2": 0.5}}
    assert settings["penalize_biases"] is True
    assert (settings["max_norm"], settings["initial_scale"], settings["bootstrap"]) == (2, 0.5, 0)


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        (("--penalty", "dense_1"), "write it as LAYER:l1=λ"),
        (("--penalty", "dense_1:l2=x"), "write it as LAYER:l1=λ"),
        (("--penalty", "dense_7:l2=1"), "no layer 'dense_7'"),
        (("--l2", "-1"), "l2 is a finite number of at least 0"),
        (("--max-norm", "0"), "max_norm is a finite number above 0"),
        (("--augment", "mirror"), "mirror is for images"),
        (("--loss", "focal(gamma=-1)"), "gamma is -1"),
        (("--loss", "focal(gamma)"), "cannot be read"),
        (("--reconstruct",), "column 'id' holds 'h0'"),
    ],
)
def test_what_cannot_be_is_one_error(backlit, houses, given, problem):
    shown = backlit("train", houses, "--target", "dear", *SMALL, *given, "--out", "run")
    assert shown.status == 2
    assert problem in shown.err
    assert shown.err.count("\n") == 1


def test_an_autoencoder_of_images(backlit):
    shown = backlit("train", "digits", "--network", "autoencoder(code=4)", "--epochs", "1", "--out", "run", "--json")
    assert shown.status == 0
    assert set(json.loads(shown.out)["test"]) == {"loss", "rmse", "r2"}
    answers = backlit("predict", "run", "digits", "-o", "again.csv")
    assert answers.status == 0
