"""What holds for the rules that look at the loss itself: searches, line searches, Newton and its relatives."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from scipy.optimize import minimize as scipy_minimize

import backlit as bl
from backlit.optimizers import DEFAULT_LEARNING_RATES, OPTIMIZERS, optimizer_named
from backlit.optimizers.naming import OF_THE_WHOLE_LOSS
from backlit.optimizers.second_order import LARGEST, conjugate_gradients

RULES = sorted(OF_THE_WHOLE_LOSS & OPTIMIZERS.keys())
CURVED = ["newton", "damped-newton", "conjugate-gradient", "lbfgs", "steepest-descent"]
MATRIX = np.array([[4.0, 1.0, 0.0], [1.0, 3.0, 0.5], [0.0, 0.5, 0.2]])  # condition number 48
BOTTOM = np.array([1.0, -2.0, 3.0])


def bowl(w):
    """½(w − b)ᵀA(w − b), of a tree with a matrix-like leaf and a vector."""
    off = jnp.concatenate([w["a"].ravel(), w["b"]]) - BOTTOM
    return off @ jnp.asarray(MATRIX) @ off / 2


def valley(w):
    """Rosenbrock's curved valley, with its bottom at (1, 1)."""
    return (1 - w[0]) ** 2 + 100 * (w[1] - w[0] ** 2) ** 2


START = {"a": np.zeros((1, 2)), "b": np.zeros(1)}


def test_the_rules_that_need_all_rows_are_known():
    assert set(RULES) == OPTIMIZERS.keys() - {
        "gradient-descent", "heavy-ball", "momentum", "nesterov", "adagrad", "rmsprop", "adam"
    }  # fmt: skip


@pytest.mark.parametrize("name", ["random-search", "local-search"])
def test_a_search_finds_something_better_and_nothing_worse(name):
    made = bl.minimize(bowl, START, name, steps=100)
    assert made.value < made.values[0] / 2
    assert (np.diff(made.values) <= 0).all()


@pytest.mark.parametrize("name", CURVED)
def test_the_bottom_of_a_bowl_is_found(name):
    with jax.enable_x64(True):
        made = bl.minimize(bowl, START, name, steps=1000, tolerance=1e-9)
    assert made.stopped == "tolerance"
    assert (np.diff(made.values) <= 1e-12).all()
    np.testing.assert_allclose(np.concatenate([made.point["a"].ravel(), made.point["b"]]), BOTTOM, rtol=1e-7)


@pytest.mark.parametrize("name", ["newton", "damped-newton", "conjugate-gradient", "lbfgs"])
def test_a_curved_valley_takes_far_fewer_steps_than_down_the_gradient(name):
    start = np.array([-1.2, 1.0])
    with jax.enable_x64(True):
        made = bl.minimize(valley, start, name, steps=100, tolerance=1e-6)
        plain = bl.minimize(valley, start, "steepest-descent", steps=100, tolerance=1e-6)
    assert made.stopped == "tolerance"
    np.testing.assert_allclose(made.point, [1, 1], rtol=1e-5)
    assert plain.stopped == "steps"
    assert scipy_minimize(valley, start, method="BFGS").fun < 1e-6  # the oracle arrives at the same bottom


def test_newton_goes_to_a_saddle_and_the_damped_one_leaves_it():
    def saddle(w):
        return w[0] ** 2 - w[1] ** 2 + w[1] ** 4 / 4

    start = np.array([1.0, 0.1])
    with jax.enable_x64(True):
        np.testing.assert_allclose(bl.minimize(saddle, start, "newton", steps=20).point, [0, 0], atol=1e-9)
        for name in ("damped-newton", "conjugate-gradient", "lbfgs"):
            point = bl.minimize(saddle, start, name, steps=60, tolerance=1e-8).point
            np.testing.assert_allclose(point, [0, np.sqrt(2)], atol=1e-6)


def test_newton_takes_no_step_where_there_is_no_curvature():
    def trough(w):
        return (w[0] + w[1] - 3) ** 2  # H = [[2, 2], [2, 2]], singular

    point = bl.minimize(trough, np.array([2.0, 0.0], np.float32), "newton", steps=1).point
    np.testing.assert_allclose(point, [2.5, 0.5], rtol=1e-6)  # the nearest of all minima


