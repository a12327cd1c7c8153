"""A run's folder gives its model and its run, or says what cannot be examined."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

import backlit as bl
from backlit.cli.app import run as backlit
from backlit.doctor.folder import run_of


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A folder with a table, and beside it a run of it, whose command named the table by a relative path."""
    place = tmp_path_factory.mktemp("work")
    chance = np.random.default_rng(0)
    rows = chance.normal(size=(60, 2))
    lines = [f"{a:.4f},{b:.4f},{'yes' if a > b else 'no'}" for a, b in rows]
    (place / "table.csv").write_text("\n".join(["a,b,above", *lines]) + "\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(place)
        command = ["train", "table.csv", "--target", "above", "--network", "Dense(4), ReLU, Dense(1)", "--epochs", "2"]
        assert backlit([*command, "--out", "run", "--quiet", "--no-report", "--seed", "3"]) == 0
    return place


@pytest.fixture
def work(trained, tmp_path):
    """A copy of it, in which commands ran."""
    place = Path(shutil.copytree(trained, tmp_path / "work"))
    record = json.loads((place / "run/settings.json").read_text())
    record["folder"], record["data"]["path"] = str(place), str(place / "table.csv")
    (place / "run/settings.json").write_text(json.dumps(record))
    return place


def changed(work, change):
    """The run's folder after a change of settings.json."""
    file = work / "run/settings.json"
    record = json.loads(file.read_text())
    change(record)
    file.write_text(json.dumps(record))
    return work / "run"


def test_the_run_is_prepared_again_from_anywhere(work, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    model, missing = run_of(work / "run")
    assert missing == ()
    assert model.run.settings == model.settings
    assert model.run.settings.seed == 3
    assert len(model.history) == 2
    part = model.run.parts.validation
    assert model.run.parts.schema == model.schema
    assert (model.predict_encoded(part.x).argmax(-1) == part.y).mean() == pytest.approx(
        model.scores["validation"]["accuracy"]
    )


def test_data_that_moved_are_named(work):
    (work / "table.csv").rename(work / "elsewhere.csv")
    assert run_of(work / "run")[0].run is None
    assert run_of(work / "run", str(work / "elsewhere.csv"))[0].run is not None


def alone(work, words):
    """The model is there without its run, and one sentence says why."""
    model, missing = run_of(work / "run")
    assert model.run is None
    assert model.summary().parameters == 17
    assert len(missing) == 1
    assert words in missing[0]
    assert "\n" not in missing[0]


def test_data_that_are_gone_are_said(work):
    (work / "table.csv").unlink()
    alone(work, f"there are no data at {work / 'table.csv'} any more: say --data FILE")


def test_an_old_folder_is_said(work):
    changed(work, lambda record: record.pop("asked"))
    alone(work, "does not say what the run was made of")


@pytest.mark.parametrize("text", ["", "[]", "{", '{"asked": {"data": "table.csv"}}', '{"asked": {"network": null}}'])
def test_a_damaged_record_is_said(work, text):
    (work / "run/settings.json").write_text(text)
    alone(work, "")


def test_a_folder_without_a_record_is_said(work):
    (work / "run/settings.json").unlink()
    alone(work, "no settings.json")


def test_rows_that_were_added_are_seen(work):
    with (work / "table.csv").open("a") as file:
        file.write("0.5,0.4,yes\n" * 10)
    alone(work, "train rows now, and there were 42")


def test_values_that_changed_are_seen(work):
    lines = (work / "table.csv").read_text().splitlines()
    mended = [line.replace(line.partition(",")[0], f"{float(line.partition(',')[0]) + 1:.4f}", 1) for line in lines[1:]]
    (work / "table.csv").write_text("\n".join([lines[0], *mended]) + "\n")
    alone(work, "impute_1")


def test_a_column_that_was_added_is_seen(work):
    lines = (work / "table.csv").read_text().splitlines()
    more = [f"{place / 7:.3f},{line}" for place, line in enumerate(lines[1:])]
    (work / "table.csv").write_text("\n".join([f"c,{lines[0]}", *more]) + "\n")
    alone(work, "an example has the shape 3, and had 2")


def test_another_network_is_seen(work):
    changed(work, lambda record: record["asked"].update(network="Dense(5), ReLU, Dense(1)"))
    alone(work, "the network is not that of the run: dense_1/bias is 5, and was 4")


@pytest.mark.parametrize("setting", [{"loss": "nothing"}, {"speed": 3}, {"epochs": "many"}, {"split": 7}])
def test_settings_that_are_none_are_said(work, setting):
    changed(work, lambda record: record["asked"].update(setting))
    alone(work, "the run cannot be prepared again")


def test_what_was_found_by_trying_is_not_sought_again(work):
    def sought(record):
        record["asked"]["learning_rate"] = "find"
        record["settings"] |= {"learning_rate": 0.25, "schedule": "cosine"}

    model, missing = run_of(changed(work, sought))
    assert missing == ()
    assert (model.run.settings.learning_rate, model.run.settings.schedule) == (0.25, "cosine")


def test_a_loss_of_ones_own_is_said(tmp_path):
    import jax.numpy as jnp

    def cubed(outputs, targets):
        return jnp.abs(outputs - targets) ** 3

    x = np.linspace(0, 1, 40, dtype=np.float32)[:, None]
    bl.fit("Dense(1)", x, x[:, 0], loss=cubed, epochs=1).save(tmp_path / "model")
    model, missing = run_of(tmp_path / "model")
    assert model.run is None
    assert "a function of the user's own" in missing[0]


def test_a_folder_without_a_model_is_an_error(tmp_path):
    with pytest.raises(bl.FileError):
        run_of(tmp_path)


def test_the_best_of_a_sweep_is_a_run_too(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    command = ["sweep", "iris", "--network", "Dense(3)", "--over", "l2=0,1", "--seeds", "2", "--epochs", "1"]
    assert backlit([*command, "--seed", "5", "--out", "best", "--quiet", "--no-report"]) == 0
    model, missing = run_of("best")
    assert missing == ()
    assert model.run.settings == model.settings
