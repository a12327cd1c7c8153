"""Row 66: the noise of stochastic gradient descent leaves local minima."""

from itertools import pairwise

import jax
import jax.numpy as jnp
import numpy as np

from backlit.graph import grad
from backlit.lessons.lesson import Lesson, Outcome
from backlit.lessons.measures import percent
from backlit.optimizers import gradient_descent
from backlit.pictures.canvas import BLUE, GRAY, VERMILLION, panels
from backlit.shapes import Array
from backlit.training import minimize

SLOPES = (-8.0, -6.0, -4.0, -2.0, 2.0, 4.0, 6.0, 8.0)  # of each example; their mean is 0
SIZES = (1, 2, 4, 8)
RATE, STEPS, RUNS = 0.02, 1000, 400
SHOWN = 60


def run() -> Outcome:
    """Where the runs end, and how many escaped, by the size of the batch."""
    start = float(minimize(_landscape, -1.0, "newton", steps=10).point)
    ends = dict(zip(SIZES, _ends(start), strict=True))
    rates = {size: float((end > _hill()).mean()) for size, end in ends.items()}
    errors = [(rate * (1 - rate) / RUNS) ** 0.5 for rate in rates.values()]
    falls = all(rates[a] >= rates[b] for a, b in pairwise(SIZES))
    holds = falls and rates[SIZES[0]] > 0.5 and rates[SIZES[-1]] == 0
    said = ", ".join(f"{percent(rates[size], 0)} with {size}" for size in SIZES)
    finding = (
        f"Of {RUNS} runs that began in the local minimum, this share had left it after {STEPS:,} steps, by the "
        f"examples a batch: {said}. Batches of {SIZES[-1]} are all examples: they have no noise."
    )

    with panels(1, 2, size=(9.6, 4.0)) as (picture, ((curve, bars),)):
        line = np.linspace(-1.7, 1.8, 200)
        curve.plot(line, _landscape(line), color=GRAY)
        jitter = np.random.default_rng(0)
        for size, color, marker, height in ((1, VERMILLION, "o", 0.35), (8, BLUE, "s", 0.12)):
            shown = ends[size][:SHOWN]
            place = _landscape(shown) + height + jitter.uniform(-0.08, 0.08, SHOWN)
            label = f"batches of {size}" if size < len(SLOPES) else "all examples"
            curve.plot(shown, place, color=color, marker=marker, markersize=4, linestyle="", alpha=0.7, label=label)
        curve.annotate(
            "start", (start, _landscape(start)), (start, -0.45), ha="center", arrowprops={"arrowstyle": "->"}
        )
        curve.set(xlabel="weight w", ylabel="loss", ylim=(-0.8, 2.9), title=f"Where {SHOWN} runs stand at the end")
        curve.legend(loc="upper center")
        names = [str(size) for size in SIZES[:-1]] + [f"all {SIZES[-1]}"]
        shares = [100 * rate for rate in rates.values()]
        drawn = bars.bar(names, shares, yerr=[200 * error for error in errors], color=VERMILLION, capsize=4)
        bars.bar_label(drawn, fmt=lambda rate: percent(rate / 100, 0), padding=3)
        bars.set(xlabel="examples a batch", ylabel=f"% of {RUNS} runs that escaped", ylim=(0, 100))
        bars.set_title("The smaller the batch, the more escape")
    return Outcome(picture, finding, holds, {f"escaped, batches of {size}": rate for size, rate in rates.items()})


def _landscape(w: Array | np.ndarray | float) -> Array:
    """A local minimum near −0.95, the global one near 1.05, and a hill between them."""
    return (jnp.square(w) - 1) ** 2 - 0.4 * w


def _hill() -> float:
    """Where the hill's top is: the middle root of the slope 4w³ − 4w − 0.4."""
    return float(np.sort(np.roots([4, 0, -4, -0.4]).real)[1])


def _ends(start: float) -> np.ndarray:
    """Where each run stands after its steps, by the size of its batches, (sizes, runs): all in one program."""
    examples, rule = jnp.array(SLOPES), gradient_descent(RATE)

    def end(size: Array, key: Array) -> Array:
        def step(w: Array, key: Array) -> tuple[Array, None]:
            drawn = jnp.where(jnp.arange(len(SLOPES)) < size, jax.random.permutation(key, examples), 0).sum() / size
            slope = grad(lambda w: _landscape(w) + drawn * w)(w)  # example i: the landscape and aᵢw
            return w + rule.update(slope, rule.init(w), w)[0], None

        return jax.lax.scan(step, jnp.float32(start), jax.random.split(key, STEPS))[0]

    keys = jax.random.split(jax.random.key(0), RUNS)
    return np.asarray(jax.jit(jax.vmap(jax.vmap(end, (None, 0)), (0, None)))(jnp.array(SIZES), keys))


LESSON = Lesson(
    name="noise",
    title="Noise leaves a local minimum",
    rows=(66,),
    claim=(
        "Gradient descent on all examples can get stuck in a local minimum; updates from single examples are noisy, "
        "and so are unlikely to settle there (document 0)."
    ),
    experiment=(
        f"One weight and {len(SLOPES)} examples, whose losses differ by a slope; their mean has a local and a global "
        f"minimum. {RUNS} runs from the local one, {STEPS:,} steps at η = {RATE}, with batches of 1, 2, 4 and all; a "
        "run escaped when it ends beyond the hill. The bars are two standard errors long on each side."
    ),
    run=run,
)
