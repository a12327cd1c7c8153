"""Rows 65 to 68 and 70: critical points, noise that leaves them, the largest batch, vanishing gradients, two minima."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import backlit as bl


@pytest.mark.parametrize(
    ("f", "point", "kind", "condition"),
    [
        (lambda w: w[0] ** 2 + 100 * w[1] ** 2, (0, 0), "minimum", 100),
        (lambda w: -jnp.cosh(w[0]) - w[1] ** 2, (0, 0), "maximum", 2),
        (lambda w: w[0] ** 2 - 4 * w[1] ** 2, (0, 0), "saddle", 4),
        (lambda w: w[0] ** 2 + w[1] ** 4, (0, 0), "flat", np.inf),
        (lambda w: w[0] ** 2 + w[1] ** 2, (1, 0), "slope", 1),
        (lambda w: jnp.zeros(()) * w.sum(), (1, 2), "flat", np.inf),
        (lambda w: (w[0] * w[1] - 1) ** 2, (1, 1), "flat", np.inf),  # a valley of minima, w₀w₁ = 1
        (lambda w: (w[0] * w[1] - 1) ** 2, (0, 0), "saddle", 1),
    ],
)
def test_row_65_the_eigenvalues_of_the_hessian_classify_a_point(f, point, kind, condition):
    """`bl.classify_point(f, point)`: its kind, its eigenvalues, its condition number"""
    with jax.enable_x64(True):
        found = bl.classify_point(f, np.array(point, np.float64))
        expected = np.linalg.eigvalsh(jax.hessian(f)(jnp.array(point, jnp.float64)))
    assert found.kind == kind
    np.testing.assert_allclose(found.eigenvalues, expected, atol=1e-9)
    assert found.condition == pytest.approx(condition, rel=1e-6)


def test_row_65_a_network_at_its_start_is_on_a_slope_and_at_its_end_near_a_minimum():
    random = np.random.default_rng(0)
    x = random.normal(size=(30, 2))
    y = (x[:, 0] > 0) + 0.0

    def loss(w):
        return bl.BinaryCrossEntropy().examples(x @ w["weight"] + w["bias"], y).mean() + 0.1 * (w["weight"] ** 2).sum()

    with jax.enable_x64(True):
        start = {"weight": np.array([1.0, -1.0]), "bias": np.float64(0.5)}
        end = bl.minimize(loss, start, "damped-newton", steps=50, tolerance=1e-10).point
        assert bl.classify_point(loss, start).kind == "slope"
        assert bl.classify_point(loss, end).kind == "minimum"


def test_row_65_poor_conditioning_is_how_many_steps_gradient_descent_needs():
    made = {}
    for condition in (1, 10, 100):

        def f(w, condition=condition):
            return (w[0] ** 2 + condition * w[1] ** 2) / 2

        rate = 1 / condition  # the largest that is safe in the steep direction
        made[condition] = bl.minimize(f, np.ones(2, np.float32), learning_rate=rate, steps=2000, tolerance=1e-3).steps
    assert made[1] == 1
    assert 5 < made[100] / made[10] < 20


def landscape(w):
    """A local minimum near −0.95 above, and the global one near 1.05 below, a hill between them."""
    return (w**2 - 1) ** 2 - 0.4 * w


def test_row_66_the_noise_of_sgd_leaves_a_local_minimum_and_full_batches_never_do():
    """`bl.gradient_descent(0.02)` on one example a step, against all of them, over 300 seeds"""
    examples = jnp.array([-8.0, -3.0, 3.0, 8.0])  # the loss of example i is landscape(w) + aᵢw; their mean is landscape
    rule = bl.gradient_descent(0.02)
    start = float(bl.minimize(landscape, -1.0, "newton", steps=10).point)
    assert bl.classify_point(landscape, start).kind == "minimum"

    def escaped(key, size):
        def step(w, key):
            drawn = jax.random.choice(key, examples, (size,), replace=False)
            slope = bl.grad(lambda w: landscape(w) + drawn.mean() * w)(w)
            return w + rule.update(slope, rule.init(w), w)[0], None

        return jax.lax.scan(step, jnp.float32(start), jax.random.split(key, 1000))[0] > 0.5

    keys = jax.random.split(jax.random.key(0), 300)
    rates = {size: float(jax.jit(jax.vmap(lambda key, s=size: escaped(key, s)))(keys).mean()) for size in (1, 2, 4)}
    print({f"batches of {size}": f"{rate:.0%} of 300 runs escaped" for size, rate in rates.items()})
    assert rates[1] > 0.5 > rates[2] > rates[4] == 0


def test_row_67_the_largest_batch_that_was_tried_and_worked():
    """`bl.find_batch_size(network, data)`, or `backlit train DATA --batch-size find`"""
    x, limit = np.zeros((300, 8), np.float32), 500_000  # bytes; 300 units for 300 rows, and their gradients, take more
    found = bl.find_batch_size("Dense(300), Tanh, Dense(1)", x, x[:, 0], limit_bytes=limit, split=(1, 0, 0))
    larger = min(size for size in found.needed if size > found.largest)
    assert found.tried == {found.largest: True}
    assert found.needed[found.largest] <= limit < found.needed[larger]
    assert larger in (2 * found.largest, 300)  # doubling, up to all training rows
    assert found.reason == f"{larger:,} would need {found.needed[larger] / 1e6:.1f} MB, and 0.5 MB are free"


def test_row_67_a_run_takes_the_batch_that_was_found():
    x = np.random.default_rng(0).normal(size=(60, 2)).astype(np.float32)
    run = bl.prepare("Dense(1)", x, x[:, 0], batch_size="find", split=(1, 0, 0))
    assert run.settings.batch_size == 60
    assert "batch_size 60 was found: it holds all training rows" in run.notes


@pytest.mark.parametrize("weight", [0.5, 1.0, 1.5])
def test_row_68_a_weight_below_one_makes_gradients_vanish_and_one_above_makes_them_explode(weight):
    """`bl.fit(network, x, y).history["dense_1/weight/gradient"]` over depths and `initializer=Constant(w)`"""
    x, y = np.array([[1.0]] * 4, np.float32), np.zeros(4, np.float32)
    gradients = {}
    for depth in (2, 5, 10):
        layers = ", ".join([f"Dense(1, bias=False, initializer=Constant({weight}))"] * depth)
        chosen = {"epochs": 1, "learning_rate": 1e-30, "optimizer": "gradient-descent", "standardize": False}
        history = bl.fit(layers, x, y, split=(1, 0, 0), **chosen).history
        gradients[depth] = history["dense_1/weight/gradient"][0]
        # L = w^{2d}, so that each of the d weights has the gradient 2w^{2d−1}
        assert gradients[depth] == pytest.approx(2 * weight ** (2 * depth - 1), rel=1e-4)
    if weight != 1:
        assert (gradients[10] < gradients[5] < gradients[2]) == (weight < 1)


def test_row_68_a_sweep_of_depths_and_scales_of_the_initialization():
    width, depths, scales = 32, (2, 8, 16), (0.5, 1.0, 2.0)  # deviations in units of 1/√width
    x = jax.random.normal(jax.random.key(1), (8, width))

    def norm(depth, scale):
        layer = f"Dense({width}, bias=False, initializer=Normal({scale / width**0.5}))"
        network = bl.network(", ".join([layer] * depth))
        parameters, state = network.initialize(width, jax.random.key(0))
        outputs = lambda p: (network.apply(p, state, x, bl.Context())[0] ** 2).sum() / 2  # noqa: E731
        return float(jnp.linalg.norm(bl.grad(outputs)(parameters)["dense_1"]["weight"]))

    table = np.array([[norm(depth, scale) for depth in depths] for scale in scales])
    ratio = table[:, 2] / table[:, 0]  # from depth 2 to depth 16
    factors = ratio ** (1 / 28)  # the gradient has one factor a layer forward and one back
    np.testing.assert_allclose(factors, scales, rtol=0.1)
    assert ratio[0] < 1e-6
    assert 1e-2 < ratio[1] < 1e2
    assert ratio[2] > 1e6


def test_row_70_the_training_minimum_is_not_the_test_minimum():
    """`model.history["train_loss"]` and `["validation_loss"]`, and `model.best_epoch`"""
    random = np.random.default_rng(3)
    x = random.normal(size=(60, 10)).astype(np.float32)
    y = (x[:, 0] + 1.5 * random.normal(size=60) > 0).astype(int)  # few rows, much noise
    model = bl.fit("Dense(32), Tanh, Dense(1)", x, y, epochs=150, learning_rate=0.01, batch_size=20)
    train, validation = model.history["train_loss"], model.history["validation_loss"]
    lowest = {"train": int(train.argmin()) + 1, "validation": int(validation.argmin()) + 1}
    assert model.best_epoch == lowest["validation"] < lowest["train"]
    assert train[-1] < train[model.best_epoch - 1] / 2
    assert validation[-1] > 1.2 * validation.min()
    assert bl.verdict(train) != "diverged"
