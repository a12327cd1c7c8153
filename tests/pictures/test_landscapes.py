"""Losses over planes and paths, and Hessians, against the closed forms of linear regression."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import backlit as bl
from backlit.training import spectra

pictures = bl.pictures
X = np.random.default_rng(0).normal(size=(30, 3)).astype(np.float32)
Y = (X @ [1.0, -2.0, 0.5] + 0.25).astype(np.float32)
PLAIN = {"standardize": False, "split": (1, 0, 0), "seed": 0}


@pytest.fixture(scope="module")
def model():
    """A linear network: parameters w (3, 1) and b (1,)."""
    return bl.fit("Dense(1)", X, Y, epochs=5, **PLAIN)


def mse(w, b, x=X, y=Y):
    return np.mean((x @ np.ravel(w) + b - y) ** 2)


def bowl(w):
    return 0.5 * w[0] ** 2 + 5 * w[1] ** 2


DOWN = bl.minimize(bowl, jnp.array([-4.0, 1.0]), learning_rate=0.05, steps=9)


def drawn_paths(axes):
    return [np.array(line.get_data(), float).T for line in axes.lines]


def test_the_loss_around_a_model_is_that_of_its_weights_moved_along_filters(model):
    surface = bl.loss_surface(model, X, Y, reach=0.5, points=5)
    own = model.parameters["dense_1"]
    w, b = np.ravel(own["weight"]).astype(float), float(own["bias"][0])
    assert surface.first.tolist() == surface.second.tolist() == [-0.5, -0.25, 0, 0.25, 0.5]
    assert surface.losses[2, 2] == pytest.approx(mse(w, b), rel=1e-4)
    # L is quadratic along u, and |u| = |w|: u'Hu lies between the extremes of H, times |w|².
    curved = (surface.losses[2, 4] + surface.losses[2, 0] - 2 * surface.losses[2, 2]) / 0.25
    low, *_, high = np.linalg.eigvalsh(2 * X.T @ X / len(X)) * (w @ w)
    assert low <= curved <= high
    axes = pictures.plot_landscape(surface).axes[0]
    assert drawn_paths(axes)[0].tolist() == [[0, 0]]
    assert (axes.get_xlim(), axes.get_ylim()) == ((-0.5, 0.5), (-0.5, 0.5))


def test_the_way_of_a_run_with_two_parameters_lies_on_the_plane():
    run = bl.prepare("Dense(1)", X[:, :1], Y, epochs=6, batch_size="full", learning_rate=0.05, **PLAIN)
    surface = bl.path_surface(run, points=5, epochs=7)
    model = run.train()
    assert model.best_epoch == 6
    assert surface.epochs == (0, 1, 2, 3, 4, 5, 6)
    assert sum(surface.shares) == pytest.approx(1)
    np.testing.assert_allclose(surface.path[-1], 0, atol=1e-12)
    first = run.initialize(jax.random.split(jax.random.key(0))[1])[0]["dense_1"]
    last = model.parameters["dense_1"]
    moved = [float(last[name].ravel()[0] - first[name].ravel()[0]) for name in ("weight", "bias")]
    assert np.linalg.norm(surface.path[0]) == pytest.approx(np.linalg.norm(moved), rel=1e-4)
    # The loss is a quadratic on the whole plane; six places of the grid say what it is at the path's ends.
    a, b = np.meshgrid(surface.first, surface.second)
    terms = np.column_stack([np.ones(a.size), a.ravel(), b.ravel(), a.ravel() ** 2, (a * b).ravel(), b.ravel() ** 2])
    fitted = np.linalg.lstsq(terms, surface.losses.ravel(), rcond=None)[0]
    np.testing.assert_allclose(terms @ fitted, surface.losses.ravel(), rtol=1e-3)
    assert fitted[0] == pytest.approx(model.scores["train"]["loss"], rel=1e-3)
    a, b = surface.path[0]
    begun = mse(first["weight"], float(first["bias"][0]), X[:, :1])
    assert fitted @ [1, a, b, a * a, a * b, b * b] == pytest.approx(begun, rel=1e-3)
    axes = pictures.plot_landscape(surface).axes[0]
    assert any(np.array_equal(way, surface.path) for way in drawn_paths(axes))
    assert axes.get_legend().get_texts()[0].get_text() == "epochs 0 to 6"


def test_paths_over_a_function_of_two_numbers_by_name():
    start = jnp.array([-4.0, 1.0])
    made = {"descent": DOWN, "adam": bl.minimize(bowl, start, "adam", learning_rate=0.05, steps=9)}
    axes = pictures.plot_function_path(bowl, made).axes[0]
    for one in made.values():
        assert any(np.array_equal(way, one.points) for way in drawn_paths(axes))
    labels = [text.get_text() for text in axes.get_legend().get_texts()]
    assert [label.partition(":")[0] for label in labels] == list(made)
    (left, right), (bottom, top) = axes.get_xlim(), axes.get_ylim()
    assert left < -4
    assert right > max(float(one.points[:, 0].max()) for one in made.values())
    assert bottom < 0 < 1 < top
    bounded = pictures.plot_function_path(bowl, made["adam"], ((-5, 5), (-2, 2))).axes[0]
    assert (bounded.get_xlim(), bounded.get_ylim()) == ((-5, 5), (-2, 2))


@pytest.mark.parametrize("start", [1.0, jnp.array([1.0, 2.0])])
def test_a_path_that_diverges_is_shown_where_it_begins(start):
    made = bl.minimize(lambda x: jnp.sum(x**2), start, learning_rate=1.2, steps=300)
    axes = pictures.plot_function_path(lambda x: jnp.sum(x**2), made).axes[0]
    assert np.abs(axes.get_xlim()).max() < 100
    assert "diverged" in axes.get_legend().get_texts()[0].get_text()


def test_a_path_over_a_function_of_one_number_lies_on_its_curve():
    made = bl.minimize(lambda x: x**2, 3.0, learning_rate=0.9, steps=9)
    curve, *_, way, end = drawn_paths(pictures.plot_function_path(lambda x: x**2, made).axes[0])
    np.testing.assert_allclose(curve[:, 1], curve[:, 0] ** 2, rtol=1e-5)
    np.testing.assert_allclose(way, np.column_stack([made.points, np.square(made.points)]), rtol=1e-5)
    np.testing.assert_array_equal(end[0], way[-1])


def hessian_of_mse():
    columns = np.column_stack([X, np.ones(len(X))]).astype(float)
    return 2 * columns.T @ columns / len(X)


def test_the_spectrum_of_a_small_network_is_exact(model):
    spectrum = bl.hessian_spectrum(model, X, Y)
    np.testing.assert_allclose(spectrum.eigenvalues, np.linalg.eigvalsh(hessian_of_mse()), rtol=1e-4)
    assert spectrum.counts.tolist() == [1] * 4
    assert spectrum.exact
    picture = pictures.plot_hessian_spectrum(spectrum)
    labels = [text.get_text() for text in picture.axes[0].get_legend().get_texts()]
    assert labels == ["λ < 0, curved down: 0", "λ ≈ 0, flat: 0", "λ > 0, curved up: 4"]
    assert sum(bar.get_height() for bar in picture.axes[0].patches) == 4
    assert picture.axes[0].get_title().startswith("4 eigenvalues: still on a slope")


def test_lanczos_finds_the_eigenvalues_and_their_number(model, monkeypatch):
    monkeypatch.setattr(spectra, "EXACT", 3)
    spectrum = bl.hessian_spectrum(model, X, Y, steps=4, draws=3)
    expected = np.linalg.eigvalsh(hessian_of_mse())
    np.testing.assert_allclose(spectrum.eigenvalues, np.repeat(expected, 3), rtol=1e-3)
    assert spectrum.counts.sum() == pytest.approx(4)
    assert not spectrum.exact
    assert "4 eigenvalues, estimated" in pictures.plot_hessian_spectrum(spectrum).axes[0].get_title()


def test_lanczos_ends_where_the_hessian_has_no_more_directions(monkeypatch):
    monkeypatch.setattr(spectra, "EXACT", 3)
    few = np.random.default_rng(1).normal(size=(4, 30)).astype(np.float32)
    model = bl.fit("Dense(1)", few, np.ones(4), epochs=1, batch_size="full", **PLAIN)
    columns = np.column_stack([few, np.ones(4)]).astype(float)
    largest = np.linalg.eigvalsh(columns.T @ columns / 2).max()  # of rank 4 among 31
    spectrum = bl.hessian_spectrum(model, few, np.ones(4), steps=20, draws=2)
    assert spectrum.eigenvalues.max() == pytest.approx(largest, rel=1e-4)
    assert spectrum.eigenvalues.min() > -1e-4 * largest
    assert spectrum.counts.sum() == pytest.approx(31)


def test_the_colors_of_a_saddle_say_how_many_ways_lead_down():
    spectrum = bl.Spectrum(np.array([-2.0, -1e-6, 0.5, 1.0, 1.0]), np.ones(5), "saddle")
    axes = pictures.plot_hessian_spectrum(spectrum).axes[0]
    counts = [text.get_text().rpartition(" ")[2] for text in axes.get_legend().get_texts()]
    assert counts == ["1", "1", "3"]
    assert axes.get_title() == "5 eigenvalues: a saddle; the largest |λ| is 2"


@pytest.mark.parametrize(
    ("show", "said"),
    [
        (lambda model: bl.loss_surface("model", X), "a trained model, not str"),
        (lambda model: bl.loss_surface(model, X), "no target"),
        (lambda model: bl.loss_surface(model, X, Y, reach=0), "reach is a number above 0"),
        (lambda model: bl.loss_surface(model, X, Y, points=2), "points is a whole number of at least 3"),
        (lambda model: bl.loss_surface(model, X, Y, seed=-1), "seed is a whole number"),
        (lambda model: bl.path_surface(model), "what prepare gives, not Model"),
        (lambda model: bl.path_surface(bl.prepare("Dense(1)", X, Y), epochs=1), "epochs is a whole number"),
        (lambda model: bl.hessian_spectrum(model, X, Y, steps=1), "steps is a whole number of at least 2"),
        (lambda model: bl.hessian_spectrum([], X, Y), "a trained model, not list"),
        (lambda model: pictures.plot_landscape(model), "not Model"),
        (lambda model: pictures.plot_hessian_spectrum(model), "not Model"),
        (lambda model: pictures.plot_hessian_spectrum(bl.Spectrum(np.zeros(2), np.ones(2), "flat")), "all .* are 0"),
        (lambda model: pictures.plot_function_path(bowl, 3), "what minimize gives"),
        (lambda model: pictures.plot_function_path(3, DOWN), "f is the function"),
        (lambda model: pictures.plot_function_path(bowl, DOWN, (0, 1)), "bounds are"),
        (lambda model: pictures.plot_function_path(bowl, DOWN, ((0, 1), (1, 0))), "bounds are"),
        (
            lambda model: pictures.plot_function_path(jnp.sum, bl.minimize(jnp.sum, jnp.zeros(3), steps=1)),
            "one number or two",
        ),
    ],
)
def test_what_cannot_be_shown_is_named(model, show, said):
    with pytest.raises(bl.InputError, match=said):
        show(model)
