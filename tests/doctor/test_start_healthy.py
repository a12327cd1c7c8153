"""Healthy networks give nothing worse than a hint at the start, whatever their kind, their task and their rule."""

import numpy as np
import pytest

from backlit.doctor.start import examine_start
from backlit.doctor.subject import subject_of
from backlit.training import prepare

RANDOM = np.random.default_rng(0)
IMAGES = RANDOM.integers(0, 255, (24, 16, 16, 3)).astype(np.uint8)
GRAY = RANDOM.normal(size=(24, 28, 28, 1)).astype(np.float32)
SEQUENCES = RANDOM.normal(size=(40, 12, 3)).astype(np.float32)
TOKENS = RANDOM.integers(0, 6, (40, 9))
X = RANDOM.normal(size=(80, 5)).astype(np.float32)


def labels(rows, classes=3):
    return RANDOM.integers(0, classes, rows)


@pytest.mark.parametrize(
    ("network", "x", "y"),
    [
        ("default", X, labels(80)),
        ("lenet5", GRAY, labels(24)),
        ("resnet-small", IMAGES, labels(24)),
        ("rnn(width=16)", SEQUENCES, labels(40)),
        ("lstm(width=16)", SEQUENCES, labels(40)),
        ("gru(width=16)", SEQUENCES, labels(40)),
        ("transformer(width=16, heads=2, layers=2)", TOKENS[:, :-1], TOKENS[:, 1:]),
        ("autoencoder(code=2, hidden=8)", X, None),
    ],
)
def test_the_named_networks(network, x, y) -> None:
    findings = examine_start(subject_of(prepare(network, x, y)))
    assert [str(finding) for finding in findings if finding.level != "hint"] == []


@pytest.mark.parametrize(
    "network",
    [
        "Dense(3)",
        "Dense(16), Sigmoid, Dense(16), Sigmoid, Dense(3)",
        "Dense(64), Softplus, Dense(64), Softplus, Dense(3)",
        ", ".join(["Dense(16), ReLU"] * 10 + ["Dense(3)"]),
        "Dense(16), LayerNorm, GELU, Residual(Dense(16), GELU, Dense(16)), Dense(3)",
    ],
)
def test_networks_of_all_depths_and_activations(network) -> None:
    findings = examine_start(subject_of(prepare(network, X, labels(80))))
    assert [str(finding) for finding in findings if finding.level != "hint"] == []


@pytest.mark.parametrize("optimizer", ["sgd", "lbfgs"])
def test_rules_of_several_kinds(optimizer) -> None:
    run = prepare("Dense(8), Tanh, Dense(1)", X, X.sum(1), optimizer=optimizer)
    assert [str(finding) for finding in examine_start(subject_of(run))] == []
