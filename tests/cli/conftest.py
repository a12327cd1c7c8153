"""The command line in this process, in an empty folder of its own."""

import csv
import random
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from backlit.cli.app import run

HOUSES = ("sold", "district", "rooms", "size", "dear")


class Result(NamedTuple):
    status: int
    out: str
    err: str


Backlit = Callable[..., Result]


@pytest.fixture
def backlit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Backlit:
    """Runs a command line in an empty folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")

    def call(*arguments: object) -> Result:
        capsys.readouterr()
        status = run([str(argument) for argument in arguments])
        return Result(status, *capsys.readouterr())

    return call


@pytest.fixture(scope="session")
def houses(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A table with a date, an id, a category, missing values, and a class that the size decides."""
    path = tmp_path_factory.mktemp("data") / "houses.csv"
    chance = random.Random(0)
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("id", *HOUSES))
        for row in range(120):
            size = chance.uniform(40, 200)
            rooms = "" if row % 10 == 0 else chance.randint(1, 6)
            day = f"2024-{row % 12 + 1:02d}-{row % 28 + 1:02d}"
            dear = "yes" if size > 120 else "no"
            writer.writerow((f"h{row}", day, chance.choice(["north", "south"]), rooms, f"{size:.1f}", dear))
    return path


@pytest.fixture(scope="session")
def trained(houses: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a run on `houses`."""
    folder = tmp_path_factory.mktemp("trained") / "houses"
    assert run(["train", str(houses), "--target", "dear", "--epochs", "60", "--out", str(folder), "--quiet"]) == 0
    return folder
