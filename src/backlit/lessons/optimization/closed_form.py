"""Row 56: gradient descent on linear regression beside the closed form, and what each costs."""

from collections.abc import Callable
from time import perf_counter
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from backlit.graph import grad
from backlit.lessons.lesson import Lesson, Outcome
from backlit.optimizers import least_squares
from backlit.pictures.canvas import BLUE, GRAY, VERMILLION, panels
from backlit.shapes import Array
from backlit.training import minimize

ROWS, FEATURES = 2_000, 32
STEPS, RATE = 60, 0.3
OVER_ROWS = (500, 1_000, 2_000, 4_000, 8_000)
OVER_FEATURES = (16, 32, 64, 128, 256)
TIMES = 3


def run() -> Outcome:
    """The way of gradient descent to the closed form's weights; operations and times over rows and features."""
    x, y = _data(ROWS, FEATURES)
    weights, _ = least_squares(x, y)
    centered = (x - x.mean(0), y - y.mean())
    made = minimize(lambda w: _loss(w, *centered), jnp.zeros(FEATURES), learning_rate=RATE, steps=STEPS)
    apart = np.abs(np.asarray(made.points) - weights).max(1)

    sizes = {"rows": [(n, FEATURES) for n in OVER_ROWS], "features": [(ROWS, d) for d in OVER_FEATURES]}
    counts = {
        (what, over): np.array([_operations(f, n, d) for n, d in shapes])
        for over, shapes in sizes.items()
        for what, f in (("step", _step), ("closed form", _normal_equations))
    }
    growth = {key: float(np.log2(count[-1] / count[-2])) for key, count in counts.items()}
    seconds = {over: np.array([_seconds(n, d) for n, d in shapes]) for over, shapes in sizes.items()}
    claimed = {("step", "rows"): 1, ("step", "features"): 1, ("closed form", "rows"): 1, ("closed form", "features"): 2}
    same = float(apart[-1]) < 1e-4 * float(np.abs(weights).max())
    holds = same and all(abs(growth[key] - power) < 0.1 for key, power in claimed.items())
    at_once, step = seconds["features"][OVER_FEATURES.index(FEATURES)]
    finding = (
        f"After {made.steps} steps the weights of gradient descent are those of the closed form within "
        f"{apart[-1]:.0e}. When the features double, the operations of the closed form's products grow by "
        f"2^{growth['closed form', 'features']:.2f} and those of a step by 2^{growth['step', 'features']:.2f}; when "
        f"the rows double, by 2^{growth['closed form', 'rows']:.2f} and 2^{growth['step', 'rows']:.2f}. At "
        f"{ROWS:,} rows and {FEATURES} features the closed form took {1e3 * at_once:.1f} ms, as long as "
        f"{at_once / step:.0f} steps."
    )

    with panels(1, 3, size=(10.2, 3.8)) as (picture, ((way, over_rows, over_features),)):
        way.semilogy(apart, color=VERMILLION)
        way.set(xlabel="step", ylabel="largest difference of a weight", title="Both arrive at the same weights")
        for axes, over, shape, power in ((over_rows, "rows", 0, 1), (over_features, "features", 1, 2)):
            measured = seconds[over]
            at = np.array([size[shape] for size in sizes[over]], float)
            axes.loglog(at, 1e3 * measured[:, 0], color=BLUE, marker="s", label="closed form")
            axes.loglog(at, 1e3 * measured[:, 1], color=VERMILLION, marker="o", label="one step")
            for column, exponent in ((0, power), (1, 1)):
                guide = 1e3 * measured[-1, column] * (at / at[-1]) ** exponent
                axes.loglog(at, guide, color=GRAY, linestyle=":", linewidth=1.2)
            axes.set_xticks(at, [f"{value:g}" for value in at / (1000 if over == "rows" else 1)])
            axes.minorticks_off()
            axes.set_xlabel("rows n, thousands" if over == "rows" else "features d")
            axes.set_title(
                f"Time over rows ({FEATURES} features)" if over == "rows" else f"Time over features ({ROWS:,} rows)"
            )
            axes.set_ylabel("milliseconds")
            axes.margins(y=0.2)
            axes.legend(loc="upper left", fontsize=9)
        over_rows.text(0.97, 0.03, "dotted: n", transform=over_rows.transAxes, ha="right", color=GRAY)
        over_features.text(0.97, 0.03, "dotted: d² and d", transform=over_features.transAxes, ha="right", color=GRAY)
    measures = {f"doubling {over}, {what}": power for (what, over), power in growth.items()}
    return Outcome(picture, finding, holds, measures | {"difference": float(apart[-1])})


def _data(rows: int, features: int) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(0)
    x = random.normal(size=(rows, features)).astype(np.float32)
    return x, (x @ random.normal(size=features) + 0.1 * random.normal(size=rows)).astype(np.float32)


def _loss(w: Array, x: Array, y: Array) -> Array:
    return jnp.square(x @ w - y).mean()


def _step(w: Array, x: Array, y: Array) -> Array:
    return w - RATE * grad(_loss)(w, x, y)


def _normal_equations(w: Array, x: Array, y: Array) -> Any:
    return x.T @ x, x.T @ y


def _operations(f: Callable[..., Any], rows: int, features: int) -> float:
    """The floating-point operations of a program, as the compiler counts them."""
    shapes = [jax.ShapeDtypeStruct(shape, jnp.float32) for shape in ((features,), (rows, features), (rows,))]
    counted: Any = jax.jit(f).lower(*shapes).cost_analysis()
    return counted["flops"]


def _seconds(rows: int, features: int) -> tuple[float, float]:
    """The closed form and one step of gradient descent, each the fastest of several."""
    x, y = _data(rows, features)
    steps = jax.jit(lambda w, x, y: jax.lax.fori_loop(0, STEPS, lambda _, w: _step(w, x, y), w))
    given = (jnp.zeros(features), jnp.asarray(x), jnp.asarray(y))
    steps(*given).block_until_ready()
    return _fastest(lambda: least_squares(x, y)), _fastest(lambda: steps(*given).block_until_ready()) / STEPS


def _fastest(work: Callable[[], Any]) -> float:
    taken = []
    for _ in range(TIMES):
        begun = perf_counter()
        work()
        taken.append(perf_counter() - begun)
    return min(taken)


LESSON = Lesson(
    name="closed-form",
    title="Least squares: solved, or descended to",
    rows=(56,),
    claim=(
        "Linear regression can be solved where its gradient is zero, or by gradient descent; with n rows and d "
        "features the solution costs O(nd² + d³), one step O(nd) (documents 2 and 4)."
    ),
    experiment=(
        f"Random data with {FEATURES} features (seed 0): {STEPS} steps of gradient descent beside "
        "`backlit.least_squares`; the operations that the compiler counts in a step, and in the products XᵀX and Xᵀy "
        f"of the closed form, and the time of both (the fastest of {TIMES}), as rows and features double. The times "
        "are those of the machine that runs this."
    ),
    run=run,
)
