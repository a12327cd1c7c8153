"""A history as a file: the same numbers come back, also beside the model of a run, and a damaged one is named."""

import numpy as np
import pytest

import backlit as bl


@pytest.fixture
def history():
    """Three epochs, the second without telemetry."""
    losses, slope = np.array([0.5, np.inf, 1e-30]), np.array([0.25, np.nan, 1.0])
    return bl.History({"epoch": np.arange(1, 4), "loss": losses, "dense_1/weight/gradient": slope})


@pytest.fixture(scope="module")
def model(line):
    return bl.fit("Dense(1)", *line, epochs=3, telemetry=1)


def test_a_history_comes_back(history, tmp_path):
    history.write_csv(tmp_path / "kept.csv")
    again = bl.History.read_csv(tmp_path / "kept.csv")
    assert again.columns == history.columns
    for name in history.columns:
        np.testing.assert_array_equal(again[name], history[name])
    assert again["epoch"].dtype.kind == "i"


@pytest.mark.parametrize("folder", ["run", "run/model"])
def test_a_model_is_loaded_with_the_history_of_its_run(model, tmp_path, folder):
    (tmp_path / "run").mkdir()
    model.save(tmp_path / "run" / "model")
    model.history.write_csv(tmp_path / "run" / "history.csv")
    loaded = bl.load(tmp_path / folder).history
    assert loaded.columns == model.history.columns
    for name in loaded.columns:
        np.testing.assert_allclose(loaded[name], model.history[name], rtol=1e-6)


def test_a_model_alone_has_no_history(model, tmp_path):
    model.save(tmp_path / "kept")
    (tmp_path / "history.csv").write_text("of something else")
    assert len(bl.load(tmp_path / "kept").history) == 0


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "line 1 names the columns"),
        ("loss\n0.5\n", "epoch among them"),
        ("epoch,loss,loss\n1,2,3\n", "each once"),
        ("epoch,loss\n1,0.5\n2\n", "line 3: 1 values, and there are 2 columns"),
        ("epoch,loss\n1,0.5\n2,half\n", "line 3: could not convert string to float: 'half'"),
        ("epoch,loss\n1,0.5\n3,0.25\n", "line 3: epoch 3, where 2 is due"),
        ("epoch,loss\n,0.5\n", "line 2: epoch nan"),
        (b"\xff\xfe\x00", "no CSV"),
    ],
)
def test_a_damaged_history_is_named(model, tmp_path, text, said):
    model.save(tmp_path / "model")
    (tmp_path / "history.csv").write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(bl.FileError, match=said):
        bl.History.read_csv(tmp_path / "history.csv")
    loaded = bl.load(tmp_path)  # answers as ever, and says what is amiss
    assert len(loaded.history) == 0
    assert said in loaded.notes[0]


def test_a_history_that_is_not_there(tmp_path):
    with pytest.raises(bl.FileError, match="No such file"):
        bl.History.read_csv(tmp_path / "none.csv")


def test_telemetry_is_in_the_order_of_the_layers(line):
    network = "Dense(3), Tanh, Residual(Dense(3), ReLU), Dense(1)"
    columns = bl.fit(network, *line, epochs=1, standardize=False).history.columns
    paths = list(dict.fromkeys(name.rpartition("/")[0] for name in columns if "/" in name))
    inside = ["residual_1/dense_1", "residual_1/relu_1"]
    layers = [path for path in paths if path.rpartition("/")[2] not in ("weight", "bias", "residual_1")]
    assert layers == ["dense_1", "tanh_1", *inside, "dense_2"]
    variables = [path for path in paths if path.endswith("weight")]
    assert variables == ["dense_1/weight", "residual_1/dense_1/weight", "dense_2/weight"]