def test_damping_is_added_to_the_curvature():
    with jax.enable_x64(True):
        gradient, curvature = np.array([3.0, -1.0]), np.array([2.0, -5.0])

        def f(w):
            return (curvature * w**2).sum() / 2 + gradient @ w

        rule = bl.damped_newton(damping=0.5)
        w = jnp.zeros(2)
        extra = {"value": f(w), "value_fn": f, "curvature": lambda v: bl.hvp(f, (w,), (v,))[0]}
        updates, _ = rule.update(jnp.asarray(gradient), rule.init(w), w, **extra)
    expected = -gradient / (np.abs(curvature) + 0.5)
    ratio = np.asarray(updates) / expected  # a = 1, 2, 1/2, ... by the line search
    assert ratio[0] == pytest.approx(ratio[1], rel=1e-12)
    assert np.log2(ratio[0]) == pytest.approx(round(np.log2(ratio[0])), abs=1e-12)


def test_conjugate_gradients_solve_a_system_of_n_in_n_products():
    with jax.enable_x64(True):
        matrix, right = jnp.asarray(MATRIX), jnp.array([1.0, 2.0, 3.0])
        solved = conjugate_gradients(lambda v: matrix @ v, right, 3, 1e-12)
    np.testing.assert_allclose(solved, np.linalg.solve(MATRIX, [1, 2, 3]), rtol=1e-9)


def test_conjugate_gradients_stop_where_the_curvature_is_negative():
    bent = jnp.diag(jnp.array([-1.0, 2.0]))
    right = jnp.array([1.0, 0.1])
    np.testing.assert_array_equal(conjugate_gradients(lambda v: bent @ v, right, 10, 1e-6), right)
    mild = jnp.diag(jnp.array([-0.01, 2.0]))
    right = jnp.array([0.1, 1.0])
    solved = conjugate_gradients(lambda v: mild @ v, right, 10, 1e-6)
    assert float(solved @ right) > 0  # −x goes down


@pytest.mark.parametrize("memory", [1, 3, 10])
def test_lbfgs_keeps_the_secant_condition(memory):
    # B y = s for the newest pair, whatever the memory: B(∇L(θ') − ∇L(θ)) = θ' − θ.
    from backlit.optimizers.quasi_newton import PairsState, implied, remember

    random = np.random.default_rng(0)
    with jax.enable_x64(True):
        state = PairsState(jnp.zeros(4), jnp.zeros(4), *(jnp.zeros((memory, 4)),) * 2, jnp.zeros(memory))
        state = remember(state, jnp.zeros(4), jnp.zeros(4))
        hessian = np.diag([1.0, 2.0, 5.0, 9.0])
        for _ in range(5):
            point = random.normal(size=4)
            before, state = state, remember(state, jnp.asarray(point), jnp.asarray(hessian @ point))
        change, step = state.gradient - before.gradient, state.parameters - before.parameters
        np.testing.assert_allclose(implied(state._replace(gradient=change)), step, rtol=1e-10)


def test_a_line_search_shortens_a_step_that_is_too_long_and_stretches_one_that_is_too_short():
    def f(w):
        return (w**2).sum()

    for rate in (1e-4, 1e4):
        made = bl.minimize(f, np.array([3.0, -1.0], np.float32), bl.line_search(bl.gradient_descent(rate)), steps=30)
        assert made.value < 1e-9
        assert bl.minimize(f, np.array([3.0, -1.0], np.float32), bl.gradient_descent(rate), steps=30).value > 1


def test_a_line_search_stays_where_the_loss_is_a_number():
    with jax.enable_x64(True):
        made = bl.minimize(lambda w: w - jnp.log(w), 5.0, bl.line_search(bl.gradient_descent(100.0)), steps=30)
    assert float(made.point) == pytest.approx(1, rel=1e-6)
    assert np.isfinite(made.values).all()


def test_a_line_search_turns_an_upward_direction_around():
    uphill = optax.scale(1.0)
    made = bl.minimize(lambda w: (w - 1) ** 2, 4.0, bl.line_search(uphill), steps=20)
    assert float(made.point) == pytest.approx(1, abs=1e-4)


def test_random_search_draws_anew_and_local_search_steps_from_where_it_is():
    def f(w):
        return ((w - 5) ** 2).sum()

    start, drawn = jnp.full(1000, 100.0), jnp.zeros(1000)
    first = bl.minimize(f, start, bl.random_search(0.5, seed=3), steps=1).point
    assert float(first.std()) == pytest.approx(0.5, rel=0.1)
    assert abs(float((first - drawn).mean())) < 0.1
    near = jnp.full(1000, 5.0) + 1.0
    made = bl.minimize(f, near, bl.local_search(1e-3), steps=20)
    moves = np.diff(made.points, axis=0)
    kept = moves.any(1)
    assert 3 <= kept.sum() < 20  # about one step in two goes down
    np.testing.assert_allclose(moves[kept].std(1), 1e-3, rtol=0.1)


