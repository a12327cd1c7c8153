"""Rows 92 and 94: from a folder of images to their classes, and the popular networks by name."""

import json

import numpy as np
import pytest
from PIL import Image

import backlit as bl
from backlit.cli.app import run

CLASSES = ("across", "down")


def stripes(random, name):
    """A noisy gray image of stripes, across or down, at a random place."""
    wave = np.sin(np.arange(12) * np.pi / 2 + random.uniform(0, 2 * np.pi))
    image = 128 + 80 * (wave[:, None] if name == "across" else wave) + random.normal(0, 20, (12, 12))
    return Image.fromarray(np.clip(image, 0, 255).astype(np.uint8))


@pytest.fixture
def folder(tmp_path):
    """A folder of images for each class."""
    random = np.random.default_rng(0)
    for name in CLASSES:
        (tmp_path / "stripes" / name).mkdir(parents=True)
        for number in range(60):
            stripes(random, name).save(tmp_path / "stripes" / name / f"{number}.png")
    return tmp_path / "stripes"


def test_row_92_a_folder_of_images_trains_from_its_pixels(folder, tmp_path):
    """`bl.fit("Conv(4, 3), ReLU, MaxPool(2), Flatten, Dense(8), ReLU, Dense(1)", "images/")`"""
    notation = "Conv(4, 3), ReLU, MaxPool(2), Conv(8, 2), ReLU, MaxPool(2), Flatten, Dense(8), ReLU, Dense(1)"
    model = bl.fit(notation, folder, epochs=15, learning_rate=0.01)
    assert model.scores["test"]["accuracy"] >= 0.9
    stripes(np.random.default_rng(1), "down").save(tmp_path / "new.png")
    assert list(model.predict(tmp_path / "new.png")) == ["down"]


@pytest.mark.parametrize(
    ("name", "input", "count"),
    [
        ("lenet5", (32, 32, 1), 61_706),
        ("alexnet", (224, 224, 3), 61_100_840),
        ("vgg16", (224, 224, 3), 138_357_544),
        ("googlenet", (224, 224, 3), 6_624_904),
        ("resnet18", (224, 224, 3), 11_689_512),
        ("resnet50", (224, 224, 3), 25_557_032),
    ],
)
def test_row_94_each_network_has_its_published_number_of_parameters(name, input, count, capsys):
    """`backlit summary resnet50 --input 224,224,3`"""
    assert run(["summary", name, "--input", ",".join(map(str, input)), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["parameters"] == count
    assert told["output"] == [10 if name == "lenet5" else 1000]
