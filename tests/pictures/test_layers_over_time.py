"""Telemetry as pictures: each layer's own numbers, epochs without any bridged."""

import numpy as np
import pytest

import backlit as bl

pictures = bl.pictures
NAN = np.nan


def history(**columns):
    """Four epochs; the names have '.' for '/'."""
    recorded = {name.replace(".", "/"): np.array(values, float) for name, values in columns.items()}
    return bl.History({"epoch": np.arange(1, 5), "train_loss": np.ones(4), **recorded})


def layer(name, weight=2.0):
    return {
        f"{name}.mean": [0.1, NAN, 0.3, 0.4],
        f"{name}.deviation": [1.0, NAN, 2.0, 3.0],
        f"{name}.zeros": [0.0, NAN, 0.0, 0.0],
        f"{name}.weight.gradient": [1e-1, NAN, 1e-3, 1e-4],
        f"{name}.weight.update": [1e-3, NAN, 2e-3, 4e-3],
        f"{name}.weight.weight": [weight, NAN, weight, weight],
    }


ACTIVATION = {
    "relu_1.mean": [1.1, NAN, 1.3, 1.4],
    "relu_1.deviation": [0.1, NAN, 0.2, 0.3],
    "relu_1.zeros": [0.5, NAN, 0.6, 0.7],
    "relu_1.slope": [0.5, NAN, 0.4, 0.3],
    "relu_1.saturated": [0.4, NAN, 0.5, 0.6],
    "relu_1.dead": [0.0, NAN, 0.1, 0.2],
}
TWO = history(**layer("dense_1"), **ACTIVATION, **layer("dense_2"))


def lines(axes):
    return {line.get_label(): np.array(line.get_data(), float).tolist() for line in axes.lines}


def rows(picture):
    return np.array(picture.axes).reshape(-1, 3)


def test_each_layer_has_a_row_with_the_activation_behind_it():
    first, second = rows(pictures.plot_layers(TWO))
    assert [row[0].get_ylabel() for row in (first, second)] == ["dense_1\nrelu_1", "dense_2"]
    assert first[0].lines[0].get_ydata().tolist() == [1.1, 1.3, 1.4]  # of what the next layer gets
    assert lines(first[1]) == {
        "zero": [[1, 3, 4], [0.5, 0.6, 0.7]],
        "saturated": [[1, 3, 4], [0.4, 0.5, 0.6]],
        "dead": [[1, 3, 4], [0.0, 0.1, 0.2]],
    }
    assert lines(second[1]) == {"zero": [[1, 3, 4], [0, 0, 0]]}
    for row in (first, second):
        assert lines(row[2]) == {"weight": [[1, 3, 4], [1e-1, 1e-3, 1e-4]]}
        assert row[2].get_ylim() == first[2].get_ylim()
        assert row[2].get_yscale() == "log"


def test_the_deviation_is_a_band_around_the_mean():
    band = rows(pictures.plot_layers(TWO, ["dense_2"]))[0, 0].collections[0].get_paths()[0].vertices
    heights = {x: band[band[:, 0] == x, 1] for x in (1, 3, 4)}
    np.testing.assert_allclose([(min(y), max(y)) for y in heights.values()], [(-0.9, 1.1), (-1.7, 2.3), (-2.6, 3.4)])


def test_a_variable_looks_the_same_in_every_layer():
    other = {name.replace("weight.g", "recurrent.g"): values for name, values in layer("lstm_1").items()}
    shown = history(**other, **{"lstm_1.weight.gradient": [1.0] * 4}, **layer("dense_1"))
    picture = pictures.plot_layers(shown)
    first, second = rows(picture)
    of_first = {line.get_label(): line for line in first[2].lines}
    (weight,) = second[2].lines
    assert (weight.get_color(), weight.get_linestyle()) == (
        of_first["weight"].get_color(),
        of_first["weight"].get_linestyle(),
    )
    assert [text.get_text() for text in picture.legends[0].get_texts()] == ["zero", "recurrent", "weight"]


def test_of_many_layers_some_are_shown_and_any_can_be_asked_for():
    deep = history(**{name: column for n in range(1, 21) for name, column in layer(f"dense_{n}").items()})
    picture = pictures.plot_layers(deep)
    shown = [row[0].get_ylabel() for row in rows(picture)]
    assert (len(shown), shown[0], shown[-1]) == (6, "dense_1", "dense_20")
    assert "(6 of 20)" in picture.get_suptitle()
    assert [row[0].get_ylabel() for row in rows(pictures.plot_layers(deep, ["dense_7"]))] == ["dense_7"]


def test_update_ratios_are_updates_over_weights():
    shown = history(**layer("dense_1", weight=2.0), **layer("dense_2", weight=0.0))
    axes = pictures.plot_update_ratios(shown).axes[0]
    drawn = lines(axes)
    assert drawn["dense_1/weight"] == [[1, 3, 4], [0.5e-3, 1e-3, 2e-3]]
    assert "dense_2/weight" not in drawn  # it begins at 0
    assert drawn["1e-3: usual"][1] == [1e-3, 1e-3]
    assert axes.get_yscale() == "log"
    assert "1.0e-03" in axes.get_title()


def test_what_is_not_recorded_is_named():
    with pytest.raises(bl.DataError, match="no telemetry"):
        pictures.plot_layers(history())
    with pytest.raises(bl.SettingError, match=r"no layer 'dense_3': did you mean dense_"):
        pictures.plot_layers(TWO, ["dense_3"])


def test_the_telemetry_of_a_run_is_shown():
    x = np.random.default_rng(0).normal(size=(40, 2))
    model = bl.fit("Dense(3), Tanh, Dense(1)", x, x[:, 0], epochs=3, telemetry=1)
    first, second = rows(pictures.plot_layers(model.history))
    assert [row[0].get_ylabel() for row in (first, second)] == ["dense_1\ntanh_1", "dense_2"]
    assert sorted(lines(first[2])) == ["bias", "weight"]
    np.testing.assert_array_equal(lines(second[2])["bias"][1], model.history["dense_2/bias/gradient"])