def test_searches_repeat_by_their_seed():
    def point(name):
        return float(bl.minimize(lambda w: (w - 1) ** 2, 3.0, name, steps=5).point)

    assert point("local-search(seed=1)") == point("local-search(seed=1)") != point("local-search(seed=2)")


@pytest.mark.parametrize("name", ["random-search", "local-search"])
def test_a_search_leaves_a_point_where_the_loss_is_no_number(name):
    for value, there, moves in ((jnp.nan, 3.0, True), (jnp.inf, 3.0, True), (jnp.nan, jnp.nan, False)):
        w, rule = jnp.ones(2), optimizer_named(name)
        told = {"value": jnp.float32(value), "value_fn": lambda w, there=there: jnp.float32(there)}
        update, _ = rule.update(w, rule.init(w), w, **told)
        assert (np.asarray(update) != 0).all() == moves


@pytest.mark.parametrize("name", ["steepest-descent", "lbfgs", "conjugate-gradient", "damped-newton"])
def test_a_step_that_is_not_made_stays_0_along_an_infinite_direction(name):
    made = bl.minimize(lambda w: jnp.sqrt(jnp.abs(w)).sum(), np.array([0.0, 4.0], np.float32), name, steps=3)
    assert np.isfinite(made.point).all()
    assert made.value <= 2


@pytest.mark.parametrize("name", ["newton", "damped-newton"])
def test_a_hessian_that_is_too_large_names_the_count_and_what_takes_its_place(name):
    with pytest.raises(bl.SettingError, match=r"10,000 × 10,000 .*at most 2,000.*conjugate-gradient or lbfgs"):
        optimizer_named(name).init(jnp.zeros((100, 100)))
    assert LARGEST == 2_000


@pytest.mark.parametrize("name", RULES)
def test_a_caller_that_gives_too_little_is_told_what_is_missing(name):
    rule = optimizer_named(name)
    with pytest.raises(bl.SettingError, match=r"needs .*(value|curvature)"):
        rule.update(jnp.ones(2), rule.init(jnp.ones(2)), jnp.ones(2))


@pytest.mark.parametrize(
    ("name", "setting", "value"),
    [
        ("damped-newton", "damping", 0.0),
        ("conjugate-gradient", "damping", -1.0),
        ("conjugate-gradient", "iterations", 0),
        ("conjugate-gradient", "tolerance", 1.0),
        ("conjugate-gradient", "iterations", 1e12),
        ("conjugate-gradient", "iterations", 1.5),
        ("lbfgs", "memory", 0),
        ("lbfgs", "memory", 1e9),
        ("lbfgs", "memory", 2.5),
        ("lbfgs", "memory", True),
        ("random-search", "seed", 0.5),
        ("local-search", "seed", -1),
        ("random-search", "seed", float("nan")),
    ],
)
def test_a_setting_out_of_range_is_refused(name, setting, value):
    with pytest.raises(bl.SettingError, match=f"{name}'s {setting} is {value}"):
        optimizer_named(name, 0.1, **{setting: value})


@pytest.mark.parametrize("name", RULES)
def test_a_learning_rate_out_of_range_is_refused(name):
    with pytest.raises(bl.SettingError, match=r"learning rate is .*must be a"):
        optimizer_named(name, -0.1)
    assert DEFAULT_LEARNING_RATES[name] > 0


@pytest.mark.parametrize("name", RULES)
def test_parameters_keep_their_precision_and_a_population_trains_at_once(name):
    rule = optimizer_named(name)

    def f(w):
        return ((w - 1) ** 2).sum()

    def end(w):
        def step(carry, _):
            w, state = carry
            extra = {"value": f(w), "value_fn": f, "curvature": lambda v: bl.hvp(f, (w,), (v,))[0]}
            updates, state = rule.update(bl.grad(f)(w), state, w, **extra)
            return (optax.apply_updates(w, updates), state), None

        return jax.lax.scan(step, (w, rule.init(w)), None, length=5)[0][0]

    starts = jnp.array([[0.0, 3.0], [5.0, -2.0]])
    together, alone = jax.jit(jax.vmap(end))(starts), jnp.stack([jax.jit(end)(w) for w in starts])
    np.testing.assert_allclose(together, alone, rtol=1e-5, atol=1e-5)
    assert jax.eval_shape(end, jnp.ones(2, jnp.float32)).dtype == jnp.float32
